"""A project that is ready to be generated from."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from reposgen.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result


@pytest.fixture
def run() -> Callable[..., Result]:
    """The command line, in this process."""

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments)

    return invoke


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]
) -> Path:
    """What `init` writes, as the current folder."""
    for name in [name for name in os.environ if name.startswith("REPOSGEN_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "project"
    assert run("init", str(folder)).exit_code == 0
    monkeypatch.chdir(folder)
    return folder
