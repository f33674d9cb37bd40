"""How a call is observed: what it is, where it runs, and its block."""

from __future__ import annotations

import logging
import re
import sys
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from .errors import PoolFull, PoolTimeout, RepositoryError
from .observe import (
    BufferEvent,
    BufferOutcome,
    CacheEvent,
    CacheOutcome,
    Call,
    ConnectionEvent,
    ConnectionOutcome,
    Operation,
    Place,
    ReplicaChange,
    Retry,
)
from .observers import FAILED
from .statement import Statement
from .statistics import parameters_of, server_name
from .variants import Variants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType, TracebackType

    import psycopg

    from .observers import Observers
    from .statement import Package, Validated
    from .statistics import ReplicaState

_logger: Final = logging.getLogger(__name__)

# The first keyword, behind comments. Comments nest in PostgreSQL, but hardly ever do.
_VERB: Final = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/|\()*([A-Za-z]+)", re.DOTALL)
_OWN: Final = __name__.rpartition(".")[0]
_READS: Final = frozenset({"TABLE", "VALUES", "WITH"})
_ANSWERS: Final = frozenset(
    {CacheOutcome.HIT, CacheOutcome.SHARED, CacheOutcome.STALE, CacheOutcome.MISS}
)
# Of methods that are called in more than one way.
_others: Final[dict[tuple[Operation, str], Operation]] = {}

TRANSACTION: Final = Operation(command="transaction", verb="TRANSACTION")
SAVEPOINT: Final = Operation(command="savepoint", verb="SAVEPOINT")
PIPELINE: Final = Operation(command="pipeline", verb="PIPELINE")


class Observed(Protocol):
    """A runner whose calls are observed."""

    observers: Observers
    package: Package
    locate: Callable[[], Place]


class Observation(Call):
    """A call that is under way: in the frame that makes it, a variable `call`.

    It begins when it is made. `end` or `fail` ends it, or a `with` block.
    """

    _state: object = None

    def __init__(
        self,
        observers: Observers,
        operation: Operation,
        locate: Callable[[], Place],
        *,
        parts: tuple[Operation, ...] = (),
    ) -> None:
        super().__init__(operation, locate)
        if parts:
            self.parts = parts
        started, self._ended = observers.hooks
        if started is not None:
            self._begin(started)
        self._start = perf_counter()

    def _begin(self, started: Callable[[Call], object]) -> None:
        try:
            self._state = started(self)
        except Exception:  # the call must not fail with it
            _logger.exception(FAILED, self.operation.name)

    def end(self, rows: int | None) -> None:
        """Tell the observers that it has returned, and with how many rows."""
        self.seconds = perf_counter() - self._start
        self.rows = rows
        ended = self._ended
        if ended is not None:
            try:
                ended(self, self._state)
            except Exception:  # as above
                _logger.exception(FAILED, self.operation.name)

    def fail(self, error: BaseException) -> None:
        """Tell the observers what it has raised."""
        self.error = error
        self.end(self.rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exc_value is not None:
            self.error = exc_value
        self.end(self.rows)


class MethodCall(Observation):
    """A call of a method, which is made in one step: each one takes time."""

    def __init__(
        self,
        runner: Observed,
        command: str,
        statement: Validated[Any],
        values: Sequence[Any] = (),
    ) -> None:
        # As the base class does, without the call.
        operation = statement.operation
        if operation is None or operation.command is not command:
            operation = operation_of(runner.package, statement, command)
        self.operation = operation
        self.values = values
        self._locate = runner.locate
        started, self._ended = runner.observers.hooks
        if started is not None:
            self._begin(started)
        self._start = perf_counter()


def current_call() -> Observation | None:
    """Return the call that the code is in, as the stack has it.

    To keep it in a context variable would take more of each call's time than to look
    for it when something has to be waited for.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 -- documented
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith(_OWN):
            call = frame.f_locals.get("call")
            if isinstance(call, Observation):
                return call
        frame = frame.f_back
    return None


def operation_of(
    package: Package, statement: Validated[Any], command: str
) -> Operation:
    """Return what observers are told of a statement: always the same object."""
    operation = statement.operation
    if operation is None:
        operation = statement.operation = _operation(package, statement, command)
    if operation.command is command:
        return operation
    # A method that is called otherwise as well: in a pipeline.
    key = (operation, command)
    other = _others.get(key)
    if other is None:
        other = _others.setdefault(key, replace(operation, command=command))
    return other


def _operation(package: Package, statement: Validated[Any], command: str) -> Operation:
    sql: str = ""
    if isinstance(statement, Statement):
        sql = statement.sql
    elif isinstance(statement, Variants):
        sql = statement.sql(statement.filters)
    repository, _, method = statement.name.partition(".")
    verb = statement.verb
    if verb is None:
        found = _VERB.match(sql)
        verb = found[1].upper() if found else command.upper()
        if verb in _READS:
            verb = "SELECT"
    return Operation(
        command=command,
        verb=verb,
        package=package.name,
        repository=repository,
        method=method,
        sql=sql,
        reads=statement.reads,
        writes=statement.writes,
        read_only=statement.read_only,
        arguments=statement.arguments or statement.fields,
    )


@lru_cache(maxsize=1024)
def place_of(conninfo: str, role: str) -> Place:
    """Return what observers are told of a server: always the same object.

    Args:
        conninfo: connection string, of one host or more.
        role: `primary`, `replica` or `connection`.
    """
    parts = parameters_of(conninfo)
    host = str(parts.get("host") or parts.get("hostaddr") or "localhost")
    port = str(parts.get("port") or 5432).partition(",")[0]
    return Place(
        server=server_name(conninfo),
        host=host.partition(",")[0],
        port=int(port or 5432),
        database=parts.get("dbname"),
        role=role,
    )


def observe_pipeline(
    observers: Observers,
    place: Callable[[], Place],
    steps: Sequence[tuple[Package, Statement[Any]]],
) -> Observation:
    """Return the observation of a pipeline with some statements."""
    parts = tuple(
        operation_of(package, statement, "pipelined") for package, statement in steps
    )
    call = Observation(observers, PIPELINE, place, parts=parts)
    call.items = len(parts)
    return call


def observe_copy(
    observers: Observers,
    place: Callable[[], Place],
    package: Package,
    statement: Statement[Any],
    rows: int,
) -> Observation:
    """Return the observation of a COPY of a buffer's rows."""
    operation = operation_of(package, statement, "copyfrom")
    call = Observation(observers, operation, place)
    call.items = call.rows = rows
    return call


def buffer_event(
    package: Package,
    statement: Statement[Any],
    *,
    outcome: str,
    rows: int,
    pending: int,
    error: BaseException | None,
) -> BufferEvent:
    """Return the event of rows of a buffer that were written, or were not."""
    return BufferEvent(
        operation=operation_of(package, statement, "copyfrom"),
        outcome=BufferOutcome(outcome),
        rows=rows,
        pending=pending,
        error=error,
    )


def cache_read(
    outcome: str,
    package: Package,
    statement: Statement[Any],
    level: str,
) -> CacheEvent:
    """Return the event of a cached read, and note how the current call was answered."""
    call = current_call()
    event = CacheEvent(
        outcome=CacheOutcome(outcome),
        operation=(
            operation_of(package, statement, "many") if call is None else call.operation
        ),
        level=level,
    )
    if call is not None and event.outcome in _ANSWERS:
        call.cache = event
    return event


def of_same_read(event: CacheEvent, *, is_kept: bool) -> CacheEvent:
    """Return the event of what was read again behind a call's back."""
    outcome = CacheOutcome.FILL if is_kept else CacheOutcome.DISCARD
    return replace(event, outcome=outcome, level="l2" if is_kept else "")


def cache_event(outcome: str, *, level: str = "", tags: int = 0) -> CacheEvent:
    """Return the event of something else that a cache did, for the current call."""
    call = current_call()
    return CacheEvent(
        outcome=CacheOutcome(outcome),
        operation=None if call is None else call.operation,
        level=level,
        tags=tags,
    )


def locate(place: Place, *, again: bool) -> None:
    """Note where the current call runs.

    Args:
        place: a replica, or the primary in its place.
        again: another server has failed before.
    """
    call = current_call()
    if call is not None:
        call.place = place
        call.attempts += again


@contextmanager
def waiting(observers: Observers, place: Place) -> Iterator[None]:
    """Time a block that gets a connection, as part of the current call."""
    start = perf_counter()
    outcome = None
    try:
        yield
        outcome = ConnectionOutcome.WAITED
    except (PoolTimeout, PoolFull):
        outcome = ConnectionOutcome.TIMEOUT
        raise
    finally:
        seconds = perf_counter() - start
        call = current_call()
        if call is not None:
            call.waited += seconds
        if outcome is not None:
            observers.notify(
                ConnectionEvent(place=place, outcome=outcome, seconds=seconds)
            )


def attempt(
    place: Place, seconds: float, error: psycopg.Error | None
) -> ConnectionEvent:
    """Return the event of an attempt to connect."""
    outcome = ConnectionOutcome.MADE if error is None else ConnectionOutcome.FAILED
    return ConnectionEvent(place=place, outcome=outcome, seconds=seconds)


def replica_change(
    place: Place, before: ReplicaState, after: ReplicaState
) -> ReplicaChange:
    """Return the event of a replica's change of state."""
    return ReplicaChange(place=place, before=before, after=after)


def retry(attempt: int, seconds: float, error: RepositoryError) -> Retry:
    """Return the event of work that will be done again."""
    return Retry(attempt=attempt, seconds=seconds, error=error)
