"""Places in text and the messages about them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reposgen.diagnostics import (
    Diagnostic,
    ReposgenError,
    SourceFile,
    did_you_mean,
    error,
    sorted_diagnostics,
    warning,
)

newlines = st.sampled_from(["\n", "\r\n", "\r"])
lines = st.text(alphabet=st.characters(exclude_characters="\r\n"))


def source(text: str) -> SourceFile:
    return SourceFile(path="q/a.sql", text=text)


def excerpt(text: str, start: int, end: int | None = None) -> list[str]:
    """The lines of a message below its first, without the gutter."""
    rendered = error("x", "y", span=source(text).span(start, end)).render()
    shown, carets = rendered.split("\n")[1:]
    assert shown[5:7] == carets[5:7] == " |"
    return [shown[8:], carets[8:]]


@given(st.lists(lines, min_size=1), newlines)
def test_line_and_column(parts: list[str], newline: str) -> None:
    text = ""
    for number, line in enumerate(parts, start=1):
        start = len(text)
        text += line + newline
        file = source(text + "end")
        assert file.line_and_column(start) == (number, 1)
        assert file.line_and_column(start + len(line)) == (number, len(line) + 1)
        assert file.line_text(number) == line
    assert source(text).line_text(len(parts) + 1) == ""


def test_span() -> None:
    span = source("ab\n cde").span(4, 6)
    assert (span.text, span.line, span.column) == ("cd", 2, 2)
    assert source("abc").span(1).text == "b"


def test_only_editors_newlines_end_a_line() -> None:
    assert source("a\vb\fc\x85d\u2028e").line_and_column(8) == (1, 9)


def test_render() -> None:
    span = source("SELECT titel\nFROM t").span(7, 12)
    found = error("unknown-column", "there is no titel", span=span, hint="say title")
    assert found.file == "q/a.sql"
    assert found.render() == (
        "q/a.sql:1:8: error: there is no titel [unknown-column]\n"
        "    1 | SELECT titel\n"
        "      |        ^^^^^\n"
        "  hint: say title"
    )


def test_render_without_a_span() -> None:
    assert error("x", "it is bad", path="q").render() == "q: error: it is bad [x]"
    assert warning("x", "it is bad").render() == "warning: it is bad [x]"
    assert error("x", "it is bad").file is None


@pytest.mark.parametrize(
    ("text", "start", "end", "shown", "carets"),
    [
        ("abc", 1, 2, "abc", " ^"),
        ("abc", 0, 3, "abc", "^^^"),
        ("abc\ndef", 2, 6, "abc", "  ^"),
        ("abc", 3, 3, "abc", "   ^"),
        ("abc\n", 4, 4, "", "^"),
        ("", 0, 0, "", "^"),
        ("abc\r\ndef", 3, 5, "abc", "   ^"),
        ("abc\r\ndef", 4, 5, "abc", "   ^"),
        ("\tab\tc", 1, 2, "    ab  c", "    ^"),
        ("a\tb", 1, 2, "a   b", " ^^^"),
        ("日\tb", 2, 3, "日  b", "    ^"),
        ("日本 x", 0, 2, "日本 x", "^^^^"),
        ("日本 x", 3, 4, "日本 x", "     ^"),
        ("e\u0301 x", 3, 4, "e\u0301 x", "  ^"),
        ("é x", 2, 3, "é x", "  ^"),
        ("🙂x", 1, 2, "🙂x", "  ^"),
        ("\x1b[31mx", 5, 6, "\ufffd[31mx", "     ^"),
        ("abc   ", 1, 2, "abc", " ^"),
    ],
)
def test_carets(text: str, start: int, end: int, shown: str, carets: str) -> None:
    assert excerpt(text, start, end) == [shown, carets]


@given(st.text(), st.data())
def test_every_span_can_be_rendered(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    shown, carets = excerpt(text, start, end)
    assert re.fullmatch(r" *\^+", carets)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", shown)


@pytest.mark.parametrize(
    ("word", "known", "expected"),
    [
        ("titel", ["title", "id"], "title"),
        ("Many", ["many", "one"], "many"),
        ("mny", ["MANY"], "MANY"),
        ("xyz", ["title", "id"], None),
        ("x", [], None),
    ],
)
def test_did_you_mean(word: str, known: list[str], expected: str | None) -> None:
    assert did_you_mean(word, known) == expected


def test_sorted_by_file_and_place() -> None:
    a, b = (SourceFile(path=path, text="x\ny") for path in ("a.sql", "b.sql"))
    wanted: list[Diagnostic] = [
        error("no-place", "x"),
        error("folder", "x", path="a"),
        error("first", "x", span=a.span(0)),
        warning("alike", "x", span=a.span(2)),
        error("later", "x", span=a.span(2)),
        error("other", "x", span=b.span(0)),
    ]
    assert sorted_diagnostics(reversed(wanted)) == tuple(wanted)


def test_an_error_says_everything() -> None:
    problem = ReposgenError([error("a", "x", path="p"), error("b", "y")])
    assert [d.code for d in problem.diagnostics] == ["a", "b"]
    assert str(problem) == "p: error: x [a]\nerror: y [b]"
