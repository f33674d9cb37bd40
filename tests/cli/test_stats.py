"""stats: what is exported of a database, and what becomes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

SCHEMA = """
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE tasks (
    id bigint PRIMARY KEY, state state NOT NULL, title text, tags text[]
);
CREATE INDEX tasks_title_idx ON tasks (lower(title)) WHERE state = 'open';
CREATE TABLE "Odd ""name" ("a.b" int);
CREATE SCHEMA other;
CREATE TABLE other.parts (id int) PARTITION BY RANGE (id);
CREATE TABLE other.parts_1 PARTITION OF other.parts FOR VALUES FROM (0) TO (100000);
"""
ROWS = """
INSERT INTO tasks SELECT n, 'open', 'secret' || n % 50, ARRAY['hidden']
FROM generate_series(1, 20000) n;
INSERT INTO "Odd ""name" SELECT 1 FROM generate_series(1, 500);
INSERT INTO other.parts SELECT n FROM generate_series(1, 3000) n;
VACUUM ANALYZE;
"""
QUERIES = """
-- name: ListByState :many
-- Of a state.
SELECT * FROM tasks WHERE state = @state;

-- name: ListByTitle :many
-- Of a title.
SELECT * FROM tasks WHERE lower(title) = @title AND state = 'open';
"""


@pytest.fixture
def production(make_database: Callable[[str], str]) -> str:
    url = make_database(SCHEMA)
    with psycopg.connect(url, autocommit=True) as link:
        for statement in ROWS.split(";"):
            if statement.strip():
                link.execute(statement.encode())
    return url


def test_sizes_are_exported_and_no_rows(
    production: str, run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "statistics.json"
    outcome = run("stats", "export", production, "-o", str(path))
    assert (outcome.exit_code, outcome.output) == (0, "")
    text = path.read_text()
    assert "secret" not in text
    assert "hidden" not in text
    assert "open" not in text
    schemas = json.loads(text)["schemas"]
    tasks = schemas["public"]["tasks"]
    assert tasks["rows"] == 20_000
    assert tasks["columns"]["title"]["distinct"] == 50
    assert tasks["indexes"]["tasks_title_idx"]["rows"] == 20_000
    assert tasks["indexes"]["tasks_title_idx"]["columns"]["lower"]["distinct"] == 50
    assert schemas["public"]['Odd "name']["columns"]["a.b"]["distinct"] == 1
    assert schemas["other"]["parts_1"]["rows"] == 3000
    assert schemas["other"]["parts"]["inherited"]["id"]["distinct"] == -1


def test_values_are_exported_if_they_are_asked_for(production: str, run: Run) -> None:
    outcome = run("stats", "export", production, "--values")
    columns = json.loads(outcome.stdout)["schemas"]["public"]["tasks"]["columns"]
    assert columns["state"]["most_common_vals"] == "{open}"
    assert "secret7" in columns["title"]["most_common_vals"]
    assert columns["tags"]["most_common_elems"] == "{hidden}"


@pytest.mark.parametrize("values", [(), ("--values",)])
def test_queries_are_planned_as_in_production(
    values: tuple[str, ...],
    production: str,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "schema.sql").write_text(SCHEMA)
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "tasks.sql").write_text(QUERIES)
    (tmp_path / "codegen.toml").write_text(
        '[[package]]\nname = "app"\nschema = "schema.sql"\nqueries = "queries"\n'
        'statistics = "statistics.json"\n'
    )
    run("stats", "export", production, "-o", "statistics.json", *values)
    assert run("plans").exit_code == 0
    plans = (tmp_path / "plans" / "app" / "tasks.txt").read_text()
    # All rows have one state: no index would help.
    assert "-- ListByState\nSeq Scan on tasks" in plans
    assert "Bitmap Index Scan using tasks_title_idx" in plans


def test_a_url_alone_asks_for_methods(production: str, run: Run) -> None:
    """The form that there was before there were other commands."""
    for arguments in ((production,), ("--top", "5", production), ("top", production)):
        outcome = run("stats", *arguments)
        assert outcome.exit_code == 2
        assert "[no-statement-statistics]" in outcome.stderr
    assert "Commands:" in run("stats", "--help").output
    assert "--top" in run("stats", production, "--help").output
