"""Asynchronous connections with bounded cancellation and a permanent socket reader."""

from __future__ import annotations

import logging
from asyncio import CancelledError, create_task, get_running_loop, sleep, timeout, wait
from contextlib import suppress
from contextvars import Context, copy_context
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import ConnStatus
from psycopg.waiting import Ready, Wait, wait_async

from . import wire
from .patience import grace_of, patience_of, too_late

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, TimerHandle
    from collections.abc import Coroutine

    from psycopg.abc import PQGen

R = TypeVar("R")

_logger: Final = logging.getLogger(__name__)
# psycopg's own default.
_INTERVAL: Final = 0.1
# Seconds for which work that never waits can block the event loop's other tasks.
_BUSY: Final = 0.005
# Seconds after which waiting work checks the socket itself. uvloop does not call the
# reader if the socket has failed, as when the server ends without reading its input.
_PATIENCE: Final = 0.5
_READ: Final = int(Wait.R)
_WRITE: Final = int(Wait.W)
_OK: Final = int(ConnStatus.OK)
_INTERRUPTED: Final = (CancelledError, KeyboardInterrupt, SystemExit)


async def unhindered(work: Coroutine[Any, Any, None], seconds: float) -> None:
    """Run a coroutine to its end, even if the current task is cancelled meanwhile.

    A cancel scope of anyio cancels its tasks again at each turn of the event loop.

    Args:
        work: the coroutine.
        seconds: the coroutine itself is cancelled after this time.

    Raises:
        CancelledError: the current task or the coroutine was cancelled.
    """
    task = create_task(work)
    end = get_running_loop().call_later(seconds, task.cancel)
    cancelled: CancelledError | None = None
    while not task.done():
        try:
            await wait([task])
        except CancelledError as error:
            cancelled = error
    end.cancel()
    if cancelled is not None:
        raise cancelled
    task.result()


class CancellableConnection(AsyncConnection[Any]):
    """An AsyncConnection that cancels statements on the server in bounded time.

    psycopg waits up to ten seconds for a cancelled statement to end. It stops waiting
    if the task is cancelled again, even though the statement is still running. This
    class closes the connection if the statement does not end in time.
    """

    async def wait(
        self,
        gen: PQGen[R],
        interval: float = _INTERVAL,
        timeout: float | None = None,  # noqa: ASYNC109, RUF100 -- psycopg's signature
    ) -> R:
        """Drive a generator of libpq calls to its end and return its result."""
        patience = patience_of(self) if timeout is None else None
        seconds = timeout if patience is None else patience
        try:
            return await wait_async(gen, self.pgconn.socket, interval, seconds)
        except _INTERRUPTED:
            await self._interrupt(gen)
            raise
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 -- its documentation names it
            if patience is None:
                raise
            self.pgconn.finish()
            raise too_late(patience) from None

    async def _interrupt(self, work: PQGen[Any]) -> None:
        """Cancel the running statement on the server and wait until it has ended."""
        if wire.is_active(self.pgconn):
            grace = grace_of(self)
            await unhindered(self._cancel(work, grace), 2 * grace)

    async def _cancel(self, work: PQGen[Any], grace: float) -> None:
        try:
            async with timeout(grace):
                await self.cancel_safe(timeout=grace)
                # The state of the connection shows how the statement ended.
                with suppress(Exception):
                    await wait_async(work, self.pgconn.socket, _INTERVAL)
        except (TimeoutError, psycopg.Error, OSError) as error:
            _logger.warning(
                "a cancelled statement goes on, its connection is closed: %s",
                str(error) or f"no answer within {grace:g} s",
            )
            self.pgconn.finish()


class FastConnection(CancellableConnection):
    """An AsyncConnection whose socket stays registered with the event loop.

    psycopg adds a reader, starts a timer and removes both for each wait. This class
    keeps the reader registered. The reader itself consumes the input, and resumes the
    task once the whole result has arrived.

    Rare cases are left to psycopg: waiting until the socket is writable, and waiting
    with a timeout. psycopg does not know about this reader, so the reader is removed
    first.

    The reader must not outlive the socket, because its file descriptor can be reused.
    libpq closes the socket by itself while it reads, if the server has closed its end.
    So the connection's status is checked after each read.
    """

    _loop: AbstractEventLoop | None = None
    _socket = -1
    _work: PQGen[Any] | None = None
    _done: Future[Any]
    _context: Context
    _rested = 0.0
    _look_again: TimerHandle | None = None
    _looks = 0

    async def wait(
        self,
        gen: PQGen[R],
        interval: float = _INTERVAL,
        timeout: float | None = None,  # noqa: ASYNC109, RUF100 -- psycopg's signature
    ) -> R:
        """Drive a generator of libpq calls to its end and return its result."""
        if timeout is not None:
            self._unwatch()
            return await super().wait(gen, interval, timeout)
        if interval != _INTERVAL:
            # The generator checks the time at each interval.
            self._unwatch()
            return await super().wait(gen, interval)
        try:
            wanted = next(gen)
            if wanted & _WRITE:
                # The socket is nearly always writable, and it does no harm if it is
                # not.
                wanted = gen.send(Ready.W)
        except StopIteration as end:
            if self.pgconn.status != _OK:
                self._unwatch()
            result: R = end.value
            await self._be_fair()
            return result
        except BaseException:
            self._unwatch()
            raise
        if wanted == _READ:
            self._watch()
            return await self._read(gen)
        return await self._fall_back(gen, wanted)

    async def close(self) -> None:
        """Close the connection and raise an error in the task that waits for it."""
        self._unwatch()
        await super().close()
        if self._work is not None:
            self._work = None
            self._done.set_exception(
                psycopg.OperationalError("the connection was closed")
            )

    async def _read(self, work: PQGen[R]) -> R:
        loop = get_running_loop()
        self._done = loop.create_future()
        # Handlers of notices run with the context variables of the waiting task.
        self._context = copy_context()
        self._work = work
        self._looks = 0
        if self._look_again is None:
            # The timer lasts for many calls: one per call would cost more than the
            # call.
            self._look_again = loop.call_later(_PATIENCE, self._look)
        try:
            result: R | Wait = await self._done
        except BaseException:
            if self._work is not None:
                self._work = None
                self._unwatch()
                await self._interrupt(work)
            raise
        if isinstance(result, Wait):
            return await self._fall_back(work, result)
        self._rested = monotonic()
        return result

    async def _fall_back(self, work: PQGen[R], wanted: Wait) -> R:
        """Let psycopg wait for the socket."""
        self._unwatch()
        return await super().wait(cast("PQGen[R]", _Begun(work, wanted)))

    def _readable(self) -> None:
        """Resume the waiting generator; the event loop calls this on input."""
        work = self._work
        if work is None or self._done.done():
            # A notification, or the end of the connection. Unread input would make the
            # loop call again and again.
            self._unwatch()
            return
        try:
            wanted = self._context.run(work.send, Ready.R)
            if wanted == _READ:
                return
            self._work = None
            self._done.set_result(wanted)
        except StopIteration as end:
            self._work = None
            if self.pgconn.status != _OK:
                self._unwatch()
            self._done.set_result(end.value)
        except BaseException as error:  # noqa: BLE001 -- raised where it is waited for
            self._work = None
            # libpq can have closed the socket.
            self._unwatch()
            self._done.set_exception(error)

    def _look(self) -> None:
        self._look_again = None
        if self._work is not None:
            self._look_again = get_running_loop().call_later(_PATIENCE, self._look)
            # This does no harm if there is no input.
            self._readable()
        if self._work is not None:
            self._looks += 1
            patience = patience_of(self)
            # The first check can come right after the start of the work.
            if patience is not None and (self._looks - 1) * _PATIENCE >= patience:
                self._give_up(patience)

    def _give_up(self, patience: float) -> None:
        self._unwatch()
        self._work = None
        self.pgconn.finish()
        self._done.set_exception(too_late(patience))

    def _watch(self) -> None:
        loop = get_running_loop()
        if self._loop is loop:
            return
        self._unwatch()
        socket = self.pgconn.socket
        # Otherwise the loop would keep the context variables of the first task.
        Context().run(loop.add_reader, socket, self._readable)
        self._loop = loop
        self._socket = socket

    def _unwatch(self) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
            self._look_again = None
        loop, self._loop = self._loop, None
        if loop is not None and not loop.is_closed():
            loop.remove_reader(self._socket)

    async def _be_fair(self) -> None:
        """Yield to other tasks if this connection has not done so recently."""
        now = monotonic()
        if now - self._rested >= _BUSY:
            await sleep(0)
            self._rested = monotonic()


class _Begun:
    """A generator that has already been started, for psycopg to wait for.

    psycopg starts what it waits for with `next`, which would resume the generator.
    """

    def __init__(self, work: PQGen[Any], wanted: Wait) -> None:
        self._work = work
        self._wanted = wanted

    def __next__(self) -> Wait:
        """Return the socket event that the generator waits for."""
        return self._wanted

    def send(self, ready: Ready) -> Wait:
        """Resume the generator and return the next socket event that it waits for."""
        self._wanted = self._work.send(ready)
        return self._wanted
