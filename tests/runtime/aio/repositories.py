"""What a generated package consists of: async or sync parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.runtime import shop

from reposgen_runtime.aio import Database as BaseDatabase
from reposgen_runtime.aio import Runner

if TYPE_CHECKING:
    from reposgen_runtime import Settings
    from reposgen_runtime.aio import Source


class TaskRepository:
    __slots__ = ("_run",)

    def __init__(self, source: Source) -> None:
        self._run = Runner(source, shop.PACKAGE)

    async def get(self, *, id: int) -> shop.Task:  # noqa: A002 - the column's name
        return await self._run.one(shop.GET, (id,))

    async def create(self, *, title: str, slug: str | None = None) -> shop.Task:
        return await self._run.one(shop.CREATE, (title, None, slug, None))

    async def count(self) -> int:
        return await self._run.one(shop.COUNT)


class Database(BaseDatabase):
    """The repositories of the shop."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, package=shop.PACKAGE)
        self.tasks = TaskRepository(self)
