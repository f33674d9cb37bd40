"""Transactions in each other's way: tasks, and threads."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import pytest
from tests.runtime import shop
from tests.runtime.aio.repositories import Database as AsyncDatabase
from tests.runtime.sync.repositories import Database as SyncDatabase

from reposgen_runtime import Statement
from reposgen_runtime.aio import Runner as AsyncRunner
from reposgen_runtime.errors import Deadlock, SerializationFailure
from reposgen_runtime.sync import Runner as SyncRunner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

WORKERS: Final = 20
ROUNDS: Final = 5

READ = Statement[int](
    "counters.read",
    "SELECT value FROM counters WHERE id = $1",
    parameters=("int4",),
    results=("int4",),
    read_only=True,
)
WRITE = Statement[None](
    "counters.write",
    "UPDATE counters SET value = $2 WHERE id = $1",
    parameters=("int4", "int4"),
)
ADD = Statement[None](
    "counters.add",
    "UPDATE counters SET value = value + 1 WHERE id = $1",
    parameters=("int4",),
)


@pytest.fixture
async def tasks(conninfo: str, *, use_cursors: bool) -> AsyncIterator[AsyncDatabase]:
    async with AsyncDatabase.open(
        conninfo, use_cursors=use_cursors, max_size=WORKERS
    ) as db:
        yield db


@pytest.fixture
def threads(conninfo: str, *, use_cursors: bool) -> Iterator[SyncDatabase]:
    with SyncDatabase.open(conninfo, use_cursors=use_cursors, max_size=WORKERS) as db:
        yield db


async def test_tasks_count_together(tasks: AsyncDatabase) -> None:
    run = AsyncRunner(tasks, shop.PACKAGE)

    async def count() -> None:
        value = await run.one(READ, (1,))
        await run.exec(WRITE, (1, value + 1))

    async def work() -> None:
        for _ in range(ROUNDS):
            await tasks.run(count, isolation="serializable", retries=1000)

    await asyncio.gather(*(work() for _ in range(WORKERS)))
    assert await run.one(READ, (1,)) == WORKERS * ROUNDS


def test_threads_count_together(threads: SyncDatabase) -> None:
    run = SyncRunner(threads, shop.PACKAGE)

    def count() -> None:
        value = run.one(READ, (1,))
        run.exec(WRITE, (1, value + 1))

    def work(_: int) -> None:
        for _ in range(ROUNDS):
            threads.run(count, isolation="serializable", retries=1000)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, range(WORKERS)))
    assert run.one(READ, (1,)) == WORKERS * ROUNDS


async def test_without_another_try_one_of_two_fails(tasks: AsyncDatabase) -> None:
    run = AsyncRunner(tasks, shop.PACKAGE)
    both = asyncio.Barrier(2)

    async def count() -> None:
        value = await run.one(READ, (1,))
        await both.wait()
        await run.exec(WRITE, (1, value + 1))

    outcomes = await asyncio.gather(
        *(tasks.run(count, isolation="serializable", retries=0) for _ in range(2)),
        return_exceptions=True,
    )
    failures = [outcome for outcome in outcomes if outcome is not None]
    assert [type(failure) for failure in failures] == [SerializationFailure]
    assert await run.one(READ, (1,)) == 1


async def test_tasks_in_a_deadlock(tasks: AsyncDatabase) -> None:
    run = AsyncRunner(tasks, shop.PACKAGE)
    both = asyncio.Barrier(2)
    tries: list[int] = []

    async def cross(first: int, second: int) -> None:
        tries.append(first)
        await run.exec(ADD, (first,))
        if len(tries) <= 2:
            await both.wait()
        await run.exec(ADD, (second,))

    await asyncio.gather(tasks.run(cross, 1, 2), tasks.run(cross, 2, 1))
    assert len(tries) == 3
    assert [await run.one(READ, (counter,)) for counter in (1, 2)] == [2, 2]


def test_threads_in_a_deadlock(threads: SyncDatabase) -> None:
    run = SyncRunner(threads, shop.PACKAGE)
    both = threading.Barrier(2, timeout=20)
    tries: list[int] = []

    def cross(first: int, second: int) -> None:
        tries.append(first)
        run.exec(ADD, (first,))
        if len(tries) <= 2:
            both.wait()
        run.exec(ADD, (second,))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda pair: threads.run(cross, *pair), [(1, 2), (2, 1)]))
    assert len(tries) == 3
    assert [run.one(READ, (counter,)) for counter in (1, 2)] == [2, 2]


async def test_a_deadlock_is_told(tasks: AsyncDatabase) -> None:
    run = AsyncRunner(tasks, shop.PACKAGE)
    both = asyncio.Barrier(2)

    async def cross(first: int, second: int) -> None:
        async with tasks.transaction():
            await run.exec(ADD, (first,))
            await both.wait()
            await run.exec(ADD, (second,))

    outcomes = await asyncio.gather(cross(1, 2), cross(2, 1), return_exceptions=True)
    failures = [outcome for outcome in outcomes if outcome is not None]
    assert [type(failure) for failure in failures] == [Deadlock]
