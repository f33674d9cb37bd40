"""What goes to the server, and the way back to the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reposgen.diagnostics import SourceFile
from reposgen.sql_source.printing import Replacement, print_sql
from reposgen.sql_source.queries import read_queries

if TYPE_CHECKING:
    from reposgen.sql_source.model import Query


def query(sql: str) -> Query:
    source = SourceFile(path="a.sql", text=f"-- name: Q :many\n{sql};\n")
    (found,) = read_queries(source).queries
    return found


def printed(sql: str) -> str:
    return print_sql(query(sql).segments).text


def replaced(sql: str, *changes: tuple[str, str]) -> str:
    """The SQL with each of `changes` made at the first place of its old text."""
    found = query(sql)
    replacements = []
    for old, new in changes:
        start = found.source.text.index(old, found.segments[0].span.start)
        span = found.source.span(start, start + len(old))
        replacements.append(Replacement(span=span, text=new))
    return print_sql(found.segments, replacements).text


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1", "SELECT 1"),
        ("SELECT $2, @a, sqlc.arg(b), @a", "SELECT $2, $1, $3, $1"),
        ("SELECT sqlc.narg('a')::text", "SELECT $1::text"),
        ("a IN (sqlc.slice(x))", "a = ANY ($1)"),
        ("a not in ( sqlc.slice ( 'x' ) ) AND b", "a <> ALL ($1) AND b"),
        ("a = ANY(sqlc.slice(x)::int[])", "a = ANY($1::int[])"),
        ("SELECT sqlc.embed(t), sqlc.embed('T')", 'SELECT t.*, "T".*'),
        ("LIMIT@n", "LIMIT $1"),
        ("SELECT sqlc.arg(a)1,sqlc.arg(a)b", "SELECT $1 1,$1 b"),
        ('"a"IN(sqlc.slice(x))AND b', '"a"= ANY ($1)AND b'),
        ("SELECT 1,\n-- a comment\n2", "SELECT 1,\n2"),
        ("SELECT 1,\r\n/* a comment */\r\n  2", "SELECT 1,\r\n  2"),
    ],
)
def test_printed(sql: str, expected: str) -> None:
    assert printed(sql) == expected


@pytest.mark.parametrize(
    ("sql", "changes", "expected"),
    [
        ("SELECT*FROM t", [("*", "a, b")], "SELECT a, b FROM t"),
        ("SELECT sqlc.embed(t), @a", [("sqlc.embed(t)", "t.a")], "SELECT t.a, $1"),
        ("WHERE a AND b = @b ORDER BY c", [(" AND b = @b", "")], "WHERE a ORDER BY c"),
        ("WHERE a\n-- doc\nAND b", [("a\n-- doc\nAND", "")], "WHERE  b"),
        ("SELECT a,b", [("a", "x"), (",", ""), ("b", "y")], "SELECT x y"),
    ],
)
def test_replacements(sql: str, changes: list[tuple[str, str]], expected: str) -> None:
    assert replaced(sql, *changes) == expected


def test_text_can_be_put_in() -> None:
    found = query("SELECT @a FROM t")
    start = found.source.text.index("@a")
    places = [
        Replacement(span=found.source.span(start, start), text="x, "),
        Replacement(span=found.source.span(start + 2, start + 2), text=" AS y"),
        Replacement(span=found.source.span(found.span.end, found.span.end), text=" u"),
    ]
    assert print_sql(found.segments, places).text == "SELECT x, $1 AS y FROM t u"


@pytest.mark.parametrize(
    "changes", [[("@ab", ""), ("b, c", "")], [("ab", "")], [("@a", "")]]
)
def test_replacements_must_not_overlap(changes: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="overlapping replacements"):
        replaced("SELECT @ab, c", *changes)


def test_a_place_maps_back_to_the_whole_word() -> None:
    found = query("SELECT @long_name,\n-- doc\n titel FROM t")
    server = print_sql(found.segments)
    assert server.text == "SELECT $1,\n titel FROM t"
    span = server.source_span(server.text.index("titel"))
    assert span.text == "titel"
    assert (span.line, span.column) == (4, 2)


@pytest.mark.parametrize(
    ("sql", "at", "expected"),
    [
        ("SELECT @a + 'x'", "$1", "@a"),
        ("SELECT sqlc.arg( a )", "$1", "sqlc.arg( a )"),
        ("x NOT IN (sqlc.slice(a))", "<>", "NOT IN (sqlc.slice(a))"),
        ("x NOT IN (sqlc.slice(a))", "$1", "NOT IN (sqlc.slice(a))"),
        ("SELECT sqlc.embed(t)", "t.*", "sqlc.embed(t)"),
        ("SELECT 'a b', $$c d$$", "$$c", "$$c d$$"),
        ("SELECT 'é', \"ü\" FROM x", "FROM", "FROM"),
    ],
)
def test_source_span(sql: str, at: str, expected: str) -> None:
    server = print_sql(query(sql).segments)
    assert server.source_span(server.text.index(at)).text == expected


def test_the_end_of_the_text_is_the_end_of_the_statement() -> None:
    found = query("SELECT @a FROM")
    server = print_sql(found.segments)
    span = server.source_span(len(server.text))
    assert (span.start, span.end) == (found.span.end, found.span.end)
    ends_in_parameter = query("SELECT @a")
    server = print_sql(ends_in_parameter.segments)
    assert server.source_span(len(server.text)).text == "@a"


@given(
    st.lists(
        st.sampled_from(
            ["a", " ", "@b", "@c ", "$1 ", "sqlc.arg(d) ", "\n-- doc\n", "'é'", ", "]
        ),
        max_size=12,
    )
)
def test_every_verbatim_character_maps_to_itself(parts: list[str]) -> None:
    server = print_sql(query("SELECT " + "".join(parts) + " FROM t").segments)
    for piece in server.pieces:
        if piece.verbatim:
            for offset in range(piece.at, piece.at + piece.end - piece.start):
                place = server.to_source(offset)
                assert server.source.text[place] == server.text[offset]
        else:
            assert server.to_source(piece.at) == piece.start
            assert server.text[piece.at] == "$"
