"""What only asyncio has: tasks and their cancellation."""

from __future__ import annotations

import asyncio
import gc
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.runtime import cached, shop
from tests.runtime.aio.repositories import Database, TaskRepository
from tests.support.redis_server import RedisServer

from reposgen_runtime.aio import Database as AnyDatabase
from reposgen_runtime.aio import Runner
from reposgen_runtime.aio._background import Worker
from reposgen_runtime.aio.cache_redis import RedisCache
from reposgen_runtime.aio.cached import CachedDatabase, cached_class
from reposgen_runtime.caching import Cache, tag
from reposgen_runtime.errors import TransactionNotShared
from reposgen_runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
    from pathlib import Path

TAG = tag("public.items", "id", "1")


@pytest.fixture
async def db(conninfo: str, *, use_cursors: bool) -> AsyncIterator[Database]:
    async with Database.open(
        conninfo, use_cursors=use_cursors, max_size=2, timeout=20
    ) as database:
        yield database


@pytest.fixture
def run(db: Database) -> Runner:
    return Runner(db, shop.PACKAGE)


async def running(conninfo: str, marker: str) -> bool:
    """Whether a statement with that text is at work on the server."""
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        cursor = await connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE state = 'active'"
            " AND datname = current_database() AND position($1 in query) > 0"
            " AND pid <> pg_backend_pid()".replace("$1", "%s"),
            (marker,),
        )
        return await cursor.fetchone() is not None


async def cancelled_at_work(
    conninfo: str, work: Coroutine[Any, Any, Any], marker: str
) -> None:
    """Cancel a coroutine as soon as its statement runs on the server."""
    task = asyncio.create_task(work)
    while not await running(conninfo, marker):
        assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    while await running(conninfo, marker):
        pass


async def test_cancelling_ends_the_query_on_the_server(
    conninfo: str, db: Database, run: Runner
) -> None:
    async def in_transaction() -> None:
        async with db.transaction():
            await run.exec(shop.SLEEP, (600.0,))

    async def streaming() -> None:
        async for _ in run.stream(shop.SLEEP, (600.0,)):
            pass

    for _ in range(3):  # more than the pool holds
        await cancelled_at_work(conninfo, run.exec(shop.SLEEP, (600.0,)), "pg_sleep")
        await cancelled_at_work(conninfo, in_transaction(), "pg_sleep")
        await cancelled_at_work(conninfo, streaming(), "pg_sleep")
    assert await db.tasks.count() == 0


async def test_cancelling_a_copy_leaves_nothing(
    conninfo: str, db: Database, run: Runner
) -> None:
    async def rows() -> AsyncGenerator[str, None]:
        for number in range(10_000):
            yield str(number)
        await asyncio.Event().wait()

    for _ in range(3):
        await cancelled_at_work(
            conninfo, run.copy_from(shop.COPY_TITLES, rows()), "COPY"
        )
    assert await db.tasks.count() == 0


async def test_cancelling_anywhere_leaves_order(db: Database, run: Runner) -> None:
    async def work() -> None:
        async with db.transaction():
            await db.tasks.create(title="a")
            await run.batch_one(shop.CREATE_ID, ["b", "c"])
            async for _ in run.stream(shop.LIST):
                pass
            await run.copy_from(shop.COPY_TITLES, ["d"])
        await db.tasks.count()

    for steps in range(100):
        before = await db.tasks.count()
        task = asyncio.create_task(work())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert await db.tasks.count() - before in (0, 4)
    # Both connections are there, and at rest.
    async with db.connection() as one, db.connection() as other:
        assert one.info.transaction_status == other.info.transaction_status == 0


async def test_a_child_does_not_share_the_transaction(db: Database) -> None:
    async with db.transaction():
        await db.tasks.create(title="a")
        with pytest.raises(TransactionNotShared, match="this task"):
            await asyncio.gather(db.tasks.count())
        with pytest.raises(TransactionNotShared):
            await asyncio.create_task(run_block(db))
        assert await db.tasks.count() == 1


async def run_block(db: Database) -> None:
    async with db.transaction():
        pass


async def test_a_child_that_is_handed_the_transaction_does(db: Database) -> None:
    async with db.transaction() as transaction:
        tasks = TaskRepository(transaction)
        await asyncio.gather(*(tasks.create(title=str(n)) for n in range(20)))
        assert await db.tasks.count() == 20


async def test_a_child_that_outlives_the_block_is_free(db: Database) -> None:
    ended = asyncio.Event()

    async def child() -> int:
        await ended.wait()
        async with db.transaction():
            return await db.tasks.count()

    async with db.transaction():
        await db.tasks.create(title="a")
        task = asyncio.create_task(child())
    ended.set()
    assert await task == 1


async def test_tasks_have_transactions_of_their_own(db: Database) -> None:
    both = asyncio.Barrier(2)

    async def work(title: str) -> int:
        async with db.transaction():
            await db.tasks.create(title=title)
            await both.wait()
            seen = await db.tasks.count()
            await both.wait()
            return seen

    assert await asyncio.gather(*map(work, "ab")) == [1, 1]
    assert await db.tasks.count() == 2


async def test_many_tasks_on_few_connections(db: Database) -> None:
    async def work(number: int) -> int:
        made = await db.tasks.create(title=str(number))
        return int((await db.tasks.get(id=made.id)).title)

    assert await asyncio.gather(*map(work, range(100))) == list(range(100))


async def test_many_tasks_on_one_connection_of_the_callers(db: Database) -> None:
    async with db.connection() as connection:
        tasks = TaskRepository(connection)
        made = await asyncio.gather(*(tasks.create(title=str(n)) for n in range(50)))
        assert [task.title for task in made] == [str(n) for n in range(50)]


async def test_a_worker_that_nothing_refers_to_is_kept() -> None:
    """What its task waits for can be garbage together with it."""
    waiting: list[weakref.ref[asyncio.Future[None]]] = []
    ended = asyncio.Event()

    async def work() -> None:
        future = asyncio.get_running_loop().create_future()
        waiting.append(weakref.ref(future))
        await future
        ended.set()

    Worker(work)
    await asyncio.sleep(0)
    gc.collect()
    future = waiting[0]()
    assert future is not None
    future.set_result(None)
    await ended.wait()


async def test_a_writer_that_is_cancelled_while_it_sets_its_mark(
    make_database: Callable[[str], str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing has changed, so the mark is taken off, and the transaction undone."""
    server = RedisServer(tmp_path)
    is_waiting = asyncio.Event()
    mark = RedisCache.mark

    async def mark_and_wait(this: RedisCache, *args: Any) -> None:  # noqa: ANN401 -- its arguments
        await mark(this, *args)
        is_waiting.set()
        await asyncio.sleep(600)

    try:
        settings = Settings(
            conninfo=make_database(cached.SCHEMA), cache=Cache(redis=server.url)
        )
        async with cached_class(AnyDatabase)(settings, package=cached.PACKAGE) as db:
            assert isinstance(db, CachedDatabase)
            run = Runner(db, cached.PACKAGE)
            await run.exec(cached.RENAME, (1, "before"))
            monkeypatch.setattr(RedisCache, "mark", mark_and_wait)
            task = asyncio.create_task(run.exec(cached.RENAME, (1, "after")))
            await is_waiting.wait()
            assert db.cache.memory.is_marked([TAG])
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not db.cache.memory.is_marked([TAG])
            assert (await run.one(cached.GET, (1,))).title == "before"
    finally:
        server.kill()
