# ruff: noqa: ANN401 -- values of every type pass through here
"""Adapters of the built-in types.

Adapters are found by the type's oid, never by the value's class. psycopg's own
dumpers expect a value whose class was checked. Found by oid, those written in C
truncate an int that is too large, or read another object's memory. The dumpers of
this module refuse such values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from operator import attrgetter
from struct import Struct
from typing import TYPE_CHECKING, Any, Final, cast

from psycopg import InterfaceError, postgres
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.pq import Format
from psycopg.types.array import ListBinaryDumper, ListDumper, register_all_arrays

from . import exact_types as exact
from . import infinity
from .adapter_classes import adapter_class
from .json_text import json_dump, json_load

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import abc
    from psycopg.abc import AdaptContext, Buffer


def dumper(
    type_name: str, dump: Callable[[Any], Buffer], format_: Format = Format.BINARY
) -> type[Dumper]:
    """Return a dumper class for a built-in type that calls a function."""
    attributes = {
        "oid": postgres.types[type_name].oid,
        "format": format_,
        "dump": staticmethod(dump),
    }
    return type(f"{type_name.title()}Dumper", (Dumper,), attributes)


def loader(load: Callable[[Buffer], Any], format_: Format) -> type[Loader]:
    """Return a loader class that calls a function."""
    return adapter_class("FunctionLoader", Loader, format=format_, load=load)


class AliasDumper(Dumper):
    """Dumper that sends a type as another: a domain as its base, citext as text."""

    base: int

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        adapters = postgres.adapters if context is None else context.adapters
        self._dump = adapters.get_dumper_by_oid(self.base, self.format)(
            cls, context
        ).dump

    def dump(self, obj: Any) -> Buffer | None:
        """Return the value as the base type's dumper encodes it."""
        return self._dump(obj)


class AliasLoader(Loader):
    """Loader that reads a type as another type."""

    base: int

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        adapters = postgres.adapters if context is None else context.adapters
        base = adapters.get_loader(self.base, self.format)
        if base is None:
            raise InterfaceError(f"no loader for the type {self.base}")
        self._load = base(self.base, context).load

    def load(self, data: Buffer) -> Any:
        """Return the value as the base type's loader decodes it."""
        return self._load(data)


def register_alias(
    adapters: AdaptersMap, oid: int, base: int, *, binary: bool = True
) -> None:
    """Send and read the type `oid` as the type `base`."""
    for format_ in (Format.TEXT, Format.BINARY) if binary else (Format.TEXT,):
        attributes = {"oid": oid, "base": base, "format": format_}
        adapters.register_dumper(
            None, adapter_class("Alias", AliasDumper, **attributes)
        )
        adapters.register_loader(oid, adapter_class("Alias", AliasLoader, **attributes))


def _as_list(obj: Any) -> list[Any]:
    if isinstance(obj, (str, bytes, bytearray, memoryview, Mapping)):
        # Each can be iterated over, but is never meant as a sequence.
        raise TypeError
    return list(obj)


class _Whole:
    """Wrapper of an array element that is a list itself, not another dimension."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _WholeDumper(Dumper):
    def __init__(self, exact: abc.Dumper) -> None:
        super().__init__(_Whole)
        self.oid = exact.oid
        self._exact = exact

    def dump(self, obj: _Whole) -> Buffer | None:
        return self._exact.dump(obj.value)


def _elements(obj: Any, *, whole: bool) -> list[Any]:
    items = _as_list(obj)
    if whole:
        return [None if item is None else _Whole(item) for item in items]
    return items


class _ArrayDumper(ListBinaryDumper):
    whole: bool

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        if self.whole and self.sub_dumper is not None:
            self.sub_dumper = _WholeDumper(self.sub_dumper)

    def dump(self, obj: Any) -> Buffer | None:
        return super().dump(_elements(obj, whole=self.whole))


class _ArrayTextDumper(ListDumper):
    whole: bool

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        if self.whole and self.sub_dumper is not None:
            self.sub_dumper = _WholeDumper(self.sub_dumper)

    def dump(self, obj: Any) -> Buffer | None:
        return super().dump(_elements(obj, whole=self.whole))


def register_array(
    adapters: AdaptersMap, oid: int, element: int, delimiter: str, *, whole: bool
) -> None:
    """Register adapters that send sequences as an array type and read it as lists.

    Args:
        adapters: the map to register with.
        oid: oid of the array type.
        element: oid of the elements' type.
        delimiter: separator of the elements in the text format.
        whole: True if a single element can be a list in Python.
    """
    for base in (_ArrayTextDumper, _ArrayDumper):
        made = adapter_class(
            base.__name__,
            base,
            oid=oid,
            element_oid=element,
            delimiter=delimiter.encode(),
            whole=whole,
        )
        adapters.register_dumper(None, made)
    exact.check_bounds(adapters, oid)


# Types whose single values can be lists in Python.
LIST_VALUED: Final = ("json", "jsonb")
_BOOL: Final[Mapping[Any, bytes]] = {False: b"\x00", True: b"\x01"}
_PACK_INT4: Final = Struct("!i").pack
_PACK_INT8: Final = Struct("!q").pack
_POSTGRES_EPOCH: Final = date(2000, 1, 1).toordinal()


def _date(value: Any) -> bytes:
    if value.__class__ is infinity.InfiniteDate:
        return infinity.DATES[value]
    if isinstance(value, datetime):
        raise TypeError
    return _PACK_INT4(value.toordinal() - _POSTGRES_EPOCH)


def _date_text(value: Any) -> bytes:
    if value.__class__ in (infinity.InfiniteDate, infinity.InfiniteDatetime):
        return b"infinity" if value.year > 1 else b"-infinity"
    return str(value).encode()


def _timestamp_dumper(type_name: str) -> type[Dumper]:
    exact = postgres.adapters.get_dumper_by_oid(
        postgres.types[type_name].oid, Format.BINARY
    )(datetime)

    def dump(value: Any) -> Buffer:
        if value.__class__ is infinity.InfiniteDatetime:
            return infinity.LATEST if value.year > 1 else infinity.EARLIEST
        return cast("Buffer", exact.dump(value))

    return dumper(type_name, dump)


def _time(value: Any) -> bytes:
    if not isinstance(value, time) or value.tzinfo is not None:
        raise TypeError
    minutes = 60 * value.hour + value.minute
    return _PACK_INT8((60 * minutes + value.second) * 1_000_000 + value.microsecond)


# Sent as text and returned as str, because psycopg has no adapters for them.
_TEXT_ONLY: Final = (
    "aclitem bit box cid circle int2vector jsonpath line lseg macaddr macaddr8 money"
    " oidvector path pg_lsn point polygon refcursor regclass regcollation regconfig"
    " regdictionary regnamespace regoper regoperator regproc regprocedure regrole"
    " regtype tid tsquery tsvector txid_snapshot varbit xid xid8 xml"
)


# Types of which text is checked like binary.
_CHECKED: Final = (
    "bool bytea cidr date float4 float8 inet int2 int4 int8 interval numeric oid time"
    " timestamp timestamptz timetz uuid"
)
_RANGES: Final = "int4 int8 num date ts tstz"


# The type of an untyped string in a row: ROW('a').
_UNKNOWN: Final = 705


@cache
def builtin_adapters() -> AdaptersMap:
    """Return adapters of all built-in types, unaffected by global registrations."""
    adapters = AdaptersMap(types=postgres.types)
    postgres.register_default_adapters(adapters)
    register_all_arrays(adapters)
    for made in (
        dumper("int2", Struct("!h").pack),
        dumper("int4", _PACK_INT4),
        dumper("oid", Struct("!I").pack),
        dumper("float4", exact.dump_float4),
        dumper("float8", exact.dump_float8),
        dumper("float4", exact.dump_float4_text, Format.TEXT),
        dumper("float8", exact.dump_float8_text, Format.TEXT),
        *(
            dumper(name, exact.dump_integer_text, Format.TEXT)
            for name in ("int2", "int4", "int8", "oid")
        ),
        dumper("numeric", exact.dump_numeric_text, Format.TEXT),
        dumper("bool", _BOOL.__getitem__),
        dumper("bytea", lambda value: b"".join((value,))),
        # psycopg escapes depending on standard_conforming_strings.
        dumper("bytea", lambda value: b"\\x" + value.hex().encode(), Format.TEXT),
        dumper("date", _date),
        dumper("date", _date_text, Format.TEXT),
        dumper("timestamp", _date_text, Format.TEXT),
        dumper("timestamptz", _date_text, Format.TEXT),
        dumper("time", _time),
        dumper("uuid", attrgetter("bytes")),
        dumper("interval", exact.dump_interval),
        dumper("interval", exact.dump_interval_text, Format.TEXT),
        dumper('"char"', exact.dump_letter),
        dumper("json", json_dump),
        dumper("json", json_dump, Format.TEXT),
        dumper("jsonb", lambda value: b"\x01" + json_dump(value)),
        dumper("jsonb", json_dump, Format.TEXT),
        _timestamp_dumper("timestamp"),
        _timestamp_dumper("timestamptz"),
    ):
        adapters.register_dumper(None, made)
    adapters.register_dumper(None, exact.LetterTextDumper)
    exact.check_zone(adapters, "inet")
    exact.check_texts(adapters, _CHECKED)
    for kind in ("range", "multirange"):
        for name in _RANGES.split():
            exact.check_class(adapters, postgres.types[f"{name}{kind}"].oid)
    for name, load, load_text in (
        ("interval", exact.load_interval, exact.load_interval_text),
        ('"char"', exact.load_letter, exact.load_letter_text),
    ):
        adapters.register_loader(name, loader(load, Format.BINARY))
        adapters.register_loader(name, loader(load_text, Format.TEXT))
    adapters.register_loader("float4", loader(exact.load_float4_text, Format.TEXT))
    for name in LIST_VALUED:
        adapters.register_loader(name, loader(json_load, Format.TEXT))
    adapters.register_loader("json", loader(json_load, Format.BINARY))
    adapters.register_loader(
        "jsonb", loader(lambda data: json_load(data[1:]), Format.BINARY)
    )
    text = postgres.types["text"].oid
    for name in _TEXT_ONLY.split():
        register_alias(adapters, postgres.types[name].oid, text, binary=False)
    register_alias(adapters, postgres.types["bpchar"].oid, text)
    register_alias(adapters, _UNKNOWN, text)
    for info in postgres.types:
        if info.array_oid:
            register_array(
                adapters,
                info.array_oid,
                info.oid,
                info.delimiter,
                whole=info.name in LIST_VALUED,
            )
    return adapters
