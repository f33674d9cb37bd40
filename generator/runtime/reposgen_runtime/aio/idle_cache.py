"""Connections that one call hands on to the next, past the pool."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from ..connection_state import state_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection

# Seconds after which the pool gets a connection back, to see to its age.
_ON_LOAN: Final = 1.0


class IdleCache:
    """Cache of idle connections that the pool counts as checked out.

    To go through the pool takes a call longer than to send a statement, and the pool
    hands its connections out in turn, each of which wakes another process of the
    server. So those that it would never close for being idle stay here instead, for a
    while; the one that was used last is the next to be used.

    Attributes:
        calls: number of calls that got a connection from here.
    """

    def __init__(self, limit: int) -> None:
        self.calls = 0
        self._limit = limit
        self._connections: list[AsyncConnection[Any]] = []

    def __len__(self) -> int:
        return len(self._connections)

    def take(self, since: float) -> AsyncConnection[Any] | None:
        """Return a connection that became idle after `since`; None if there is none."""
        try:
            connection = self._connections[-1]
            if state_of(connection).idle_since <= since:
                return None
            # Another thread may have been faster. To take one and put it back would
            # hide it from who closes them all, or waits for one, at that moment.
            self._connections.remove(connection)
        except (IndexError, ValueError):
            return None
        self.calls += 1
        return connection

    def pop(self) -> AsyncConnection[Any] | None:
        """Return a connection, however long it has been idle; None if there is none."""
        try:
            return self._connections.pop()
        except IndexError:
            return None

    def add(self, connection: AsyncConnection[Any]) -> bool:
        """Keep a connection; False if the pool is to have it back."""
        state = state_of(connection)
        state.idle_since = now = monotonic()
        if len(self._connections) >= self._limit or now >= state.due:
            return False
        self._connections.append(connection)
        return True

    @staticmethod
    def mark_checked_out(connection: AsyncConnection[Any]) -> None:
        """Note that the pool has given a connection away."""
        state_of(connection).due = monotonic() + _ON_LOAN
