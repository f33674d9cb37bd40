"""psycopg, asynchronous: on a connection of its own, and through a pool."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg_pool import AsyncConnectionPool
from tests.benchmarks import statements
from tests.benchmarks.peers.common import Peer, key_of, psycopg_values
from tests.benchmarks.peers.pooled import Pooled
from tests.benchmarks.statements import percent
from tests.benchmarks.tasks import LAST_KEY, Task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


class RawPsycopg(Peer):
    """`connection.execute` and tuples: the base of all ratios."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        super().__init__(connection.info.dsn)
        self.connection = connection

    @classmethod
    async def open(cls, conninfo: str) -> Self:
        return cls(await psycopg.AsyncConnection.connect(conninfo, autocommit=True))

    async def get(self, key: UUID) -> Any:
        return await get(self.connection, key)

    async def list(self, tenant: UUID, limit: int) -> Any:
        return await list_(self.connection, tenant, limit)

    async def insert(self, task: Task) -> Any:
        return await insert(self.connection, task)

    async def rename(self, key: UUID, version: int) -> Any:
        return await rename(self.connection, key, version)

    async def transaction(self, key: UUID) -> None:
        await transaction(self.connection, key)

    async def batch(self, tasks: Sequence[Task]) -> None:
        await self._many(statements.INSERT, tasks)

    async def copy(self, tasks: Sequence[Task]) -> None:
        await self._many(statements.INSERT_IN, tasks)

    async def _many(self, sql: str, tasks: Sequence[Task]) -> None:
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.executemany(
                percent(sql), [psycopg_values(task) for task in tasks]
            )

    async def stream(self) -> None:
        async with self.connection.cursor() as cursor:
            async for _ in cursor.stream(statements.STREAM, size=1000):
                pass

    async def pages(self, tenant: UUID, size: int) -> None:
        after, sql = LAST_KEY, percent(statements.PAGE)
        while True:
            cursor = await self.connection.execute(sql, (tenant, *after, size))
            rows = await cursor.fetchall()
            if not rows:
                return
            after = key_of(rows[-1])

    async def close(self) -> None:
        await self.connection.close()


async def pooled_psycopg(conninfo: str) -> Pooled:
    """psycopg with a connection from psycopg_pool for each call."""
    pool = AsyncConnectionPool(
        conninfo, kwargs={"autocommit": True}, max_size=10, open=False
    )
    await pool.open(wait=True)
    return Pooled(sys.modules[__name__], pool.connection, pool.close)


async def _one(connection: Any, sql: str, values: Sequence[Any]) -> Any:
    cursor = await connection.execute(percent(sql), values)
    return await cursor.fetchone()


async def get(connection: Any, key: UUID) -> Any:
    return await _one(connection, statements.GET, (key,))


async def list_(connection: Any, tenant: UUID, limit: int) -> Any:
    cursor = await connection.execute(percent(statements.LIST), (tenant, limit))
    return await cursor.fetchall()


async def insert(connection: Any, task: Task) -> Any:
    return await _one(connection, statements.INSERT_RETURNING, psycopg_values(task))


async def rename(connection: Any, key: UUID, version: int) -> Any:
    return await _one(connection, statements.RENAME, (f"title {version}", key, version))


async def transaction(connection: Any, key: UUID) -> None:
    async with connection.transaction():
        await get(connection, key)
        await connection.execute(percent(statements.RETRY), (key,))
        await connection.execute(percent(statements.RETRY), (key,))
