"""Parameters and embeds: where they are found, their numbers, their mistakes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reposgen.diagnostics import Diagnostic, Severity, SourceFile
from reposgen.sql_source.lexer import TokenKind, tokenize
from reposgen.sql_source.model import EmbedUse, ParameterUse
from reposgen.sql_source.parameters import find_uses

Uses = tuple[ParameterUse | EmbedUse, ...]


def find(sql: str) -> tuple[Uses, tuple[Diagnostic, ...]]:
    blank = (TokenKind.SPACE, TokenKind.COMMENT)
    tokens = [token for token in tokenize(sql) if token.kind not in blank]
    return find_uses(SourceFile(path="a.sql", text=sql), tokens)


def described(sql: str) -> list[str]:
    """`number:name:kind` of each parameter, `embed:table` of each embed."""
    uses, diagnostics = find(sql)
    # In a string it may have been meant as a parameter, and is none.
    assert {d.code for d in diagnostics} <= {"placeholder-in-string"}
    return [
        f"embed:{use.table}"
        if isinstance(use, EmbedUse)
        else f"{use.number}:{use.name}:{'not ' * use.negated}{use.kind}"
        for use in uses
    ]


def mistake(sql: str) -> Diagnostic:
    (diagnostic,) = find(sql)[1]
    return diagnostic


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("$1 + $2", ["1:None:arg", "2:None:arg"]),
        ("$2 + $2 + $01", ["2:None:arg", "2:None:arg", "1:None:arg"]),
        ("@a + @b + @A", ["1:a:arg", "2:b:arg", "1:a:arg"]),
        ("@a + $1 + $3 + @b", ["2:a:arg", "1:None:arg", "3:None:arg", "4:b:arg"]),
        ('@"A b" @Ü', ["1:A b:arg", "2:Ü:arg"]),
        ("(@a)::int,@b", ["1:a:arg", "2:b:arg"]),
        ("x @> @a", ["1:a:arg"]),
        ("SELECT sqlc.arg(Name)", ["1:name:arg"]),
        ("SQLC.ARG('Name'), \"sqlc\".\"arg\"(\"N\"\"x\")", ["1:Name:arg", '2:N"x:arg']),
        ("sqlc . narg ( /* c */ a -- d\n)", ["1:a:narg"]),
        ("sqlc.arg('it''s')", ["1:it's:arg"]),
        ("@a, sqlc.narg(a), sqlc.arg(a)", ["1:a:narg"] * 3),
        ("a IN (sqlc.slice(b))", ["1:b:slice"]),
        ("a Not /* x */ In(sqlc.slice('b'))", ["1:b:not slice"]),
        ("a IN (sqlc.slice(b)) OR c = ANY(sqlc.slice(b))", ["1:b:slice", "1:b:arg"]),
        ("cardinality(sqlc.slice(b))", ["1:b:arg"]),
        ("a IN (SELECT unnest(sqlc.slice(b)))", ["1:b:arg"]),
        ("sqlc.embed(t), sqlc.embed(\"T\"), sqlc.embed('t')",
         ["embed:t", 'embed:"T"', 'embed:"t"']),
    ],
)  # fmt: skip
def test_found(sql: str, expected: list[str]) -> None:
    assert described(sql) == expected


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT '@a $1 sqlc.arg(b)'",
        "SELECT E'\\'@a' || U&'@a'",
        "SELECT $$ @a $1 $$, $q$ sqlc.arg(b) $q$",
        'SELECT "@a", "$1"',
        "SELECT 1 -- @a $1\n /* sqlc.arg(b) /* @c */ */",
        "SELECT @ -5, @-5, @ (x), x @@ y, x @> y, x <@y, @@x, @sqrt(2), @(1)",
        "SELECT a$1, sqlc.arg, sqlc, x.sqlc.arg(a)",
        "SELECT arr[1:2], a::int, j ? 'k', j #>'{a}'",
    ],
)
def test_nothing_to_find(sql: str) -> None:
    assert described(sql) == []


CLOSED = ["'{}'", "E'{}'", "$${}$$", "$q${}$q$", '"{}"', "/* {} */", "-- {}\n", "N'{}'"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(CLOSED),
            st.sampled_from(["@a", "$1", "sqlc.arg(b)", "sqlc.slice(c)", "@a, $2"]),
        )
    )
)
def test_never_within_literals_and_comments(parts: list[tuple[str, str]]) -> None:
    inside = " ".join(shell.format(use) for shell, use in parts)
    assert described(f"SELECT {inside}\n, @real") == ["1:real:arg"]


@given(st.lists(st.sampled_from(["$1", "$2", "$5", "@a", "@b", "sqlc.narg(c)"])))
def test_numbers(parts: list[str]) -> None:
    uses, _ = find(f"SELECT {', '.join(parts)}")
    parameters = [use for use in uses if isinstance(use, ParameterUse)]
    assert len(parameters) == len(parts)
    given_numbers = {use.number for use in parameters if use.name is None}
    by_name = {use.name: use.number for use in parameters if use.name}
    assert all(f"${use.number}" == use.span.text for use in parameters if not use.name)
    assert len(set(by_name.values())) == len(by_name)
    assert not given_numbers & set(by_name.values())
    # No number is left free below the highest that a name got.
    highest = max(by_name.values(), default=0)
    assert set(range(1, highest + 1)) <= given_numbers | set(by_name.values())


@pytest.mark.parametrize(
    ("sql", "span"),
    [
        ("a IN (sqlc.slice(b))", "IN (sqlc.slice(b))"),
        ("a NOT IN ( sqlc.slice(b) ) AND c", "NOT IN ( sqlc.slice(b) )"),
        ("a = ANY(sqlc.slice(b))", "sqlc.slice(b)"),
        ("x + sqlc.arg ( a )", "sqlc.arg ( a )"),
        ('x + @"a b"', '@"a b"'),
    ],
)
def test_spans(sql: str, span: str) -> None:
    ((use,), _) = find(sql)
    assert use.span.text == span


@pytest.mark.parametrize(
    ("sql", "code", "span"),
    [
        ("SELECT sqlc.arg()", "invalid-macro-argument", "sqlc.arg()"),
        ("SELECT sqlc.arg(a, b)", "invalid-macro-argument", "sqlc.arg(a, b)"),
        ("SELECT sqlc.arg(1), 2", "invalid-macro-argument", "sqlc.arg(1)"),
        ("SELECT sqlc.arg('')", "invalid-macro-argument", "sqlc.arg('')"),
        ("SELECT sqlc.arg(E'a')", "invalid-macro-argument", "sqlc.arg(E'a')"),
        ("SELECT sqlc.arg('a'\n'b')", "invalid-macro-argument", "sqlc.arg('a'\n'b')"),
        ("SELECT sqlc.embed(s.t)", "invalid-macro-argument", "sqlc.embed(s.t)"),
        ("SELECT sqlc.arg(a b", "invalid-macro-argument", "sqlc.arg(a b"),
        ("SELECT sqlc.arg(", "invalid-macro-argument", "sqlc.arg("),
        ("SELECT sqlc.ember(a), 1", "unknown-macro", "sqlc.ember"),
        ("a IN (sqlc.slice(b), 1)", "misplaced-slice", "sqlc.slice(b)"),
        ("a IN (1, sqlc.slice(b))", "misplaced-slice", "sqlc.slice(b)"),
        ("a IN (f(1), sqlc.slice(b)::int)", "misplaced-slice", "sqlc.slice(b)"),
        ("a IN sqlc.slice(b)", "misplaced-slice", "sqlc.slice(b)"),
        ("a = sqlc.slice(b)", "misplaced-slice", "sqlc.slice(b)"),
        ("SELECT $0", "invalid-parameter-number", "$0"),
        ("SELECT $65536", "invalid-parameter-number", "$65536"),
        (f"SELECT ${'9' * 5000}", "invalid-parameter-number", f"${'9' * 5000}"),
    ],
)
def test_mistakes(sql: str, code: str, span: str) -> None:
    found = mistake(sql)
    assert found.span is not None
    assert (found.code, found.span.text) == (code, span)
    assert found.severity is Severity.ERROR
    assert found.hint


def test_a_glued_parameter_is_an_error() -> None:
    assert mistake("WHERE id=@id").render() == (
        "a.sql:1:9: error: =@ is one operator, so id is not a parameter"
        " [glued-parameter]\n"
        "    1 | WHERE id=@id\n"
        "      |         ^^^^\n"
        "  hint: put a space between: = @id"
    )


def test_messages() -> None:
    assert mistake("SELECT\tsqlc.nargs('x')").render() == (
        "a.sql:1:8: error: there is no sqlc.nargs [unknown-macro]\n"
        "    1 | SELECT  sqlc.nargs('x')\n"
        "      |         ^^^^^^^^^^\n"
        "  hint: did you mean sqlc.narg?"
    )
    assert mistake("x IN (sqlc.slice(ids), 1)").render() == (
        "a.sql:1:7: error: sqlc.slice(ids) is a list and needs IN (…) or ANY (…)"
        " [misplaced-slice]\n"
        "    1 | x IN (sqlc.slice(ids), 1)\n"
        "      |       ^^^^^^^^^^^^^^^\n"
        "  hint: write IN (sqlc.slice(ids)) with nothing else in the parentheses,"
        " or = ANY (sqlc.slice(ids))"
    )
