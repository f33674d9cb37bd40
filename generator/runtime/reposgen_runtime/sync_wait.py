"""Waiting for a server's answer in a thread that has nothing else to do.

psycopg's own way to wait serves all that can be waited for: it drives a generator, and
asks the system anew what that waits for. An answer is as good as always there at once,
and takes neither.
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

# Milliseconds after which to look again: psycopg's own. Another thread may have closed
# the connection.
_INTERVAL: Final = 100
# Seconds; psycopg's own default.
_PAUSE: Final = _INTERVAL / 1000


class PatientConnection(Connection[Any]):
    """A Connection that gives up a server which is overdue with an answer."""

    def wait(
        self,
        gen: PQGen[R],
        interval: float = _PAUSE,
        timeout: float | None = None,
    ) -> R:
        """Consume a generator that works on the connection."""
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
    """Run the statement; `wire.check` its results."""
    pgconn = connection.pgconn
    try:
        wire.send_statement(pgconn, codec, parameters)
        return _answer(connection, pgconn)
    except BaseException as error:  # noqa: BLE001 -- raised again there
        return _interrupted(connection, error)


def command(connection: Connection[Any], sql: bytes) -> Sequence[PGresult]:
    """Run a command without parameters; `wire.check` its results."""
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
            # Where the server has said why it leaves, that is what counts.
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
    """Do as psycopg does after Ctrl-C: cancel the statement on the server.

    Raises:
        BaseException: that error.
    """
    if isinstance(error, psycopg.Error):
        raise error
    rest = _Interrupted(wire.answer(connection.pgconn), error)
    return connection.wait(cast("PQGen[Sequence[PGresult]]", rest))


def _poll_of(connection: Connection[Any]) -> Poll | None:
    # Neither where threads are no real ones, nor where someone waits in another way.
    is_usual = getattr(waiting, "wait_c", None) is waiting.wait and type(
        connection
    ).wait in (Connection.wait, PatientConnection.wait)
    if not is_usual or not hasattr(select, "poll"):
        return None
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    return poll.poll


class _Interrupted:
    """What is left to wait for, as psycopg does that, after an interruption."""

    def __init__(self, work: PQGen[Sequence[PGresult]], error: BaseException) -> None:
        self._work = work
        self._error: BaseException | None = error

    def __next__(self) -> Wait:
        """What is waited for; first of all, the interruption."""
        error, self._error = self._error, None
        if error is not None:
            raise error
        return next(self._work)

    def send(self, ready: Ready) -> Wait:
        """Go on, to what is waited for next."""
        return self._work.send(ready)
