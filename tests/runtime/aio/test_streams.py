# ruff: noqa: PT012 -- the block as a whole is what raises
"""Rows one after the other."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
from tests.runtime import shop
from tests.runtime.aio.repositories import TaskRepository

from reposgen_runtime import Statement
from reposgen_runtime.aio import Runner
from reposgen_runtime.errors import ConnectionInUse, DataRejected

if TYPE_CHECKING:
    from tests.runtime.aio.repositories import Database

FAILS_LATE = Statement[int](
    "late",
    "SELECT 1 / (2500 - n) FROM generate_series(1, $1) AS n",
    parameters=("int4",),
    results=("int4",),
    read_only=True,
)


class LeaveError(Exception):
    """Raised by a test to leave a block."""


async def test_all_rows(db: Database, run: Runner) -> None:
    for count in (0, 1, 999, 1000, 1001, 5000):
        stream = run.stream(shop.NUMBERS, (count,))
        assert [row async for row in stream] == list(range(1, count + 1))
        async with db.transaction():
            stream = run.stream(shop.NUMBERS, (count,))
            assert [row async for row in stream] == list(range(1, count + 1))


async def test_rows_are_built_as_elsewhere(run: Runner) -> None:
    made = await run.one(shop.CREATE, ("a", None, None, None))
    assert [task async for task in run.stream(shop.LIST)] == [made]


async def test_leaving_early_frees_the_connection(db: Database, run: Runner) -> None:
    for _ in range(8):  # twice what the pool holds
        async with run.stream(shop.NUMBERS, (10**8,)) as stream:
            async for row in stream:
                if row == 3:
                    break
        with pytest.raises(LeaveError):
            async with run.stream(shop.NUMBERS, (10**8,)) as stream:
                async for _ in stream:
                    raise LeaveError
    assert await db.tasks.count() == 0


async def test_an_error_half_way(db: Database, run: Runner) -> None:
    seen = 0
    with pytest.raises(DataRejected, match=r"^late: "):
        async with run.stream(FAILS_LATE, (5000,)) as stream:
            async for _ in stream:
                seen += 1
    assert seen <= 2500
    assert await db.tasks.count() == 0


async def test_in_a_transaction_other_statements_may_run_between(
    db: Database, run: Runner
) -> None:
    await run.batch_one(shop.CREATE_ID, (str(n) for n in range(1500)))
    async with db.transaction():
        async for task in run.stream(shop.LIST):
            await run.exec(shop.CLOSE, (task.id,))
        with pytest.raises(LeaveError):
            async for _ in run.stream(shop.LIST):
                raise LeaveError
        assert await run.many(shop.BY_STATUS, (["todo"],)) == []


async def test_on_a_connection_it_has_to_itself(db: Database) -> None:
    async with db.connection() as connection:
        repository = TaskRepository(connection)
        run = repository._run  # noqa: SLF001 - the same connection
        async with run.stream(shop.NUMBERS, (10**6,)) as stream:
            async for _ in stream:
                with pytest.raises(ConnectionInUse):
                    await repository.count()
                break
        assert await repository.count() == 0


async def test_a_write_streams_in_a_transaction_as_well(
    db: Database, run: Runner
) -> None:
    close_all = Statement[str](
        "close_all",
        "UPDATE tasks SET status = 'done' RETURNING title",
        results=("text",),
    )
    await run.batch_one(shop.CREATE_ID, ["a", "b"])
    async with db.transaction():
        assert {row async for row in run.stream(close_all)} == {"a", "b"}
    assert await run.many(shop.BY_STATUS, (["todo"],)) == []


async def test_memory_stays_constant(db: Database, run: Runner) -> None:
    wide = Statement[str](
        "wide",
        "SELECT repeat('x', 1000) FROM generate_series(1, $1)",
        parameters=("int4",),
        results=("text",),
        read_only=True,
    )
    async with db.connection():
        assert len([row async for row in run.stream(wide, (1000,))]) == 1000
        tracemalloc.start()
        try:
            total = 0
            async for row in run.stream(wide, (20_000,)):
                total += len(row)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert total == 20_000_000
    assert peak < 5_000_000


async def test_a_batch_behind_a_stream(db: Database) -> None:
    """Its results come as a whole, though the connection's last ones did not."""
    async with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        for _ in range(2):
            assert await run.batch_many(shop.NUMBERS, [2, 1]) == [[1, 2], [1]]
            assert [number async for number in run.stream(shop.NUMBERS, (2,))] == [1, 2]
