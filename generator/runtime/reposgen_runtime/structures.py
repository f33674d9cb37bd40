# ruff: noqa: ANN401 -- annotations and their values are of every type
"""Conversion of plain JSON values to objects and back, by their annotations.

Dates and times are ISO 8601, a timedelta is its seconds, bytes are base64, and enum
members are their values. UUID, Decimal, paths and addresses are text. Reading ignores
unknown keys, and gives missing fields their defaults.
"""

from __future__ import annotations

import dataclasses
import types
from collections import abc
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    NotRequired,
    Required,
    TypeGuard,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from .structure_parts import (
    KNOWN,
    Structure,
    exactly,
    instances,
    mapping,
    one_of,
    sequence,
    sequence_of,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_LISTS: Final[Mapping[Any, Callable[[Iterable[Any]], Any]]] = {
    **dict.fromkeys((list, abc.Sequence, abc.Iterable, abc.Collection), list),
    abc.MutableSequence: list,
    set: set,
    **dict.fromkeys((frozenset, abc.Set), frozenset),
}
_DICTS: Final = (dict, abc.Mapping, abc.MutableMapping)
_BARE: Final = (*_LISTS, *_DICTS, tuple)


def structure(annotation: Any) -> Structure:
    """Return the structure of an annotation.

    Raises:
        TypeError: JSON cannot represent the annotated type.
        NameError: a nested annotation refers to an undefined name.
    """
    return _Builder().build(annotation)


def is_pydantic(python: Any) -> TypeGuard[Any]:
    """Return True if the object is a pydantic model class."""
    return isinstance(python, type) and hasattr(python, "model_validate_json")


def is_struct(python: Any) -> TypeGuard[Any]:
    """Return True if the object is a msgspec Struct class."""
    return isinstance(python, type) and hasattr(python, "__struct_fields__")


@dataclass(frozen=True, slots=True)
class _Field:
    """A key of a JSON object, and the constructor argument for its value."""

    key: str
    argument: str
    part: Structure
    required: bool


class _Builder:
    def __init__(self) -> None:
        self._made: dict[type, Structure] = {}

    def build(self, annotation: Any) -> Structure:
        # Resolve type aliases and NewType.
        for name in ("__supertype__", "__value__"):
            annotation = getattr(annotation, name, annotation)
        origin = get_origin(annotation)
        if origin is not None:
            return self._generic(annotation, origin, get_args(annotation))
        if isinstance(annotation, abc.Hashable) and annotation in KNOWN:
            return KNOWN[annotation]
        if not isinstance(annotation, type):
            raise _unknown(annotation)
        if annotation in _BARE:
            raise TypeError(f"{annotation.__name__} does not tell what is in it")
        return self._made.get(annotation) or self._remembered(annotation)

    def _generic(
        self, annotation: Any, origin: Any, arguments: tuple[Any, ...]
    ) -> Structure:
        if origin is Literal:
            return one_of(arguments)
        if origin in (Annotated, Required, NotRequired):
            return self.build(arguments[0])
        if origin is tuple and arguments[1:] == (...,):
            return sequence(self.build(arguments[0]), tuple)
        is_union = origin in (Union, types.UnionType)
        if not is_union and origin not in _BARE:
            raise _unknown(annotation)
        parts = [self.build(argument) for argument in arguments]
        if is_union:
            return union(parts)
        if origin in _DICTS:
            return mapping(*parts)
        return sequence_of(parts) if origin is tuple else _list(origin, parts)

    def _remembered(self, cls: type) -> Structure:
        """Build the structure of a class, which can contain the class itself."""

        def load(value: Any) -> Any:
            return self._made[cls].load(value)

        def dump(value: Any) -> Any:
            return self._made[cls].dump(value)

        self._made[cls] = Structure(load, dump)
        self._made[cls] = self._class(cls)
        return self._made[cls]

    def _class(self, cls: Any) -> Structure:
        if issubclass(cls, Enum):
            return Structure(cls, instances(cls, lambda member: member.value))
        if is_pydantic(cls):
            return Structure(
                cls.model_validate,
                instances(
                    cls, lambda model: model.model_dump(mode="json", by_alias=True)
                ),
            )
        if is_struct(cls):
            msgspec = import_module("msgspec")
            return Structure(
                lambda value: msgspec.convert(value, cls),
                instances(cls, lambda value: msgspec.to_builtins(value, str_keys=True)),
            )
        fields = tuple(self._fields(cls))
        return _typed_dict(fields) if is_typeddict(cls) else _record(cls, fields)

    def _fields(self, cls: Any) -> Iterator[_Field]:
        hints = get_type_hints(cls, include_extras=True)
        if is_typeddict(cls):
            for name, hint in hints.items():
                # Python 3.11 does not see the marks in annotations that are strings.
                origin = get_origin(hint)
                required = origin is Required or name in cls.__required_keys__
                required = required and origin is not NotRequired
                yield _Field(name, name, self._part(cls, name, hints), required)
        elif dataclasses.is_dataclass(cls):
            for field in dataclasses.fields(cls):
                default = field.default, field.default_factory
                required = default == (dataclasses.MISSING, dataclasses.MISSING)
                if field.init:
                    part = self._part(cls, field.name, hints)
                    yield _Field(field.name, field.name, part, required)
        elif hasattr(cls, "__attrs_attrs__"):
            nothing = import_module("attrs").NOTHING
            for attribute in cls.__attrs_attrs__:
                if attribute.init:
                    part = self._part(cls, attribute.name, hints)
                    required = attribute.default is nothing
                    yield _Field(attribute.name, attribute.alias, part, required)
        else:
            raise _unknown(cls)

    def _part(self, cls: Any, name: str, hints: Mapping[str, Any]) -> Structure:
        try:
            # A field without an annotation accepts any value.
            return self.build(hints.get(name, Any))
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.{name}: {error}") from None


def _unknown(annotation: Any) -> TypeError:
    called = annotation.__name__ if isinstance(annotation, type) else annotation
    return TypeError(f"JSON has nothing for {called}")


def _list(origin: Any, parts: list[Structure]) -> Structure:
    return sequence(parts[0], _LISTS[origin])


def _record(cls: Any, fields: tuple[_Field, ...]) -> Structure:
    check = exactly(dict)

    def load(value: Any) -> Any:
        given = check(value)
        return cls(**_loaded(fields, given))

    def dump(value: Any) -> Any:
        return {
            field.key: field.part.dump(getattr(value, field.key)) for field in fields
        }

    return Structure(load, instances(cls, dump))


def _typed_dict(fields: tuple[_Field, ...]) -> Structure:
    check = exactly(dict)
    return Structure(
        lambda value: _loaded(fields, check(value)),
        lambda value: {
            field.key: field.part.dump(check(value)[field.key])
            for field in fields
            if field.required or field.key in value
        },
    )


def _loaded(fields: tuple[_Field, ...], given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        field.argument: field.part.load(given[field.key])
        for field in fields
        if field.required or field.key in given
    }
