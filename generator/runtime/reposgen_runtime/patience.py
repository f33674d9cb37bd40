"""How long a connection waits for an answer that is overdue.

The server ends a statement that takes too long, or is cancelled; a frozen one does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

import psycopg

if TYPE_CHECKING:
    from types import TracebackType

# Seconds for a cancelled statement to end, unless a Database is told otherwise.
CANCEL_TIMEOUT: Final = 1.0
# In a connection's attributes: seconds that the server has for a statement, and what
# may pass until it tells that they are over.
_LIMIT: Final = "_repository_limit"
_GRACE: Final = "_repository_grace"


def be_patient(
    connection: psycopg.BaseConnection[Any], limit: float | None, grace: float
) -> None:
    """Set how long a connection waits for the server.

    Args:
        connection: psycopg's, which is new.
        limit: seconds after which the server ends a statement; None if it does not.
        grace: seconds for a statement to end once its time is over, or once it was
            cancelled.
    """
    attributes = vars(connection)
    attributes[_LIMIT] = limit
    attributes[_GRACE] = grace


def patience_of(connection: psycopg.BaseConnection[Any]) -> float | None:
    """Return the seconds after which an answer is overdue; None if it never is."""
    attributes = vars(connection)
    limit: float | None = attributes.get(_LIMIT)
    return None if limit is None else limit + float(attributes[_GRACE])


def grace_of(connection: psycopg.BaseConnection[Any]) -> float:
    """Return the seconds that a cancelled statement has to end."""
    return float(vars(connection).get(_GRACE, CANCEL_TIMEOUT))


def too_late(seconds: float) -> psycopg.Error:
    """Return the error of an answer that is overdue."""
    return psycopg.OperationalError(f"the server did not answer within {seconds:g} s")


class Limit:
    """A block whose statements have another limit, on a Database's connection."""

    __slots__ = ("_attributes", "_before", "_seconds")

    def __init__(
        self, connection: psycopg.BaseConnection[Any], seconds: float | None
    ) -> None:
        """Change nothing yet.

        Args:
            connection: psycopg's.
            seconds: after which the server ends a statement; None if it does not.
        """
        self._attributes = vars(connection)
        self._seconds = seconds
        self._before: float | None = None

    @classmethod
    def of_pipeline(
        cls, connection: psycopg.BaseConnection[Any], statements: int
    ) -> Self:
        """Return a block for statements whose answers may come all at once."""
        limit: float | None = vars(connection).get(_LIMIT)
        return cls(connection, None if limit is None else limit * statements)

    def __enter__(self) -> None:
        self._before = self._attributes.get(_LIMIT)
        if _GRACE in self._attributes:
            self._attributes[_LIMIT] = self._seconds

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if _GRACE in self._attributes:
            self._attributes[_LIMIT] = self._before
