"""Which directives are not carried out yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.diagnostics import Diagnostic, error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.sql_source.model import Query

# Whoever builds one of these takes it out of here; until then it is refused rather
# than silently ignored. Other words are other tools' directives.
_DIRECTIVES = frozenset(
    {
        *("cache",),
    }
)


def unsupported(query: Query) -> Iterator[Diagnostic]:
    """An error for each thing the query asks for and would not get."""
    for directive in query.directives:
        if directive.word in _DIRECTIVES:
            yield error(
                "unsupported-directive",
                f"@{directive.word} is not supported",
                span=directive.span,
                hint="take the line out",
            )
