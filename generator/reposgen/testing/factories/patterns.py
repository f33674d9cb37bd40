"""Generation of texts that match a simple regular expression or LIKE pattern."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

_CLASSES = {
    "d": "0123456789",
    "w": "abcdefghijklmnopqrstuvwxyz",
    "s": " ",
    "D": "a",
    "W": "-",
    "S": "a",
}
_NAMED = {
    "alpha": _CLASSES["w"],
    "lower": _CLASSES["w"],
    "upper": _CLASSES["w"].upper(),
    "digit": _CLASSES["d"],
    "alnum": _CLASSES["w"] + _CLASSES["d"],
    "xdigit": "0123456789abcdef",
    "space": " ",
    "punct": "-",
}
_COUNT = re.compile(r"\{(\d+)(,?)(\d*)\}")
_EXTRA = 3


class Unsupported(Exception):  # noqa: N818 -- not an error: another candidate is tried
    """The expression does not have a simple form."""


def like(pattern: str) -> str:
    """Return a text that a LIKE pattern matches."""
    return re.sub(
        r"\\(.)|[%_]",
        lambda found: found[1] or {"%": "", "_": "a"}[found[0]],
        pattern,
    )


def matching(pattern: str, random: Random) -> str | None:
    """Return a text that a regular expression matches; None if it is not simple."""
    try:
        sample = _Sample(pattern, random)
        text = sample.alternatives()
        sample.expect_end()
    except (Unsupported, IndexError, ValueError):
        return None
    return text


class _Sample:
    """Parser of an expression that generates a matching text."""

    def __init__(self, pattern: str, random: Random) -> None:
        self._pattern = pattern
        self._at = 0
        self._random = random

    def alternatives(self) -> str:
        found = [self._sequence()]
        while self._next("|"):
            found.append(self._sequence())
        return self._random.choice(found)

    def expect_end(self) -> None:
        if self._at < len(self._pattern):
            raise Unsupported

    def _sequence(self) -> str:
        text = ""
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            start = self._at
            piece = self._piece()
            end = self._at
            least, most = self._quantifier()
            count = self._random.randint(least, most)
            if count == 0:
                continue
            text += piece
            for _ in range(count - 1):
                # Drawn again, so that letters differ.
                after, self._at = self._at, start
                text += self._piece()
                if self._at != end:
                    raise Unsupported
                self._at = after
        return text

    def _piece(self) -> str:  # noqa: C901, PLR0911 -- one for each kind of piece
        character = self._take()
        match character:
            case "^" | "$":
                return ""
            case "(":
                if self._next("?") and not self._next(":"):
                    raise Unsupported
                text = self.alternatives()
                if not self._next(")"):
                    raise Unsupported
                return text
            case "[":
                return self._random.choice(self._set())
            case ".":
                return self._random.choice(_CLASSES["w"])
            case "\\":
                escaped = self._take()
                if escaped in _CLASSES:
                    return self._random.choice(_CLASSES[escaped])
                if escaped.isalnum():
                    raise Unsupported
                return escaped
            case "*" | "+" | "?" | "{":
                raise Unsupported
            case _:
                return character

    def _set(self) -> str:
        negated = self._next("^")
        members = ""
        while not (self._pattern[self._at] == "]" and members):
            if self._pattern.startswith("[:", self._at):
                end = self._pattern.index(":]", self._at)
                members += _NAMED.get(self._pattern[self._at + 2 : end], "")
                self._at = end + 2
                continue
            first = self._take()
            if first == "\\":
                escaped = self._take()
                members += _CLASSES.get(escaped, escaped)
                continue
            following = self._pattern[self._at : self._at + 2]
            if following[:1] == "-" and following[1:] not in ("", "]"):
                self._take()
                last = self._take()
                members += "".join(map(chr, range(ord(first), ord(last) + 1)))
            else:
                members += first
        self._take()
        if negated:
            usual = _CLASSES["w"] + _CLASSES["d"]
            members = "".join(c for c in usual if c not in members)
        if not members:
            raise Unsupported
        return members

    def _quantifier(self) -> tuple[int, int]:
        bounds = (1, 1)
        if self._next("*") or self._next("+"):
            bounds = (1, 1 + _EXTRA)
        elif self._next("?"):
            bounds = (0, 1)
        elif found := _COUNT.match(self._pattern, self._at):
            self._at = found.end()
            least = int(found[1])
            most = int(found[3]) if found[3] else least + (_EXTRA if found[2] else 0)
            bounds = (least, min(most, least + _EXTRA))
        self._next("?")
        return bounds

    def _take(self) -> str:
        self._at += 1
        return self._pattern[self._at - 1]

    def _next(self, text: str) -> bool:
        if self._pattern.startswith(text, self._at):
            self._at += len(text)
            return True
        return False
