"""Caches, processes and a locked server for the tests of the stage `database`."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reposgen.cache.folder import CACHE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., subprocess.Popen[str]]


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that the server's user can get to, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="reposgen-test-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def shared_cache() -> Iterator[Path]:
    """A cache folder of this test module's own."""
    with open_folder() as folder:
        yield folder


@pytest.fixture
def cache(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, in use by this process and those that it starts."""
    monkeypatch.setenv(CACHE_VARIABLE, str(shared_cache))
    return shared_cache


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a Python process; its first line on stdout says that it is ready."""
    started: list[subprocess.Popen[str]] = []

    def run(code: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", code, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()
