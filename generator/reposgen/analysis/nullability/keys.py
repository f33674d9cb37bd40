"""Joins and subqueries that follow a foreign key: its row is there.

Both sides are looked for behind views, subqueries, CTEs and joins: a column that is
handed on unchanged holds the values of the table's, and a query that leaves out no row
of a table shows the row that the key points to.
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
    """A table behind an item of FROM.

    Attributes:
        columns: `attnum`s there, in the order asked for.
    """

    entry: RangeTableEntry
    columns: tuple[int, ...]


class _Pair(NamedTuple):
    """`parent.column = child.column`."""

    parent: e.Var
    child: e.Var


def is_true(condition: e.Expression | None) -> bool:
    """A condition that every row passes: none, or `true`."""
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
    """Why a condition always finds a row, if it does: the foreign key that it follows.

    Args:
        place: of the query that the condition stands in.
        item: in its FROM, what is looked for.
        condition: whole.
        child_place: of the query that has the key: the same, or the one around.
        above: the sides of outer joins that null all that is joined.
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
        # A row finds itself, unless it is hidden, or of a child that ONLY leaves out.
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
    """The terms of a condition that compare a column of the item with another's."""
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
    """Whether a comparison can tell apart what the parent's key takes to be equal."""
    nondeterministic = place.prover.knowledge.catalog.nondeterministic
    return (
        parent.collation in nondeterministic
        and parent.collation != term.input_collation
    )


def _unlabelled(node: e.Expression, place: ProgramPoint) -> e.Expression:
    """A column as it is, where the server compares it as another type like it."""
    if not isinstance(node, e.Coerce) or node.kind is not e.Coercion.RELABEL:
        return node
    types = place.prover.knowledge.catalog.types
    found = types.get(expression_type(node.arg))
    while isinstance(found, DomainType) and found.oid != node.type:
        found = found.base
    # Of other types, such as citext, text has another equality.
    same = found is not None and (
        found.oid == node.type or (found.oid, node.type) == _TEXTS
    )
    return node.arg if same else node


def _own(var: e.Var) -> e.Var:
    """The same column, seen from its own query."""
    return e.Var(index=var.index, column=var.column, type=var.type)


def _behind(var: e.Var, place: ProgramPoint) -> e.Var | None:
    """The column of an item of FROM that one of a join or of the grouping step is."""
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
    """Whether a column is not NULL in the rows that its item has."""
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
    """The place of the query behind an item of FROM, if it is one."""
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
    """The columns of one item in FROM that result columns of a query are."""
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
    """The table whose values columns of one item have, where they are not NULL."""
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
    """The table of which an item shows all rows, these columns unchanged."""
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
    """Whether each row of FROM is in a row of the result: alone, or in a group."""
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
    """Whether each row of an item of FROM is in a row of a join."""
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
    """Whether an inner join finds a row of that side for every row of the other."""
    # What is known of the rows that are left, the join itself may have made so.
    place = place.prover.home(place)
    above = place.scope.joins.nullable.get(next(_leaves(other), 0), frozenset())
    return found_key(place, other, join.condition, place, frozenset(above)) is not None


def _holds(
    child: Relation,
    entry: RangeTableEntry,
    parent: Relation,
    target: RangeTableEntry,
) -> bool:
    """Whether foreign keys hold in what these entries show of their tables."""
    # A child by inheritance has none of its parent's foreign keys; a partition does.
    inherits = child.has_children and child.kind is RelationKind.TABLE
    partial = parent.has_children and not target.inherited
    return not ((inherits and entry.inherited) or partial or parent.row_security)


def _is_key(constraint: Constraint, parent: int, columns: set[tuple[int, int]]) -> bool:
    return (
        constraint.kind is ConstraintKind.FOREIGN_KEY
        and constraint.references == parent
        and constraint.validated
        and not constraint.deferrable
        # PERIOD demands that times are covered, not that they are equal.
        and not (constraint.is_period or constraint.partial)
        and columns
        == set(zip(constraint.columns, constraint.referenced_columns, strict=True))
    )
