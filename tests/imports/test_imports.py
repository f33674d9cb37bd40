"""Projects as they are committed: from sqlc's configuration to the package's import.

Each folder is a project as users of sqlc and of a migration tool have them. Nothing in
it is for reposgen: `import-sqlc` and `generate` have to do.
"""

from __future__ import annotations

import importlib
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from reposgen.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
FILES = ("sqlc.yaml", "sqlc.yml", "sqlc.json")
PROJECTS = sorted(path for name in FILES for path in HERE.rglob(name))


def called(path: Path) -> str:
    return path.relative_to(HERE).parts[0]


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str, source: Path
) -> Iterator[Path]:
    """A copy of the project; the folder of its configuration."""
    shutil.copytree(HERE / called(source), tmp_path / "project")
    folder = tmp_path / "project" / source.parent.relative_to(HERE / called(source))
    monkeypatch.setenv("REPOSGEN_DATABASE_URL", server)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    forget()
    yield folder
    forget()


def forget() -> None:
    """Let the package be imported that is here, whichever was imported before."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "generated"]:
        del sys.modules[name]


def run(*arguments: str) -> str:
    outcome = CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, outcome.stderr
    return outcome.stderr


@pytest.mark.parametrize("source", PROJECTS, ids=called)
def test_import(folder: Path, source: Path) -> None:
    said = run("import-sqlc", source.name)
    assert "error" not in said
    assert "correct" not in said
    run("generate")
    packages = [path.parent for path in folder.glob("generated/*/models.py")]
    assert packages
    for module in (folder / "generated").rglob("*.py"):
        name = ".".join(module.relative_to(folder).with_suffix("").parts)
        importlib.import_module(name.removesuffix(".__init__"))
    run("check")


def block(page: str, language: str) -> str:
    found = re.search(
        rf"^```{language}\n(?:# sqlc.yaml\n)?(.*?)^```$", page, re.MULTILINE | re.DOTALL
    )
    assert found
    return found[1]


def test_the_page_about_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    page = (HERE.parents[1] / "docs/from-sqlc.md").read_text(encoding="utf-8")
    shutil.copytree(HERE / "goose/db", tmp_path / "db")
    (tmp_path / "sqlc.yaml").write_text(block(page, "yaml"))
    monkeypatch.setenv("REPOSGEN_DATABASE_URL", server)
    monkeypatch.chdir(tmp_path)
    run("import-sqlc")
    assert (tmp_path / "codegen.toml").read_text().strip() == block(
        page, "toml"
    ).strip()
