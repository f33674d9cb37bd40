"""Search for the `*`s of a result and the columns that they stand for."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from reposgen.live_schema.tree.expressions import Var
from reposgen.live_schema.tree.model import RangeTableRef, RteKind, SetOperation
from reposgen.live_schema.tree.walk import walk_level
from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, fold, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.live_schema.model import ResultColumn
    from reposgen.live_schema.tree.model import Query, RangeTableEntry
    from reposgen.sql_source.lexer import Token


# Names of the columns that are added on either side of a star.
_BEFORE, _AFTER = "reposgen_before", "reposgen_after"
_OPENING, _CLOSING = ("(", "["), (")", "]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Star:
    """Star `*`, `t.*` or `(row).*` in the text.

    Attributes:
        start: offset of the qualifier, or of the `*` without a qualifier.
        end: offset of the end of the `*`.
        qualifier: `t.` or `(row).` as written, or empty.
        of_value: True if the qualifier is an expression: the fields of a composite
            value.
    """

    start: int
    end: int
    qualifier: str
    of_value: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StarGroup:
    """Star with the result columns that it stands for.

    Attributes:
        star: the star.
        first: index of its first column in the result.
        names: names of its columns.
        entries: the FROM item of each column; empty if unknown.
    """

    star: Star
    first: int
    names: tuple[str, ...]
    entries: tuple[RangeTableEntry, ...] = ()


def star_groups(described: DescribedQuery) -> tuple[StarGroup, ...]:
    """Return the stars of the result, those of all branches of a UNION included.

    Returns:
        Empty if the tree has no source locations: `marked` and `group_between` then
        find the stars.
    """
    if (
        described.tree is None
        or not described.has_places
        or "*" not in described.text.text
    ):
        return ()
    stars = {star.start: star for star in find_stars(described.text.text)}
    return tuple(
        group
        for query in output_queries(described.tree)
        for group in _groups(query, stars)
    )


def find_stars(sql: str) -> Iterator[Star]:
    """Yield every `*` that can stand for columns; multiplication signs are included."""
    # The text behind the last star is not needed.
    until = sql.rfind("*") + 1
    near = takewhile(lambda token: token.start < until, tokenize(sql))
    tokens = [token for token in near if not token.is_blank]
    for index, token in enumerate(tokens):
        if token.text != "*" or (index and tokens[index - 1].text == "("):
            continue
        first, of_value = _qualifier(tokens, index)
        start = tokens[first].start
        yield Star(
            start=start,
            end=token.end,
            qualifier=sql[start : token.start],
            of_value=of_value,
        )


def _qualifier(tokens: Sequence[Token], star: int) -> tuple[int, bool]:
    """Return the index of a star's qualifier, and whether it is an expression."""
    first, of_value = star, False
    while first > 1 and tokens[first - 1].text == ".":
        at = first - 2
        while at > 0 and tokens[at].text == "]":
            at, of_value = _opening(tokens, at) - 1, True
        if tokens[at].text == ")":
            return _opening(tokens, at), True
        if at < 0 or not _is_name(tokens[at]):
            break
        first = at
    return first, of_value


def _opening(tokens: Sequence[Token], closing: int) -> int:
    """Return the index of the bracket that matches a closing bracket."""
    depth = 0
    for index in range(closing, -1, -1):
        depth += (tokens[index].text in _CLOSING) - (tokens[index].text in _OPENING)
        if depth == 0:
            return index
    return 0


def _is_name(token: Token) -> bool:
    return token.kind in (TokenKind.WORD, TokenKind.QUOTED)


def output_queries(tree: Query) -> Iterator[Query]:
    """Yield the query itself, or the branches of a set operation."""
    if tree.set_operations is None:
        yield tree
        return
    pending: list[SetOperation | RangeTableRef] = [tree.set_operations]
    while pending:
        node = pending.pop()
        if isinstance(node, SetOperation):
            pending += [node.right, node.left]
        elif branch := tree.entry(node.index).subquery:
            yield from output_queries(branch)


def _groups(query: Query, stars: Mapping[int, Star]) -> Iterator[StarGroup]:
    found: dict[int, list[int]] = {}
    for index, target in enumerate(query.results):
        expression = target.expression
        # All columns of a star have the star's location.
        if isinstance(expression, Var) and expression.location in stars:
            found.setdefault(expression.location, []).append(index)
    columns = [_column(query, target.expression) for target in query.results]
    grouped = any(entry.kind is RteKind.GROUP for entry in query.range_table)
    for star in stars.values():
        placed = _within(query, star) if star.of_value else found.get(star.start, [])
        members = range(placed[0], placed[-1] + 1) if placed else range(0)
        if grouped and not star.of_value:
            members = _with_grouped(query, star, members, columns)
        if members:
            yield StarGroup(
                star=star,
                first=members[0],
                names=tuple(query.results[i].name or "" for i in members),
                entries=tuple(
                    query.entry(column.index) for i in members if (column := columns[i])
                ),
            )


def _within(query: Query, star: Star) -> list[int]:
    """Return the results that come from the text inside a star's brackets."""
    return [
        index
        for index, target in enumerate(query.results)
        if any(
            star.start <= getattr(node, "location", -1) < star.end
            for node in walk_level(target.expression)
        )
    ]


def _column(query: Query, expression: object) -> Var | None:
    """Return the FROM column that a result is, also behind GROUP BY (PostgreSQL 18)."""
    if not isinstance(expression, Var) or expression.levels_up:
        return None
    entry = query.entry(expression.index)
    if entry.kind is not RteKind.GROUP:
        return expression
    return _column(query, entry.group_expressions[expression.column - 1])


def _with_grouped(
    query: Query, star: Star, members: range, columns: Sequence[Var | None]
) -> range:
    """Return the star's columns with those in GROUP BY, which have no location.

    A star stands for all columns of an item, so the index of one column determines the
    indexes of the others.
    """
    if members:
        first, last = columns[members[0]], columns[members[-1]]
        if first is None or last is None:
            return members
        before = _live(query.entry(first.index)).index(first.column)
        all_of_last = _live(query.entry(last.index))
        after = len(all_of_last) - all_of_last.index(last.column)
        whole = range(members[0] - before, members[-1] + after)
        fits = (
            whole[0] >= 0
            and whole[-1] < len(columns)
            and all(columns[i] for i in whole)
        )
        return whole if fits else members
    named = [fold(t) for t in tokenize(star.qualifier) if _is_name(t)]
    for index, entry in enumerate(query.range_table, 1):
        if named and entry.name == named[-1] and entry.kind is not RteKind.GROUP:
            wanted = [(index, number) for number in _live(entry)]
            shown = [(c.index, c.column) if c else None for c in columns]
            for start in range(len(shown) - len(wanted) + 1):
                if shown[start : start + len(wanted)] == wanted:
                    return range(start, start + len(wanted))
    return members


def _live(entry: RangeTableEntry) -> list[int]:
    """Return the numbers of the columns that were not dropped."""
    return [number for number, name in enumerate(entry.column_names, 1) if name]


def marked(sql: str, star: Star) -> str:
    """Return the statement with an extra column on either side of a star."""
    return (
        f"{sql[: star.start]}NULL AS {_BEFORE}, {sql[star.start : star.end]},"
        f" NULL AS {_AFTER}{sql[star.end :]}"
    )


def group_between(
    described: DescribedQuery, star: Star, shown: Sequence[ResultColumn]
) -> StarGroup | None:
    """Return the columns that a star stands for, from the result of `marked`.

    Args:
        described: the query.
        star: the star.
        shown: result columns of the statement that `marked` returned for the star.

    Returns:
        None for a star that is not in the result.
    """
    names = [column.name for column in shown]
    if (names.count(_BEFORE), names.count(_AFTER)) != (1, 1):
        return None
    first, end = names.index(_BEFORE), names.index(_AFTER) - 1
    columns = described.description.columns
    if (*shown[:first], *shown[first + 1 : end + 1], *shown[end + 2 :]) != columns:
        return None
    tree = described.tree
    found = [_column(tree, t.expression) for t in described.targets] if tree else []
    return StarGroup(
        star=star,
        first=first,
        names=tuple(names[first + 1 : end + 1]),
        entries=(
            tuple(tree.entry(c.index) for c in found[first:end] if c) if tree else ()
        ),
    )
