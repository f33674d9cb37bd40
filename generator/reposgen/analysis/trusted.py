"""Functions that codegen.toml declares not null: `not_null = ["function my_fn"]`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.diagnostics import did_you_mean, error
from reposgen.live_schema.model import CompositeType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.diagnostics import Diagnostic, Span
    from reposgen.live_schema.model import Catalog, Function


def trusted_functions(
    names: Mapping[str, Span | None], catalog: Catalog
) -> tuple[Mapping[int, frozenset[int] | None], Sequence[Diagnostic]]:
    """Return the declaration of each function, as `Definitions.declared`, and errors.

    Args:
        names: `function` or `function.column`, each with or without its schema, and its
            place in the configuration. A name declares all functions that have it.
        catalog: catalog of the database.
    """
    known = {
        name: ()
        for function in catalog.functions.values()
        for name, _ in _names(function, catalog)
    }
    found: dict[int, frozenset[int] | None] = {}
    mistakes: list[Diagnostic] = []
    for name, place in names.items():
        if name not in known:
            meant = did_you_mean(name, known)
            mistakes.append(
                error(
                    "unknown-function",
                    f'no function "{name}" in the database',
                    span=place,
                    hint=f"did you mean {meant}?"
                    if meant
                    else 'name it as "function name", "function schema.name" or'
                    ' "function name.column"',
                )
            )
        for function in catalog.functions.values():
            for one, column in _names(function, catalog):
                if one == name:
                    before = found.get(function.oid, frozenset())
                    if column is None or before is None:
                        found[function.oid] = None
                    else:
                        found[function.oid] = before | {column}
    return found, mistakes


def _names(function: Function, catalog: Catalog) -> Iterator[tuple[str, int | None]]:
    """Yield the names of a function and its columns, with the columns' numbers.

    The number is None for the function itself.
    """
    composite = catalog.types.get(function.returns)
    if isinstance(composite, CompositeType):
        columns = {field.name: field.number for field in composite.fields}
    else:
        columns = {name: n for n, name in enumerate(function.output_names, start=1)}
    for name in (function.name, f"{function.schema}.{function.name}"):
        yield name, None
        for column, number in columns.items():
            yield f"{name}.{column}", number
