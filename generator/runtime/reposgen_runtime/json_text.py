# ruff: noqa: ANN401 -- JSON decodes to whatever it holds
"""JSON by orjson if it is installed, otherwise by the standard library.

Both give the same results: the standard library handles what orjson would change or
refuse.
"""

from __future__ import annotations

import json
from importlib import import_module
from math import inf
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from .exact_types import NoPythonValue

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg.abc import Buffer


class _Orjson(Protocol):
    def dumps(self, value: Any, /) -> bytes: ...

    def loads(self, data: Buffer, /) -> Any: ...


def _find_orjson() -> _Orjson | None:
    try:
        return cast("_Orjson", import_module("orjson"))
    except ImportError:
        return None


_ORJSON: Final = _find_orjson()


def json_dump(value: Any) -> bytes:
    """Return the JSON text of a value.

    Raises:
        ValueError: the value contains NaN or an infinity, which JSON does not have.
        TypeError: the value contains an object that JSON cannot represent.
    """
    if _ORJSON is not None:
        try:
            data = _ORJSON.dumps(value)
        except TypeError:  # an int beyond 64 bits, a key that is no str
            return json.dumps(value, allow_nan=False).encode()
        # orjson writes NaN as null: if there is a null, use the strict writer.
        if b"null" not in data:
            return data
    return json.dumps(value, allow_nan=False).encode()


def _standard_load(data: Buffer) -> Any:
    return json.loads(bytes(data), parse_float=finite)


def finite(text: str) -> float:
    """Return a number as a float.

    Raises:
        NoPythonValue: the number is too large for a float.
    """
    number = float(text)
    if number in (inf, -inf):
        raise NoPythonValue("JSON with a number that is too large for a float")
    return number


def _orjson_load(data: Buffer) -> Any:
    text = bytes(data)
    # Integers beyond 64 bits have 19 digits at least; orjson makes them floats.
    if _MANY_DIGITS not in text.translate(_DIGITS):
        try:
            return _ORJSON.loads(text)  # type: ignore[union-attr] # it is there
        except ValueError:  # a number that is too large, half of a surrogate pair
            pass
    return _standard_load(text)


_MANY_DIGITS: Final = b"0" * 19
_DIGITS: Final = bytes(
    ord("0") if chr(code).isascii() and chr(code).isdigit() else 0
    for code in range(256)
)

# orjson's parser, used for text without long numbers, if it accepts the text.
fast_loads: Final = None if _ORJSON is None else _ORJSON.loads
fast_dumps: Final = None if _ORJSON is None else _ORJSON.dumps
json_load: Final[Callable[[Buffer], Any]] = (
    _standard_load if _ORJSON is None else _orjson_load
)
