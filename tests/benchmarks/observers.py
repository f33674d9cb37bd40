"""What observers cost: a get by key, with each of them and with none.

    python -m tests.benchmarks.observers [--rounds N] [--calls N]

All of them observe the same Database, in turns of a few calls, so that they differ in
nothing else. Ratios are of processor time, to the get without observers of the same
round. The second row is a get without observers as well: what it differs by is chance.
The next two are gets without observers in spans of the SDK, bare ones and ones with
attributes: below that, no observer can be that makes spans.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import statistics
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import uvloop
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from opentelemetry.trace import SpanKind, Tracer
from prometheus_client import CollectorRegistry
from tests.benchmarks.operations import KEY
from tests.benchmarks.setting import filled_database, generated_packages, on_cores

from reposgen_runtime.observe import Call, Observer
from reposgen_runtime.observe.logging import LoggingObserver
from reposgen_runtime.observe.n_plus_one import RepeatedCallObserver
from reposgen_runtime.observe.opentelemetry import OpenTelemetryObserver
from reposgen_runtime.observe.prometheus import PrometheusObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from tests.benchmarks.setting import Packages

NONE: Final = "no observer"
AGAIN: Final = "no observer, once more"
# The spans that the SDK makes, without an observer: by their attributes.
SPANS: Final[Mapping[str, Mapping[str, str | int]]] = {
    "no observer, in a bare span of the SDK": {},
    "no observer, in a span with ten attributes": {
        "db.system.name": "postgresql",
        "db.namespace": "bench|public",
        "db.collection.name": "tasks",
        "db.operation.name": "SELECT",
        "db.query.summary": "SELECT tasks",
        "db.query.text": "SELECT id, title FROM tasks WHERE id = $1",
        "db.response.returned_rows": 1,
        "server.address": "localhost",
        "server.port": 5432,
        "code.function.name": "bench.tasks.get_task",
    },
}


def observers() -> Mapping[str, Observer]:
    """Each kind by itself."""
    traces = TracerProvider()
    traces.add_span_processor(SpanProcessor())
    unsampled = TracerProvider(sampler=ParentBased(ALWAYS_OFF))
    logger = logging.getLogger("tests.benchmarks")
    logger.setLevel(logging.WARNING)
    none = NoOpMeterProvider()
    return {
        "an observer that does nothing": _Nothing(),
        "Prometheus": PrometheusObserver(registry=CollectorRegistry()),
        "logging, nothing slow": LoggingObserver(logger=logger),
        "N+1, without a scope": RepeatedCallObserver(),
        "OpenTelemetry, spans": OpenTelemetryObserver(
            tracer_provider=traces, meter_provider=none
        ),
        "OpenTelemetry, spans and metrics": OpenTelemetryObserver(
            tracer_provider=traces, meter_provider=MeterProvider()
        ),
        "OpenTelemetry, not sampled": OpenTelemetryObserver(
            tracer_provider=unsampled, meter_provider=none
        ),
    }


class _Nothing(Observer):
    def ended(self, call: Call, state: object) -> None:
        pass


def _turns(database: Any) -> dict[str, Callable[[], AbstractContextManager[Any]]]:
    """What is in force in the turn of each row."""
    # The package has a copy of the run time.
    observing = sys.modules[type(database.observers).__module__].observing
    turns: dict[str, Callable[[], AbstractContextManager[Any]]]
    turns = dict.fromkeys((NONE, AGAIN, *SPANS), nullcontext)
    for name, observer in observers().items():
        turns[name] = partial(observing, observer)
    return turns


def measure_sync(
    conninfo: str, packages: Packages, rounds: int, calls: int
) -> dict[str, list[float]]:
    """Processor time of one synchronous get, by observer and round."""
    times: dict[str, list[float]] = {}
    tracer = _tracer()
    with packages.sync.Database.open(conninfo) as database:
        get = database.tasks.get_task

        def spanned(attributes: Mapping[str, str | int], **key: UUID) -> None:
            span = tracer.start_span(
                "SELECT tasks", kind=SpanKind.CLIENT, attributes=attributes
            )
            get(**key)
            span.end()

        turns = _turns(database)
        for number in range(-1, rounds):
            for name in _order(turns, number):
                call = partial(spanned, SPANS[name]) if name in SPANS else get
                with turns[name]():
                    call(id=KEY)
                    start = time.process_time()
                    for _ in range(calls):
                        call(id=KEY)
                    taken = (time.process_time() - start) / calls
                if number >= 0:
                    times.setdefault(name, []).append(taken)
    return times


async def measure_async(
    conninfo: str, packages: Packages, rounds: int, calls: int
) -> dict[str, list[float]]:
    """Processor time of one asynchronous get, by observer and round."""
    times: dict[str, list[float]] = {}
    tracer = _tracer()
    async with packages.aio.Database.open(conninfo) as database:
        get = database.tasks.get_task

        async def spanned(attributes: Mapping[str, str | int], **key: UUID) -> None:
            span = tracer.start_span(
                "SELECT tasks", kind=SpanKind.CLIENT, attributes=attributes
            )
            await get(**key)
            span.end()

        turns = _turns(database)
        for number in range(-1, rounds):
            for name in _order(turns, number):
                call = partial(spanned, SPANS[name]) if name in SPANS else get
                with turns[name]():
                    await call(id=KEY)
                    start = time.process_time()
                    for _ in range(calls):
                        await call(id=KEY)
                    taken = (time.process_time() - start) / calls
                if number >= 0:
                    times.setdefault(name, []).append(taken)
    return times


def _tracer() -> Tracer:
    traces = TracerProvider()
    traces.add_span_processor(SpanProcessor())
    return traces.get_tracer("tests.benchmarks")


def _order(names: Mapping[str, object], number: int) -> list[str]:
    listed = list(names)
    turn = number % len(listed)
    return listed[turn:] + listed[:turn]


def _report(title: str, times: Mapping[str, list[float]]) -> None:
    print(f"{title}:\n\n| | CPU, us | ratio |\n| --- | --- | --- |")
    for name, measured in times.items():
        ratios = [m / n for m, n in zip(measured, times[NONE], strict=True)]
        median = statistics.median(measured) * 1e6
        print(f"| {name} | {median:.1f} | {statistics.median(ratios):.3f} |")
    print()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure observers.")
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--calls", type=int, default=25)
    arguments = parser.parse_args()
    with (
        generated_packages() as packages,
        on_cores(1),
        filled_database() as conninfo,
    ):
        sizes = (arguments.rounds, arguments.calls)
        gc.collect()
        gc.freeze()
        _report("synchronous", measure_sync(conninfo, packages, *sizes))
        _report("asyncio", asyncio.run(measure_async(conninfo, packages, *sizes)))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            measured = runner.run(measure_async(conninfo, packages, *sizes))
        _report("uvloop", measured)


if __name__ == "__main__":
    main()
