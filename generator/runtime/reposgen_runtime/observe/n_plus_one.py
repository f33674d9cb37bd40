"""Methods that are called again and again where one call would do.

    observer = RepeatedCallObserver(limit=10)
    Database.open(url, observers=[observer])

    with observer.scope():  # one request
        ...

Without a scope, calls are counted within one OpenTelemetry span, if there is one.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from . import Call, Observer
from .sites import call_site

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_logger: Final = logging.getLogger("reposgen.n_plus_one")


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedCall:
    """A method that was called too often within one scope.

    Attributes:
        package: of the method.
        method: `users.get_user`.
        count: how often it was called when it was reported: one more than the limit.
        sites: the places that called it, and how often each did.
    """

    package: str
    method: str
    count: int
    sites: Mapping[str, int]


class RepeatedCallObserver(Observer):
    """Reports a method that is called more than `limit` times within one scope."""

    def __init__(
        self,
        limit: int = 10,
        *,
        report: Callable[[RepeatedCall], object] | None = None,
    ) -> None:
        """Report each method once in a scope.

        Args:
            limit: how many calls of a method are fine.
            report: called with what was found; None logs a warning.
        """
        self._limit = limit
        self._report = report or _log
        self._scope: ContextVar[_Scope | None] = ContextVar("scope", default=None)
        self._spans: WeakKeyDictionary[Any, _Scope] = WeakKeyDictionary()

    @contextmanager
    def scope(self) -> Iterator[None]:
        """Count the block's calls together, as the work for one request."""
        token = self._scope.set({})
        try:
            yield
        finally:
            self._scope.reset(token)

    def started(self, call: Call) -> None:
        """Count a call."""
        scope = self._scope.get()
        if scope is None:
            scope = self._of_span()
        if scope is None:
            return
        for operation in call.parts or (call.operation,):
            if not operation.method:
                continue
            sites = scope.setdefault((operation.package, operation.name), Counter())
            sites[call_site(call, operation.method)] += 1
            if sites.total() == self._limit + 1:
                self._report(
                    RepeatedCall(
                        package=operation.package,
                        method=operation.name,
                        count=sites.total(),
                        sites=dict(sites),
                    )
                )

    def _of_span(self) -> _Scope | None:
        """Return the calls that were made within the current span."""
        trace = sys.modules.get("opentelemetry.trace")
        if trace is None:
            return None
        span = trace.get_current_span()
        if not span.get_span_context().is_valid:
            return None
        return self._spans.setdefault(span, {})


# By package and method, how often which place has called it.
_Scope = dict[tuple[str, str], "Counter[str]"]


def _log(found: RepeatedCall) -> None:
    sites = ", ".join(f"{count} x at {site}" for site, count in found.sites.items())
    _logger.warning(
        "%s was called %d times (N+1 queries?): %s",
        found.method,
        found.count,
        sites,
        extra={"package": found.package, "query": found.method, "count": found.count},
    )


__all__ = ["RepeatedCall", "RepeatedCallObserver"]
