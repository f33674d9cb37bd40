"""Tasks that are cancelled by scopes: anyio's do so again and again."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final

import anyio
import psycopg
import pytest
from tests.runtime import shop
from tests.runtime.aio.repositories import Database
from tests.runtime.sync.repositories import Database as SyncDatabase

from reposgen_runtime import Statement
from reposgen_runtime.aio import Runner
from reposgen_runtime.errors import ConnectionLost, RepositoryError, Unavailable
from reposgen_runtime.sync import Runner as SyncRunner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from tests.support.proxy import Proxy

    Work = Callable[[Database, Runner], Awaitable[object]]

SIZE: Final = 3
SOON: Final = 0.1
LONG: Final = 600.0
SLOW_ROWS: Final = Statement[float](
    "slow_rows",
    "SELECT pg_sleep($1)::text::float8 FROM generate_series(1, 3)",
    parameters=("float8",),
    results=("float8",),
    read_only=True,
)


@pytest.fixture
async def db(conninfo: str, *, use_cursors: bool) -> AsyncIterator[Database]:
    async with Database.open(
        conninfo, use_cursors=use_cursors, max_size=SIZE, timeout=20
    ) as db:
        yield db


async def statement(_: Database, run: Runner) -> None:
    await run.exec(shop.SLEEP, (LONG,))


async def transaction(db: Database, run: Runner) -> None:
    async with db.transaction():
        await db.tasks.create(title="not to be")
        await run.exec(shop.SLEEP, (LONG,))


async def savepoint(db: Database, run: Runner) -> None:
    async with db.transaction(), db.savepoint():
        await db.tasks.create(title="not to be")
        await run.exec(shop.SLEEP, (LONG,))


async def between(db: Database, _: Runner) -> None:
    async with db.transaction():
        await db.tasks.create(title="not to be")
        await asyncio.Event().wait()


async def batch(_: Database, run: Runner) -> None:
    await run.batch_exec(shop.SLEEP, [0.0, LONG])


async def pipeline(db: Database, run: Runner) -> None:
    async with db.pipeline() as pipeline:
        pipeline.add(db.tasks.count)
        pipeline.add(run.exec, shop.SLEEP, (LONG,))


async def stream(_: Database, run: Runner) -> None:
    async with run.stream(SLOW_ROWS, (LONG,)) as rows:
        async for _row in rows:
            pass


async def half_a_stream(_: Database, run: Runner) -> None:
    async with run.stream(shop.NUMBERS, (10_000_000,)) as rows:
        async for _row in rows:
            await asyncio.Event().wait()


async def export(_: Database, run: Runner) -> None:
    async for _block in run.copy_to(SLOW_ROWS, (LONG,)):
        pass


async def copy(_: Database, run: Runner) -> None:
    async def titles() -> AsyncIterator[str]:
        yield "not to be"
        await asyncio.Event().wait()

    await run.copy_from(shop.COPY_TITLES, titles())


async def by_anyio(work: Awaitable[object]) -> None:
    with anyio.move_on_after(SOON) as scope:
        await work
    assert scope.cancelled_caught


async def by_asyncio(work: Awaitable[object]) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(SOON):
            await work


@pytest.mark.parametrize("cancelled", [by_anyio, by_asyncio])
@pytest.mark.parametrize(
    "work",
    [
        statement,
        transaction,
        savepoint,
        between,
        batch,
        pipeline,
        stream,
        half_a_stream,
        export,
        copy,
    ],
)
async def test_nothing_goes_on(
    conninfo: str,
    db: Database,
    work: Work,
    cancelled: Callable[[Awaitable[object]], Awaitable[None]],
) -> None:
    run = Runner(db, shop.PACKAGE)
    for _ in range(2 * SIZE):
        await cancelled(work(db, run))
    with psycopg.connect(conninfo, autocommit=True) as admin:
        # What is cancelled ends: with the statements alone, this would never come.
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND datname = current_database() AND state <> 'idle'"
        )
        while admin.execute(query).fetchone() != (0,):  # noqa: ASYNC110 -- the server tells nobody
            await asyncio.sleep(0.01)
    assert await db.tasks.count() == 0
    if work in (statement, transaction, savepoint, between, batch, pipeline):
        assert db.statistics().primary.connections_lost == 0


async def test_what_a_savepoint_undoes(db: Database) -> None:
    """The scope ends within the transaction, which goes on."""
    run = Runner(db, shop.PACKAGE)
    called: list[str] = []
    async with db.transaction():
        await db.tasks.create(title="kept")
        with anyio.move_on_after(SOON):
            async with db.savepoint():
                await db.tasks.create(title="undone")
                db.on_commit(lambda: called.append("undone"))
                await run.exec(shop.SLEEP, (LONG,))
        db.on_commit(lambda: called.append("kept"))
        await db.tasks.create(title="kept, too")
    assert await db.tasks.count() == 2
    assert called == ["kept"]


async def test_a_frozen_server(proxy: Proxy, *, use_cursors: bool) -> None:
    """Nothing can be cancelled there: the connection is dropped."""
    async with Database.open(
        proxy.conninfo,
        use_cursors=use_cursors,
        cancel_timeout=SOON,
        timeout=1,
        breaker=None,
    ) as db:
        run = Runner(db, shop.PACKAGE)
        works: list[Work] = [statement, transaction, savepoint, pipeline, batch, stream]
        for work in works:
            for cancelled in (by_anyio, by_asyncio):
                while not await db.is_healthy():
                    pass
                proxy.fall_silent()
                await cancelled(work(db, run))
                proxy.speak()
        while not await db.is_healthy():
            pass
        assert await db.tasks.count() == 0


async def test_cancelled_while_waiting_for_a_connection(
    conninfo: str, *, use_cursors: bool
) -> None:
    """A cancellation that meets the connection is not lost."""
    async with Database.open(
        conninfo, use_cursors=use_cursors, max_size=1, timeout=20
    ) as db:
        run = Runner(db, shop.PACKAGE)
        for number in range(100):
            holder = asyncio.create_task(run.exec(shop.SLEEP, (0.0,)))
            await asyncio.sleep(0)
            waiting = [
                asyncio.create_task(run.exec(shop.SLEEP, (0.0,))) for _ in range(5)
            ]
            for _ in range(number % 25):
                await asyncio.sleep(0)
            asked = [task for task in waiting if task.cancel()]
            await asyncio.wait([holder, *waiting])
            assert all(task.cancelled() for task in asked)
            assert await db.tasks.count() == 0


async def test_closing_while_the_server_is_frozen(
    proxy: Proxy, *, use_cursors: bool
) -> None:
    db = Database.open(proxy.conninfo, use_cursors=use_cursors, cancel_timeout=SOON)
    async with db:
        await db.tasks.count()
        proxy.fall_silent()
        call = asyncio.create_task(db.tasks.count())
        while not db.statistics().primary.in_use:  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        await db.close(timeout=SOON)
        with pytest.raises(ConnectionLost):
            await call
        proxy.speak()


@pytest.fixture
def threads(proxy: Proxy, *, use_cursors: bool) -> Iterator[SyncDatabase]:
    with SyncDatabase.open(
        proxy.conninfo, use_cursors=use_cursors, cancel_timeout=SOON
    ) as db:
        yield db


def test_closing_while_the_server_is_frozen_and_a_thread_waits(
    proxy: Proxy, threads: SyncDatabase
) -> None:
    failures: list[RepositoryError] = []

    def call() -> None:
        try:
            SyncRunner(threads, shop.PACKAGE).one(shop.COUNT)
        except RepositoryError as error:
            failures.append(error)

    threads.tasks.count()
    proxy.fall_silent()
    thread = threading.Thread(target=call)
    thread.start()
    while not threads.statistics().primary.in_use:
        pass
    threads.close(timeout=SOON)
    thread.join()
    proxy.speak()
    assert isinstance(failures[0], Unavailable)


async def test_another_loop(conninfo: str, *, use_cursors: bool) -> None:
    errors: list[RepositoryError] = []

    async def use(db: Database) -> None:
        for work in (db.tasks.count, db.health, db.close):
            try:
                await work()
            except RepositoryError as error:
                errors.append(error)

    async with Database.open(conninfo, use_cursors=use_cursors) as db:
        await db.tasks.count()
        await asyncio.to_thread(lambda: asyncio.run(use(db)))
        assert [str(error) for error in errors] == [
            "this Database was opened in another process or event loop: open one here"
        ] * 3
        assert await db.tasks.count() == 0
