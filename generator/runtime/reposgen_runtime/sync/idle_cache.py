# Derived from ../aio/idle_cache.py by derive_sync.py: change that file.
"""Reuse of connections without going through the pool."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from ..connection_state import state_of

if TYPE_CHECKING:
    from psycopg import Connection

# Seconds after which the pool gets a connection back, to check its age.
_ON_LOAN: Final = 1.0


class IdleCache:
    """Cache of idle connections that the pool counts as checked out.

    Getting a connection from the pool takes longer than sending a statement. The pool
    also hands its connections out in turn, each of which wakes another server process.
    So the connections that the pool would never close for being idle are kept here for
    a while, and the most recently used one is used next.

    Attributes:
        calls: number of calls that got a connection from here.
        uses: number of connections that calls have returned, also to the pool.
        use_seconds: time that calls have had them.
    """

    def __init__(self, limit: int) -> None:
        self.calls = 0
        self.uses = 0
        self.use_seconds = 0.0
        self._limit = limit
        self._connections: list[Connection[Any]] = []

    def __len__(self) -> int:
        return len(self._connections)

    def take(self, since: float, now: float) -> Connection[Any] | None:
        """Return a connection that became idle after `since`; None if there is none."""
        try:
            connection = self._connections[-1]
            state = state_of(connection)
            if state.idle_since <= since:
                return None
            # Another thread can have taken it. Taking one and putting it back would
            # hide it for a moment from code that closes all connections, or waits for
            # one.
            self._connections.remove(connection)
        except (IndexError, ValueError):
            return None
        self.calls += 1
        state.taken_at = now
        return connection

    def pop(self) -> Connection[Any] | None:
        """Return a connection, however long it has been idle; None if there is none."""
        try:
            return self._connections.pop()
        except IndexError:
            return None

    def add(self, connection: Connection[Any]) -> bool:
        """Keep a connection; return False if it must go back to the pool."""
        state = state_of(connection)
        state.idle_since = now = monotonic()
        if len(self._connections) >= self._limit or now >= state.due:
            return False
        self.uses += 1
        self.use_seconds += now - state.taken_at
        state.taken_at = 0.0
        self._connections.append(connection)
        return True

    def count(self, connection: Connection[Any]) -> None:
        """Count the use of a connection that is not kept here."""
        state = state_of(connection)
        if state.taken_at:
            self.uses += 1
            self.use_seconds += monotonic() - state.taken_at
            state.taken_at = 0.0

    @staticmethod
    def mark_checked_out(connection: Connection[Any]) -> None:
        """Record that the pool has given a connection away."""
        state_of(connection).due = monotonic() + _ON_LOAN
