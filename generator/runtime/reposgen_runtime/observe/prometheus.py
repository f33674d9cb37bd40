"""Prometheus: what calls, transactions, pools, replicas, buffers and caches do.

    Database.open(url, observers=[PrometheusObserver()])

It needs `prometheus-client`. Labels are bounded: methods, outcomes, servers. SQL,
arguments and tenants never become labels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from weakref import WeakSet

from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily

from ..breaker import BreakerState
from ..statistics import ReplicaState, ReplicaStatistics
from . import (
    BreakerChange,
    BufferEvent,
    CacheEvent,
    Call,
    ConnectionEvent,
    ConnectionOutcome,
    Event,
    Observer,
    Operation,
    Outcome,
    ReplicaChange,
    Retry,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    from ..statistics import ServerStatistics

BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
_SCOPES: Final = frozenset({"transaction", "savepoint", "pipeline"})
_METHOD: Final = ("package", "method", "command")


class PrometheusObserver(Observer):
    """Counts and measures calls."""

    def __init__(
        self,
        *,
        registry: CollectorRegistry = REGISTRY,
        buckets: Sequence[float] = BUCKETS,
    ) -> None:
        """Register the metrics: once for each registry.

        Args:
            registry: where metrics are registered.
            buckets: upper bounds of the histograms of durations, in seconds.
        """
        self._databases: WeakSet[Any] = WeakSet()
        # Children of the histogram, bound once: of calls that succeed.
        self._bound: dict[Operation, Any] = {}
        self._calls = Histogram(
            "reposgen_call_duration_seconds",
            "Duration of calls of methods, waiting for a connection included.",
            (*_METHOD, "outcome"),
            registry=registry,
            buckets=buckets,
        )
        self._rows = Counter(
            "reposgen_rows",
            "Rows that batches, COPY and streams have moved.",
            _METHOD,
            registry=registry,
        )
        self._errors = Counter(
            "reposgen_errors",
            "Calls that raised an error, by the error's class and SQLSTATE.",
            (*_METHOD, "error", "sqlstate"),
            registry=registry,
        )
        self._blocks = Histogram(
            "reposgen_block_duration_seconds",
            "Duration of transaction, savepoint and pipeline blocks.",
            ("kind", "outcome"),
            registry=registry,
            buckets=buckets,
        )
        self._pipelined = Counter(
            "reposgen_pipelined_calls",
            "Calls that were made in pipelines.",
            ("package", "method"),
            registry=registry,
        )
        self._retries = Counter(
            "reposgen_retries",
            "Work that Database.run did again.",
            ("error",),
            registry=registry,
        )
        self._waits = Histogram(
            "reposgen_connection_wait_seconds",
            "How long calls waited for a connection that was not free at once.",
            ("server",),
            registry=registry,
            buckets=buckets,
        )
        self._connects = Histogram(
            "reposgen_connection_create_seconds",
            "How long it took to connect.",
            ("server", "outcome"),
            registry=registry,
            buckets=buckets,
        )
        self._timeouts = Counter(
            "reposgen_connection_timeouts",
            "Calls that got no connection in time.",
            ("server",),
            registry=registry,
        )
        self._breakers = Counter(
            "reposgen_breaker_changes",
            "Changes of circuit breakers, by the state that they changed to.",
            ("server", "state"),
            registry=registry,
        )
        self._replicas = Counter(
            "reposgen_replica_changes",
            "Changes of replicas, by the state that they changed to.",
            ("server", "state"),
            registry=registry,
        )
        self._buffered = Counter(
            "reposgen_buffer_rows",
            "Rows of buffers, by what became of them.",
            ("package", "method", "outcome"),
            registry=registry,
        )
        self._cached = Counter(
            "reposgen_cache_events",
            "Hits, misses and all else that caches did.",
            ("package", "method", "outcome", "level"),
            registry=registry,
        )
        registry.register(_Pools(self._databases))

    def opened(self, database: object) -> None:
        """Measure the Database's pools."""
        self._databases.add(database)

    def closed(self, database: object) -> None:
        """Measure them no more."""
        self._databases.discard(database)

    def ended(self, call: Call, state: Any) -> None:  # noqa: ANN401, ARG002 -- there is none
        """Measure a call."""
        operation = call.operation
        if call.error is None:
            observe = self._bound.get(operation)
            if observe is None:
                observe = self._bound[operation] = self._bind(operation)
            observe(call.seconds)
            if call.items is not None:
                self._count(call)
        else:
            self._failed(call)

    def _bind(self, operation: Operation) -> Any:  # noqa: ANN401 -- a bound method
        ok = Outcome.OK.value
        if operation.command in _SCOPES:
            return self._blocks.labels(operation.command, ok).observe
        return self._calls.labels(*_labels(operation), ok).observe

    def _failed(self, call: Call) -> None:
        operation, outcome = call.operation, call.outcome.value
        if operation.command in _SCOPES:
            self._blocks.labels(operation.command, outcome).observe(call.seconds)
            return
        labels = _labels(operation)
        self._calls.labels(*labels, outcome).observe(call.seconds)
        error = type(call.error).__name__
        self._errors.labels(*labels, error, call.sqlstate or "").inc()

    def _count(self, call: Call) -> None:
        """Count the rows of a batch or COPY, or the calls of a pipeline."""
        for part in call.parts:
            self._pipelined.labels(part.package, part.name).inc()
        if not call.parts:
            self._rows.labels(*_labels(call.operation)).inc(call.items or 0)

    def notified(self, event: Event) -> None:
        """Count what a pool, a breaker, a replica, a buffer, a cache or a retry did."""
        match event:
            case ConnectionEvent(outcome=ConnectionOutcome.WAITED):
                self._waits.labels(event.place.server).observe(event.seconds)
            case ConnectionEvent(outcome=ConnectionOutcome.TIMEOUT):
                self._timeouts.labels(event.place.server).inc()
            case ConnectionEvent():
                self._connects.labels(event.place.server, event.outcome.value).observe(
                    event.seconds
                )
            case BreakerChange():
                self._breakers.labels(event.server, event.after.value).inc()
            case ReplicaChange():
                self._replicas.labels(event.place.server, event.after.value).inc()
            case Retry():
                self._retries.labels(type(event.error).__name__).inc()
            case BufferEvent():
                operation = event.operation
                self._buffered.labels(
                    operation.package, operation.name, event.outcome.value
                ).inc(event.rows)
            case CacheEvent(operation=None):
                self._cached.labels("", "", event.outcome.value, event.level).inc()
            case CacheEvent(operation=Operation() as operation):
                self._cached.labels(
                    operation.package, operation.name, event.outcome.value, event.level
                ).inc()


class _Pools:
    """What Databases tell of their servers, each time that somebody asks."""

    def __init__(self, databases: WeakSet[Any]) -> None:
        self._databases = databases

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of all pools."""
        connections = GaugeMetricFamily(
            "reposgen_pool_connections",
            "Connections of a pool.",
            labels=("server", "role", "state"),
        )
        limit = GaugeMetricFamily(
            "reposgen_pool_max_connections",
            "How many connections a pool may have.",
            labels=("server", "role"),
        )
        waiting = GaugeMetricFamily(
            "reposgen_pool_waiting_calls",
            "Calls that wait for a connection.",
            labels=("server", "role"),
        )
        breakers = GaugeMetricFamily(
            "reposgen_breaker_open",
            "1 while a circuit breaker holds calls back.",
            labels=("server",),
        )
        replicas = GaugeMetricFamily(
            "reposgen_replica_up",
            "1 while a replica serves reads.",
            labels=("server", "state"),
        )
        lags = GaugeMetricFamily(
            "reposgen_replica_lag_seconds",
            "By how much a replica is behind at most.",
            labels=("server",),
        )
        pending = GaugeMetricFamily(
            "reposgen_buffer_pending_rows",
            "Rows that wait to be written.",
            labels=("method",),
        )
        kept = [
            GaugeMetricFamily(f"reposgen_cache_{name}", text, labels=("server",))
            for name, text in (
                ("entries", "Results that the process keeps."),
                ("bytes", "Bytes of the results that the process keeps."),
                ("redis_up", "1 while Redis answers."),
            )
        ]
        for server in self._servers():
            is_replica = isinstance(server, ReplicaStatistics)
            own = (server.server, "replica" if is_replica else "primary")
            connections.add_metric((*own, "idle"), server.idle)
            connections.add_metric((*own, "in_use"), server.in_use)
            limit.add_metric(own, server.max_size)
            waiting.add_metric(own, server.waiting)
            if server.breaker is not None:
                is_open = server.breaker is not BreakerState.CLOSED
                breakers.add_metric((server.server,), float(is_open))
            if isinstance(server, ReplicaStatistics):
                is_up = server.state is ReplicaState.UP
                replicas.add_metric((server.server, server.state.value), float(is_up))
                if server.lag is not None:
                    lags.add_metric((server.server,), server.lag)
        for database in [*self._databases]:
            for method, buffer in getattr(database, "buffers", dict)().items():
                pending.add_metric((method,), buffer.pending)
            statistics = database.statistics()
            cache = statistics.cache
            if cache is not None:
                values = (cache.entries, cache.size, cache.is_up)
                for family, value in zip(kept, values, strict=True):
                    if value is not None:
                        family.add_metric((statistics.primary.server,), float(value))
        yield from (connections, limit, waiting, breakers, replicas, lags, pending)
        yield from kept

    def _servers(self) -> Iterator[ServerStatistics]:
        for database in [*self._databases]:
            statistics = database.statistics()
            yield statistics.primary
            yield from statistics.replicas


def _labels(operation: Operation) -> tuple[str, str, str]:
    return operation.package, operation.name, operation.command


__all__ = ["BUCKETS", "PrometheusObserver"]
