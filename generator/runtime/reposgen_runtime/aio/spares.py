"""Connections that one call hands on to the next, past the pool."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from psycopg import AsyncConnection

# Seconds after which the pool gets a connection back, to see to its age.
_ON_LOAN: Final = 1.0
# In a connection's attributes: since when it has been at rest, and when the pool is to
# have it back.
RESTS: Final = "_repository_rests"
_DUE: Final = "_repository_due"
# That the server refused to write, as a standby does.
_REFUSED: Final = "_repository_refused"


def refuse(connection: AsyncConnection[Any]) -> None:
    """Note that the server of a connection refused to write."""
    attributes = vars(connection)
    if _DUE in attributes:
        attributes[_REFUSED] = True
        attributes[_DUE] = 0.0


def has_refused(connection: AsyncConnection[Any]) -> bool:
    """Return whether that was noted since this was last asked."""
    return bool(vars(connection).pop(_REFUSED, False))


class Spares:
    """Connections at rest which are in use as far as the pool knows.

    To go through the pool takes a call longer than to send a statement, and the pool
    hands its connections out in turn, each of which wakes another process of the
    server. So those that it would never close for being idle stay here instead, for a
    while; the one that was used last is the next to be used.

    Attributes:
        calls: how many were served.
    """

    def __init__(self, limit: int) -> None:
        self.calls = 0
        self._limit = limit
        self._connections: list[AsyncConnection[Any]] = []

    def __len__(self) -> int:
        return len(self._connections)

    def take(self, since: float) -> AsyncConnection[Any] | None:
        """One that went to rest after `since`; None if there is none."""
        try:
            connection = self._connections[-1]
            if vars(connection)[RESTS] <= since:
                return None
            # Another thread may have been faster. To take one and put it back would
            # hide it from who closes them all, or waits for one, at that moment.
            self._connections.remove(connection)
        except (IndexError, ValueError):
            return None
        self.calls += 1
        return connection

    def withdraw(self) -> AsyncConnection[Any] | None:
        """One of them, which is not for a call."""
        try:
            return self._connections.pop()
        except IndexError:
            return None

    def keep(self, connection: AsyncConnection[Any]) -> bool:
        """Put a connection to rest here, unless it is the pool's turn to have it."""
        attributes = vars(connection)
        attributes[RESTS] = now = monotonic()
        if len(self._connections) >= self._limit or now >= attributes[_DUE]:
            return False
        self._connections.append(connection)
        return True

    @staticmethod
    def lend(connection: AsyncConnection[Any]) -> None:
        """Note that the pool has given a connection away."""
        vars(connection)[_DUE] = monotonic() + _ON_LOAN
