"""Tree whose proofs about a write hold for any value that it assigns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.walk import walk

if TYPE_CHECKING:
    from collections.abc import Collection

    from reposgen.live_schema.tree.model import Query, TargetEntry


def without_assignments(query: Query, numbers: Collection[int]) -> Query:
    """Return the tree with unknown values where these parameters are assigned.

    A column that is assigned an unknown value can be NULL unless it is NOT NULL. A NOT
    NULL column cannot be NULL either if the assignment is left out, or if the column
    gets its DEFAULT.
    """
    if not numbers:
        return query
    conflict = query.on_conflict
    return replace(
        query,
        # Only the outermost WITH can contain writes.
        ctes=tuple(
            replace(cte, query=without_assignments(cte.query, numbers))
            for cte in query.ctes
        ),
        targets=_doubted(query, query.targets, numbers),
        on_conflict=conflict
        and replace(
            conflict, assignments=_doubted(query, conflict.assignments, numbers)
        ),
        merge_actions=tuple(
            replace(action, targets=_doubted(query, action.targets, numbers))
            for action in query.merge_actions
        ),
    )


def _doubted(
    query: Query, targets: tuple[TargetEntry, ...], numbers: Collection[int]
) -> tuple[TargetEntry, ...]:
    return tuple(
        (
            replace(target, expression=e.Unknown(tag="OPTIONAL"))
            if not target.junk and _assigns(query, target.expression, numbers)
            else target
        )
        for target in targets
    )


def _assigns(query: Query, expression: e.Expression, numbers: Collection[int]) -> bool:
    return any(
        (
            isinstance(node, e.Param)
            # In `SET (a, b) = (SELECT …)`, the subquery is in another target.
            and (node.kind is e.ParamKind.MULTIPLE or node.number in numbers)
        )
        or (
            isinstance(node, e.Var)
            and node.index
            and not node.levels_up
            and any(
                _assigns(query, row[node.column - 1], numbers)
                for row in query.entry(node.index).values
            )
        )
        for node in walk(expression)
    )
