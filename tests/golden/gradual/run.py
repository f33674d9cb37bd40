"""A hand-written repository, and the generated one in its place."""

from __future__ import annotations

from typing import Any

import psycopg
from golden_output.gradual import (
    Database,
    RepositoryMigration,
    PublicRepositoryMigration,
    Task,
    TaskRepositoryProtocol,
    sync,
)


class Legacy:
    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    async def get_task(self, *, id: int) -> Task:  # noqa: A002 -- the column's name
        cursor = await self._connection.execute(
            "SELECT id, 'old ' || title FROM tasks WHERE id = %s", (id,)
        )
        row = await cursor.fetchone()
        assert row is not None
        return Task(*row)

    async def add_task(self, *, id: int, title: str) -> None:  # noqa: A002 -- as above
        await self._connection.execute("INSERT INTO tasks VALUES (%s, %s)", (id, title))

    async def list_migrations(self) -> list[PublicRepositoryMigration]:
        return [PublicRepositoryMigration(1, "a")]


class SyncLegacy:
    def get_task(self, *, id: int) -> Task:  # noqa: A002 -- the column's name
        return Task(id, "old")

    def add_task(self, *, id: int, title: str) -> None:  # noqa: A002 -- as above
        raise AssertionError

    def list_migrations(self) -> list[PublicRepositoryMigration]:
        return []


async def run_async(url: str) -> None:
    async with (
        Database.open(url) as db,
        await psycopg.AsyncConnection.connect(url, autocommit=True) as connection,
    ):
        migration = RepositoryMigration[TaskRepositoryProtocol](Legacy(connection), db.tasks)
        tasks = migration.repository
        await tasks.add_task(id=1, title="a")
        assert await tasks.get_task(id=1) == Task(1, "old a")
        assert await tasks.list_migrations() == [PublicRepositoryMigration(1, "a")]
        migration.share = 1
        assert await tasks.get_task(id=1) == Task(1, "a")
        assert await tasks.list_migrations() == []


def run_sync(url: str) -> None:
    with sync.Database.open(url) as db:
        migration = sync.RepositoryMigration[sync.TaskRepositoryProtocol](
            SyncLegacy(), db.tasks, writes="new"
        )
        migration.repository.add_task(id=2, title="b")
        assert migration.repository.get_task(id=2) == Task(2, "old")
        migration.share = 1
        assert migration.repository.get_task(id=2) == Task(2, "b")
