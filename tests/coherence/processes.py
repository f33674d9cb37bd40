"""A Redis server of a test's own, and processes that share a cache in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from redis import Redis
from redis.exceptions import RedisError
from tests.coherence.worker import Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


class RedisServer:
    """A Redis server that can be killed, stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def client(self) -> Redis:
        return Redis(port=self.port)

    def start(self) -> None:
        """Start it, with what it has saved, and wait until it answers."""
        found = shutil.which("redis-server")
        assert found, "redis-server is not installed"
        self._process = subprocess.Popen(  # noqa: S603 - fixed arguments
            [
                *(found, "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--dir", str(self._folder), "--save", "", "--appendonly", "no"),
            ],
            stdout=subprocess.DEVNULL,
        )
        while True:
            with suppress(RedisError):
                if self.client.ping():
                    return
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: int) -> None:
        """Stop it, or let it go on."""
        assert self._process
        self._process.send_signal(number)


class Processes:
    """Processes that share a cache; those that die are replaced."""

    def __init__(self, folder: Path, plan: Plan, count: int) -> None:
        self._folder = folder
        self._plan = plan
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
                [sys.executable, "-m", "tests.coherence.worker", arguments],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
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
def running(folder: Path, count: int, **plan: Any) -> Iterator[Processes]:
    """Processes that work as long as the block lasts."""
    first = Plan(log="", is_async=True, **plan)
    processes = Processes(folder, first, count)
    try:
        yield processes
    finally:
        processes.stop()
