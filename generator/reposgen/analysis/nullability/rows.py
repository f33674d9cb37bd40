"""Proofs that there always is a row: in subqueries, and in joins that find a match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.keys import found_key, is_true
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    CommandType,
    FromExpr,
    JoinExpr,
    JoinType,
    RangeTableRef,
    RteKind,
    SetOperation,
    SetOperator,
)
from reposgen.live_schema.tree.walk import constant_integer

if TYPE_CHECKING:
    from reposgen.analysis.nullability.jointree import OuterJoin
    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.tree.model import FromItem, RangeTableEntry


def always_matches(place: ProgramPoint, outer: OuterJoin) -> str | None:
    """Return why an outer join matches every row of its other side, or None."""
    if is_true(outer.join.condition):
        found = _item_has_row(outer.nullable, place)
        return "what is joined always has a row" if found else None
    return found_key(place, outer.nullable, outer.join.condition, place, outer.above)


def why_row(place: ProgramPoint) -> str:
    """Return why a query that always returns a row does so."""
    tree = place.query.join_tree
    if tree is None or is_true(tree.condition) or place.scope.grouping.may_be_empty:
        return "the subquery always has a row"
    why = _outer_key(place, tree.items[0], tree.condition)
    return why or "the subquery always has a row"


def always_row(place: ProgramPoint) -> bool:
    """Return True if a query has at least one row for each row of the outer query."""
    query = place.query
    if query.command is not CommandType.SELECT or query.has_set_returning:
        return False
    if not (_keeps_first(query.limit) and _skips_none(query.offset)):
        return False
    if query.set_operations is not None:
        return _operation_has_row(query.set_operations, place)
    one_group = place.scope.grouping.may_be_empty
    return is_true(query.having) and (one_group or _from_has_row(place))


def _from_has_row(place: ProgramPoint) -> bool:
    tree = place.query.join_tree
    if tree is None or is_true(tree.condition):
        items = tree.items if tree else ()
        return all(_item_has_row(item, place.rows or place) for item in items)
    return len(tree.items) == 1 and (
        _outer_key(place, tree.items[0], tree.condition) is not None
    )


def _keeps_first(limit: e.Expression | None) -> bool:
    if limit is None or (isinstance(limit, e.Const) and limit.value is None):
        return True
    return (constant_integer(limit) or 0) > 0


def _skips_none(offset: e.Expression | None) -> bool:
    if offset is None or (isinstance(offset, e.Const) and offset.value is None):
        return True
    return constant_integer(offset) == 0


def _operation_has_row(node: SetOperation | RangeTableRef, place: ProgramPoint) -> bool:
    match node:
        case RangeTableRef():
            return _item_has_row(node, place)
        case SetOperation(operator=SetOperator.UNION, left=left, right=right):
            return _operation_has_row(left, place) or _operation_has_row(right, place)
        case _:
            return False


def _item_has_row(  # noqa: PLR0911 - one return for each kind of item
    item: FromItem, place: ProgramPoint
) -> bool:
    match item:
        case RangeTableRef(index=index):
            return _entry_has_row(place.query.entry(index), place)
        case FromExpr(items=items, condition=condition):
            return is_true(condition) and all(_item_has_row(i, place) for i in items)
        case JoinExpr(type=JoinType.LEFT, left=left):
            return _item_has_row(left, place)
        case JoinExpr(type=JoinType.RIGHT, right=right):
            return _item_has_row(right, place)
        case JoinExpr(type=JoinType.FULL, left=left, right=right):
            return _item_has_row(left, place) or _item_has_row(right, place)
        case JoinExpr(type=JoinType.INNER, left=left, right=right):
            return (
                is_true(item.condition)
                and _item_has_row(left, place)
                and _item_has_row(right, place)
            )
        case _:
            return False


def _entry_has_row(entry: RangeTableEntry, place: ProgramPoint) -> bool:
    match entry.kind:
        case RteKind.SUBQUERY if entry.subquery is not None and not entry.security:
            return always_row(place.prover.enter(entry.subquery, place))
        case RteKind.VALUES:
            return bool(entry.values)
        case RteKind.FUNCTION:
            return any(
                isinstance(f.expression, e.FuncExpr) and not f.expression.returns_set
                for f in entry.functions
            )
        case RteKind.RESULT:
            return True
        case _:
            return False


def _outer_key(
    place: ProgramPoint, item: FromItem, condition: e.Expression | None
) -> str | None:
    """Return the foreign key of the outer query that a subquery follows, or None.

    The subquery has the form `(SELECT … FROM parent WHERE parent.id = child.parent)`.
    """
    enclosing = place.enclosing
    if place.scope.grouping.groups or enclosing is None or enclosing.returning:
        return None
    grouping = enclosing.scope.grouping
    if grouping.may_be_empty or grouping.sets:
        return None
    return found_key(place, item, condition, enclosing.rows or enclosing, frozenset())
