"""PostgreSQL's kinds of types, a closed set."""

from __future__ import annotations

from dataclasses import field

from reposgen.models import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseType:
    """Base type of the server or an extension.

    Attributes:
        oid: valid in this database only; user-defined types have other oids elsewhere.
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
    """Array of `element`, of any number of dimensions."""

    oid: int
    schema: str
    name: str
    sql: str
    element: PgType


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumType:
    """Enum with its labels in sort order."""

    oid: int
    schema: str
    name: str
    sql: str
    labels: tuple[str, ...]
    comment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainCheck:
    """CHECK constraint of a domain.

    Attributes:
        definition: output of `pg_get_constraintdef`.
        tree: text of the condition's tree.
    """

    name: str
    definition: str
    tree: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainType:
    """Domain. A column of a NOT NULL domain can still be NULL through an outer join."""

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
    """Attribute of a composite type; dropped attributes leave gaps in `number`."""

    name: str
    type: PgType
    comment: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeType:
    """Composite type, or a table's row type.

    Attributes:
        fields: attributes in order, without dropped ones.
        relation: oid of the table whose row type it is, else None.
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
    """Range of `subtype`."""

    oid: int
    schema: str
    name: str
    sql: str
    subtype: PgType


@dataclass(frozen=True, slots=True, kw_only=True)
class MultirangeType:
    """Multirange of `range`."""

    oid: int
    schema: str
    name: str
    sql: str
    range: RangeType


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoType:
    """Pseudo-type such as `void`, `record`, `anyelement`, whose values are unknown."""

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
