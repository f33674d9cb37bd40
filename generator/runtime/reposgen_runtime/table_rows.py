# ruff: noqa: ANN401 -- values of every type pass through here
"""Values of a table's row type that need not be rows of the table.

A function that finds nothing can return one whose fields all are NULL. PostgreSQL says
of such a row that it IS NULL; it is read as None, since its class takes no None for
what the table declares NOT NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from .exact_types import NoPythonValue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .catalog import CatalogType

    Build: TypeAlias = Callable[[Sequence[Any]], Any]


def build_of_table(build: Build, found: CatalogType, required: Sequence[str]) -> Build:
    """What builds a row, or None where there is none.

    Args:
        build: what builds a row that has all fields that it must have.
        found: the table's row type.
        required: names of those fields.
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
