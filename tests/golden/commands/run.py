"""Every command, asynchronous and synchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from golden_output.commands import (
    CopyTasksParams,
    Database,
    RetitleTasksParams,
    Task,
    TaskRepositoryProtocol,
    TasksTitleCheckViolation,
    TasksTitleKeyViolation,
    sync,
)
from reposgen_runtime import CommandResult
from reposgen_runtime.errors import NotFound, TransactionRequired


async def run_async(url: str) -> None:
    async with Database.open(url) as db:
        tasks: TaskRepositoryProtocol = db.tasks
        first = await tasks.create_task(tenant_id=1, title="a", note=None)
        assert first == Task(first.id, 1, "a", None)
        assert await tasks.get_task(id=first.id) == first
        second = await tasks.create_and_get_id(tenant_id=1, title="b")
        assert await tasks.count_tasks(tenant_id=1) == 2
        assert await tasks.find_task(tenant_id=1, title="a") == first
        assert await tasks.find_task(tenant_id=1, title="z") is None
        assert await tasks.find_note(id=first.id) is None
        assert [row.title for row in await tasks.list_tasks(tenant_id=1)] == ["a", "b"]
        assert await tasks.list_titles(ids=[second, first.id]) == ["a", "b"]
        assert [task.title async for task in tasks.stream_tasks()] == ["a", "b"]
        await tasks.retitle_task(id=second, title="c")
        moved = await tasks.move_tasks(source=1, target=2)
        assert moved == CommandResult("UPDATE 2", 2)

        async def rows() -> AsyncIterator[CopyTasksParams]:
            for number in range(3):
                yield CopyTasksParams(3, f"copy {number}", None)

        assert await tasks.copy_tasks(rows()) == 3
        assert await tasks.copy_tasks([CopyTasksParams(3, "copy 4", "note")]) == 1
        exported = b"".join([block async for block in tasks.copy_out(tenant_id=2)])
        assert exported == f"id,title\n{first.id},a\n{second},c\n".encode()
        renamed = [RetitleTasksParams("x", first.id), RetitleTasksParams("y", -1)]
        assert await tasks.retitle_tasks(renamed) == [1, 0]
        assert [task.title for task in await tasks.get_each([first.id])] == ["x"]
        assert await tasks.list_each([2, 9]) == [["x", "c"], []]
        assert await tasks.delete_each([first.id, -1]) == [1, 0]
        assert await tasks.delete_tasks(tenant_id=3) == 4
        with pytest.raises(NotFound):
            await tasks.get_task(id=-1)
        with pytest.raises(TasksTitleKeyViolation):
            await tasks.create_task(tenant_id=2, title="c", note=None)
        with pytest.raises(TasksTitleCheckViolation):
            await tasks.create_task(tenant_id=2, title="", note=None)
        with pytest.raises(TransactionRequired):
            await tasks.lock_task(id=second)
        async with db.transaction():
            assert (await tasks.lock_task(id=second)).title == "c"


def run_sync(url: str) -> None:
    with sync.Database.open(url) as db:
        tasks: sync.TaskRepositoryProtocol = db.tasks
        first = tasks.create_task(tenant_id=1, title="a", note="n")
        assert tasks.get_task(id=first.id) == Task(first.id, 1, "a", "n")
        assert tasks.count_tasks(tenant_id=1) == 1
        assert tasks.find_note(id=first.id) == "n"
        assert [task.title for task in tasks.stream_tasks()][-1] == "a"
        assert tasks.copy_tasks([CopyTasksParams(3, "copy", None)]) == 1
        assert b"".join(tasks.copy_out(tenant_id=3)).endswith(b",copy\n")
        assert tasks.retitle_tasks([RetitleTasksParams("b", first.id)]) == [1]
        assert tasks.list_each([1]) == [["b"]]
        assert tasks.delete_tasks(tenant_id=1) == 1
        with pytest.raises(NotFound):
            tasks.get_each([first.id])
