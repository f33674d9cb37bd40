"""Joins and subqueries that follow a foreign key, which always find a row.

Both sides are traced through views, subqueries, CTEs and joins. A column that is passed
on unchanged holds the values of the table's column. A query that leaves out no row of a
table contains the row that the key refers to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reposgen.analysis.evidence import rests_on_foreign_key, rests_on_not_null
from reposgen.analysis.nullability.outputs import home_of
from reposgen.live_schema.model import ConstraintKind, DomainType, RelationKind
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    CommandType,
    FromExpr,
    JoinExpr,
    JoinType,
    RangeTableRef,
    RteKind,
)
from reposgen.live_schema.tree.types import expression_type
from reposgen.live_schema.tree.walk import conjuncts
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.model import Constraint, Relation
    from reposgen.live_schema.tree.model import FromItem, Query, RangeTableEntry

_SIDES = 2
_TEXTS = (1043, 25)  # varchar, text
_DEEPEST = 30  # views over views


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Table behind an item of FROM.

    Attributes:
        entry: range table entry of the table.
        columns: `attnum`s in the table, in the order of the traced columns.
    """

    entry: RangeTableEntry
    columns: tuple[int, ...]


class _Pair(NamedTuple):
    """Comparison `parent.column = child.column`."""

    parent: e.Var
    child: e.Var


def is_true(condition: e.Expression | None) -> bool:
    """Return True if every row passes: the condition is missing, or it is `true`."""
    return condition is None or (
        isinstance(condition, e.Const)
        and condition.value is not None
        and any(condition.value)
    )


def found_key(  # noqa: PLR0911 - one return for each thing that can be missing
    place: ProgramPoint,
    item: FromItem,
    condition: e.Expression | None,
    child_place: ProgramPoint,
    above: frozenset[object],
) -> str | None:
    """Return why a condition always finds a row, or None if that is not proved.

    Args:
        place: the query that contains the condition.
        item: the FROM item of this query that is searched.
        condition: the whole condition.
        child_place: the query with the foreign key: the same one or the enclosing one.
        above: the sides of outer joins that null the whole join.

    Returns:
        The foreign key that the condition follows, in words.
    """
    pairs = tuple(_pairs(condition, item, place, child_place))
    if not pairs or len(pairs) != len(conjuncts(condition)):
        return None
    if not place.prover.reads_one_snapshot():
        return None
    first, child_index = pairs[0].parent.index, pairs[0].child.index
    if any((p.parent.index, p.child.index) != (first, child_index) for p in pairs):
        return None
    if not _keeps_all(item, first, place):
        return None
    target = _shown(place, first, [pair.parent.column for pair in pairs], _DEEPEST)
    child = _source(child_place, [pair.child for pair in pairs], _DEEPEST)
    if target is None or child is None:
        return None
    nullable = child_place.scope.joins.nullable.get(child_index)
    if nullable is None or not nullable - above <= child_place.known.sides:
        return None
    if not all(_is_not_null(pair.child, child_place) for pair in pairs):
        return None
    return _key(child, target, place)


def _key(child: _Table, target: _Table, place: ProgramPoint) -> str | None:
    relations = place.prover.knowledge.catalog.relations
    one = relations.get(child.entry.relation)
    other = relations.get(target.entry.relation)
    if one is None or other is None:
        return None
    if one.oid == other.oid and child.columns == target.columns:
        # A row finds itself, unless a policy hides it or ONLY excludes its child table.
        whole = target.entry.inherited or not child.entry.inherited
        if one.row_security or not (whole or not one.has_children):
            return None
        return f"a row of {one.name} finds itself there"
    if not _holds(one, child.entry, other, target.entry):
        return None
    columns = set(zip(child.columns, target.columns, strict=True))
    for constraint in one.constraints:
        if _is_key(constraint, other.oid, columns):
            rests_on_foreign_key(one, constraint.name)
            return f"the foreign key {constraint.name} has its row there"
    return None


def _pairs(
    condition: e.Expression | None,
    item: FromItem,
    place: ProgramPoint,
    child_place: ProgramPoint,
) -> Iterator[_Pair]:
    """Yield the comparisons between a column of the item and a column outside of it."""
    equality = place.prover.knowledge.catalog.operator_equality
    inside = set(_leaves(item))
    levels_up = int(child_place.query is not place.query)
    for term in conjuncts(condition):
        if not isinstance(term, e.OpExpr) or len(term.args) != _SIDES:
            continue
        if term.operator not in equality:
            continue
        left, right = term.args
        for one, other in ((left, right), (right, left)):
            parent, child = _unlabelled(one, place), _unlabelled(other, place)
            if not (isinstance(parent, e.Var) and isinstance(child, e.Var)):
                continue
            if parent.levels_up or child.levels_up != levels_up:
                continue
            behind = _behind(parent, place)
            source = _behind(_own(child), child_place)
            if behind is None or source is None or behind.index not in inside:
                continue
            if _tells_apart(term, behind, place):
                continue
            if levels_up or source.index not in inside:
                yield _Pair(behind, source)
                break


def _tells_apart(term: e.OpExpr, parent: e.Var, place: ProgramPoint) -> bool:
    """Return True if a comparison distinguishes values that the key treats as equal."""
    nondeterministic = place.prover.knowledge.catalog.nondeterministic
    return (
        parent.collation in nondeterministic
        and parent.collation != term.input_collation
    )


def _unlabelled(node: e.Expression, place: ProgramPoint) -> e.Expression:
    """Return a column without a relabeling cast that keeps its equality."""
    if not isinstance(node, e.Coerce) or node.kind is not e.Coercion.RELABEL:
        return node
    types = place.prover.knowledge.catalog.types
    found = types.get(expression_type(node.arg))
    while isinstance(found, DomainType) and found.oid != node.type:
        found = found.base
    # Other types, such as citext, have another equality than text.
    same = found is not None and (
        found.oid == node.type or (found.oid, node.type) == _TEXTS
    )
    return node.arg if same else node


def _own(var: e.Var) -> e.Var:
    """Return the same column as its own query refers to it."""
    return e.Var(index=var.index, column=var.column, type=var.type)


def _behind(var: e.Var, place: ProgramPoint) -> e.Var | None:
    """Return the column of a FROM item that a join's or grouping step's column is."""
    node: e.Expression = var
    while isinstance(node, e.Var) and not node.levels_up and node.column > 0:
        entry = place.query.entry(node.index)
        if entry.kind is RteKind.JOIN:
            node = entry.join_columns[node.column - 1]
        elif entry.kind is RteKind.GROUP:
            node = entry.group_expressions[node.column - 1]
        else:
            return node
    return None


def _leaves(item: FromItem) -> Iterator[int]:
    match item:
        case RangeTableRef(index=index):
            yield index
        case JoinExpr(left=left, right=right):
            yield from _leaves(left)
            yield from _leaves(right)
        case FromExpr(items=items):
            for one in items:
                yield from _leaves(one)


def _is_not_null(var: e.Var, place: ProgramPoint) -> bool:
    """Return True if a column is not NULL in the rows of its item."""
    if var in place.known.values:
        return True
    entry = place.query.entry(var.index)
    inner = _query_of(entry, place)
    if inner is not None:
        return inner.prover.output(inner, var.column).not_null
    relation = place.prover.knowledge.catalog.relations.get(entry.relation)
    column = relation.column(var.column) if relation else None
    if column is None:
        return False
    not_null = column.not_null if entry.inherited else column.not_null_only
    if not_null:
        rests_on_not_null(entry.relation, column)
    return not_null


def _query_of(entry: RangeTableEntry, place: ProgramPoint) -> ProgramPoint | None:
    """Return the place of the query that a FROM item is; None for other items."""
    if entry.kind is RteKind.SUBQUERY and entry.subquery is not None:
        return place.prover.enter(entry.subquery, place)
    if entry.kind is not RteKind.CTE or entry.self_reference:
        return None
    home = home_of(place, entry.cte_levels_up)
    for cte in home.query.ctes if home else ():
        if home and cte.name == entry.cte_name and not cte.recursive:
            return place.prover.enter(cte.query, home)
    return None


def _outputs(inner: ProgramPoint, columns: Sequence[int]) -> tuple[e.Var, ...] | None:
    """Return the columns of one FROM item that result columns of a query are.

    Returns:
        None if the result columns come from several items, or from expressions.
    """
    query = inner.query
    if query.command is not CommandType.SELECT or query.set_operations is not None:
        return None
    found: list[e.Var] = []
    for column in columns:
        target = query.result_numbers.get(column)
        expression = target.expression if target else None
        if not isinstance(expression, e.Var):
            return None
        var = _behind(expression, inner)
        if var is None or var.index != (found or [var])[0].index:
            return None
        found.append(var)
    return tuple(found)


def _source(
    place: ProgramPoint, columns: Sequence[e.Var], deepest: int
) -> _Table | None:
    """Return the table that the values of one item's columns come from.

    The columns can have NULLs in addition, which outer joins make.
    """
    index = columns[0].index
    entry = place.query.entry(index)
    numbers = tuple(var.column for var in columns)
    if entry.kind is RteKind.RELATION:
        return _Table(entry=entry, columns=numbers)
    inner = _query_of(entry, place) if deepest else None
    behind = _outputs(inner, numbers) if inner else None
    if inner is None or behind is None:
        return None
    return _source(inner, behind, deepest - 1)


def _shown(  # noqa: PLR0911 - as above
    place: ProgramPoint, index: int, columns: Sequence[int], deepest: int
) -> _Table | None:
    """Return the table that an item contains whole, with these columns unchanged."""
    entry = place.query.entry(index)
    if entry.security:
        return None
    if entry.kind is RteKind.RELATION:
        if entry.other:
            return None
        return _Table(entry=entry, columns=tuple(columns))
    inner = _query_of(entry, place) if deepest else None
    if inner is None or not _shows_groups_of_all(inner.query):
        return None
    behind = _outputs(inner, columns)
    tree = inner.query.join_tree
    if behind is None or tree is None or not is_true(tree.condition):
        return None
    first = behind[0].index
    if len(tree.items) != 1 or not _keeps_all(tree.items[0], first, inner):
        return None
    return _shown(inner, first, [var.column for var in behind], deepest - 1)


def _shows_groups_of_all(query: Query) -> bool:
    """Return True if each row of FROM is in the result, alone or in a group."""
    ungrouped = query.has_aggregates and not query.group
    return not (
        ungrouped
        or query.having is not None
        or query.grouping_sets
        or query.has_set_returning
        or query.distinct_on
        or query.limit is not None
        or query.offset is not None
        or query.row_marks
    )


def _keeps_all(item: FromItem, index: int, place: ProgramPoint) -> bool:
    """Return True if each row of a FROM item is in a row of a join."""
    match item:
        case RangeTableRef():
            return item.index == index
        case JoinExpr(type=join, left=left, right=right):
            for preserved, other, outer in (
                (left, right, JoinType.LEFT),
                (right, left, JoinType.RIGHT),
            ):
                if index in _leaves(preserved):
                    found = join in {outer, JoinType.FULL} or (
                        join is JoinType.INNER and _always_joined(item, other, place)
                    )
                    return found and _keeps_all(preserved, index, place)
            return False
        case _:
            return False


def _always_joined(join: JoinExpr, other: FromItem, place: ProgramPoint) -> bool:
    """Return True if an inner join has a row of `other` for each row beside it."""
    # Facts about the rows after the join can be a result of this join.
    place = place.prover.home(place)
    above = place.scope.joins.nullable.get(next(_leaves(other), 0), frozenset())
    return found_key(place, other, join.condition, place, frozenset(above)) is not None


def _holds(
    child: Relation,
    entry: RangeTableEntry,
    parent: Relation,
    target: RangeTableEntry,
) -> bool:
    """Return True if foreign keys hold in the rows that these entries read."""
    # An inheritance child does not inherit foreign keys; a partition does.
    inherits = child.has_children and child.kind is RelationKind.TABLE
    partial = parent.has_children and not target.inherited
    return not ((inherits and entry.inherited) or partial or parent.row_security)


def _is_key(constraint: Constraint, parent: int, columns: set[tuple[int, int]]) -> bool:
    return (
        constraint.kind is ConstraintKind.FOREIGN_KEY
        and constraint.references == parent
        and constraint.validated
        and not constraint.deferrable
        # PERIOD requires that the periods are covered, not that they are equal.
        and not (constraint.is_period or constraint.partial)
        and columns
        == set(zip(constraint.columns, constraint.referenced_columns, strict=True))
    )
