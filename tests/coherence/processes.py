"""Processes that share a cache."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import libfaketime  # type: ignore[import-untyped] # it has no types
from tests.coherence.worker import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FAKETIME = Path(libfaketime.__file__).parent / "vendor/libfaketime/src"
# By how many seconds the clocks of processes are off.
CLOCKS = ("+0", "+5", "-5")


class Processes:
    """Processes that share a cache, with clocks that differ; the dead are replaced."""

    def __init__(self, folder: Path, plan: Plan, count: int, module: str) -> None:
        self._folder = folder
        self._plan = plan
        self._module = module
        self._running: list[subprocess.Popen[bytes]] = []
        self.started = 0
        self.killed = 0
        for _ in range(count):
            self._start()

    def _start(self) -> None:
        number = self.started
        self.started += 1
        plan = replace(
            self._plan,
            log=str(self._folder / f"{number}.log"),
            is_async=number % 2 == 0,
            seed=self._plan.seed + number,
        )
        arguments = json.dumps(asdict(plan))
        self._running.append(
            subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-m", self._module, arguments],
                cwd=ROOT,
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "LD_LIBRARY_PATH": str(FAKETIME),
                    "LD_PRELOAD": "libfaketime.so.1",
                    "DONT_FAKE_MONOTONIC": "1",
                    "FAKETIME": CLOCKS[number % len(CLOCKS)],
                },
            )
        )

    def replace_dead(self) -> None:
        """Start another process for each that has died."""
        for process in [*self._running]:
            status = process.poll()
            if status is None:
                continue
            assert status == -signal.SIGKILL, f"a process ended with {status}"
            self._running.remove(process)
            self.killed += 1
            self._start()

    def stop(self) -> None:
        """Kill all."""
        for process in self._running:
            process.kill()
        for process in self._running:
            process.wait()


@contextmanager
def running(
    folder: Path,
    count: int,
    module: str = "tests.coherence.worker",
    **plan: Any,  # noqa: ANN401 - fields of `Plan`
) -> Iterator[Processes]:
    """Processes that work as long as the block lasts."""
    first = Plan(log="", is_async=True, **plan)
    processes = Processes(folder, first, count, module)
    try:
        yield processes
    finally:
        processes.stop()
