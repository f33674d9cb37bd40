"""Lines that are too long, broken where black breaks them.

black has the last word on all code, and what it changes it goes through twice, which
takes four times as long as to find that nothing is to be done. So what is often too
long arrives broken: signatures, calls, tuples. Where the rules below know no answer the
line stays as it is, and black finds one.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LINE_LENGTH = 88

_INDENT = "    "
_DEFINITION = re.compile(r"(?:(?:async )?def|class) \w+")
# What may stand before the bracket that a line is broken at: nothing with operators.
_PLAIN = re.compile(r"(?:return )?(?:await )?(?:\w+=)?[\w.]*")
_TOKEN = re.compile(r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|[^"'()\[\]{},]++|.""")


def fitted(line: str, indent: int) -> str:
    """A line of code, in several lines where it is too long.

    Args:
        line: without its indentation; no string in it has several lines.
        indent: in columns, of the lines after the first.
    """
    margin = " " * indent
    lines = _broken(margin, line) if indent + len(line) > LINE_LENGTH else None
    return "\n".join(lines).removeprefix(margin) if lines else line


def fitted_item(key: Sequence[str], value: str, indent: int) -> str:
    """An item of a dict, in several lines where it is too long.

    Args:
        key: the elements of a tuple, as code; at least two.
        value: a name.
        indent: in columns, of the lines after the first.
    """
    line = f"({', '.join(key)}): {value},"
    if indent + len(line) <= LINE_LENGTH:
        return line
    margin = " " * indent
    elements = "".join(f"{margin}{_INDENT}{element},\n" for element in key)
    return f"(\n{elements}{margin}): {value},"


def _broken(margin: str, line: str) -> list[str] | None:
    pairs = list(_brackets(line))
    is_definition = bool(_DEFINITION.match(line))
    if not pairs or (len(pairs) > 1 and not is_definition):
        return None
    start, end, commas = pairs[0]
    head, body, tail = line[: start + 1], line[start + 1 : end], line[end:]
    known = _DEFINITION if is_definition else _PLAIN
    # With one item, or a comma behind the last, black has rules of their own.
    if not known.fullmatch(head[:-1]) or not commas or body.endswith(","):
        return None
    if not is_definition and tail[1:] not in {"", ","}:
        return None
    is_display = not head[:-1] or head[-2] == "="
    inner = margin + _INDENT
    if not is_display and len(inner + body) <= LINE_LENGTH:
        middle = [inner + body]
    else:
        places = [start, *commas, end]
        middle = []
        for before, after in pairwise(places):
            item = line[before + 1 : after].strip() + ","
            fits = len(inner + item) <= LINE_LENGTH
            lines = [inner + item] if fits else _broken(inner, item)
            if lines is None:
                return None
            middle += lines
    lines = [margin + head, *middle, margin + tail]
    return lines if max(map(len, lines)) <= LINE_LENGTH else None


def _brackets(line: str) -> Iterator[tuple[int, int, list[int]]]:
    """The outermost pairs of brackets: their places, and those of the commas inside."""
    depth, start = 0, 0
    commas: list[int] = []
    for match in _TOKEN.finditer(line):
        match match[0]:
            case "(" | "[" | "{":
                if depth == 0:
                    start, commas = match.start(), []
                depth += 1
            case ")" | "]" | "}":
                depth -= 1
                if depth == 0:
                    yield start, match.start(), commas
            case "," if depth == 1:
                commas.append(match.start())
            case _:
                pass
