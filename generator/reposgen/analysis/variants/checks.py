"""How what a call may leave out or choose goes with the rest of its query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import Optimistic
from reposgen.diagnostics import error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.model import Parameter
    from reposgen.analysis.variants.vary import Varied
    from reposgen.diagnostics import Diagnostic

_OF_PAGES = {"limit", "after", "before", "total"}


def check_names(
    varied: Varied, parameters: Sequence[Parameter]
) -> Iterator[Diagnostic]:
    """A warning for each parameter that is called like an argument of the method's."""
    requests = varied.requests
    taken = {
        *(_OF_PAGES if requests.paged else ()),
        *(("sort",) if requests.sort else ()),
    }
    for parameter in parameters:
        if parameter.name in taken:
            yield warning(
                "argument-renamed",
                f"{parameter.name} is an argument of the method already:"
                f" the parameter becomes {parameter.name}_",
                span=parameter.span,
                hint="call the parameter something else",
            )


def check_version(
    varied: Varied,
    parameters: Sequence[Parameter],
    optimistic: Optimistic | Diagnostic | None,
) -> Iterator[Diagnostic]:
    """An error where what finds the row of a write by version can be left out."""
    if not isinstance(optimistic, Optimistic):
        return
    needed = {optimistic.version, *optimistic.numbers}
    for parameter in parameters:
        if parameter.number in needed and parameter.number in varied.optional:
            yield error(
                "optional-version",
                f"@optional {parameter.name}: @optimistic finds the row by it",
                span=parameter.span,
                hint="take it off the @optional line",
            )
