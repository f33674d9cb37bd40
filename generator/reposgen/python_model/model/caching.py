"""Which write invalidates which cached read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.analysis.model import TypedQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalidation:
    """A write that changes what a cached read depends on.

    Attributes:
        table: qualified name; empty where the write can change any table.
        is_precise: only results with the key that the write gives are invalidated;
            None where the read depends on the whole table.
        why: in plain words: `it changes public.tasks by the same id`.
    """

    read: TypedQuery
    write: TypedQuery
    table: str
    is_precise: bool | None
    why: str
