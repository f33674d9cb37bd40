"""why, as docs/nullability.md shows it; describe, of the same queries."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

    Run = Callable[..., Result]

_PAGE = Path(__file__).parents[2] / "docs" / "nullability.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_ASKED = re.compile(r"^\$ reposgen why (\S+)\n((?:(?!\$).*\n)+)", re.MULTILINE)

_BLOCKS = [(kind, text) for kind, text in _BLOCK.findall(_PAGE.read_text("utf-8"))]
_SCHEMA, *_QUERIES = [text for kind, text in _BLOCKS if kind == "sql"]
_SHOWN = [
    one for kind, text in _BLOCKS if kind == "text" for one in _ASKED.findall(text)
]


@pytest.fixture
def documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A project of the page's schema and queries, as the current folder."""
    (tmp_path / "codegen.toml").write_text(
        '[[package]]\nname = "app"\nschema = "schema.sql"\nqueries = "queries.sql"\n'
    )
    (tmp_path / "schema.sql").write_text(_SCHEMA)
    (tmp_path / "queries.sql").write_text("\n".join(_QUERIES))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("documented")
def test_the_page_tells_what_is_so(run: Run) -> None:
    outcome = run("describe", "--format", "json")
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    (package,) = json.loads(outcome.stdout)["packages"]
    columns: dict[str, Any] = {
        f"{query['name']}.{column['name']}": column
        for query in package["queries"]
        for column in query["columns"]
    }
    assert len(_SHOWN) > 15
    for name, said in _SHOWN:
        found = columns[name]
        null = "can be null" if found["nullable"] else "is never null"
        why = "".join(f"  {reason}\n" for reason in found["why"].split("; "))
        assert said == f"{name}: {found['type']}, {null}\n{why}"


@pytest.mark.usefixtures("documented")
@pytest.mark.parametrize("which", [0, -1])
def test_why_prints_what_the_page_shows(run: Run, which: int) -> None:
    name, said = _SHOWN[which]
    assert run("why", name).stdout == said


_RICH_SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE tasks (
    id int PRIMARY KEY, title text NOT NULL CONSTRAINT long CHECK (length(title) > 2),
    owner_id int CONSTRAINT owner REFERENCES users
);
CREATE TABLE log (task_id int, at timestamptz NOT NULL DEFAULT now());
CREATE VIEW titles AS SELECT id, title FROM tasks;
"""
_RICH = {
    "Get": (
        "SELECT t.title FROM titles t WHERE t.id = $1",
        ("at_most_one", ["public.tasks"], [], True, []),
    ),
    "Count": (
        "SELECT count(*) FROM tasks JOIN users ON users.id = owner_id",
        ("one", ["public.tasks", "public.users"], [], True, []),
    ),
    "Move": (
        (
            "WITH old AS (DELETE FROM tasks WHERE owner_id = $1 RETURNING id)"
            " INSERT INTO log (task_id) SELECT id FROM old RETURNING task_id"
        ),
        ("many", ["public.tasks"], ["public.log", "public.tasks"], False, []),
    ),
    "Add": (
        "INSERT INTO tasks VALUES ($1, $2, $3)",
        ("none", [], ["public.tasks"], False, ["long", "owner", "tasks_pkey"]),
    ),
    "Leave": (
        "DELETE FROM users WHERE id = $1",
        ("none", ["public.users"], ["public.users"], False, ["owner"]),
    ),
    "Lock": (
        "SELECT id FROM tasks WHERE id = $1 FOR UPDATE",
        ("at_most_one", ["public.tasks"], [], False, []),
    ),
}


def test_effects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    (tmp_path / "codegen.toml").write_text(
        '[[package]]\nname = "app"\nschema = "schema.sql"\nqueries = "queries.sql"\n'
    )
    (tmp_path / "schema.sql").write_text(_RICH_SCHEMA)
    (tmp_path / "queries.sql").write_text(
        "".join(
            f"-- name: {name} :{'exec' if facts[0] == 'none' else 'many'}\n{sql};\n"
            for name, (sql, facts) in _RICH.items()
        )
    )
    monkeypatch.chdir(tmp_path)
    (package,) = json.loads(run("describe", "--format", "json").stdout)["packages"]
    facts = ("cardinality", "reads", "writes", "read_only", "raises")
    found = {q["name"]: tuple(q[fact] for fact in facts) for q in package["queries"]}
    assert found == {name: facts for name, (_, facts) in _RICH.items()}
    assert all(column["why"] for q in package["queries"] for column in q["columns"])
