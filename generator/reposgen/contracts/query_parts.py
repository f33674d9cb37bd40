"""Parts of a query that proofs about its tenants look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.agreement import bare
from reposgen.analysis.nullability.jointree import Condition, JoinSide, Side
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    CommandType,
    FromExpr,
    MergeMatch,
    Query,
    RangeTableRef,
    RteKind,
    SetOperation,
)
from reposgen.live_schema.tree.walk import children, walk_level

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from reposgen.analysis.nullability.jointree import JoinTree


def items(query: Query) -> list[int]:
    """Return the items of FROM, and what is written, by their places."""
    found = [*_leaves(query.join_tree)]
    if query.set_operations is not None:
        found += operands(query.set_operations)
    if query.result_relation and query.result_relation not in found:
        found.append(query.result_relation)
    return found


def _leaves(item: object) -> Iterator[int]:
    match item:
        case RangeTableRef(index=index):
            yield index
        case None:
            return
        case FromExpr(items=items):
            for one in items:
                yield from _leaves(one)
        case _:
            for side in ("left", "right"):
                yield from _leaves(getattr(item, side))


def operands(node: SetOperation | RangeTableRef) -> Iterator[int]:
    """Yield the places of the queries that a set operation combines."""
    if isinstance(node, RangeTableRef):
        yield node.index
    else:
        yield from operands(node.left)
        yield from operands(node.right)


def conditions(query: Query, joins: JoinTree) -> list[Condition]:
    """Return WHERE and ON."""
    if query.command is not CommandType.MERGE:
        return joins.conditions
    # Until 16 ON stands where WHERE does.
    tree = query.join_tree
    where = tree.condition if tree is not None else None
    conditions = [one for one in joins.conditions if one.expression is not where]
    kinds = {action.match for action in query.merge_actions}
    on = query.merge_condition or where
    if on is None or MergeMatch.NOT_MATCHED_BY_SOURCE in kinds:
        return conditions
    unless: frozenset[Side] = frozenset()
    if MergeMatch.NOT_MATCHED_BY_TARGET in kinds:
        # Rows of the source without a match count: ON drops rows of the target alone.
        unless = frozenset({Side(0, JoinSide.RIGHT)})
    joins.nullable[query.result_relation] = unless
    return [*conditions, Condition(unless, on)]


def inside(query: Query, numbers: Collection[int]) -> frozenset[int]:
    """Return the columns of the result whose conditions can as well stand inside."""
    if query.limit is not None or query.offset is not None or query.row_marks:
        return frozenset()
    if query.command is not CommandType.SELECT or query.grouping_sets:
        return frozenset()
    if query.has_aggregates and not query.group:
        return frozenset()
    parts = [query.group] if query.group else []
    parts += [query.distinct] if query.distinct_on else []
    parts += [window.partition for window in query.windows]
    within = [{getattr(clause, "group", 0) for clause in part} for part in parts]
    return frozenset(
        target.number
        for target in query.targets
        if target.number in numbers
        if all(target.group and target.group in groups for groups in within)
    )


def resolved(node: e.Expression, query: Query) -> e.Expression:
    """Return a join's or group's column as what it stands for."""
    while isinstance(node, e.Var) and not node.levels_up and node.column > 0:
        entry = query.entry(node.index)
        if entry.kind is RteKind.JOIN:
            node = bare(entry.join_columns[node.column - 1])
        elif entry.kind is RteKind.GROUP:
            node = bare(entry.group_expressions[node.column - 1])
        else:
            break
    return node


def expressions(query: Query) -> Iterator[object]:
    """Yield the nodes of a query outside of the queries in its FROM and WITH."""
    within = {id(cte.query) for cte in query.ctes}
    within |= {id(entry.subquery) for entry in query.range_table if entry.subquery}
    for child in children(query):
        for node in walk_level(child):
            if id(node) not in within:
                yield node
