"""What people write by hand in place of generated code, asynchronous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import aiosql
import asyncpg
import orjson
import psycopg
from psycopg_pool import AsyncConnectionPool
from tests.benchmarks import statements
from tests.benchmarks.peers_sync import psycopg_values
from tests.benchmarks.statements import dollars, percent
from tests.benchmarks.tasks import COLUMNS, Task, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


class RawPsycopg:
    """`connection.execute` and tuples: the base of all ratios."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self.connection = connection

    @classmethod
    async def open(cls, conninfo: str) -> Self:
        return cls(await psycopg.AsyncConnection.connect(conninfo, autocommit=True))

    async def _one(self, sql: str, values: Sequence[Any]) -> Any:
        cursor = await self.connection.execute(percent(sql), values)
        return await cursor.fetchone()

    async def get(self, key: UUID) -> object:
        return await self._one(statements.GET, (key,))

    async def list(self, tenant: UUID, limit: int) -> Sequence[object]:
        cursor = await self.connection.execute(
            percent(statements.LIST), (tenant, limit)
        )
        return await cursor.fetchall()

    async def insert(self, task: Task) -> object:
        return await self._one(statements.INSERT_RETURNING, psycopg_values(task))

    async def rename(self, key: UUID, version: int) -> object:
        return await self._one(statements.RENAME, (f"title {version}", key, version))

    async def transaction(self, key: UUID) -> None:
        async with self.connection.transaction():
            await self.get(key)
            await self.connection.execute(percent(statements.RETRY), (key,))
            await self.connection.execute(percent(statements.RETRY), (key,))

    async def batch(self, tasks: Sequence[Task]) -> None:
        async with self.connection.transaction(), self.connection.cursor() as cursor:
            await cursor.executemany(
                percent(statements.INSERT), [psycopg_values(task) for task in tasks]
            )

    copy = batch

    async def stream(self) -> int:
        rows = 0
        async with self.connection.cursor() as cursor:
            async for _ in cursor.stream(statements.STREAM, size=1000):
                rows += 1
        return rows

    async def close(self) -> None:
        await self.connection.close()


class PooledPsycopg:
    """The same with a connection from psycopg_pool for each call."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self.pool = pool

    @classmethod
    async def open(cls, conninfo: str) -> Self:
        pool = AsyncConnectionPool(
            conninfo, kwargs={"autocommit": True}, max_size=10, open=False
        )
        await pool.open(wait=True)
        return cls(pool)

    async def get(self, key: UUID) -> object:
        async with self.pool.connection() as connection:
            cursor = await connection.execute(percent(statements.GET), (key,))
            return await cursor.fetchone()

    async def close(self) -> None:
        await self.pool.close()


_AIOSQL = aiosql.from_str(
    f"-- name: get_task(key)^\n{statements.GET.replace('?', ':key')};\n", "apsycopg"
)


class Aiosql(RawPsycopg):
    """aiosql over psycopg: SQL from files, rows as the driver gives them."""

    async def get(self, key: UUID) -> object:
        return await _AIOSQL.get_task(self.connection, key=key)


class Asyncpg:
    """asyncpg with orjson for jsonb and objects by hand."""

    def __init__(self, pool: asyncpg.Pool, connection: Any) -> None:
        self.pool = pool
        self.connection = connection

    @classmethod
    async def open(cls, conninfo: str) -> Self:
        parts = psycopg.conninfo.conninfo_to_dict(conninfo)
        pool = await asyncpg.create_pool(
            host=str(parts.get("host")),
            port=int(parts.get("port") or 5432),
            user=str(parts.get("user")),
            database=str(parts.get("dbname")),
            min_size=2,
            max_size=12,
            init=_use_orjson,
        )
        return cls(pool, await pool.acquire())

    async def get(self, key: UUID) -> object:
        row = await self.connection.fetchrow(dollars(statements.GET), key)
        return Task(*row)

    async def get_through_pool(self, key: UUID) -> object:
        async with self.pool.acquire() as connection:
            row = await connection.fetchrow(dollars(statements.GET), key)
        return Task(*row)

    async def list(self, tenant: UUID, limit: int) -> Sequence[object]:
        rows = await self.connection.fetch(dollars(statements.LIST), tenant, limit)
        return [Task(*row) for row in rows]

    async def insert(self, task: Task) -> object:
        row = await self.connection.fetchrow(
            dollars(statements.INSERT_RETURNING), *values_of(task)
        )
        return Task(*row)

    async def rename(self, key: UUID, version: int) -> object:
        row = await self.connection.fetchrow(
            dollars(statements.RENAME), f"title {version}", key, version
        )
        return Task(*row)

    async def transaction(self, key: UUID) -> None:
        async with self.connection.transaction():
            await self.get(key)
            await self.connection.execute(dollars(statements.RETRY), key)
            await self.connection.execute(dollars(statements.RETRY), key)

    async def batch(self, tasks: Sequence[Task]) -> None:
        await self.connection.executemany(
            dollars(statements.INSERT), [values_of(task) for task in tasks]
        )

    async def copy(self, tasks: Sequence[Task]) -> None:
        await self.connection.copy_records_to_table(
            "tasks", records=[values_of(task) for task in tasks], columns=COLUMNS
        )

    async def stream(self) -> int:
        rows = 0
        async with self.connection.transaction():
            async for _ in self.connection.cursor(statements.STREAM, prefetch=1000):
                rows += 1
        return rows

    async def close(self) -> None:
        await self.pool.release(self.connection)
        await self.pool.close()


async def _use_orjson(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),
        format="binary",
    )
