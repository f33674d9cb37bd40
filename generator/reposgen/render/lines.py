"""Breaking of lines that are too long, where black breaks them.

black formats all code. If it changes something, it formats the result again, which
takes four times as long as finding nothing to change. So the lines that are often too
long are broken beforehand: signatures, calls, tuples. Lines that these rules do not
cover are left to black.
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
    """Return a line of code, broken into several lines if it is too long.

    Args:
        line: the line without its indentation; it contains no multi-line string.
        indent: indentation of the lines after the first, in columns.
    """
    margin = " " * indent
    lines = _broken(margin, line) if indent + len(line) > LINE_LENGTH else None
    return "\n".join(lines).removeprefix(margin) if lines else line


def fitted_item(key: Sequence[str], value: str, indent: int) -> str:
    """Return an item of a dict, broken into several lines if it is too long.

    Args:
        key: elements of a tuple, as code; at least two.
        value: a name.
        indent: indentation of the lines after the first, in columns.
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
    """Yield the outermost pairs of brackets: their positions and commas inside."""
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
