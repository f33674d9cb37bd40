"""The server's analysed query tree: statements, items of FROM, clauses.

Expressions are in `expressions`. Nodes are equal when they mean the same: the place
in the text (`location`) does not count. Locations are character offsets, -1 where
the server gives none (inside views, for what it added itself).
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
    """An item of a select list, a RETURNING list, or an assignment.

    Attributes:
        number: of the result column, or the `attnum` that is assigned.
        name: of the result column.
        group: what ORDER BY, GROUP BY and their like refer to it by; 0 for none.
        table: oid of the relation whose column it is unchanged, else 0.
        column: `attnum` there.
        junk: needed by the executor, no part of the result.
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
    """A function in FROM.

    Attributes:
        columns: how many columns it gives.
        types: of the columns, where the statement tells them: AS t (a int, b text).
    """

    expression: Expression
    columns: int
    types: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """The privileges that a statement needs on one relation.

    Attributes:
        selected: `attnum`s that are read; 0 stands for the whole row.
        inserted: `attnum`s that an INSERT gives.
        updated: `attnum`s that an UPDATE assigns.
    """

    relation: int
    selected: frozenset[int]
    inserted: frozenset[int]
    updated: frozenset[int]


_NAME = re.compile(r'"((?:[^\s()\\]|\\.)*)"', re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class RangeTableEntry:
    """An entry of the range table: a source of columns.

    Attributes:
        name: its alias, or the name of what it is.
        relation: oid, for relations and for views (which are subqueries).
        relation_kind: `pg_class.relkind`, or empty.
        inherited: descendants are read as well (no ONLY).
        subquery: of a subquery or view.
        join_type: of a join.
        join_columns: of a join, what each of its columns is.
        functions: of functions in FROM.
        ordinality: WITH ORDINALITY.
        values: of VALUES, its rows.
        cte_name: of a reference to a CTE.
        cte_levels_up: how many levels out that CTE is defined.
        self_reference: of a recursive CTE to itself.
        group_expressions: of the grouping step (18), what its columns are.
        security: row-level security's conditions.
        other: expressions of XMLTABLE, JSON_TABLE, TABLESAMPLE.
        permissions: what is read and written of a relation or view.
        permission_index: into the statement's permissions (16), from 1, or 0.
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
        """The names of its columns; dropped columns have an empty one."""
        names = _NAME.findall(self.names_text)
        if "\\" in self.names_text:
            names = [re.sub(r"\\(.)", r"\1", n, flags=re.DOTALL) for n in names]
        return tuple(names)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTableRef:
    """A leaf of the join tree: an index into the range table, from 1."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinExpr:
    """A join; `index` is its own place in the range table, or 0."""

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
    """UNION, INTERSECT, EXCEPT over range table entries or further ones.

    Attributes:
        equalities: the operator by which each column's values are duplicates; none
            with ALL.
        collations: of the columns.
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
        update: DO UPDATE, else DO NOTHING.
        arbiters: the expressions of the conflict target.
        constraint: oid of ON CONSTRAINT's, or 0.
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
    """A statement or subquery.

    Attributes:
        result_relation: index of what is written, or 0.
        merge_condition: ON of a MERGE (17).
        returning_old: the name RETURNING uses for the old row (18).
        with_ties: FETCH FIRST … WITH TIES.
        utility: of CALL and its like, the command itself.
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
        """The entries of the result, in order; for a write, those of RETURNING."""
        if self.command is CommandType.SELECT:
            return tuple(t for t in self.targets if not t.junk)
        return tuple(t for t in self.returning if not t.junk)

    @cached_property
    def result_numbers(self) -> Mapping[int, TargetEntry]:
        """The entries of the result by their numbers."""
        return {target.number: target for target in self.results}

    @cached_property
    def nodes(self) -> tuple[object, ...]:
        """All nodes of the query, itself and subqueries included, as `walk` gives them.

        Many ask for them, of one statement: it is walked once.
        """
        return tuple(walk(self))

    def entry(self, index: int) -> RangeTableEntry:
        """Return the entry of the range table with that index, from 1."""
        return self.range_table[index - 1]
