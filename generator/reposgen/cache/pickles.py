"""Models as bytes, and back.

Nothing but the models' own classes can come out of such bytes: a pickle that names
anything else is refused, so that reading one runs no code, whoever wrote it.
"""

from __future__ import annotations

import importlib
import io
import pickle
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class _ForeignError(Exception):
    """The bytes hold something that is no model."""


def dumped(value: object) -> bytes:
    """The bytes of a value made of models and builtins."""
    buffer = io.BytesIO()
    _Pickler(buffer, pickle.HIGHEST_PROTOCOL).dump(value)
    return buffer.getvalue()


def loaded(data: bytes) -> object:
    """The value that was dumped, or None where that can't be told."""
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except Exception:  # noqa: BLE001 - damaged bytes can raise whatever they like
        return None


class _Pickler(pickle.Pickler):
    # The base class has one name for what may be returned, and none for its type.
    def reducer_override(self, obj: object) -> Any:  # noqa: ANN401 - as said
        """Take models apart: a dataclass's own way is by far slower, back as well."""
        kind = type(obj)
        if not is_dataclass(kind) or not hasattr(kind, "__slots__"):
            return NotImplemented
        return _model, (kind, *(getattr(obj, field.name) for field in fields(kind)))


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) == (__name__, _model.__name__):
            return _model
        return _class(module, name)


def _model(kind: type, *values: object) -> object:
    model: object = object.__new__(kind)
    for put, value in zip(_setters(kind), values, strict=True):
        put(model, value)
    return model


@cache
def _setters(kind: type) -> tuple[Callable[[object, object], None], ...]:
    # Models have slots, and what sets one of these knows nothing of frozen.
    return tuple(getattr(kind, field.name).__set__ for field in fields(kind))


@cache
def _class(module: str, name: str) -> type:
    found = None
    if module.startswith("reposgen."):
        found = getattr(importlib.import_module(module), name, None)
    if not isinstance(found, type) or not (
        is_dataclass(found) or issubclass(found, Enum)
    ):
        raise _ForeignError(f"{module}.{name}")
    return found
