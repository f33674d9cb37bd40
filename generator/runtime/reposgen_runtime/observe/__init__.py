"""What observers are told: each call of a repository, and what happens around them.

An observer is a subclass of `Observer`. It is given to a Database,
`Database.open(url, observers=[…])`, or to all of them, `observe_process(…)`:

    class Counter(Observer):
        def ended(self, call, state):
            print(call.operation.name, call.outcome, call.seconds)

What an observer raises is logged, and the call is not affected.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

from ..breaker import BreakerChange
from ..errors import (
    CallbackFailed,
    ConditionFailed,
    Conflict,
    ConnectionLost,
    ConstraintViolation,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    RepositoryError,
    StaleRow,
    StatementTimeout,
    Unavailable,
)
from ..observers import UNUSED, observe_process, observing, stop_observing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..statistics import ReplicaState

__all__ = [
    "BreakerChange",
    "BufferEvent",
    "BufferOutcome",
    "CacheEvent",
    "CacheOutcome",
    "Call",
    "ConnectionEvent",
    "ConnectionOutcome",
    "Event",
    "Observer",
    "Operation",
    "Outcome",
    "Place",
    "ReplicaChange",
    "Retry",
    "observe_process",
    "observing",
    "stop_observing",
]


class Outcome(StrEnum):
    """How a call ended, in few words: fit for a label of a metric."""

    OK = "ok"
    """It returned."""

    NO_ROW = "no_row"
    """There is no row, where one must be."""

    STALE = "stale"
    """A write by version met another version, or another condition refused it."""

    VIOLATION = "violation"
    """A constraint refused the rows."""

    CONFLICT = "conflict"
    """A serialization failure, a deadlock or a lock: it can be tried again."""

    INVALID = "invalid"
    """An argument could not be sent."""

    TIMEOUT = "timeout"
    """The server cancelled the statement."""

    CANCELLED = "cancelled"
    """The caller's task was cancelled."""

    LOST = "lost"
    """The connection broke; nothing was written."""

    UNKNOWN = "unknown"
    """The connection broke while a commit was under way: it may have happened."""

    UNAVAILABLE = "unavailable"
    """The server could not be reached, or no connection became free."""

    ERROR = "error"
    """Any other exception; of a transaction, any that ended its block."""


_OUTCOMES: tuple[tuple[type[BaseException], Outcome], ...] = (
    (NotFound, Outcome.NO_ROW),
    (StaleRow, Outcome.STALE),
    (ConditionFailed, Outcome.STALE),
    (ConstraintViolation, Outcome.VIOLATION),
    (Conflict, Outcome.CONFLICT),
    (InvalidArgument, Outcome.INVALID),
    (StatementTimeout, Outcome.TIMEOUT),
    (ConnectionLost, Outcome.LOST),
    (OutcomeUnknown, Outcome.UNKNOWN),
    (Unavailable, Outcome.UNAVAILABLE),
    (CallbackFailed, Outcome.ERROR),
    (Exception, Outcome.ERROR),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """What is called: one object for all calls of a method.

    Attributes:
        command: `one`, `opt`, `many`, `exec`, `stream`, `page`, `copyfrom`, `copyto`,
            `batchexec` and so on, as in the query file; `listen` for each message;
            `buffer` for a row that is written later; or `transaction`, `savepoint`,
            `pipeline`.
        package: the generated package; empty for transactions and the like.
        repository: `users`.
        method: `get_user`.
        sql: with `$1`, `$2` for the arguments; empty for transactions and the like.
        verb: what the statement does: `SELECT`, `UPDATE`; `TRANSACTION` and the like.
        reads: qualified names of the tables that are read.
        writes: qualified names of the tables that are written, the statement's own
            first, also those that foreign keys reach.
        read_only: proved to write nothing.
        arguments: their names, in the order of `Call.values`.
    """

    command: str
    verb: str
    package: str = ""
    repository: str = ""
    method: str = ""
    sql: str = ""
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    read_only: bool = False
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`users.get_user`, or the command of what is not a method."""
        return f"{self.repository}.{self.method}" if self.method else self.command

    @property
    def table(self) -> str | None:
        """The table that it is about: the one it writes, or else the first it reads."""
        return next(iter(self.writes or self.reads), None)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """Where a call runs: one object for all calls on a server.

    Attributes:
        server: `host:port/database`.
        host: name, address or folder of the socket.
        port: of the server.
        database: None if the connection string does not name it.
        role: `primary`, `replica`, or `connection` for one of the caller's own.
    """

    server: str
    host: str
    port: int
    database: str | None
    role: str


class Call:
    """One call. It is filled in until the call has ended; observers only read it.

    Attributes:
        operation: what is called.
        values: the arguments as they are sent: row data, which no log should hold.
        seconds: how long it took, waiting for a connection included.
        waited: seconds of waiting for a connection.
        rows: how many rows it returned or, of a write without RETURNING, affected;
            None where that is not known.
        items: of a batch or COPY, how many items there were; of a pipeline, its calls.
        attempts: servers that were tried.
        error: what it raised.
        parts: of a pipeline, the operations of its calls.
        cache: how a cached read was answered; None where the cache was not asked.
    """

    # What is not known yet has its value here: to set all of them takes longer.
    seconds: float = 0.0
    waited: float = 0.0
    rows: int | None = None
    items: int | None = None
    attempts: int = 1
    error: BaseException | None = None
    parts: tuple[Operation, ...] = ()
    cache: CacheEvent | None = None
    _place: Place | None = None

    def __init__(
        self,
        operation: Operation,
        locate: Callable[[], Place] | None = None,
        values: Sequence[Any] = (),
    ) -> None:
        self.operation = operation
        self.values = values
        self._locate = locate

    @property
    def place(self) -> Place | None:
        """Where it runs; a replica is known once it was chosen."""
        if self._place is None and self._locate is not None:
            self._place = self._locate()
        return self._place

    @place.setter
    def place(self, place: Place) -> None:
        self._place = place

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        error = self.error
        if error is None:
            return Outcome.OK
        return next(
            (outcome for kind, outcome in _OUTCOMES if isinstance(error, kind)),
            Outcome.CANCELLED,
        )

    @property
    def sqlstate(self) -> str | None:
        """PostgreSQL's five letters, where the server refused it."""
        error = self.error
        return error.sqlstate if isinstance(error, RepositoryError) else None


class ConnectionOutcome(StrEnum):
    """What became of an attempt to get a connection."""

    MADE = "made"
    """The pool has connected."""

    FAILED = "failed"
    """The pool could not connect."""

    WAITED = "waited"
    """A call had to wait for a connection, and got one."""

    TIMEOUT = "timeout"
    """A call waited in vain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionEvent:
    """Something that a pool did, or a call that had to wait for it.

    Attributes:
        place: the pool's server.
        outcome: what happened.
        seconds: how long that took.
    """

    place: Place
    outcome: ConnectionOutcome
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaChange:
    """A replica is in another state than before.

    Attributes:
        place: the replica.
        before: the state that it was in.
        after: the state that it is in now.
    """

    place: Place
    before: ReplicaState
    after: ReplicaState


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """`Database.run` is about to do its work again.

    Attributes:
        attempt: how often the work was done so far.
        seconds: the wait before it is done again.
        error: what ended the last attempt.
    """

    attempt: int
    seconds: float
    error: RepositoryError


class BufferOutcome(StrEnum):
    """What became of rows that are written later."""

    WRITTEN = "written"
    """They are in the database."""

    DROPPED = "dropped"
    """There was no room for them, and the query says `full=drop`."""

    FAILED = "failed"
    """They were given up, and are not in the database."""

    UNKNOWN = "unknown"
    """They were given up, and may be in the database."""

    RETRIED = "retried"
    """They could not be written for a passing reason, and will be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferEvent:
    """Rows of a `@buffered` query were written, or were not.

    Attributes:
        operation: the query.
        outcome: what became of them.
        rows: how many.
        pending: how many wait after that.
        error: why they were not written.
    """

    operation: Operation
    outcome: BufferOutcome
    rows: int
    pending: int
    error: BaseException | None = None


class CacheOutcome(StrEnum):
    """What a cache did: one of the first four for each read that it is asked for."""

    HIT = "hit"
    """A result that it keeps was returned."""

    SHARED = "shared"
    """Another call was reading the same, and its result was returned."""

    STALE = "stale"
    """A result was returned whose time is over; it is being read anew."""

    MISS = "miss"
    """The database was asked."""

    FILL = "fill"
    """The database's answer is kept."""

    DISCARD = "discard"
    """The answer is not kept: something has changed meanwhile, or is about to."""

    INVALIDATE = "invalidate"
    """A write ended results."""

    DOWN = "down"
    """Redis does not answer: reads go to the database."""

    UP = "up"
    """Redis answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheEvent:
    """Something that a cache did.

    Attributes:
        outcome: what.
        operation: the read or write that it did it for; None for Redis and `clear()`.
        level: `l1`, `l2` or empty: where a result was found or is kept, at the highest.
        tags: how many keys and tables a write has invalidated.
    """

    outcome: CacheOutcome
    operation: Operation | None = None
    level: str = ""
    tags: int = 0


Event: TypeAlias = (
    ConnectionEvent | BreakerChange | ReplicaChange | Retry | BufferEvent | CacheEvent
)


class Observer:
    """Is told of calls and events. A subclass defines the methods that it needs.

    All methods are called where the call is made, by whatever thread or task that is:
    they must be quick, and must not wait.
    """

    def opened(self, database: object) -> None:
        """Take note of a Database that is open now, to ask it for `statistics()`."""

    def closed(self, database: object) -> None:
        """Take note of a Database that was closed."""

    def started(self, call: Call) -> object:
        """Take note of a call that begins.

        Returns:
            Anything; `ended` gets it.
        """

    def ended(self, call: Call, state: Any) -> None:  # noqa: ANN401 -- the observer's own
        """Take note of a call that has ended: its attributes are complete now.

        Args:
            call: the same object that `started` got.
            state: what `started` returned.
        """

    def released(self, place: Place, seconds: float) -> None:
        """Take note of a connection that a call has returned to its pool.

        Args:
            place: the pool's server.
            seconds: how long the call had the connection.
        """

    def notified(self, event: Event) -> None:
        """Take note of something that is not part of one call alone."""


setattr(Observer.started, UNUSED, True)
setattr(Observer.ended, UNUSED, True)
setattr(Observer.released, UNUSED, True)
