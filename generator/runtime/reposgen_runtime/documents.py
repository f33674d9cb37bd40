# ruff: noqa: ANN401 -- documents hold whatever their class says
"""JSON documents as objects of the user's classes."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from psycopg import postgres
from psycopg.pq import Format

from .conversions import Converted
from .json_text import json_dump, json_load
from .structures import is_pydantic, is_struct, structure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg.abc import Buffer

    from .conversions import Part

_JSONB: Final = postgres.types["jsonb"].oid
# First byte of a jsonb in binary.
_VERSION: Final = b"\x01"


class JsonOf(Converted):
    """Name of a JSON type whose documents are objects of a class.

    Pydantic models and msgspec Structs read and write themselves. The run time converts
    dataclasses, attrs classes, TypedDicts, and lists and dicts of all these. Their
    conversion does not depend on which packages are installed.
    """

    __slots__ = ()

    def loading(
        self,
        load: Callable[[Buffer], Any],  # noqa: ARG002 -- the text is what is loaded
        oid: int,
        format_: Format,
        parts: Sequence[Part] = (),  # noqa: ARG002 -- the class says what is in it
    ) -> Callable[[Buffer], Any]:
        """Return a function that makes an object from the document's text."""
        read, _ = _codec(self.python)
        if oid == _JSONB and format_ is Format.BINARY:
            return lambda data: read(bytes(data)[1:])
        return lambda data: read(bytes(data))

    def dumping(
        self,
        dump: Callable[[Any], Buffer | None],  # noqa: ARG002 -- as above
        oid: int,
        format_: Format,
    ) -> Callable[[Any], Buffer | None]:
        """Return a function that makes the document's text from an object."""
        _, write = _codec(self.python)
        if oid == _JSONB and format_ is Format.BINARY:
            return lambda value: _VERSION + write(value)
        return write


@cache
def _codec(python: Any) -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    """Return a function that reads documents of a class, and one that writes them."""
    if is_pydantic(python):
        return python.model_validate_json, _checked(
            python, lambda value: value.model_dump_json(by_alias=True).encode()
        )
    if is_struct(python):
        json = import_module("msgspec.json")
        return json.Decoder(python).decode, _checked(python, json.encode)
    parts = structure(python)
    return (
        lambda data: parts.load(json_load(data)),
        lambda value: json_dump(parts.dump(value)),
    )


def _checked(python: type, write: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
    def check(value: Any) -> bytes:
        if not isinstance(value, python):
            raise TypeError
        return write(value)

    return check
