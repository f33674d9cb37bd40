"""Buffers under tasks, threads, other event loops and processes."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from tests.runtime import shop
from tests.runtime.aio.test_buffers import Database
from tests.runtime.buffers import TASKS, is_blocked, locked, titles, told_rows
from tests.runtime.shop import NewTask
from tests.runtime.sync.test_buffers import Database as SyncDatabase

from reposgen_runtime.aio.buffered import BufferedRunner
from reposgen_runtime.errors import NotFlushed, OutcomeUnknown, RepositoryError
from reposgen_runtime.sync.buffered import BufferedRunner as SyncRunner

if TYPE_CHECKING:
    from reposgen_runtime.buffering import WriteFailure


async def test_a_cancelled_call_leaves_no_row(conninfo: str) -> None:
    statement = titles(size=1, limit=2)
    async with Database.open(conninfo) as db:
        run = BufferedRunner(db, shop.PACKAGE)
        with locked(conninfo):
            for title in ("a", "b"):
                await run.buffer(statement, title)
            calls = [asyncio.create_task(run.buffer(statement, t)) for t in "cdef"]
            flushing = asyncio.create_task(db.flush())
            # Meanwhile they all come to where they wait.
            await run.one(shop.COUNT)
            for task in (*calls[:3], flushing):
                task.cancel()
            outcomes = await asyncio.gather(
                *calls[:3], flushing, return_exceptions=True
            )
            assert {type(outcome) for outcome in outcomes} == {asyncio.CancelledError}
        assert await calls[3]
        await db.flush()
        assert [t.title for t in await run.many(shop.LIST)] == ["a", "b", "f"]


async def test_many_tasks(conninfo: str) -> None:
    statement = titles(size=7, limit=20)
    async with Database.open(conninfo, max_size=3) as db:
        run = BufferedRunner(db, shop.PACKAGE)
        async with asyncio.TaskGroup() as group:
            for number in range(500):
                group.create_task(run.buffer(statement, str(number)))
        await db.flush()
        found = {task.title for task in await run.many(shop.LIST)}
        assert found == {str(number) for number in range(500)}
        assert await run.one(shop.COUNT) == 500


def test_many_threads(conninfo: str) -> None:
    statement = titles(size=7, limit=20)

    def put(first: int) -> None:
        for number in range(first, first + 100):
            run.buffer(statement, str(number))

    with SyncDatabase.open(conninfo, max_size=3) as db:
        run = SyncRunner(db, shop.PACKAGE)
        threads = [
            threading.Thread(target=put, args=(first,)) for first in range(0, 500, 100)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        db.flush()
        found = {task.title for task in run.many(shop.LIST)}
        assert found == {str(number) for number in range(500)}
        assert run.one(shop.COUNT) == 500


def test_an_event_loop_that_ends_first(conninfo: str) -> None:
    """As where `asyncio.run` cancels all that is left."""
    statement = titles(size=2)
    told: list[WriteFailure] = []
    databases: list[Database] = []

    async def begin() -> None:
        db = await Database.open(conninfo).__aenter__()
        databases.append(db)
        db.on_write_failure(told.append)
        run = BufferedRunner(db, shop.PACKAGE)
        with locked(conninfo) as admin:
            for title in ("a", "b", "c"):
                await run.buffer(statement, title)
            while not is_blocked(admin):
                await run.one(shop.COUNT)

    asyncio.run(begin())
    assert told_rows(told) == [["a", "b"], ["c"]]
    assert [type(each.error) for each in told] == [OutcomeUnknown, NotFlushed]

    async def elsewhere() -> None:
        run = BufferedRunner(databases[0], shop.PACKAGE)
        with pytest.raises(RepositoryError, match="another process or event loop"):
            await run.buffer(statement, "d")

    asyncio.run(elsewhere())


def test_another_process(conninfo: str) -> None:
    with SyncDatabase.open(conninfo) as db:
        run = SyncRunner(db, shop.PACKAGE)
        run.buffer(TASKS, NewTask("a"))
        pid = os.fork()
        if pid == 0:
            try:
                run.buffer(TASKS, NewTask("b"))
            except RepositoryError as error:
                os._exit(0 if "in another process" in str(error) else 2)
            os._exit(1)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        db.flush()
        assert run.one(shop.COUNT) == 1


UNCLOSED = """
import logging, sys
from tests.runtime import shop
from tests.runtime.buffers import TASKS
from tests.runtime.sync.test_buffers import Database
from reposgen_runtime.sync.buffered import BufferedRunner
logging.basicConfig()
db = Database.open(sys.argv[1]).__enter__()
BufferedRunner(db, shop.PACKAGE).buffer(TASKS, shop.NewTask("secret"))
"""


async def test_a_program_that_forgets_to_close(conninfo: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", UNCLOSED, conninfo),
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    _, said = await process.communicate()
    assert b"tasks.add_task: 1 rows are lost: Database not closed" in said
    assert b"secret" not in said
