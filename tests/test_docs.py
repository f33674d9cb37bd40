"""The examples of docs/, run as they stand there.

On a page that has a block for `schema.sql`, each block whose first line is a comment
with a file's name is that file, or more of it. From them a package `app` is generated,
and `main.py` is run against a database with that schema.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).parent.parent / "docs"
BLOCK = re.compile(
    r"^```\w+\n(?:#|--) (?P<file>\S+\.\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
SETTINGS = """\
[database]
url = "${DATABASE_URL}"
[[package]]
name = "app"
schema = "schema.sql"
queries = "queries"
"""


def files_of(page: Path) -> dict[str, str]:
    files: dict[str, str] = {}
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        files[block["file"]] = files.get(block["file"], "") + block["text"]
    return files


PAGES = [page for page in sorted(DOCS.glob("*.md")) if "schema.sql" in files_of(page)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples(
    page: Path, tmp_path: Path, make_database: Callable[[str], str]
) -> None:
    files = {"codegen.toml": SETTINGS, **files_of(page)}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    environment = {**os.environ, "DATABASE_URL": make_database(files["schema.sql"])}
    for command in (["-m", "reposgen", "generate"], ["main.py"]):
        outcome = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        assert "warning" not in outcome.stderr
