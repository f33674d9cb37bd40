"""How many rows a statement can return, proved from its tree.

A statement returns at most one row where every item of FROM is single: all columns of
a unique index are bound by equality to one value.
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from reposgen.analysis.model import Cardinality
from reposgen.analysis.nullability.jointree import read_join_tree
from reposgen.analysis.nullability.prover import always_returns_row
from reposgen.analysis.partial_indexes import implied
from reposgen.analysis.single_rows import BoundColumns
from reposgen.live_schema.model import RelationKind
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
from reposgen.live_schema.tree.walk import constant_integer, walk_level
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reposgen.analysis.single_rows import Binding
    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog, Index, Relation
    from reposgen.live_schema.tree.model import (
        FromItem,
        Query,
        RangeTableEntry,
        SortGroupClause,
    )

_NOT_BOUND: Binding = MappingProxyType({})


def cardinality(
    query: Query, catalog: Catalog, functions: BuiltinFunctions
) -> Cardinality:
    """How many rows a statement returns.

    Returns:
        NONE for a statement that returns no rows at all, MANY where neither "one" nor
        "at most one" is proved.
    """
    if not query.results:
        return Cardinality.NONE
    if not at_most_one(query, catalog, functions):
        return Cardinality.MANY
    if always_returns_row(query, catalog, functions):
        return Cardinality.ONE
    return Cardinality.AT_MOST_ONE


def at_most_one(query: Query, catalog: Catalog, functions: BuiltinFunctions) -> bool:
    """Whether a statement returns (or an INSERT, UPDATE, DELETE affects) one row."""
    return _Counter(catalog, functions, (query,)).single(query, _NOT_BOUND)


def tells_apart(
    query: Query,
    catalog: Catalog,
    functions: BuiltinFunctions,
    columns: Mapping[int, int],
) -> bool:
    """Whether no two rows agree in some columns, none of which is NULL.

    Args:
        query: the statement.
        catalog: of the database.
        functions: the built-in functions of the server's major version.
        columns: by index in the result, the operator that tells whether two values
            agree; 0 for whichever does.
    """
    families = catalog.operator_equality
    every = frozenset(family for several in families.values() for family in several)
    bound = {
        query.results[index].number: frozenset(families.get(operator, ()))
        if operator
        else every
        for index, operator in columns.items()
    }
    return _Counter(catalog, functions, (query,)).single(query, bound)


@dataclass(frozen=True, slots=True)
class _Counter:
    catalog: Catalog
    functions: BuiltinFunctions
    around: tuple[Query, ...]

    def single(self, query: Query, bound: Binding) -> bool:
        """Whether a query has one row at most.

        Args:
            query: the innermost of `around`.
            bound: result columns that the query around compares with one value, and
                the operator families that the comparison is the equality of.
        """
        if _is_limited(query) or self._single_group(query, bound):
            return True
        if query.command is CommandType.MERGE or query.has_set_returning:
            return False
        if query.set_operations is not None:
            return _is_one_of_a_set(query, bound) or self._single_operation(
                query.set_operations, query
            )
        return not query.grouping_sets and self._single_rows(query, bound)

    def _single_group(self, query: Query, bound: Binding) -> bool:
        """Whether all rows fall into one group, be it GROUP BY's or DISTINCT's."""
        if query.has_set_returning or query.grouping_sets:
            return False
        if not query.group and (query.has_aggregates or query.having is not None):
            return True
        return any(
            bool(clauses) and self._covers(query, clauses, bound)
            for clauses in (query.group, query.distinct)
        )

    def _single_operation(
        self, node: SetOperation | RangeTableRef, query: Query
    ) -> bool:
        if isinstance(node, RangeTableRef):
            return self._single_subquery(query.entry(node.index), _NOT_BOUND)
        left = self._single_operation(node.left, query)
        match node.operator:
            case SetOperator.EXCEPT:
                return left
            case SetOperator.INTERSECT:
                return left or self._single_operation(node.right, query)
            case _:
                return False

    def _covers(
        self,
        query: Query,
        clauses: tuple[SortGroupClause, ...],
        bound: Binding,
    ) -> bool:
        """Whether all that makes a group is one value, so that there is one group."""
        columns = self._bound_columns(query)
        targets = {t.group: t for t in query.targets if t.group}
        for clause in clauses:
            target = targets.get(clause.group)
            if target is None:
                return False
            families = set() if target.junk else {*bound.get(target.number, ())}
            column = columns.resolved(target.expression)
            if isinstance(column, e.Var) and not column.levels_up:
                families |= columns.bound(column.index).get(column.column, set())
            equality = self.catalog.operator_equality.get(clause.equality, ())
            if not families.intersection(equality):
                return False
        return True

    def _bound_columns(self, query: Query) -> BoundColumns:
        columns = BoundColumns(query, self.catalog, self.functions)
        joins = read_join_tree(query)
        for condition in joins.conditions:
            columns.add(condition, joins.nulled)
        return columns

    def _single_rows(self, query: Query, bound: Binding) -> bool:
        if query.join_tree is None:
            return False
        leaves = _leaves(query.join_tree)
        if leaves is None:
            return False
        columns = self._bound_columns(query)
        if not (query.group or query.distinct):
            # Compared outside, a plain column is bound inside as well.
            for target in query.results:
                if isinstance(target.expression, e.Var) and bound.get(target.number):
                    columns.bind_outside(target.expression, bound[target.number])
        left = list(leaves)
        while left:
            found = [leaf for leaf in left if self._single_entry(query, leaf, columns)]
            if not found:
                return False
            columns.single.update(found)
            left = [leaf for leaf in left if leaf not in columns.single]
        return True

    def _single_entry(  # noqa: PLR0911 - one return for each kind of entry
        self, query: Query, index: int, columns: BoundColumns
    ) -> bool:
        entry = query.entry(index)
        bound = columns.bound(index)
        match entry.kind:
            case RteKind.RELATION:
                return self._single_table(entry, index, columns)
            case RteKind.SUBQUERY:
                return self._single_subquery(entry, bound)
            case RteKind.CTE:
                return self._single_cte(entry, bound)
            case RteKind.VALUES:
                return len(entry.values) <= 1
            case RteKind.FUNCTION:
                return not any(
                    getattr(node, "returns_set", False) or isinstance(node, e.Unknown)
                    for function in entry.functions
                    for node in walk_level(function.expression)
                )
            case RteKind.RESULT:
                return True
            case _:
                return False

    def _single_table(
        self, entry: RangeTableEntry, place: int, columns: BoundColumns
    ) -> bool:
        relation = self.catalog.relations.get(entry.relation)
        if relation is None:
            return False
        terms, major = columns.terms(place), self.catalog.major
        covers = partial(implied, place=place, conditions=terms, major=major)
        return covered_key(relation, entry, columns.bound(place), covers) is not None

    def _single_subquery(self, entry: RangeTableEntry, bound: Binding) -> bool:
        if entry.subquery is None:
            return False
        inner = _Counter(self.catalog, self.functions, (entry.subquery, *self.around))
        return inner.single(entry.subquery, bound)

    def _single_cte(self, entry: RangeTableEntry, bound: Binding) -> bool:
        around = self.around[entry.cte_levels_up :]
        if entry.self_reference or not around:
            return False
        for cte in around[0].ctes:
            if cte.name == entry.cte_name and not cte.recursive:
                inner = _Counter(self.catalog, self.functions, (cte.query, *around))
                return inner.single(cte.query, bound)
        return False


def _is_limited(query: Query) -> bool:
    limit = constant_integer(query.limit)
    return limit is not None and limit <= 1 and not query.with_ties


def _is_one_of_a_set(query: Query, bound: Binding) -> bool:
    """Whether all columns are bound of a UNION or the like, which has no duplicates."""
    operation = query.set_operations
    return (
        isinstance(operation, SetOperation)
        and not operation.all
        and all(bound.get(target.number) for target in query.results)
    )


def _leaves(item: FromItem) -> tuple[int, ...] | None:
    """The range table entries in FROM; None where a FULL join is among the joins."""
    match item:
        case RangeTableRef(index=index):
            return (index,)
        case JoinExpr(type=JoinType.INNER | JoinType.LEFT | JoinType.RIGHT):
            items: tuple[FromItem, ...] = (item.left, item.right)
        case FromExpr(items=items):
            pass
        case _:
            return None
    found: list[int] = []
    for one in items:
        leaves = _leaves(one)
        if leaves is None:
            return None
        found += leaves
    return tuple(found)


def covered_key(
    relation: Relation,
    entry: RangeTableEntry,
    bound: Binding,
    covers: Callable[[Index], bool] = lambda index: index.predicate is None,
) -> Index | None:
    """A unique index of which all columns are bound by its own equality.

    Args:
        relation: a table.
        entry: the table in the range table.
        bound: columns that are compared with one value.
        covers: whether an index holds all rows that are asked for.
    """
    # A unique index of an inheritance parent says nothing of its children.
    inherits = relation.has_children and relation.kind is RelationKind.TABLE
    if inherits and entry.inherited:
        return None
    covered = (
        index
        for index in relation.indexes
        if index.unique
        and covers(index)
        and all(
            number > 0 and family in bound.get(number, frozenset())
            for number, family in zip(
                index.columns, index.operator_families, strict=True
            )
        )
    )
    return min(covered, key=lambda index: not index.primary, default=None)
