"""Writes by version: refused with a reason, and never lost."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import psycopg
import pytest
from golden_output.optimistic import Database, Document, Task, sync
from reposgen_runtime.errors import ConditionFailed, NotFound, StaleRow

WRITERS = 50
REVISION = UUID(int=1)


def fill(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE tasks, documents")
        connection.execute("INSERT INTO tasks VALUES (1, 7, '', NULL, 1)")
        connection.execute(
            "INSERT INTO documents VALUES ('a', 'en', 'hi', %s)", (REVISION,)
        )


async def run_async(url: str) -> None:
    fill(url)
    async with Database.open(url) as db:
        tasks = db.tasks
        changed = await tasks.update_task(title="x", id=1, tenant_id=7, version=1)
        assert changed == Task(1, 7, "x", None, 2)
        with pytest.raises(StaleRow) as stale:
            await tasks.update_task(title="y", id=1, tenant_id=7, version=1)
        assert (stale.value.expected, stale.value.actual) == (1, 2)
        assert str(stale.value) == (
            "tasks.update_task: the row was changed since it was read"
        )
        with pytest.raises(NotFound):
            await tasks.update_task(title="y", id=2, tenant_id=7, version=1)
        # Another tenant's task is none at all.
        with pytest.raises(NotFound):
            await tasks.update_task(title="y", id=1, tenant_id=8, version=2)
        assert await tasks.update_with_lock(title="z", me="me", version=2, id=1) == 1
        with pytest.raises(ConditionFailed):
            await tasks.update_with_lock(title="z", me="you", version=3, id=1)
        with pytest.raises(StaleRow):
            await tasks.update_with_lock(title="z", me="me", version=2, id=1)
        assert await tasks.put_task(id=1, tenant_id=7, title="p", version=3) == 4
        assert await tasks.put_task(id=2, tenant_id=7, title="p", version=0) == 1
        with pytest.raises(StaleRow) as stale:
            await tasks.put_task(id=1, tenant_id=7, title="p", version=3)
        assert stale.value.actual == 4
        async with db.transaction():
            with pytest.raises(StaleRow):
                await tasks.delete_task(version=3, id=1)
            await tasks.delete_task(version=4, id=1)
            with pytest.raises(NotFound):
                await tasks.delete_task(version=4, id=1)
        write = db.tasks.find_and_update_document
        found = await write(body="ho", language="en", slug="a", revision=REVISION)
        assert found is not None
        assert found == Document("a", "en", "HO", found.revision)
        assert found.revision != REVISION
        with pytest.raises(StaleRow) as stale:
            await write(body="ho", language="en", slug="a", revision=REVISION)
        assert stale.value.actual == found.revision
        absent = await write(body="ho", language="en", slug="b", revision=REVISION)
        assert absent is None


async def run_writers(url: str) -> None:
    fill(url)
    wins: list[int] = []
    async with Database.open(url) as db:

        async def write(letter: str) -> None:
            version, title = 1, ""
            while True:
                try:
                    task = await db.tasks.update_task(
                        title=title + letter, id=1, tenant_id=7, version=version
                    )
                except StaleRow as stale:
                    # The title belongs to the version that comes with it.
                    title, version = await read(url, stale.actual)
                else:
                    wins.append(task.version)
                    return

        letters = [chr(ord("A") + number) for number in range(WRITERS)]
        await asyncio.gather(*map(write, letters))
    title, version = await read(url, WRITERS + 1)
    assert sorted(wins) == list(range(2, WRITERS + 2))
    assert sorted(title) == letters
    assert version == WRITERS + 1


async def read(url: str, at_least: int) -> tuple[str, int]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        cursor = await connection.execute("SELECT title, version FROM tasks")
        title, version = await cursor.fetchone() or ("", 0)
        assert version >= at_least
        return title, version


def run_threads(url: str) -> None:
    fill(url)
    with sync.Database.open(url) as db:

        def write(number: int) -> int:
            version = 1
            while True:
                try:
                    return db.tasks.update_task(
                        title=str(number), id=1, tenant_id=7, version=version
                    ).version
                except StaleRow as stale:
                    version = stale.actual

        with ThreadPoolExecutor(WRITERS) as pool:
            wins = list(pool.map(write, range(WRITERS)))
        assert sorted(wins) == list(range(2, WRITERS + 2))
        db.tasks.update_with_lock(title="", me="a", version=WRITERS + 1, id=1)
        with pytest.raises(ConditionFailed):
            db.tasks.update_with_lock(title="", me="b", version=WRITERS + 2, id=1)
        with pytest.raises(NotFound):
            db.tasks.delete_task(version=1, id=3)
        with pytest.raises(StaleRow):
            db.tasks.put_task(id=1, tenant_id=7, title="", version=1)
