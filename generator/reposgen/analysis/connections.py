"""Search for items of a FROM that no condition connects: a cartesian product."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    FromExpr,
    JoinExpr,
    Query,
    RangeTableRef,
    RteKind,
)
from reposgen.live_schema.tree.walk import conjuncts, with_depth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reposgen.live_schema.tree.model import FromItem

# Other FROM items have few rows, or are unnested on purpose.
_BIG = frozenset({RteKind.RELATION, RteKind.SUBQUERY, RteKind.CTE})


def unconnected_items(query: Query) -> tuple[str, ...]:
    """Return the names of comma-separated FROM items that no condition connects.

    The first group of connected items is left out. An explicit CROSS JOIN counts as
    connected, since its author wants the product.
    """
    if query.join_tree is None:
        return ()
    groups = [set(_entries(item)) for item in query.join_tree.items]
    links = [set(_columns_of(c)) for c in conjuncts(query.join_tree.condition)]
    for index, entry in enumerate(query.range_table, 1):
        if entry.lateral:
            # `_columns_of` accounts for the level that a lateral subquery adds.
            links.append({index, *_columns_of(entry)})
    merged = [g for g in groups if any(query.entry(i).kind in _BIG for i in g)]
    for link in links:
        touched = [group for group in merged if group & link]
        if len(touched) > 1:
            merged = [group for group in merged if not group & link]
            merged.append(set().union(*touched))
    ordered = sorted(merged, key=min)
    return tuple(query.entry(min(group)).name for group in ordered[1:])


def _entries(item: FromItem) -> Iterator[int]:
    match item:
        case RangeTableRef(index=index):
            yield index
        case JoinExpr():
            if item.index:
                yield item.index
            yield from _entries(item.left)
            yield from _entries(item.right)
        case FromExpr(items=items):
            for one in items:
                yield from _entries(one)


def _columns_of(node: object) -> Iterable[int]:
    """Yield the range table indexes of this query that a part of it refers to."""
    for current, depth in with_depth(node):
        if isinstance(current, e.Var) and current.levels_up == depth:
            yield current.index
