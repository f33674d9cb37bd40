"""Many at work while the server is killed and restarted, and they are cancelled."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Final, Self

import anyio
import psycopg
import pytest
from tests.faults.aio import chaos as tasks_chaos
from tests.faults.conftest import listening, major, over, ready
from tests.faults.sync import chaos as threads_chaos
from tests.runtime.aio.repositories import Database as AsyncDatabase
from tests.runtime.sync.repositories import Database as SyncDatabase
from tests.support.crashes import come_back, kill_backend
from tests.support.restarts import Restartable

from reposgen.database.embedded import embedded_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.faults.aio.chaos import Worker as TaskWorker
    from tests.faults.sync.chaos import Worker as ThreadWorker

    Worker = TaskWorker | ThreadWorker

WORKERS: Final = 8
POOL: Final = 4
TERMINATE: Final = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < 0.5
"""


class Monkey:
    """Does things to a server, one after the other, until it is told to stop.

    Attributes:
        done: how often it has done what.
    """

    def __init__(self, conninfo: str, server: Restartable) -> None:
        self.done = Counter[str]()
        self._conninfo = conninfo
        self._server = server
        self._stopped = threading.Event()
        self._failures: list[BaseException] = []
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        if self._failures:
            raise self._failures[0]

    def _work(self) -> None:
        deeds = (self._terminate, self._terminate, self._stop, self._kill)
        chance = random.Random(5)
        try:
            while not self._stopped.wait(chance.uniform(0.2, 1.2)):
                deed = chance.choice(deeds)
                deed()
                self.done[deed.__name__.strip("_")] += 1
        except BaseException as failure:  # noqa: BLE001 -- raised in the test
            self._failures.append(failure)

    def _terminate(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as admin:
            admin.execute(TERMINATE)

    def _stop(self) -> None:
        self._server.stop()
        self._server.start()

    def _kill(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True) as admin:
            # So that there is one to be killed.
            admin.execute("SET application_name = 'monkey'")
            victim = threading.Thread(target=self._sleep)
            victim.start()
        kill_backend(self._conninfo, "pg_sleep(601)")
        victim.join()
        come_back(self._conninfo)

    def _sleep(self) -> None:
        with suppress(psycopg.Error), psycopg.connect(self._conninfo) as connection:
            connection.execute("SELECT pg_sleep(601)")


@pytest.fixture
def fragile(transport: str) -> Iterator[str]:
    """A server that keeps what it has acknowledged; everyone's last word counts."""
    settings = {"synchronous_commit": "on", "authentication_timeout": "600"}
    with embedded_server(
        major(), progress=lambda _: None, settings={**settings, **listening()}
    ) as server:
        conninfo = ready(server)
        with psycopg.connect(conninfo) as connection:
            connection.execute(
                "INSERT INTO counters SELECT id, 0 FROM generate_series(1, %s) AS id",
                (tasks_chaos.ACCOUNTS + WORKERS,),
            )
        yield over(transport, conninfo)


@pytest.fixture
def server(fragile: str) -> Iterator[Restartable]:
    server = Restartable(fragile)
    yield server
    server.end()


def judge(
    conninfo: str, workers: Sequence[Worker], deeds: Counter[str]
) -> Counter[str]:
    """What the database holds is what the workers were told."""
    with psycopg.connect(conninfo) as connection:
        total = connection.execute(
            "SELECT sum(value) FROM counters WHERE id <= %s", (tasks_chaos.ACCOUNTS,)
        ).fetchone()
        assert total == (0,)
        found = [str(row[0]) for row in connection.execute("SELECT slug FROM tasks")]
        values: dict[int, int] = dict(
            connection.execute("SELECT id, value FROM counters").fetchall()
        )
    there = set(found)
    assert len(there) == len(found)
    counts = Counter[str]()
    for worker in workers:
        assert worker.acknowledged <= there
        assert not worker.refused & there
        there -= worker.acknowledged | worker.unknown
        value = values[tasks_chaos.ACCOUNTS + 1 + worker.number]
        assert worker.least <= value <= worker.most
        counts += worker.counts
        counts["rows acknowledged"] += len(worker.acknowledged)
        counts["rows refused"] += len(worker.refused)
        counts["rows unknown"] += len(worker.unknown)
    assert not there
    counts.update({f"server: {deed}": times for deed, times in deeds.items()})
    return counts


def tell(name: str, counts: Counter[str]) -> None:
    lines = "\n".join(f"  {what}: {times}" for what, times in sorted(counts.items()))
    print(f"\n{name}\n{lines}")  # noqa: T201 -- counts are for a person


async def cancelled_at_times(
    worker: TaskWorker, chance: random.Random, counts: Counter[str]
) -> None:
    """One step of a worker's, which it may not be let finish."""
    seconds = chance.uniform(0, 0.01)
    match chance.randrange(6):
        case 0:
            with anyio.move_on_after(seconds) as scope:
                await worker.step()
            counts["cancelled by anyio"] += scope.cancelled_caught
        case 1:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await worker.step()
                    counts["cancelled by asyncio"] -= 1
            counts["cancelled by asyncio"] += 1
        case 2:
            task = asyncio.create_task(worker.step())
            await asyncio.wait([task], timeout=seconds)
            counts["cancelled as tasks"] += task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        case _:
            await worker.step()


async def test_tasks(
    fragile: str,
    server: Restartable,
    request: pytest.FixtureRequest,
    *,
    use_cursors: bool,
) -> None:
    end = monotonic() + request.config.getoption("--chaos-seconds")
    counts = Counter[str]()

    async def work(worker: TaskWorker) -> None:
        chance = random.Random(worker.number)
        while monotonic() < end:
            await cancelled_at_times(worker, chance, counts)

    async with AsyncDatabase.open(
        fragile,
        use_cursors=use_cursors,
        max_size=POOL,
        timeout=20,
        statement_timeout=20,
    ) as db:
        workers = [tasks_chaos.Worker(db, number) for number in range(WORKERS)]
        with Monkey(fragile, server) as monkey:
            await asyncio.gather(*map(work, workers))
        come_back(fragile)
        await calm(db)
        counts += judge(fragile, workers, monkey.done)
    tell(request.node.name, counts)
    assert counts["insert done"] > 0


async def calm(db: AsyncDatabase) -> None:
    """The pool has all of its connections, and each of them works."""
    while not await db.is_healthy():
        pass
    await asyncio.gather(*(db.health() for _ in range(POOL)))
    assert await db.tasks.count() >= 0
    assert db.statistics().primary.in_use == 0


def test_threads(
    fragile: str,
    server: Restartable,
    request: pytest.FixtureRequest,
    *,
    use_cursors: bool,
) -> None:
    end = monotonic() + request.config.getoption("--chaos-seconds")

    def work(worker: ThreadWorker) -> None:
        while monotonic() < end:
            worker.step()

    with SyncDatabase.open(
        fragile,
        use_cursors=use_cursors,
        max_size=POOL,
        timeout=20,
        statement_timeout=20,
    ) as db:
        workers = [threads_chaos.Worker(db, number) for number in range(WORKERS)]
        with Monkey(fragile, server) as monkey, ThreadPoolExecutor(WORKERS) as executor:
            [*executor.map(work, workers)]
        come_back(fragile)
        while not db.is_healthy():
            pass
        counts = judge(fragile, workers, monkey.done)
    tell(request.node.name, counts)
    assert counts["insert done"] > 0
