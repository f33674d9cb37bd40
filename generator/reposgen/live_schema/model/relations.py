"""Tables, views, their parts, and functions."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.model.types import PgType


class RelationKind(StrEnum):
    """`pg_class.relkind` of what can stand in FROM."""

    TABLE = "r"
    PARTITIONED_TABLE = "p"
    VIEW = "v"
    MATERIALIZED_VIEW = "m"
    FOREIGN_TABLE = "f"
    SEQUENCE = "S"
    COMPOSITE = "c"


class Generated(StrEnum):
    """Who gives a column its value when an INSERT leaves it out."""

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
            reads those too). False for the columns of views and foreign tables.
        not_null_only: the same for `FROM ONLY table`, where descendants don't count.
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
    """Something that a write can violate, and that the error then names.

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An index, as far as proofs need it.

    Attributes:
        columns: `attnum`s of the key columns; 0 stands for an expression.
        operator_families: oid of each key column's operator family.
        unique: and not deferrable, valid, ready.
        nulls_not_distinct: UNIQUE NULLS NOT DISTINCT.
        predicate: the WHERE of a partial index, or None.
        predicate_tree: that of a unique one, the text of its tree.
    """

    name: str
    columns: tuple[int, ...]
    operator_families: tuple[int, ...]
    unique: bool
    primary: bool
    nulls_not_distinct: bool
    predicate: str | None
    predicate_tree: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A user's trigger; `events` from insert, update, delete, truncate."""

    name: str
    before: bool
    instead_of: bool
    row_level: bool
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table, view, or what else can stand in FROM.

    Attributes:
        view_definition: `pg_get_viewdef` of a materialized view, else None: views
            proper arrive expanded in the analysed tree.
        has_children: other tables inherit from it or are its partitions.
        triggers: those of descendants included: a row that is written through the
            parent meets them.
        row_security: row-level security is enabled.
    """

    oid: int
    schema: str
    name: str
    kind: RelationKind
    columns: tuple[RelationColumn, ...]
    constraints: tuple[Constraint, ...]
    indexes: tuple[Index, ...]
    triggers: tuple[Trigger, ...]
    has_children: bool
    row_security: bool
    row_type: int
    comment: str | None
    view_definition: str | None = None

    @property
    def qualified_name(self) -> str:
        """`public.tasks`, unquoted."""
        return f"{self.schema}.{self.name}"

    def column(self, number: int) -> RelationColumn | None:
        """The column with that `attnum`."""
        columns = self.columns
        # Without dropped columns a column stands where its number says.
        if 0 < number <= len(columns) and columns[number - 1].number == number:
            return columns[number - 1]
        return next((c for c in columns if c.number == number), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function that is not built in.

    Attributes:
        argument_names: of the input arguments, empty strings where unnamed.
        volatility: `provolatile`: i, s, v.
        kind: `prokind`: f, a, w, p.
    """

    oid: int
    schema: str
    name: str
    argument_names: tuple[str, ...]
    strict: bool
    volatility: str
    kind: str
    returns_set: bool
