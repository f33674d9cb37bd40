"""Lookup of types by oid, and facts about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reposgen.live_schema.model import (
    ArrayType,
    BaseType,
    CompositeType,
    DomainType,
    EnumType,
    MultirangeType,
    PgType,
    PseudoType,
    RangeType,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reposgen.live_schema.model import Catalog, ResultColumn
    from reposgen.live_schema.tree.expressions import Expression

# Pseudo-types with readable values: void, as in `SELECT pg_notify(…)`; anyarray, for
# columns of pg_statistic; and cstring, which is text.
_READABLE = frozenset({"void", "anyarray", "cstring"})
_ROW = "record"


def type_of(oid: int, catalog: Catalog) -> PgType:
    """Return the type with an oid; a pseudo-type if the catalog lacks it."""
    known = catalog.types.get(oid)
    return known or PseudoType(
        oid=oid, schema="pg_catalog", name="?", sql=f"type {oid}"
    )


def result_type(
    column: ResultColumn, expression: Expression | None, catalog: Catalog
) -> PgType:
    """Return the type of a result column; a domain if the tree or table shows it.

    The protocol reports a domain's base type instead of the domain.
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
    """Return the base type of a domain; other types unchanged."""
    while isinstance(type_, DomainType):
        type_ = type_.base
    return type_


def operators_of(type_: PgType) -> str:
    """Return the schema of the operators that order a type's values.

    The operators of a user's or an extension's base type are in the schema of the type.
    All other types are ordered by operators in pg_catalog.
    """
    base = base_of(type_)
    return base.schema if isinstance(base, BaseType) else "pg_catalog"


def opaque_part(  # noqa: PLR0911 - one return for each kind of type
    type_: PgType,
) -> PseudoType | None:
    """Return the part of a type that does not determine its values, or None.

    The part can be the type itself, an array's element type, or a field of a row.
    """
    match type_:
        case PseudoType():
            return type_
        case ArrayType():
            return opaque_part(type_.element)
        case DomainType():
            return opaque_part(type_.base)
        case RangeType():
            return opaque_part(type_.subtype)
        case MultirangeType():
            return opaque_part(type_.range)
        case CompositeType():
            found = (opaque_part(field.type) for field in type_.fields)
            return next((part for part in found if part is not None), None)
        case _:
            return None


def is_readable(type_: PgType) -> bool:
    """Return True if the values of a result column of this type can be read."""
    part = opaque_part(type_)
    readable = part is type_ and type_.name in _READABLE
    return part is None or readable or is_row(type_)


def is_row(type_: PgType) -> bool:
    """Return True if values are anonymous records, or arrays of them."""
    inner = type_.element if isinstance(type_, ArrayType) else type_
    return isinstance(inner, PseudoType) and inner.name == _ROW


def parts(type_: PgType) -> Iterator[PgType]:
    """Yield the type and all types that it is made of, the innermost first."""
    match type_:
        case ArrayType():
            yield from parts(type_.element)
        case DomainType():
            yield from parts(type_.base)
        case RangeType():
            yield from parts(type_.subtype)
        case MultirangeType():
            yield from parts(type_.range)
        case CompositeType():
            for field in type_.fields:
                yield from parts(field.type)
        case BaseType() | EnumType() | PseudoType():
            pass
        case _:
            assert_never(type_)
    yield type_


def relations_in(types: Iterable[PgType], catalog: Catalog) -> set[int]:
    """Return the oids of the relations whose row types occur in types, at any depth."""
    found: set[int] = set()
    pending = [*types]
    while pending:
        for part in parts(pending.pop()):
            oid = part.relation if isinstance(part, CompositeType) else None
            relation = catalog.relations.get(oid or 0)
            if relation is not None and relation.oid not in found:
                found.add(relation.oid)
                pending += [column.type for column in relation.columns]
    return found
