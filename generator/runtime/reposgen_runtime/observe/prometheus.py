"""Prometheus: what calls, transactions, pools, replicas, buffers and caches do.

    Database.open(url, observers=[PrometheusObserver()])

It needs `prometheus-client`. Labels are bounded: methods, outcomes, servers. SQL,
arguments and tenants never become labels.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias
from weakref import WeakSet

from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, SummaryMetricFamily

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
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    from ..statistics import ServerStatistics, Statistics

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
        self._pools = _Pools()
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
        registry.register(self._pools)

    def opened(self, database: object) -> None:
        """Measure the Database's pools."""
        self._pools.begin(database)

    def closed(self, database: object) -> None:
        """Measure them no more."""
        self._pools.end(database)

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


class _Gauge(NamedTuple):
    """What is read when somebody asks for it.

    Attributes:
        name: of the metric.
        text: what it is.
        labels: their names.
        combine: makes one value of those of several Databases on a server.
    """

    name: str
    text: str
    labels: tuple[str, ...]
    combine: Callable[[Iterable[float]], float] = sum


_POOL: Final = ("server", "role")
_CONNECTIONS: Final = _Gauge(
    "pool_connections", "Connections of a pool.", (*_POOL, "state")
)
_LIMIT: Final = _Gauge(
    "pool_max_connections", "How many connections a pool may have.", _POOL
)
_WAITING: Final = _Gauge(
    "pool_waiting_calls", "Calls that wait for a connection.", _POOL
)
_BREAKERS: Final = _Gauge(
    "breaker_open", "1 while a circuit breaker holds calls back.", ("server",), max
)
_REPLICAS: Final = _Gauge(
    "replica_up", "1 while a replica serves reads.", ("server", "state"), max
)
_LAGS: Final = _Gauge(
    "replica_lag_seconds", "By how much a replica is behind at most.", ("server",), max
)
_PENDING: Final = _Gauge(
    "buffer_pending_rows", "Rows that wait to be written.", ("method",)
)
_ENTRIES: Final = _Gauge(
    "cache_entries", "Results that the process keeps.", ("server",)
)
_BYTES: Final = _Gauge(
    "cache_bytes", "Bytes of the results that the process keeps.", ("server",)
)
_REDIS: Final = _Gauge("cache_redis_up", "1 while Redis answers.", ("server",), min)
_GAUGES: Final = (
    *(_CONNECTIONS, _LIMIT, _WAITING, _BREAKERS, _REPLICAS, _LAGS, _PENDING),
    *(_ENTRIES, _BYTES, _REDIS),
)


class _Pools:
    """What Databases tell of their servers, each time that somebody asks."""

    def __init__(self) -> None:
        self._databases: WeakSet[Any] = WeakSet()
        self._ended: _Uses = {}

    def begin(self, database: object) -> None:
        """Read what a Database says from now on."""
        self._databases.add(database)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics of all pools.

        Several Databases may have the same server: there is one sample for all of them.
        """
        found: defaultdict[tuple[_Gauge, tuple[str, ...]], list[float]]
        found = defaultdict(list)
        uses = self._ended.copy()
        for database in [*self._databases]:
            statistics = database.statistics()
            _add_uses(uses, statistics)
            for gauge, labels, value in _read(database, statistics):
                found[gauge, labels].append(value)
        families = {
            gauge: GaugeMetricFamily(
                f"reposgen_{gauge.name}", gauge.text, labels=gauge.labels
            )
            for gauge in _GAUGES
        }
        for (gauge, labels), values in found.items():
            families[gauge].add_metric(labels, gauge.combine(values))
        yield from families.values()
        summary = SummaryMetricFamily(
            "reposgen_connection_use_seconds",
            "How long calls had a connection, until they returned it.",
            labels=_POOL,
        )
        for own, (count, seconds) in uses.items():
            summary.add_metric(own, count, seconds)
        yield summary

    def end(self, database: Any) -> None:  # noqa: ANN401 -- of either API
        """Remember what does not decrease when a Database is closed."""
        if database in self._databases:
            self._databases.discard(database)
            _add_uses(self._ended, database.statistics())


def _add_uses(uses: _Uses, statistics: Statistics) -> None:
    for server in (statistics.primary, *statistics.replicas):
        own = _of_pool(server)
        count, seconds = uses.get(own, (0, 0.0))
        uses[own] = count + server.uses, seconds + server.use_seconds


# By server and role: how often a connection was used, and for how long.
_Uses: TypeAlias = dict[tuple[str, str], tuple[int, float]]
_Sample: TypeAlias = tuple[_Gauge, tuple[str, ...], float]


def _read(database: Any, statistics: Statistics) -> Iterator[_Sample]:  # noqa: ANN401 -- of either API
    for server in (statistics.primary, *statistics.replicas):
        own = _of_pool(server)
        yield _CONNECTIONS, (*own, "idle"), server.idle
        yield _CONNECTIONS, (*own, "in_use"), server.in_use
        yield _LIMIT, own, server.max_size
        yield _WAITING, own, server.waiting
        if server.breaker is not None:
            is_open = server.breaker is not BreakerState.CLOSED
            yield _BREAKERS, (server.server,), float(is_open)
        if isinstance(server, ReplicaStatistics):
            is_up = server.state is ReplicaState.UP
            yield _REPLICAS, (server.server, server.state.value), float(is_up)
            if server.lag is not None:
                yield _LAGS, (server.server,), server.lag
    for method, buffer in getattr(database, "buffers", dict)().items():
        yield _PENDING, (method,), buffer.pending
    cache = statistics.cache
    if cache is not None:
        name = (statistics.primary.server,)
        yield _ENTRIES, name, cache.entries
        yield _BYTES, name, cache.size
        if cache.is_up is not None:
            yield _REDIS, name, float(cache.is_up)


def _of_pool(server: ServerStatistics) -> tuple[str, str]:
    is_replica = isinstance(server, ReplicaStatistics)
    return server.server, "replica" if is_replica else "primary"


def _labels(operation: Operation) -> tuple[str, str, str]:
    return operation.package, operation.name, operation.command


__all__ = ["BUCKETS", "PrometheusObserver"]
