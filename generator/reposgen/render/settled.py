"""Recognition of pieces of Python that black would not change.

Black takes a thousand times as long to find that out as it takes to write the piece.
Nearly all pieces of a package have a few simple forms, for which black's rules are few:

- A logical line is one physical line that is short enough, with spaces as
  `ast.unparse` prints them, and with plain strings in double quotes.
- Brackets whose last item is followed by a comma stay open, with a line for each item.
- A line that is too long is broken as `lines.fitted` breaks it.

Other pieces are passed to black: a piece that is not recognised is only slower.
"""

from __future__ import annotations

import ast
import re

from reposgen.render.lines import LINE_LENGTH, fitted

_INDENT = "    "
_QUOTES = '"""'
_STRING = re.compile(r'"[ !#-\[\]-~]*"')
# What no line of code here needs, and black or Python would print in another way.
_UNUSUAL = re.compile(r"""['\\#;\t]|[^\x20-\x7e]|,[)\]}]|, [)\]}]|\breturn \(""")
# Stands for a string that is by itself.
_MASK = "__string"
_ALONE = re.compile(rf"(?<!\w)(?<!{_MASK} ){_MASK}(?!\w)")
_ONE_TUPLE = re.compile(r"(?<=\w),\)")
_CLOSING = re.compile(r"[)\]}](?: -> [\w.\[\], |]+)?(?:: \.\.\.|:|(?:: [\w.]+)?,)?")
_DOC_LINE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_INNERMOST = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]")


def is_settled(piece: str) -> bool:
    """Return True if black is known not to change a piece.

    Args:
        piece: a statement, or a method with its indentation; no newlines around it.
    """
    if _CONTROL.search(piece):
        return False
    try:
        _Reader(piece.split("\n")).read()
    except (_UnknownError, SyntaxError, ValueError):
        return False
    return True


class _UnknownError(Exception):
    """The piece has no known form."""


class _Reader:
    """Reader of a piece's lines.

    Attributes:
        lines: lines of the piece.
        place: index of the next line.
    """

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.place = 0

    def read(self) -> None:
        indent = len(self.lines[0]) - len(self.lines[0].lstrip(" "))
        _require(indent in (0, 4))
        if self._follows("#") or self._follows(_QUOTES):
            self._head()
            return
        margin = " " * indent
        while self._follows(f"{margin}@"):
            _require(_is_spaced(self._take()[indent + 1 :]))
        line = self._logical(indent)
        is_class = line.startswith("class ")
        if not line.endswith(":"):
            self._end()
            return
        inner = margin + _INDENT
        _require(self._follows(inner))
        if self._follows(inner + _QUOTES):
            self._docstring(inner)
            if is_class and self.place < len(self.lines):
                _require(not self._take() and self._follows(inner))
        while self.place < len(self.lines):
            if is_class and not self.lines[self.place]:
                self._take()
            _require(self._follows(inner))
            _require(not self._logical(len(inner)).endswith(":"))

    def _head(self) -> None:
        """Read a comment, the docstring and imports."""
        if self._follows("#"):
            _require(bool(re.fullmatch(r"# [!-~](?:[ -~]*[!-~])?", self._take())))
        self._docstring("")
        while self.place < len(self.lines):
            _require(not self._take())
            _require(self._follows("from ") or self._follows("import "))
            while self._follows("from ") or self._follows("import "):
                self._logical(0)

    def _docstring(self, margin: str) -> None:
        first = self._take().removeprefix(margin + _QUOTES)
        if first.endswith(_QUOTES):
            text = first.removesuffix(_QUOTES)
            _require(len(margin) + len(text) + 6 <= LINE_LENGTH)
            _require(_is_prose(text))
            return
        _require(_is_prose(first))
        is_at_margin = False
        while (line := self._take()) != margin + _QUOTES:
            if not line:
                # Black removes empty lines in front of the quotes.
                _require(self.place < len(self.lines))
                _require(self.lines[self.place] != margin + _QUOTES)
                continue
            _require(line.startswith(margin))
            text = line.removeprefix(margin)
            is_at_margin |= not text.startswith(" ")
            _require(_is_prose(text.lstrip(" ")))
        _require(is_at_margin)

    def _logical(self, indent: int) -> str:
        """Read a logical line and return it as one physical line."""
        line = self._unchecked(indent)
        _require(_is_spaced(line))
        return line

    def _unchecked(self, indent: int) -> str:
        margin = " " * indent
        line = self._take()
        _require(line.startswith(margin) and line[indent : indent + 1] != " ")
        _require(len(line) <= LINE_LENGTH)
        if line[-1:] not in "([{":
            return line[indent:]
        inner = margin + _INDENT
        _require(self._follows(inner) and not self._follows(inner + " "))
        is_open = self.lines[self.place][-1] in ',([{"'
        middle = self._items(len(inner)) if is_open else self._take().strip()
        tail = self._take().removeprefix(margin)
        _require(len(margin + tail) <= LINE_LENGTH and _CLOSING.fullmatch(tail))
        whole = f"{line[indent:]}{middle}{tail}"
        if not is_open:
            broken = "\n".join((line[indent:], inner + middle, margin + tail))
            _require(fitted(whole, indent) == broken)
        return whole

    def _items(self, indent: int) -> str:
        """Read the items of open brackets, one per line."""
        margin = " " * indent
        items: list[str] = []
        while self._follows(margin):
            if self._follows(margin + _QUOTES):
                self._text()
                items.append('"",')
            else:
                items.append(self._unchecked(indent))
                _require(_is_one_item(items[-1]))
        # A tuple of one item has the comma anyway.
        _require(len(items) > 1)
        return " ".join(items).removesuffix(",")

    def _text(self) -> None:
        """Read a multi-line string that is an item."""
        first = self._take().strip()
        _require(first == _QUOTES)
        while _QUOTES not in (line := self._take()):
            pass
        _require(line == f"{_QUOTES},")

    def _take(self) -> str:
        _require(self.place < len(self.lines))
        self.place += 1
        return self.lines[self.place - 1]

    def _follows(self, text: str) -> bool:
        return self.place < len(self.lines) and self.lines[self.place].startswith(text)

    def _end(self) -> None:
        _require(self.place == len(self.lines))


def _require(condition: object) -> None:
    if not condition:
        raise _UnknownError


def _is_prose(text: str) -> bool:
    """Return True if black keeps the text at the start or end of a docstring."""
    return bool(_DOC_LINE.fullmatch(text)) and not re.search(r'["\\]', text)


def _is_spaced(line: str) -> bool:
    """Return True if a logical line has the spaces that `ast.unparse` prints."""
    masked = _STRING.sub(_MASK, line)
    strings = len(_ALONE.findall(masked))
    if strings != masked.count(_MASK) or '"' in masked or masked.startswith(_MASK):
        return False
    if _UNUSUAL.search(_ONE_TUPLE.sub(")", masked)):
        return False
    code = _as_code(masked)
    return ast.unparse(ast.parse(code)) == code


def _is_one_item(line: str) -> bool:
    """Return True if the line is one item of brackets, followed by a comma."""
    rest, bare = _STRING.sub("", line), ""
    while rest != bare:
        bare, rest = rest, _INNERMOST.sub("", rest)
    return bool(re.fullmatch(r"[^,()\[\]{}]*,", rest))


def _as_code(line: str) -> str:
    """Return the line as code that is complete by itself."""
    if line.endswith(": ..."):
        return line.replace(": ...", ":\n    ...")
    if line.startswith("from "):
        return line.replace("import (", "import ").removesuffix(")")
    return f"{line}\n    pass" if line.endswith(":") else line
