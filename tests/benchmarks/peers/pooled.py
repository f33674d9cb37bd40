"""The operations of a driver with a connection from a pool for each call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from tests.benchmarks.tasks import Task


class Operations(Protocol):
    """A driver's operations on a connection: a module."""

    def get(self, connection: Any, key: UUID) -> Awaitable[Any]: ...

    def list_(self, connection: Any, tenant: UUID, limit: int) -> Awaitable[Any]: ...

    def insert(self, connection: Any, task: Task) -> Awaitable[Any]: ...

    def rename(self, connection: Any, key: UUID, version: int) -> Awaitable[Any]: ...

    def transaction(self, connection: Any, key: UUID) -> Awaitable[Any]: ...


class Pooled:
    """A pool, and what is done on its connections."""

    def __init__(
        self,
        on: Operations,
        connection: Callable[[], AbstractAsyncContextManager[Any]],
        close: Callable[[], Awaitable[Any]],
    ) -> None:
        self.on = on
        self.connection = connection
        self.close = close

    async def get(self, key: UUID) -> Any:
        async with self.connection() as connection:
            return await self.on.get(connection, key)

    async def list(self, tenant: UUID, limit: int) -> Any:
        async with self.connection() as connection:
            return await self.on.list_(connection, tenant, limit)

    async def insert(self, task: Task) -> Any:
        async with self.connection() as connection:
            return await self.on.insert(connection, task)

    async def rename(self, key: UUID, version: int) -> Any:
        async with self.connection() as connection:
            return await self.on.rename(connection, key, version)

    async def transaction(self, key: UUID) -> None:
        async with self.connection() as connection:
            await self.on.transaction(connection, key)
