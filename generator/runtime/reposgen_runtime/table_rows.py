# ruff: noqa: ANN401 -- values of every type pass through here
"""Values of a table's row type that are not rows of the table.

A function that finds no row can return a row whose fields are all NULL. PostgreSQL
reports such a row as NULL (`IS NULL`), so it is read as None. The row's class could not
hold it, since it does not accept None for NOT NULL columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from .exact_types import NoPythonValue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .catalog import CatalogType

    Build: TypeAlias = Callable[[Sequence[Any]], Any]


def build_of_table(build: Build, found: CatalogType, required: Sequence[str]) -> Build:
    """Return a function that builds a row, or returns None for a row of NULLs.

    Args:
        build: builds a row in which all required fields have a value.
        found: the table's row type.
        required: names of the required fields.
    """
    places = [found.field_names.index(n) for n in required if n in found.field_names]

    def build_row(values: Sequence[Any]) -> Any:
        for place in places:
            if values[place] is None:
                if all(value is None for value in values):
                    return None
                raise NoPythonValue(
                    f"a value of type {found.name} is no row of the table: its"
                    f" {found.field_names[place]} is NULL"
                )
        return build(values)

    return build_row
