"""cache triggers: SQL that notes each change by the keys of cached reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

MORE = """
CREATE TYPE mood AS ENUM ('it''s', 'b\\c');
CREATE TABLE "Odd ""one" (
    "a,b" uuid NOT NULL, "c'd" mood, n int, PRIMARY KEY (n, "a,b")
) PARTITION BY HASH (n);
CREATE TABLE odd_part PARTITION OF "Odd ""one" FOR VALUES WITH (MODULUS 1, REMAINDER 0);
"""
QUERIES = """
-- name: GetOdd :one
-- Return one.
-- @cache ttl=1m
SELECT * FROM "Odd ""one" WHERE n = @n AND "a,b" = @key;

-- name: ListOdd :many
-- Return some.
-- @cache ttl=1m
SELECT * FROM "Odd ""one" WHERE "c'd" = @mood::mood;

-- name: RenameTask :exec
-- Rename a task.
UPDATE tasks SET title = @title WHERE id = @id;
"""


@pytest.fixture
def cached(project: Path) -> Path:
    """The project, with cached reads."""
    path = project / "queries" / "tasks.sql"
    text = path.read_text(encoding="utf-8")
    for name in ("GetTask", "ListTasks", "CountTasks"):
        head = next(
            line for line in text.splitlines() if line.startswith(f"-- name: {name} ")
        )
        text = text.replace(head, f"{head}\n-- @cache ttl=1m")
    path.write_text(text + QUERIES, encoding="utf-8")
    (project / "migrations" / "0002_more.sql").write_text(MORE, encoding="utf-8")
    return project


def noted(connection: psycopg.Connection[Any], text: str) -> list[list[str]]:
    connection.execute("DELETE FROM reposgen_cache.changes")
    connection.execute(text.encode())
    found = connection.execute(
        "SELECT parts FROM reposgen_cache.changes ORDER BY parts"
    )
    return [parts for (parts,) in found]


def test_what_is_noted(
    cached: Path, run: Run, make_database: Callable[[str], str]
) -> None:
    outcome = run("cache", "triggers")
    assert outcome.exit_code == 0, outcome.stderr
    migrations = sorted((cached / "migrations").iterdir())
    schema = "".join(path.read_text(encoding="utf-8") for path in migrations)
    url = make_database(schema + outcome.stdout)
    with psycopg.connect(url, autocommit=True) as connection:
        # It can be run again.
        connection.execute(outcome.stdout.encode())
        tasks, key = "public.tasks", "11111111-1111-1111-1111-111111111111"
        assert noted(connection, "INSERT INTO tasks (title) VALUES ('a'), ('b')") == [
            [tasks],
            [tasks, "id", "1"],
            [tasks, "id", "2"],
            [tasks, "status", "open"],
        ]
        assert noted(connection, "UPDATE tasks SET status = 'done' WHERE id = 1") == [
            [tasks],
            [tasks, "id", "1"],
            [tasks, "status", "done"],
            [tasks, "status", "open"],
        ]
        assert noted(connection, "UPDATE tasks SET title = 'c' WHERE id = 9") == []
        many = "INSERT INTO tasks (title) SELECT 'm' FROM generate_series(1, 101)"
        assert noted(connection, many) == [
            [tasks],
            [tasks, "id"],
            [tasks, "status", "open"],
        ]
        assert noted(connection, "TRUNCATE tasks") == [
            [tasks],
            [tasks, "id"],
            [tasks, "status"],
        ]
        odd = 'public.Odd "one'
        insert = 'INSERT INTO "Odd ""one" VALUES '
        assert noted(connection, rf"{insert} ('{key}', E'b\\c', 7)") == [
            [odd, "a,b", "n", key, "7"],
            [odd, "c'd", r"b\c"],
        ]
        # No key equals NULL.
        assert noted(connection, f"{insert} ('{key}', NULL, 8)") == [
            [odd, "a,b", "n", key, "8"]
        ]


def without_locks(described: str) -> list[str]:
    return [line for line in described.splitlines() if " lock" not in line]


def test_the_triggers_make_no_write_wider(cached: Path, run: Run) -> None:
    before = run("describe").stdout
    assert "RenameTask (results of the key)" in before
    path = cached / "migrations" / "0003_cache.sql"
    triggers = run("cache", "triggers").stdout
    path.write_text(triggers, encoding="utf-8")
    # They lock the table of changes, which is not among those that queries write.
    assert without_locks(run("describe").stdout) == without_locks(before)
    assert run("cache", "triggers").stdout == triggers
    # What somebody has changed may do anything.
    changed = triggers.replace("RETURN NULL", "PERFORM random(); RETURN NULL")
    path.write_text(changed, encoding="utf-8")
    assert "it can write any table by trigger" in run("describe").stdout


def test_chosen_tables(cached: Path, run: Run) -> None:
    del cached
    outcome = run("cache", "triggers", "--table", "public.tasks")
    assert '"tasks"' in outcome.stdout
    assert "Odd" not in outcome.stdout
    outcome = run("cache", "triggers", "--table", "task")
    assert outcome.exit_code == 2
    assert 'no cached read depends on a table "task"' in outcome.stderr
    assert "public.tasks" in outcome.stderr


def test_without_cached_reads(project: Path, run: Run) -> None:
    del project
    outcome = run("cache", "triggers")
    assert outcome.exit_code == 2
    assert "no cached read depends on a table" in outcome.stderr
    assert "-- @cache" in outcome.stderr
