"""CONTRIBUTING.md says which files an addition touches: followed in a copy of the tree.

Each recipe is carried out with an example, in the files that it names and in no others,
and what was added is generated and run.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reposgen.analysis.directives import DIRECTIVES
from reposgen.python_model.types import BASE_TYPES
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "generator" / "reposgen"
CONFIG = """\
[database]
url = "${DATABASE_URL}"
[[package]]
name = "app"
schema = "schema.sql"
queries = "queries"
api = ["async"]
"""
MAIN = """\
import asyncio
import os
from generated.app import Database
from generated.app import tasks

async def main():
    async with Database.open(os.environ["DATABASE_URL"]) as db:
        {check}

asyncio.run(main())
"""
TASKS = "CREATE TABLE tasks (id integer PRIMARY KEY, title text NOT NULL);\n"
# A type whose values are text, as extensions make them.
SLUG = """\
CREATE TYPE slug;
CREATE FUNCTION slug_in(cstring) RETURNS slug
    LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION slug_out(slug) RETURNS cstring
    LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE slug (INPUT = slug_in, OUTPUT = slug_out, LIKE = text);
"""


def recipe(title: str) -> list[str]:
    """The files that a section of CONTRIBUTING.md names, in its order."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split(f"## {title}", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| \d\..*\| `([^`]+)` \|$", section, re.MULTILINE)


class Tree:
    """A copy of what is written by hand, and a project to try it with."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.project = folder / "project"
        ignored = shutil.ignore_patterns("__pycache__")
        for part in ("generator", "templates", "docs"):
            shutil.copytree(ROOT / part, folder / part, ignore=ignored)
        (self.project / "queries").mkdir(parents=True)
        (self.project / "codegen.toml").write_text(CONFIG)
        sources = [folder / "generator", folder / "generator" / "runtime"]
        self._environment = {
            **os.environ,
            "DATABASE_URL": url,
            "PYTHONPATH": os.pathsep.join(map(str, sources)),
        }

    def add(self, additions: Mapping[str, tuple[str, str]]) -> None:
        """Put text behind a line of each file, the only one that begins like that."""
        for file, (line, text) in additions.items():
            path = self.folder / file
            before, found, after = path.read_text(encoding="utf-8").partition(line)
            assert found, f"{file} has no {line!r}"
            path.write_text(f"{before}{found}{text}{after}", encoding="utf-8")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, *command],
            cwd=self.project,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def generate(self, schema: str, queries: str) -> subprocess.CompletedProcess[str]:
        (self.project / "schema.sql").write_text(schema)
        (self.project / "queries" / "tasks.sql").write_text(queries)
        return self.run("-m", "reposgen", "generate")

    def check(self, schema: str, queries: str, check: str) -> None:
        """Generate, and run a statement in a program that uses the package."""
        outcome = self.generate(schema, queries)
        assert outcome.returncode == 0, outcome.stderr
        (self.project / "main.py").write_text(MAIN.format(check=check))
        outcome = self.run("main.py")
        assert outcome.returncode == 0, outcome.stderr


@pytest.fixture
def tree(tmp_path: Path, make_database: Callable[[str], str]) -> Tree:
    return Tree(tmp_path, make_database(TASKS + SLUG))


def test_a_directive(tree: Tree) -> None:
    additions = {
        "generator/reposgen/analysis/directives.py": (
            "_SPECS: Final = (\n",
            """\
    DirectiveSpec(
        word="label",
        read=lambda line, _: line.argument,
        field="label",
        repeated="repeated-label",
    ),
""",
        ),
        "generator/reposgen/analysis/model.py": (
            "    timeout_ms: int | None = None\n",
            "    label: str | None = None\n",
        ),
        "generator/reposgen/python_model/queries.py": (
            "            locks_rows=typed.locks_rows or None,\n",
            "            label=typed.label,\n",
        ),
        "generator/runtime/reposgen_runtime/statement.py": (
            "    read_only: bool = False\n",
            "    label: str | None = None\n",
        ),
        "docs/query-language.md": (
            "| --- | --- |\n",
            "| `@label text` | a name for the query in logs |\n",
        ),
    }
    assert [*additions] == recipe("Adding a directive")
    assert len(additions) <= 5
    tree.add(additions)
    query = "-- name: GetTask :one\n-- @label task\n{}SELECT * FROM tasks;\n"
    tree.check(TASKS, query.format(""), 'assert tasks.GET_TASK.label == "task"')
    outcome = tree.generate(TASKS, query.format("-- @label again\n"))
    assert "[repeated-label]" in outcome.stderr
    outcome = tree.generate(TASKS, query.format("-- @labl again\n"))
    assert "did you mean @label?" in outcome.stderr


def test_a_command(tree: Tree) -> None:
    additions = {
        "generator/reposgen/sql_source/model.py": (
            '    LISTEN = "listen"\n',
            '    EXISTS = "exists"\n',
        ),
        "generator/reposgen/analysis/commands.py": (
            "FACTS: Mapping[Command, CommandFacts] = {\n",
            "    Command.EXISTS: CommandFacts(needs_rows=True),\n",
        ),
        "generator/reposgen/python_model/commands.py": (
            "CALLS: Mapping[Command, Call] = {\n",
            """\
    Command.EXISTS: Call(
        run="exists", returns=lambda _row, _: Named(builtin("bool")), gives_rows=True
    ),
""",
        ),
        "generator/runtime/reposgen_runtime/aio/runner.py": (
            "        self._twin: ObservedRunner | None = None\n",
            """
    async def exists(
        self, statement: Statement[Any], values: Sequence[Any] = ()
    ) -> bool:
        return bool(await self.many(statement, values))
""",
        ),
        "docs/query-language.md": (
            "| --- | --- |\n",
            "| `:exists` | whether there is a row |\n",
        ),
    }
    assert [*additions] == recipe("Adding a command")
    assert len(additions) <= 5
    tree.add(additions)
    query = "-- name: HasTask :exists\nSELECT * FROM tasks WHERE id = @id;\n"
    tree.check(TASKS, query, "assert await db.tasks.has_task(id=1) is False")
    outcome = tree.generate(TASKS, "-- name: Clear :exists\nDELETE FROM tasks;\n")
    assert "[missing-returning]" in outcome.stderr


def test_a_type(tree: Tree) -> None:
    query = "-- name: Slug :one\nSELECT 'a-b'::slug AS slug;\n"
    assert "[unknown-type]" in tree.generate(SLUG, query).stderr
    additions = {
        "generator/reposgen/python_model/types.py": (
            "EXTENSION_TYPES: Mapping[str, PyType] = {\n",
            '    "slug": STR,\n',
        ),
        "docs/types.md": ("| --- | --- |\n", "| `slug` | `str` |\n"),
    }
    files = recipe("Adding a PostgreSQL type")
    # psycopg reads what it does not know as text: that needs no loader.
    assert [file for file in files if "builtin_types" not in file] == [*additions]
    assert len(files) <= 3
    tree.add(additions)
    tree.check(SLUG, query, 'assert await db.tasks.slug() == "a-b"')


def listings(words: set[str], most: int) -> set[str]:
    """The tool's modules in which more of the words stand than a few."""
    return {path for path, texts in words_of_modules() if len(texts & words) > most}


@cache
def words_of_modules() -> tuple[tuple[str, frozenset[str]], ...]:
    """The strings in each of the tool's modules, and `:command` for what names one."""
    found = []
    for path in TOOL.rglob("*.py"):
        texts = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Constant(value=str(text)):
                    texts.add(text)
                case ast.Attribute(value=ast.Name(id="Command"), attr=name):
                    texts.add(f":{name.lower()}")
                case _:
                    pass
        found.append((path.relative_to(ROOT).as_posix(), frozenset(texts)))
    return tuple(found)


def test_words_are_listed_in_one_place() -> None:
    assert listings({*DIRECTIVES}, 3) == {recipe("Adding a directive")[0]}
    commands = recipe("Adding a command")
    # The run time's methods are called like the commands.
    values = {command.value for command in Command}
    assert listings(values, 3) == {commands[0], commands[2]}
    assert listings({f":{c.value}" for c in Command}, 3) == {*commands[1:3]}
    # These say more about some types; a type that they do not list works, too.
    extra = {
        "testing/factories/values.py",
        "cli/sqlc_target.py",
        "analysis/nullability/shapes.py",
    }
    assert listings({*BASE_TYPES}, 12) == {
        recipe("Adding a PostgreSQL type")[0],
        *(f"generator/reposgen/{path}" for path in extra),
    }
