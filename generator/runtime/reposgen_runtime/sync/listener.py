# Derived from ../aio/listener.py by derive_sync.py: change that file.
"""LISTEN: reception of a channel's notifications."""

from __future__ import annotations

import random
from contextlib import closing, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar

import psycopg
from psycopg import Connection, RawCursor

from ..errors import Unavailable
from ..forking import cut_off_after_fork
from ..notifications import Reconnected, listening_conninfo, read_event
from ..translate import translate
from ._compat import is_running, sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from ..statement import Package, Statement

E = TypeVar("E")

# Seconds between two checks if the listener was closed.
_LOOK: Final = 1.0
_FIRST_DELAY: Final = 0.05
_LONGEST_DELAY: Final = 10.0


class Listener(Generic[E]):
    """Notifications of a channel, received on a separate connection.

    It listens from the start of its block, or without a block from the first step of
    the iteration, until it is closed. If the connection breaks, or another host becomes
    the primary, it reconnects, with repeated attempts, and reports that:

        with tasks.task_events() as events:
            ...  # read the current state: from here on nothing is missed
            for event in events:
                match event:
                    case Notification(payload):
                        ...
                    case Reconnected():
                        ...  # events may be missing: read the current state
    """

    def __init__(
        self,
        conninfo: str | Callable[[], str],
        package: Package,
        statement: Statement[E],
    ) -> None:
        """Store the arguments; entering the block or iterating starts listening.

        Args:
            conninfo: connection string of the server; or a function that returns it,
                which is called every second to follow the primary.
            package: package of the statement.
            statement: the LISTEN.
        """
        self._find = conninfo if callable(conninfo) else lambda: conninfo
        self._conninfo = ""
        self._package = package
        self._statement = statement
        self._connection: Connection[Any] | None = None
        self._events: Generator[E | Reconnected, None, None] | None = None
        self._closed = False
        self._observed: Callable[[], None] | None = None

    def observe(self, observed: Callable[[], None]) -> None:
        """Register a function that is called at each message."""
        self._observed = observed

    def __iter__(self) -> Generator[E | Reconnected, None, None]:
        if self._events is None:
            self._events = self._listen()
        return self._events

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; an iteration in another thread ends within 1 s."""
        self._closed = True
        if self._events is not None:
            if is_running(self._events):
                return
            self._events.close()
        self._disconnect()

    def _listen(self) -> Generator[E | Reconnected, None, None]:
        if self._closed:
            return
        try:
            connection = self._start()
            while not self._closed:
                try:
                    with closing(connection.notifies(timeout=_LOOK)) as notes:
                        for note in notes:
                            event: Any = read_event(self._statement, note)
                            if self._observed is not None:
                                self._observed()
                            yield event
                    if self._find() == self._conninfo:
                        continue
                except psycopg.OperationalError:
                    pass
                broken = monotonic()
                self._disconnect()
                restarted = self._restart()
                if restarted is None:
                    return
                connection = restarted
                yield Reconnected(monotonic() - broken)
        finally:
            self._disconnect()

    def _start(self) -> Connection[Any]:
        """Return the connection, connecting if there is none yet.

        Raises:
            Unavailable: the server cannot be reached.
        """
        if self._connection is not None:
            return self._connection
        try:
            return self._connect()
        except psycopg.Error as error:
            if error.sqlstate is None:
                raise Unavailable(str(error), driver_error=error) from None
            raise translate(error, self._package, query=self._statement.name) from None

    def _restart(self) -> Connection[Any] | None:
        """Return a new connection; None if the listener was closed meanwhile."""
        delay = _FIRST_DELAY
        while not self._closed:
            with suppress(psycopg.Error):
                return self._connect()
            # A random delay keeps many listeners from reconnecting at the same time.
            sleep(delay * random.uniform(0.5, 1.0))  # noqa: S311 -- no secret
            delay = min(2 * delay, _LONGEST_DELAY)
        return None

    def _connect(self) -> Connection[Any]:
        self._conninfo = self._find()
        connection = Connection.connect(
            listening_conninfo(self._conninfo), autocommit=True, client_encoding="utf8"
        )
        # A child process connects again, as if this connection had broken.
        cut_off_after_fork(connection)
        try:
            RawCursor(connection).execute(self._statement.sql.encode())
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
