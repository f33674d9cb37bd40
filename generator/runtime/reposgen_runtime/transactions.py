"""Commands, retries and callbacks of transactions."""

from __future__ import annotations

import random
from enum import Enum, auto
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from psycopg import sql

from .errors import (
    CircuitOpen,
    ConnectionLost,
    Deadlock,
    ReadOnlyTransaction,
    SerializationFailure,
    Unavailable,
)
from .limits import STATEMENT_TIMEOUT, milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg import BaseConnection

    from .errors import RepositoryError

Isolation: TypeAlias = Literal["read committed", "repeatable read", "serializable"]
Callback: TypeAlias = "Callable[[], object]"

# The first server version with transaction_timeout.
TRANSACTION_TIMEOUT: Final = 170000
_FIRST_WAIT: Final = 0.02
_LONGEST_WAIT: Final = 2.0
# Number of attempts after which the wait stops growing while there is no primary.
_SOON: Final = 4
# Errors without effects that stop once there is a primary again; exact classes.
_NO_PRIMARY: Final = (ConnectionLost, Unavailable, CircuitOpen)


def begin(
    isolation: Isolation | None, *, read_only: bool = False, deferrable: bool = False
) -> str:
    """Return the command that begins a transaction."""
    words = ["BEGIN"]
    if isolation is not None:
        words.append(f"ISOLATION LEVEL {isolation.upper()}")
    if read_only:
        words.append("READ ONLY")
    if deferrable:
        words.append("DEFERRABLE")
    return " ".join(words)


def timeouts(seconds: float | None, server_version: int) -> dict[str, str]:
    """Return the settings that limit a transaction's duration."""
    if seconds is None:
        return {}
    names = [STATEMENT_TIMEOUT]
    if server_version >= TRANSACTION_TIMEOUT:
        names.append("transaction_timeout")
    return dict.fromkeys(names, milliseconds(seconds))


def set_local(settings: Mapping[str, str], connection: BaseConnection[Any]) -> str:
    """Return the command that applies settings until the transaction ends."""
    calls = sql.SQL(", ").join(
        sql.SQL("pg_catalog.set_config({}, {}, true)").format(name, value)
        for name, value in settings.items()
    )
    return f"SELECT {calls.as_string(connection)}"


def quoted(name: str, connection: BaseConnection[Any]) -> str:
    """Return a name as a quoted identifier."""
    return sql.Identifier(name).as_string(connection)


def wait_before(attempt: int) -> float:
    """Return a random number of seconds to wait before an attempt, counted from 1.

    The upper bound doubles with each attempt. The random part keeps transactions that
    conflicted from conflicting again.
    """
    bound = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempt - 1, 32))
    return random.uniform(0, bound)  # noqa: S311 -- no secret


class Attempts:
    """Count of the failed attempts at a piece of work that can be repeated."""

    def __init__(self, retries: int, seconds: float) -> None:
        """Start with the first attempt.

        Args:
            retries: maximum number of repetitions after a conflict.
            seconds: time for which the work is repeated while there is no primary.
        """
        self._retries = retries
        self._seconds = seconds
        self._conflicts = 0
        self._losses = 0
        self._end: float | None = None

    @property
    def made(self) -> int:
        """Number of failed attempts."""
        return self._conflicts + self._losses

    def wait_after(self, error: RepositoryError) -> float | None:
        """Return the seconds to wait before the next attempt; None if there is none."""
        match error:
            case SerializationFailure() | Deadlock():
                self._conflicts += 1
                again, attempt = self._conflicts <= self._retries, self._conflicts
            # The latter is that of a standby, or of a transaction that only reads.
            case ReadOnlyTransaction() if self._seconds > 0:
                self._conflicts += 1
                again, attempt = self._conflicts <= self._retries, self._conflicts
            case _ if type(error) in _NO_PRIMARY:
                now = monotonic()
                if self._end is None:
                    self._end = now + self._seconds
                self._losses += 1
                again = now < self._end
                attempt = min(self._losses, _SOON)
            case _:
                return None
        return wait_before(attempt) if again else None


class Outcome(Enum):
    """Outcome of a transaction."""

    COMMITTED = auto()
    ROLLED_BACK = auto()
    UNKNOWN = auto()


class Callbacks:
    """Callbacks to run after a transaction.

    Work that a savepoint undid counts as rolled back, whatever the transaction's
    outcome.
    """

    def __init__(self) -> None:
        self._committed: list[Callback] = []
        self._rolled_back: list[Callback] = []
        self._undone: list[Callback] = []

    def on_commit(self, callback: Callback) -> None:
        """Register a callback to run if the current work is committed."""
        self._committed.append(callback)

    def on_rollback(self, callback: Callback) -> None:
        """Register a callback to run if the current work is rolled back."""
        self._rolled_back.append(callback)

    def mark(self) -> tuple[int, int]:
        """Return the current position, to be passed to `undo`."""
        return len(self._committed), len(self._rolled_back)

    def undo(self, mark: tuple[int, int]) -> None:
        """Record a rollback to the savepoint that began at `mark`."""
        committed, rolled_back = mark
        del self._committed[committed:]
        self._undone += self._rolled_back[rolled_back:]
        del self._rolled_back[rolled_back:]

    def callbacks_for(self, outcome: Outcome) -> list[Callback]:
        """Return the callbacks to run now; none if the outcome is unknown."""
        match outcome:
            case Outcome.COMMITTED:
                return self._undone + self._committed
            case Outcome.ROLLED_BACK:
                return self._undone + self._rolled_back
            case Outcome.UNKNOWN:
                return []
