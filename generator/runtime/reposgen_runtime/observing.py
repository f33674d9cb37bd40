"""How a call is observed: what it is, where it runs, and its block."""

from __future__ import annotations

import logging
import re
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, Self

from .errors import PoolFull, PoolTimeout
from .observe import (
    BufferEvent,
    BufferOutcome,
    Call,
    ConnectionEvent,
    ConnectionOutcome,
    Operation,
    Place,
    ReplicaChange,
)
from .statement import Statement
from .statistics import parameters_of, server_name
from .variants import Variants

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    import psycopg

    from .observers import Observers
    from .statement import Package, Validated
    from .statistics import ReplicaState

_logger: Final = logging.getLogger(__name__)

# The call that the code is in: what waits for a connection adds to its time.
current_call: Final[ContextVar[Observation | None]] = ContextVar(
    "reposgen_call", default=None
)

# The first keyword, behind comments. Comments nest in PostgreSQL, but hardly ever do.
_VERB: Final = re.compile(r"(?:\s+|--[^\n]*|/\*.*?\*/|\()*([A-Za-z]+)", re.DOTALL)
_FAILED: Final = "an observer failed at %s"
_READS: Final = frozenset({"TABLE", "VALUES", "WITH"})
_operations: Final[dict[tuple[Validated[Any], str], Operation]] = {}

TRANSACTION: Final = Operation(command="transaction", verb="TRANSACTION")
SAVEPOINT: Final = Operation(command="savepoint", verb="SAVEPOINT")
PIPELINE: Final = Operation(command="pipeline", verb="PIPELINE")


class Observation(Call):
    """A call, and the block that it is made in.

    What takes many steps, as a stream does, uses `begin`, `step` and `end` instead of
    one block.
    """

    __slots__ = ("_active", "_outer", "_start", "_states")

    def __init__(
        self,
        observers: Observers,
        operation: Operation,
        place: Place | None,
        values: Sequence[Any] = (),
    ) -> None:
        # As the base class does, without the call.
        self.operation = operation
        self.place = place
        self.values = values
        self.seconds = self.waited = 0.0
        self.rows = self.items = self.error = None
        self.attempts = 1
        self.parts = ()
        self._active = observers.active

    def __enter__(self) -> Self:
        self._outer = current_call.get()
        current_call.set(self)
        self.begin()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        current_call.set(self._outer)
        self.end(exc_value)

    def begin(self) -> None:
        """Tell the observers that it begins."""
        states: list[object] = []
        for observer in self._active:
            try:
                states.append(observer.started(self))
            except Exception:  # the call must not fail with it
                _logger.exception(_FAILED, self.operation.name)
                states.append(None)
        self._states = states
        self._start = perf_counter()

    @contextmanager
    def step(self) -> Iterator[None]:
        """A block with one of several steps."""
        outer = current_call.get()
        current_call.set(self)
        try:
            yield
        finally:
            current_call.set(outer)

    def end(self, error: BaseException | None) -> None:
        """Tell the observers that it has ended."""
        self.seconds = perf_counter() - self._start
        self.error = error
        states = self._states
        for observer in self._active[::-1]:
            try:
                observer.ended(self, states.pop())
            except Exception:  # as above
                _logger.exception(_FAILED, self.operation.name)


def operation_of(
    package: Package, statement: Validated[Any], command: str
) -> Operation:
    """Return what observers are told of a statement: always the same object."""
    # Statements live as long as the module that they are in.
    key = (statement, command)
    operation = _operations.get(key)
    if operation is None:
        made = _operation(package, statement, command)
        operation = _operations.setdefault(key, made)
    return operation


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
    place: Place,
    steps: Sequence[tuple[Package, Statement[Any]]],
) -> Observation:
    """Return the observation of a pipeline with some statements."""
    call = Observation(observers, PIPELINE, place)
    call.items = len(steps)
    call.parts = tuple(
        operation_of(package, statement, "pipelined") for package, statement in steps
    )
    return call


def observe_copy(
    observers: Observers,
    place: Place,
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


def locate(place: Place, *, again: bool) -> None:
    """Note where the current call runs.

    Args:
        place: a replica, or the primary in its place.
        again: another server has failed before.
    """
    call = current_call.get()
    if call is not None:
        call.place = place
        call.attempts += again


@contextmanager
def waiting(observers: Observers, place: Place) -> Iterator[None]:
    """A block that gets a connection: how long it takes is part of the current call."""
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
        call = current_call.get()
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
