"""PostgreSQL's types, a closed set."""

from __future__ import annotations

from dataclasses import field

from reposgen.models import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseType:
    """A base type of the server or an extension: none of the classes below.

    Attributes:
        oid: in this database only; user-defined types have other oids elsewhere.
        schema: `pg_catalog`, `public`.
        name: `typname`: `int4`, `timestamptz`, `citext`.
        sql: PostgreSQL's own spelling (`format_type`): `integer`.
    """

    oid: int
    schema: str
    name: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayType:
    """An array over `element`; PostgreSQL's type knows no number of dimensions."""

    oid: int
    schema: str
    name: str
    sql: str
    element: PgType


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumType:
    """An enum with its labels in sort order."""

    oid: int
    schema: str
    name: str
    sql: str
    labels: tuple[str, ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCheck:
    """A CHECK constraint of a domain.

    Attributes:
        definition: as `pg_get_constraintdef` prints it.
        tree: the text of its condition's tree.
    """

    name: str
    definition: str
    tree: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainType:
    """A domain. A NOT NULL domain column can still hold NULL (an outer join)."""

    oid: int
    schema: str
    name: str
    sql: str
    base: PgType
    not_null: bool
    comment: str | None = None
    checks: tuple[DomainCheck, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeField:
    """An attribute of a composite type; `number` has gaps where others were dropped."""

    name: str
    type: PgType
    comment: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeType:
    """A composite type, a table's row type included.

    Attributes:
        relation: the table's oid where this is a table's row type, else None.
        fields: in order, dropped attributes left out.
    """

    oid: int
    schema: str
    name: str
    sql: str
    fields: tuple[CompositeField, ...]
    relation: int | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeType:
    """A range over `subtype`."""

    oid: int
    schema: str
    name: str
    sql: str
    subtype: PgType


@dataclass(frozen=True, slots=True, kw_only=True)
class MultirangeType:
    """A multirange of `range`."""

    oid: int
    schema: str
    name: str
    sql: str
    range: RangeType


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoType:
    """`void`, `record`, `anyelement` …: types whose values are not known."""

    oid: int
    schema: str
    name: str
    sql: str


PgType = (
    BaseType
    | ArrayType
    | EnumType
    | DomainType
    | CompositeType
    | RangeType
    | MultirangeType
    | PseudoType
)
