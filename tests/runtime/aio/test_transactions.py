# ruff: noqa: PT012 -- the block as a whole is what raises
"""Transaction blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.runtime import shop
from tests.runtime.aio.repositories import TaskRepository

from reposgen_runtime import Statement
from reposgen_runtime.aio import Runner
from reposgen_runtime.errors import (
    AlreadyExists,
    ReadOnlyTransaction,
    RepositoryError,
    TransactionClosed,
    TransactionFailed,
    TransactionRequired,
)

if TYPE_CHECKING:
    from tests.runtime.aio.repositories import Database


class LeaveError(Exception):
    """Raised by a test to leave a block."""


async def test_a_block_commits(db: Database) -> None:
    async with db.transaction():
        made = await db.tasks.create(title="a")
        assert await db.tasks.get(id=made.id) == made
    assert await db.tasks.count() == 1


async def test_an_exception_rolls_back(db: Database) -> None:
    with pytest.raises(LeaveError):
        async with db.transaction():
            await db.tasks.create(title="a")
            raise LeaveError
    assert await db.tasks.count() == 0


async def test_the_block_is_one_transaction(db: Database, run: Runner) -> None:
    async with db.transaction():
        first = await run.one(shop.BACKEND)
        assert await run.one(shop.BACKEND) == first


async def test_others_do_not_see_it_before_it_ends(db: Database) -> None:
    async with db.connection() as outside:
        beside = TaskRepository(outside)
        async with db.transaction():
            await db.tasks.create(title="a")
            assert await beside.count() == 0
        assert await beside.count() == 1


async def test_a_block_in_a_block_is_a_savepoint(db: Database) -> None:
    async with db.transaction():
        await db.tasks.create(title="a")
        with pytest.raises(LeaveError):
            async with db.transaction():
                await db.tasks.create(title="b")
                raise LeaveError
        with pytest.raises(AlreadyExists):
            async with db.savepoint():
                await db.tasks.create(title="c", slug="s")
                async with db.savepoint():
                    await db.tasks.create(title="d", slug="s")
        async with db.savepoint():
            await db.tasks.create(title="e")
    assert await db.tasks.count() == 2


async def test_an_inner_block_has_no_isolation_of_its_own(db: Database) -> None:
    async with db.transaction():
        with pytest.raises(RepositoryError, match="savepoint"):
            async with db.transaction(isolation="serializable"):
                pass


async def test_a_savepoint_needs_a_transaction(db: Database) -> None:
    with pytest.raises(TransactionRequired):
        async with db.savepoint():
            pass


async def test_isolation_and_read_only(db: Database) -> None:
    settings = "SELECT current_setting($1)"
    show = Statement[str]("show", settings, parameters=("text",), results=("text",))
    async with db.transaction(isolation="serializable", deferrable=True) as transaction:
        run = Runner(transaction, shop.PACKAGE)
        assert await run.one(show, ("transaction_isolation",)) == "serializable"
        assert await run.one(show, ("transaction_deferrable",)) == "on"
    with pytest.raises(ReadOnlyTransaction):
        async with db.transaction(read_only=True):
            await db.tasks.create(title="a")


async def test_a_caught_failure_does_not_pass_for_success(db: Database) -> None:
    with pytest.raises(TransactionFailed):
        async with db.transaction():
            await db.tasks.create(title="a", slug="s")
            with pytest.raises(AlreadyExists):
                await db.tasks.create(title="b", slug="s")
            with pytest.raises(TransactionFailed):
                await db.tasks.count()
    assert await db.tasks.count() == 0


async def test_a_deferred_constraint_fails_the_commit(
    db: Database, run: Runner
) -> None:
    with pytest.raises(AlreadyExists) as caught:
        async with db.transaction():
            await run.one(shop.CREATE, ("a", None, None, 1))
            await run.one(shop.CREATE, ("b", None, None, 1))
    assert caught.value.constraint == "tasks_position_key"
    assert await db.tasks.count() == 0


async def test_passed_on_explicitly(db: Database) -> None:
    async with db.transaction() as transaction:
        await TaskRepository(transaction).create(title="a")
        assert await db.tasks.count() == 1
    with pytest.raises(TransactionClosed):
        await TaskRepository(transaction).count()
    with pytest.raises(TransactionClosed):
        async with transaction.savepoint():
            pass


async def test_row_locks_need_a_transaction(db: Database, run: Runner) -> None:
    made = await db.tasks.create(title="a")
    with pytest.raises(TransactionRequired, match=r"^tasks.lock: "):
        await run.one(shop.LOCK, (made.id,))
    with pytest.raises(TransactionRequired, match=r"^tasks.lock: "):
        async with run.stream(shop.LOCK, (made.id,)) as stream:
            assert [task async for task in stream]
    async with db.transaction():
        assert await run.one(shop.LOCK, (made.id,)) == made
        assert [task async for task in run.stream(shop.LOCK, (made.id,))] == [made]


async def test_a_lost_connection_ends_the_block(db: Database, run: Runner) -> None:
    with pytest.raises(RepositoryError):
        async with db.transaction():
            pid = await run.one(shop.BACKEND)
            async with db.connection() as connection:
                assert connection.info.backend_pid == pid
                connection.pgconn.finish()
            await db.tasks.create(title="a")
    assert await db.tasks.count() == 0
