"""SQLAlchemy 2 over asyncpg, its fastest driver, with a pool as it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from tests.benchmarks.peers.alchemy import (
    POINTS,
    TASKS,
    TASKS_IN,
    MappedPoint,
    MappedTask,
    get_query,
    insert_query,
    list_query,
    mapped,
    page_query,
    rename_query,
    retry_query,
)
from tests.benchmarks.peers.common import Peer, as_dict
from tests.benchmarks.peers.with_asyncpg import options
from tests.benchmarks.tasks import Point, Task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


class _WithEngine(Peer):
    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo)
        self.engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=lambda: asyncpg.connect(**options(conninfo)),
            pool_size=10,
        )

    @classmethod
    async def open(cls, conninfo: str) -> Self:
        return cls(conninfo)

    async def close(self) -> None:
        await self.engine.dispose()


class AsyncCore(_WithEngine):
    """SQLAlchemy's expression language."""

    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo)
        self.autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    async def _one(self, query: Any) -> Task:
        async with self.autocommit.connect() as connection:
            return Task(*(await connection.execute(query)).one())

    async def get(self, key: UUID) -> Any:
        return await self._one(get_query(key))

    async def list(self, tenant: UUID, limit: int) -> Sequence[Any]:
        async with self.autocommit.connect() as connection:
            rows = await connection.execute(list_query(TASKS, tenant, limit))
            return [Task(*row) for row in rows]

    async def insert(self, task: Task) -> Any:
        return await self._one(insert_query(task))

    async def rename(self, key: UUID, version: int) -> Any:
        return await self._one(rename_query(key, version))

    async def transaction(self, key: UUID) -> None:
        async with self.engine.begin() as connection:
            Task(*(await connection.execute(get_query(key))).one())
            await connection.execute(retry_query(key))
            await connection.execute(retry_query(key))

    async def batch(self, tasks: Sequence[Task]) -> None:
        await self._many(TASKS, tasks)

    async def copy(self, tasks: Sequence[Task]) -> None:
        await self._many(TASKS_IN, tasks)

    async def _many(self, table: sa.Table, tasks: Sequence[Task]) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(
                sa.insert(table), [as_dict(task) for task in tasks]
            )

    async def stream(self) -> None:
        query = sa.select(POINTS).execution_options(yield_per=1000)
        async with self.engine.connect() as connection:
            async for row in await connection.stream(query):
                Point(*row)

    async def pages(self, tenant: UUID, size: int) -> None:
        after = None
        async with self.autocommit.connect() as connection:
            while True:
                query = page_query(TASKS, tenant, after, size)
                rows = (await connection.execute(query)).all()
                if not rows:
                    return
                tasks = [Task(*row) for row in rows]
                after = (tasks[-1].created_at, tasks[-1].id)


class AsyncOrm(_WithEngine):
    """SQLAlchemy's unit of work."""

    async def get(self, key: UUID) -> Any:
        async with AsyncSession(self.engine) as session:
            return await session.get(MappedTask, key)

    async def list(self, tenant: UUID, limit: int) -> Sequence[Any]:
        async with AsyncSession(self.engine) as session:
            rows = await session.scalars(list_query(MappedTask, tenant, limit))
            return rows.all()

    async def insert(self, task: Task) -> Any:
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            row = mapped(task)
            session.add(row)
            await session.commit()
            return row

    async def rename(self, key: UUID, version: int) -> Any:
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            task = await session.get_one(MappedTask, key)
            task.title = f"title {version}"
            await session.commit()
            return task

    async def transaction(self, key: UUID) -> None:
        async with AsyncSession(self.engine) as session:
            task = await session.get_one(MappedTask, key)
            task.retry_count += 1
            await session.flush()
            task.retry_count += 1
            await session.commit()

    async def batch(self, tasks: Sequence[Task]) -> None:
        async with AsyncSession(self.engine) as session:
            session.add_all([mapped(task) for task in tasks])
            await session.commit()

    async def stream(self) -> None:
        query = sa.select(MappedPoint).execution_options(yield_per=1000)
        async with AsyncSession(self.engine) as session:
            async for _ in await session.stream_scalars(query):
                pass

    async def pages(self, tenant: UUID, size: int) -> None:
        after = None
        while True:
            query = page_query(MappedTask, tenant, after, size)
            async with AsyncSession(self.engine) as session:
                tasks: Sequence[Any] = (await session.scalars(query)).all()
            if not tasks:
                return
            after = (tasks[-1].created_at, tasks[-1].id)
