"""Processes that are forked while connections are open."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import traceback
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import uvloop
from tests.runtime import shop
from tests.runtime.aio.repositories import Database as AsyncDatabase
from tests.runtime.buffers import TASKS
from tests.runtime.shop import NewTask
from tests.runtime.sync.repositories import Database, TaskRepository
from tests.runtime.sync.test_buffers import Database as BufferedDatabase

from reposgen_runtime.errors import ConnectionInUse, PoolClosed, RepositoryError
from reposgen_runtime.sync import Runner
from reposgen_runtime.sync.buffered import BufferedRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.replica import Replica

# Seconds after which a child that waits for ever is ended.
PATIENCE = 30


def in_child(work: Callable[[], None]) -> None:
    """Do something in a forked process, which has to do it in time."""
    process = os.fork()
    if not process:
        status = 1
        try:
            signal.alarm(PATIENCE)
            work()
            status = 0
        except BaseException:  # noqa: BLE001 -- shown by the parent's test
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(status)
    _, waited = os.waitpid(process, 0)
    assert waited == 0, f"the child ended with {waited}"


@contextmanager
def refused(*errors: type[RepositoryError]) -> Iterator[None]:
    with pytest.raises(errors or (PoolClosed,), match="before this process was forked"):
        yield


def test_calls_in_a_child(conninfo: str, *, use_cursors: bool) -> None:
    with Database.open(conninfo, use_cursors=use_cursors, min_size=2) as db:
        made = db.tasks.create(title="a")
        run = Runner(db, shop.PACKAGE)

        def work() -> None:
            with refused():
                db.tasks.get(id=made.id)
            with refused(), db.transaction():
                pass
            with refused(), db.pipeline() as pipeline:
                pipeline.add(db.tasks.count)
            with refused():
                run.copy_from(shop.COPY_TITLES, ["x"])
            with refused(), run.stream(shop.LIST) as stream:
                next(iter(stream))
            with refused(), db.connection():
                pass
            assert not db.is_healthy(timeout=1)
            with Database.open(conninfo, use_cursors=use_cursors) as own:
                assert own.tasks.get(id=made.id) == made
            db.close()
            with db:
                assert db.tasks.count() == 1

        for _ in range(3):
            in_child(work)
            assert db.tasks.get(id=made.id) == made
        assert db.statistics().primary.connections_lost == 0


def test_what_is_open_while_the_process_is_forked(
    conninfo: str, *, use_cursors: bool
) -> None:
    with Database.open(conninfo, use_cursors=use_cursors) as db:
        run = Runner(db, shop.PACKAGE)
        followed: list[str] = []
        stream = run.stream(shop.NUMBERS, (100_000,))
        numbers = iter(stream)
        assert next(numbers) == 1
        transaction_block = db.transaction()
        transaction = transaction_block.__enter__()
        transaction.on_rollback(lambda: followed.append("undone"))
        transaction.on_commit(lambda: followed.append("committed"))
        db.tasks.create(title="a")
        pipeline_block = db.pipeline()
        pipeline_block.__enter__().add(db.tasks.count)

        def work() -> None:
            with refused(ConnectionInUse):
                db.tasks.count()
            with refused(ConnectionInUse):
                TaskRepository(transaction).count()
            with refused(ConnectionInUse):
                run.copy_from(shop.COPY_TITLES, ["x"])
            with refused(ConnectionInUse), db.savepoint():
                pass
            with refused(ConnectionInUse):
                pipeline_block.__exit__(None, None, None)
            with refused(ConnectionInUse):
                transaction_block.__exit__(None, None, None)
            assert followed == []
            with pytest.raises(RepositoryError):
                list(numbers)
            stream.close()
            db.close()

        in_child(work)
        # Neither rolled back, nor cancelled, nor cut off.
        pipeline_block.__exit__(None, None, None)
        transaction_block.__exit__(None, None, None)
        assert followed == ["committed"]
        assert [*numbers][-1] == 100_000
        assert db.tasks.count() == 1


def test_a_child_that_ends_as_usual(conninfo: str) -> None:
    """With all that Python does at its end, while the parent is in a transaction."""
    with Database.open(conninfo, min_size=2) as db:
        context = multiprocessing.get_context("fork")
        with db.transaction():
            db.tasks.create(title="a")
            child = context.Process(target=_raise_in_child, args=(db,))
            child.start()
            child.join(PATIENCE)
            assert child.exitcode == 0
            process = os.fork()
            if not process:
                # Leaves this block and the Database's, on its way.
                sys.exit(_leave(db))
            os.waitpid(process, 0)
            db.tasks.create(title="b")
        assert db.tasks.count() == 2


def _raise_in_child(db: Database) -> None:
    with refused(ConnectionInUse):
        db.tasks.count()


def _leave(db: Database) -> int:
    # What pytest would do with the exit is none of the test's business.
    db.close()
    os._exit(0)


def test_connections_of_the_callers(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        tasks = TaskRepository(connection)
        assert tasks.count() == 0

        def work() -> None:
            with refused(ConnectionInUse):
                tasks.count()
            with refused(ConnectionInUse):
                Runner(connection, shop.PACKAGE).copy_from(shop.COPY_TITLES, ["x"])

        in_child(work)
        assert tasks.count() == 0


def test_locks_that_another_thread_holds(conninfo: str) -> None:
    """A connection's, the pool's, and those of buffers."""
    with BufferedDatabase.open(conninfo, max_size=1) as db:
        run = BufferedRunner(db, shop.PACKAGE)
        run.buffer(TASKS, NewTask("a"))
        db.flush()
        asked, free = threading.Event(), threading.Event()

        def hold() -> None:
            pool = db._router.primary._pool  # noqa: SLF001 -- whose lock it is
            assert pool is not None
            with db._guard, pool._lock:  # noqa: SLF001 -- the same
                asked.set()
                free.wait(PATIENCE)

        holder = threading.Thread(target=hold)
        holder.start()
        asked.wait(PATIENCE)

        def work() -> None:
            with refused():
                run.one(shop.COUNT)
            with pytest.raises(RepositoryError, match="in another process"):
                run.buffer(TASKS, NewTask("b"))
            db.close()

        try:
            in_child(work)
        finally:
            free.set()
            holder.join()
        assert run.one(shop.COUNT) == 1


def test_reads_from_replicas(primary: str, replica: Replica) -> None:
    with Database.open(primary, replicas=[replica.conninfo]) as db:
        db.tasks.count()

        def work() -> None:
            with refused():
                db.tasks.count()
            db.close()

        in_child(work)
        assert db.tasks.count() == 0


@pytest.mark.parametrize(
    "factory",
    [asyncio.new_event_loop, uvloop.new_event_loop],
    ids=["asyncio", "uvloop"],
)
def test_event_loops(
    conninfo: str, factory: Callable[[], Any], *, use_cursors: bool
) -> None:
    """Forked between two runs of a loop, and in the midst of one."""

    async def refused_in_child(db: AsyncDatabase) -> None:
        # In the midst of a transaction, it is another task's as well.
        with pytest.raises(RepositoryError):
            await db.tasks.count()
        async with AsyncDatabase.open(conninfo, use_cursors=use_cursors) as own:
            assert await own.tasks.count() == 0
        await db.close()

    def work(db: AsyncDatabase) -> None:
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(refused_in_child(db))

    async def inside(db: AsyncDatabase) -> None:
        async with db.transaction():
            await db.tasks.create(title="a")
            in_child(lambda: work(db))
            assert await db.tasks.count() == 1
        await db.tasks.count()

    with asyncio.Runner(loop_factory=factory) as runner:
        db = AsyncDatabase.open(conninfo, use_cursors=use_cursors, min_size=2)
        runner.run(db.__aenter__())
        assert runner.run(db.tasks.count()) == 0
        in_child(lambda: work(db))
        assert runner.run(db.tasks.count()) == 0
        with pytest.raises(LookupError):
            runner.run(_undone(db, inside))
        assert runner.run(db.tasks.count()) == 0
        runner.run(db.close())


async def _undone(db: AsyncDatabase, work: Callable[[AsyncDatabase], Any]) -> None:
    async with db.transaction():
        await work(db)
        raise LookupError
