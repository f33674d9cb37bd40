"""Types whose equal values have one spelling, which names the key of a row."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from uuid import UUID

from reposgen.live_schema.model import BaseType, DomainType, EnumType

if TYPE_CHECKING:
    from reposgen.live_schema.model import PgType

# Types whose equal values have the same spelling, with the kind of the spelling.
_KINDS = {
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "text": "text",
    "varchar": "text",
    "uuid": "uuid",
}
_LENGTH_WORD = 4


def kind_of(type_: PgType) -> str | None:
    """Return how values of a type are spelled.

    Returns:
        None if equal values can have different spellings.
    """
    while isinstance(type_, DomainType):
        type_ = type_.base
    if isinstance(type_, EnumType):
        return f"enum {type_.oid}"
    if not isinstance(type_, BaseType) or type_.schema != "pg_catalog":
        return None
    return _KINDS.get(type_.name)


def literal(kind: str, value: bytes) -> str | None:
    """Return a constant as the run time spells it; None for an enum."""
    match kind:
        case "integer":
            return str(int.from_bytes(value, sys.byteorder, signed=True))
        case "text":
            return value[_LENGTH_WORD:].decode("utf-8", "surrogateescape")
        case "uuid":
            return str(UUID(bytes=value))
        case _:
            return None
