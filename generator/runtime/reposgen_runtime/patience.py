"""Time limits of a connection for answers from an unresponsive server.

The server ends a statement at its timeout or after a cancellation. A frozen server does
not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

import psycopg

from .connection_state import state_of

if TYPE_CHECKING:
    from types import TracebackType

# Default seconds for a cancelled statement to end.
CANCEL_TIMEOUT: Final = 1.0


def be_patient(
    connection: psycopg.BaseConnection[Any], limit: float | None, grace: float
) -> None:
    """Set the time limits of a connection.

    Args:
        connection: a new connection of psycopg.
        limit: seconds after which the server ends a statement; None if it does not.
        grace: seconds for a statement to end after its timeout or cancellation.
    """
    state = state_of(connection)
    state.limit, state.grace = limit, grace


def patience_of(connection: psycopg.BaseConnection[Any]) -> float | None:
    """Return the seconds after which an answer is overdue; None for no limit."""
    state = state_of(connection)
    return None if state.limit is None else state.limit + (state.grace or 0.0)


def grace_of(connection: psycopg.BaseConnection[Any]) -> float:
    """Return the seconds for a statement to end after its cancellation."""
    grace = state_of(connection).grace
    return CANCEL_TIMEOUT if grace is None else grace


def too_late(seconds: float) -> psycopg.Error:
    """Return the error for an answer that is overdue."""
    return psycopg.OperationalError(f"the server did not answer within {seconds:g} s")


class Limit:
    """Context manager that changes the statement limit of a Database's connection."""

    __slots__ = ("_before", "_seconds", "_state")

    def __init__(
        self, connection: psycopg.BaseConnection[Any], seconds: float | None
    ) -> None:
        """Store the limit; entering the block applies it.

        Args:
            connection: a connection of psycopg.
            seconds: seconds after which the server ends a statement; None if it does
                not.
        """
        self._state = state_of(connection)
        self._seconds = seconds
        self._before: float | None = None

    @classmethod
    def of_pipeline(
        cls, connection: psycopg.BaseConnection[Any], statements: int
    ) -> Self:
        """Return a limit for a pipeline, whose answers can arrive all at once."""
        limit = state_of(connection).limit
        return cls(connection, None if limit is None else limit * statements)

    def __enter__(self) -> None:
        state = self._state
        self._before = state.limit
        if state.grace is not None:
            state.limit = self._seconds

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._state.grace is not None:
            self._state.limit = self._before
