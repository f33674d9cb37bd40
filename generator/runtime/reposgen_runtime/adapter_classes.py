# ruff: noqa: ANN401 -- attributes of every kind
"""Adapter classes created at run time, one for each combination of attributes.

psycopg keeps a reference to every registered adapter class until the process ends. If
each Database created its own classes, a program that opens Databases one after another
would leak memory.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Hashable

_Class = TypeVar("_Class", bound=type[Any])


def adapter_class(name: str, base: _Class, /, **attributes: Hashable) -> _Class:
    """Return the class with this name, base and attributes.

    Functions among the attributes become static methods. Equal arguments return the
    same class.
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
