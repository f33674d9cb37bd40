"""An asynchronous connection that stays registered with its event loop."""

from __future__ import annotations

from asyncio import get_running_loop, sleep
from contextvars import Context, copy_context
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from psycopg import AsyncConnection
from psycopg.waiting import Ready, Wait

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, TimerHandle

    from psycopg.abc import PQGen

R = TypeVar("R")

# psycopg's own default.
_INTERVAL: Final = 0.1
# Seconds for which work that never waits may keep the event loop from its other tasks.
_BUSY: Final = 0.005
# Seconds after which work that waits looks for itself. uvloop tells no reader that a
# socket has failed: as when the server ends without having read what was sent.
_PATIENCE: Final = 0.5
_READ: Final = int(Wait.R)
_WRITE: Final = int(Wait.W)


class WatchingConnection(AsyncConnection[Any]):
    """An AsyncConnection whose socket the event loop watches as long as it is in use.

    psycopg's own way to wait adds a reader, starts a timer and takes both back, each
    time. Here the reader stays, and takes in itself what has arrived: the task goes on
    once all of it is there.

    What is rare is left to psycopg: cancellation, and waiting for a full socket or
    with a timeout. It knows nothing of this reader, which is therefore taken back
    before; and so it is before the socket closes, as its number may soon be another's.
    """

    _loop: AbstractEventLoop | None = None
    _socket = -1
    _work: PQGen[Any] | None = None
    _done: Future[Any]
    _context: Context
    _rested = 0.0
    _look_again: TimerHandle | None = None

    async def wait(
        self,
        gen: PQGen[R],
        interval: float = _INTERVAL,
        timeout: float | None = None,  # noqa: ASYNC109, RUF100 -- psycopg's signature
    ) -> R:
        """Consume a generator that works on the connection."""
        if timeout is not None:
            self._unwatch()
            return await super().wait(gen, interval, timeout)
        if interval != _INTERVAL:
            # It wants to look at the clock in between.
            self._unwatch()
            return await super().wait(gen, interval)
        try:
            wanted = next(gen)
            if wanted & _WRITE:
                # As good as always that is possible, and harmless if it isn't.
                wanted = gen.send(Ready.W)
        except StopIteration as end:
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
        """Close the connection."""
        self._unwatch()
        await super().close()

    async def _read(self, work: PQGen[R]) -> R:
        loop = get_running_loop()
        self._done = loop.create_future()
        # Handlers of notices see the variables of who waits.
        self._context = copy_context()
        self._work = work
        if self._look_again is None:
            # It outlasts many calls: a timer for each would cost more than they do.
            self._look_again = loop.call_later(_PATIENCE, self._look)
        try:
            result: R | Wait = await self._done
        except BaseException as error:
            if self._work is None:
                raise
            self._work = None
            return await self._fall_back(work, Wait.R, error)
        if isinstance(result, Wait):
            return await self._fall_back(work, result)
        self._rested = monotonic()
        return result

    async def _fall_back(
        self, work: PQGen[R], wanted: Wait, error: BaseException | None = None
    ) -> R:
        """Let psycopg wait, or cope with an interruption."""
        self._unwatch()
        return await super().wait(cast("PQGen[R]", _Begun(work, wanted, error)))

    def _readable(self) -> None:
        """Go on with what waits; the event loop calls this."""
        work = self._work
        if work is None or self._done.done():
            # A notification, or the connection's end. Nobody reads it now, so the loop
            # would call again and again.
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
            self._done.set_result(end.value)
        except BaseException as error:  # noqa: BLE001 -- raised where it is waited for
            self._work = None
            # libpq may have closed the socket.
            self._unwatch()
            self._done.set_exception(error)

    def _look(self) -> None:
        self._look_again = None
        if self._work is not None:
            self._look_again = get_running_loop().call_later(_PATIENCE, self._look)
            # Harmless where there is nothing to read.
            self._readable()

    def _watch(self) -> None:
        loop = get_running_loop()
        if self._loop is loop:
            return
        self._unwatch()
        socket = self.pgconn.socket
        # The loop would keep the variables of whoever comes first.
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
        """Let other tasks have a turn, if it is long since they had one."""
        now = monotonic()
        if now - self._rested >= _BUSY:
            await sleep(0)
            self._rested = monotonic()


class _Begun:
    """Work under way, as psycopg can go on to wait for it.

    It does so after an interruption as well: then it cancels the statement on the
    server, and starts over with the same work to see the end of that. A generator
    can't be started twice; this can.
    """

    def __init__(
        self, work: PQGen[Any], wanted: Wait, error: BaseException | None = None
    ) -> None:
        self._work = work
        self._wanted = wanted
        self._error = error

    def __next__(self) -> Wait:
        """What is waited for."""
        error, self._error = self._error, None
        if error is not None:
            raise error
        return self._wanted

    def send(self, ready: Ready) -> Wait:
        """Go on, to what is waited for next."""
        self._wanted = self._work.send(ready)
        return self._wanted
