# ruff: noqa: PT012 -- the block as a whole is what raises
"""A server that takes what is said, and does not answer any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from tests.runtime import shop
from tests.runtime.aio.repositories import Database

from reposgen_runtime import Statement
from reposgen_runtime.aio import Runner
from reposgen_runtime.errors import (
    ConnectionLost,
    OutcomeUnknown,
    TransactionTimeout,
    Unavailable,
)

if TYPE_CHECKING:
    from tests.support.proxy import Proxy


SOON: Final = 0.2
COUNT_SOON: Final = Statement[int](
    "count_soon",
    "SELECT count(*) FROM tasks",
    results=("int8",),
    read_only=True,
    timeout=SOON,
)


def opened(
    proxy: Proxy, *, use_cursors: bool, statement_timeout: float | None = None
) -> Database:
    return Database.open(
        proxy.conninfo,
        use_cursors=use_cursors,
        statement_timeout=statement_timeout,
        max_size=2,
        timeout=1,
        cancel_timeout=SOON,
        breaker=None,
    )


async def test_a_statement_under_a_limit(proxy: Proxy, *, use_cursors: bool) -> None:
    async with opened(proxy, use_cursors=use_cursors, statement_timeout=SOON) as db:
        assert await db.tasks.count() == 0
        proxy.fall_silent()
        with pytest.raises(ConnectionLost, match=r"did not answer within 0\.4 s"):
            await db.tasks.count()
        proxy.speak()
        while not await db.is_healthy():
            pass
        await db.tasks.create(title="a")
        proxy.fall_silent()
        # On the cursor path, COMMIT of the write's own transaction was never sent.
        with pytest.raises(ConnectionLost if use_cursors else OutcomeUnknown):
            await db.tasks.create(title="b")
        proxy.speak()


async def test_a_statement_with_a_limit_of_its_own(
    proxy: Proxy, *, use_cursors: bool
) -> None:
    async with opened(proxy, use_cursors=use_cursors) as db:
        run = Runner(db, shop.PACKAGE)
        assert await run.one(COUNT_SOON) == 0
        # Without a limit there is none here either.
        await run.exec(shop.SLEEP, (3 * SOON,))
        proxy.fall_silent()
        with pytest.raises(ConnectionLost):
            await run.one(COUNT_SOON)
        proxy.speak()


async def test_a_transaction_with_a_limit(proxy: Proxy, *, use_cursors: bool) -> None:
    async with opened(proxy, use_cursors=use_cursors) as db:
        run = Runner(db, shop.PACKAGE)
        # From PostgreSQL 17 on the server has a word to say of the transaction.
        with pytest.raises((ConnectionLost, TransactionTimeout)):
            async with db.transaction(timeout=SOON):
                await db.tasks.create(title="a")
                proxy.fall_silent()
                await db.tasks.create(title="b")
        proxy.speak()
        while not await db.is_healthy():
            pass
        await run.exec(shop.SLEEP, (3 * SOON,))
        assert await db.tasks.count() == 0


async def test_a_batch_has_the_time_of_all_its_statements(
    proxy: Proxy, *, use_cursors: bool
) -> None:
    async with opened(proxy, use_cursors=use_cursors, statement_timeout=4 * SOON) as db:
        run = Runner(db, shop.PACKAGE)
        await run.batch_exec(shop.SLEEP, [2 * SOON] * 4)
        proxy.fall_silent()
        with pytest.raises((ConnectionLost, OutcomeUnknown)):
            await run.batch_exec(shop.SLEEP, [0.0, 0.0])
        proxy.speak()


async def test_what_a_caller_sets_is_the_callers(
    proxy: Proxy, *, use_cursors: bool
) -> None:
    async with opened(proxy, use_cursors=use_cursors, statement_timeout=SOON) as db:
        async with db.connection() as connection:
            await connection.execute("SET statement_timeout = 0")
            await connection.execute("SELECT pg_sleep(%s)", (4 * SOON,))
            await connection.execute("RESET statement_timeout")
        assert await db.tasks.count() == 0


async def test_a_stream_that_is_left(proxy: Proxy, *, use_cursors: bool) -> None:
    async with opened(proxy, use_cursors=use_cursors, statement_timeout=5) as db:
        run = Runner(db, shop.PACKAGE)
        try:
            async with run.stream(shop.NUMBERS, (10_000_000,)) as numbers:
                async for _ in numbers:
                    proxy.fall_silent()
                    break
        except Unavailable:
            # psycopg's own stream, which tells of it.
            assert use_cursors
        proxy.speak()
        while not await db.is_healthy():
            pass
        assert await db.tasks.count() == 0
