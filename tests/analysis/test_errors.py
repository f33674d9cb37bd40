"""What is refused, where it is placed, and which hint it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reposgen.analysis.model import CopyTarget

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen.diagnostics import Diagnostic

SCHEMA = """
CREATE SCHEMA other;
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text);
CREATE TABLE other.parts (id int PRIMARY KEY);
CREATE TABLE made (id int, twice int GENERATED ALWAYS AS (id * 2) STORED);
CREATE TABLE loose (a int, b int);
CREATE VIEW people AS SELECT id, name FROM users;
CREATE FUNCTION rec() RETURNS record LANGUAGE sql AS 'SELECT 1, 2';
CREATE FUNCTION nothing() RETURNS void LANGUAGE sql AS '';
CREATE FUNCTION user_score(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';
"""


def diagnostics(judge: Callable[..., Any], sql: str) -> list[Diagnostic]:
    return list(judge(SCHEMA, sql).diagnostics)


def the_error(judge: Callable[..., Any], sql: str) -> Diagnostic:
    [found] = [d for d in diagnostics(judge, sql) if d.severity == "error"]
    assert found.span
    return found


@pytest.mark.parametrize(
    ("sql", "code", "text", "hint"),
    [
        ("SELECT nmae FROM users", "unknown-column", "nmae", "did you mean name?"),
        (
            "SELECT u.nmae FROM users u",
            "unknown-column",
            "u.nmae",
            "did you mean name?",
        ),
        (
            "INSERT INTO users (id, emial) VALUES (1, 'a')",
            "unknown-column",
            "emial",
            "did you mean email?",
        ),
        ("SELECT 1 FROM usres", "unknown-table", "usres", "did you mean users?"),
        (
            "SELECT 1 FROM other.part",
            "unknown-table",
            "other.part",
            "did you mean other.parts?",
        ),
        ("SELECT usr.id FROM users", "unknown-table", "usr.id", "did you mean users?"),
        (
            "SELECT lenght(name) FROM users",
            "unknown-function",
            "lenght",
            "did you mean length?",
        ),
        (
            "SELECT user_skore(1)",
            "unknown-function",
            "user_skore",
            "did you mean user_score?",
        ),
        ("SELECT 1 FROM othr.parts", "unknown-table", "othr.parts", None),
        ("SELECT 1::inteter", "unknown-object", "inteter", None),
        ("SELECT FROM WHERE", "syntax-error", "WHERE", None),
        ("SELECT 'x'::int", "invalid-literal", "'x'", None),
        (
            "SELECT id FROM users, loose l, loose m WHERE a = 1",
            "ambiguous-column",
            "a",
            None,
        ),
        ("SELECT name, count(*) FROM users", "invalid-grouping", "name", None),
        ("UPDATE users SET id = email", "type-mismatch", "email", None),
        (
            "INSERT INTO users VALUES (1, 'a') ON CONFLICT (name) DO NOTHING",
            "invalid-reference",
            "INSERT",
            None,
        ),
        (
            "SELECT @given IS NULL",
            "untyped-parameter",
            "@given",
            "cast it: @given::text",
        ),
        (
            "SELECT 1 FROM users WHERE id = $1 AND name = $3",
            "unused-parameter",
            "SELECT",
            "number the parameters without gaps, or use $2",
        ),
        (
            "SELECT command FROM pg_event_trigger_ddl_commands()",
            "untyped-column",
            "command",
            None,
        ),
        (
            "SELECT sqlc.embed(s) FROM (SELECT 1 AS a) s",
            "embed-of-no-table",
            "sqlc.embed(s)",
            None,
        ),
        (
            (
                "SELECT sqlc.embed(l) FROM users u LEFT JOIN loose l ON a = u.id"
                " GROUP BY l.a, l.b"
            ),
            "embed-without-not-null-column",
            "sqlc.embed(l)",
            None,
        ),
        (
            "SELECT x.id FROM (SELECT sqlc.embed(u) FROM users u) x",
            "misplaced-embed",
            "sqlc.embed(u)",
            None,
        ),
    ],
)
def test_codes_places_hints(
    judge: Callable[..., Any], sql: str, code: str, text: str, hint: str | None
) -> None:
    found = the_error(judge, f"-- name: Q :many\n{sql};\n")
    assert found.span
    assert (found.code, found.span.text) == (code, text)
    if hint is not None:
        assert found.hint == hint


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_places_behind_rewritten_parameters(
    judge: Callable[..., Any], newline: str
) -> None:
    sql = newline.join(
        [
            "-- name: Q :many",
            "-- Über 名前 🦆.",
            "SELECT\t'🦆' AS \"größe\", sqlc.arg( long_name )::text,",
            "-- a remark that leaves the SQL",
            "\t sqlc.embed(users), @x::int, 'ä', nope FROM users",
            "WHERE id IN (sqlc.slice(ids));",
            "",
        ]
    )
    found = the_error(judge, sql)
    assert found.span
    assert found.span.text == "nope"
    assert (found.span.line, found.span.column) == (5, 36)


def test_all_errors_come_together(judge: Callable[..., Any]) -> None:
    sql = """
-- name: First :many
SELECT nope FROM users;
-- name: Fine :many
SELECT id FROM users;
-- name: Second :one
DELETE FROM users WHERE id = $1;
-- name: Third :exec
SELEC 1;
"""
    analysis = judge(SCHEMA, sql)
    assert [d.code for d in analysis.diagnostics] == [
        "unknown-column",
        "missing-returning",
        "syntax-error",
    ]
    assert [q.name for q in analysis.files["queries.sql"]] == ["Fine"]


@pytest.mark.parametrize(
    ("command", "sql", "code"),
    [
        ("one", "INSERT INTO users VALUES (1, 'a')", "missing-returning"),
        (
            "many",
            "WITH x AS (SELECT 1) DELETE FROM users WHERE id = 1",
            "missing-returning",
        ),
        ("batchone", "UPDATE users SET name = 'a' WHERE id = $1", "missing-returning"),
        ("one", "CREATE TABLE t (a int)", "no-rows"),
        ("copyto", "SELECT FROM users", "no-columns"),
        ("exec", "COPY users TO STDOUT", "copy-command"),
        ("one", "COPY (SELECT 'x' AS stdin) TO STDOUT", "copy-command"),
        ("execrows", "copy users (id) from stdin (format csv)", "copy-command"),
        ("execlastid", "SELECT name FROM users LIMIT 1", "last-id-is-no-integer"),
        ("execlastid", "SELECT id, id FROM users LIMIT 1", "last-id-is-no-integer"),
        ("batchexec", "DELETE FROM users WHERE id = 1", "batch-without-parameters"),
        ("copyfrom", "INSERT INTO loose VALUES ($1, $2), ($3, $4)", "copyfrom-shape"),
        ("page", "SELECT id FROM users", "missing-order-by"),
    ],
)
def test_commands_that_do_not_fit(
    judge: Callable[..., Any], command: str, sql: str, code: str
) -> None:
    found = the_error(judge, f"-- name: Q :{command}\n{sql};\n")
    assert found.span
    assert (found.code, found.span.text) == (code, f":{command}")


@pytest.mark.parametrize(
    ("command", "sql"),
    [
        ("exec", "SELECT FROM users"),
        ("many", "SELECT FROM users"),
        ("batchmany", "SELECT FROM users WHERE id < $1"),
        ("exec", "COPY users TO '/dev/null'"),
        ("exec", "SELECT nothing()"),
        ("one", "SELECT nothing()"),
        ("exec", "VACUUM ANALYZE users"),
        ("exec", "LOCK TABLE users"),
        ("exec", "SET LOCAL statement_timeout = '1s'"),
        ("exec", "TRUNCATE users"),
        ("execrows", "UPDATE users SET name = 'a' WHERE id = 1"),
        ("execlastid", "INSERT INTO users VALUES (1, 'a') RETURNING id"),
        ("stream", "SELECT id FROM users"),
        ("copyto", "SELECT id FROM users"),
        ("batchmany", "SELECT id FROM users WHERE id < $1"),
    ],
)
def test_commands_that_fit(judge: Callable[..., Any], command: str, sql: str) -> None:
    assert diagnostics(judge, f"-- name: Q :{command}\n{sql};\n") == []


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("INSERT INTO users (name, id) VALUES ($1, $2)", ("name", "id")),
        ("INSERT INTO public.users AS u (name, id) VALUES ($2, $1)", ("id", "name")),
        ('INSERT INTO "users" VALUES (@id, @name)', ("id", "name")),
    ],
)
def test_copyfrom(
    judge: Callable[..., Any], sql: str, columns: tuple[str, ...]
) -> None:
    analysis = judge(SCHEMA, f"-- name: Q :copyfrom\n{sql};\n")
    [query] = analysis.files["queries.sql"]
    assert isinstance(query.copy, CopyTarget)
    assert query.copy.columns == columns


@pytest.mark.parametrize(
    ("command", "sql", "code"),
    [
        ("one", "SELECT id FROM users WHERE name = $1", "may-return-many"),
        ("opt", "SELECT id FROM users", "may-return-many"),
        ("exec", "DELETE FROM users", "missing-where"),
        ("exec", "UPDATE users SET name = $1", "missing-where"),
        ("many", "SELECT u.id FROM users u, loose l", "cartesian-product"),
        ("copyto", "SELECT * FROM users", "star-in-copyto"),
        ("exec", "LISTEN users", "listen-command"),
        ("many", "SELECT ROW(id, name) FROM users", "untyped-column"),
        ("one", "SELECT array_agg((id, name)) FROM users", "untyped-column"),
        ("one", "SELECT rec()", "untyped-column"),
        ("many", 'SELECT name AS "n!" FROM users', "needless-override"),
        ("many", 'SELECT email AS "n?" FROM users', "needless-override"),
    ],
)
def test_warnings(judge: Callable[..., Any], command: str, sql: str, code: str) -> None:
    [found] = diagnostics(judge, f"-- name: Q :{command}\n{sql};\n")
    assert (found.code, str(found.severity)) == (code, "warning")


def test_directives_of_other_tools_are(judge: Callable[..., Any]) -> None:
    sql = "-- name: Q :many\n-- @sqlc-vet-disable\nSELECT id FROM users;\n"
    assert not [d for d in diagnostics(judge, sql) if d.severity == "error"]


def test_a_server_without_trees_is_mentioned(judge: Callable[..., Any]) -> None:
    sql = "-- name: Q :many\nSELECT id FROM users;\n"
    analysis = judge(SCHEMA, sql, trees=False)
    assert not analysis.trees
    assert [d.code for d in analysis.diagnostics] == ["no-trees"]
    assert judge(SCHEMA, sql).trees
