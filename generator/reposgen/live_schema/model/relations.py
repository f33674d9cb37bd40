"""Data types for tables, views, their parts, and functions."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.model.types import PgType


class RelationKind(StrEnum):
    """`pg_class.relkind` of relations that can be in FROM."""

    TABLE = "r"
    PARTITIONED_TABLE = "p"
    VIEW = "v"
    MATERIALIZED_VIEW = "m"
    FOREIGN_TABLE = "f"
    SEQUENCE = "S"
    COMPOSITE = "c"


class Generated(StrEnum):
    """Source of a column's value if an INSERT omits the column."""

    NO = ""
    ALWAYS_STORED = "s"
    ALWAYS_VIRTUAL = "v"
    IDENTITY_ALWAYS = "a"
    IDENTITY_BY_DEFAULT = "d"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationColumn:
    """Column of a table or view.

    Attributes:
        number: `attnum`, from 1, with gaps where columns were dropped.
        not_null: True if no row can have NULL: `attnotnull` with a validated
            constraint, also in all descendants of an inheritance parent, since a query
            of the parent reads them too. False for columns of foreign tables. For
            columns of views, the proof from their definition.
        not_null_only: the same for `FROM ONLY table`, which excludes descendants.
        generated_from: `attnum`s of the columns that a generated column is computed
            from; 0 stands for the whole row.
        expression_tree: text of the tree of a generated column's expression.
        why_not_null: reasons for a proved `not_null`; empty if it is declared.
    """

    number: int
    name: str
    type: PgType
    type_modifier: int
    not_null: bool
    not_null_only: bool
    has_default: bool
    generated: Generated
    comment: str | None
    generated_from: tuple[int, ...] = ()
    expression_tree: str | None = field(default=None, repr=False)
    why_not_null: tuple[str, ...] = ()


class ConstraintKind(StrEnum):
    """`pg_constraint.contype`; unique indexes without a constraint are UNIQUE too."""

    PRIMARY_KEY = "p"
    UNIQUE = "u"
    FOREIGN_KEY = "f"
    CHECK = "c"
    EXCLUSION = "x"
    NOT_NULL = "n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """Constraint that a write can violate and that the error names.

    Attributes:
        columns: `attnum`s of the table, in the constraint's order, without expressions
            of a unique index.
        definition: output of `pg_get_constraintdef`, or its like for a unique index:
            `UNIQUE (lower(name)) WHERE active`.
        validated: True if all existing rows satisfy it.
        deferrable: True for DEFERRABLE.
        references: for a foreign key, the oid of the referenced table.
        referenced_columns: for a foreign key, `attnum`s of the referenced columns.
        on_delete: for a foreign key, `confdeltype`: a, r, c, n, d.
        on_update: for a foreign key, `confupdtype`.
        oid: oid of the constraint; 0 for a unique index without a constraint.
        match_full: for a foreign key, True for MATCH FULL.
        set_columns: for a foreign key, the `attnum`s that ON DELETE SET NULL or
            SET DEFAULT changes; None for all.
        depends: `attnum`s that the constraint depends on, including those in
            expressions and predicates; 0 stands for the whole row.
        is_steady: True if a row that satisfies a CHECK does so until the row changes:
            it calls only immutable functions.
        is_period: True for WITHOUT OVERLAPS and for a foreign key with PERIOD, whose
            last columns need not be equal.
        parent: for a copy in a partition or inheriting table, the oid of the parent
            table and the name of the original constraint; else None.
        check_tree: for a CHECK, the text of its condition's tree.
        partial: True for the part of a foreign key to a partitioned table that refers
            to a single partition: the row can be in another partition.
    """

    name: str
    kind: ConstraintKind
    columns: tuple[int, ...]
    definition: str
    validated: bool = True
    deferrable: bool = False
    references: int | None = None
    referenced_columns: tuple[int, ...] = ()
    on_delete: str = ""
    on_update: str = ""
    oid: int = 0
    match_full: bool = False
    set_columns: tuple[int, ...] | None = None
    depends: tuple[int, ...] = ()
    is_steady: bool = True
    is_period: bool = False
    parent: tuple[int, str] | None = None
    check_tree: str | None = field(default=None, repr=False)
    partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Properties of an index that proofs need.

    Attributes:
        columns: `attnum`s of the key columns; 0 stands for an expression.
        operator_families: oid of each key column's operator family.
        unique: True if it enforces uniqueness by equality at once: valid, ready and not
            deferrable.
        nulls_not_distinct: True for UNIQUE NULLS NOT DISTINCT.
        predicate: WHERE of a partial index; None for a full index.
        predicate_tree: for a unique index, the text of the predicate's tree.
        expressions_tree: for a unique index, the text of the expressions' trees.
        collations: oid of each key column's collation in the index, which can differ
            from the column's own; 0 for a type without collation.
    """

    name: str
    columns: tuple[int, ...]
    operator_families: tuple[int, ...]
    unique: bool
    primary: bool
    nulls_not_distinct: bool
    predicate: str | None
    predicate_tree: str | None = field(default=None, repr=False)
    expressions_tree: str | None = field(default=None, repr=False)
    collations: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Trigger of a user.

    Attributes:
        events: insert, update, delete, truncate.
        function: oid of the function that it calls.
        columns: `attnum`s of `UPDATE OF`; empty if every UPDATE fires it.
    """

    name: str
    before: bool
    instead_of: bool
    row_level: bool
    events: tuple[str, ...]
    function: int = 0
    columns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Policy of row-level security.

    Attributes:
        command: `pg_policy.polcmd`: r, a, w, d, or * for all.
        using: text of the tree of its USING, or None.
        check: text of the tree of its WITH CHECK, or None.
    """

    name: str
    command: str
    using: str | None = field(repr=False)
    check: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """Table, view or other relation that can be in FROM.

    Attributes:
        triggers: its triggers and those of its descendants, which fire for rows written
            through the parent.
        children: oids of the tables that inherit from it or are its partitions.
        row_security: True if row-level security is enabled.
        row_type: oid of its row type.
        view_definition: `pg_get_viewdef` of a materialized view, else None: the server
            expands other views in the analysed tree.
        parents: oids of the tables that it inherits from, or is a partition of.
        partition_strategy: `pg_partitioned_table.partstrat`: l, r, h; else empty.
        partition_columns: `attnum`s of the partition key; 0 stands for the whole row.
        partition_bound: bound of a partition: `FOR VALUES IN (1)`; else None.
    """

    oid: int
    schema: str
    name: str
    kind: RelationKind
    columns: tuple[RelationColumn, ...]
    constraints: tuple[Constraint, ...]
    indexes: tuple[Index, ...]
    triggers: tuple[Trigger, ...]
    children: tuple[int, ...]
    row_security: bool
    row_type: int
    comment: str | None
    view_definition: str | None = None
    policies: tuple[Policy, ...] = ()
    parents: tuple[int, ...] = ()
    partition_strategy: str = ""
    partition_columns: tuple[int, ...] = ()
    partition_bound: str | None = None

    @property
    def qualified_name(self) -> str:
        """The schema and name, unquoted: `public.tasks`."""
        return f"{self.schema}.{self.name}"

    def constraint(self, name: str) -> Constraint | None:
        """Return the constraint with a name, or None."""
        return next((c for c in self.constraints if c.name == name), None)

    @property
    def has_children(self) -> bool:
        """Whether the relation has partitions or inheriting tables."""
        return bool(self.children)

    def column(self, number: int) -> RelationColumn | None:
        """Return the column with an `attnum`, or None."""
        columns = self.columns
        # Unless columns were dropped, a column's index follows from its number.
        if 0 < number <= len(columns) and columns[number - 1].number == number:
            return columns[number - 1]
        return next((c for c in columns if c.number == number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlBody:
    """Properties of the body of an SQL function, except its text.

    Attributes:
        arguments: number of input arguments.
        defaults_tree: text of the list of trees of the last arguments' defaults.
        search_path: `search_path` in the function's SET clause, or None.
        resolved: True if its names were resolved when it was created (BEGIN ATOMIC,
            RETURN); False if each call resolves them by its `search_path`.
    """

    arguments: int
    defaults_tree: str | None = field(default=None, repr=False)
    search_path: str | None = None
    resolved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """Function that is not built in.

    Attributes:
        argument_names: names of the input arguments; empty strings for unnamed ones.
        volatility: `provolatile`: i, s, v.
        kind: `prokind`: f, a, w, p.
        extension: name of the extension that it belongs to, or None.
        output_names: names of OUT arguments and of columns in RETURNS TABLE.
        returns: oid of the type of its result, or of each row of a set.
        body: properties of its body; None if it is not written in SQL.
        digest: digest of its source, only in the schema `reposgen_cache`.
    """

    oid: int
    schema: str
    name: str
    argument_names: tuple[str, ...]
    strict: bool
    volatility: str
    kind: str
    returns_set: bool
    extension: str | None = None

    @property
    def qualified_name(self) -> str:
        """The schema and name, unquoted: `public.touch`."""
        return f"{self.schema}.{self.name}"

    output_names: tuple[str, ...] = ()
    returns: int = 0
    body: SqlBody | None = None
    digest: str | None = None
