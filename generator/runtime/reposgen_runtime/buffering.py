"""RowQueue that wait to be written together, whatever the colour."""

from __future__ import annotations

import logging
import os
from collections import deque
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .errors import (
    Conflict,
    ReadOnlyTransaction,
    RepositoryError,
    SchemaChanged,
    StatementTimeout,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .statement import Buffering

Told: TypeAlias = "Callable[[WriteFailure], object]"
# A tenant's rows, or those of nobody in particular.
Part: TypeAlias = "tuple[str | None, list[Any]]"

# Nothing was written, and what was in the way may pass.
PASSING: Final = (Unavailable, Conflict, StatementTimeout, ReadOnlyTransaction)

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFailure:
    """RowQueue of a buffer that were given up.

    Attributes:
        query: the statement's name: `tasks.add_task`.
        error: why. With `OutcomeUnknown` they may have been written.
        rows: objects of the query's `…Params` class; of a query with one parameter,
            its values.
        tenant: on whose behalf.
    """

    query: str
    error: Exception
    rows: Sequence[Any] = field(repr=False)
    tenant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferStatistics:
    """What became of the rows that a buffer was given: each is in one of the numbers.

    Attributes:
        pending: they wait, or are being written.
        written: they were.
        dropped: there was no room, and the query says `full=drop`.
        failed: given up, and not in the database.
        unknown: given up, and perhaps in the database.
        retries: how often something was tried again.
    """

    pending: int
    written: int
    dropped: int
    failed: int
    unknown: int
    retries: int


class RowOutcome(Enum):
    """What becomes of a row."""

    WRITTEN = auto()
    DROPPED = auto()
    FAILED = auto()
    UNKNOWN = auto()


class RowQueue:
    """The rows of one buffer, and the numbers of those that are gone.

    Attributes:
        taken: how many there have been.
        done: how many of the first of them are gone.
        wanted: how many of the first of them are not to wait any longer.
        retries: how often something was tried again.
    """

    def __init__(self, buffering: Buffering) -> None:
        self.buffering = buffering
        self.taken = 0
        self.done = 0
        self.wanted = 0
        self.retries = 0
        self._waiting: deque[tuple[str | None, Any, float]] = deque()
        self._gone = dict.fromkeys(RowOutcome, 0)
        self._settled = 0

    @property
    def pending(self) -> int:
        """How many wait or are being written."""
        return self.taken - self._settled

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another one."""
        return self.pending >= self.buffering.limit

    def add(self, row: object, tenant: str | None, now: float) -> bool:
        """Take a row; whether that changes when rows are to be written."""
        self._waiting.append((tenant, row, now))
        self.taken += 1
        return len(self._waiting) in (1, self.buffering.size)

    def drop(self) -> None:
        """Count a row that was not taken."""
        self._gone[RowOutcome.DROPPED] += 1

    def due_in(self, now: float) -> float | None:
        """Seconds until rows are to be written; None if none wait."""
        count = len(self._waiting)
        if count == 0:
            return None
        if count >= self.buffering.size or self.taken - count < self.wanted:
            return 0
        *_, since = self._waiting[0]
        return max(0.0, since + self.buffering.interval - now)

    def take(self) -> list[Part]:
        """The rows to write next, the last part first."""
        parts: dict[str | None, list[Any]] = {}
        for _ in range(min(self.buffering.size, len(self._waiting))):
            tenant, row, _ = self._waiting.popleft()
            parts.setdefault(tenant, []).append(row)
        return [*reversed(parts.items())]

    def settle(self, count: int, outcome: RowOutcome) -> None:
        """Count rows that are gone."""
        self._gone[outcome] += count
        self._settled += count

    def finish(self) -> None:
        """What was taken out is gone, all of it."""
        self.done = self.taken - len(self._waiting)

    def statistics(self) -> BufferStatistics:
        """The numbers as they are now."""
        return BufferStatistics(
            pending=self.pending,
            written=self._gone[RowOutcome.WRITTEN],
            dropped=self._gone[RowOutcome.DROPPED],
            failed=self._gone[RowOutcome.FAILED],
            unknown=self._gone[RowOutcome.UNKNOWN],
            retries=self.retries,
        )


def smaller(rows: Sequence[Any], error: Exception) -> list[list[Any]]:
    """What to write instead of rows that were refused; nothing if that has no use.

    The row that is to blame is tried alone: what two rows did together, such as
    `RepeatedKey`, none of them may do by itself.
    """
    count = len(rows)
    if count == 1 or not isinstance(error, RepositoryError):
        return []
    item = error.item
    if item is not None and 0 <= item < count:
        parts = (rows[:item], rows[item : item + 1], rows[item + 1 :])
        return [[*part] for part in parts if part]
    # A missing table or privilege is no row's fault.
    if isinstance(error, SchemaChanged) or (error.sqlstate or "").startswith("42"):
        return []
    return [[*rows[: count // 2]], [*rows[count // 2 :]]]


def log_write_failure(unwritten: WriteFailure) -> None:
    """Say so where nobody else wants to know; without the rows."""
    error = unwritten.error
    _log.error(
        "%s: %d rows were given up: %s",
        unwritten.query,
        len(unwritten.rows),
        error if isinstance(error, RepositoryError) else type(error).__name__,
    )


def log_retry(query: str, error: Exception, pending: int) -> None:
    """Say that rows have to wait for longer."""
    _log.warning("%s: %d rows wait, to be tried again: %s", query, pending, error)


def log_failed_callback(query: str, error: Exception) -> None:
    """Say that those who wanted to know could not hear it."""
    _log.error("%s: on_write_failure: %s", query, type(error).__name__)


def log_lost(query: str, rows: RowQueue, process: int) -> None:
    """Say that rows are lost with the process, whose Database was never closed."""
    if rows.pending and os.getpid() == process:
        _log.error("%s: %d rows are lost: Database not closed", query, rows.pending)
