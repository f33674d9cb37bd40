"""Logging: failed and slow calls as records of `logging`, with fields and plans.

    Database.open(url, observers=[LoggingObserver(slow=0.2)])

Each record has its data in attributes (`extra`), which structlog and JSON formatters
show: `query`, `package`, `command`, `duration`, `rows`, `outcome` and so on. Arguments
and rows are never among them.
"""

from __future__ import annotations

import logging
import random
import sys
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import psycopg

from . import (
    BreakerChange,
    BufferEvent,
    BufferOutcome,
    CacheEvent,
    CacheOutcome,
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
    from collections.abc import Callable, Mapping

_FINE: Final = frozenset({Outcome.OK, Outcome.NO_ROW})
_SERIOUS: Final = frozenset({Outcome.UNKNOWN})
# What PostgreSQL can explain.
_PLANNED: Final = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"})
_COPIES: Final = frozenset({"copyfrom", "buffer"})
# The first release that plans a statement without its arguments.
_GENERIC_PLAN: Final = 160000
# Seconds between two plans of one method, and for one plan.
_PLAN_EVERY: Final = 60.0
_PLAN_TIME: Final = 5000


class LoggingObserver(Observer):
    """Logs calls that fail or are slow, and a sample of the others."""

    def __init__(
        self,
        *,
        logger: logging.Logger | str = "reposgen.calls",
        slow: float = 0.5,
        slow_by: Mapping[str, float] | None = None,
        sample: float = 0.0,
        plans: bool = False,
        correlation: Callable[[], Mapping[str, object]] | None = None,
    ) -> None:
        """Decide what is logged.

        Args:
            logger: where to, or its name. Slow calls, conflicts and refusals are
                warnings, an unknown outcome is an error, sampled calls are info.
            slow: seconds from which on a call is slow.
            slow_by: other limits, by package (`shop`) or method
                (`shop.users.get_user`).
            sample: share of the other calls that is logged, from 0 to 1.
            plans: log the plan of a slow query, made without its arguments on a
                connection of its own, at most once a minute for each method. It needs
                PostgreSQL 16, and a Database that was opened with this observer.
            correlation: returns fields for each record, such as the request's id; None:
                `trace_id` and `span_id` of the current OpenTelemetry span.

        Raises:
            ValueError: `sample` is not between 0 and 1.
        """
        if not 0 <= sample <= 1:
            raise ValueError(f"sample must be between 0 and 1, got {sample!r}")
        self._logger = logging.getLogger(logger) if isinstance(logger, str) else logger
        self._slow = slow
        self._slow_by = dict(slow_by or {})
        self._sample = sample
        self._plans = plans
        self._correlation = correlation or current_span
        self._limits: dict[Operation, float] = {}
        # Where each server is, for those who know its name.
        self._conninfos: dict[str, Callable[[], str]] = {}
        self._planned: dict[Operation, float] = {}
        self._lock = Lock()

    def opened(self, database: Any) -> None:  # noqa: ANN401 -- of either API
        """Remember how to connect to the Database's server."""
        if self._plans:
            server = database.place_of_calls()().server
            self._conninfos[server] = database.locate()

    def ended(self, call: Call, state: object) -> None:  # noqa: ARG002 -- there is none
        """Log a call, if there is a reason."""
        limit = self._limits.get(call.operation)
        if limit is None:
            limit = self._limits[call.operation] = self._limit(call.operation)
        if call.error is None and call.seconds < limit:
            if self._sample and random.random() < self._sample:  # noqa: S311 -- no secret
                self._log(logging.INFO, "%s took %.1f ms", call)
            return
        outcome = call.outcome
        if outcome in _SERIOUS:
            self._log(logging.ERROR, "%s failed after %.1f ms", call)
        elif outcome not in _FINE:
            self._log(logging.WARNING, "%s failed after %.1f ms", call)
        elif call.seconds >= limit:
            self._log(logging.WARNING, "%s is slow: it took %.1f ms", call)
            if self._plans:
                self._explain(call)

    def notified(self, event: Event) -> None:
        """Log what a breaker, a replica, a buffer, Redis or a retry did."""
        match event:
            case ConnectionEvent(outcome=ConnectionOutcome.TIMEOUT):
                self._note(
                    logging.WARNING,
                    "no connection became free in time",
                    server=event.place.server,
                    waited=event.seconds,
                )
            case BreakerChange():
                self._note(
                    logging.WARNING,
                    f"circuit breaker is {event.after}",
                    server=event.server,
                    state=event.after.value,
                )
            case ReplicaChange():
                self._note(
                    logging.INFO,
                    f"replica is {event.after}",
                    server=event.place.server,
                    state=event.after.value,
                )
            case Retry():
                self._note(
                    logging.INFO,
                    "transaction is run again",
                    attempt=event.attempt,
                    error_class=type(event.error).__name__,
                    sqlstate=event.error.sqlstate,
                )
            case BufferEvent() if event.outcome is not BufferOutcome.WRITTEN:
                self._note(
                    logging.WARNING,
                    f"buffered rows were {event.outcome}",
                    package=event.operation.package,
                    query=event.operation.name,
                    rows=event.rows,
                    pending=event.pending,
                    outcome=event.outcome.value,
                )
            case CacheEvent(outcome=CacheOutcome.DOWN):
                self._note(logging.WARNING, "Redis does not answer", cache="down")
            case CacheEvent(outcome=CacheOutcome.UP):
                self._note(logging.INFO, "Redis answers", cache="up")
            case _:
                pass

    def _limit(self, operation: Operation) -> float:
        package = operation.package
        whole = self._slow_by.get(package, self._slow)
        return self._slow_by.get(f"{package}.{operation.name}", whole)

    def _log(self, level: int, text: str, call: Call) -> None:
        if not self._logger.isEnabledFor(level):
            return
        operation, place = call.operation, call.place
        fields: dict[str, object] = {
            "package": operation.package,
            "query": operation.name,
            "command": operation.command,
            "outcome": call.outcome.value,
            "duration": call.seconds,
            "waited": call.waited,
            "rows": call.rows,
            "items": call.items,
            "attempts": call.attempts,
            "cache": None if call.cache is None else call.cache.outcome.value,
            "sqlstate": call.sqlstate,
            "error_class": None if call.error is None else type(call.error).__name__,
            "server": None if place is None else place.server,
            "role": None if place is None else place.role,
            **self._correlation(),
        }
        self._logger.log(level, text, operation.name, call.seconds * 1000, extra=fields)

    def _note(self, level: int, text: str, **fields: object) -> None:
        self._logger.log(level, text, extra={**fields, **self._correlation()})

    def _explain(self, call: Call) -> None:
        """Have the plan of a slow query logged, if it is time for that."""
        operation, place = call.operation, call.place
        if operation.verb not in _PLANNED or operation.command in _COPIES:
            return
        locate = None if place is None else self._conninfos.get(place.server)
        if locate is None:
            return
        now = monotonic()
        with self._lock:
            last = self._planned.get(operation)
            if last is not None and now - last < _PLAN_EVERY:
                return
            self._planned[operation] = now
        correlation = self._correlation()
        Thread(
            target=self._log_plan,
            args=(operation, locate, correlation),
            name="reposgen-plan",
            daemon=True,
        ).start()

    def _log_plan(
        self,
        operation: Operation,
        locate: Callable[[], str],
        correlation: Mapping[str, object],
    ) -> None:
        fields = {
            "package": operation.package,
            "query": operation.name,
            **correlation,
        }
        try:
            plan = explain(locate(), operation.sql)
        except psycopg.Error as error:
            # The text of the error may quote the statement, but no row.
            self._logger.warning(
                "there is no plan of %s: %s",
                operation.name,
                type(error).__name__,
                extra=fields,
            )
            return
        if plan is not None:
            self._logger.warning(
                "plan of %s:\n%s", operation.name, plan, extra={**fields, "plan": plan}
            )


def explain(conninfo: str, sql: str) -> str | None:
    """Return the plan that a statement has for any arguments; nothing is run.

    Returns:
        The plan as text; None where the server is older than PostgreSQL 16.

    Raises:
        psycopg.Error: the server cannot be reached, or cannot plan the statement.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        if connection.info.server_version < _GENERIC_PLAN:
            return None
        cursor = psycopg.RawCursor(connection)
        cursor.execute(f"SET statement_timeout = {_PLAN_TIME}".encode())
        cursor.execute(f"EXPLAIN (GENERIC_PLAN) {sql}".encode())
        return "\n".join(line for (line,) in cursor)


def current_span() -> Mapping[str, object]:
    """Return the ids of the current OpenTelemetry span, if there is one."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    found = trace.get_current_span().get_span_context()
    if not found.is_valid:
        return {}
    return {"trace_id": f"{found.trace_id:032x}", "span_id": f"{found.span_id:016x}"}


__all__ = ["LoggingObserver", "current_span", "explain"]
