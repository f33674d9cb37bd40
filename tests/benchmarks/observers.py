"""What observers cost: a get by key, with each of them and with none.

    python -m tests.benchmarks.observers [--rounds N] [--calls N]

Ratios are of processor time, in one interleaved run, to the get without observers.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import statistics
import time
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased
from prometheus_client import CollectorRegistry
from tests.benchmarks.operations import KEY
from tests.benchmarks.setting import filled_database, generated_packages, on_cores

from reposgen_runtime.observe import Observer
from reposgen_runtime.observe.logging import LoggingObserver
from reposgen_runtime.observe.n_plus_one import RepeatedCallObserver
from reposgen_runtime.observe.opentelemetry import OpenTelemetryObserver
from reposgen_runtime.observe.prometheus import PrometheusObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.benchmarks.setting import Packages

NONE: Final = "no observer"


def observers() -> Mapping[str, Sequence[Observer]]:
    """Each kind by itself."""
    traces = TracerProvider()
    traces.add_span_processor(SpanProcessor())
    unsampled = TracerProvider(sampler=ParentBased(ALWAYS_OFF))
    logger = logging.getLogger("tests.benchmarks")
    logger.setLevel(logging.WARNING)
    none = NoOpMeterProvider()
    return {
        NONE: (),
        "an observer that does nothing": (Observer(),),
        "Prometheus": (PrometheusObserver(registry=CollectorRegistry()),),
        "logging, nothing slow": (LoggingObserver(logger=logger),),
        "N+1, without a scope": (RepeatedCallObserver(),),
        "OpenTelemetry, spans": (
            OpenTelemetryObserver(tracer_provider=traces, meter_provider=none),
        ),
        "OpenTelemetry, spans and metrics": (
            OpenTelemetryObserver(
                tracer_provider=traces, meter_provider=MeterProvider()
            ),
        ),
        "OpenTelemetry, not sampled": (
            OpenTelemetryObserver(tracer_provider=unsampled, meter_provider=none),
        ),
    }


def measure_sync(
    conninfo: str, packages: Packages, rounds: int, calls: int
) -> dict[str, list[float]]:
    """Processor time of one synchronous get, by observer and round."""
    times: dict[str, list[float]] = {}
    with ExitStack() as stack:
        gets: dict[str, Callable[..., object]] = {}
        for name, own in observers().items():
            opened = packages.sync.Database.open(conninfo, observers=own)
            gets[name] = stack.enter_context(opened).tasks.get_task
            gets[name](id=KEY)
        for number in range(rounds):
            for name in _turn(gets, number):
                get = gets[name]
                gc.collect()
                start = time.process_time()
                for _ in range(calls):
                    get(id=KEY)
                taken = (time.process_time() - start) / calls
                times.setdefault(name, []).append(taken)
    return times


async def measure_async(
    conninfo: str, packages: Packages, rounds: int, calls: int
) -> dict[str, list[float]]:
    """Processor time of one asynchronous get, by observer and round."""
    times: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        gets: dict[str, Callable[..., Any]] = {}
        for name, own in observers().items():
            opened = packages.aio.Database.open(conninfo, observers=own)
            database = await stack.enter_async_context(opened)
            gets[name] = database.tasks.get_task
            await gets[name](id=KEY)
        for number in range(rounds):
            for name in _turn(gets, number):
                get = gets[name]
                gc.collect()
                start = time.process_time()
                for _ in range(calls):
                    await get(id=KEY)
                taken = (time.process_time() - start) / calls
                times.setdefault(name, []).append(taken)
    return times


def _turn(names: Mapping[str, object], number: int) -> list[str]:
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
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=500)
    arguments = parser.parse_args()
    with (
        generated_packages() as packages,
        on_cores(1),
        filled_database() as conninfo,
    ):
        sizes = (arguments.rounds, arguments.calls)
        _report("synchronous", measure_sync(conninfo, packages, *sizes))
        _report("asyncio", asyncio.run(measure_async(conninfo, packages, *sizes)))


if __name__ == "__main__":
    main()
