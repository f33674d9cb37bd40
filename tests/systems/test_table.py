"""docs/systems.md is fresh and has no gap."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_method_without_query_and_test() -> None:
    outcome = subprocess.run(
        [sys.executable, "generator/tools/systems_table.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
