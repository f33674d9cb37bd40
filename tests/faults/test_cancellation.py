"""Tasks that are cancelled anywhere, once and twice."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import psycopg
import pytest
from tests.runtime import shop
from tests.runtime.aio.repositories import Database

from reposgen_runtime.aio import Runner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TIMES: Final = 500
SIZE: Final = 3


@pytest.fixture
async def db(conninfo: str, *, use_cursors: bool) -> AsyncIterator[Database]:
    async with Database.open(
        conninfo, use_cursors=use_cursors, max_size=SIZE, timeout=20
    ) as db:
        yield db


async def everything(db: Database) -> None:
    """Four rows in one transaction, or none; and then some reading."""
    run = Runner(db, shop.PACKAGE)
    async with db.transaction(timeout=20):
        await db.tasks.create(title="a")
        async with db.savepoint("half") as savepoint:
            await db.tasks.create(title="not to be")
            await savepoint.rollback()
        await run.batch_one(shop.CREATE_ID, ["b", "c"])
        async for _ in run.stream(shop.LIST):
            pass
        await run.copy_from(shop.COPY_TITLES, ["d"])
    await db.tasks.count()
    # Long enough to come in chunks.
    assert len(await run.many(shop.NUMBERS, (3000,))) == 3000
    async with db.pipeline() as pipeline:
        pipeline.add(db.tasks.count)
        pipeline.add(run.execrows, shop.CLOSE, (0,))
    async with run.stream(shop.NUMBERS, (3000,)) as numbers:
        async for _ in numbers:
            pass


async def steps_of(db: Database) -> int:
    """How often the loop turns for all of it."""
    for _ in range(3):
        await everything(db)
    work = asyncio.create_task(everything(db))
    steps = 0
    while not work.done():
        await asyncio.sleep(0)
        steps += 1
    return steps


async def cancelled_somewhere(
    work: asyncio.Task[None], steps: int, chance: random.Random
) -> None:
    """Cancel a task after some steps of the loop, perhaps twice."""
    for times in (1, 2) if chance.random() < 0.3 else (1,):
        for _ in range(chance.randrange(steps // times)):
            await asyncio.sleep(0)
        work.cancel()
    with suppress(asyncio.CancelledError):
        await work


async def test_cancelled_500_times(conninfo: str, db: Database) -> None:
    chance = random.Random(1)
    steps = await steps_of(db)
    rows = await db.tasks.count()
    kept = 0
    for _ in range(TIMES):
        work = asyncio.create_task(everything(db))
        await cancelled_somewhere(work, steps, chance)
        found = await db.tasks.count()
        assert found - rows in (0, 4)
        kept += found > rows
        rows = found
    assert 0 < kept < TIMES
    await at_rest(conninfo, db)


async def test_cancelled_beside_others(conninfo: str, db: Database) -> None:
    """The pool is used up all the time, and whoever is cancelled may be waiting."""
    chance = random.Random(2)
    steps = await steps_of(db)

    async def one() -> None:
        work = asyncio.create_task(everything(db))
        await cancelled_somewhere(work, steps, chance)

    for _ in range(TIMES // 10):
        await asyncio.gather(*(one() for _ in range(10)))
    assert await db.tasks.count() % 4 == 0
    await at_rest(conninfo, db)


async def test_cancelled_again_and_again(
    conninfo: str, db: Database, *, use_cursors: bool
) -> None:
    """What gives the connection back is cancelled, too."""
    chance = random.Random(3)

    async def wait(lonely: Database) -> None:
        async with lonely.transaction():
            await lonely.tasks.create(title="not to be")
            await asyncio.Event().wait()

    async with Database.open(
        conninfo, use_cursors=use_cursors, max_size=1, timeout=5
    ) as lonely:
        for _ in range(TIMES):
            work = asyncio.create_task(wait(lonely))
            for _ in range(chance.randrange(10)):
                await asyncio.sleep(0)
            while not work.done():
                work.cancel()
                for _ in range(chance.randrange(10)):
                    await asyncio.sleep(0)
            assert await lonely.tasks.count() == 0
    await at_rest(conninfo, db)


async def test_cancelled_while_the_pool_tidies(
    conninfo: str, db: Database, *, use_cursors: bool
) -> None:
    """A connection comes back from a transaction, and the cancellation goes on."""

    async def leave_open(lonely: Database) -> None:
        async with lonely.connection() as connection:
            await connection.execute("BEGIN")

    async with Database.open(
        conninfo, use_cursors=use_cursors, max_size=1, timeout=5
    ) as lonely:
        steps = 0
        is_late = False
        while not is_late:
            work = asyncio.create_task(leave_open(lonely))
            for _ in range(steps):
                await asyncio.sleep(0)
            is_late = not work.cancel()
            if not is_late:
                with pytest.raises(asyncio.CancelledError):
                    await work
            assert await lonely.tasks.count() == 0
            steps += 1
    await at_rest(conninfo, db)


async def test_cancelled_while_giving_back(conninfo: str, db: Database) -> None:
    """Connections change hands all the time, under a pool's lock that many want."""
    chance = random.Random(3)

    async def use() -> None:
        async with db.connection():
            for _ in range(chance.randrange(3)):
                await asyncio.sleep(0)

    async def one() -> None:
        work = asyncio.create_task(use())
        await cancelled_somewhere(work, 25, chance)

    for _ in range(60):
        await asyncio.gather(*(one() for _ in range(12)))
    await at_rest(conninfo, db)


async def at_rest(conninfo: str, db: Database) -> None:
    """All connections are there, and none is in the midst of something."""
    async with db.connection() as one, db.connection() as two, db.connection() as three:
        for connection in (one, two, three):
            status = connection.info.transaction_status
            assert status == psycopg.pq.TransactionStatus.IDLE
            assert connection.info.pipeline_status == psycopg.pq.PipelineStatus.OFF
    with psycopg.connect(conninfo, autocommit=True) as admin:
        busy = admin.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND state <> 'idle'"
        ).fetchone()
        assert busy == (0,)
