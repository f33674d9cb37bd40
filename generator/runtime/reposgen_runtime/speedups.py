# ruff: noqa: ANN401 -- values of every type pass through here
"""Decoding of results and encoding of COPY rows in C, by `reposgen_speedups`.

Only this module uses that package. C decodes the common values of the types in
`_KINDS`, in binary, if the types have their usual loaders. It calls the loader for
every other value. If a loader or the row class raises, C returns None. The codec then
repeats the rows in Python to find the error. Encoding works alike, with dumpers.
"""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC
from decimal import Decimal
from functools import cache
from importlib import import_module
from inspect import getattr_static, isabstract, ismemberdescriptor
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, cast

import psycopg
from psycopg import postgres
from psycopg.pq import Format

from .builtin_types import AliasDumper, AliasLoader, builtin_adapters
from .exact_types import ArrayLoader
from .infinity import InfiniteLoader
from .json_text import fast_dumps, fast_loads
from .user_types import CompositeBinaryLoader, Members

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import abc
    from psycopg.adapt import AdaptersMap
    from psycopg.pq.abc import PGresult

    # A column as C takes it: its kind, its loader, what the kind needs, the time zone,
    # and the specs and oids of what is in its values.
    Spec: TypeAlias = tuple[str, Any, Any, Any, tuple[Any, ...], tuple[int, ...]]
    # Makes a row of COPY's binary format; or returns None.
    Encode: TypeAlias = Callable[[Sequence[Any]], bytes | None]
    # Makes some rows of a result; or returns None.
    Decode: TypeAlias = Callable[[PGresult, int, int], list[Any] | None]


class _Decoder(Protocol):
    def rows(self, result: PGresult, start: int, end: int, /) -> list[Any] | None: ...


class _Encoder(Protocol):
    def row(self, values: Sequence[Any], /) -> bytes | None: ...


class _Speedups(Protocol):
    API: int

    def Decoder(  # noqa: N802 -- a class
        self, columns: tuple[Spec, ...], make: Any, slots: tuple[Any, ...] | None
    ) -> _Decoder: ...

    def Encoder(  # noqa: N802 -- a class
        self, columns: tuple[tuple[str, Any, Any], ...]
    ) -> _Encoder: ...

    def bind(self, path: str, version: int, /) -> None: ...


# "no" turns them off.
VARIABLE: Final = "REPOSGEN_SPEEDUPS"
_API: Final = 1
# The kinds of built-in types by their oids.
_KINDS: Final = {
    postgres.types[name].oid: kind
    for kind, names in {
        **{
            name: name
            for name in (
                *("bool", "int2", "int4", "int8", "oid", "float4", "float8", "bytea"),
                *("uuid", "date", "timestamp", "timestamptz", "interval", "numeric"),
            )
        },
        "text": "text varchar name",
        **({} if fast_loads is None else {"json": "json", "jsonb": "jsonb"}),
    }.items()
    for name in names.split()
}
# Types of which only the loaders are in C.
_NOT_SENT: Final = frozenset({"oid", "float4", "interval", "numeric"})
_INSTANT: Final = bytes(8)


def _libpq() -> str:
    """Return the path of the library that creates psycopg's results."""
    implementation = psycopg.pq.__impl__
    if implementation == "python":
        loaded: str = import_module("psycopg.pq._pq_ctypes").pq._name  # noqa: SLF001 -- of a library of ctypes
        return loaded
    return str(import_module(f"psycopg_{implementation}.pq").__file__)


def _find() -> tuple[_Speedups | None, str]:
    try:
        found = cast("_Speedups", import_module("reposgen_speedups"))
    except ImportError:
        return None, "not installed"
    if os.environ.get(VARIABLE) == "no":
        return None, f"turned off by {VARIABLE}=no"
    if found.API != _API:
        return None, "installed in another version than this run time's"
    try:
        found.bind(_libpq(), psycopg.pq.version())
    except (ImportError, OSError, AttributeError) as error:
        return None, f"installed, but the libpq of psycopg cannot be used: {error}"
    return found, "in use"


_SPEEDUPS, STATE = _find()
"""What became of them, in words."""
IS_USED: Final = _SPEEDUPS is not None


def decoder_of(
    transformer: abc.Transformer, oids: Sequence[int], row: Callable[..., Any] | None
) -> Decode | None:
    """Return a function that makes rows from binary results in C, or None.

    Args:
        transformer: provides the loaders.
        oids: for each column, the oid that its loader is registered under.
        row: makes a row from its values; None if a row is its first value.
    """
    if _SPEEDUPS is None or not oids or transformer.encoding != "utf-8":
        return None
    columns = tuple(_spec(transformer, oid) for oid in oids)
    slots = None if row is None else _slots(cast("Any", row), len(oids))
    return _SPEEDUPS.Decoder(columns, row, slots).rows


def encoder_of(
    connection: psycopg.BaseConnection[Any],
    adapters: AdaptersMap,
    oids: Sequence[int],
    dumps: Sequence[Callable[[Any], Any]],
) -> Encode | None:
    """Return a function that makes rows of binary COPY in C, or None.

    Args:
        connection: the connection of the COPY.
        adapters: provides the dumpers.
        oids: for each column, the oid that its dumper is registered under.
        dumps: the dump functions of the columns.
    """
    if _SPEEDUPS is None or connection.info.encoding != "utf-8":
        return None
    columns = [
        (kind, dump, fast_dumps if kind in ("json", "jsonb") else None)
        for kind, dump in zip(
            (_sent(adapters, oid) for oid in oids), dumps, strict=True
        )
    ]
    return _SPEEDUPS.Encoder(tuple(columns)).row


def _sent(adapters: AdaptersMap, oid: int) -> str:
    """Return the kind of a column that is sent."""
    dumper: Any = adapters.get_dumper_by_oid(oid, Format.BINARY)
    if issubclass(dumper, AliasDumper):
        return _sent(adapters, dumper.base)
    kind = _KINDS.get(oid)
    if kind is None or kind in _NOT_SENT:
        return "dump"
    expected = builtin_adapters().get_dumper_by_oid(oid, Format.BINARY)
    return kind if dumper is expected else "dump"


def _spec(transformer: abc.Transformer, oid: int) -> Spec:
    loader = transformer.get_loader(oid, Format.BINARY)
    kind, extra, zone, items, oids = _described(transformer, oid, loader)
    return kind, loader.load, extra, zone, items, oids


def _described(
    transformer: abc.Transformer, oid: int, loader: Any
) -> tuple[str, Any, Any, tuple[Spec, ...], tuple[int, ...]]:
    """Return all fields of a spec except the loader."""
    cls = type(loader)
    if isinstance(loader, AliasLoader):
        # Not the base type's loader itself, but one that calls the same method.
        base = transformer.get_loader(loader.base, Format.BINARY)
        return _described(transformer, loader.base, base)
    kind = _KINDS.get(oid)
    expected = builtin_adapters().get_loader(oid, Format.BINARY)
    if kind is not None and expected in (cls, _exact(loader)):
        extra, zone = _needs(kind, loader)
        return kind, extra, zone, (), ()
    if isinstance(loader, CompositeBinaryLoader):
        items = tuple(_spec(transformer, one) for one in loader.adapter_types)
        return "composite", cls.build, None, items, tuple(loader.types)
    if isinstance(loader, ArrayLoader) and loader.exact.__name__ == "ArrayBinaryLoader":
        info = transformer.adapters.types.get(oid)
        if info is not None and info.array_oid == oid:
            item = _spec(transformer, info.oid)
            return "array", None, None, (item,), (info.oid,)
    members = getattr(loader.load, "__self__", None)
    if isinstance(members, Members):
        return "enum", members, None, (), ()
    return "load", None, None, (), ()


def _exact(loader: Any) -> Any:
    return loader.exact if isinstance(loader, InfiniteLoader) else None


def _needs(kind: str, loader: Any) -> tuple[Any, Any]:
    """Return the helper function or class of a kind, and its time zone."""
    match kind:
        case "numeric":
            return Decimal, None
        case "json" | "jsonb":
            return fast_loads, None
        case "timestamptz":
            zone = loader.load(_INSTANT).tzinfo
            is_utc = zone is UTC or getattr(zone, "key", None) == "UTC"
            return None if is_utc else zone.fromutc, zone
        case _:
            return None, None


def _slots(row: Callable[..., Any], count: int) -> tuple[Any, ...] | None:
    """Return the slots of a class whose `__init__` only fills them, or None."""
    if type(row) is not type or not dataclasses.is_dataclass(row) or isabstract(row):
        return None
    slots = _slots_of(row)
    return slots if slots is not None and len(slots) == count else None


@cache
def _slots_of(row: Any) -> tuple[Any, ...] | None:
    names = [field.name for field in dataclasses.fields(row)]
    slots = tuple(getattr_static(row, name, None) for name in names)
    if row.__new__ is not object.__new__ or not all(map(ismemberdescriptor, slots)):
        return None
    # The `__init__` of a plain dataclass with these fields.
    frozen = row.__dataclass_params__.frozen
    plain: Any = dataclasses.make_dataclass("Plain", names, frozen=frozen)
    reference = plain.__init__.__code__
    code = getattr(getattr_static(row, "__init__"), "__code__", None)
    same = all(
        getattr(code, part, None) == getattr(reference, part)
        for part in (
            *("co_code", "co_names", "co_varnames", "co_freevars", "co_consts"),
            *("co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_flags"),
        )
    )
    is_settable = frozen or row.__setattr__ is object.__setattr__
    return slots if same and is_settable else None
