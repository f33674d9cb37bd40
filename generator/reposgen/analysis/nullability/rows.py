"""Where there always is a row: subqueries that give one, joins that find one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.model import ConstraintKind, RelationKind
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
from reposgen.live_schema.tree.walk import conjuncts, constant_integer

if TYPE_CHECKING:
    from reposgen.analysis.nullability.jointree import OuterJoin
    from reposgen.analysis.nullability.place import Place
    from reposgen.live_schema.model import Constraint, Relation
    from reposgen.live_schema.tree.model import FromItem, RangeTableEntry


def is_true(condition: e.Expression | None) -> bool:
    """A condition that every row passes: none, or `true`."""
    return condition is None or (
        isinstance(condition, e.Const)
        and condition.value is not None
        and any(condition.value)
    )


def always_matches(place: Place, outer: OuterJoin) -> bool:
    """Whether an outer join finds a match for every row of its other side."""
    if is_true(outer.join.condition):
        return _item_has_row(outer.nulled, place)
    if not isinstance(outer.nulled, RangeTableRef):
        return False
    return _key_is_found(
        place, outer.nulled.index, outer.join.condition, 0, outer.above
    )


def always_row(place: Place) -> bool:
    """Whether a query gives at least one row for every row around it."""
    query = place.query
    if query.command is not CommandType.SELECT or query.has_set_returning:
        return False
    if not (_keeps_first(query.limit) and _skips_none(query.offset)):
        return False
    if query.set_operations is not None:
        return _operation_has_row(query.set_operations, place)
    one_group = place.scope.grouping.may_be_empty
    return is_true(query.having) and (one_group or _from_has_row(place))


def _from_has_row(place: Place) -> bool:
    tree = place.query.join_tree
    if tree is None or is_true(tree.condition):
        items = tree.items if tree else ()
        return all(_item_has_row(item, place.rows or place) for item in items)
    return len(tree.items) == 1 and _found_by_outer_key(
        place, tree.items[0], tree.condition
    )


def _keeps_first(limit: e.Expression | None) -> bool:
    if limit is None or (isinstance(limit, e.Const) and limit.value is None):
        return True
    return (constant_integer(limit) or 0) > 0


def _skips_none(offset: e.Expression | None) -> bool:
    if offset is None or (isinstance(offset, e.Const) and offset.value is None):
        return True
    return constant_integer(offset) == 0


def _operation_has_row(node: SetOperation | RangeTableRef, place: Place) -> bool:
    match node:
        case RangeTableRef():
            return _item_has_row(node, place)
        case SetOperation(operator=SetOperator.UNION, left=left, right=right):
            return _operation_has_row(left, place) or _operation_has_row(right, place)
        case _:
            return False


def _item_has_row(  # noqa: PLR0911 - one return for each kind of item
    item: FromItem, place: Place
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


def _entry_has_row(entry: RangeTableEntry, place: Place) -> bool:
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


def _found_by_outer_key(
    place: Place, item: FromItem, condition: e.Expression | None
) -> bool:
    """`(SELECT … FROM parent WHERE parent.id = child.parent_id)`, child outside."""
    if place.scope.grouping.groups or not isinstance(item, RangeTableRef):
        return False
    enclosing = place.enclosing
    if enclosing is None or enclosing.rows is not None or enclosing.returning:
        return False
    return _key_is_found(place, item.index, condition, 1, frozenset())


def _key_is_found(
    place: Place,
    index: int,
    condition: e.Expression | None,
    levels_up: int,
    above: frozenset[object],
) -> bool:
    """Whether a condition is a foreign key's, so that the row it points to exists."""
    target = place.query.entry(index)
    child_place = place.enclosing if levels_up else place
    if not _whole_table(target) or child_place is None:
        return False
    pairs = [_key_pair(c, index, levels_up, place) for c in conjuncts(condition)]
    found = [pair for pair in pairs if pair is not None]
    if not found or len(found) != len(pairs):
        return False
    child_index = found[0][1].index
    if any(var.index != child_index for _, var in found):
        return False
    known = child_place.known
    nulled = child_place.scope.joins.nulled.get(child_index)
    if nulled is None or not nulled - above <= known.sides:
        return False
    knowledge = place.prover.knowledge
    entry = child_place.query.entry(child_index)
    child = knowledge.catalog.relations.get(entry.relation)
    parent = knowledge.catalog.relations.get(target.relation)
    if child is None or parent is None or not place.prover.reads_one_snapshot():
        return False
    columns = {(var.column, column) for column, var in found}
    return (
        _keeps_keys(child, entry, parent, target)
        and any(
            _is_key(constraint, parent.oid, columns) for constraint in child.constraints
        )
        and all(
            var in known.values or _is_not_null(child, entry, var.column)
            for var in (replace_level(var) for _, var in found)
        )
    )


def replace_level(var: e.Var) -> e.Var:
    """The same column, seen from its own query."""
    return e.Var(index=var.index, column=var.column, type=var.type)


def _whole_table(entry: RangeTableEntry) -> bool:
    return entry.kind is RteKind.RELATION and not entry.security and not entry.other


def _key_pair(
    condition: e.Expression, index: int, levels_up: int, place: Place
) -> tuple[int, e.Var] | None:
    """`parent.column = child.column`, as the parent's column and the child's."""
    if not isinstance(condition, e.OpExpr) or len(condition.args) != 2:  # noqa: PLR2004 - both sides of an equality
        return None
    if condition.operator not in place.prover.knowledge.catalog.operator_equality:
        return None
    left, right = condition.args
    for parent, child in ((left, right), (right, left)):
        if (
            isinstance(parent, e.Var)
            and isinstance(child, e.Var)
            and (parent.index, parent.levels_up) == (index, 0)
            and child.levels_up == levels_up
            and (levels_up or child.index != index)
        ):
            return parent.column, child
    return None


def _keeps_keys(
    child: Relation,
    entry: RangeTableEntry,
    parent: Relation,
    target: RangeTableEntry,
) -> bool:
    """Whether foreign keys hold in what these entries show of their tables."""
    # A child by inheritance has none of its parent's foreign keys; a partition does.
    inherits = child.has_children and child.kind is RelationKind.TABLE
    partial = parent.has_children and not target.inherited
    return not (
        (inherits and entry.inherited)
        or partial
        or parent.row_security
        or entry.kind is not RteKind.RELATION
    )


def _is_key(constraint: Constraint, parent: int, columns: set[tuple[int, int]]) -> bool:
    return (
        constraint.kind is ConstraintKind.FOREIGN_KEY
        and constraint.references == parent
        and constraint.validated
        and not constraint.deferrable
        and columns
        == set(zip(constraint.columns, constraint.referenced_columns, strict=True))
    )


def _is_not_null(relation: Relation, entry: RangeTableEntry, number: int) -> bool:
    column = relation.column(number)
    if column is None:
        return False
    return column.not_null if entry.inherited else column.not_null_only
