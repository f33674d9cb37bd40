"""Measures contenders against each other in one interleaved run.

Machines are noisy: a contender's time is only ever compared with the base's time of
the same round, and what is reported is the median of those ratios, with the spread of
the middle half.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

T = TypeVar("T")

# Makes what is timed, with a turn's rows; that may take its time.
Prepare: TypeAlias = Callable[[], Callable[[], T]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """How a contender compares with the base of its measurement.

    Attributes:
        seconds: median time of one call.
        median: of the per-round ratios; below 1 is faster than the base.
        low: first quartile of the ratios.
        high: third quartile of the ratios.
    """

    seconds: float
    median: float
    low: float
    high: float


def run_rounds(
    contenders: Mapping[str, Prepare[object]], *, base: str, rounds: int, calls: int
) -> dict[str, Ratio]:
    """Time each contender `calls` times a round, turn by turn.

    Args:
        contenders: what prepares the call of each.
        base: the contender that the ratios refer to.
        rounds: how often each has its turn.
        calls: how often it is called then.
    """
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for prepare in contenders.values():
        prepare()()
    for number in range(rounds):
        for name in _order(contenders, number):
            call = contenders[name]()
            gc.collect()
            start = time.perf_counter()
            for _ in range(calls):
                call()
            times[name].append((time.perf_counter() - start) / calls)
    return _ratios(times, base)


async def run_rounds_async(
    contenders: Mapping[str, Prepare[Awaitable[object]]],
    *,
    base: str,
    rounds: int,
    calls: int,
    tasks: int = 1,
) -> dict[str, Ratio]:
    """The same for coroutines, `tasks` of which run at once, each with its own call."""
    times: dict[str, list[float]] = {name: [] for name in contenders}

    async def repeat(call: Callable[[], Awaitable[object]]) -> None:
        for _ in range(calls):
            await call()

    for prepare in contenders.values():
        await prepare()()
    for number in range(rounds):
        for name in _order(contenders, number):
            work = [contenders[name]() for _ in range(tasks)]
            gc.collect()
            start = time.perf_counter()
            if tasks == 1:
                await repeat(work[0])
            else:
                await asyncio.gather(*map(repeat, work))
            times[name].append((time.perf_counter() - start) / calls / tasks)
    return _ratios(times, base)


def _order(contenders: Mapping[str, object], number: int) -> list[str]:
    # Whoever runs behind a heavy neighbour pays for it: take turns at the places.
    names = list(contenders)
    turn = number % len(names)
    return names[turn:] + names[:turn]


def _ratios(times: Mapping[str, list[float]], base: str) -> dict[str, Ratio]:
    found = {}
    for name, measured in times.items():
        ratios = sorted(t / b for t, b in zip(measured, times[base], strict=True))
        quarter = len(ratios) // 4
        found[name] = Ratio(
            seconds=statistics.median(measured),
            median=statistics.median(ratios),
            low=ratios[quarter],
            high=ratios[-1 - quarter],
        )
    return found
