"""What `opentelemetry-instrument` and Logfire find: OpenTelemetry without code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry.instrumentation.instrumentor import (  # type: ignore[attr-defined] # not exported
    BaseInstrumentor,
)

from ..observers import observe_process, stop_observing
from .opentelemetry import OpenTelemetryObserver

if TYPE_CHECKING:
    from collections.abc import Collection


class ReposgenInstrumentor(BaseInstrumentor):  # type: ignore[misc] # it has no types
    """Observes every Database of the process while it is instrumented.

    Its options are those of `OpenTelemetryObserver`.
    """

    _observer: OpenTelemetryObserver | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return what has to be installed: nothing but this library."""
        return ()

    def _instrument(self, **kwargs: Any) -> None:  # noqa: ANN401 -- options of any kind
        names = ("tracer_provider", "meter_provider", "query_text", "arguments")
        options = {name: kwargs[name] for name in names if name in kwargs}
        self._observer = OpenTelemetryObserver(**options)
        observe_process(self._observer)

    def _uninstrument(self, **_kwargs: Any) -> None:  # noqa: ANN401 -- as above
        if self._observer is not None:
            stop_observing(self._observer)
            self._observer = None
