# ruff: noqa: ANN401 -- values of every type pass through here
"""Adapters for types that are not built in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from struct import Struct
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, cast

from psycopg import postgres
from psycopg.adapt import Dumper, Loader, Transformer
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

from .adapter_classes import adapter_class
from .builtin_types import loader, register_alias
from .enums import OpenEnum
from .errors import SchemaChanged
from .exact_types import checked
from .table_rows import build_of_table
from .vectors import (
    dump_sparse_vector,
    dump_vector,
    load_sparse_vector,
    load_vector,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence
    from enum import StrEnum

    from psycopg.abc import AdaptContext, Buffer
    from psycopg.adapt import AdaptersMap

    from .catalog import CatalogType
    from .table_rows import Build

_TEXT: Final = postgres.types["text"].oid
# Binary format of a composite value: the number of attributes; for each attribute, its
# type's oid and its length.
_unpack_count: Final = Struct("!i").unpack_from
_unpack_attribute: Final = Struct("!Ii").unpack_from


def register_type(
    adapters: AdaptersMap,
    found: CatalogType,
    enum: type[StrEnum] | None,
    composite: Attributes | None,
    fields: Sequence[int] | None = None,
) -> None:
    """Register adapters for a type, and loaders for arrays of it.

    Args:
        adapters: the map to register with.
        found: the type.
        enum: the package's class, if the type is an enum that has one.
        composite: how values are built, if the type is a known composite.
        fields: the oids under which adapters of a composite's fields are registered;
            None if these are the fields' types.
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
        case _ if found.name in {"vector", "halfvec"}:
            info.register(adapters)
            _register_vector(adapters, found.oid)
        case _ if found.name == "sparsevec":
            info.register(adapters)
            _register_sparse_vector(adapters, found.oid)
        case _ if found.name == "citext":
            info.register(adapters)
            register_alias(adapters, found.oid, _TEXT)
        case _:
            info.register(adapters)
            register_alias(adapters, found.oid, _TEXT, binary=False)


def _dumper(oid: int, dump: Callable[[Any], Buffer], format_: Format) -> type[Dumper]:
    return adapter_class("FunctionDumper", Dumper, oid=oid, format=format_, dump=dump)


class Members(dict[Any, Any]):
    """Enum members by the labels that the server sends.

    Attributes:
        unknown: the member for other labels, or None.
    """

    unknown: StrEnum | None = None

    def __missing__(self, label: Buffer) -> Any:
        if self.unknown is not None:
            return self.unknown
        raise SchemaChanged(
            f"the database has an enum label, {bytes(label).decode()!r},"
            " that the generated code does not know"
        )


@cache
def _enum_functions(
    cls: type[StrEnum],
) -> tuple[Callable[[Buffer], Any], Callable[[Any], Buffer]]:
    """Return a function from labels to members, and one from members to labels."""
    known = list(cls)
    unknown = known.pop() if issubclass(cls, OpenEnum) else None
    members = Members((member.value.encode(), member) for member in known)
    members.unknown = unknown
    labels = {member.value: member.value.encode() for member in known}
    return members.__getitem__, labels.__getitem__


def _register_enum(adapters: AdaptersMap, oid: int, cls: type[StrEnum]) -> None:
    load, dump = _enum_functions(cls)
    for format_ in Format:
        adapters.register_loader(oid, loader(load, format_))
        adapters.register_dumper(None, _dumper(oid, dump, format_))


@cache
def _getter(cls: type[Any]) -> Callable[[Any], Sequence[Any]]:
    names: tuple[str, ...] = cls.__match_args__
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda value: (get(value),)


@dataclass(frozen=True, slots=True)
class Attributes:
    """How values of a composite type are built and taken apart.

    Attributes:
        maker: takes the attributes' values, by position.
        names: names of the attributes, in the maker's order.
        positions: index of each attribute in the database's type.
        required: names of the attributes that cannot be None; see `table_rows`.
    """

    maker: Callable[..., Any]
    names: tuple[str, ...]
    positions: tuple[int, ...]
    required: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of the database's attributes up to the last known one."""
        return max(self.positions, default=-1) + 1

    @property
    def are_in_order(self) -> bool:
        """True if the type begins with the attributes in the maker's order."""
        return self.positions == tuple(range(len(self.positions)))


@cache
def _fields(
    attributes: Attributes,
) -> Callable[[Any, CompositeInfo], Sequence[Any]]:
    """Return a function that lists a value's attributes in the database's order."""
    maker = attributes.maker
    order = sorted(
        range(len(attributes.positions)), key=attributes.positions.__getitem__
    )

    def fields(value: Any, _: CompositeInfo) -> Sequence[Any]:
        if isinstance(maker, type) and not isinstance(value, maker):
            raise TypeError
        values = _getter(cast("Hashable", type(value)))(value)
        return values if attributes.are_in_order else [values[i] for i in order]

    return fields


@cache
def _build(attributes: Attributes, found: CatalogType) -> Build:
    """Return a function that builds a value from the database's attributes."""
    maker, positions = attributes.maker, attributes.positions
    count = len(positions)

    def build(values: Sequence[Any]) -> Any:
        return maker(*[values[position] for position in positions])

    def build_in_order(values: Sequence[Any]) -> Any:
        return maker(*values[:count])

    chosen = build_in_order if attributes.are_in_order else build
    if not attributes.required:
        return chosen
    return build_of_table(chosen, found, attributes.required)


@cache
def _build_of_text(
    attributes: Attributes, found: CatalogType
) -> Callable[[Sequence[Any], CompositeInfo], Any]:
    build = _build(attributes, found)
    # A single field that is NULL looks like no field: ().
    return lambda values, info: build(values or (None,) * len(info.field_names))


class CompositeBinaryLoader(Loader):
    """Loader that checks the types of a composite value's attributes.

    Attributes:
        found: the type.
        types: oids of the attributes that are read.
        adapter_types: oids under which their loaders are registered.
        build: makes a value from the attributes.
    """

    format = Format.BINARY
    found: CatalogType
    types: Sequence[int]
    adapter_types: Sequence[int]
    build: Build

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._transformer = Transformer(context)
        self._transformer.set_loader_types(self.adapter_types, Format.BINARY)

    def load(self, data: Buffer) -> Any:
        """Return the value.

        Raises:
            SchemaChanged: the value's attributes have other types.
        """
        data = bytes(data)
        values: list[bytes | None] = []
        (count,) = _unpack_count(data)
        end = 4
        for oid in self.types[:count]:
            actual, length = _unpack_attribute(data, end)
            if actual != oid:
                break
            start = end + 8
            end = start + max(length, 0)
            values.append(None if length < 0 else data[start:end])
        if len(values) < len(self.types):
            found = self.found
            raise SchemaChanged(
                f"a value of type {found.schema}.{found.name} has other attributes than"
                " the type had when this connection looked it up"
            )
        return type(self).build(self._transformer.load_sequence(values))


class _CompositeTextDumper(Dumper):
    """Dumper that encodes each field by its type; psycopg's goes by the value."""

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
    # psycopg keeps the classes that it creates for an info, so there is one info per
    # type.
    return _converted_info(found, tuple(found.field_types))


@cache
def _converted_info(found: CatalogType, field_types: tuple[int, ...]) -> CompositeInfo:
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
    attributes: Attributes,
    field_types: Sequence[int] | None,
) -> None:
    info = _composite_info(found)
    fields = _fields(attributes)
    register_composite(
        info,
        adapters,
        # Dumpers are found by the type's oid, so psycopg's lookup by class gets a dummy
        # class.
        _Unused,
        make_object=_build_of_text(attributes, found),
        make_sequence=fields,
    )
    if field_types is not None:
        info = _converted_info(found, tuple(field_types))
        exact = cast("type[Loader]", adapters.get_loader(found.oid, Format.TEXT))
        adapters.register_loader(
            found.oid, adapter_class(exact.__name__, exact, info=info)
        )
    known = attributes.count
    binary = adapter_class(
        "CompositeBinaryLoader",
        CompositeBinaryLoader,
        found=found,
        types=tuple(found.field_types[:known]),
        adapter_types=tuple(info.field_types[:known]),
        build=_build(attributes, found),
    )
    adapters.register_loader(found.oid, binary)
    text = adapter_class(
        "CompositeTextDumper",
        _CompositeTextDumper,
        oid=found.oid,
        info=info,
        fields=fields,
    )
    adapters.register_dumper(None, text)


@cache
def _range_info(found: CatalogType) -> RangeInfo:
    return RangeInfo(found.name, found.oid, found.array, subtype_oid=found.subtype)


@cache
def _multirange_info(found: CatalogType) -> MultirangeInfo:
    return MultirangeInfo(
        found.name, found.oid, found.array, range_oid=0, subtype_oid=found.subtype
    )


def _register_range(adapters: AdaptersMap, found: CatalogType) -> None:
    register_range(_range_info(found), adapters)
    for base in (RangeDumper, RangeBinaryDumper):
        made = checked(base, oid=found.oid, subtype_oid=found.subtype)
        adapters.register_dumper(None, made)


def _register_multirange(adapters: AdaptersMap, found: CatalogType) -> None:
    register_multirange(_multirange_info(found), adapters)
    for base in (MultirangeDumper, MultirangeBinaryDumper):
        made = checked(base, oid=found.oid, subtype_oid=found.subtype)
        adapters.register_dumper(None, made)


def _register_vector(adapters: AdaptersMap, oid: int) -> None:
    adapters.register_loader(oid, loader(load_vector, Format.TEXT))
    adapters.register_dumper(None, _dumper(oid, dump_vector, Format.TEXT))


def _register_sparse_vector(adapters: AdaptersMap, oid: int) -> None:
    adapters.register_loader(oid, loader(load_sparse_vector, Format.TEXT))
    adapters.register_dumper(None, _dumper(oid, dump_sparse_vector, Format.TEXT))
