"""How what a call may leave out or choose goes with the rest of its query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import Optimistic, OptionalKind
from reposgen.diagnostics import error, warning
from reposgen.live_schema.tree.expressions import Param
from reposgen.live_schema.tree.model import CommandType, Query
from reposgen.live_schema.tree.walk import conjuncts, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.model import Parameter
    from reposgen.analysis.variants.build import QueryVariants
    from reposgen.diagnostics import Diagnostic

_OF_PAGES = {"limit", "after", "before", "total"}


def check_names(
    variants: QueryVariants, parameters: Sequence[Parameter]
) -> Iterator[Diagnostic]:
    """A warning for each parameter that is called like an argument of the method's."""
    requests = variants.requests
    taken = {
        *(_OF_PAGES if requests.paged else ()),
        *(("sort",) if requests.sort else ()),
    }
    for parameter in parameters:
        if parameter.name in taken:
            yield warning(
                "argument-renamed",
                f"{parameter.name} is already an argument of the method:"
                f" the parameter becomes {parameter.name}_",
                span=parameter.span,
                hint="rename the parameter",
            )


def check_version(
    variants: QueryVariants,
    parameters: Sequence[Parameter],
    optimistic: Optimistic | Diagnostic | None,
) -> Iterator[Diagnostic]:
    """An error where what finds the row of a write by version can be left out."""
    if not isinstance(optimistic, Optimistic):
        return
    needed = {optimistic.version, *optimistic.numbers}
    for parameter in parameters:
        if parameter.number in needed and parameter.number in variants.optional:
            yield error(
                "optional-version",
                f"@optional {parameter.name}: @optimistic needs it to find the row",
                span=parameter.span,
                hint="remove it from the @optional line",
            )


def check_filters(
    described: DescribedQuery, variants: QueryVariants
) -> Iterator[Diagnostic]:
    """A warning where a call can leave out all that a write finds its rows by."""
    if (
        variants.conservative is None
        or OptionalKind.FILTER not in variants.optional.values()
    ):
        return
    # In the conservative tree each optional condition is a parameter of its own.
    doubt = 1 + len(described.description.parameter_oids)
    for query in walk(variants.conservative):
        if (
            not isinstance(query, Query)
            or query.command not in (CommandType.UPDATE, CommandType.DELETE)
            or query.join_tree is None
        ):
            continue
        found = conjuncts(query.join_tree.condition)
        if found and all(isinstance(c, Param) and c.number == doubt for c in found):
            table = query.entry(query.result_relation).name
            yield warning(
                "optional-where",
                f"a call without filters affects all rows of {table}",
                span=variants.requests.optional[0].span,
                hint="keep one parameter out of @optional; WHERE true AND … says"
                " that all rows may be meant",
            )
