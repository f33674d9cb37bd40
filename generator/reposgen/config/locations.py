"""The location of each key in a TOML text, which `tomllib` does not report."""

from __future__ import annotations

import re
import tomllib
from dataclasses import field
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.diagnostics import SourceFile, Span

KeyPath = tuple[str | int, ...]

_TRIVIA = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+')
# Up to two quotes may stand before the three that close a multi-line string.
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\r\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """The location of a key and its value; for a table, both are its header."""

    key: Span
    value: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Locations:
    """The locations of a file's keys.

    Attributes:
        found: locations by path: `("package", 0, "name")`.
        prefix: prefix of every requested path: `("tool", "reposgen")`.
    """

    source: SourceFile
    found: Mapping[KeyPath, Location] = field(repr=False)
    prefix: KeyPath = ()

    def key(self, *path: str | int) -> Span:
        """Return the span of the key at a path, or at the nearest enclosing path."""
        return self._nearest(path).key

    def value(self, *path: str | int) -> Span:
        """Return the span of the value at a path, or at the nearest enclosing path."""
        return self._nearest(path).value

    def _nearest(self, path: KeyPath) -> Location:
        full = self.prefix + path
        for length in range(len(full), 0, -1):
            if place := self.found.get(full[:length]):
                return place
        start = self.source.span(0)
        return Location(key=start, value=start)


def locate(source: SourceFile, prefix: KeyPath = ()) -> Locations:
    """Find all keys of a text that is known to be valid TOML."""
    scanner = _Scanner(source)
    scanner.document()
    return Locations(source=source, found=scanner.places, prefix=prefix)


class _Scanner:
    def __init__(self, source: SourceFile) -> None:
        self.places: dict[KeyPath, Location] = {}
        self._source = source
        self._text = source.text
        self._at = 0
        self._lengths: dict[KeyPath, int] = {}  # of the arrays of tables so far

    def document(self) -> None:
        table: KeyPath = ()
        self._skip(_TRIVIA)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_TRIVIA)

    def _header(self) -> KeyPath:
        is_array = self._text.startswith("[[", self._at)
        self._at += 2 if is_array else 1
        keys = self._dotted_key()
        self._at += 2 if is_array else 1
        path: KeyPath = ()
        for name, _ in keys[:-1]:
            path += (name,)
            if path in self._lengths:
                path += (self._lengths[path] - 1,)
        path += (keys[-1][0],)
        span = self._source.span(keys[0][1].start, keys[-1][1].end)
        place = Location(key=span, value=span)
        self.places.setdefault(path, place)
        if is_array:
            index = self._lengths.get(path, 0)
            self._lengths[path] = index + 1
            path += (index,)
            self.places[path] = place
        return path

    def _pair(self, table: KeyPath) -> None:
        keys = self._dotted_key()
        self._at += 1  # the equals sign
        self._skip(_BLANK)
        path = table + tuple(name for name, _ in keys)
        value = self._value(path)
        for depth, (_, span) in enumerate(keys, len(table) + 1):
            self.places.setdefault(path[:depth], Location(key=span, value=value))

    def _dotted_key(self) -> list[tuple[str, Span]]:
        keys = []
        while True:
            self._skip(_BLANK)
            span = self._take(_KEY)
            keys.append((_key_name(span.text), span))
            self._skip(_BLANK)
            if not self._text.startswith(".", self._at):
                return keys
            self._at += 1

    def _value(self, path: KeyPath) -> Span:
        start = self._at
        match self._text[start]:
            case "[":
                self._array(path)
            case "{":
                self._inline_table(path)
            case '"' | "'":
                self._take(_STRING)
            case _:
                scalar = self._take(_SCALAR)
                return self._source.span(start, start + len(scalar.text.rstrip()))
        return self._source.span(start, self._at)

    def _array(self, path: KeyPath) -> None:
        index = 0
        while self._enter_or_go_on("]"):
            span = self._value((*path, index))
            self.places[(*path, index)] = Location(key=span, value=span)
            index += 1

    def _inline_table(self, path: KeyPath) -> None:
        while self._enter_or_go_on("}"):
            self._pair(path)

    def _enter_or_go_on(self, closing: str) -> bool:
        """Step over an opening bracket or a comma, and over a closing bracket."""
        self._skip(_TRIVIA)
        if self._text[self._at] != closing:
            self._at += 1
            self._skip(_TRIVIA)
        if self._text[self._at] != closing:
            return True
        self._at += 1
        return False

    def _skip(self, pattern: re.Pattern[str]) -> None:
        if found := pattern.match(self._text, self._at):
            self._at = found.end()

    def _take(self, pattern: re.Pattern[str]) -> Span:
        start = self._at
        self._skip(pattern)
        return self._source.span(start, self._at)


def _key_name(written: str) -> str:
    if written[0] not in "\"'":
        return written
    (name,) = tomllib.loads(f"{written} = 0")
    return name
