# ruff: noqa: ANN401 -- values of every type pass through here
"""Building blocks of the conversion between JSON values and objects."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import abc
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from pathlib import Path, PurePath, PurePosixPath
from types import NoneType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# Exceptions for values of an unexpected form.
_MISFITS: Final = (TypeError, ValueError, KeyError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class Structure:
    """Conversion of values with one annotation.

    Attributes:
        load: makes a value from plain JSON values.
        dump: makes plain JSON values from a value.
    """

    load: Callable[[Any], Any]
    dump: Callable[[Any], Any]


def both(function: Callable[[Any], Any]) -> Structure:
    """Return a structure that uses one function in both directions."""
    return Structure(function, function)


def exactly(cls: type) -> Callable[[Any], Any]:
    """Return a function that accepts only instances of a class."""

    def check(value: Any) -> Any:
        # True is an int, but not accepted as a number.
        if not isinstance(value, cls) or (cls is int and value.__class__ is bool):
            raise TypeError
        return value

    return check


def instances(cls: type, dump: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that dumps only instances of a class."""
    check = exactly(cls)
    return lambda value: dump(check(value))


def one_of(choices: tuple[Any, ...]) -> Structure:
    """Return a structure that accepts only the given values."""
    known = {(choice.__class__, choice) for choice in choices}

    def check(value: Any) -> Any:
        if (value.__class__, value) not in known:
            raise ValueError
        return value

    return both(check)


def sequence(element: Structure, make: Callable[[Iterable[Any]], Any]) -> Structure:
    """Return the structure of a JSON array whose elements have one type."""
    check = exactly(list)

    def dump(values: Any) -> Any:
        if isinstance(values, (str, bytes, abc.Mapping)):
            raise TypeError
        return [element.dump(value) for value in values]

    return Structure(lambda values: make(map(element.load, check(values))), dump)


def sequence_of(parts: list[Structure]) -> Structure:
    """Return the structure of a tuple: a JSON array with an element for each part."""
    check = exactly(list)

    def load(values: Any) -> Any:
        pairs = zip(parts, check(values), strict=True)
        return tuple(part.load(value) for part, value in pairs)

    def dump(values: Any) -> Any:
        return [part.dump(value) for part, value in zip(parts, values, strict=True)]

    return Structure(load, dump)


def mapping(key: Structure, value: Structure) -> Structure:
    """Return the structure of a dict: a JSON object whose values have one type."""
    text = exactly(str)
    check = exactly(dict)
    return Structure(
        lambda given: {key.load(k): value.load(v) for k, v in check(given).items()},
        lambda given: {text(key.dump(k)): value.dump(v) for k, v in given.items()},
    )


def union(members: list[Structure]) -> Structure:
    """Return a structure that uses the first member that accepts a value."""
    return Structure(
        _first([member.load for member in members]),
        _first([member.dump for member in members]),
    )


def _first(functions: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def attempt(value: Any) -> Any:
        for function in functions:
            try:
                return function(value)
            except _MISFITS:
                continue
        raise TypeError

    return attempt


def _number(value: Any) -> float:
    if value.__class__ not in (float, int):
        raise TypeError
    return float(value)


def _date(value: Any) -> str:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TypeError
    return value.isoformat()


def _written(cls: Callable[[str], object]) -> Structure:
    text = exactly(str)
    kind = cls if isinstance(cls, type) else object
    return Structure(lambda value: cls(text(value)), instances(kind, str))


# Annotations with a fixed conversion.
KNOWN: Final[Mapping[Any, Structure]] = {
    **dict.fromkeys((Any, object), both(lambda value: value)),
    **dict.fromkeys((None, NoneType), one_of((None,))),
    **{cls: both(exactly(cls)) for cls in (str, int, bool)},
    float: both(_number),
    datetime: Structure(
        datetime.fromisoformat, instances(datetime, datetime.isoformat)
    ),
    date: Structure(date.fromisoformat, _date),
    time: Structure(time.fromisoformat, instances(time, time.isoformat)),
    timedelta: Structure(
        lambda seconds: timedelta(seconds=_number(seconds)),
        instances(timedelta, timedelta.total_seconds),
    ),
    bytes: Structure(
        lambda text: b64decode(text, validate=True),
        instances(bytes, lambda data: b64encode(data).decode()),
    ),
    **{
        cls: _written(cls)
        for cls in (
            *(UUID, Decimal, Path, PurePath, PurePosixPath),
            *(IPv4Address, IPv6Address, IPv4Interface, IPv6Interface),
            *(IPv4Network, IPv6Network),
        )
    },
}
