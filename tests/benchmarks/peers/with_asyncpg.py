"""asyncpg with orjson for jsonb and objects by hand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Self

import asyncpg
import orjson
import psycopg
from tests.benchmarks import statements
from tests.benchmarks.peers.common import Peer
from tests.benchmarks.peers.pooled import Pooled
from tests.benchmarks.statements import dollars
from tests.benchmarks.tasks import COLUMNS, LAST_KEY, Point, Task, points, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


def options(conninfo: str) -> dict[str, Any]:
    """What asyncpg is told of where to connect."""
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    return {
        "host": str(parts.get("host")),
        "port": int(parts.get("port") or 5432),
        "user": str(parts.get("user")),
        "database": str(parts.get("dbname")),
    }


class Asyncpg(Peer):
    """On a connection of its own."""

    def __init__(self, conninfo: str, connection: Any) -> None:
        super().__init__(conninfo)
        self.connection = connection

    @classmethod
    async def open(cls, conninfo: str) -> Self:
        connection = await asyncpg.connect(**options(conninfo))
        await _use_orjson(connection)
        return cls(conninfo, connection)

    async def get(self, key: UUID) -> Any:
        return await get(self.connection, key)

    async def list(self, tenant: UUID, limit: int) -> Sequence[Any]:
        return await list_(self.connection, tenant, limit)

    async def insert(self, task: Task) -> Any:
        return await insert(self.connection, task)

    async def rename(self, key: UUID, version: int) -> Any:
        return await rename(self.connection, key, version)

    async def transaction(self, key: UUID) -> None:
        await transaction(self.connection, key)

    async def batch(self, tasks: Sequence[Task]) -> None:
        await self.connection.executemany(
            dollars(statements.INSERT), [values_of(task) for task in tasks]
        )

    async def copy(self, tasks: Sequence[Task]) -> None:
        await self.connection.copy_records_to_table(
            "tasks_in", records=[values_of(task) for task in tasks], columns=COLUMNS
        )

    async def copy_points(self) -> None:
        await self.connection.copy_records_to_table(
            "points_in", records=[(p.id, p.x, p.label) for p in points()]
        )

    async def stream(self) -> None:
        async with self.connection.transaction():
            async for row in self.connection.cursor(statements.STREAM, prefetch=1000):
                Point(*row)

    async def pages(self, tenant: UUID, size: int) -> None:
        after, sql = LAST_KEY, dollars(statements.PAGE)
        while rows := await self.connection.fetch(sql, tenant, *after, size):
            tasks = [Task(*row) for row in rows]
            after = (tasks[-1].created_at, tasks[-1].id)

    async def close(self) -> None:
        await self.connection.close()


async def pooled_asyncpg(conninfo: str) -> Pooled:
    """asyncpg with a connection from its pool for each call."""
    pool = await asyncpg.create_pool(
        **options(conninfo), min_size=1, max_size=10, init=_use_orjson
    )
    return Pooled(sys.modules[__name__], pool.acquire, pool.close)


async def get(connection: Any, key: UUID) -> Task:
    return Task(*await connection.fetchrow(dollars(statements.GET), key))


async def list_(connection: Any, tenant: UUID, limit: int) -> list[Task]:
    rows = await connection.fetch(dollars(statements.LIST), tenant, limit)
    return [Task(*row) for row in rows]


async def insert(connection: Any, task: Task) -> Task:
    sql = dollars(statements.INSERT_RETURNING)
    return Task(*await connection.fetchrow(sql, *values_of(task)))


async def rename(connection: Any, key: UUID, version: int) -> Task:
    sql = dollars(statements.RENAME)
    return Task(*await connection.fetchrow(sql, f"title {version}", key, version))


async def transaction(connection: Any, key: UUID) -> None:
    async with connection.transaction():
        await get(connection, key)
        await connection.execute(dollars(statements.RETRY), key)
        await connection.execute(dollars(statements.RETRY), key)


async def _use_orjson(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: b"\x01" + orjson.dumps(value),
        decoder=lambda data: orjson.loads(data[1:]),
        format="binary",
    )
