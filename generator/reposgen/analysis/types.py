"""From the server's type oids to types."""

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


def operators_of(type_: PgType) -> str:
    """The schema of the operators that order a type's values.

    Those of a base type that users or extensions made are beside it. All other types
    are ordered by operators that the server has for all of their kind.
    """
    base = base_of(type_)
    return base.schema if isinstance(base, BaseType) else "pg_catalog"


def opaque_part(  # noqa: PLR0911 - one return for each kind of type
    type_: PgType,
) -> PseudoType | None:
    """The part of a type whose values no type describes, or None.

    It can be the type itself, what an array holds, or a field of a row.
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
    """Whether a column of the type has values that can be made sense of."""
    part = opaque_part(type_)
    readable = part is type_ and type_.name in _READABLE
    return part is None or readable or is_row(type_)


def is_row(type_: PgType) -> bool:
    """Whether values are rows, or arrays of rows, whose columns no type tells."""
    inner = type_.element if isinstance(type_, ArrayType) else type_
    return isinstance(inner, PseudoType) and inner.name == _ROW


def parts(type_: PgType) -> Iterator[PgType]:
    """The type and all that it is made of, the innermost first."""
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
    """The oids of the relations whose rows values of those types hold."""
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
