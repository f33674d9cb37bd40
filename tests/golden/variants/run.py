"""What a call leaves out or chooses, asynchronous and synchronous."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from reposgen_runtime import UNSET, Page
from reposgen_runtime.errors import (
    InvalidArgument,
    InvalidCursor,
    NothingToUpdate,
    StaleRow,
)
from reposgen_runtime.secret import Secret
from golden_output.variants import (
    Database,
    ListTitlesRow,
    Task,
    TaskRepositoryProtocol,
    TaskStatus,
    sync,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


async def run_async(url: str) -> None:
    async with Database.open(url) as db:
        tasks: TaskRepositoryProtocol = db.tasks
        for number in range(7):
            await tasks.create_task(
                tenant_id=1,
                title=f"task {number}",
                assigned_to="eva" if number % 2 else None,
                priority=number % 3,
                deadline=date(2026, 1, 1 + number) if number % 3 else None,
                created_at=START + timedelta(hours=number),
            )
        await pages(tasks)
        await sorts(tasks)
        await updates(tasks)


async def pages(tasks: TaskRepositoryProtocol) -> None:
    first: Page[Task] = await tasks.list_tasks(tenant_id=1, limit=3, total=True)
    assert [task.id for task in first.items] == [7, 6, 5]
    assert (first.previous, first.total) == (None, 7)
    second = await tasks.list_tasks(tenant_id=1, limit=3, after=first.next)
    assert [task.id for task in second.items] == [4, 3, 2]
    assert second.total is None
    back = await tasks.list_tasks(tenant_id=1, limit=3, before=second.previous)
    assert back.items == first.items
    last = await tasks.list_tasks(tenant_id=1, limit=3, after=second.next)
    assert ([task.id for task in last.items], last.next) == ([1], None)
    mine = await tasks.list_tasks(tenant_id=1, assigned_to="eva", total=True)
    assert ([task.id for task in mine.items], mine.total) == ([6, 4, 2], 3)
    none = await tasks.list_tasks(tenant_id=1, status=[TaskStatus.DONE], total=True)
    assert none == Page([], None, None, 0)
    due = await tasks.list_tasks(tenant_id=1, sort="deadline", limit=5)
    assert [task.id for task in due.items] == [2, 3, 5, 6, 1]
    rest = await tasks.list_tasks(tenant_id=1, sort="deadline", after=due.next)
    assert [task.id for task in rest.items] == [4, 7]
    with pytest.raises(InvalidCursor, match="another query or sort"):
        await tasks.list_tasks(tenant_id=1, sort="-deadline", after=due.next)
    with pytest.raises(InvalidCursor, match="another query or sort"):
        await tasks.list_titles(limit_=0, after=due.next)
    with pytest.raises(InvalidArgument, match="limit is 0"):
        await tasks.list_tasks(tenant_id=1, limit=0)
    titles = await tasks.list_titles(limit_=2, limit=1)
    assert titles.items == [ListTitlesRow("task 2", 3)]


async def sorts(tasks: TaskRepositoryProtocol) -> None:
    found = await tasks.search_tasks()
    assert [row.id for row in found] == [1, 4, 7, 2, 3, 5, 6]
    found = await tasks.search_tasks(sort="-deadline", pattern="task%")
    assert [row.id for row in found] == [6, 5, 3, 2, 7, 4, 1]
    found = (await tasks.search_tasks(sort="-title"))[:2]
    assert [row.id for row in found] == [7, 6]
    assert [row.id for row in await tasks.search_tasks(pattern="%3")] == [4]
    streamed = [title async for title in tasks.stream_titles(sort="-title")]
    assert streamed[0] == "task 6"

    exported = [part async for part in tasks.export_titles(least=2, sort="-title")]
    assert b"".join(exported).split() == [b"id,title", b"6,task", b"5", b"3,task", b"2"]
    everything = b"".join([part async for part in tasks.export_titles(header=False)])
    assert everything.count(b"\n") == 7


async def updates(tasks: TaskRepositoryProtocol) -> None:
    one = await tasks.update_task(id=1, version=1, title="new", description="long")
    assert (one.title, one.description, one.version) == ("new", "long", 2)
    two = await tasks.update_task(id=1, version=2, description=None, priority=9)
    assert (two.title, two.description, two.priority) == ("new", None, 9)
    with pytest.raises(StaleRow):
        await tasks.update_task(id=1, version=2, title="late")
    touched = await tasks.update_task(id=1, version=3, title=UNSET)
    assert (touched.title, touched.version) == ("new", 4)
    await tasks.patch_task(id=1, description="short")
    await tasks.patch_task(id=1, title="newer", description=UNSET)
    await tasks.patch_task(id=1, token=Secret("t"))
    assert await tasks.count_by_token(token=Secret("t")) == 1
    assert await tasks.count_by_token() == 7
    await tasks.patch_task(id=1, token=None)
    assert await tasks.count_by_token(token=Secret("t")) == 0
    with pytest.raises(NothingToUpdate, match=r"^tasks.patch_task: "):
        await tasks.patch_task(id=1)
    page = await tasks.list_tasks(tenant_id=1, created_after=START - timedelta(hours=1))
    assert (page.items[-1].title, page.items[-1].description) == ("newer", "short")


def run_sync(url: str) -> None:
    with sync.Database.open(url) as db:
        tasks: sync.TaskRepositoryProtocol = db.tasks
        page = tasks.list_tasks(tenant_id=1, limit=2, sort="-priority")
        assert [task.priority for task in page.items] == [9, 2]
        assert tasks.list_tasks(tenant_id=1, sort="-priority", after=page.next).items
        tasks.patch_task(id=2, description=None, title="t")
        assert [row.title for row in tasks.search_tasks(pattern="t")] == ["t"]
        assert list(tasks.stream_titles(sort="title"))[0] == "newer"
        with pytest.raises(NothingToUpdate):
            tasks.patch_task(id=2)
    with psycopg.connect(url) as connection:
        repository = sync.TaskRepository(connection)
        assert len(repository.list_tasks(tenant_id=1, total=True).items) == 7
