"""Each cached read, and what each write does to it; async and sync."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest
from reposgen_runtime.caching import Cache, Memory
from reposgen_runtime.errors import NotFound, RepositoryError
from golden_output.cached import AddTasksParams, Database, sync

ONE, TWO, OWNER = uuid4(), uuid4(), uuid4()


def behind_its_back(url: str, sql: str) -> None:
    """Change something that the cache cannot see."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


async def run_async(url: str) -> None:
    async with Database.open(url, cache=Cache()) as db:
        tasks = db.tasks
        first = await tasks.add_task(
            id=1, tenant_id=ONE, title="a", tags=["x"], meta={"n": [1]}
        )
        assert await tasks.get_task(id=1) == first
        assert await tasks.count_tasks() == 1
        assert [t.id for t in await tasks.find_tasks(ids=[1, 2])] == [1]
        assert [t.title for t in await tasks.list_tenant(tenant_id=ONE)] == ["a"]
        page = await tasks.page_of_tenant(tenant_id=ONE, limit=5, total=True)
        assert page.total == 1
        behind_its_back(url, "UPDATE tasks SET title = 'unseen'")
        assert (await tasks.get_task(id=1)).title == "a"
        assert [t.title for t in await tasks.list_tenant(tenant_id=ONE)] == ["a"]
        listed = await tasks.list_tenant(tenant_id=ONE, title="unseen")
        assert len(listed) == 1
        again = await tasks.page_of_tenant(tenant_id=ONE, limit=5, total=True)
        assert again.items == page.items
        # What callers get is theirs to change.
        got = await tasks.get_task(id=1)
        assert got.tags is not None
        assert isinstance(got.meta, dict)
        got.title = "mine"
        got.tags.append("mine")
        got.meta["n"] = "mine"
        assert await tasks.get_task(id=1) == first

        renamed = await tasks.rename_task(title="b", id=1)
        assert await tasks.get_task(id=1) == renamed
        assert [t.title for t in await tasks.list_tenant(tenant_id=ONE)] == ["b"]
        with pytest.raises(NotFound):
            await tasks.get_task(id=2)
        behind_its_back(url, f"INSERT INTO tasks VALUES (2, '{TWO}', 'unseen')")
        with pytest.raises(NotFound):
            await tasks.get_task(id=2)
        await tasks.remove_task(id=2)
        await tasks.add_task(id=2, tenant_id=TWO, title="c", tags=None, meta=None)
        assert (await tasks.get_task(id=2)).title == "c"
        assert [t.id for t in await tasks.find_tasks(ids=[1, 2])] == [1, 2]
        assert await tasks.count_tasks() == 2

        assert not await tasks.list_tenant(tenant_id=OWNER)
        await tasks.move_task(tenant_id=OWNER, id=2)
        assert len(await tasks.list_tenant(tenant_id=OWNER)) == 1
        assert not await tasks.list_tenant(tenant_id=TWO)

        with_notes = await tasks.get_with_notes(id=1)
        assert with_notes.notes == []
        note = await tasks.add_note(task_id=1, body="n")
        assert (await tasks.get_with_notes(id=1)).notes == ["n"]
        assert await tasks.drop_note(id=note.id) == 1
        assert (await tasks.get_with_notes(id=1)).notes == []
        await tasks.add_note(task_id=1, body="m")
        assert (await tasks.get_with_notes(id=1)).notes == ["m"]
        await tasks.truncate_notes()
        assert (await tasks.get_with_notes(id=1)).notes == []

        # A transaction sees what it did itself, and nobody else does before COMMIT.
        async with db.transaction():
            await tasks.rename_task(title="in", id=1)
            assert (await tasks.get_task(id=1)).title == "in"
        assert (await tasks.get_task(id=1)).title == "in"
        with pytest.raises(ZeroDivisionError):
            async with db.transaction():
                await tasks.rename_task(title="undone", id=1)
                raise ZeroDivisionError
        assert (await tasks.get_task(id=1)).title == "in"
        async with db.transaction():
            with pytest.raises(ZeroDivisionError):
                async with db.savepoint():
                    await tasks.rename_task(title="undone", id=1)
                    raise ZeroDivisionError
            await tasks.rename_task(title="kept", id=2)
        assert (await tasks.get_task(id=1)).title == "in"
        assert (await tasks.get_task(id=2)).title == "kept"

        assert await tasks.rename_all(title="all", old_title="in") == 1
        assert (await tasks.get_task(id=1)).title == "all"
        rows = [(3, ONE, "copied"), (4, ONE, "copied")]
        await tasks.add_tasks([_row(*row) for row in rows])
        assert (await tasks.get_task(id=3)).title == "copied"
        assert await tasks.count_tasks() == 4
        await tasks.remove_tasks([3, 4])
        assert await tasks.count_tasks() == 2
        async with db.pipeline() as pipeline:
            pipeline.add(tasks.rename_task, title="piped", id=1)
            pipeline.add(tasks.get_task, id=1)
        assert (await tasks.get_task(id=1)).title == "piped"
        behind_its_back(url, f"INSERT INTO owners VALUES ('{OWNER}', 'o')")
        behind_its_back(url, f"UPDATE tasks SET owner_id = '{OWNER}' WHERE id = 2")
        assert await tasks.count_tasks() == 2
        await tasks.remove_owner(id=OWNER)
        assert await tasks.count_tasks() == 1
        with pytest.raises(NotFound):
            await tasks.get_task(id=2)

        async with db.cache.warm() as warm:
            warm.add(tasks.get_task, id=1)
            warm.add(tasks.list_tenant, tenant_id=TWO)
            warm.add(tasks.page_of_tenant, tenant_id=ONE, limit=5)
            with pytest.raises(RepositoryError):
                warm.add(tasks.read_clock)
        assert warm.kept == 3

        # Of what is done on a connection nothing is known.
        assert (await tasks.get_task(id=1)).title == "piped"
        async with db.connection() as connection:
            await connection.execute("UPDATE tasks SET title = 'by hand'")
        assert (await tasks.get_task(id=1)).title == "by hand"
        behind_its_back(url, "UPDATE tasks SET title = 'cleared'")
        await db.cache.clear()
        assert (await tasks.get_task(id=1)).title == "cleared"

    small = Cache(l1=Memory(entries=1))
    async with Database.open(url, cache=small) as db:
        await db.tasks.get_task(id=1)
        await db.tasks.count_tasks()
        behind_its_back(url, "UPDATE tasks SET title = 'seen'")
        assert (await db.tasks.get_task(id=1)).title == "seen"
    async with Database.open(url) as db:
        behind_its_back(url, "UPDATE tasks SET title = 'uncached'")
        assert (await db.tasks.get_task(id=1)).title == "uncached"


def _row(id: int, tenant_id: UUID, title: str) -> AddTasksParams:
    return AddTasksParams(id=id, tenant_id=tenant_id, title=title)


def run_sync(url: str) -> None:
    behind_its_back(url, "TRUNCATE tasks, notes, owners")
    with sync.Database.open(url, cache=Cache()) as db:
        tasks = db.tasks
        first = tasks.add_task(id=1, tenant_id=ONE, title="a", tags=[], meta=None)
        assert tasks.get_task(id=1) == first
        behind_its_back(url, "UPDATE tasks SET title = 'unseen'")
        assert tasks.get_task(id=1) == first
        assert tasks.rename_task(title="b", id=1) == tasks.get_task(id=1)
        with db.transaction():
            tasks.rename_task(title="c", id=1)
        with db.cache.warm() as warm:
            warm.add(tasks.get_task, id=1)
        assert warm.kept == 1
        assert tasks.get_task(id=1).title == "c"
        tasks.remove_tasks([1])
        with pytest.raises(NotFound):
            tasks.get_task(id=1)
