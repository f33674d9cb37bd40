"""What a stream of a million rows takes: rows a second, the first row, memory."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import uvloop
from tests.benchmarks import statements
from tests.benchmarks.peers.with_asyncpg import Asyncpg

if TYPE_CHECKING:
    from collections.abc import (
        AsyncIterable,
        AsyncIterator,
        Callable,
        Iterable,
        Iterator,
    )

    from tests.benchmarks.setting import Packages


def stream_table(conninfo: str, packages: Packages) -> str:
    """A row for each way to read them, one by one."""
    found = [*_sync(conninfo, packages)]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found += runner.run(_async(conninfo, packages))
    lines = ["| | rows/s | first row | memory |", "| --- | ---: | ---: | ---: |"]
    return "\n".join([*lines, *found]) + "\n"


def _sync(conninfo: str, packages: Packages) -> Iterator[str]:
    with (
        packages.sync.Database.open(conninfo) as database,
        psycopg.connect(conninfo, autocommit=True) as connection,
    ):

        def plain() -> Iterator[object]:
            with connection.cursor() as cursor:
                yield from cursor.stream(statements.STREAM, size=1000)

        contenders: dict[str, Callable[[], Iterable[object]]] = {
            "cursor.stream(size=1000), sync": plain,
            "reposgen, sync": database.tasks.stream_points,
        }
        for name, call in contenders.items():
            next(iter(call()))
            clock = _Clock()
            for _ in call():
                clock.row()
            yield clock.line(name)


async def _async(conninfo: str, packages: Packages) -> list[str]:
    lines: list[str] = []
    peer = await Asyncpg.open(conninfo)
    async with packages.aio.Database.open(conninfo) as database:

        async def cursor() -> AsyncIterator[object]:
            async with peer.connection.transaction():
                async for row in peer.connection.cursor(
                    statements.STREAM, prefetch=1000
                ):
                    yield row

        contenders: dict[str, Callable[[], AsyncIterable[object]]] = {
            "asyncpg, cursor(prefetch=1000), uvloop": cursor,
            "reposgen, uvloop": database.tasks.stream_points,
        }
        for name, call in contenders.items():
            clock = _Clock()
            async for _ in call():
                clock.row()
            lines.append(clock.line(name))
    await peer.close()
    return lines


class _Clock:
    """What it takes to get rows, from now on."""

    def __init__(self) -> None:
        self._before = _peak(reset=True)
        self._start = time.perf_counter()
        self._first = 0.0
        self._count = 0

    def row(self) -> None:
        """There is another row."""
        self._count += 1
        if self._count == 1:
            self._first = time.perf_counter() - self._start

    def line(self, name: str) -> str:
        """Rows a second, milliseconds to the first, MiB more than before."""
        speed = self._count / (time.perf_counter() - self._start)
        more = (_peak() - self._before) / 1024
        first = f"{self._first * 1000:.1f} ms"
        return f"| {name} | {speed:,.0f} | {first} | {more:.1f} MiB |"


def _peak(*, reset: bool = False) -> int:
    """The most memory that the process has had, in KiB."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])
