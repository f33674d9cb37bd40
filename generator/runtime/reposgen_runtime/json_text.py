# ruff: noqa: ANN401 -- JSON decodes to whatever it holds
"""JSON by orjson where that is installed, else by the standard library.

They differ in one point: orjson reads an integer beyond 64 bits as a float.
"""

from __future__ import annotations

import json
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

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
    """JSON text.

    Raises:
        ValueError: NaN or an infinity, which JSON has not.
        TypeError: something that is no JSON.
    """
    if _ORJSON is not None:
        try:
            data = _ORJSON.dumps(value)
        except TypeError:  # an int beyond 64 bits, a key that is no str
            return json.dumps(value, allow_nan=False).encode()
        # orjson writes NaN as null: where there is one, let the strict writer decide.
        if b"null" not in data:
            return data
    return json.dumps(value, allow_nan=False).encode()


def _standard_load(data: Buffer) -> Any:
    return json.loads(bytes(data))


json_load: Final[Callable[[Buffer], Any]] = (
    _standard_load if _ORJSON is None else _ORJSON.loads
)
