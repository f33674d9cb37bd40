"""`@timeout 2s`: how long the server may work on a query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reposgen.diagnostics import Diagnostic, error
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.sql_source.model import Query

_DURATION: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?) ?(?P<unit>[a-z]+)")
_MILLISECONDS: Final[Mapping[str, int]] = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
}
# PostgreSQL keeps timeouts in 32 bits.
_LONGEST: Final = 2**31 - 1


def read_timeout(query: Query) -> int | Diagnostic | None:
    """The query's timeout in ms, or what is wrong with it; None if it has none."""
    directives = [d for d in query.directives if d.word == "timeout"]
    if not directives:
        return None
    directive = directives[-1]
    if len(directives) > 1:
        return error(
            "repeated-timeout",
            "a query has one timeout",
            span=directive.span,
            hint="take one of them out",
        )
    if query.command is Command.LISTEN:
        return error(
            "timeout-of-listen",
            "a :listen waits for as long as its caller does",
            span=directive.span,
            hint="take the line out",
        )
    duration = milliseconds(directive.argument)
    if duration is None:
        return error(
            "invalid-timeout",
            "@timeout needs a duration",
            span=directive.argument_span if directive.argument else directive.span,
            hint="write -- @timeout 500ms, 2s, 5min or 1h",
        )
    return duration


def milliseconds(text: str) -> int | None:
    """A duration such as `500ms` or `1.5 s`; None if it is none, or none that is."""
    found = _DURATION.fullmatch(text)
    factor = _MILLISECONDS.get(found["unit"]) if found else None
    duration = round(float(found["number"]) * factor) if found and factor else 0
    return duration if 0 < duration <= _LONGEST else None
