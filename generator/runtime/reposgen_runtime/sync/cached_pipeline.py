# Derived from ../aio/cached_pipeline.py by derive_sync.py: change that file.
"""Pipelines of a Database with a cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cached_transaction import CachedTransaction
from .pipeline import Pipeline

if TYPE_CHECKING:
    from .transaction import Transaction


class CachedPipeline(Pipeline):
    """A pipeline whose writes invalidate results; its reads ask the server."""

    def _run(self, outer: Transaction | None) -> None:
        steps = [pending.step for pending in self._pending]
        writes = [step for step in steps if step.statement.changes]
        if outer is None and writes:
            with self._database.transaction() as transaction:
                self._run(transaction)
            return
        if isinstance(outer, CachedTransaction):
            for step in writes:
                outer.note(step.statement, step.values)
        super()._run(outer)
