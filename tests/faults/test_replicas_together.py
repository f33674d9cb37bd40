"""Replicas that many tasks read from, or many threads."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Final

from tests.faults.aio.test_replicas import WHERE
from tests.runtime import shop
from tests.runtime.aio.repositories import Database as AsyncDatabase
from tests.runtime.sync.repositories import Database as SyncDatabase

from reposgen_runtime.aio import Runner as AsyncRunner
from reposgen_runtime.sync import Runner as SyncRunner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.support.replica import Replica

    from reposgen_runtime.settings import Options

WORKERS: Final = 10
READS: Final = 50


def options(replica: Replica) -> Options:
    """Fewer connections than there are readers: some wait as the replica dies."""
    return {
        "replicas": [replica.conninfo],
        "replica_interval": 0.05,
        "max_size": 4,
        "max_lag": None,
    }


@asynccontextmanager
async def with_tasks(primary: str, replica: Replica) -> AsyncIterator[AsyncDatabase]:
    async with AsyncDatabase.open(primary, **options(replica)) as db:
        while not await AsyncRunner(db, shop.PACKAGE).one(WHERE):
            pass
        yield db


@contextmanager
def with_threads(primary: str, replica: Replica) -> Iterator[SyncDatabase]:
    with SyncDatabase.open(primary, **options(replica)) as db:
        while not SyncRunner(db, shop.PACKAGE).one(WHERE):
            pass
        yield db


async def test_tasks_read_as_it_dies(primary: str, replica: Replica) -> None:
    dead, back = asyncio.Event(), asyncio.Event()
    async with with_tasks(primary, replica) as db:
        run = AsyncRunner(db, shop.PACKAGE)

        async def work() -> None:
            for _ in range(READS):
                assert await run.one(WHERE) in {True, False}
            # Whoever can read from the primary has noticed.
            while await run.one(WHERE):
                pass
            dead.set()
            while not back.is_set():
                await run.one(WHERE)
            while not await run.one(WHERE):
                pass

        async def kill() -> None:
            await asyncio.to_thread(replica.kill)
            await dead.wait()
            await asyncio.to_thread(replica.start)
            back.set()

        await asyncio.gather(kill(), *(work() for _ in range(WORKERS)))


def test_threads_read_as_it_dies(primary: str, replica: Replica) -> None:
    dead, back = threading.Event(), threading.Event()
    with with_threads(primary, replica) as db:
        run = SyncRunner(db, shop.PACKAGE)

        def work() -> None:
            for _ in range(READS):
                assert run.one(WHERE) in {True, False}
            while run.one(WHERE):
                pass
            dead.set()
            while not back.is_set():
                run.one(WHERE)
            while not run.one(WHERE):
                pass

        with ThreadPoolExecutor(WORKERS) as pool:
            workers = [pool.submit(work) for _ in range(WORKERS)]
            replica.kill()
            dead.wait()
            replica.start()
            back.set()
            for worker in workers:
                worker.result()


async def test_what_other_tasks_have_written(primary: str, replica: Replica) -> None:
    async with with_tasks(primary, replica) as db:
        replica.tell("SELECT pg_wal_replay_pause()")

        async def write() -> None:
            await db.tasks.create(title="a")

        for count in range(1, 6):
            await asyncio.gather(*(write() for _ in range(WORKERS)))
            assert await db.tasks.count() == count * WORKERS
        replica.tell("SELECT pg_wal_replay_resume()")


def test_what_other_threads_have_written(primary: str, replica: Replica) -> None:
    with with_threads(primary, replica) as db, ThreadPoolExecutor(WORKERS) as pool:
        replica.tell("SELECT pg_wal_replay_pause()")
        for count in range(1, 6):
            for task in [
                pool.submit(db.tasks.create, title="a") for _ in range(WORKERS)
            ]:
                task.result()
            assert db.tasks.count() == count * WORKERS
        replica.tell("SELECT pg_wal_replay_resume()")


async def test_each_task_sees_what_it_wrote(primary: str, replica: Replica) -> None:
    """While the replica follows, writes and reads take turns, at random."""
    async with with_tasks(primary, replica) as db:
        run = AsyncRunner(db, shop.PACKAGE)
        places = set[bool]()

        async def work() -> None:
            for _ in range(READS):
                task = await db.tasks.create(title="a")
                for _ in range(5):
                    assert await db.tasks.get(id=task.id) == task
                    places.add(await run.one(WHERE))
                    await asyncio.sleep(0)

        await asyncio.gather(*(work() for _ in range(4)))
        while not await run.one(WHERE):
            pass
        assert False in places


def test_each_thread_sees_what_it_wrote(primary: str, replica: Replica) -> None:
    with with_threads(primary, replica) as db:

        def work() -> None:
            for _ in range(READS):
                task = db.tasks.create(title="a")
                for _ in range(5):
                    assert db.tasks.get(id=task.id) == task

        with ThreadPoolExecutor(4) as pool:
            for worker in [pool.submit(work) for _ in range(4)]:
                worker.result()


async def test_tasks_of_a_block_read_from_the_primary(
    primary: str, replica: Replica
) -> None:
    async with with_tasks(primary, replica) as db:
        run = AsyncRunner(db, shop.PACKAGE)

        is_left = asyncio.Event()

        async def where() -> bool:
            await is_left.wait()
            return await run.one(WHERE)

        async with db.primary():
            inside = asyncio.create_task(where())
        outside = asyncio.create_task(where())
        is_left.set()
        assert (await inside, await outside) == (False, True)


def test_threads_have_blocks_of_their_own(primary: str, replica: Replica) -> None:
    with with_threads(primary, replica) as db, ThreadPoolExecutor(1) as pool:
        run = SyncRunner(db, shop.PACKAGE)
        with db.primary():
            assert pool.submit(run.one, WHERE).result()
            assert not pool.submit(copy_context().run, run.one, WHERE).result()
            assert not run.one(WHERE)
