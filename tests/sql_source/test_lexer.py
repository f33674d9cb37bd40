"""The lexer, against PostgreSQL's own scanner wherever that takes the text."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pglast.parser import ParseError, scan

from reposgen.sql_source.lexer import Token, TokenKind, fold, tokenize, tokenize_file

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "conformance"

# What changes the scanner's state, so that random joins meet its rules often.
FRAGMENTS = (
    *("'", "''", "\\", "e'", "E'", "b'", "X'", "n'", "u&'", 'U&"', '"', '""'),
    *("$$", "$a$", "$b$", "$", "$1", "$12", "/*", "*/", "--", "\\'", "x"),
    *("\n", "\r", " ", "\t", "\v", "\f", "\u00a0"),
    *("1", "0x1F", "1_0", "1.5", ".5", "..", ".", "1e5", "e", "0b1", "0o7"),
    *"+-*/<>=~!@#%^&|`?:()[],;{}_",
    *("::", ":=", "=>", "abc", "é", "🙂", "a$b"),
)
sql_texts = st.lists(st.sampled_from(FRAGMENTS), max_size=14).map("".join)


def spans(text: str) -> list[tuple[int, int]]:
    return [
        (token.start, token.end)
        for token in tokenize(text)
        if token.kind is not TokenKind.SPACE
    ]


def postgresql_spans(text: str) -> list[tuple[int, int]]:
    return [(token.start, token.end + 1) for token in scan(text)]


def kinds(text: str) -> list[tuple[str, str]]:
    return [
        (token.kind.name, token.text)
        for token in tokenize(text)
        if token.kind is not TokenKind.SPACE
    ]


def test_corpus_spans_are_postgresqls() -> None:
    if not CORPUS.is_dir():
        pytest.skip(f"no conformance corpus at {CORPUS}")
    files = sorted(CORPUS.rglob("*.sql"))
    assert files
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert spans(text) == postgresql_spans(text), file


@given(sql_texts)
@example("a+-b *-1 !-1 =- ->- @-1 +-*/ <@--c")
@example("'a' -- c\n 'b' e'\\'' \n 'c\\'' b'1''1'")
@example("/* a /*/ b */ c */ d/**/e")
@example("1..2 1.5.3 1.e5 0x_1F $1..2 a[1:2]")
@example("$a$b$ab$c$$a$ a$a$b$a$")
@example("U&\"a\"\"\" u&'a''' n'x' é$1 x\u00a0y")
def test_spans_are_postgresqls(text: str) -> None:
    try:
        expected = postgresql_spans(text)
    except ParseError as refusal:
        unterminated = [t for t in tokenize(text) if t.kind is TokenKind.UNTERMINATED]
        # It stops at its first complaint: there may be another before that place.
        if "unterminated" in str(refusal):
            assert unterminated
    else:
        assert spans(text) == expected


@given(st.one_of(sql_texts, st.text()))
def test_tokens_join_to_the_text(text: str) -> None:
    tokens = list(tokenize(text))
    assert "".join(token.text for token in tokens) == text
    assert all(text[token.start : token.end] == token.text for token in tokens)
    assert all(token.text for token in tokens)


@given(sql_texts)
def test_only_the_last_token_is_unterminated(text: str) -> None:
    assert TokenKind.UNTERMINATED not in [t.kind for t in list(tokenize(text))[:-1]]


@given(sql_texts.filter(lambda text: "\\" not in text))
def test_file_tokens_are_the_tokens_without_space(text: str) -> None:
    solid = [t for t in tokenize(text) if t.kind is not TokenKind.SPACE]
    assert list(tokenize_file(text)) == solid


@given(sql_texts, st.integers(0, 20))
def test_a_window_has_the_tokens_of_its_text(text: str, width: int) -> None:
    around = f"x {text}"
    end = min(2 + width, len(around))
    inner = list(tokenize(around[2:end]))
    moved = [
        token._replace(start=token.start + 2, end=token.end + 2) for token in inner
    ]
    assert list(tokenize(around, 2, end)) == moved


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a::int", [("WORD", "a"), ("OPERATOR", "::"), ("WORD", "int")]),
        ("a := 1", [("WORD", "a"), ("OPERATOR", ":="), ("NUMBER", "1")]),
        (
            "f(a => $1)",
            [
                ("WORD", "f"),
                ("SIGN", "("),
                ("WORD", "a"),
                ("OPERATOR", "=>"),
                ("PARAMETER", "$1"),
                ("SIGN", ")"),
            ],
        ),
        (
            "a[1:2]",
            [
                ("WORD", "a"),
                ("SIGN", "["),
                ("NUMBER", "1"),
                ("SIGN", ":"),
                ("NUMBER", "2"),
                ("SIGN", "]"),
            ],
        ),
        ("id=@id", [("WORD", "id"), ("OPERATOR", "=@"), ("WORD", "id")]),
        (
            "x @> @y",
            [("WORD", "x"), ("OPERATOR", "@>"), ("OPERATOR", "@"), ("WORD", "y")],
        ),
        ("1abc", [("NUMBER", "1abc")]),
        (
            "0x1F 1_000 1.5e3",
            [("NUMBER", "0x1F"), ("NUMBER", "1_000"), ("NUMBER", "1.5e3")],
        ),
        (
            "E'\\'' U&'x' X'1F'",
            [("STRING", "E'\\''"), ("STRING", "U&'x'"), ("STRING", "X'1F'")],
        ),
        ("N'x'", [("WORD", "N"), ("STRING", "'x'")]),
        ('"a""b" U&"c"', [("QUOTED", '"a""b"'), ("QUOTED", 'U&"c"')]),
        (
            "'a'\n'b' 'c' 'd'",
            [("STRING", "'a'\n'b'"), ("STRING", "'c'"), ("STRING", "'d'")],
        ),
        (
            "a /* /* */ */ -- b",
            [("WORD", "a"), ("COMMENT", "/* /* */ */"), ("COMMENT", "-- b")],
        ),
        ("a $x$ ; $y$", [("WORD", "a"), ("UNTERMINATED", "$x$ ; $y$")]),
        ("/* /* */ a", [("UNTERMINATED", "/* /* */ a")]),
    ],
)
def test_kinds(text: str, expected: list[tuple[str, str]]) -> None:
    assert kinds(text) == expected


def test_psql_lines_are_tokens_of_files_only() -> None:
    text = "\\restrict it's\nselect 1;\n\\connect db\n"
    found = [t.text for t in tokenize_file(text) if t.kind is TokenKind.PSQL]
    assert found == ["\\restrict it's", "\\connect db"]
    assert list(tokenize(text))[-1].kind is TokenKind.UNTERMINATED


def test_a_backslash_within_a_line_is_no_psql_line() -> None:
    assert [t.kind.name for t in tokenize_file("select \\x")] == [
        "WORD",
        "SIGN",
        "WORD",
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [("Tenant_ID", "tenant_id"), ('"Tenant ""X"""', 'Tenant "X"'), ("ÄB", "Äb")],
)
def test_names_fold_as_postgresql_folds_them(text: str, name: str) -> None:
    (token,) = tokenize(text)
    assert fold(token) == name
    assert isinstance(token, Token)
