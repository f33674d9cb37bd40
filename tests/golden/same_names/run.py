"""Queries of one name in several files: each repository has its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import golden_output.same_names as package
from golden_output.same_names import Database, NamesRow, Task, User, tasks, users

if TYPE_CHECKING:
    from golden_output.same_names import TaskRepositoryProtocol, UserRepositoryProtocol


async def run(url: str) -> None:
    async with Database.open(url) as db:
        first: TaskRepositoryProtocol = db.tasks
        second: UserRepositoryProtocol = db.users
        assert await first.create(id=1, title="a") == tasks.CreateRow(1, "a")
        assert await second.create(id=1, name="Ann") == users.CreateRow(1, "Ann")
        assert await first.import_([tasks.ImportParams(2, "b")]) == 1
        assert await second.import_([users.ImportParams(2, "Bob")]) == 1
        assert await first.get_by_id(id=2) == Task(2, "b")
        assert await second.get_by_id(id=2) == User(2, "Bob", None)
        assert await second.names() == [NamesRow("Ann", 3), NamesRow("Bob", 3)]
    assert "NamesRow" in package.__all__
    assert "CreateRow" not in package.__all__
