"""OpenTelemetry: a span for each call, and metrics, by the database conventions.

    Database.open(url, observers=[OpenTelemetryObserver()])

It needs `opentelemetry-api` alone. `opentelemetry-instrument` installs it without code.
"""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from weakref import WeakSet

from opentelemetry import context as contexts
from opentelemetry import metrics, trace
from opentelemetry.metrics import CallbackOptions, Observation
from opentelemetry.trace import SpanKind, Status, StatusCode

from ..compatibility import __version__
from . import (
    BufferEvent,
    CacheEvent,
    Call,
    ConnectionEvent,
    ConnectionOutcome,
    Event,
    Observer,
    Operation,
    Outcome,
    Place,
    Retry,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from ..statistics import ServerStatistics

_NAME: Final = "reposgen"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.40.0"
_SCOPES: Final = frozenset({"transaction", "savepoint"})
_COPIES: Final = frozenset({"copyfrom", "copyto", "buffer"})
# The conventions' own boundaries, in seconds.
_BUCKETS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)
_LONGEST_SUMMARY: Final = 255
# What is not an error of the database: the caller asked for what is not there.
_FINE: Final = frozenset({Outcome.OK, Outcome.NO_ROW})


class _Prepared(NamedTuple):
    """What all spans of a method on a server have in common."""

    name: str
    kind: SpanKind
    attributes: dict[str, str | int]
    measured: dict[str, str | int]


class OpenTelemetryObserver(Observer):
    """Makes spans and metrics of calls."""

    def __init__(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        query_text: bool = True,
        arguments: Collection[str] = (),
    ) -> None:
        """Use the global providers, unless told otherwise.

        Args:
            tracer_provider: where spans go.
            meter_provider: where metrics go.
            query_text: spans have the statement's text, with `$1` for the arguments.
            arguments: methods, such as `users.get_user`, whose spans also have the
                values of the arguments. These are row data.
        """
        self._tracer = trace.get_tracer(
            _NAME, __version__, tracer_provider, schema_url=_SCHEMA
        )
        self._query_text = query_text
        self._with_arguments = frozenset(arguments)
        self._prepared: dict[tuple[Operation, Place | None], _Prepared] = {}
        self._databases: WeakSet[Any] = WeakSet()
        meter = metrics.get_meter(
            _NAME, __version__, meter_provider, schema_url=_SCHEMA
        )
        self._duration = _histogram(
            meter,
            "db.client.operation.duration",
            "Duration of database client operations.",
        )
        self._blocks = _histogram(
            meter,
            "reposgen.transaction.duration",
            "Duration of transaction and savepoint blocks.",
        )
        self._waited = _histogram(
            meter,
            "db.client.connection.wait_time",
            "The time it took to obtain an open connection from the pool.",
        )
        self._used = _histogram(
            meter,
            "db.client.connection.use_time",
            "The time between borrowing a connection and returning it to the pool.",
        )
        self._connected = _histogram(
            meter,
            "db.client.connection.create_time",
            "The time it took to create a new connection.",
        )
        self._timeouts = meter.create_counter(
            "db.client.connection.timeouts",
            "{timeout}",
            "The number of connection timeouts that have occurred trying to obtain a"
            " connection from the pool.",
        )
        self._retries = meter.create_counter(
            "reposgen.retries", "{retry}", "Work that Database.run did again."
        )
        self._buffered = meter.create_counter(
            "reposgen.buffer.rows", "{row}", "Rows of buffers, by what became of them."
        )
        self._cached = meter.create_counter(
            "reposgen.cache.events",
            "{event}",
            "Hits, misses and all else that caches did.",
        )
        for name, unit, description, observe in (
            (
                "db.client.connection.count",
                "{connection}",
                "The number of connections that are currently in the state.",
                self._count,
            ),
            (
                "db.client.connection.max",
                "{connection}",
                "The maximum number of open connections allowed.",
                self._largest,
            ),
            (
                "db.client.connection.idle.min",
                "{connection}",
                "The minimum number of idle open connections allowed.",
                self._smallest,
            ),
            (
                "db.client.connection.pending_requests",
                "{request}",
                "The number of current pending requests for an open connection.",
                self._pending,
            ),
        ):
            meter.create_observable_up_down_counter(name, [observe], unit, description)

    def opened(self, database: object) -> None:
        """Measure the Database's pools."""
        self._databases.add(database)

    def closed(self, database: object) -> None:
        """Measure them no more."""
        self._databases.discard(database)

    def started(self, call: Call) -> object:
        """Begin a block's span, the parent of what is done in it.

        Every other call has its span made at its end, in one go, which takes less time.
        """
        operation = call.operation
        if operation.command not in _SCOPES:
            # Its parent: a stream can end elsewhere.
            return contexts.get_current()
        prepared = self._prepare(operation, call.place)
        span = self._tracer.start_span(
            prepared.name,
            kind=prepared.kind,
            attributes=prepared.attributes,
            record_exception=False,
            set_status_on_exception=False,
        )
        entered = trace.set_span_in_context(span)
        return span, entered, contexts.attach(entered)

    def ended(self, call: Call, state: Any) -> None:  # noqa: ANN401 -- what `started` returned
        """Measure the call, and make or end its span."""
        end = time_ns()
        operation = call.operation
        prepared = self._prepare(operation, call.place)
        measured: dict[str, str | int] = prepared.measured
        failed = {} if call.error is None else _failure(call)
        if failed:
            measured = {**measured, **failed}
        if call.cache is not None:
            # A hit is no operation of the database: its time is measured apart.
            measured = {**measured, "reposgen.cache.outcome": call.cache.outcome.value}
        if operation.command in _SCOPES:
            self._blocks.record(call.seconds, measured)
            self._leave(call, state, failed)
            return
        self._duration.record(call.seconds, measured)
        attributes = {**prepared.attributes, **failed, **_details(call)}
        if operation.name in self._with_arguments:
            attributes.update(_arguments(operation, call))
        span = self._tracer.start_span(
            prepared.name,
            state,
            prepared.kind,
            attributes,
            (),
            end - int(call.seconds * 1e9),
            record_exception=False,
            set_status_on_exception=False,
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR, str(failed["error.type"])))
        span.end(end)

    @staticmethod
    def _leave(call: Call, state: Any, failed: dict[str, str | int]) -> None:  # noqa: ANN401 -- as above
        """End the span of a block."""
        if state is None:
            # To begin it has failed, or it had begun before anybody observed it.
            return
        span, entered, token = state
        if failed:
            span.set_status(Status(StatusCode.ERROR, str(failed["error.type"])))
        span.set_attributes({**failed, **_details(call)})
        span.end()
        # A generator's block may end in another context than it began in.
        if contexts.get_current() is entered:
            contexts.detach(token)

    def released(self, place: Place, seconds: float) -> None:
        """Measure how long a call had its connection."""
        self._used.record(seconds, _pool(place.server))

    def notified(self, event: Event) -> None:
        """Measure what a pool, a buffer or a retry did."""
        match event:
            case ConnectionEvent(outcome=ConnectionOutcome.WAITED):
                self._waited.record(event.seconds, _pool(event.place.server))
            case ConnectionEvent(outcome=ConnectionOutcome.MADE):
                self._connected.record(event.seconds, _pool(event.place.server))
            case ConnectionEvent(outcome=ConnectionOutcome.TIMEOUT):
                self._timeouts.add(1, _pool(event.place.server))
            case Retry():
                self._retries.add(1, {"error.type": type(event.error).__qualname__})
            case BufferEvent():
                method = event.operation.name
                self._buffered.add(
                    event.rows,
                    {"code.function.name": method, "outcome": event.outcome.value},
                )
            case CacheEvent():
                self._cached.add(1, _of_cache(event))
            case _:
                pass

    def _prepare(self, operation: Operation, place: Place | None) -> _Prepared:
        key = (operation, place)
        prepared = self._prepared.get(key)
        if prepared is None:
            prepared = self._prepared[key] = self._make(operation, place)
        return prepared

    def _make(self, operation: Operation, place: Place | None) -> _Prepared:
        shared: dict[str, str | int] = {"db.system.name": "postgresql"}
        schema, table = _split(operation.table)
        database = None if place is None else place.database
        if database is not None:
            known = database if schema is None else f"{database}|{schema}"
            shared["db.namespace"] = known
        if table is not None and (operation.writes or not operation.reads[1:]):
            shared["db.collection.name"] = table
        verb, summary = _summary(operation)
        shared["db.operation.name"] = verb
        if operation.method:
            shared["db.query.summary"] = summary
        if place is not None:
            shared["server.address"] = place.host
            if not place.host.startswith("/"):
                shared["server.port"] = place.port
        attributes = dict(shared)
        if operation.method:
            attributes["code.function.name"] = f"{operation.package}.{operation.name}"
        if operation.sql and self._query_text:
            attributes["db.query.text"] = operation.sql.strip()
        if not operation.method and database is not None:
            summary = f"{verb} {database}"
        is_scope = operation.command in _SCOPES
        kind = SpanKind.INTERNAL if is_scope else SpanKind.CLIENT
        return _Prepared(summary, kind, attributes, shared)

    def _servers(self) -> Iterator[ServerStatistics]:
        for database in [*self._databases]:
            statistics = database.statistics()
            yield statistics.primary
            yield from statistics.replicas

    def _count(self, _options: CallbackOptions) -> Iterable[Observation]:
        for server in self._servers():
            own, state = _pool(server.server), "db.client.connection.state"
            yield Observation(server.idle, {**own, state: "idle"})
            yield Observation(server.in_use, {**own, state: "used"})

    def _largest(self, _options: CallbackOptions) -> Iterable[Observation]:
        for server in self._servers():
            yield Observation(server.max_size, _pool(server.server))

    def _smallest(self, _options: CallbackOptions) -> Iterable[Observation]:
        for server in self._servers():
            yield Observation(server.min_size, _pool(server.server))

    def _pending(self, _options: CallbackOptions) -> Iterable[Observation]:
        for server in self._servers():
            yield Observation(server.waiting, _pool(server.server))


def _histogram(meter: metrics.Meter, name: str, description: str) -> metrics.Histogram:
    return meter.create_histogram(
        name, "s", description, explicit_bucket_boundaries_advisory=_BUCKETS
    )


def _pool(server: str) -> dict[str, str]:
    return {"db.client.connection.pool.name": server}


def _of_cache(event: CacheEvent) -> dict[str, str]:
    attributes = {"outcome": event.outcome.value}
    if event.level:
        attributes["level"] = event.level
    if event.operation is not None:
        attributes["code.function.name"] = event.operation.name
    return attributes


def _split(table: str | None) -> tuple[str | None, str | None]:
    if table is None:
        return None, None
    schema, _, name = table.rpartition(".")
    return schema or None, name


def _summary(operation: Operation) -> tuple[str, str]:
    """Return the name of the operation, and the summary of the query."""
    command = operation.command
    verb = operation.verb
    if command in _COPIES:
        verb = "COPY"
    elif command == "listen":
        verb = "LISTEN"
    elif command.startswith("batch"):
        verb = f"BATCH {verb}"
    named = operation.writes[:1] or operation.reads
    tables = (name.removeprefix("public.") for name in named)
    return verb, " ".join((verb, *tables))[:_LONGEST_SUMMARY]


def _failure(call: Call) -> dict[str, str | int]:
    if call.outcome in _FINE:
        return {}
    sqlstate = call.sqlstate
    if sqlstate is None:
        return {"error.type": type(call.error).__qualname__}
    return {"error.type": sqlstate, "db.response.status_code": sqlstate}


def _details(call: Call) -> dict[str, str | int | float]:
    """Return the attributes of a call that are not the same for all calls."""
    details: dict[str, str | int | float] = {}
    if call.rows is not None:
        details["db.response.returned_rows"] = call.rows
    # The conventions: a batch of one is no batch.
    if call.items is not None and call.items != 1:
        details["db.operation.batch.size"] = call.items
    if call.waited:
        details["reposgen.connection.wait_time"] = call.waited
    if call.attempts > 1:
        details["reposgen.attempts"] = call.attempts
    if call.cache is not None:
        details["reposgen.cache.outcome"] = call.cache.outcome.value
        if call.cache.level:
            details["reposgen.cache.level"] = call.cache.level
    return details


def _arguments(operation: Operation, call: Call) -> Iterator[tuple[str, str]]:
    for number, value in enumerate(call.values):
        names = operation.arguments
        name = names[number] if number < len(names) else str(number + 1)
        yield f"db.query.parameter.{name}", str(value)


__all__ = ["OpenTelemetryObserver"]
