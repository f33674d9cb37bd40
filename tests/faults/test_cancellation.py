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

from reposgen.runtime.aio import Runner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TIMES: Final = 500
SIZE: Final = 3


@pytest.fixture
async def db(conninfo: str, *, plain: bool) -> AsyncIterator[Database]:
    async with Database.open(conninfo, plain=plain, max_size=SIZE, timeout=20) as db:
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
    async with run.stream(shop.NUMBERS, (3000,)) as numbers:
        async for _ in numbers:
            pass


async def cancelled_somewhere(work: asyncio.Task[None], chance: random.Random) -> None:
    """Cancel a task after some steps of the loop, perhaps twice."""
    for _ in range(1 if chance.random() < 0.7 else 2):
        for _ in range(chance.randrange(60)):
            await asyncio.sleep(0)
        work.cancel()
    with suppress(asyncio.CancelledError):
        await work


async def test_cancelled_500_times(conninfo: str, db: Database) -> None:
    chance = random.Random(1)
    rows = 0
    for _ in range(TIMES):
        await cancelled_somewhere(asyncio.create_task(everything(db)), chance)
        found = await db.tasks.count()
        assert found - rows in (0, 4)
        rows = found
    await at_rest(conninfo, db)


async def test_cancelled_beside_others(conninfo: str, db: Database) -> None:
    """The pool is used up all the time, and whoever is cancelled may be waiting."""
    chance = random.Random(2)

    async def one() -> None:
        await cancelled_somewhere(asyncio.create_task(everything(db)), chance)

    for _ in range(TIMES // 10):
        await asyncio.gather(*(one() for _ in range(10)))
    assert await db.tasks.count() % 4 == 0
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
