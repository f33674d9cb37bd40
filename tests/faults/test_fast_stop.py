"""An ordinary shutdown of the server under load: no connection of ours delays it."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING, Final

import pytest
from tests.faults.aio.chaos import EXPECTED
from tests.faults.conftest import listening, major, over, ready
from tests.faults.test_chaos import tell
from tests.runtime.aio.repositories import Database as AsyncDatabase
from tests.runtime.sync.repositories import Database as SyncDatabase
from tests.support.restarts import Restartable

from reposgen.database.embedded import embedded_server

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKERS: Final = 12
POOL: Final = 6
STOPS: Final = 4


@pytest.fixture
def stopping(transport: str) -> Iterator[tuple[str, Restartable]]:
    """A server that waits for ever for a client which does not say who it is."""
    settings = {"authentication_timeout": "600", **listening()}
    with embedded_server(major(), progress=lambda _: None, settings=settings) as server:
        conninfo = over(transport, ready(server))
        restartable = Restartable(conninfo)
        yield conninfo, restartable
        restartable.end()


def stop_and_start(server: Restartable) -> list[float]:
    """Shut the server down some times; return the seconds that each took.

    A connection that is neither used nor closed would keep it up for ten minutes.
    """
    seconds: list[float] = []
    for _ in range(STOPS):
        start = monotonic()
        server.stop()
        seconds.append(monotonic() - start)
        server.start()
    return seconds


def told(seconds: list[float]) -> str:
    return ", ".join(f"{each:.2f} s" for each in seconds)


async def test_tasks(
    stopping: tuple[str, Restartable],
    request: pytest.FixtureRequest,
    *,
    use_cursors: bool,
) -> None:
    conninfo, server = stopping
    is_over = False

    async def work(db: AsyncDatabase) -> None:
        while not is_over:
            try:
                await db.tasks.create(title="a")
            except EXPECTED:
                await asyncio.sleep(0.01)

    async with AsyncDatabase.open(
        conninfo, use_cursors=use_cursors, max_size=POOL, breaker=None, timeout=5
    ) as db:
        workers = [asyncio.ensure_future(work(db)) for _ in range(WORKERS)]
        seconds = await asyncio.to_thread(stop_and_start, server)
        is_over = True
        await asyncio.gather(*workers)
        assert await db.tasks.count() > 0
    tell(f"{request.node.name}: stopped within {told(seconds)}", Counter())


def test_threads(
    stopping: tuple[str, Restartable],
    request: pytest.FixtureRequest,
    *,
    use_cursors: bool,
) -> None:
    conninfo, server = stopping
    is_over = threading.Event()

    def work(db: SyncDatabase) -> None:
        while not is_over.is_set():
            try:
                db.tasks.create(title="a")
            except EXPECTED:
                is_over.wait(0.01)

    with (
        SyncDatabase.open(
            conninfo, use_cursors=use_cursors, max_size=POOL, breaker=None, timeout=5
        ) as db,
        ThreadPoolExecutor(WORKERS) as executor,
    ):
        workers = [executor.submit(work, db) for _ in range(WORKERS)]
        seconds = stop_and_start(server)
        is_over.set()
        for worker in workers:
            worker.result()
        assert db.tasks.count() > 0
    tell(f"{request.node.name}: stopped within {told(seconds)}", Counter())
