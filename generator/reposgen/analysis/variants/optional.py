"""Cuts a statement into the pieces that stand or fall with `@optional` parameters."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, TypeAlias

from reposgen.analysis.model import OptionalKind, Piece, PieceRole
from reposgen.analysis.variants.clauses import Clauses, ListKind
from reposgen.diagnostics import Diagnostic, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reposgen.analysis.variants.clauses import MemberList
    from reposgen.diagnostics import Span

_KINDS = {
    ListKind.CONJUNCTS: OptionalKind.FILTER,
    ListKind.ASSIGNMENTS: OptionalKind.SET,
}

# The parameters of a member, by number.
_Numbers: TypeAlias = "frozenset[int]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """A stretch that is there only if its parameters are; see `Piece`."""

    start: int
    end: int
    when: _Numbers = frozenset()
    any_of: frozenset[_Numbers] = frozenset()
    role: PieceRole = PieceRole.SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Which members of which lists take which optional parameters."""

    lists: Mapping[MemberList, Mapping[int, set[int]]]
    kinds: Mapping[int, OptionalKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """A statement in pieces.

    Attributes:
        pieces: joined they are the statement, but for a `TRUE AND` where a whole list
            of conjuncts is optional.
        kinds: by parameter number, what leaves the parameter's clauses out.
        doubtful: the statement with a boolean parameter in the place of each optional
            condition: what holds of its rows whatever that parameter is, holds of
            the rows of all variants. (Optional SET items are in it.)
    """

    pieces: tuple[Piece, ...]
    kinds: Mapping[int, OptionalKind]
    doubtful: str


def cut_optional(
    sql: str,
    optional: Mapping[int, str],
    place: Callable[[int], Span],
    order_by: tuple[int, int] | None = None,
) -> Pieces | tuple[Diagnostic, ...]:
    """Cut `sql` around the clauses of the optional parameters.

    Args:
        sql: the statement with `$n`, as it goes to the server.
        optional: names of the optional parameters, by number.
        place: the span in the user's file of a parameter at an offset of `sql`.
        order_by: an ORDER BY to be cut out as well, as (start, end) offsets.

    Returns:
        The pieces, or what is wrong with the directive.
    """
    clauses = Clauses(sql)
    uses = list(clauses.parameters())
    found = _lists(clauses, uses, optional, place, order_by)
    if isinstance(found, tuple):
        return found
    lists = found.lists
    covered = [
        around.members[index] for around, members in lists.items() for index in members
    ]
    orphan = _orphan(uses, optional, covered)
    if orphan is not None:
        return (_left_unused(orphan[0], place(orphan[1])),)
    cuts: list[_Cut] = []
    insertions: list[int] = []
    for around, members in lists.items():
        whole = len(members) == len(around.members)
        if whole and around.kind is ListKind.ASSIGNMENTS:
            cuts += _all_optional(around, members)
            continue
        if whole:
            insertions.append(around.members[0][0])
        cuts += _some_optional(around, members)
    if order_by is not None:
        cuts.append(_Cut(start=order_by[0], end=order_by[1], role=PieceRole.ORDER_BY))
    conditions = [
        around.members[index]
        for around, members in lists.items()
        if around.kind is ListKind.CONJUNCTS
        for index in members
    ]
    return Pieces(
        pieces=tuple(_assemble(sql, cuts, insertions)),
        kinds=found.kinds,
        doubtful=_doubted(sql, conditions, 1 + max((n for n, _ in uses), default=0)),
    )


def _lists(
    clauses: Clauses,
    uses: Iterable[tuple[int, int]],
    optional: Mapping[int, str],
    place: Callable[[int], Span],
    order_by: tuple[int, int] | None,
) -> tuple[Diagnostic, ...] | _Found:
    """The lists that the parameters stand in, or what is wrong with their places."""
    lists: dict[MemberList, dict[int, set[int]]] = {}
    kinds: dict[int, OptionalKind] = {}
    mistakes: list[Diagnostic] = []
    for number, offset in uses:
        if number not in optional:
            continue
        around = clauses.list_around(offset)
        ordered = order_by is not None and order_by[0] <= offset < order_by[1]
        if around is None or ordered:
            mistakes.append(_outside(optional[number], place(offset)))
            continue
        kind = _KINDS[around.kind]
        if kinds.setdefault(number, kind) is not kind:
            mistakes.append(_both_kinds(optional[number], place(offset)))
        members = lists.setdefault(around, {})
        members.setdefault(around.member_at(offset), set()).add(number)
    return tuple(mistakes) if mistakes else _Found(lists=lists, kinds=kinds)


def _doubted(sql: str, conditions: Sequence[tuple[int, int]], number: int) -> str:
    parts = []
    position = 0
    for start, end in sorted(conditions):
        if start >= position:  # else part of an outer one
            parts += [sql[position:start], f" ${number} "]
            position = end
    return "".join((*parts, sql[position:]))


def _some_optional(
    around: MemberList, members: Mapping[int, set[int]]
) -> Iterable[_Cut]:
    """Cut members together with the separator that lies towards a lasting one."""
    # Where none lasts, the TRUE that is put in front of the first one does.
    lasting = next((i for i in range(len(around.members)) if i not in members), -1)
    for index, numbers in members.items():
        start, end = around.members[index]
        if index < lasting:
            end = around.members[index + 1][0]
        elif index > 0:
            start = around.members[index - 1][1]
        yield _Cut(start=start, end=end, when=frozenset(numbers))


def _all_optional(
    around: MemberList, members: Mapping[int, set[int]]
) -> Iterable[_Cut]:
    """Cut members and separators apart: which come first is known at the call only."""
    everything = frozenset(map(frozenset, members.values()))
    start = around.members[0][0]
    yield _Cut(start=start, end=start, any_of=everything, role=PieceRole.SOME)
    before: frozenset[_Numbers] = frozenset()
    for index, (start, end) in enumerate(around.members):
        when = frozenset(members[index])
        if index:
            separator = around.members[index - 1][1]
            yield _Cut(start=separator, end=start, when=when, any_of=before)
        yield _Cut(start=start, end=end, when=when)
        before |= {when}


def _assemble(
    sql: str, cuts: Sequence[_Cut], insertions: Sequence[int]
) -> Iterable[Piece]:
    """Flatten the cuts, of which an inner one also needs what the outer one needs."""
    stretches = [c for c in cuts if c.start < c.end]
    marks = {c.start: c for c in cuts if c.start == c.end}
    bounds = sorted(
        {0, len(sql), *insertions, *marks}
        | {c.start for c in stretches}
        | {c.end for c in stretches}
    )
    pieces: list[Piece] = []
    for start, end in pairwise(bounds):
        around = [c for c in stretches if c.start <= start and end <= c.end]
        piece = _piece(sql[start:end], around)
        if start in marks:
            pieces.append(_piece("", [marks[start]]))
        if start in insertions:
            # TRUE belongs to what surrounds the list, as the keyword before it does.
            outer = [c for c in around if c.start < start]
            pieces += [_piece("TRUE", outer), replace(piece, sql=" AND ")]
        pieces.append(piece)
    for same, group in groupby(pieces, key=lambda piece: replace(piece, sql="")):
        yield replace(same, sql="".join(piece.sql for piece in group))


def _piece(sql: str, cuts: Iterable[_Cut]) -> Piece:
    when = frozenset[int]()
    any_of = frozenset[_Numbers]()
    role = PieceRole.SQL
    for cut in cuts:
        when |= cut.when
        any_of |= cut.any_of
        role = cut.role if role is PieceRole.SQL else role
    return Piece(
        sql=sql,
        when=tuple(sorted(when)),
        any_of=tuple(sorted(tuple(sorted(numbers)) for numbers in any_of)),
        role=role,
    )


def _orphan(
    uses: Sequence[tuple[int, int]],
    optional: Mapping[int, str],
    covered: Sequence[tuple[int, int]],
) -> tuple[int, int] | None:
    """The first parameter that is there only for an optional clause's sake."""
    needed = {
        number
        for number, offset in uses
        if not any(start <= offset < end for start, end in covered)
    }
    return next(
        (
            (number, offset)
            for number, offset in uses
            if number not in optional and number not in needed
        ),
        None,
    )


def _outside(name: str, span: Span) -> Diagnostic:
    return error(
        "optional-outside-clause",
        f"@optional {name}: used where nothing can be left out",
        span=span,
        hint="an optional parameter stands in conditions of WHERE, HAVING and"
        " JOIN … ON, or in items of SET, and nowhere else",
    )


def _both_kinds(name: str, span: Span) -> Diagnostic:
    return error(
        "optional-filter-and-set",
        f"@optional {name}: used both as a filter and in SET",
        span=span,
        hint="None leaves a filter out but means NULL in SET: use two parameters",
    )


def _left_unused(number: int, span: Span) -> Diagnostic:
    return error(
        "optional-leaves-unused",
        f"parameter {span.text or f'${number}'} is used only in an optional clause"
        " but is not optional itself",
        span=span,
        hint="add it to the @optional line",
    )
