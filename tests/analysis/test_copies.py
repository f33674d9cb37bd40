"""What `:copyfrom` is made of, and which statements only lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen.analysis.model import CopyTarget, TypedQuery

SCHEMA = """
CREATE TYPE pair AS (x int, y int);
CREATE TABLE tasks (id int PRIMARY KEY, title text, at pair, ids int[]);
CREATE TABLE guarded (id int PRIMARY KEY);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE TABLE parted (id int) PARTITION BY LIST (id);
CREATE VIEW titles AS SELECT id, title FROM tasks;
CREATE TABLE "values" ("values" int, "default" int);
CREATE FUNCTION now_too() RETURNS int LANGUAGE sql AS 'SELECT 1';
"""
ROWS = """\
FROM (SELECT *, pg_catalog.nextval('pg_temp.reposgen_rows_reposgen_row_seq')
      FROM pg_temp.reposgen_rows ORDER BY reposgen_row) AS staged"""


def judged(judge: Callable[..., Any], head: str, sql: str, **how: bool) -> TypedQuery:
    analysis = judge(SCHEMA, f"-- name: Q :{head}\n{sql}\n", **how)
    assert [d for d in analysis.diagnostics if d.severity == "error"] == []
    query: TypedQuery = analysis.files["queries.sql"][0]
    return query


def target(judge: Callable[..., Any], sql: str, **how: bool) -> CopyTarget:
    copy = judged(judge, "copyfrom", sql, **how).copy
    assert copy is not None
    return copy


@pytest.mark.parametrize("trees", [True, False])
@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("INSERT INTO tasks (title, id) VALUES ($2, $1)", ("id", "title")),
        ("INSERT INTO tasks VALUES ($1, $2)", ("id", "title")),
        ("INSERT INTO parted VALUES ($1)", ("id",)),
    ],
)
def test_plain(
    judge: Callable[..., Any], sql: str, columns: tuple[str, ...], trees: bool
) -> None:
    copy = target(judge, sql, trees=trees)
    assert (copy.columns, copy.staging) == (columns, None)


@pytest.mark.parametrize("trees", [True, False])
@pytest.mark.parametrize(
    ("sql", "staging"),
    [
        (
            "INSERT INTO guarded VALUES (@id)",
            "INSERT INTO guarded SELECT staged.id",
        ),
        (
            "INSERT INTO titles (id) VALUES (@id)",
            "INSERT INTO titles (id) SELECT staged.id",
        ),
        (
            "INSERT INTO tasks (title, id) VALUES (DEFAULT, @id)",
            "INSERT INTO tasks (id) SELECT staged.id",
        ),
        (
            "INSERT INTO tasks AS t VALUES (@id, DEFAULT, (@at::pair), ARRAY[1, @id])",
            (
                "INSERT INTO tasks AS t (id, at, ids)"
                " SELECT staged.id, (staged.at::pair), ARRAY[1, staged.id]"
            ),
        ),
        (
            "INSERT INTO tasks (id, at.x) VALUES (@id, (@at::pair).y)",
            "INSERT INTO tasks (id, at.x) SELECT staged.id, (staged.at::pair).y",
        ),
        (
            'INSERT INTO "values" ("values", "default") VALUES (@"a b", @"select" + 1)',
            (
                'INSERT INTO "values" ("values", "default")'
                ' SELECT staged."a b", staged."select" + 1'
            ),
        ),
        (
            (
                "WITH insert AS (SELECT 1)"
                " INSERT INTO tasks (id) VALUES (@id + (SELECT count(*) FROM insert))"
            ),
            (
                "WITH insert AS (SELECT 1)"
                " INSERT INTO tasks (id)"
                " SELECT staged.id + (SELECT count(*) FROM insert)"
            ),
        ),
        (
            "INSERT INTO tasks (id) OVERRIDING USER VALUE VALUES (@id)",
            "INSERT INTO tasks (id) OVERRIDING USER VALUE SELECT staged.id",
        ),
    ],
)
def test_staged(judge: Callable[..., Any], sql: str, staging: str, trees: bool) -> None:
    assert target(judge, sql, trees=trees).staging == f"{staging}\n{ROWS}"


def test_all_else_stays(judge: Callable[..., Any]) -> None:
    head = "/* ($9 VALUES */ INSERT INTO tasks (id, -- $1\n title) "
    tail = "-- end\nON CONFLICT (id) DO UPDATE SET title = '$1' RETURNING id"
    copy = target(judge, f"{head}VALUES ($1, 'it''s $1, ' || @title){tail}")
    assert copy.columns == ("id", "title")
    select = "SELECT staged.id, 'it''s $1, ' || staged.title"
    assert copy.staging == f"{head}{select}\n{ROWS}{tail}"


def test_a_name_that_is_taken(judge: Callable[..., Any]) -> None:
    sql = "INSERT INTO tasks (id) VALUES ((SELECT id FROM tasks staged WHERE id = @a))"
    staging = target(judge, sql).staging or ""
    assert "id = staged_2.a" in staging
    assert staging.endswith(") AS staged_2")


LOCKED = "SELECT id FROM tasks WHERE id = 1 FOR"


@pytest.mark.parametrize("trees", [True, False])
@pytest.mark.parametrize(
    ("sql", "locks"),
    [
        (f"{LOCKED} UPDATE", True),
        (f"{LOCKED} NO KEY UPDATE NOWAIT", True),
        (f"{LOCKED} SHARE SKIP LOCKED", True),
        (f"{LOCKED} KEY SHARE", True),
        (f"WITH x AS MATERIALIZED ({LOCKED} UPDATE) SELECT id FROM x", True),
        (f"SELECT x.id FROM ({LOCKED} UPDATE OF tasks) x", True),
        (
            f"UPDATE tasks SET id = 1 WHERE id IN ({LOCKED} UPDATE) RETURNING 1",
            False,
        ),
        (f"DELETE FROM tasks USING ({LOCKED} SHARE) x RETURNING 1", False),
        (
            (
                f"WITH x AS ({LOCKED} UPDATE),"
                " y AS (INSERT INTO parted SELECT id FROM x) SELECT id FROM x"
            ),
            False,
        ),
        ("SELECT 'for update'", False),
    ],
)
def test_locks(judge: Callable[..., Any], sql: str, locks: bool, trees: bool) -> None:
    assert judged(judge, "many", sql, trees=trees).locks_rows is locks
