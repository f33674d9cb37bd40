# ruff: noqa: ANN401 -- attributes of every kind
"""Classes of adapters that are made at run time, each of them once.

psycopg keeps every class that is registered anywhere, and for good. If each Database
made its own, a program that opens one after the other would grow without end.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Hashable

_Class = TypeVar("_Class", bound=type[Any])


def adapter_class(name: str, base: _Class, /, **attributes: Hashable) -> _Class:
    """Return the class with that name, base and attributes.

    A function among the attributes is called without the adapter itself.
    """
    made: _Class = _made(name, cast("Hashable", base), tuple(attributes.items()))
    return made


@cache
def _made(name: str, base: Any, attributes: tuple[tuple[str, Any], ...]) -> Any:
    return type(
        name,
        (base,),
        {
            key: value
            if isinstance(value, type) or not callable(value)
            else staticmethod(value)
            for key, value in attributes
        },
    )
