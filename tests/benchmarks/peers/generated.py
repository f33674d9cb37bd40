"""Generated code, through its Database, on one connection, and in pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.benchmarks.peers.common import Peer, as_dict
from tests.benchmarks.tasks import Task, points, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


class Generated(Peer):
    """The synchronous package.

    Attributes:
        classes: the module that has the classes of parameters.
    """

    def __init__(self, conninfo: str, classes: Any, database: Any) -> None:
        super().__init__(conninfo)
        self.classes = classes
        self.database = database
        self.tasks = database.tasks
        self._points: list[Any] = []

    def empty(self) -> None:
        if not self._points:
            params = self.classes.CopyPointsParams
            self._points = [params(p.id, p.x, p.label) for p in points()]
        super().empty()

    def params(self, tasks: Sequence[Task]) -> Sequence[Any]:
        return [self.classes.CopyTasksParams(*values_of(task)) for task in tasks]

    def get(self, key: UUID) -> Any:
        return self.tasks.get_task(id=key)

    def list(self, tenant: UUID, limit: int) -> Sequence[Any]:
        return self.tasks.list_tasks(tenant_id=tenant, row_limit=limit)  # type: ignore[no-any-return] # made in this run

    def insert(self, task: Task) -> Any:
        return self.tasks.create_task(**as_dict(task))

    def rename(self, key: UUID, version: int) -> Any:
        return self.tasks.rename_task(title=f"title {version}", id=key, version=version)

    def transaction(self, key: UUID) -> None:
        with self.database.transaction():
            self.tasks.get_task(id=key)
            self.tasks.count_retry(id=key)
            self.tasks.count_retry(id=key)

    def batch(self, rows: Sequence[Any]) -> None:
        self.tasks.insert_tasks(rows)

    def copy(self, rows: Sequence[Any]) -> None:
        self.tasks.copy_tasks(rows)

    def copy_points(self) -> None:
        self.tasks.copy_points(self._points)

    def stream(self) -> None:
        for _ in self.tasks.stream_points():
            pass

    def pages(self, tenant: UUID, size: int) -> None:
        page = self.tasks.page_tasks(tenant_id=tenant, limit=size)
        while page.next is not None:
            page = self.tasks.page_tasks(tenant_id=tenant, limit=size, after=page.next)


class Held:
    """A repository on a connection of its own, of either kind."""

    def __init__(self, tasks: Any) -> None:
        self.tasks = tasks

    def get(self, key: UUID) -> Any:
        return self.tasks.get_task(id=key)


class Pipelined:
    """The statements of a transaction in one round trip."""

    def __init__(self, database: Any) -> None:
        self.database = database

    def transaction(self, key: UUID) -> None:
        tasks = self.database.tasks
        with self.database.pipeline() as pipeline:
            pipeline.add(tasks.get_task, id=key)
            pipeline.add(tasks.count_retry, id=key)
            pipeline.add(tasks.count_retry, id=key)


class AsyncGenerated(Generated):
    """The asynchronous package: where a method only makes a call, it gives that."""

    async def transaction(self, key: UUID) -> None:  # type: ignore[override] # a coroutine, as all calls here are
        async with self.database.transaction():
            await self.tasks.get_task(id=key)
            await self.tasks.count_retry(id=key)
            await self.tasks.count_retry(id=key)

    async def batch(self, rows: Sequence[Any]) -> None:  # type: ignore[override] # as above
        await self.tasks.insert_tasks(rows)

    async def copy(self, rows: Sequence[Any]) -> None:  # type: ignore[override] # as above
        await self.tasks.copy_tasks(rows)

    async def copy_points(self) -> None:  # type: ignore[override] # as above
        await self.tasks.copy_points(self._points)

    async def stream(self) -> None:  # type: ignore[override] # as above
        async for _ in self.tasks.stream_points():
            pass

    async def pages(self, tenant: UUID, size: int) -> None:  # type: ignore[override] # as above
        page = await self.tasks.page_tasks(tenant_id=tenant, limit=size)
        while page.next is not None:
            page = await self.tasks.page_tasks(
                tenant_id=tenant, limit=size, after=page.next
            )


class AsyncPipelined:
    """The statements of a transaction in one round trip."""

    def __init__(self, database: Any) -> None:
        self.database = database

    async def transaction(self, key: UUID) -> None:
        tasks = self.database.tasks
        async with self.database.pipeline() as pipeline:
            pipeline.add(tasks.get_task, id=key)
            pipeline.add(tasks.count_retry, id=key)
            pipeline.add(tasks.count_retry, id=key)
