# Derived from ../aio/repositories.py by derive_sync.py: change that file.
"""What a generated package consists of: or sync parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.runtime import shop

from reposgen_runtime.sync import Database as BaseDatabase
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from reposgen_runtime import Settings
    from reposgen_runtime.sync import Source


class TaskRepository:
    __slots__ = ("_run",)

    def __init__(self, source: Source) -> None:
        self._run = Runner(source, shop.PACKAGE)

    def get(self, *, id: int) -> shop.Task:  # noqa: A002 - the column's name
        return self._run.one(shop.GET, (id,))

    def create(self, *, title: str, slug: str | None = None) -> shop.Task:
        return self._run.one(shop.CREATE, (title, None, slug, None))

    def count(self) -> int:
        return self._run.one(shop.COUNT)


class Database(BaseDatabase):
    """The repositories of the shop."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, package=shop.PACKAGE)
        self.tasks = TaskRepository(self)
