"""Name lines, docstring comments, directives, and what becomes of a file."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reposgen.analysis.directives import DIRECTIVES
from reposgen.diagnostics import Severity, SourceFile
from reposgen.sql_source.model import Command, Query, QueryFile
from reposgen.sql_source.queries import read_queries


def read(text: str) -> QueryFile:
    return read_queries(SourceFile(path="a.sql", text=text), DIRECTIVES)


def only(text: str) -> Query:
    found = read(text)
    assert found.diagnostics == ()
    (query,) = found.queries
    return query


def sql(query: Query) -> str:
    return "".join(segment.span.text for segment in query.segments)


def placed(text: str) -> list[tuple[str, int, int]]:
    """Code, line and column of each diagnostic."""
    return [
        (found.code, found.span.line, found.span.column)
        for found in read(text).diagnostics
        if found.span
    ]


def test_a_query() -> None:
    query = only(
        "-- name: ListTasks :many\n"
        "-- The tenant's tasks,\n"
        "--   the newest first.\n"
        "--\n"
        "/* All of them. */\n"
        "-- @optional status, assigned_to \n"
        "-- @sort\n"
        "SELECT * FROM tasks -- stays\n"
        "-- goes\n"
        "  -- stays too\n"
        "WHERE a = @a;\n"
    )
    assert (query.name, query.command) == ("ListTasks", Command.MANY)
    assert (query.name_span.text, query.command_span.text) == ("ListTasks", ":many")
    assert query.doc == (
        "The tenant's tasks,\n  the newest first.\n\nAll of them.\ngoes"
    )
    assert sql(query) == ("SELECT * FROM tasks -- stays\n  -- stays too\nWHERE a = @a")
    optional, sort = query.directives
    assert (optional.word, optional.argument) == ("optional", "status, assigned_to")
    assert optional.span.text == "@optional status, assigned_to"
    assert optional.argument_span.text == "status, assigned_to"
    assert (sort.word, sort.argument) == ("sort", "")
    assert sort.argument_span.start == sort.argument_span.end == sort.span.end
    assert query.span.text.startswith("-- name: ListTasks")
    assert query.span.text.endswith("WHERE a = @a")
    assert query.source.path == "a.sql"


@pytest.mark.parametrize("command", list(Command))
def test_commands(command: Command) -> None:
    assert only(f"-- name: Q :{command}\nSELECT 1;").command is command


@pytest.mark.parametrize(
    "line",
    [
        "/* name: Q :one */",
        "/* name: Q :one*/",
        "-- name: Q :one ",
        "-- name:\tQ  :one",
        "-- name: Q :one\r",
    ],
)
def test_name_lines(line: str) -> None:
    query = only(f"{line}\nSELECT 1")
    assert (query.name, query.command, sql(query)) == ("Q", "one", "SELECT 1")


@pytest.mark.parametrize("name", ["q", "_", "GetÜser2", "a_b", "class"])
def test_names(name: str) -> None:
    assert only(f"-- name: {name} :one\nSELECT 1").name == name


@pytest.mark.parametrize(
    ("text", "doc"),
    [
        ("-- name: Q :one\nSELECT 1;\n-- after", ""),
        ("-- above\n-- name: Q :one\nSELECT 1", "above"),
        ("-- header\n\n-- above\n-- name: Q :one\n-- below\nSELECT 1", "above\nbelow"),
        ("-- header\r\n\r\n-- name: Q :one\r\nSELECT 1", ""),
        ("-- above\r\n-- name: Q :one\r\nSELECT 1", "above"),
        ("-- -----\n-- Tasks\n-- -----\n-- name: Q :one\nSELECT 1", "Tasks"),
        ("-- name: Q :one\n--no space\nSELECT 1", "no space"),
        ("-- name: Q :one\n-- é\tü  \nSELECT 1", "é\tü"),
        ("-- name: Q :one\n--\n-- a\n--\nSELECT 1", "a"),
    ],
)
def test_docs(text: str, doc: str) -> None:
    assert only(text).doc == doc


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("\n/*+ SeqScan(t) */\nSELECT 1", "/*+ SeqScan(t) */\nSELECT 1"),
        ("\n/* one\ntwo */\nSELECT 1", "/* one\ntwo */\nSELECT 1"),
        ("\n  -- indented\nSELECT 1", "-- indented\nSELECT 1"),
        ("\n/* a */ SELECT 1", "/* a */ SELECT 1"),
        (" SELECT 1 -- end\n", "SELECT 1"),
        ("\n\n  SELECT 'a\n-- name: X :one\n'", "SELECT 'a\n-- name: X :one\n'"),
        (
            "\nDO $$\n-- name: X :one\n-- @sort\n$$",
            "DO $$\n-- name: X :one\n-- @sort\n$$",
        ),
        ("\nSELECT /*\n-- name: X :one\n*/ 1", "SELECT /*\n-- name: X :one\n*/ 1"),
        ("\nSELECT sqlc.arg(\n-- the id\nid)", "SELECT sqlc.arg(\n-- the id\nid)"),
    ],
)
def test_what_stays_in_the_sql(body: str, expected: str) -> None:
    assert sql(only(f"/* name: Q :one */{body};")) == expected


PARTS = (
    *("SELECT", "x", " ", "\n", "\r\n", "\t", "'é;'", "$$;\n-- c\n$$", "/* ; */"),
    *("@a", "$1", "sqlc.arg( b )", "IN (sqlc.slice(c))", "sqlc.embed(t)", "a::int"),
    *(" -- c\n", "a[1:2]", "(x)", ")", "1.5", "🙂"),
)


@given(st.lists(st.lists(st.sampled_from(PARTS), max_size=8), min_size=1, max_size=4))
def test_segments_and_what_is_between_are_the_file(bodies: list[list[str]]) -> None:
    heads = [f"-- name: Q{number} :one\nSELECT " for number in range(len(bodies))]
    text = "".join(
        f"{head}{' '.join(body)} END\n;\n"
        for head, body in zip(heads, bodies, strict=True)
    )
    found = read(text)
    position = 0
    between = []
    for query in found.queries:
        for segment in query.segments:
            between.append(text[position : segment.span.start])
            assert segment.span.text
            position = segment.span.end
    between.append(text[position:])
    segments = [s.span.text for query in found.queries for s in query.segments]
    pairs = zip(between, [*segments, ""], strict=True)
    assert "".join(gap + segment for gap, segment in pairs) == text
    if not found.diagnostics:
        assert [sql(query) for query in found.queries] == [
            f"SELECT {' '.join(body)} END" for body in bodies
        ]


@given(st.text(alphabet=st.sampled_from("-/*ne am:@Q\n\r;'$ ()é")))
def test_no_text_is_too_much(text: str) -> None:
    found = read(f"-- name: Q :one\n{text}")
    assert all(diagnostic.render() for diagnostic in found.diagnostics)


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("-- name:\nSELECT 1;", "invalid-query-name", 1),
        ("-- name: :one\nSELECT 1;", "invalid-query-name", 10),
        ("-- name: 1st :one\nSELECT 1;", "invalid-query-name", 10),
        ("-- name: get-task :one\nSELECT 1;", "invalid-query-name", 10),
        ("-- name: Q\nSELECT 1;", "missing-command", 10),
        ("/* name: Q */\nSELECT 1;", "missing-command", 10),
        ("-- name: Q one\nSELECT 1;", "unknown-command", 12),
        ("-- name: Q :mny\nSELECT 1;", "unknown-command", 12),
        ("-- name: Q :ONE\nSELECT 1;", "unknown-command", 12),
        ("-- name: Q :one :two x\nSELECT 1;", "malformed-name-line", 17),
        ("--name: Q :one\nSELECT 1;", "malformed-name-line", 1),
        ("--  name: Q :one\nSELECT 1;", "malformed-name-line", 1),
        ("-- name Q :one\nSELECT 1;", "malformed-name-line", 1),
        ("-- name:Q :one\nSELECT 1;", "malformed-name-line", 1),
        ("/* name: Q :one\n*/\nSELECT 1;", "malformed-name-line", 1),
        ("-- name: Q :one\n", "query-without-statement", 1),
        ("-- name: Q :one\n;", "query-without-statement", 1),
    ],
)
def test_mistakes_in_name_lines(text: str, code: str, column: int) -> None:
    found = read(text)
    assert found.queries == ()
    assert placed(text) == [(code, 1, column)]
    assert [d.severity for d in found.diagnostics] == [Severity.ERROR]
    assert found.diagnostics[0].hint


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("-- Name: Q :one\nSELECT 1;", "malformed-name-line", 1),
        (" -- name: Q :one\nSELECT 1;", "malformed-name-line", 2),
    ],
)
def test_what_sqlc_overlooks_is_an_error(text: str, code: str, column: int) -> None:
    found = read(text)
    assert found.queries == ()
    assert placed(text) == [(code, 1, column)]
    assert [d.severity for d in found.diagnostics] == [Severity.ERROR]


def test_a_statement_without_a_name_is_a_warning() -> None:
    found = read("SELECT 1;")
    assert found.queries == ()
    assert placed("SELECT 1;") == [("statement-without-name", 1, 1)]
    assert [d.severity for d in found.diagnostics] == [Severity.WARNING]


def test_comments_about_names_are_no_name_lines() -> None:
    text = "-- The name of a query\n-- named: x\n-- name: Q :one\n-- name it\nSELECT 1;"
    assert only(text).doc == "The name of a query\nnamed: x\nname it"


def test_mistakes_do_not_hide_the_other_queries() -> None:
    text = (
        "-- name: A :one\n"
        "-- name: B :one\nSELECT 1;\n"
        "-- name: C :one\nSELECT (1\n"
        "-- name: D :many\nSELECT 2;\n"
        "SELECT 3;\n"
        "\n"
        "SELECT 4;\n"
        "-- name: E :nope\nSELECT 5;\n"
        "-- name: F :one\nSELECT sqlc.arg();\n"
        "-- name: G :exec\nSELECT 6;"
    )
    assert [query.name for query in read(text).queries] == ["B", "D", "G"]
    assert placed(text) == [
        ("query-without-statement", 1, 1),
        ("missing-semicolon", 5, 10),
        ("several-statements", 8, 1),
        ("statement-without-name", 10, 1),
        ("unknown-command", 11, 12),
        ("invalid-macro-argument", 14, 8),
    ]


def test_a_definition_below_a_query_does_not_belong_to_it() -> None:
    text = "-- name: A :one\nSELECT 1;\nALTER TABLE t ADD a int;\n"
    assert placed(text) == [("statement-without-name", 3, 1)]
    text = "-- name: A :exec\nDELETE FROM t;\nALTER TABLE t ADD a int;\n"
    assert placed(text) == [("several-statements", 3, 1)]


def test_an_unterminated_string_is_the_only_complaint() -> None:
    text = "-- name: A :one\nSELECT 1;\n-- name: B :one\nSELECT 'x;\n-- name: C :one\n"
    assert [query.name for query in read(text).queries] == ["A"]
    assert placed(text) == [("unterminated-string", 4, 8)]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("-- @optinal a", "unknown-directive"),
        ("-- @Optional a", "unknown-directive"),
        ("/* @caches */", "unknown-directive"),
        ("  -- @optional a", "indented-directive"),
    ],
)
def test_directives_that_nobody_reads(line: str, code: str) -> None:
    found = read(f"-- name: Q :one\n{line}\nSELECT 1;")
    assert [query.name for query in found.queries] == ["Q"]
    (warning,) = found.diagnostics
    assert (warning.code, warning.severity) == (code, Severity.WARNING)


def test_other_tools_directives_pass() -> None:
    query = only(
        "-- name: Q :one\n-- @sqlc-vet-disable no-exec\n-- @alice, see this\nSELECT 1;"
    )
    assert [directive.word for directive in query.directives] == ["sqlc-vet-disable"]
    assert query.doc == "@alice, see this"


def test_messages() -> None:
    text = "-- name: GetTask :mny\r\nSELECT 1;\r\nSELECT 2;\r\n-- @x\r\n"
    assert [d.render() for d in read(text).diagnostics] == [
        (
            "a.sql:1:18: error: there is no command :mny [unknown-command]\n"
            "    1 | -- name: GetTask :mny\n"
            "      |                  ^^^^\n"
            "  hint: did you mean :many?"
        ),
        (
            "a.sql:3:1: warning: the statement has no name line and is skipped"
            " [statement-without-name]\n"
            "    3 | SELECT 2;\n"
            "      | ^^^^^^\n"
            "  hint: write -- name: GetTask :one above it, at the start of a line"
        ),
    ]


def test_the_message_of_a_missing_semicolon() -> None:
    text = "-- name: A :one\nSELECT 'é'\n\n-- name: B :one\nSELECT 2"
    (diagnostic,) = read(text).diagnostics
    assert diagnostic.render() == (
        "a.sql:2:11: error: query A does not end before the next one starts"
        " [missing-semicolon]\n"
        "    2 | SELECT 'é'\n"
        "      |           ^\n"
        "  hint: end it with a semicolon, and close its parentheses"
    )
