"""Grouping step of a query: the columns it nulls, and whether a group can be empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import GroupingSetKind, RteKind
from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.tree.model import GroupingSet, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Grouping step of a query.

    Attributes:
        groups: True if rows are grouped, also if all rows form one group.
        may_be_empty: True if a group can have no rows: there is no GROUP BY.
        sets: True if there are grouping sets.
        nullable: grouping expressions that a grouping set leaves out, so that they are
            NULL in its rows.
    """

    groups: bool
    may_be_empty: bool
    sets: bool
    nullable: frozenset[e.Expression]


def read_grouping(query: Query) -> Grouping:
    """Return the grouping step of a query."""
    sets = query.grouping_sets
    groups = bool(
        query.has_aggregates or query.group or sets or query.having is not None
    )
    if sets:
        empty = all(_can_be_empty(one) for one in sets)
    else:
        empty = groups and not query.group
    return Grouping(
        groups=groups,
        may_be_empty=empty,
        sets=bool(sets),
        nullable=_nullable(query) if sets else frozenset(),
    )


def _nullable(query: Query) -> frozenset[e.Expression]:
    # Several grouping sets are multiplied: an expression that is in all sets of one of
    # them is in all combinations.
    always = frozenset[int]().union(*(_always(one) for one in query.grouping_sets))
    grouped = {clause.group for clause in query.group}
    left_out = {
        target.expression
        for target in query.targets
        if target.group in grouped and target.group not in always
    }
    # In PostgreSQL 18, grouping expressions are columns of a separate range table
    # entry. A column that no target refers to by its group is assumed to be nulled.
    for index, entry in enumerate(query.range_table, 1):
        if entry.kind is RteKind.GROUP:
            kept = {
                target.expression.column
                for target in query.targets
                if target.group in always and isinstance(target.expression, e.Var)
                if target.expression.index == index
            }
            left_out |= {
                e.Var(index=index, column=number, type=kind)
                for number, kind in _columns(query, index)
                if number not in kept
            }
    return frozenset(left_out)


def _columns(query: Query, index: int) -> set[tuple[int, int]]:
    return {
        (target.expression.column, target.expression.type)
        for target in query.targets
        if isinstance(target.expression, e.Var) and target.expression.index == index
    }


def _always(item: GroupingSet) -> frozenset[int]:
    match item.kind:
        case GroupingSetKind.SIMPLE:
            return item.groups
        case GroupingSetKind.SETS:
            contents = [_always(one) for one in item.content]
            return contents[0].intersection(*contents[1:]) if contents else frozenset()
        case _:
            return frozenset()


def _can_be_empty(item: GroupingSet) -> bool:
    match item.kind:
        case GroupingSetKind.SIMPLE:
            return not item.groups
        case GroupingSetKind.SETS:
            return any(_can_be_empty(one) for one in item.content)
        case _:
            return True
