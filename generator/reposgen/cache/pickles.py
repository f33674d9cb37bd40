"""Models as bytes, and back.

Nothing but the models' own classes can come out of such bytes: a pickle that names
anything else is refused, so that reading one runs no code, whoever wrote it.
"""

from __future__ import annotations

import importlib
import io
import pickle
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from typing import Any


class _ForeignError(Exception):
    """The bytes hold something that is no model."""


class _Probe(Enum):
    MEMBER = "member"


# Some releases of Python 3.11 pickle an enum's member as a call of `getattr`.
_MEMBERS_BY_NAME = _Probe.MEMBER.__reduce_ex__(pickle.HIGHEST_PROTOCOL)[0] is getattr


def dumped(value: object) -> bytes:
    """Return a value made of models and builtins as bytes."""
    if not _MEMBERS_BY_NAME:
        return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    data = io.BytesIO()
    _Pickler(data, pickle.HIGHEST_PROTOCOL).dump(value)
    return data.getvalue()


def loaded(data: bytes) -> object:
    """Return the value that was dumped, or None if the bytes are damaged."""
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except Exception:  # noqa: BLE001 - damaged bytes can raise whatever they like
        return None


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: object) -> Any:  # noqa: ANN401 - as its base says
        if isinstance(obj, Enum):
            return type(obj), (obj.value,)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        return _class(module, name)


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
