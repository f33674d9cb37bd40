"""What other systems than Linux lack is not needed, as far as that shows here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "tests/support/as_on_windows.py"
WORKFLOW = ROOT / ".github/workflows/tests.yml"


def test_without_what_posix_alone_has(
    tmp_path: Path, server: str, make_database: Callable[[str], str]
) -> None:
    folder = tmp_path / "a project, größer"
    folder.mkdir()
    outcome = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, str(SCRIPT), str(folder), server, make_database("")],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.splitlines()[-1] == (
        "RepositoryError: the event loop ProactorLoop cannot watch sockets, nor can"
        " Windows' default: use asyncio.SelectorEventLoop, as in"
        " asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)"
    )


def test_the_workflow_runs_everywhere() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]
    assert {system.partition("-")[0] for system in matrix["os"]} == {
        *("ubuntu", "macos", "windows"),
    }
    assert matrix["python"] == ["3.11", "3.12", "3.13", "3.14"]


@pytest.mark.skipif(
    not shutil.which("actionlint"), reason="actionlint is not installed"
)
def test_actionlint() -> None:
    outcome = subprocess.run(  # noqa: S603 - as found
        [str(shutil.which("actionlint")), str(WORKFLOW)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout
