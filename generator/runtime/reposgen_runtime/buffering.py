"""Rows of buffered inserts that wait to be written together."""

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
# Rows of a tenant, or rows without a tenant.
Part: TypeAlias = "tuple[str | None, list[Any]]"

# Errors after which nothing was written, and a repetition can succeed.
PASSING: Final = (Unavailable, Conflict, StatementTimeout, ReadOnlyTransaction)

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFailure:
    """Rows of a buffer that the Database stopped trying to write.

    Attributes:
        query: the statement's name: `tasks.add_task`.
        error: the reason. After `OutcomeUnknown` the rows may have been written.
        rows: objects of the query's `…Params` class; if the query has one parameter,
            its values.
        tenant: the tenant that the rows were added for; None if there was none.
    """

    query: str
    error: Exception
    rows: Sequence[Any] = field(repr=False)
    tenant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferStatistics:
    """Counts of the rows that a buffer was given; each row is in one of them.

    Attributes:
        pending: rows that wait or are being written.
        written: rows that were written.
        dropped: rows dropped because the buffer was full and the query says
            `full=drop`.
        failed: rows given up that are not in the database.
        unknown: rows given up that may be in the database.
        retries: number of repeated writes.
    """

    pending: int
    written: int
    dropped: int
    failed: int
    unknown: int
    retries: int


class RowOutcome(Enum):
    """Outcome of a row that was given to a buffer."""

    WRITTEN = auto()
    DROPPED = auto()
    FAILED = auto()
    UNKNOWN = auto()


class RowQueue:
    """Queue of the rows of one buffer, with counts of the rows that have left it.

    Attributes:
        taken: number of rows added so far.
        done: number of the earliest rows that have an outcome.
        wanted: number of the earliest rows to write without further waiting.
        retries: number of repeated writes.
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
        """Number of rows that wait or are being written."""
        return self.taken - self._settled

    @property
    def is_full(self) -> bool:
        """True if the buffer has no room for another row."""
        return self.pending >= self.buffering.limit

    def add(self, row: object, tenant: str | None, now: float) -> bool:
        """Add a row; return True if the time of the next write changes."""
        self._waiting.append((tenant, row, now))
        self.taken += 1
        return len(self._waiting) in (1, self.buffering.size)

    def drop(self) -> None:
        """Count a row that was dropped."""
        self._gone[RowOutcome.DROPPED] += 1

    def due_in(self, now: float) -> float | None:
        """Return the seconds until the next write; None if no row waits."""
        count = len(self._waiting)
        if count == 0:
            return None
        if count >= self.buffering.size or self.taken - count < self.wanted:
            return 0
        *_, since = self._waiting[0]
        return max(0.0, since + self.buffering.interval - now)

    def take(self) -> list[Part]:
        """Remove and return the rows to write next, by tenant, the last part first."""
        parts: dict[str | None, list[Any]] = {}
        for _ in range(min(self.buffering.size, len(self._waiting))):
            tenant, row, _ = self._waiting.popleft()
            parts.setdefault(tenant, []).append(row)
        return [*reversed(parts.items())]

    def settle(self, count: int, outcome: RowOutcome) -> None:
        """Count rows that have this outcome."""
        self._gone[outcome] += count
        self._settled += count

    def finish(self) -> None:
        """Record that all rows that were taken out have an outcome."""
        self.done = self.taken - len(self._waiting)

    def statistics(self) -> BufferStatistics:
        """Return the current counts."""
        return BufferStatistics(
            pending=self.pending,
            written=self._gone[RowOutcome.WRITTEN],
            dropped=self._gone[RowOutcome.DROPPED],
            failed=self._gone[RowOutcome.FAILED],
            unknown=self._gone[RowOutcome.UNKNOWN],
            retries=self.retries,
        )


def smaller(rows: Sequence[Any], error: Exception) -> list[list[Any]]:
    """Return the parts to write in place of refused rows; empty if that cannot help.

    A row that the error names is tried alone. Two rows can fail together, as in
    `RepeatedKey`, although neither fails by itself.
    """
    count = len(rows)
    if count == 1 or not isinstance(error, RepositoryError):
        return []
    item = error.item
    if item is not None and 0 <= item < count:
        parts = (rows[:item], rows[item : item + 1], rows[item + 1 :])
        return [[*part] for part in parts if part]
    # A missing table or privilege does not depend on the row.
    if isinstance(error, SchemaChanged) or (error.sqlstate or "").startswith("42"):
        return []
    return [[*rows[: count // 2]], [*rows[count // 2 :]]]


def log_write_failure(unwritten: WriteFailure) -> None:
    """Log the failure, without the rows, if there is no `on_write_failure` callback."""
    error = unwritten.error
    _log.error(
        "%s: %d rows were given up: %s",
        unwritten.query,
        len(unwritten.rows),
        error if isinstance(error, RepositoryError) else type(error).__name__,
    )


def log_retry(query: str, error: Exception, pending: int) -> None:
    """Log that rows wait for another attempt."""
    _log.warning("%s: %d rows wait, to be tried again: %s", query, pending, error)


def log_failed_callback(query: str, error: Exception) -> None:
    """Log that the `on_write_failure` callback raised an exception."""
    _log.error("%s: on_write_failure: %s", query, type(error).__name__)


def log_lost(query: str, rows: RowQueue, process: int) -> None:
    """Log that rows are lost: the process ended before its Database was closed."""
    if rows.pending and os.getpid() == process:
        _log.error("%s: %d rows are lost: Database not closed", query, rows.pending)
