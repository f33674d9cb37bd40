# ruff: noqa: ANN401 -- arguments are passed on
"""Calls of code that was generated from another schema: right, or refused."""

from __future__ import annotations

import asyncio
import os
import random
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest
import uvloop
from tests.faults import drift
from tests.faults.aio import drifting as aio
from tests.faults.sync import drifting as sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen_runtime.settings import Options

PATHS: Final[dict[str, Options]] = {
    "fast": {},
    "cursors": {"use_cursors": True},
    "never": {"prepare": "never"},
    "cursors, never": {"use_cursors": True, "prepare": "never"},
}


def run_async(new_loop: Callable[[], asyncio.AbstractEventLoop]) -> Any:
    def run(*args: Any, **options: Any) -> drift.Report:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            return runner.run(aio.drifted(*args, **options))

    return run


KINDS: Final[dict[str, Callable[..., drift.Report]]] = {
    "asyncio": run_async(asyncio.new_event_loop),
    "uvloop": run_async(uvloop.new_event_loop),
    "sync": sync.drifted,
}
# How many of all surroundings are tried, each with every call. `--all` takes each of
# them, or with REPOSGEN_DRIFT_PART=3/24 the third of 24 parts, which share none.
SIZE: Final = int(os.environ.get("REPOSGEN_DRIFT", "12"))
SEED: Final = int(os.environ.get("REPOSGEN_DRIFT_SEED", "1"))
PART: Final = os.environ.get("REPOSGEN_DRIFT_PART", "1/1")


@pytest.mark.timeout(0)
def test_no_value_is_wrong(
    request: pytest.FixtureRequest,
    make_database: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    conninfo = make_database("")
    cases = [*product(drift.CHANGES, aio.SURROUNDINGS, PATHS, KINDS, (False, True))]
    total = len(cases)
    random.Random(SEED).shuffle(cases)
    part, parts = map(int, PART.split("/"))
    complete = request.config.getoption("--all")
    cases = cases[part - 1 :: parts] if complete else cases[:SIZE]
    report = drift.Report()
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute("SET client_min_messages = error")
        for change, where, path, kind, warm in cases:
            found = KINDS[kind](
                conninfo, admin, change, warm=warm, where=where, options=PATHS[path]
            )
            around = f"{kind}, {path}, {'warm' if warm else 'cold'}"
            found.failures = [f"{around}: {failure}" for failure in found.failures]
            report.add(found)
    counts = ", ".join(f"{n} {what}" for what, n in sorted(report.counts.items()))
    with capsys.disabled():
        print(  # noqa: T201 -- what it is for
            f"\ndrift: {len(aio.CALLS)} calls, twice each, in {len(cases)} of {total}"
            f" surroundings: {counts}"
        )
    assert not report.failures, "\n".join(report.failures[:100])
