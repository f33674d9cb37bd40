"""Reader of `@replica never`: only the primary serves the query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.diagnostics import Diagnostic, error

if TYPE_CHECKING:
    from reposgen.analysis.directive_specs import Subject
    from reposgen.sql_source.model import Directive


def read_replica(line: Directive, _: Subject) -> bool | Diagnostic:
    """Return False, since no replica can serve the query; or an error in the line."""
    if line.argument != "never":
        return error(
            "invalid-replica",
            "@replica takes one value: never",
            span=line.argument_span if line.argument else line.span,
            hint="write -- @replica never, or remove the line: a query that only reads"
            " goes to a replica if there is one",
        )
    return False
