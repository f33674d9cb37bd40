"""Run the examples of docs/, and check its links.

On a page that has a block for `schema.sql`, each block whose first line is a comment
with a file's name is that file, or more of it. From them a package `app` is generated,
and `main.py` is run against a database with that schema.

A page of docs/examples/ without one is about a system of this repository. Its Python
imports the system's package, and `main.py` is run against the database that the
project's own pytest plugin gives to the test. The SQL that it shows stands in the
repository's file of that name.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from tests.support.pytest_runs import WITHOUT_UNUSED

from reposgen.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
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


# Pages about types: their examples are checked as well.
TYPED = {"fakes"}
# Followed command by command: test_newcomer.py.
FOLLOWED = {"fastapi"}
PAGES = [
    page
    for page in sorted(DOCS.rglob("*.md"))
    if page.stem not in FOLLOWED and "schema.sql" in files_of(page)
]
EXAMPLES = [page for page in sorted(DOCS.glob("examples/*.md")) if page not in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples(
    page: Path,
    tmp_path: Path,
    make_database: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {"codegen.toml": SETTINGS, **files_of(page)}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL", make_database(files["schema.sql"]))
    monkeypatch.setenv("PYTEST_ADDOPTS", WITHOUT_UNUSED)
    monkeypatch.chdir(tmp_path)
    generated = CliRunner().invoke(main, ["generate"])
    assert generated.exit_code == 0, generated.output
    assert "warning" not in generated.output
    if page.stem in TYPED:
        run(["-m", "mypy", "--strict", "main.py"], tmp_path, os.environ)
    # A page about tests has no program of its own.
    program = ["main.py"] if "main.py" in files else ["-m", "pytest", "-q"]
    run(program, tmp_path, os.environ)


def system_of(page: Path) -> str:
    """The package of this repository that an example is about."""
    text = page.read_text(encoding="utf-8")
    (system,) = re.findall(r"^from generated\.(\w+) import ", text, re.MULTILINE)
    return str(system)


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(
            page, id=page.stem, marks=pytest.mark.reposgen(package=system_of(page))
        )
        for page in EXAMPLES
    ],
)
@pytest.mark.usefixtures("server")
def test_examples_on_the_systems(page: Path, tmp_path: Path, reposgen_url: str) -> None:
    for name, program in files_of(page).items():
        if name.endswith(".py"):
            (tmp_path / name).write_text(program, encoding="utf-8")
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if not block["file"].endswith(".py"):
            assert block["text"] in (ROOT / block["file"]).read_text(encoding="utf-8")
    environment = {
        **os.environ,
        "DATABASE_URL": reposgen_url,
        "PYTHONPATH": str(ROOT),
    }
    run(["main.py"], tmp_path, environment)


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    outcome = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "warning" not in outcome.stderr


LINK = re.compile(r"\]\((?P<file>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")
HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINKING = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return {
        re.sub(r"[^\w\- ]", "", heading["title"].lower()).replace(" ", "-")
        for heading in HEADING.finditer(text)
    }


@pytest.mark.parametrize("page", LINKING, ids=lambda page: page.stem)
def test_links(page: Path) -> None:
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    for link in LINK.finditer(text):
        if "://" in link["file"]:
            continue
        target = (page.parent / link["file"]) if link["file"] else page
        assert target.exists(), link[0]
        if link["anchor"]:
            assert link["anchor"] in anchors_of(target), link[0]


def test_every_page_is_in_the_table_of_contents() -> None:
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {(DOCS / link["file"]).resolve() for link in LINK.finditer(text)}
    pages = {page.resolve() for page in DOCS.rglob("*.md")} - {DOCS / "README.md"}
    assert pages <= linked
