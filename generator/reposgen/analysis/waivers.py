"""Readers of waivers, each with a reason: `@across-tenants` and `@vet-ignore`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.vet_ignore import VetIgnore
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


def read_vet_ignore(line: Directive, _: Subject) -> VetIgnore | Diagnostic:
    """Return the rule and the reason."""
    rule, __, reason = line.argument.partition(" ")
    if not reason.strip():
        return error(
            "invalid-vet-ignore",
            "@vet-ignore needs a rule and a reason",
            span=line.span,
            hint="write -- @vet-ignore seq-scan runs once a month, on a replica",
        )
    return VetIgnore(rule=rule, reason=reason.strip(), span=line.argument_span)
