"""Sources of functions."""

from __future__ import annotations

from dataclasses import field

from reposgen.models import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSource:
    """The source of a function.

    Attributes:
        text: `prosrc`: the body, or the name of a C function.
        refusal: what the server says against the body of an SQL function; None if it
            accepts it.
    """

    language: str
    text: str = field(repr=False)
    refusal: str | None = None
