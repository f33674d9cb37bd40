"""Tables, views, their parts, and functions."""

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
    """The source of a column's value if an INSERT omits the column."""

    NO = ""
    ALWAYS_STORED = "s"
    ALWAYS_VIRTUAL = "v"
    IDENTITY_ALWAYS = "a"
    IDENTITY_BY_DEFAULT = "d"


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationColumn:
    """A column of a table or view.

    Attributes:
        number: `attnum`, from 1, with gaps where columns were dropped.
        not_null: trusted: `attnotnull`, its constraint validated, and true for all
            descendants of an inheritance parent as well (a query over the parent
            reads those too). False for the columns of foreign tables; of views what is
            proved of their definitions.
        not_null_only: the same for `FROM ONLY table`, where descendants don't count.
        generated_from: `attnum`s of the columns that a generated column is computed
            from; 0 stands for the whole row.
        expression_tree: of a generated column, the text of its expression's tree.
        why_not_null: what proves it where its declaration doesn't say NOT NULL.
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
    """A constraint that a write can violate and that the error names.

    Attributes:
        columns: `attnum`s of the table, in the constraint's order; expressions of a
            unique index are left out.
        references: for a foreign key, the oid of the table it points to.
        referenced_columns: for a foreign key, the `attnum`s there.
        on_delete: for a foreign key, `confdeltype`: a, r, c, n, d.
        on_update: for a foreign key, `confupdtype`.
        definition: as `pg_get_constraintdef` prints it, of a unique index the like:
            `UNIQUE (lower(name)) WHERE active`.
        oid: of the constraint, 0 for a unique index without one.
        match_full: for a foreign key, MATCH FULL.
        set_columns: for a foreign key, the `attnum`s that ON DELETE SET NULL or
            SET DEFAULT changes; None if that is all of them.
        depends: `attnum`s that the constraint depends on, those in expressions and
            predicates included; 0 stands for the whole row.
        is_steady: a row that satisfied a CHECK satisfies it until the row changes: it
            calls immutable functions only.
        is_period: WITHOUT OVERLAPS, or a foreign key with PERIOD: its last columns
            need not be equal.
        parent: oid of a table and the name of its constraint that this one only
            repeats for a partition or an inheriting table.
        check_tree: of a CHECK, the text of its condition's tree.
        partial: a part of a foreign key to a partitioned table, for one of the
            partitions: the row may be in another.
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
    """An index, as far as proofs need it.

    Attributes:
        columns: `attnum`s of the key columns; 0 stands for an expression.
        operator_families: oid of each key column's operator family.
        collations: oid of each key column's collation in the index, which need not be
            the column's own; 0 where its type has none.
        unique: by equality, and not deferrable, valid, ready.
        nulls_not_distinct: UNIQUE NULLS NOT DISTINCT.
        predicate: the WHERE of a partial index, or None.
        predicate_tree: that of a unique one, the text of its tree.
        expressions_tree: the text of the trees of a unique one's expressions.
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
    """A user's trigger; `events` from insert, update, delete, truncate.

    Attributes:
        function: oid of what it calls.
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
    """A policy of row-level security.

    Attributes:
        command: `pg_policy.polcmd`: r, a, w, d, or * for all.
        using: the text of the tree of its USING, or None.
        check: the text of the tree of its WITH CHECK, or None.
    """

    name: str
    command: str
    using: str | None = field(repr=False)
    check: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table, a view or another relation that can be in FROM.

    Attributes:
        view_definition: `pg_get_viewdef` of a materialized view, else None: views
            proper arrive expanded in the analysed tree.
        children: oids of the tables that inherit from it or are its partitions.
        triggers: those of descendants included: a row that is written through the
            parent meets them.
        row_security: row-level security is enabled.
        parents: oids of the tables that it inherits from, or that it is a partition of.
        partition_strategy: `pg_partitioned_table.partstrat`: l, r, h; else empty.
        partition_columns: `attnum`s that tell which partition a row belongs to; 0
            stands for the whole row.
        partition_bound: of a partition, which rows it takes: `FOR VALUES IN (1)`.
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
        """`public.tasks`, unquoted."""
        return f"{self.schema}.{self.name}"

    def constraint(self, name: str) -> Constraint | None:
        """Return the constraint with that name."""
        return next((c for c in self.constraints if c.name == name), None)

    @property
    def has_children(self) -> bool:
        """Whether the relation has partitions or inheriting tables."""
        return bool(self.children)

    def column(self, number: int) -> RelationColumn | None:
        """Return the column with that `attnum`."""
        columns = self.columns
        # Without dropped columns a column stands where its number says.
        if 0 < number <= len(columns) and columns[number - 1].number == number:
            return columns[number - 1]
        return next((c for c in columns if c.number == number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlBody:
    """Properties of the body of an SQL function, except its text.

    Attributes:
        arguments: how many input arguments it has.
        defaults_tree: the text of a list of trees: the defaults of the last of them.
        search_path: that of its SET clause, if it has one.
        resolved: its names were resolved when it was created (BEGIN ATOMIC, RETURN),
            not anew by the search path of each call.
    """

    arguments: int
    defaults_tree: str | None = field(default=None, repr=False)
    search_path: str | None = None
    resolved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function that is not built in.

    Attributes:
        argument_names: of the input arguments, empty strings where unnamed.
        volatility: `provolatile`: i, s, v.
        kind: `prokind`: f, a, w, p.
        extension: name of the extension that it belongs to, or None.
        output_names: of OUT arguments and of RETURNS TABLE's columns.
        returns: oid of the type of its result, or of each row of a set.
        body: None where it is not written in SQL.
        digest: of its source, in the schema `reposgen_cache` alone.
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
        """`public.touch`, unquoted."""
        return f"{self.schema}.{self.name}"

    output_names: tuple[str, ...] = ()
    returns: int = 0
    body: SqlBody | None = None
    digest: str | None = None
