"""Division of a module's text into pieces that are formatted independently.

Formatting is by far the slowest step. So only the pieces that changed since the last
run are formatted, and the pieces of a long module in parallel.
"""

from __future__ import annotations

import ast
from itertools import pairwise
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_METHODS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (ast.ClassDef, *_METHODS)
_IMPORTS = (ast.Import, ast.ImportFrom)
_MOST_BLANK_LINES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A statement, or a method with its indentation; the first piece has all imports.

    Attributes:
        text: the text without newlines around it.
        blank_lines: number of blank lines above it, as black sets them.
    """

    text: str
    blank_lines: int


def pieces_of(text: str) -> tuple[Piece, ...]:
    """Split a module into pieces."""
    statements = ast.parse(text).body
    lines = text.splitlines(keepends=True)
    head = 0
    while head < len(statements) and _is_head(statements[head]):
        head += 1
    places = [(0, 0), *_places(statements[head:], lines)]
    ends = [start for start, _ in places[1:]] + [len(lines)]
    found: list[Piece] = []
    below = 0
    for (start, wanted), end in zip(places, ends, strict=True):
        part = "".join(lines[start:end])
        body = part.strip("\n")
        if not body:
            continue  # no imports
        if wanted is not None:
            blank_lines = wanted
        elif len(found) == 1 and not body.startswith("#"):
            blank_lines = 1  # below imports
        else:
            blank_lines = min(below, _MOST_BLANK_LINES)
        found.append(Piece(text=body, blank_lines=blank_lines))
        below = len(part) - len(part.rstrip("\n")) - 1
    return tuple(found)


def joined(pieces: Sequence[Piece], formatted: Mapping[str, str]) -> str:
    """Return the module assembled from its formatted pieces."""
    return "".join(
        "\n" * piece.blank_lines + formatted[piece.text] + "\n" for piece in pieces
    )


def _is_head(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant(value=str())):
            return True
        case _:
            return isinstance(statement, _IMPORTS)


def _places(
    statements: Sequence[ast.stmt], lines: Sequence[str]
) -> Iterator[tuple[int, int | None]]:
    """Yield the first line of each piece, counted from 0, and the blank lines above.

    The number of blank lines is black's around classes and functions, and None where
    black keeps the existing number.
    """
    previous: ast.stmt | None = None
    for statement in statements:
        near = isinstance(statement, _DEFINITIONS) or isinstance(previous, _DEFINITIONS)
        start = _first_line(statement)
        while start and lines[start - 1].startswith("#") and _is_after(start, previous):
            start -= 1
        yield start, _MOST_BLANK_LINES if near else None
        if isinstance(statement, ast.ClassDef):
            for above, member in pairwise(statement.body):
                if isinstance(member, _METHODS):
                    # Interfaces of methods stand close together.
                    close = _is_stub(above) and _is_stub(member)
                    yield _first_line(member), 0 if close else 1
        previous = statement


def _is_stub(statement: ast.stmt) -> bool:
    """Return True if it is a method whose body is only `...`."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            match statement.body:
                case [ast.Expr(value=ast.Constant(value=value))]:
                    return value is ...
    return False


def _is_after(line: int, statement: ast.stmt | None) -> bool:
    return statement is None or line > (statement.end_lineno or 0)


def _first_line(statement: ast.stmt) -> int:
    lines = [statement.lineno]
    if isinstance(statement, _DEFINITIONS):
        lines += (decorator.lineno for decorator in statement.decorator_list)
    return min(lines) - 1
