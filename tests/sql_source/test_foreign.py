"""Parameters as other tools write them, and what only looks like one."""

from __future__ import annotations

import pytest

from reposgen.diagnostics import Severity, SourceFile
from reposgen.sql_source.queries import read_queries


def found(sql: str) -> list[tuple[str, str, str]]:
    """Code, place and hint of what is said about a statement."""
    text = f"-- name: Find :many\n{sql};\n"
    file = read_queries(SourceFile(path="q.sql", text=text))
    return [
        (d.code, d.span.text if d.span else "", d.hint or "") for d in file.diagnostics
    ]


@pytest.mark.parametrize(
    ("sql", "written", "meant"),
    [
        ("SELECT 1 FROM t WHERE id = :id", ":id", "@id"),
        ("SELECT 1 FROM t WHERE id=:id", ":id", "@id"),
        ("SELECT 1 FROM t LIMIT :n", ":n", "@n"),
        ("INSERT INTO t VALUES (:a)", ":a", "@a"),
        ("SELECT :'name'::text", ":'name'", "@name"),
        ("SELECT 1 FROM t WHERE id = ?", "?", "@name"),
        ("SELECT 1 FROM t WHERE id=?", "?", "@name"),
        ("SELECT 1 FROM t WHERE id IN (?, 1)", "?", "@name"),
        ("INSERT INTO t VALUES (?)", "?", "@name"),
        ("SELECT 1 FROM t LIMIT ?", "?", "@name"),
        ("SELECT 1 FROM t WHERE id = %s", "%s", "@name"),
        ("SELECT 1 FROM t WHERE id=%s", "%s", "@name"),
        ("INSERT INTO t VALUES (%s)", "%s", "@name"),
        ("SELECT 1 FROM t WHERE id = %(id)s", "%(id)s", "@id"),
        ("SELECT 1 FROM t WHERE id = {id}", "{id", "@id"),
        ("SELECT 1 FROM t WHERE id = $id", "$id", "@id"),
    ],
)
def test_parameters_of_other_tools(sql: str, written: str, meant: str) -> None:
    ((code, place, hint),) = found(sql)
    assert (code, place) == ("foreign-parameter", written)
    assert hint == f"write {meant}"


@pytest.mark.parametrize(
    "operator",
    [
        *("=", "<>", "!=", ">=", "<=", ">", "->", "->>", "#>", "#>>", "@>", "||"),
        *("-", "+", "*", "/", "~", "!~", "~*", "&&", "&", "|", "#", "%", "~~", "=>"),
    ],
)
@pytest.mark.parametrize("name", ["x", '"x"'])
def test_operators_glued_to_a_parameter(operator: str, name: str) -> None:
    ((code, place, hint),) = found(f"SELECT a {operator}@{name} FROM t")
    assert code == "glued-parameter"
    assert place == f"{operator}@{name}"
    assert hint == f"put a space between: {operator} @{name}"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a @@ b, a @@b, a <@b, a <@ b, a ^@b, @-@ a FROM t",
        "SELECT @a, -@ a, -@abs(a), a =@ b FROM t",
        "SELECT doc ? 'a', doc ?'a', doc ? key, doc ?| @keys, doc ?& keys FROM t",
        "SELECT doc @? '$.a', doc @@ '$.a == 1', (doc)?(key) FROM t",
        "SELECT a % b, a %b, a%b, a % s, a %s, 5%s FROM t",
        "SELECT 'x' <% s, s %> 'x', s <<% t FROM t",
        "SELECT a[1:2], a[:n], a[n:], a[i:j], a[(1):b] FROM t",
        "SELECT a::text, a :: text, f(a := 1), f(a => 1) FROM t",
        "SELECT JSON_OBJECT('id':id, 'n' : n, key:value) FROM t",
        "SELECT 'a:b', '12:30', ':id', '?', '%s', '%(id)s', '{id}' FROM t",
        'SELECT ":id", "a?b" FROM t',
        "SELECT '$100', '$5.00', '$9,99', 'me@example.org', '@here', '$$' FROM t",
        "DO $tag$ BEGIN EXECUTE 'SELECT $1' USING 1; END $tag$",
        "SELECT regexp_replace(a, '(x)', '\\1') FROM t",
        "SELECT 1 FROM t WHERE a LIKE 'x@y%' -- :id ? %s",
    ],
)
def test_what_only_looks_like_one(sql: str) -> None:
    assert found(sql) == []


@pytest.mark.parametrize(
    ("sql", "written"),
    [
        ("SELECT 1 FROM t WHERE name LIKE '%$1%'", "$1"),
        ("SELECT 1 FROM t WHERE name LIKE '%@name%'", "@name"),
        ("SELECT 1 FROM t WHERE name LIKE '@name%'", "@name"),
        ("SELECT now() - INTERVAL '$1 days'", "$1"),
        ("SELECT now() - INTERVAL '@days days'", "@days"),
        ("SELECT now() - '@n hours'::interval", "@n"),
        ("SELECT 1 FROM t WHERE a = $1 AND b LIKE E'%$2%'", "$2"),
        ("SELECT 1 FROM t WHERE a LIKE '%sqlc.arg(a)%'", "sqlc.arg(a)"),
    ],
)
def test_placeholders_in_strings(sql: str, written: str) -> None:
    ((code, place, hint),) = found(sql)
    assert (code, place) == ("placeholder-in-string", written)
    assert written in hint


@pytest.mark.parametrize(
    "line",
    [
        *(
            "-- Name: GetTask :many",
            "-- NAME: GetTask :many",
            "  -- name: GetTask :many",
        ),
        *("-- name : GetTask :many", "-- name GetTask :many", "--name: GetTask :many"),
        *(
            "--- name: GetTask :many",
            "-- nmae: GetTask :many",
            "-- @name GetTask :many",
        ),
        *(
            "/* Name: GetTask :many */",
            "-- name: GetTask :many;",
            "--! name: GetTask :one",
        ),
    ],
)
def test_a_line_that_was_meant_as_a_name_line_is_an_error(line: str) -> None:
    text = f"-- name: A :many\nSELECT 1;\n\n{line}\nSELECT 2;\n"
    file = read_queries(SourceFile(path="q.sql", text=text))
    errors = [d for d in file.diagnostics if d.severity is Severity.ERROR]
    assert errors
    assert all(d.span and d.span.line == 4 for d in errors)
    assert "name" in (errors[0].hint or "") or ":many" in errors[0].message


@pytest.mark.parametrize(
    "line",
    [
        "-- The name: of the task",
        "-- name is a column :)",
        "-- game: GetTask :many players",
        "-- See also name: first last",
    ],
)
def test_prose_is_no_name_line(line: str) -> None:
    text = f"-- name: A :many\n{line}\nSELECT 1;\n"
    assert read_queries(SourceFile(path="q.sql", text=text)).diagnostics == ()
