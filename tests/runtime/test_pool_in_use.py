# ruff: noqa: ASYNC110 -- nobody is told when a call begins to wait
"""A pool that others use meanwhile: tasks, and threads."""

from __future__ import annotations

import asyncio
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.runtime import shop
from tests.runtime.aio.repositories import Database as AsyncDatabase
from tests.runtime.sync.repositories import Database

from reposgen_runtime import aio, sync
from reposgen_runtime.errors import PoolClosed, PoolFull, StatementTimeout


async def test_tasks_that_would_wait_in_vain(conninfo: str) -> None:
    async with AsyncDatabase.open(conninfo, max_size=1, max_waiting=1) as db:
        async with db.connection():
            waits = asyncio.create_task(db.tasks.count())
            while db.statistics().primary.waiting == 0:
                await asyncio.sleep(0)
            with pytest.raises(PoolFull, match="1 calls wait for a connection already"):
                await db.tasks.count()
        assert await waits == 0


def test_threads_that_would_wait_in_vain(conninfo: str) -> None:
    with (
        ThreadPoolExecutor(1) as threads,
        Database.open(conninfo, max_size=1, max_waiting=1) as db,
    ):
        with db.connection():
            waits = threads.submit(db.tasks.count)
            while db.statistics().primary.waiting == 0:
                pass
            with pytest.raises(PoolFull):
                db.tasks.count()
        assert waits.result() == 0


async def test_closed_while_a_task_is_at_work(conninfo: str) -> None:
    goes_on = asyncio.Event()

    async def work() -> int:
        async with db.transaction():
            await db.tasks.create(title="a")
            await goes_on.wait()
            return await db.tasks.count()

    async with AsyncDatabase.open(conninfo) as db:
        working = asyncio.create_task(work())
        while db.statistics().primary.in_use == 0:
            await asyncio.sleep(0)
        closing = asyncio.create_task(db.close(timeout=60))
        await asyncio.sleep(0)
        with pytest.raises(PoolClosed):
            await asyncio.create_task(db.tasks.count())
        assert not closing.done()
        goes_on.set()
        await closing
        assert await working == 1
    async with AsyncDatabase.open(conninfo) as db:
        assert await db.tasks.count() == 1


def test_closed_while_a_thread_is_at_work(conninfo: str) -> None:
    begun, goes_on = threading.Event(), threading.Event()

    def work() -> int:
        with db.transaction():
            db.tasks.create(title="a")
            begun.set()
            goes_on.wait()
            return db.tasks.count()

    with ThreadPoolExecutor(2) as executor, Database.open(conninfo) as db:
        working = executor.submit(work)
        begun.wait()
        closing = executor.submit(db.close, timeout=60)
        while db.statistics().primary.size:
            pass
        with pytest.raises(PoolClosed):
            db.tasks.count()
        assert not closing.done()
        goes_on.set()
        closing.result()
        assert working.result() == 1


def test_closed_while_threads_hand_connections_on(conninfo: str) -> None:
    def work() -> int:
        for calls in itertools.count():
            try:
                db.tasks.count()
            except PoolClosed:
                return calls
        raise AssertionError

    mine = make_conninfo(conninfo, application_name="handed on")
    ask = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'handed on'"
    with ThreadPoolExecutor(4) as executor, psycopg.connect(conninfo) as other:
        other.autocommit = True
        for _ in range(5):
            with Database.open(mine, min_size=2, max_size=3) as db:
                working = [executor.submit(work) for _ in range(4)]
                while db.statistics().primary.requests < 50:
                    pass
                db.close()
                assert sum(each.result() for each in working) >= 50 - 4
        while other.execute(ask).fetchone() != (0,):
            pass


async def test_closed_on_a_task_that_does_not_end(conninfo: str) -> None:
    async with AsyncDatabase.open(conninfo) as db:
        run = aio.Runner(db, shop.PACKAGE)
        working = asyncio.create_task(run.exec(shop.SLEEP, (600.0,)))
        while db.statistics().primary.in_use == 0:
            await asyncio.sleep(0)
        await db.close(timeout=0.2)
        with pytest.raises(StatementTimeout):
            await working


def test_closed_on_a_thread_that_does_not_end(conninfo: str) -> None:
    with ThreadPoolExecutor(1) as executor, Database.open(conninfo) as db:
        run = sync.Runner(db, shop.PACKAGE)
        working = executor.submit(run.exec, shop.SLEEP, (600.0,))
        while db.statistics().primary.in_use == 0:
            pass
        db.close(timeout=0.2)
        with pytest.raises(StatementTimeout):
            working.result()
