"""A rule that a query ignores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.diagnostics import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class VetIgnore:
    """`-- @vet-ignore rule reason`: a rule that need not report the query.

    Attributes:
        span: of the rule and the reason.
    """

    rule: str
    reason: str
    span: Span
