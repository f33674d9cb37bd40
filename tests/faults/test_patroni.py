"""A Patroni cluster that loses its leader in every way, under load."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from itertools import pairwise
from time import monotonic
from typing import TYPE_CHECKING, Final

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.faults.aio import chaos as tasks_chaos
from tests.faults.conftest import loopback, ready
from tests.faults.sync import chaos as threads_chaos
from tests.faults.test_chaos import judge, tell
from tests.runtime.aio.repositories import Database as AsyncDatabase
from tests.runtime.sync.repositories import Database as SyncDatabase
from tests.support.patroni import PatroniCluster, missing, patroni_cluster, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.support.patroni import Node

WORKERS: Final = 20

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
]


@pytest.fixture
def cluster() -> Iterator[PatroniCluster]:
    """Three nodes, with the shop on them."""
    with patroni_cluster([loopback() for _ in range(4)]) as cluster:
        conninfo = ready(cluster.leader().conninfo)
        with psycopg.connect(conninfo) as connection:
            connection.execute(
                "INSERT INTO counters SELECT id, 0 FROM generate_series(1, %s) AS id",
                (tasks_chaos.ACCOUNTS + WORKERS,),
            )
        yield cluster


class Pauses:
    """How long a worker that only inserts rows could not, on each way to the cluster.

    The others wait for each other's locks.
    """

    def __init__(self) -> None:
        self._written: dict[str, list[float]] = {}

    def note(self, way: str, worker: tasks_chaos.Worker | threads_chaos.Worker) -> None:
        """Note the rows that a worker has inserted by now."""
        times = self._written.setdefault(way, [])
        if len(times) < worker.counts["insert done"]:
            times.append(monotonic())

    def longest(self, start: float) -> dict[str, float]:
        """The longest pause of each way since then, in seconds."""
        found = {}
        for way, times in self._written.items():
            later = [time for time in times if time >= start]
            before = [time for time in times if time < start]
            times_ = [*before[-1:], *later, monotonic()]
            found[way] = max(b - a for a, b in pairwise(times_))
        return found


class Deeds:
    """What is done to the cluster, and how long each deed kept writes up.

    Each one ends with a cluster that is well, and with all Databases at its leader.
    """

    def __init__(self, cluster: PatroniCluster, crew: Crew) -> None:
        self.done = Counter[str]()
        self.report: list[str] = []
        self._cluster = cluster
        self._crew = crew

    def do_some(self, *, everything: bool) -> None:
        """One after the other: those that most clusters see, or all."""
        self._do(self._switch_over)
        self._do(self._kill_leader)
        if everything:
            self._do(self._kill_postgres)
            self._do(self._freeze_leader)
            self._do(self._kill_etcd)

    def _do(self, deed: Callable[[Node], None]) -> None:
        start = monotonic()
        deed(self._cluster.leader())
        self._cluster.settle()
        leader = self._cluster.leader()
        for database in self._crew.databases:
            wait_until(partial(_knows, database, leader))
        name = deed.__name__.strip("_")
        pauses = self._crew.pauses.longest(start)
        told = ", ".join(f"{way} {pause:.1f} s" for way, pause in pauses.items())
        self.report.append(f"{name}: {told}; well after {monotonic() - start:.1f} s")
        self.done[name] += 1

    def _switch_over(self, _: Node) -> None:
        self._cluster.switch_over()

    def _kill_postgres(self, leader: Node) -> None:
        leader.kill_postgres()

    def _kill_leader(self, leader: Node) -> None:
        leader.kill()
        self._cluster.other_leader(leader)
        leader.start()

    def _freeze_leader(self, leader: Node) -> None:
        leader.signal(signal.SIGSTOP)
        self._cluster.other_leader(leader)
        leader.signal(signal.SIGCONT)

    def _kill_etcd(self, leader: Node) -> None:
        self._cluster.kill_etcd()
        # Without it, nobody may be sure to be the only leader.
        wait_until(lambda: self._cluster.leader_among([leader]) is None)
        self._cluster.start_etcd()


def _knows(database: AsyncDatabase | SyncDatabase, leader: Node) -> bool:
    """Whether a Database says who is who."""
    statistics = database.statistics()
    standings = [str(replica.state) for replica in statistics.replicas]
    is_there = statistics.primary.server.startswith(f"{leader.address}:")
    return is_there and standings == ["up", "up"]


class Crew:
    """Workers on each way to the cluster: tasks and threads, on either path."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self.pauses = Pauses()
        self.workers: list[tasks_chaos.Worker | threads_chaos.Worker] = []
        self.databases: list[AsyncDatabase | SyncDatabase] = []
        self._hosts = hosts
        self._is_over = False
        self._jobs: list[asyncio.Future[None]] = []
        self._executor = ThreadPoolExecutor(WORKERS)

    async def work_until(self, done: asyncio.Future[None]) -> None:
        """Have all work, until something is done."""
        async with AsyncExitStack() as stack:
            blocking = stack.enter_context(ExitStack())
            for use_cursors in (False, True):
                db = AsyncDatabase.open(
                    self._hosts, use_cursors=use_cursors, max_size=4
                )
                self._begin_tasks(
                    await stack.enter_async_context(db), use_cursors=use_cursors
                )
                own = SyncDatabase.open(
                    self._hosts, use_cursors=use_cursors, max_size=4
                )
                entered = await asyncio.to_thread(blocking.enter_context, own)
                self._begin_threads(entered, use_cursors=use_cursors)
            try:
                await asyncio.wait(
                    [done, *self._jobs], return_when=asyncio.FIRST_COMPLETED
                )
            finally:
                self._is_over = True
            await asyncio.gather(*self._jobs, done)

    def _begin_tasks(self, db: AsyncDatabase, *, use_cursors: bool) -> None:
        self.databases.append(db)
        way = f"tasks, {'cursor' if use_cursors else 'libpq'} path"

        async def work(worker: tasks_chaos.Worker) -> None:
            while not self._is_over:
                await worker.step()

        async def insert(worker: tasks_chaos.Worker) -> None:
            while not self._is_over:
                await worker.do(worker.insert)
                self.pauses.note(way, worker)

        for job in (insert, *[work] * (WORKERS // 4 - 1)):
            worker = tasks_chaos.Worker(db, len(self.workers))
            self.workers.append(worker)
            self._jobs.append(asyncio.ensure_future(job(worker)))

    def _begin_threads(self, db: SyncDatabase, *, use_cursors: bool) -> None:
        self.databases.append(db)
        way = f"threads, {'cursor' if use_cursors else 'libpq'} path"

        def work(worker: threads_chaos.Worker) -> None:
            while not self._is_over:
                worker.step()

        def insert(worker: threads_chaos.Worker) -> None:
            while not self._is_over:
                worker.do(worker.insert)
                self.pauses.note(way, worker)

        loop = asyncio.get_running_loop()
        for job in (insert, *[work] * (WORKERS // 4 - 1)):
            worker = threads_chaos.Worker(db, len(self.workers))
            self.workers.append(worker)
            self._jobs.append(loop.run_in_executor(self._executor, job, worker))


async def test_no_write_is_lost(
    cluster: PatroniCluster, request: pytest.FixtureRequest
) -> None:
    crew = Crew([make_conninfo(node.conninfo, dbname="shop") for node in cluster.nodes])
    deeds = Deeds(cluster, crew)
    everything = request.config.getoption("--all")
    work = asyncio.to_thread(deeds.do_some, everything=everything)
    await crew.work_until(asyncio.ensure_future(work))
    leader = make_conninfo(cluster.leader().conninfo, dbname="shop")
    counts = judge(leader, crew.workers, deeds.done)
    tell("\n".join([request.node.name, *deeds.report]), counts)
    # Nothing but an unknown outcome leaves `run`.
    assert {name for name in counts if name.startswith("transfer ")} <= {
        "transfer begun",
        "transfer done",
        "transfer OutcomeUnknown",
    }
    assert counts["insert done"] > 0
