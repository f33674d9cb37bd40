"""Selection of the variants of a statement that the server describes."""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

from reposgen.analysis.model import PieceRole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from reposgen.analysis.model import Piece

# Largest number of variants that are all described; of more, only some are.
_ALL = 64


def selected_variants(
    pieces: Sequence[Piece], numbers: Sequence[int]
) -> Iterator[tuple[frozenset[int], str]]:
    """Yield the given parameters and the statement of variants, the most given first.

    These are all combinations, or if they are more than 64: all parameters, none, and
    each parameter alone. No variant has a clause that the full statement lacks. Only if
    one clause refers to another can leaving out several clauses together fail.

    Args:
        pieces: pieces of the statement.
        numbers: numbers of the optional parameters.
    """
    sizes: Iterator[int] = iter(range(len(numbers), -1, -1))
    if 2 ** len(numbers) > _ALL:
        sizes = iter((len(numbers), 1, 0))
    seen = set()
    for given in chain.from_iterable(combinations(numbers, size) for size in sizes):
        switched_on, sql = variant(pieces, given)
        if sql not in seen:
            seen.add(sql)
            yield switched_on, sql


def variant(
    pieces: Sequence[Piece], given: Collection[int]
) -> tuple[frozenset[int], str]:
    """Return the variant for some parameters.

    Returns:
        The parameters, including those that must be given so that there is something to
        SET; and the statement.
    """
    switched_on = _with_something_to_set(pieces, frozenset(given))
    return switched_on, joined(pieces, switched_on)


def joined(
    pieces: Sequence[Piece], given: Collection[int], *, ordered: bool = True
) -> str:
    """Return the SQL of a variant, with or without its ORDER BY."""
    return "".join(
        piece.sql if _is_given(piece, given) else piece.otherwise
        for piece in pieces
        if ordered or piece.role is not PieceRole.ORDER_BY
    )


def _is_given(piece: Piece, given: Collection[int]) -> bool:
    return _includes(given, (piece.when,)) and (
        not piece.any_of or _includes(given, piece.any_of)
    )


def _with_something_to_set(
    pieces: Sequence[Piece], given: frozenset[int]
) -> frozenset[int]:
    for piece in pieces:
        if piece.role is PieceRole.REQUIRE_ANY and not _includes(given, piece.any_of):
            given |= frozenset(piece.any_of[0])
    return given


def _includes(given: Collection[int], any_of: Sequence[tuple[int, ...]]) -> bool:
    return any(all(number in given for number in numbers) for numbers in any_of)
