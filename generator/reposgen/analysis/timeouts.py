"""Reader of `@timeout 2s`: the longest time that the server can spend on a query."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reposgen.diagnostics import Diagnostic, error

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.analysis.directive_specs import Subject
    from reposgen.sql_source.model import Directive

_DURATION: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?) ?(?P<unit>[a-z]+)")
_MILLISECONDS: Final[Mapping[str, int]] = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "min": 60_000,
    "h": 3_600_000,
}
# PostgreSQL stores timeouts as 32-bit integers.
_LONGEST: Final = 2**31 - 1


def read_timeout(line: Directive, _: Subject) -> int | Diagnostic:
    """Return the query's timeout in milliseconds, or an error for an invalid line."""
    duration = milliseconds(line.argument)
    if duration is None:
        return error(
            "invalid-timeout",
            "@timeout needs a duration",
            span=line.argument_span if line.argument else line.span,
            hint="write -- @timeout 500ms, 2s, 5min or 1h",
        )
    return duration


def milliseconds(text: str) -> int | None:
    """Return a duration such as `500ms` or `1.5 s` in milliseconds.

    Returns:
        None if the text is not a duration.
    """
    found = _DURATION.fullmatch(text)
    factor = _MILLISECONDS.get(found["unit"]) if found else None
    duration = round(float(found["number"]) * factor) if found and factor else 0
    return duration if 0 < duration <= _LONGEST else None
