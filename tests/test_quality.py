"""What keeps the sources clean, run as tests: green tests mean a fresh checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

CHECKS = {
    "lint": ("-m", "ruff", "check", "."),
    "format": ("-m", "ruff", "format", "--check", "."),
    "types": ("-m", "mypy", "--strict", "generator", "tests", "generated"),
    "sync is derived": ("generator/tools/derive_sync.py", "--check"),
    "schema is fresh": ("generator/tools/config_schema.py", "--check"),
    "generated code is fresh": ("-m", "reposgen", "check"),
}


@pytest.mark.parametrize("command", CHECKS.values(), ids=CHECKS)
def test_check(command: tuple[str, ...]) -> None:
    outcome = subprocess.run(  # noqa: S603 - commands of the table above
        [sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
