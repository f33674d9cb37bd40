"""Run the commands and programs of README.md's quick start.

A `console` block holds commands after `$` and what they print, on either stream, with
`…` for what varies. A block whose first line is a comment with a file's name is that
file: Python is written before it is run, SQL is already there and must say the same.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.database.conftest import open_folder

from reposgen.cache.folder import CACHE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
KEPT = ("HOME", CACHE_VARIABLE)
NAMED = re.compile(r"^(?:#|--) (\S+\.\w+)\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    language: str
    text: str


def tour() -> Iterator[Block]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, section = readme.partition("## Quick start\n")
    section, _, _ = section.partition("\n## ")
    for language, text in BLOCK.findall(section):
        yield Block(language=language, text=text)


def matches(shown: str, printed: str) -> bool:
    pattern = re.escape(shown.strip()).replace("…", ".*")
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def run(command: str, folder: Path) -> str:
    outcome = subprocess.run(  # noqa: S602 - the README's own commands
        command,
        shell=True,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        env={
            # The tour needs nothing that is set.
            **{name: os.environ[name] for name in KEPT if name in os.environ},
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        },
    )
    return outcome.stdout


def test_quick_start(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_folder() as folder:
        monkeypatch.setenv(CACHE_VARIABLE, str(folder / "cache"))
        try:
            follow(folder)
        finally:
            run("reposgen db stop", folder / "demo")


def follow(folder: Path) -> None:
    ran = 0
    program = said = ""
    for block in tour():
        if block.language == "console":
            for command, shown in COMMAND.findall(block.text):
                if command.startswith("cd "):
                    folder /= command.removeprefix("cd ")
                    assert folder.is_dir()
                    continue
                if command.startswith("sed "):
                    # Before the tour breaks a query: it can be taken a second time.
                    assert "applied" in run("reposgen db reset", folder)
                    assert run(program, folder) == said
                printed = run(command, folder)
                assert not shown or matches(shown, printed), printed
                if command.endswith("tour.py"):
                    program, said = command, printed
                ran += 1
        elif named := NAMED.match(block.text):
            text = block.text[named.end() :]
            path = folder / named[1]
            if block.language == "python":
                path.write_text(text, encoding="utf-8")
            else:
                assert text in path.read_text(encoding="utf-8")
    assert ran >= 5
