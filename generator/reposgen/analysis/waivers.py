"""Reader of `@across-tenants REASON`: a query that is not limited to one tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.diagnostics import Diagnostic, error

if TYPE_CHECKING:
    from reposgen.analysis.directive_specs import Subject
    from reposgen.sql_source.model import Directive


def read_waiver(line: Directive, _: Subject) -> str | Diagnostic:
    """Return the reason, or an error if it is missing."""
    if not line.argument:
        return error(
            "invalid-across-tenants",
            "@across-tenants needs a reason",
            span=line.span,
            hint="write -- @across-tenants counted for billing",
        )
    return line.argument
