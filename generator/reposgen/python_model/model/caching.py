"""Invalidation of cached reads by writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.analysis.model import TypedQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalidation:
    """A write that changes rows that a cached read depends on.

    Attributes:
        table: qualified name; empty if the write can change any table.
        is_precise: True if only results with the write's key are invalidated; None if
            the read depends on the whole table.
        why: the reason: `it changes public.tasks by the same id`.
    """

    read: TypedQuery
    write: TypedQuery
    table: str
    is_precise: bool | None
    why: str
