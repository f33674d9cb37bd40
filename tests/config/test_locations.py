"""Every leaf that tomllib reads is found where it stands."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reposgen.config.locations import KeyPath, locate
from reposgen.diagnostics import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTS = {
    "tables": "a = 1\n[b]\nc = 2 # d = 3\n[b.e]\nf = 1979-05-27 07:32:00\n",
    "dotted": 'a.b."c.d" = 1\n[x . y]\n\'k\\n\' . z = "v"\n',
    "arrays of tables": "[[p]]\nn = 1\n[p.t]\nk = 2\n[[p.q]]\nr = 3\n[[p.q]]\nr = 4\n"
    "[[p]]\nn = 5\n[p.t]\nk = 6\n[[p.q]]\nr = 7\n",
    "inline": "t = { a = 1, b = { c = [1, 2], d.e = 'x' } }\np = [{n=1},{n=2}, ]\n",
    "nested arrays": "a = [ # one\n  [1, 2], # two ]\n  [\n"
    "  'x]', \"#\", ],\n  [],\n]\n",
    "strings": 'a = """\nx = "1" \\""" " """\nb = \'\'\'\n[c]\n\'\'\'\nd = "\\"]#"\n'
    'e = """""two"""""\nf = \'\'\'\'one\'\'\'\'\n',
    "crlf and unicode": 'a = "ü"\r\n[t]\r\n"日本" = [\r\n1,\r\n2]\r\n',
    "empty": "# nothing\n\n",
    "no last newline": "a = [1]\nb = {}\n[c]",
}


def leaves(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def assert_all_found(text: str) -> None:
    places = locate(SourceFile(path="t.toml", text=text))
    for path, value in leaves(tomllib.loads(text)):
        assert path in places.found
        assert tomllib.loads(f"v = {places.value(*path).text}") == {"v": value}
        if isinstance(path[-1], str):
            key = places.key(*path).text
            assert tomllib.loads(f"{key} = 0") == {path[-1]: 0}


@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_leaves_are_found(text: str) -> None:
    assert_all_found(text)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")))


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@given(st.lists(st.tuples(TEXT, st.lists(TEXT)), unique_by=lambda pair: pair[0]))
def test_any_text_in_keys_and_strings(pairs: list[tuple[str, list[str]]]) -> None:
    lines = [
        f"{quoted(key)} = [{', '.join(quoted(item) for item in items)}] # ]\"'"
        for key, items in pairs
    ]
    assert_all_found("[[t]]\n" + "\n".join(lines) + "\n[[t]]\n" + "\n".join(lines))


def test_header_is_the_place_of_a_table() -> None:
    places = locate(SourceFile(path="t.toml", text="[[p]]\nn = 1\n\n[[ p ]]\nn = 2\n"))
    assert (places.key("p", 1).line, places.key("p", 1).column) == (4, 4)
    assert (places.key("p").line, places.key("p").text) == (1, "p")


def test_unknown_paths_fall_back_to_what_is_around_them() -> None:
    places = locate(SourceFile(path="t.toml", text='[p]\nn = "x"\n'), ("p",))
    assert places.value("n", 0).text == '"x"'
    assert places.key("m").text == "p"
    assert locate(SourceFile(path="t.toml", text="")).value("x").start == 0
