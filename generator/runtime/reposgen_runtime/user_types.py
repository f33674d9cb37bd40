# ruff: noqa: ANN401 -- values of every type pass through here
"""Adapters for the types that a database adds to the built-in ones."""

from __future__ import annotations

import re
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, cast

from psycopg import postgres
from psycopg.adapt import Dumper, Loader
from psycopg.pq import Format
from psycopg.types import TypeInfo
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.hstore import register_hstore
from psycopg.types.multirange import (
    MultirangeBinaryDumper,
    MultirangeDumper,
    MultirangeInfo,
    register_multirange,
)
from psycopg.types.range import (
    RangeBinaryDumper,
    RangeDumper,
    RangeInfo,
    register_range,
)

from .builtin_types import loader, register_alias, subclass
from .errors import SchemaChanged
from .json_text import json_dump, json_load

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from enum import StrEnum

    from psycopg.abc import AdaptContext, Buffer
    from psycopg.adapt import AdaptersMap

    from .catalog import CatalogType

_TEXT: Final = postgres.types["text"].oid


def register_type(
    adapters: AdaptersMap,
    found: CatalogType,
    enum: type[StrEnum] | None,
    composite: Callable[..., Any] | None,
    fields: Sequence[int] | None = None,
) -> None:
    """Register adapters for a type, and loaders for arrays of it.

    Args:
        adapters: where to.
        found: the type.
        enum: the package's class, if it is an enum and has one.
        composite: what builds its values, if it is a composite and has that.
        fields: what the adapters of a composite's fields are found by, where that is
            not their types' oids.
    """
    info = TypeInfo(found.name, found.oid, found.array, delimiter=found.delimiter)
    match found.kind:
        case "e" if enum is not None:
            info.register(adapters)
            _register_enum(adapters, found.oid, enum)
        case "c" if composite is not None:
            _register_composite(adapters, found, composite, fields)
        case "d":
            info.register(adapters)
            register_alias(adapters, found.oid, found.base)
        case "r":
            _register_range(adapters, found)
        case "m":
            _register_multirange(adapters, found)
        case _ if found.name == "hstore":
            register_hstore(info, adapters)
        case _ if found.name == "vector":
            info.register(adapters)
            _register_vector(adapters, found.oid)
        case _ if found.name == "citext":
            info.register(adapters)
            register_alias(adapters, found.oid, _TEXT)
        case _:
            info.register(adapters)
            register_alias(adapters, found.oid, _TEXT, binary=False)


def _dumper(oid: int, dump: Callable[[Any], Buffer], format_: Format) -> type[Dumper]:
    attributes = {"oid": oid, "format": format_, "dump": staticmethod(dump)}
    return type("FunctionDumper", (Dumper,), attributes)


class _Members(dict[Any, Any]):
    """Enum members by their labels as they come from the server."""

    def __missing__(self, label: Buffer) -> Any:
        raise SchemaChanged(
            f"the database has an enum label, {bytes(label).decode()!r},"
            " that the generated code does not know"
        )


def _register_enum(adapters: AdaptersMap, oid: int, cls: type[StrEnum]) -> None:
    labels = {member.value: member.value.encode() for member in cls}
    members = _Members((member.value.encode(), member) for member in cls)
    for format_ in Format:
        made = loader(members.__getitem__, format_)
        adapters.register_loader(oid, made)
        adapters.register_dumper(None, _dumper(oid, labels.__getitem__, format_))


@cache
def _getter(cls: type[Any]) -> Callable[[Any], Sequence[Any]]:
    names: tuple[str, ...] = cls.__match_args__
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda value: (get(value),)


@cache
def _fields(maker: Callable[..., Any]) -> Callable[[Any, CompositeInfo], Sequence[Any]]:
    if not isinstance(maker, type):
        return lambda value, _: _getter(cast("Hashable", type(value)))(value)

    def fields(value: Any, _: CompositeInfo) -> Sequence[Any]:
        if not isinstance(value, maker):
            raise TypeError
        return _getter(cast("Hashable", type(value)))(value)

    return fields


@cache
def _build(maker: Callable[..., Any]) -> Callable[[Sequence[Any], CompositeInfo], Any]:
    names: Sequence[str] | None = getattr(maker, "__match_args__", None)
    # What was added to the type since the code was generated comes last.
    known = None if names is None else len(names)

    def build(values: Sequence[Any], info: CompositeInfo) -> Any:
        # As text, one field that is NULL looks like none: ().
        return maker(*(values or (None,) * len(info.field_names))[:known])

    return build


class _CompositeTextDumper(Dumper):
    """psycopg's text dumper picks each field's form by its value, not by its type."""

    info: CompositeInfo
    fields: Callable[[Any, CompositeInfo], Sequence[Any]]

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        adapters = postgres.adapters if context is None else context.adapters
        self._dumps = [
            adapters.get_dumper_by_oid(oid, Format.TEXT)(NoneType, context).dump
            for oid in self.info.field_types
        ]

    def dump(self, obj: Any) -> bytes:
        values = type(self).fields(obj, self.info)
        return b"(" + b",".join(map(self._dump_field, self._dumps, values)) + b")"

    @staticmethod
    def _dump_field(dump: Callable[[Any], Buffer | None], value: Any) -> bytes:
        if value is None or (data := dump(value)) is None:
            return b""
        return b'"' + re.sub(rb'(["\\])', rb"\1\1", data) + b'"'


class _Unused:
    pass


@cache
def _composite_info(found: CatalogType) -> CompositeInfo:
    # psycopg keeps the classes that it makes for an info, for good: one info per type.
    return _converted_info(found, found.field_types)


def _converted_info(found: CatalogType, field_types: Sequence[int]) -> CompositeInfo:
    return CompositeInfo(
        found.name,
        found.oid,
        found.array,
        field_names=found.field_names,
        field_types=field_types,
    )


def _register_composite(
    adapters: AdaptersMap,
    found: CatalogType,
    maker: Callable[..., Any],
    field_types: Sequence[int] | None,
) -> None:
    info = _composite_info(found)
    fields = _fields(maker)
    register_composite(
        info,
        adapters,
        # Dumpers are found by the type's oid: psycopg's by class get none to find.
        _Unused,
        make_object=_build(maker),
        make_sequence=fields,
    )
    if field_types is not None:
        info = _converted_info(found, field_types)
        for format_ in Format:
            exact = cast("type[Loader]", adapters.get_loader(found.oid, format_))
            adapters.register_loader(
                found.oid, type(exact.__name__, (exact,), {"info": info})
            )
    attributes = {"oid": found.oid, "info": info, "fields": staticmethod(fields)}
    text = type("CompositeTextDumper", (_CompositeTextDumper,), attributes)
    adapters.register_dumper(None, text)


def _register_range(adapters: AdaptersMap, found: CatalogType) -> None:
    register_range(
        RangeInfo(found.name, found.oid, found.array, subtype_oid=found.subtype),
        adapters,
    )
    for base in (RangeDumper, RangeBinaryDumper):
        made = subclass(base, oid=found.oid, subtype_oid=found.subtype)
        adapters.register_dumper(None, made)


def _register_multirange(adapters: AdaptersMap, found: CatalogType) -> None:
    register_multirange(
        MultirangeInfo(
            found.name, found.oid, found.array, range_oid=0, subtype_oid=found.subtype
        ),
        adapters,
    )
    for base in (MultirangeDumper, MultirangeBinaryDumper):
        made = subclass(base, oid=found.oid, subtype_oid=found.subtype)
        adapters.register_dumper(None, made)


def _register_vector(adapters: AdaptersMap, oid: int) -> None:
    # The text form of pgvector's vector is a JSON array of numbers.
    adapters.register_loader(oid, loader(json_load, Format.TEXT))
    dump = _dumper(oid, lambda value: json_dump([*map(float, value)]), Format.TEXT)
    adapters.register_dumper(None, dump)
