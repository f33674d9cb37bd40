"""Where statements end, and what never does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reposgen.diagnostics import SourceFile
from reposgen.sql_source.statements import split

STATEMENTS = (
    "SELECT 1",
    "SELECT ';', E'\\';', $$;$$, $a$ $$;$$ $a$, \";\"",
    "SELECT 1 -- ;\n, 2",
    "SELECT /* ; /* ; */ ; */ 1",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM a; DELETE FROM b)",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
    (
        "CREATE PROCEDURE p() begin atomic\n"
        "SELECT CASE WHEN a THEN 1 END AS end, t.case FROM t; SELECT 2; end"
    ),
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ SELECT 1; $f$",
    "BEGIN",
    "COMMIT",
)


def source(text: str) -> SourceFile:
    return SourceFile(path="a.sql", text=text)


def texts(text: str, start: int = 0, end: int | None = None) -> list[str]:
    found = split(source(text), start, end)
    assert found.diagnostics == ()
    return [statement.text for statement in found.statements]


@given(
    st.lists(st.sampled_from(STATEMENTS)),
    st.sampled_from([";", " ;\n", ";\r\n-- between\r\n", ";;", "; /* ; */ ;"]),
)
def test_joined_statements_split_again(statements: list[str], separator: str) -> None:
    assert texts(separator.join(statements)) == statements
    assert texts(separator.join(statements) + separator) == statements


def test_offsets_are_the_files() -> None:
    text = "-- é\n SELECT 'ü' ;\nSELECT 2 -- end\n"
    first, second = split(source(text)).statements
    assert (first.start, first.end) == (6, 16)
    assert first.span.text == first.text == "SELECT 'ü'"
    assert [comment.text for comment in first.comments] == ["-- é"]
    assert [token.text for token in second.tokens] == ["SELECT", "2"]
    assert [comment.text for comment in second.comments] == ["-- end"]


def test_comments_behind_the_last_statement() -> None:
    found = split(source("SELECT 1; -- a\n-- b"))
    assert [comment.text for comment in found.comments] == ["-- a", "-- b"]


def test_psql_lines_are_dropped() -> None:
    text = "\\restrict it's\nSELECT 1;\n\\connect \"db\nSELECT 2\n\\g\nSELECT 3;\\x"
    assert texts(text)[:3] == ["SELECT 1", "SELECT 2", "SELECT 3"]


def test_a_window_of_the_file() -> None:
    text = "SELECT 1; SELECT 2; -- +goose Down\nDROP TABLE t;"
    assert texts(text, 9, text.index("-- +goose")) == ["SELECT 2"]


def test_too_many_closing_parentheses_do_no_harm() -> None:
    assert texts("SELECT 1); SELECT (2)") == ["SELECT 1)", "SELECT (2)"]


def test_a_heading_ends_what_has_no_semicolon() -> None:
    found = split(
        source("SELECT (1\n-- next\nSELECT 2;"),
        is_heading=lambda comment: comment.text == "-- next",
    )
    assert [(s.text, s.cut_short) for s in found.statements] == [
        ("SELECT (1", True),
        ("SELECT 2", False),
    ]


@pytest.mark.parametrize(
    ("opening", "code", "hint"),
    [
        ("'", "unterminated-string", "add the closing quote"),
        ("E'", "unterminated-string", "add the closing quote"),
        ('"', "unterminated-identifier", "add the closing quote"),
        ('U&"', "unterminated-identifier", "add the closing quote"),
        ("/*", "unterminated-comment", "add the closing */"),
        ("$$", "unterminated-dollar-quote", "close it with $$"),
        ("$body$", "unterminated-dollar-quote", "close it with $body$"),
    ],
)
def test_what_never_closes_is_placed_where_it_opens(
    opening: str, code: str, hint: str
) -> None:
    found = split(source(f"SELECT 1;\nSELECT {opening}x; SELECT 2;\n-- end"))
    assert [statement.text for statement in found.statements] == ["SELECT 1"]
    (diagnostic,) = found.diagnostics
    assert diagnostic.span is not None
    assert (diagnostic.code, diagnostic.hint) == (code, hint)
    assert (diagnostic.span.line, diagnostic.span.column) == (2, 8)
    assert diagnostic.span.text == opening


def test_the_message_of_an_unterminated_string() -> None:
    (diagnostic,) = split(source("SELECT\t'a;\n")).diagnostics
    assert diagnostic.render() == (
        "a.sql:1:8: error: the string is never closed [unterminated-string]\n"
        "    1 | SELECT  'a;\n"
        "      |         ^\n"
        "  hint: add the closing quote"
    )
