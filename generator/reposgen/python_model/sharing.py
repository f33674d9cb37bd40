"""Row classes that several queries of a file share: `@row`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.diagnostics import error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.diagnostics import Diagnostic
    from reposgen.python_model.context import Context
    from reposgen.python_model.layout import FileLayout
    from reposgen.python_model.model.elements import RowClass
    from reposgen.python_model.queries import BuiltQuery


def claim_row_names(layout: FileLayout, context: Context) -> Iterator[Diagnostic]:
    """Claim the names given by `@row`, and yield an error for each that is taken."""
    if not layout.constants:
        return
    namespace = context.classes[layout.constants[0].module]
    chosen = [query.row_name for query in layout.queries if query.row_name]
    for row_name in chosen:
        if row_name.name in namespace:
            yield error(
                "row-name-taken",
                f"{row_name.name} is already the name of something else in the package",
                span=row_name.span,
                hint="choose another name",
            )
    namespace.taken.update(row_name.name for row_name in chosen)


def share_rows(
    several: Sequence[BuiltQuery],
) -> tuple[tuple[BuiltQuery, ...], tuple[Diagnostic, ...]]:
    """Return the queries of a file, with each class in the first query that has it."""
    classes: dict[str, tuple[str, RowClass]] = {}
    shared: list[BuiltQuery] = []
    mistakes: list[Diagnostic] = []
    for built in several:
        row, row_name = built.query.row, built.typed.row_name
        if row_name is None:
            shared.append(built)
            continue
        if row is None:
            mistakes.append(
                error(
                    "row-without-columns",
                    f":{built.typed.command} returns no rows, so {row_name.name} would"
                    " be unused",
                    span=row_name.span,
                    hint="remove the line, or use another command",
                )
            )
            continue
        first, known = classes.setdefault(row_name.name, (built.typed.name, row))
        if known is row:
            shared.append(built)
        elif known.fields == row.fields:
            shared.append(replace(built, query=replace(built.query, row=None)))
        else:
            mistakes.append(
                error(
                    "row-mismatch",
                    f"the columns are not those of {first}: {_difference(known, row)}",
                    span=row_name.span,
                    hint="choose another name for the class, or make the columns agree",
                )
            )
    return tuple(shared), tuple(mistakes)


def _difference(known: RowClass, row: RowClass) -> str:
    for one, other in zip(known.fields, row.fields, strict=False):
        if one.name != other.name:
            return f"{other.name} stands where {one.name} does"
        if one != other:
            return f"{one.name} has another type, or can be NULL in one of them only"
    longer = max(known.fields, row.fields, key=len)
    return f"{longer[min(len(known.fields), len(row.fields))].name} is not in both"
