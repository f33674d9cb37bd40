"""Buffer of one query, whose rows are written together in the background."""

from __future__ import annotations

import os
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any
from weakref import finalize

from ..buffering import (
    PASSING,
    RowOutcome,
    RowQueue,
    WriteFailure,
    log_failed_callback,
    log_lost,
    log_retry,
    log_write_failure,
    smaller,
)
from ..codec import read_command
from ..errors import BufferFull, NotFlushed, OutcomeUnknown, PoolClosed, RepositoryError
from ..observers import UNOBSERVED
from ..statement import Buffering
from ..transactions import wait_before
from ._background import ELSEWHERE, Condition, Worker, here, wait
from ._compat import call
from .copying import copy_rows
from .staging import insert_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from ..buffering import BufferStatistics, Part, Told
    from ..statement import Package, Statement
    from .database import Database


class Buffer:
    """Waiting rows of one query, and the task that writes them."""

    def __init__(
        self,
        database: Database,
        package: Package,
        statement: Statement[Any],
        told: Sequence[Told],
    ) -> None:
        self._database = database
        self._package = package
        self._statement = statement
        self._told = told
        self._home = here()
        self._changed = Condition()
        self._rows = RowQueue(statement.buffer or Buffering())
        # Parts that were taken out and have no outcome yet; the last one is next.
        self._parts: list[Part] = []
        self._is_writing = False
        self._is_closing = False
        self._is_over = False
        self._worker: Worker | None = None
        self._loss: finalize[Any, Any] | None = None
        self._observers = database.observers

    def statistics(self) -> BufferStatistics:
        """Return counts of the rows by outcome."""
        return self._rows.statistics()

    async def put(self, row: object, tenant: str | None, patience: float) -> bool:
        """Add a row; return False if it was dropped.

        Args:
            row: the row, as the statement takes it.
            tenant: tenant that the row is written for; None without tenants.
            patience: seconds to wait for room.

        Raises:
            BufferFull: there was no room in time.
            PoolClosed: the Database is being closed.
        """
        self._require_home()
        rows = self._rows
        async with self._changed:
            if rows.is_full and not self._is_closing:
                if rows.buffering.drops:
                    rows.drop()
                    self._report("dropped", 1)
                    return False
                await self._wait_for_room(patience)
            if self._is_closing:
                raise PoolClosed("the Database was closed", query=self._statement.name)
            if rows.add(row, tenant, monotonic()):
                self._changed.notify_all()
            if self._worker is None:
                self._worker = Worker(self._work)
                name = self._statement.name
                self._loss = finalize(self, log_lost, name, rows, os.getpid())
        return True

    async def flush(self, seconds: float | None) -> None:
        """Write all rows that are waiting now.

        Raises:
            NotFlushed: the rows were not written within `seconds`.
        """
        self._require_home()
        deadline = None if seconds is None else monotonic() + seconds
        async with self._changed:
            target = self._want_all()
            while self._rows.done < target and not self._is_over:
                left = None if deadline is None else deadline - monotonic()
                if left is not None and left <= 0:
                    raise NotFlushed(
                        f"{self._rows.pending} rows wait after {seconds:g} s",
                        query=self._statement.name,
                    )
                await wait(self._changed, left)

    async def finish(self) -> None:
        """Accept no more rows, and begin to write those that wait."""
        if self._home != here():
            return
        async with self._changed:
            self._is_closing = True
            self._want_all()

    async def close(self, seconds: float) -> None:
        """Wait after `finish` until all rows are written; after `seconds`, give up."""
        worker = self._worker
        if worker is None or self._home != here():
            return
        has_ended = False
        try:
            has_ended = await worker.join(seconds)
        finally:
            if not has_ended:
                await self._give_up("the Database was closed", worker)
        if self._loss is not None:
            self._loss.detach()

    def _require_home(self) -> None:
        if self._home != here():
            raise RepositoryError(ELSEWHERE, query=self._statement.name)

    def _want_all(self) -> int:
        self._rows.wanted = self._rows.taken
        self._changed.notify_all()
        return self._rows.wanted

    async def _wait_for_room(self, patience: float) -> None:
        deadline = monotonic() + patience
        while self._rows.is_full and not self._is_closing:
            left = deadline - monotonic()
            if left <= 0:
                raise BufferFull(
                    f"{self._rows.pending} rows wait to be written, and there was no"
                    f" room within {patience:g} s",
                    query=self._statement.name,
                )
            await wait(self._changed, left)

    async def _work(self) -> None:
        try:
            while await self._take():
                await self._write()
        finally:
            await self._give_up("the task that writes them was cancelled")

    async def _take(self) -> bool:
        """Wait until there are rows to write; return False if there will be none."""
        async with self._changed:
            self._rows.finish()
            self._changed.notify_all()
            while not self._is_over:
                seconds = self._rows.due_in(monotonic())
                if seconds == 0:
                    self._parts = self._rows.take()
                    return True
                if seconds is None and self._is_closing:
                    return False
                await wait(self._changed, seconds)
            return False

    async def _write(self) -> None:
        attempt = 0
        while (part := await self._begin()) is not None:
            tenant, rows = part
            try:
                await self._copy(tenant, rows)
            except PoolClosed as error:
                await self._give_up(str(error))
            except PASSING as error:
                attempt += 1
                await self._pause(attempt, error)
                continue
            except OutcomeUnknown as error:
                await self._settle(RowOutcome.UNKNOWN, error)
            except Exception as error:  # noqa: BLE001 -- told of, as all others
                if parts := smaller(rows, error):
                    await self._divide(parts)
                else:
                    await self._settle(RowOutcome.FAILED, error)
            else:
                await self._settle(RowOutcome.WRITTEN)
            attempt = 0

    async def _begin(self) -> Part | None:
        async with self._changed:
            if self._is_over or not self._parts:
                return None
            self._is_writing = True
            return self._parts[-1]

    def _report(
        self, outcome: str, rows: int, error: BaseException | None = None
    ) -> None:
        """Notify observers of an outcome of rows."""
        if self._observers.active:
            from ..observing import buffer_event  # noqa: PLC0415 -- only where there are

            self._observers.notify(
                buffer_event(
                    self._package,
                    self._statement,
                    outcome=outcome,
                    rows=rows,
                    pending=self._rows.pending,
                    error=error,
                )
            )

    def _observed(self, rows: int) -> AbstractContextManager[object]:
        """Return a block that observers see as a COPY of rows."""
        if not self._observers.active:
            return UNOBSERVED
        from ..observing import observe_copy  # noqa: PLC0415 -- only where there are

        place = self._database.place_of_calls()
        return observe_copy(
            self._observers, place, self._package, self._statement, rows
        )

    async def _copy(self, tenant: str | None, rows: Sequence[Any]) -> None:
        with self._observed(len(rows)) as call:  # noqa: F841 -- who waits finds it
            await self._copy_rows(tenant, rows)

    async def _copy_rows(self, tenant: str | None, rows: Sequence[Any]) -> None:
        statement = self._statement
        async with self._database.lease(self._package, statement, tenant) as session:
            if statement.copy is not None and statement.copy.staged:
                await insert_rows(session, statement, rows, read_command)
            else:
                await copy_rows(session, statement, rows)

    async def _pause(self, attempt: int, error: Exception) -> None:
        until = monotonic() + wait_before(attempt)
        async with self._changed:
            self._is_writing = False
            if not self._is_over:
                self._rows.retries += 1
                self._report("retried", len(self._parts[-1][1]), error)
                if attempt == 1:
                    log_retry(self._statement.name, error, self._rows.pending)
            while (left := until - monotonic()) > 0 and not self._is_over:
                await wait(self._changed, left)

    async def _divide(self, parts: Sequence[list[Any]]) -> None:
        async with self._changed:
            self._is_writing = False
            if not self._is_over:
                tenant, _ = self._parts.pop()
                self._parts += [(tenant, part) for part in reversed(parts)]

    async def _settle(
        self, outcome: RowOutcome, error: Exception | None = None
    ) -> None:
        async with self._changed:
            self._is_writing = False
            if self._is_over:
                return
            part = self._parts.pop()
            self._rows.settle(len(part[1]), outcome)
            self._report(outcome.name.lower(), len(part[1]), error)
            self._changed.notify_all()
        if error is not None:
            await self._tell(part, error)

    async def _give_up(self, why: str, worker: Worker | None = None) -> None:
        name = self._statement.name
        async with self._changed:
            under_way: list[Part] = []
            if self._is_writing and self._parts:
                under_way.append(self._parts.pop())
            left = self._parts[::-1]
            while rows := self._rows.take():
                left += reversed(rows)
            self._is_closing = self._is_over = True
            self._parts = []
            self._rows.settle(
                sum(len(part[1]) for part in under_way), RowOutcome.UNKNOWN
            )
            self._rows.settle(sum(len(part[1]) for part in left), RowOutcome.FAILED)
            self._changed.notify_all()
        if worker is not None:
            await worker.stop()
        for part in under_way:
            unknown = OutcomeUnknown(why, query=name)
            self._report("unknown", len(part[1]), unknown)
            await self._tell(part, unknown)
        for part in left:
            lost = NotFlushed(why, query=name)
            self._report("failed", len(part[1]), lost)
            await self._tell(part, lost)

    async def _tell(self, part: Part, error: Exception) -> None:
        tenant, rows = part
        query = self._statement.name
        unwritten = WriteFailure(query=query, error=error, rows=rows, tenant=tenant)
        if not self._told:
            log_write_failure(unwritten)
        for callback in self._told:
            try:
                await call(partial(callback, unwritten))
            except Exception as failed:  # noqa: BLE001 -- the others are told all the same
                log_failed_callback(query, failed)
