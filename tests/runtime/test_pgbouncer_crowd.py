"""Many tasks and threads on the two connections of a PgBouncer."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.runtime import shop as shops
from tests.runtime.aio.repositories import Database as AsyncDatabase
from tests.runtime.sync.repositories import Database
from tests.support.pgbouncer import PROGRAM, pooled

from reposgen_runtime import aio, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")

CALLS = 60


@pytest.fixture(scope="module")
def pooler(shop: str) -> Iterator[str]:
    with pooled(shop) as through:
        yield through


async def test_tasks(pooler: str, conninfo: str, *, use_cursors: bool) -> None:
    assert conninfo
    async with AsyncDatabase.open(
        pooler, prepare="never", max_size=12, use_cursors=use_cursors
    ) as db:
        run = aio.Runner(db, shops.PACKAGE)
        backends: set[int] = set()

        async def work(number: int) -> None:
            made = await db.tasks.create(title=str(number))
            assert await db.tasks.get(id=made.id) == made
            async with db.transaction():
                backend = await run.one(shops.BACKEND)
                assert await run.execrows(shops.CLOSE, (made.id,)) == 1
                assert await run.one(shops.BACKEND) == backend
                backends.add(backend)
            assert await run.batch_exec(shops.CLOSE, [made.id] * 3) == [1] * 3
            assert await run.copy_from(shops.COPY_TITLES, ["a", "b"]) == 2

        await asyncio.gather(*map(work, range(CALLS)))
        assert len(backends) == 2
        assert await db.tasks.count() == 3 * CALLS


def test_threads(pooler: str, conninfo: str, *, use_cursors: bool) -> None:
    assert conninfo
    with (
        Database.open(
            pooler, prepare="never", max_size=12, use_cursors=use_cursors
        ) as db,
        ThreadPoolExecutor(12) as threads,
    ):
        run = sync.Runner(db, shops.PACKAGE)

        def work(number: int) -> int:
            made = db.tasks.create(title=str(number))
            assert db.tasks.get(id=made.id) == made
            with db.transaction():
                backend = run.one(shops.BACKEND)
                assert run.execrows(shops.CLOSE, (made.id,)) == 1
                assert run.one(shops.BACKEND) == backend
            assert run.batch_exec(shops.CLOSE, [made.id] * 3) == [1] * 3
            assert run.copy_from(shops.COPY_TITLES, ["a", "b"]) == 2
            return backend

        assert len(set(threads.map(work, range(CALLS)))) == 2
        assert db.tasks.count() == 3 * CALLS
