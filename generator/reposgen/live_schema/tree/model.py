"""Server's analysed query tree: statements, items of FROM, clauses.

Expressions are in `expressions`. Nodes are equal if they mean the same, wherever they
are in the text (`location`). Locations are character offsets; -1 if the server sends
none, as inside views and for nodes that it added.
"""

from __future__ import annotations

import re
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from reposgen.live_schema.tree.clauses import (
    GroupingSet,
    RowMark,
    SortGroupClause,
    WindowClause,
)
from reposgen.live_schema.tree.enums import (
    CommandType,
    GroupingSetKind,
    JoinType,
    MergeMatch,
    RteKind,
    SetOperator,
)
from reposgen.live_schema.tree.walk import QueryLevel, walk
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.live_schema.tree.expressions import Expression
    from reposgen.live_schema.tree.fields import LazyNodes


__all__ = [
    "CONFLICT_UPDATE",
    "CommandType",
    "CommonTableExpr",
    "FromExpr",
    "FromItem",
    "GroupingSet",
    "GroupingSetKind",
    "JoinExpr",
    "JoinType",
    "MergeAction",
    "MergeMatch",
    "OnConflict",
    "Permissions",
    "Query",
    "RangeFunction",
    "RangeTableEntry",
    "RangeTableRef",
    "RowMark",
    "RteKind",
    "SetOperation",
    "SetOperator",
    "SortGroupClause",
    "TargetEntry",
    "WindowClause",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetEntry:
    """Item of a select list or a RETURNING list, or an assignment.

    Attributes:
        number: number of the result column, or the `attnum` that is assigned.
        name: name of the result column.
        group: number by which ORDER BY, GROUP BY and DISTINCT refer to it; 0 for none.
        table: oid of the relation whose column it is unchanged, else 0.
        column: `attnum` in that relation, else 0.
        junk: True if only the executor needs it: it is not part of the result.
    """

    expression: Expression
    number: int
    name: str | None
    group: int = 0
    table: int = 0
    column: int = 0
    junk: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeFunction:
    """Function in FROM.

    Attributes:
        columns: number of its result columns.
        types: oids of the columns' types in a column definition list:
            AS t (a int, b text).
    """

    expression: Expression
    columns: int
    types: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """Privileges that a statement needs on one relation.

    Attributes:
        selected: `attnum`s that are read; 0 stands for the whole row.
        inserted: `attnum`s that an INSERT assigns.
        updated: `attnum`s that an UPDATE assigns.
    """

    relation: int
    selected: frozenset[int]
    inserted: frozenset[int]
    updated: frozenset[int]


_NAME = re.compile(r'"((?:[^\s()\\]|\\.)*)"', re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class RangeTableEntry:
    """Entry of the range table: a source of columns.

    Attributes:
        name: its alias, or the name of the relation or function.
        relation: oid, for relations and for views (which are subqueries).
        relation_kind: `pg_class.relkind`, or empty.
        inherited: True if descendants are read as well (no ONLY).
        subquery: the query of a subquery or view.
        join_type: `JoinType` of a join.
        join_columns: for a join, the expression of each of its columns.
        functions: the functions of a function entry.
        ordinality: True for WITH ORDINALITY.
        values: the rows of VALUES.
        cte_name: name of the CTE that it refers to.
        cte_levels_up: number of query levels between the reference and the CTE.
        self_reference: True for a recursive CTE's reference to itself.
        group_expressions: for the grouping step (PostgreSQL 18), the expression of each
            of its columns.
        security: conditions of row-level security and of security barrier views.
        other: expressions of XMLTABLE, JSON_TABLE, TABLESAMPLE.
        permissions: columns of a relation or view that are read and written.
        permission_index: index into the statement's permissions (PostgreSQL 16), from
            1, or 0.
        names_text: the server's text of the column names.
    """

    kind: RteKind
    name: str
    relation: int = 0
    relation_kind: str = ""
    inherited: bool = False
    lateral: bool = False
    subquery: Query | None = None
    security_barrier: bool = False
    join_type: int = 0
    join_columns: LazyNodes | tuple[Expression, ...] = field(default=(), compare=False)
    functions: tuple[RangeFunction, ...] = ()
    ordinality: bool = False
    values: tuple[tuple[Expression, ...], ...] = ()
    cte_name: str = ""
    cte_levels_up: int = 0
    self_reference: bool = False
    group_expressions: tuple[Expression, ...] = ()
    security: tuple[Expression, ...] = ()
    other: tuple[Expression, ...] = ()
    permissions: Permissions | None = field(default=None, compare=False)
    permission_index: int = field(default=0, compare=False)
    names_text: str = field(default="", repr=False, compare=False)

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """The names of its columns; dropped columns have an empty name."""
        names = _NAME.findall(self.names_text)
        if "\\" in self.names_text:
            names = [re.sub(r"\\(.)", r"\1", n, flags=re.DOTALL) for n in names]
        return tuple(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTableRef:
    """Leaf of the join tree: an index into the range table, from 1."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinExpr:
    """Join; `index` is its own index in the range table, or 0."""

    type: JoinType | None
    left: FromItem
    right: FromItem
    condition: Expression | None
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FromExpr:
    """FROM and WHERE."""

    items: tuple[FromItem, ...]
    condition: Expression | None


FromItem: TypeAlias = "RangeTableRef | JoinExpr | FromExpr"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonTableExpr:
    """WITH name AS (query)."""

    name: str
    query: Query
    recursive: bool
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOperation:
    """UNION, INTERSECT or EXCEPT of range table entries or other set operations.

    Attributes:
        equalities: oid of each column's equality operator, which finds duplicates;
            empty with ALL.
        collations: oid of each column's collation.
    """

    operator: SetOperator | None
    all: bool
    left: SetOperation | RangeTableRef
    right: SetOperation | RangeTableRef
    equalities: tuple[int, ...] = ()
    collations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OnConflict:
    """ON CONFLICT.

    Attributes:
        update: True for DO UPDATE, False for DO NOTHING.
        arbiters: the expressions of the conflict target.
        arbiter_condition: WHERE of the conflict target, or None.
        constraint: oid of the constraint in ON CONSTRAINT, or 0.
        excluded: index of EXCLUDED in the range table.
    """

    update: bool
    arbiters: tuple[Expression, ...]
    arbiter_condition: Expression | None
    constraint: int
    assignments: tuple[TargetEntry, ...]
    condition: Expression | None
    excluded: int


CONFLICT_UPDATE = 2  # `OnConflictAction`


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeAction:
    """WHEN … THEN of a MERGE."""

    match: MergeMatch
    command: CommandType
    condition: Expression | None
    targets: tuple[TargetEntry, ...]


@dataclass(frozen=True, kw_only=True)
class Query(QueryLevel):
    """Statement or subquery.

    Attributes:
        result_relation: range table index of the written relation, or 0.
        merge_condition: ON of a MERGE (PostgreSQL 17).
        with_ties: True for FETCH FIRST … WITH TIES.
        utility: for CALL and other utility commands, the command itself.
    """

    command: CommandType
    range_table: tuple[RangeTableEntry, ...]
    join_tree: FromExpr | None
    targets: tuple[TargetEntry, ...]
    can_set_tag: bool = True
    has_aggregates: bool = False
    has_set_returning: bool = False
    result_relation: int = 0
    ctes: tuple[CommonTableExpr, ...] = ()
    returning: tuple[TargetEntry, ...] = ()
    on_conflict: OnConflict | None = None
    merge_actions: tuple[MergeAction, ...] = ()
    merge_condition: Expression | None = None
    group: tuple[SortGroupClause, ...] = ()
    grouping_sets: tuple[GroupingSet, ...] = ()
    having: Expression | None = None
    windows: tuple[WindowClause, ...] = ()
    distinct: tuple[SortGroupClause, ...] = ()
    distinct_on: bool = False
    sort: tuple[SortGroupClause, ...] = ()
    offset: Expression | None = None
    limit: Expression | None = None
    with_ties: bool = False
    row_marks: tuple[RowMark, ...] = ()
    set_operations: SetOperation | None = None
    check_options: tuple[Expression, ...] = ()
    utility: Expression | None = None

    @cached_property
    def results(self) -> tuple[TargetEntry, ...]:
        """The target entries of the result, in order; of a write, its RETURNING."""
        if self.command is CommandType.SELECT:
            return tuple(t for t in self.targets if not t.junk)
        return tuple(t for t in self.returning if not t.junk)

    @cached_property
    def result_numbers(self) -> Mapping[int, TargetEntry]:
        """The target entries of the result, by their numbers."""
        return {target.number: target for target in self.results}

    @cached_property
    def nodes(self) -> tuple[object, ...]:
        """All nodes of the query, subqueries included, in the order of `walk`.

        They are cached, since many parts of the analysis need them.
        """
        return tuple(walk(self))

    def entry(self, index: int) -> RangeTableEntry:
        """Return the range table entry with an index, counted from 1."""
        return self.range_table[index - 1]
