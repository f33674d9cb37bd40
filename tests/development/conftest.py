"""Projects with a development server of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.database.conftest import open_folder

from reposgen.cache.folder import CACHE_VARIABLE
from reposgen.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

    Db = Callable[..., Result]
    StartDb = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def db() -> Db:
    """Runs `reposgen db` in this process."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["db", *arguments])

    return run


@pytest.fixture
def start_db() -> Iterator[StartDb]:
    """Starts `reposgen db` as a process."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - our own tool
            [sys.executable, "-m", "reposgen", "db", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, **environment},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def project(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What `init` writes, as the current folder, where the server's user can get to."""
    for name in [name for name in os.environ if name.startswith("REPOSGEN_")]:
        monkeypatch.delenv(name)
    with open_folder() as folder:
        monkeypatch.setenv(CACHE_VARIABLE, str(folder / "cache"))
        root = folder / "project"
        assert CliRunner().invoke(main, ["init", str(root)]).exit_code == 0
        monkeypatch.chdir(root)
        yield root
        for moved in folder.glob("*/codegen.toml"):
            monkeypatch.chdir(moved.parent)
            assert db("stop").exit_code == 0
        monkeypatch.chdir(folder.parent)
