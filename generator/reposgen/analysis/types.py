"""From the server's type oids to types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.model import ArrayType, DomainType, PgType, PseudoType

if TYPE_CHECKING:
    from reposgen.live_schema.model import Catalog, ResultColumn
    from reposgen.live_schema.tree.expressions import Expression

# What a function without a result gives, `SELECT pg_notify(…)`; what columns of
# pg_statistic hold, arrays of whatever a table's columns are; and plain text.
_READABLE = frozenset({"void", "anyarray", "cstring"})
_ROW = "record"


def type_of(oid: int, catalog: Catalog) -> PgType:
    """The type with that oid; a pseudo-type where it was made after the catalog."""
    known = catalog.types.get(oid)
    return known or PseudoType(
        oid=oid, schema="pg_catalog", name="?", sql=f"type {oid}"
    )


def result_type(
    column: ResultColumn, expression: Expression | None, catalog: Catalog
) -> PgType:
    """The type of a result column; a domain where the tree or the table shows one.

    The protocol names a domain's base type in its place.
    """
    described = type_of(column.type_oid, catalog)
    oid = getattr(expression, "type", None)
    shown = catalog.types.get(oid) if isinstance(oid, int) else None
    if expression is None:
        relation = catalog.relations.get(column.table_oid)
        origin = relation.column(column.column_number) if relation else None
        shown = origin.type if origin else None
    return shown if shown and base_of(shown).oid == described.oid else described


def base_of(type_: PgType) -> PgType:
    """What a domain is over in the end; any other type itself."""
    while isinstance(type_, DomainType):
        type_ = type_.base
    return type_


def is_opaque(type_: PgType) -> bool:
    """Whether nothing is known of what a value of it holds."""
    return isinstance(type_, PseudoType)


def is_readable(type_: PgType) -> bool:
    """Whether a column of the type has values that can be made sense of."""
    return not is_opaque(type_) or type_.name in _READABLE or is_row(type_)


def is_row(type_: PgType) -> bool:
    """Whether values are rows, or arrays of rows, whose columns no type tells."""
    inner = type_.element if isinstance(type_, ArrayType) else type_
    return isinstance(inner, PseudoType) and inner.name == _ROW
