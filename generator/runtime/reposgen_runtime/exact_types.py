# ruff: noqa: ANN401 -- values of every type pass through here
"""Adapters for types that psycopg converts inexactly: exact or refused."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from functools import cache
from struct import Struct
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import postgres
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.pq import Format
from psycopg.types.multirange import Multirange
from psycopg.types.range import BaseRangeDumper, Range

from .adapter_classes import adapter_class

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg import abc
    from psycopg.abc import AdaptContext, Buffer


class NoPythonValue(psycopg.DataError):
    """A server value has no counterpart in Python; the message contains no data."""


# Intervals.

_INTERVAL: Final = Struct("!qii")
_INTERVAL_TEXT: Final = re.compile(
    rb"(?:([-+]?\d+) days?)? ?(?:([-+]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?"
)
_NO_TIMEDELTA: Final = (
    "an interval that has months or years, is infinite or too long for a timedelta"
)


def dump_interval(value: Any) -> bytes:
    """Return a timedelta in the binary format."""
    if not isinstance(value, timedelta):
        raise TypeError
    microseconds = value.seconds * 1_000_000 + value.microseconds
    return _INTERVAL.pack(microseconds, value.days, 0)


def dump_interval_text(value: timedelta) -> bytes:
    """Return a timedelta as text that is read alike with every IntervalStyle."""
    return b"%d days +%d.%06d seconds" % (value.days, value.seconds, value.microseconds)


def load_interval(data: Buffer) -> timedelta:
    """Return the timedelta of a binary interval.

    Raises:
        NoPythonValue: the interval has months, whose length varies, or is too long.
    """
    microseconds, days, months = _INTERVAL.unpack(data)
    if months:
        raise NoPythonValue(_NO_TIMEDELTA)
    return _timedelta(days, microseconds)


def load_interval_text(data: Buffer) -> timedelta:
    """Return the timedelta of an interval in IntervalStyle `postgres`.

    Raises:
        NoPythonValue: the interval has months or years, or is too long.
    """
    found = _INTERVAL_TEXT.fullmatch(bytes(data))
    if found is None or not found[0]:
        raise NoPythonValue(_NO_TIMEDELTA)
    days, sign, hours, minutes, seconds, fraction = found.groups()
    whole = 3600 * int(hours or 0) + 60 * int(minutes or 0) + int(seconds or 0)
    microseconds = whole * 1_000_000 + int((fraction or b"").ljust(6, b"0"))
    return _timedelta(int(days or 0), -microseconds if sign == b"-" else microseconds)


def _timedelta(days: int, microseconds: int) -> timedelta:
    try:
        return timedelta(days=days, microseconds=microseconds)
    except OverflowError:
        raise NoPythonValue(_NO_TIMEDELTA) from None


# The type "char": one byte, which is an escape as in PostgreSQL 16 if it is not ASCII:
# \303.

_LETTERS: Final = ("", *map(chr, range(1, 128)), *(f"\\{n:o}" for n in range(128, 256)))
_BYTES: Final[Mapping[str, bytes]] = {
    letter: bytes([code]) for code, letter in enumerate(_LETTERS)
}
_ESCAPED_SINCE: Final = 160000


def dump_letter(value: Any) -> bytes:
    """Return a "char" in binary: nothing, an ASCII letter, or any byte as an escape."""
    return _BYTES[value]


def load_letter(data: Buffer) -> str:
    """Return the value of a binary "char", escaped if it is not ASCII."""
    return _LETTERS[bytes(data)[0]]


def load_letter_text(data: Buffer) -> str:
    """Return a "char" from text; before PostgreSQL 16 it can be part of a character."""
    text = bytes(data)
    if len(text) > 1:
        return text.decode("ascii")
    return _LETTERS[text[0]] if text else ""


class LetterTextDumper(Dumper):
    """Dumper that sends a "char" as text."""

    oid = postgres.types['"char"'].oid

    def dump(self, obj: Any) -> Buffer | None:
        """Return the letter, or its escape if the server supports escapes.

        Raises:
            ValueError: the server does not support escapes.
        """
        dump_letter(obj)
        connection = self.connection
        if len(obj) > 1 and (
            connection is None or connection.pgconn.server_version < _ESCAPED_SINCE
        ):
            raise ValueError
        return str(obj).encode()


# Addresses.


class AddressDumper(Dumper):
    """Dumper that refuses an address with a zone, which PostgreSQL cannot store."""

    format = Format.BINARY
    exact: type[abc.Dumper]

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._dump = self.exact(cls, context).dump

    def dump(self, obj: Any) -> Buffer | None:
        """Return the encoded address.

        Raises:
            ValueError: the address has a zone.
        """
        if getattr(obj, "scope_id", None) is not None:
            raise ValueError
        return self._dump(obj)


def check_zone(adapters: AdaptersMap, name: str) -> None:
    """Make the dumper of an address type refuse addresses with a zone."""
    oid = postgres.types[name].oid
    attributes = {"oid": oid, "exact": adapters.get_dumper_by_oid(oid, Format.BINARY)}
    adapters.register_dumper(None, type("AddressDumper", (AddressDumper,), attributes))


# Numbers.

_FLOAT4: Final = Struct("!f")
_FLOAT8: Final = Struct("!d")


def dump_float8(value: Any) -> bytes:
    """Return a float, or an int that equals a float, in binary."""
    return _FLOAT8.pack(_float(value))


def dump_float4(value: Any) -> bytes:
    """Return a float rounded to `real`, in binary; never round to zero or infinity."""
    number = _float(value)
    data = _FLOAT4.pack(number)
    if number and not any(data[1:]) and data[0] in (0, 128):
        raise OverflowError
    return data


def dump_float8_text(value: Any) -> bytes:
    """Return a float as text."""
    return repr(float(value)).encode()


def dump_float4_text(value: Any) -> bytes:
    """Return a float as text, rounded to `real`."""
    return repr(_FLOAT4.unpack(_FLOAT4.pack(value))[0]).encode()


def load_float4_text(data: Buffer) -> float:
    """Return the float that a `real` in text has in the binary format."""
    number: float = _FLOAT4.unpack(_FLOAT4.pack(float(bytes(data))))[0]
    return number


def _float(value: Any) -> float:
    if value.__class__ is float:
        return value
    if not isinstance(value, (float, int)):
        raise TypeError
    number = float(value)
    if isinstance(value, int) and number != value:
        raise OverflowError
    return number


def dump_integer_text(value: Any) -> bytes:
    """Return an int as text, ignoring its class's `__str__`."""
    return b"%d" % value


def dump_numeric_text(value: Any) -> bytes:
    """Return a Decimal or an int as text."""
    if isinstance(value, Decimal):
        return b"NaN" if value.is_nan() else str(value).encode()
    return dump_integer_text(value)


# Values that are sent as text: literals, and fields of composite types.


class CheckedTextDumper(Dumper):
    """Text dumper that refuses the values that the binary dumper refuses."""

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        adapters = postgres.adapters if context is None else context.adapters
        binary = adapters.get_dumper_by_oid(self.oid, Format.BINARY)
        self._check = binary(NoneType, context).dump
        self._text = self.exact(NoneType, context).dump

    exact: type[abc.Dumper]

    def dump(self, obj: Any) -> Buffer | None:
        """Return the value as text after the binary dumper has accepted it."""
        self._check(obj)
        return self._text(obj)


def check_texts(adapters: AdaptersMap, names: str) -> None:
    """Make the text dumpers of types refuse what their binary dumpers refuse."""
    for name in names.split():
        oid = postgres.types[name].oid
        exact = adapters.get_dumper_by_oid(oid, Format.TEXT)
        attributes = {"oid": oid, "exact": exact}
        adapters.register_dumper(
            None, type("CheckedTextDumper", (CheckedTextDumper,), attributes)
        )


# Ranges.


@cache
def checked(base: type[abc.Dumper], **attributes: Any) -> type[abc.Dumper]:
    """Return a dumper class that accepts only ranges, or only multiranges.

    psycopg sends every false value as an empty range.
    """
    allowed = Range if issubclass(base, BaseRangeDumper) else Multirange

    def dump(self: abc.Dumper, obj: Any) -> Buffer | None:
        if not isinstance(obj, allowed):
            raise TypeError
        return base.dump(self, obj)

    return type(base.__name__, (base,), {**attributes, "dump": dump})


def check_class(adapters: AdaptersMap, oid: int) -> None:
    """Make the dumpers of a range or multirange type refuse other values."""
    for format_ in Format:
        base = adapters.get_dumper_by_oid(oid, format_)
        adapters.register_dumper(None, checked(base))


# Arrays.

_ONE: Final = b"\0\0\0\1"


class ArrayLoader(Loader):
    """Loader that refuses arrays whose lower bounds are not 1: lists have no bounds."""

    exact: type[abc.Loader]

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._load: Callable[[Buffer], Any] = self.exact(oid, context).load

    def load(self, data: Buffer) -> Any:
        """Return the array as a list.

        Raises:
            NoPythonValue: a lower bound is not 1.
        """
        if self.format is Format.BINARY:
            # After 12 bytes, each dimension has a length and a lower bound.
            head = bytes(data[3:4])
            if data[16:20] != _ONE and head != b"\0":
                raise NoPythonValue(_NO_LIST)
            if head > b"\1" and any(
                data[start : start + 4] != _ONE
                for start in range(24, 12 + 8 * head[0], 8)
            ):
                raise NoPythonValue(_NO_LIST)
        # Text contains the bounds only if they are not the default.
        elif data[:1] == b"[":
            raise NoPythonValue(_NO_LIST)
        return self._load(data)


_NO_LIST: Final = "an array whose subscripts do not begin at 1"


def check_bounds(adapters: AdaptersMap, oid: int) -> None:
    """Make the loaders of an array type refuse lower bounds other than 1."""
    for format_ in Format:
        exact = adapters.get_loader(oid, format_)
        if exact is not None:
            made = adapter_class("Array", ArrayLoader, format=format_, exact=exact)
            adapters.register_loader(oid, made)
