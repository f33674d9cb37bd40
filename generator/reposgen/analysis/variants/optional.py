"""Cutting of a statement into pieces for its `@optional` parameters."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, TypeAlias

from reposgen.analysis.model import OptionalKind, Piece, PieceRole
from reposgen.analysis.variants.clauses import Clauses, ListKind
from reposgen.diagnostics import Diagnostic, error, warning
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reposgen.analysis.variants.clauses import MemberList
    from reposgen.analysis.variants.requests import Extent, Named
    from reposgen.diagnostics import Span

_JOINTS = frozenset({"OR", "NOT", "AND"})
_KINDS = {
    ListKind.CONJUNCTS: OptionalKind.FILTER,
    ListKind.ASSIGNMENTS: OptionalKind.SET,
    ListKind.ROW: OptionalKind.DEFAULT,
}
_DEFAULT = "DEFAULT"

# Numbers of a member's parameters.
_Numbers: TypeAlias = "frozenset[int]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """Part of the text that is used only if its parameters are given; see `Piece`."""

    start: int
    end: int
    when: _Numbers = frozenset()
    any_of: frozenset[_Numbers] = frozenset()
    otherwise: str = ""
    role: PieceRole = PieceRole.SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Optional parameters in the members of lists."""

    lists: Mapping[MemberList, Mapping[int, set[int]]]
    kinds: Mapping[int, OptionalKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pieces:
    """Statement in pieces.

    Attributes:
        pieces: joined they are the statement, except for a `TRUE AND` in a list of
            conjuncts that are all optional.
        kinds: by parameter number, what leaves the parameter's clauses out.
        doubtful: the statement with a boolean parameter in place of each optional
            condition. What holds for its rows whatever that parameter is, holds for the
            rows of all variants. Optional SET items and values stay in it.
        warnings: about conditions that unexpectedly stay, or are left out.
    """

    pieces: tuple[Piece, ...]
    kinds: Mapping[int, OptionalKind]
    doubtful: str
    warnings: tuple[Diagnostic, ...] = ()


def cut_optional(
    sql: str,
    optional: Mapping[int, Named],
    place: Callable[[int], Span],
    order_by: tuple[int, int] | None = None,
) -> Pieces | tuple[Diagnostic, ...]:
    """Cut `sql` around the clauses of the optional parameters.

    Args:
        sql: the statement with `$n`, as it goes to the server.
        optional: the names in the directive, by parameter number.
        place: returns the span in the user's file of a parameter at an offset of `sql`.
        order_by: (start, end) offsets of an ORDER BY to cut out as well, or None.

    Returns:
        The pieces, or the errors in the directive.
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
        if around.kind is ListKind.ROW:
            cuts += _some_values(around, members)
            continue
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
        warnings=tuple(_surprises(clauses, uses, optional, place, lists)),
    )


def _lists(
    clauses: Clauses,
    uses: Iterable[tuple[int, int]],
    optional: Mapping[int, Named],
    place: Callable[[int], Span],
    order_by: tuple[int, int] | None,
) -> tuple[Diagnostic, ...] | _Found:
    """Return the lists that contain the parameters, or errors in their places."""
    lists: dict[MemberList, dict[int, set[int]]] = {}
    met: set[int] = set()
    kinds: dict[int, OptionalKind] = {}
    mistakes: list[Diagnostic] = []
    for number, use in uses:
        if number not in optional:
            continue
        extent = optional[number].extent
        offset, is_met = _extended(clauses, use, extent)
        if is_met:
            met.add(number)
        around = clauses.list_around(offset)
        ordered = order_by is not None and order_by[0] <= offset < order_by[1]
        if around is None or ordered:
            mistakes.append(_outside(optional[number].name, place(use)))
            continue
        kind = _KINDS[around.kind]
        before = kinds.setdefault(number, kind)
        if before.is_value is not kind.is_value:
            mistakes.append(_both_kinds(optional[number].name, place(use)))
        elif before is not kind:
            kinds[number] = OptionalKind.UPSERT
        members = lists.setdefault(around, {})
        members.setdefault(around.member_at(offset), set()).add(number)
    mistakes += [
        _no_extent(named, named.extent)
        for number, named in optional.items()
        if named.extent and number not in met and not mistakes
    ]
    return tuple(mistakes) if mistakes else _Found(lists=lists, kinds=kinds)


def _extended(clauses: Clauses, offset: int, extent: Extent | None) -> tuple[int, bool]:
    """Return the offset of the condition to cut, and whether the extent exists."""
    if extent is None:
        return offset, False
    if extent.word == "JOIN":
        return offset, clauses.is_in_outer_join(offset)
    if extent.word == "EXCEPT":
        return offset, clauses.is_behind_except(offset)
    around = clauses.list_around(offset)
    if extent.word in _JOINTS:
        return offset, around is not None
    for enclosure in clauses.enclosures(offset):
        if enclosure.word == extent.word:
            return (enclosure.offset if extent.whole else offset), True
    return offset, False


def _surprises(
    clauses: Clauses,
    uses: Sequence[tuple[int, int]],
    optional: Mapping[int, Named],
    place: Callable[[int], Span],
    lists: Mapping[MemberList, Mapping[int, set[int]]],
) -> Iterator[Diagnostic]:
    """Yield warnings about conditions that unexpectedly stay, or are left out."""
    told: set[tuple[int, str]] = set()
    for number, offset in uses:
        named = optional.get(number)
        around = clauses.list_around(offset)
        if (
            named is not None
            and named.extent is None
            and around is not None
            and around.kind is ListKind.CONJUNCTS
        ):
            for found in _surroundings(clauses, named.name, offset, place):
                if (number, found.code) not in told:
                    told.add((number, found.code))
                    yield found
    for around, members in lists.items():
        if around.kind is ListKind.CONJUNCTS:
            for index, numbers in members.items():
                member = around.members[index]
                first = {
                    number: offset
                    for number, offset in reversed(uses)
                    if number in numbers and member[0] <= offset < member[1]
                }
                joint = clauses.goes_with_more(member, [*first.values()])
                if joint and not all(_says_whole(optional[n]) for n in first):
                    yield _drops(first, joint, optional, place)


def _surroundings(
    clauses: Clauses, name: str, offset: int, place: Callable[[int], Span]
) -> Iterator[Diagnostic]:
    """Yield warnings about clauses that still filter rows without their condition."""
    if enclosures := clauses.enclosures(offset):
        yield _stays(name, enclosures[0].word, place(offset))
    if clauses.is_in_outer_join(offset):
        yield _joins_more(name, place(offset))
    if clauses.is_behind_except(offset):
        yield _takes_more(name, place(offset))


def _drops(
    first: Mapping[int, int],
    joint: str,
    optional: Mapping[int, Named],
    place: Callable[[int], Span],
) -> Diagnostic:
    """Return the warning about a condition that contains more than its parameter's own.

    Args:
        first: offset of the first use of each parameter in the condition.
        joint: the operator that joins its parts.
        optional: the names in the directive, by parameter number.
        place: returns the span in the user's file of a parameter at an offset.
    """
    number, offset = min(first.items(), key=lambda item: item[1])
    others = sorted(optional[n].name for n in first if n != number)
    return _goes(optional[number].name, others, joint, place(offset))


def _says_whole(named: Named) -> bool:
    return named.extent is not None and named.extent.whole


def _doubted(sql: str, conditions: Sequence[tuple[int, int]], number: int) -> str:
    parts = []
    position = 0
    for start, end in sorted(conditions):
        if start >= position:  # else inside another condition
            parts += [sql[position:start], f" ${number} "]
            position = end
    return "".join((*parts, sql[position:]))


def _some_optional(
    around: MemberList, members: Mapping[int, set[int]]
) -> Iterable[_Cut]:
    """Yield cuts of members together with the separator towards a lasting member."""
    # If all members are optional, TRUE is inserted before the first one and lasts.
    lasting = next((i for i in range(len(around.members)) if i not in members), -1)
    for index, numbers in members.items():
        start, end = around.members[index]
        if index < lasting:
            end = around.members[index + 1][0]
        elif index > 0:
            start = around.members[index - 1][1]
        yield _Cut(start=start, end=end, when=frozenset(numbers))


def _some_values(around: MemberList, members: Mapping[int, set[int]]) -> Iterable[_Cut]:
    """Yield cuts of values, each of which leaves a DEFAULT in its place."""
    for index, numbers in members.items():
        start, end = around.members[index]
        when = frozenset(numbers)
        yield _Cut(start=start, end=end, when=when, otherwise=_DEFAULT)


def _all_optional(
    around: MemberList, members: Mapping[int, set[int]]
) -> Iterable[_Cut]:
    """Yield separate cuts of members and separators: a call decides which is first."""
    everything = frozenset(map(frozenset, members.values()))
    start = around.members[0][0]
    yield _Cut(start=start, end=start, any_of=everything, role=PieceRole.REQUIRE_ANY)
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
    """Yield the pieces between the cuts.

    An inner cut also needs the parameters of the cuts around it.
    """
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
        if left := next((c.otherwise for c in around if c.start == start), ""):
            piece = replace(piece, otherwise=left)
        if start in marks:
            pieces.append(_piece("", [marks[start]]))
        if start in insertions:
            # TRUE has the conditions of the cuts around the list, as the keyword before
            # it has.
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
    optional: Mapping[int, Named],
    covered: Sequence[tuple[int, int]],
) -> tuple[int, int] | None:
    """Return the first parameter that only clauses of optional parameters use."""
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
        f"@optional {name}: the parameter is in a place that cannot be omitted",
        span=span,
        hint="use it only in conditions of WHERE, HAVING and JOIN … ON, in items of SET"
        " and in the VALUES of an INSERT",
    )


def _no_extent(named: Named, extent: Extent) -> Diagnostic:
    how = "with" if extent.whole else "inside"
    return error(
        "optional-extent",
        f"@optional {named.name} {how} {extent.word}: the parameter is not in"
        f" {'an outer join' if extent.word == 'JOIN' else extent.word}",
        span=named.span,
        hint=f"remove {how} {extent.word}",
    )


def _stays(name: str, word: str, span: Span) -> Diagnostic:
    what = "subquery" if word == "SUBQUERY" else f"{word} subquery"
    word = word.lower() if word == "SUBQUERY" else word
    return warning(
        "optional-in-subquery",
        f"a call without {name} removes only the condition: the {what} around it"
        " still filters the rows",
        span=span,
        hint=f"write @optional {name} with {word} to remove all of it, or {name}"
        f" inside {word} if this is intended",
    )


def _joins_more(name: str, span: Span) -> Diagnostic:
    return warning(
        "optional-in-outer-join",
        f"a call without {name} joins more rows: a condition of an outer join does"
        " not filter the rows",
        span=span,
        hint=f"write @optional {name} inside JOIN if this is intended",
    )


def _takes_more(name: str, span: Span) -> Diagnostic:
    return warning(
        "optional-in-except",
        f"in a call without {name}, EXCEPT removes more rows",
        span=span,
        hint=f"write @optional {name} inside EXCEPT if this is intended",
    )


def _goes(name: str, others: Sequence[str], joint: str, span: Span) -> Diagnostic:
    also = f", what it says of {' and '.join(others)} included" if others else ""
    words = ", ".join(f"{one} with {joint}" for one in (name, *others))
    return warning(
        "optional-drops-more",
        f"a call without {name} removes the whole condition around its {joint}{also}",
        span=span,
        hint=f"join separate conditions by AND, or write @optional {words} if this is"
        " intended",
    )


def _both_kinds(name: str, span: Span) -> Diagnostic:
    return error(
        "optional-filter-and-set",
        f"@optional {name}: the parameter is both a filter and a value to write",
        span=span,
        hint="None leaves a filter out but means NULL as a value: use two parameters",
    )


def _left_unused(number: int, span: Span) -> Diagnostic:
    return error(
        "optional-leaves-unused",
        f"parameter {span.text or f'${number}'} is used only in an optional clause"
        " but is not optional itself",
        span=span,
        hint="add it to the @optional line",
    )
