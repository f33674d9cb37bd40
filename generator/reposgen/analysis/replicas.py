"""`@replica never`: a query that the primary serves, although it only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.diagnostics import error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.diagnostics import Diagnostic
    from reposgen.sql_source.model import Directive, Query


def _directives(query: Query) -> list[Directive]:
    return [d for d in query.directives if d.word == "replica"]


def read_replica(query: Query) -> bool | Diagnostic:
    """Whether a replica may serve the query, or what is wrong with its directive."""
    directives = _directives(query)
    if not directives:
        return True
    directive = directives[-1]
    if len(directives) > 1:
        return error(
            "repeated-replica",
            "a query has one @replica",
            span=directive.span,
            hint="take one of them out",
        )
    if directive.argument != "never":
        return error(
            "invalid-replica",
            "@replica has one choice: never",
            span=directive.argument_span if directive.argument else directive.span,
            hint="write -- @replica never, or take the line out: a query that only"
            " reads goes to a replica where there is one",
        )
    return False


def advise_replica(query: Query, why_not_read_only: str | None) -> Iterator[Diagnostic]:
    """A warning of a directive that changes nothing."""
    for directive in _directives(query):
        if why_not_read_only is not None:
            yield warning(
                "needless-replica",
                f"no replica would serve this query: {why_not_read_only}",
                span=directive.span,
                hint="take the line out",
            )
