"""aiosql over psycopg: SQL from files, rows as the driver gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self

import aiosql
import psycopg
from psycopg.types.json import Jsonb
from tests.benchmarks import statements
from tests.benchmarks.peers.common import JSON_COLUMNS, Peer, as_dict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tests.benchmarks.tasks import Task

SYNC: Final[Any] = aiosql.from_str(statements.AIOSQL, "psycopg")
ASYNC: Final[Any] = aiosql.from_str(statements.AIOSQL, "apsycopg")


def arguments(task: Task) -> dict[str, Any]:
    """The row by its columns' names, as psycopg wants it."""
    row = as_dict(task)
    for name in JSON_COLUMNS:
        if row[name] is not None:
            row[name] = Jsonb(row[name])
    return row


class Aiosql(Peer):
    """Synchronous."""

    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo)
        self.connection = psycopg.connect(conninfo, autocommit=True)

    def get(self, key: UUID) -> Any:
        return SYNC.get(self.connection, key=key)

    def list(self, tenant: UUID, limit: int) -> Sequence[Any]:
        return [*SYNC.list(self.connection, tenant=tenant, limit=limit)]

    def insert(self, task: Task) -> Any:
        return SYNC.insert(self.connection, **arguments(task))

    def rename(self, key: UUID, version: int) -> Any:
        return SYNC.rename(
            self.connection, title=f"title {version}", key=key, version=version
        )

    def transaction(self, key: UUID) -> None:
        with self.connection.transaction():
            self.get(key)
            SYNC.retry(self.connection, key=key)
            SYNC.retry(self.connection, key=key)

    def batch(self, tasks: Sequence[Task]) -> None:
        with self.connection.transaction():
            SYNC.insert_all(self.connection, [arguments(task) for task in tasks])

    def close(self) -> None:
        self.connection.close()


class AsyncAiosql(Peer):
    """Asynchronous."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        super().__init__(connection.info.dsn)
        self.connection = connection

    @classmethod
    async def open(cls, conninfo: str) -> Self:
        return cls(await psycopg.AsyncConnection.connect(conninfo, autocommit=True))

    async def get(self, key: UUID) -> Any:
        return await ASYNC.get(self.connection, key=key)

    async def list(self, tenant: UUID, limit: int) -> Sequence[Any]:
        rows = ASYNC.list(self.connection, tenant=tenant, limit=limit)
        return [row async for row in rows]

    async def insert(self, task: Task) -> Any:
        return await ASYNC.insert(self.connection, **arguments(task))

    async def rename(self, key: UUID, version: int) -> Any:
        return await ASYNC.rename(
            self.connection, title=f"title {version}", key=key, version=version
        )

    async def transaction(self, key: UUID) -> None:
        async with self.connection.transaction():
            await self.get(key)
            await ASYNC.retry(self.connection, key=key)
            await ASYNC.retry(self.connection, key=key)

    async def batch(self, tasks: Sequence[Task]) -> None:
        async with self.connection.transaction():
            await ASYNC.insert_all(self.connection, [arguments(task) for task in tasks])

    async def close(self) -> None:
        await self.connection.close()
