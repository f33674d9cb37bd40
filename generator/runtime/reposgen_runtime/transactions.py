"""How a transaction begins, what follows it, and how long to wait for the next try."""

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

# The first version that bounds a transaction as a whole.
TRANSACTION_TIMEOUT: Final = 170000
_FIRST_WAIT: Final = 0.02
_LONGEST_WAIT: Final = 2.0
# The attempts after which the wait grows no more while there is no primary.
_SOON: Final = 4
# What leaves nothing behind, and ends once there is a primary again: no subclasses.
_NO_PRIMARY: Final = (ConnectionLost, Unavailable, CircuitOpen)


def begin(
    isolation: Isolation | None, *, read_only: bool = False, deferrable: bool = False
) -> str:
    """The command that begins such a transaction."""
    words = ["BEGIN"]
    if isolation is not None:
        words.append(f"ISOLATION LEVEL {isolation.upper()}")
    if read_only:
        words.append("READ ONLY")
    if deferrable:
        words.append("DEFERRABLE")
    return " ".join(words)


def timeouts(seconds: float | None, server_version: int) -> dict[str, str]:
    """The settings that bound a transaction."""
    if seconds is None:
        return {}
    names = [STATEMENT_TIMEOUT]
    if server_version >= TRANSACTION_TIMEOUT:
        names.append("transaction_timeout")
    return dict.fromkeys(names, milliseconds(seconds))


def set_local(settings: Mapping[str, str], connection: BaseConnection[Any]) -> str:
    """The command that makes settings, until the transaction ends."""
    calls = sql.SQL(", ").join(
        sql.SQL("pg_catalog.set_config({}, {}, true)").format(name, value)
        for name, value in settings.items()
    )
    return f"SELECT {calls.as_string(connection)}"


def quoted(name: str, connection: BaseConnection[Any]) -> str:
    """A name as SQL."""
    return sql.Identifier(name).as_string(connection)


def wait_before(attempt: int) -> float:
    """Seconds to wait before another attempt, the first of which is number 1.

    Anything from nothing to a bound that doubles: those who were in each other's way
    are not to meet again.
    """
    bound = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempt - 1, 32))
    return random.uniform(0, bound)  # noqa: S311 -- no secret


class Attempts:
    """How often work is done that did not succeed, and left nothing behind."""

    def __init__(self, retries: int, seconds: float) -> None:
        """Begin with the first attempt.

        Args:
            retries: how often work is done again after a conflict.
            seconds: for which it is done again while there is no primary.
        """
        self._retries = retries
        self._seconds = seconds
        self._conflicts = 0
        self._losses = 0
        self._end: float | None = None

    @property
    def made(self) -> int:
        """How often the work was done that did not succeed."""
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
    """How a transaction ended."""

    COMMITTED = auto()
    ROLLED_BACK = auto()
    UNKNOWN = auto()


class Callbacks:
    """What is to be called when a transaction has ended.

    What a savepoint undid was not committed, whatever becomes of the transaction.
    """

    def __init__(self) -> None:
        self._committed: list[Callback] = []
        self._rolled_back: list[Callback] = []
        self._undone: list[Callback] = []

    def on_commit(self, callback: Callback) -> None:
        """Call it if what is done now is committed."""
        self._committed.append(callback)

    def on_rollback(self, callback: Callback) -> None:
        """Call it if what is done now is undone."""
        self._rolled_back.append(callback)

    def mark(self) -> tuple[int, int]:
        """Where a savepoint is."""
        return len(self._committed), len(self._rolled_back)

    def undo(self, mark: tuple[int, int]) -> None:
        """A savepoint was rolled back to."""
        committed, rolled_back = mark
        del self._committed[committed:]
        self._undone += self._rolled_back[rolled_back:]
        del self._rolled_back[rolled_back:]

    def callbacks_for(self, outcome: Outcome) -> list[Callback]:
        """What to call now; nothing where the outcome is not known."""
        match outcome:
            case Outcome.COMMITTED:
                return self._undone + self._committed
            case Outcome.ROLLED_BACK:
                return self._undone + self._rolled_back
            case Outcome.UNKNOWN:
                return []
