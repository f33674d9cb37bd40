"""Waiting for a server's answer in a thread.

psycopg's own wait function drives a generator, and registers the socket anew for each
wait. An answer is usually complete with the first input, and then needs neither.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

import psycopg
from psycopg import Connection, waiting

from . import wire
from .connection_state import state_of
from .patience import patience_of, too_late

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg.abc import Buffer, PQGen
    from psycopg.pq import PGnotify
    from psycopg.pq.abc import PGconn, PGresult
    from psycopg.waiting import Ready, Wait

    from .codec import Codec

    Poll: TypeAlias = Callable[[int], object]

R = TypeVar("R")

# Milliseconds between two checks, as in psycopg: another thread can have closed the
# connection.
_INTERVAL: Final = 100
# Seconds; psycopg's own default.
_PAUSE: Final = _INTERVAL / 1000


class PatientConnection(Connection[Any]):
    """A Connection that is closed if the server's answer is overdue."""

    def wait(
        self,
        gen: PQGen[R],
        interval: float = _PAUSE,
        timeout: float | None = None,
    ) -> R:
        """Drive a generator of libpq calls to its end and return its result."""
        patience = patience_of(self) if timeout is None else None
        if patience is None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, patience)
        except psycopg.errors._WaitTimeout:  # noqa: SLF001 -- its documentation names it
            self.pgconn.finish()
            raise too_late(patience) from None


def execute(
    connection: Connection[Any],
    codec: Codec[Any],
    parameters: Sequence[Buffer | None],
) -> Sequence[PGresult]:
    """Run a statement and return its results, to be checked with `wire.check`."""
    pgconn = connection.pgconn
    try:
        wire.send_statement(pgconn, codec, parameters)
        return _answer(connection, pgconn)
    except BaseException as error:  # noqa: BLE001 -- raised again there
        return _interrupted(connection, error)


def command(connection: Connection[Any], sql: bytes) -> Sequence[PGresult]:
    """Run a command without parameters and return its results for `wire.check`."""
    pgconn = connection.pgconn
    try:
        pgconn.send_query(sql)
        return _answer(connection, pgconn)
    except BaseException as error:  # noqa: BLE001 -- raised again there
        return _interrupted(connection, error)


def _answer(connection: Connection[Any], pgconn: PGconn) -> Sequence[PGresult]:
    state = state_of(connection)
    if not state.has_poll:
        state.poll, state.has_poll = _poll_of(connection), True
    poll = state.poll
    if poll is None or pgconn.flush():
        return connection.wait(wire.answer(pgconn))
    results: list[PGresult] = []
    while True:
        try:
            if pgconn.is_busy():
                _receive(connection, pgconn, poll)
        except psycopg.Error:
            # If the server has reported why it disconnects, that error is returned.
            if not results or results[-1].status in wire.DONE:
                raise
            return results
        if (notify := pgconn.notifies()) is not None:
            _tell(pgconn, notify)
        result = pgconn.get_result()
        if result is None:
            return results
        results.append(result)
        if result.status in wire.COPYING:
            return results


def _receive(connection: Connection[Any], pgconn: PGconn, poll: Poll) -> None:
    silent = 0
    while pgconn.is_busy():
        if not poll(_INTERVAL):
            silent += _INTERVAL
            patience = patience_of(connection)
            if patience is not None and silent / 1000 >= patience:
                connection.close()
                raise too_late(patience)
        pgconn.consume_input()


def _tell(pgconn: PGconn, notify: PGnotify | None) -> None:
    while notify is not None:
        if pgconn.notify_handler is not None:
            pgconn.notify_handler(notify)
        notify = pgconn.notifies()


def _interrupted(
    connection: Connection[Any], error: BaseException
) -> Sequence[PGresult]:
    """Cancel the statement on the server, as psycopg does after Ctrl-C.

    Raises:
        BaseException: always the given error.
    """
    if isinstance(error, psycopg.Error):
        raise error
    rest = _Interrupted(wire.answer(connection.pgconn), error)
    return connection.wait(cast("PQGen[Sequence[PGresult]]", rest))


def _poll_of(connection: Connection[Any]) -> Poll | None:
    # Not with green threads, and not with another wait function.
    is_usual = getattr(waiting, "wait_c", None) is waiting.wait and type(
        connection
    ).wait in (Connection.wait, PatientConnection.wait)
    if not is_usual or not hasattr(select, "poll"):
        return None
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return poll.poll


class _Interrupted:
    """Generator that first raises an interruption in psycopg's wait, then continues."""

    def __init__(self, work: PQGen[Sequence[PGresult]], error: BaseException) -> None:
        self._work = work
        self._error: BaseException | None = error

    def __next__(self) -> Wait:
        """Raise the interruption once, then return the awaited socket event."""
        error, self._error = self._error, None
        if error is not None:
            raise error
        return next(self._work)

    def send(self, ready: Ready) -> Wait:
        """Resume the work and return the next socket event that it waits for."""
        return self._work.send(ready)
