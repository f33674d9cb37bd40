"""Number of rows that a statement can return, proved from its tree.

A statement returns at most one row if every FROM item is single: equality conditions
bind all columns of one of its unique indexes to one value.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from reposgen.analysis.agreement import Agreement, collation_of, equalities
from reposgen.analysis.model import Cardinality
from reposgen.analysis.nullability.jointree import read_join_tree
from reposgen.analysis.nullability.prover import always_returns_row
from reposgen.analysis.partial_indexes import implied
from reposgen.analysis.single_rows import BoundColumns
from reposgen.analysis.tags import apart
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
    from collections.abc import Callable, Collection, Mapping, Sequence

    from reposgen.analysis.agreement import Binding
    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog, Index, Relation
    from reposgen.live_schema.tree.model import (
        FromItem,
        Query,
        RangeTableEntry,
        SortGroupClause,
        TargetEntry,
    )

_NOT_BOUND: Binding = MappingProxyType({})


def cardinality(
    query: Query, catalog: Catalog, functions: BuiltinFunctions
) -> Cardinality:
    """Return how many rows a statement returns.

    Returns:
        NONE for a statement without a result, MANY if neither "one" nor "at most one"
        is proved.
    """
    if not query.results:
        return Cardinality.NONE
    if not at_most_one(query, catalog, functions):
        return Cardinality.MANY
    if always_returns_row(query, catalog, functions):
        return Cardinality.ONE
    return Cardinality.AT_MOST_ONE


def at_most_one(query: Query, catalog: Catalog, functions: BuiltinFunctions) -> bool:
    """Return True if a statement returns, or a write affects, at most one row."""
    return _Counter(catalog, functions, (query,)).single(query, _NOT_BOUND)


def tells_apart(
    query: Query,
    catalog: Catalog,
    functions: BuiltinFunctions,
    columns: Mapping[int, int],
    nullable: Collection[int] = (),
) -> bool:
    """Return True if no two rows of a result agree in all of the given columns.

    Args:
        query: the statement.
        catalog: catalog of the database.
        functions: the built-in functions of the server's major version.
        columns: by index in the result, the operator that compares two values; 0 stands
            for every operator.
        nullable: the columns that can be NULL; NULLs agree with each other.
    """
    bound = {}
    for index, operator in columns.items():
        target = query.results[index]
        found = equalities(catalog, operator, collation_of(target.expression))
        bound[target.number] = Agreement(
            equalities=found, or_null=index in nullable, same=not operator
        )
    return _Counter(catalog, functions, (query,)).single(query, bound)


def has_total_order(
    query: Query,
    around: tuple[Query, ...],
    catalog: Catalog,
    functions: BuiltinFunctions,
    order: Sequence[SortGroupClause],
) -> bool:
    """Return True if no two rows of a query have equal sort keys.

    Args:
        query: the query; its LIMIT, OFFSET and DISTINCT ON are ignored.
        around: the queries that enclose it, the innermost first.
        catalog: catalog of the database.
        functions: the built-in functions of the server's major version.
        order: the sort keys of its ORDER BY, or of a window in it.
    """
    if query.command is not CommandType.SELECT:
        return False
    whole = replace(query, limit=None, offset=None)
    if query.distinct_on:
        whole = replace(whole, distinct=(), distinct_on=False)
    targets = {t.group: t for t in query.targets if t.group}
    bound = {}
    for clause in order:
        target = targets[clause.group]
        found = equalities(catalog, clause.equality, collation_of(target.expression))
        bound[target.number] = Agreement(equalities=found, or_null=True)
    return _Counter(catalog, functions, (whole, *around)).single(whole, bound)


@dataclass(frozen=True, slots=True)
class _Counter:
    catalog: Catalog
    functions: BuiltinFunctions
    around: tuple[Query, ...]

    def single(self, query: Query, bound: Binding) -> bool:
        """Return True if a query returns at most one row.

        Args:
            query: the innermost query of `around`.
            bound: result columns in which the rows agree that the enclosing query
                selects.
        """
        if _is_limited(query) or self._single_group(query, bound):
            return True
        if query.command is CommandType.MERGE or query.has_set_returning:
            return False
        if query.set_operations is not None:
            return self._single_operation(query.set_operations, query, bound)
        return not query.grouping_sets and self._single_rows(query, bound)

    def _single_group(self, query: Query, bound: Binding) -> bool:
        """Return True if aggregation, GROUP BY or DISTINCT leaves at most one group."""
        if query.has_set_returning or query.grouping_sets:
            return False
        if not query.group and (query.has_aggregates or query.having is not None):
            return True
        return any(
            bool(clauses) and self._covers(query, clauses, bound)
            for clauses in (query.group, query.distinct)
        )

    def _single_operation(
        self, node: SetOperation | RangeTableRef, query: Query, bound: Binding
    ) -> bool:
        if isinstance(node, RangeTableRef):
            return self._single_subquery(query.entry(node.index), bound)
        if self._is_without_duplicates(node, query, bound):
            return True
        left = self._single_operation(node.left, query, bound)
        match node.operator:
            case SetOperator.EXCEPT:
                return left
            case SetOperator.INTERSECT:
                return left or self._single_operation(node.right, query, bound)
            case SetOperator.UNION:
                return (
                    left
                    and self._single_operation(node.right, query, bound)
                    and apart(node.left, node.right, query, bound, self.catalog)
                )
            case _:
                return False

    def _is_without_duplicates(
        self, node: SetOperation, query: Query, bound: Binding
    ) -> bool:
        """Return True if a set operation removes duplicates and all its rows agree."""
        families = self.catalog.operator_equality
        return (
            not node.all
            and len(node.equalities) == len(node.collations) == len(query.results)
            and all(
                target.number in bound
                and bound[target.number].implies(families.get(operator, ()), collation)
                for target, operator, collation in zip(
                    query.results, node.equalities, node.collations, strict=True
                )
            )
        )

    def _covers(
        self,
        query: Query,
        clauses: tuple[SortGroupClause, ...],
        bound: Binding,
    ) -> bool:
        """Return True if all grouping expressions are fixed: there is one group."""
        columns = self._bound_columns(query)
        targets = {t.group: t for t in query.targets if t.group}
        for clause in clauses:
            target = targets.get(clause.group)
            if target is not None and target.number in bound:
                # The groups agree in this grouping expression, and so do all of their
                # rows.
                columns.bind_outside(target.expression, bound[target.number])
        self._find_single(query, _leaves(query.join_tree) or (), columns)
        for clause in clauses:
            target = targets.get(clause.group)
            if target is None:
                return False
            known = bound.get(target.number)
            column = columns.resolved(target.expression)
            if isinstance(column, e.Var) and not column.levels_up:
                inside = columns.bound(column.index).get(column.column)
                if inside is not None:
                    known = inside if known is None else known | inside
            families = self.catalog.operator_equality.get(clause.equality, ())
            collation = collation_of(target.expression)
            if not (known and known.implies(families, collation)) and not (
                columns.is_fixed(column)
            ):
                return False
        return True

    def _bound_columns(self, query: Query) -> BoundColumns:
        columns = BoundColumns(query, self.catalog, self.functions)
        joins = read_join_tree(query)
        for condition in joins.conditions:
            columns.add(condition, joins.nullable)
        return columns

    def _single_rows(self, query: Query, bound: Binding) -> bool:
        leaves = _leaves(query.join_tree)
        if leaves is None:
            return False
        columns = self._bound_columns(query)
        # If the enclosing query binds a plain column, the column is bound in this query
        # too. That also holds for a grouped query, since all rows of a group agree in
        # it.
        for target in _numbered(query):
            if target.number in bound:
                columns.bind_outside(target.expression, bound[target.number])
        self._find_single(query, leaves, columns)
        return columns.single.issuperset(leaves)

    def _find_single(
        self, query: Query, leaves: tuple[int, ...], columns: BoundColumns
    ) -> None:
        """Add to `columns.single` the FROM items that have at most one row.

        An item that is single can bind columns of other items.
        """
        left = list(leaves)
        while found := [i for i in left if self._single_entry(query, i, columns)]:
            columns.single.update(found)
            left = [leaf for leaf in left if leaf not in columns.single]

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


def _numbered(query: Query) -> tuple[TargetEntry, ...]:
    """Return the targets that a binding refers to: for a SELECT, hidden ones too."""
    return query.targets if query.command is CommandType.SELECT else query.results


def _is_limited(query: Query) -> bool:
    limit = constant_integer(query.limit)
    return limit is not None and limit <= 1 and not query.with_ties


def _leaves(item: FromItem | None) -> tuple[int, ...] | None:
    """Return the range table indexes in FROM; None if a join is a FULL join."""
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
    """Return a unique index whose columns are all bound by the index's own equality.

    Args:
        relation: a table.
        entry: the table's range table entry.
        bound: columns in which the rows agree.
        covers: returns True if an index contains all selected rows.

    Returns:
        The primary key if it qualifies; None if no index qualifies.
    """
    # A unique index of an inheritance parent does not cover the rows of its children.
    inherits = relation.has_children and relation.kind is RelationKind.TABLE
    if inherits and entry.inherited:
        return None
    covered = (
        index
        for index in relation.indexes
        if index.unique
        and covers(index)
        and all(
            _tells_apart(index, place, relation, entry, bound)
            for place in range(len(index.columns))
        )
    )
    return min(covered, key=lambda index: not index.primary, default=None)


def _tells_apart(
    index: Index,
    place: int,
    relation: Relation,
    entry: RangeTableEntry,
    bound: Binding,
) -> bool:
    """Return True if rows that agree in a key column have equal keys for the index."""
    column = relation.column(index.columns[place])
    agreement = bound.get(index.columns[place])
    if column is None or agreement is None:
        return False
    if agreement.or_null and not index.nulls_not_distinct:
        # NULLs that an outer join adds are not in the table.
        not_null = column.not_null if entry.inherited else column.not_null_only
        if not not_null:
            return False
    return agreement.implies((index.operator_families[place],), index.collations[place])
