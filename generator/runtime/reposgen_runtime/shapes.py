# ruff: noqa: ANN401 -- values of every type pass through here
"""JSON documents that a query builds, as objects of the package's classes.

Each value in a document is read by the loader of its original SQL type, so it equals
the value of such a column. A missing key, or a null that was proved impossible, raises
`Unrepresentable`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self, TypeAlias

from psycopg import postgres
from psycopg.pq import Format

from .conversions import Converted
from .json_text import finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from psycopg.abc import Buffer

    from .conversions import Part

    Read: TypeAlias = Callable[[Any], Any]

_JSONB: Final = postgres.types["jsonb"].oid
_BOOL: Final = postgres.types["bool"].oid
_ANY: Final = frozenset({"json", "jsonb"})
_TEXTS: Final = frozenset(
    postgres.types[name].oid for name in ("text", "varchar", "bpchar", "name")
)
_INTEGERS: Final = frozenset(
    postgres.types[name].oid for name in ("int2", "int4", "int8")
)
_REALS: Final = frozenset(
    postgres.types[name].oid for name in ("float4", "float8", "numeric")
)
_NOT_FINITE: Final = frozenset({"NaN", "Infinity", "-Infinity"})
_MOMENTS: Final = frozenset(
    postgres.types[name].oid for name in ("timestamp", "timestamptz")
)
_DATE: Final = r"\d{4,}-\d\d-\d\d"
_TIME: Final = r"\d\d:\d\d:\d\d(\.\d+)?"
_ZONE: Final = r"[+-]\d\d(:\d\d){0,2}"
_ERA: Final = "( BC)?|-?infinity"
# Text formats of types. Loaders accept any text with a valid beginning, or any text at
# all: after a change of the schema, they would misread a value of another type.
_FORMS: Final = {
    postgres.types[name].oid: re.compile(form, re.ASCII).fullmatch
    for name, form in {
        "oid": r"\d+",
        "date": f"{_DATE}{_ERA}",
        "time": _TIME,
        "timetz": f"{_TIME}{_ZONE}",
        "timestamp": f"{_DATE}T{_TIME}{_ERA}",
        "timestamptz": f"{_DATE}T{_TIME}{_ZONE}{_ERA}",
    }.items()
}
_DIGITS: Final = re.compile(r"-?\d+", re.ASCII).fullmatch


@dataclass(frozen=True, slots=True)
class OrNone:
    """A value that can be null, or if `absent` a key that can be missing."""

    part: Shape
    absent: bool = False


@dataclass(frozen=True, slots=True)
class ListOf:
    """A JSON array."""

    element: Shape


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """A JSON array that is made of a PostgreSQL array: of each dimension, a list."""

    element: Shape


class ObjectOf:
    """A JSON object whose values are passed by position to a class."""

    __slots__ = ("keys", "python")

    def __init__(
        self, python: Callable[..., Any], keys: Mapping[str, Shape], /
    ) -> None:
        self.python = python
        self.keys = keys


# A string is the name of a type; json and jsonb mean any JSON.
Shape: TypeAlias = str | OrNone | ListOf | ArrayOf | ObjectOf


class Shaped(Converted):
    """Name of a JSON type whose documents have a known shape.

    Attributes:
        shape: shape of the documents.
        parts: names of the types of the values in the documents.
    """

    __slots__ = ("parts", "shape")

    whole: ClassVar[bool] = True
    shape: Shape
    parts: tuple[str, ...]

    def __new__(cls, name: str, shape: Shape) -> Self:
        """Return the type name with its shape; see the attributes."""
        made = super().__new__(cls, name, _called(shape))
        made.shape = shape
        made.parts = tuple({id(part): part for part in _parts(shape)}.values())
        return made

    def loading(
        self,
        load: Callable[[Buffer], Any],  # noqa: ARG002 -- the text is what is loaded
        oid: int,
        format_: Format,
        parts: Sequence[Part] = (),
    ) -> Callable[[Buffer], Any]:
        """Return a function that makes objects from the document's text."""
        read = _reader(
            self.shape,
            {id(name): part for name, part in zip(self.parts, parts, strict=True)},
        )
        start = 1 if oid == _JSONB and format_ is Format.BINARY else 0
        return lambda data: read(
            json.loads(bytes(data)[start:], parse_int=_Number, parse_float=_Number)
        )


class _Number(str):
    """A number in its JSON spelling."""

    __slots__ = ()


def _called(shape: Shape) -> Any:
    match shape:
        case ListOf(element) | ArrayOf(element):
            return _called(element)
        case ObjectOf():
            return shape.python
        case OrNone(part):
            return _called(part)
        case str():
            return str(shape)


def _parts(shape: Shape) -> Iterator[str]:
    match shape:
        case ListOf(element) | ArrayOf(element):
            yield from _parts(element)
        case OrNone(part):
            yield from _parts(part)
        case ObjectOf():
            for part in shape.keys.values():
                yield from _parts(part)
        case str() if shape not in _ANY:
            yield shape
        case _:
            pass


def _reader(shape: Shape, parts: Mapping[int, Part]) -> Read:
    match shape:
        case OrNone(part):
            read = _reader(part, parts)
            return lambda value: None if value is None else read(value)
        case ListOf(element):
            return _list_reader(_reader(element, parts))
        case ArrayOf(element):
            return _array_reader(_reader(element, parts))
        case ObjectOf():
            return _object_reader(shape, parts)
        case str() if shape in _ANY:
            return _any
        case str():
            return _scalar_reader(shape, parts[id(shape)])


def _list_reader(read: Read) -> Read:
    def read_list(value: Any) -> list[Any]:
        if value.__class__ is not list:
            raise TypeError
        return [read(element) for element in value]

    return read_list


def _array_reader(read: Read) -> Read:
    def read_element(value: Any) -> Any:
        # No value of an element's type is an array in JSON.
        return read_list(value) if value.__class__ is list else read(value)

    read_list = _list_reader(read_element)
    return read_list


def _object_reader(shape: ObjectOf, parts: Mapping[int, Part]) -> Read:
    make = shape.python
    readers = [(key, _reader(part, parts)) for key, part in shape.keys.items()]
    absent = {
        key: None
        for key, part in shape.keys.items()
        if isinstance(part, OrNone) and part.absent
    }

    def read_object(value: Any) -> Any:
        if value.__class__ is not dict:
            raise TypeError
        if absent:
            value = absent | value
        return make(*[read(value[key]) for key, read in readers])

    return read_object


def _scalar_reader(name: str, part: Part) -> Read:
    load, oid = part.load, part.oid
    if oid == _BOOL:
        known = {True: load(b"t"), False: load(b"f")}
        return lambda value: known[_of(bool, value)]
    if oid in _TEXTS and not isinstance(name, Converted):
        return lambda value: _of(str, value)
    written = _writing(oid)
    return lambda value: load(written(value).encode())


def _writing(oid: int) -> Callable[[Any], str]:
    """Return a function that makes the text of a type from a JSON value."""
    if oid in _INTEGERS:
        return lambda value: _like(_DIGITS, _of(_Number, value))
    if oid in _REALS:
        return _real
    form = _FORMS.get(oid)
    if form is None:
        return lambda value: _of(str, value)
    if oid in _MOMENTS:
        return lambda value: _like(form, _of(str, value)).replace("T", " ", 1)
    return lambda value: _like(form, _of(str, value))


def _of(cls: type, value: Any) -> Any:
    if value.__class__ is not cls:
        raise TypeError
    return value


def _like(form: Callable[[str], object], value: str) -> str:
    if form(value) is None:
        raise TypeError
    return value


def _real(value: Any) -> str:
    if value.__class__ is _Number or value in _NOT_FINITE:
        return str(value)
    raise TypeError


def _any(value: Any) -> Any:
    """Return a part of a document as a JSON column would contain it."""
    match value:
        case dict():
            return {key: _any(part) for key, part in value.items()}
        case list():
            return [_any(part) for part in value]
        case _Number():
            return finite(value) if {*value} & {*".eE"} else int(value)
        case _:
            return value
