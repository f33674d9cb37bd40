# ruff: noqa: PT012 -- the block as a whole is what raises
"""Rows that are written later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.runtime import shop, tenancy
from tests.runtime.buffers import (
    NOWHERE,
    OWNERS,
    TASKS,
    is_blocked,
    locked,
    titles,
    told_rows,
)
from tests.runtime.shop import NewTask, Status, TasksTitleCheckViolation

from reposgen_runtime import Buffering, CopyInto, Settings, Statement
from reposgen_runtime.aio.buffered import BufferedDatabase, BufferedRunner
from reposgen_runtime.buffering import BufferStatistics, WriteFailure
from reposgen_runtime.errors import (
    BufferFull,
    ForeignKeyMissing,
    InvalidText,
    NotFlushed,
    OutcomeUnknown,
    PoolClosed,
    QueryRejected,
    RepositoryError,
    TenantRequired,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from reposgen_runtime.aio import Runner


class Database(BufferedDatabase):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, package=shop.PACKAGE)


@pytest.fixture
async def db(conninfo: str, *, use_cursors: bool) -> AsyncIterator[Database]:
    async with Database.open(
        conninfo, use_cursors=use_cursors, max_size=4, timeout=20
    ) as database:
        yield database


@pytest.fixture
def run(db: Database) -> BufferedRunner:
    return BufferedRunner(db, shop.PACKAGE)


@pytest.fixture
def told(db: Database) -> list[WriteFailure]:
    found: list[WriteFailure] = []
    db.on_write_failure(found.append)
    return found


async def written(run: Runner) -> list[str]:
    return [task.title for task in await run.many(shop.LIST)]


def numbers(
    pending: int = 0,
    written: int = 0,
    dropped: int = 0,
    failed: int = 0,
    unknown: int = 0,
) -> BufferStatistics:
    return BufferStatistics(
        pending=pending,
        written=written,
        dropped=dropped,
        failed=failed,
        unknown=unknown,
        retries=0,
    )


async def test_a_full_batch_is_written(db: Database, run: BufferedRunner) -> None:
    statement = titles(size=3)
    for title in "abcdefg":
        assert await run.buffer(statement, title)
    while db.buffers()["tasks.add_title"].pending > 1:
        await run.one(shop.COUNT)
    assert await written(run) == [*"abcdef"]
    await db.flush()
    assert await written(run) == [*"abcdefg"]
    assert db.buffers() == {"tasks.add_title": numbers(written=7)}


async def test_the_time_is_over(db: Database, run: BufferedRunner) -> None:
    await run.buffer(titles(size=3, interval=0.01), "a")
    while db.buffers()["tasks.add_title"].pending:
        await run.one(shop.COUNT)
    assert await written(run) == ["a"]


async def test_written_on_close(
    conninfo: str, run: Runner, *, use_cursors: bool
) -> None:
    async with Database.open(conninfo, use_cursors=use_cursors) as database:
        own = BufferedRunner(database, shop.PACKAGE)
        for title in ("a", "b"):
            await own.buffer(titles(size=100), title)
        await own.buffer(TASKS, NewTask("c", 3, Status.DONE))
        with pytest.raises(RepositoryError, match="has no buffer"):
            await database.flush(shop.COPY)
        await database.flush(TASKS)
        assert await written(run) == ["c"]
    assert sorted(await written(run)) == ["a", "b", "c"]
    assert await run.one(shop.GET, (1,)) == (await run.many(shop.LIST))[0]
    with pytest.raises(PoolClosed):
        await own.buffer(TASKS, NewTask("d"))
    async with database:
        assert database.buffers() == {}
        await own.buffer(TASKS, NewTask("e"))
    assert database.buffers() == {"tasks.add_task": numbers(written=1)}


async def test_not_open(conninfo: str) -> None:
    database = Database.open(conninfo)
    with pytest.raises(PoolClosed, match=r"^tasks.add_task: the Database is not open"):
        await BufferedRunner(database, shop.PACKAGE).buffer(TASKS, NewTask("a"))


async def test_each_waits_for_room(db: Database, run: BufferedRunner) -> None:
    statement = titles(size=1, limit=2)
    for number in range(100):
        assert await run.buffer(statement, str(number))
        assert db.buffers()["tasks.add_title"].pending <= 2
    await db.flush()
    assert await written(run) == [str(number) for number in range(100)]


async def test_no_room_in_time(
    conninfo: str, run: Runner, *, use_cursors: bool
) -> None:
    statement = titles(size=1, limit=2)
    async with Database.open(
        conninfo, use_cursors=use_cursors, timeout=0.2
    ) as database:
        own = BufferedRunner(database, shop.PACKAGE)
        with locked(conninfo):
            for title in ("a", "b"):
                await own.buffer(statement, title)
            with pytest.raises(BufferFull, match=r"^tasks.add_title: 2 rows wait"):
                await own.buffer(statement, "c")
            with pytest.raises(NotFlushed, match=r"^tasks.add_title: 2 rows wait"):
                await database.flush(timeout=0.01)
        await database.flush()
        assert await own.buffer(statement, "d")
    assert await written(run) == ["a", "b", "d"]


async def test_dropped(conninfo: str, db: Database, run: BufferedRunner) -> None:
    statement = titles(size=1, limit=2, drops=True)
    with locked(conninfo):
        taken = [await run.buffer(statement, title) for title in "abcd"]
    await db.flush()
    assert taken == [True, True, False, False]
    assert db.buffers() == {"tasks.add_title": numbers(written=2, dropped=2)}
    assert await written(run) == ["a", "b"]


async def test_bad_rows(
    db: Database, run: BufferedRunner, told: list[WriteFailure]
) -> None:
    rows = [NewTask(title) for title in ("a", "", "b", "\0", "", "c", "")]
    for row in rows:
        await run.buffer(TASKS, row)
    await db.flush()
    assert sorted(await written(run)) == ["a", "b", "c"]
    assert {type(u.error) for u in told} == {TasksTitleCheckViolation, InvalidText}
    assert told_rows(told) == [[rows[1]], [rows[3]], [rows[4]], [rows[6]]]
    assert db.buffers() == {"tasks.add_task": numbers(written=3, failed=4)}


async def test_bad_rows_without_a_number(
    db: Database, run: BufferedRunner, told: list[WriteFailure], conninfo: str
) -> None:
    with psycopg.connect(conninfo) as admin:
        admin.execute("INSERT INTO owners SELECT n, 'o' FROM generate_series(1, 30) n")
    for number in range(32):
        await run.buffer(OWNERS, number)
    await db.flush()
    assert len(await written(run)) == 30
    assert told_rows(told) == [[0], [31]]
    assert {type(unwritten.error) for unwritten in told} == {ForeignKeyMissing}


async def test_what_is_no_rows_fault(
    db: Database, run: BufferedRunner, told: list[WriteFailure]
) -> None:
    for title in ("a", "b", "c"):
        await run.buffer(NOWHERE, title)
    await db.flush()
    assert told_rows(told) == [["a", "b", "c"]]
    assert isinstance(told[0].error, QueryRejected)
    assert db.buffers() == {"tasks.add_nowhere": numbers(failed=3)}
    await run.buffer(NOWHERE, "d")
    await db.flush()
    assert told_rows(told)[1:] == [["d"]]


async def test_nobody_is_told(
    db: Database, run: BufferedRunner, caplog: pytest.LogCaptureFixture
) -> None:
    await run.buffer(TASKS, NewTask("", 77))
    await db.flush()
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage().startswith("tasks.add_task: 1 rows were given up: ")
    assert "77" not in record.getMessage()


async def test_a_callback_that_fails(
    db: Database, run: BufferedRunner, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(unwritten: WriteFailure) -> None:
        raise ValueError(unwritten.rows)

    async def hear(unwritten: WriteFailure) -> None:
        heard.append(unwritten)

    heard: list[WriteFailure] = []
    db.on_write_failure(fail)
    db.on_write_failure(hear)
    await run.buffer(TASKS, NewTask("", 77))
    await run.buffer(TASKS, NewTask("a"))
    await db.flush()
    assert [record.getMessage() for record in caplog.records] == [
        "tasks.add_task: on_write_failure: ValueError"
    ]
    assert "NewTask" not in repr(heard)
    assert await written(run) == ["a"]


async def test_no_part_of_a_transaction(db: Database, run: BufferedRunner) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            # What writes them is started here, and is no part of it either.
            await run.buffer(TASKS, NewTask("a"))
            await db.flush()
            raise ZeroDivisionError
    async with db.transaction() as transaction:
        await run.buffer(TASKS, NewTask("b"))
        with pytest.raises(RepositoryError, match="are part of no transaction"):
            await BufferedRunner(transaction, shop.PACKAGE).buffer(TASKS, NewTask("c"))
    await db.flush()
    assert await written(run) == ["a", "b"]
    async with db.connection() as connection:
        with pytest.raises(RepositoryError, match="a Database's repository"):
            await BufferedRunner(connection, shop.PACKAGE).buffer(TASKS, NewTask("d"))


async def test_given_up_on_close(
    conninfo: str, run: Runner, *, use_cursors: bool
) -> None:
    statement = titles(size=2)
    told: list[WriteFailure] = []
    with locked(conninfo) as admin:
        async with Database.open(conninfo, use_cursors=use_cursors) as database:
            database.drain_timeout = 0.05
            database.on_write_failure(told.append)
            own = BufferedRunner(database, shop.PACKAGE)
            for title in "abcde":
                await own.buffer(statement, title)
            while not is_blocked(admin):
                await run.one(shop.COUNT)
            await database.close(timeout=0)
        assert told_rows(told) == [["a", "b"], ["c", "d"], ["e"]]
        assert [type(u.error) for u in told] == [OutcomeUnknown, NotFlushed, NotFlushed]
        found = database.buffers()
    assert found == {"tasks.add_title": numbers(failed=3, unknown=2)}
    assert {*await written(run)} <= {"a", "b"}


async def test_connections_that_broke(
    conninfo: str, db: Database, run: BufferedRunner
) -> None:
    await run.buffer(TASKS, NewTask("a"))
    await db.flush()
    with psycopg.connect(conninfo) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    await run.buffer(TASKS, NewTask("b"))
    await db.flush()
    assert await written(run) == ["a", "b"]
    found = db.buffers()["tasks.add_task"]
    assert (found.written, found.unknown) == (2, 0)
    assert found.retries > 0


NOTES = Statement[None](
    "notes.add_later",
    'INSERT INTO notes (title) SELECT title FROM "pg_temp"."reposgen_rows"',
    parameters=("text",),
    copy=CopyInto('"pg_temp"."reposgen_rows"', ('"title"',), staged=True),
    buffer=Buffering(interval=3600.0),
)


class Tenancy(BufferedDatabase):
    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, package=tenancy.PACKAGE)


@pytest.mark.usefixtures("own_database")
async def test_each_tenants_rows(conninfo: str, *, use_cursors: bool) -> None:
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(tenancy.SCHEMA.encode())
        with tenancy.unprivileged(conninfo) as secured:
            async with Tenancy.open(secured, use_cursors=use_cursors) as db:
                run = BufferedRunner(db, tenancy.PACKAGE)
                with pytest.raises(TenantRequired):
                    await run.buffer(NOTES, "nobody's")
                async with db.tenant("a"), db.transaction():
                    await run.buffer(NOTES, "1")
                async with db.tenant("b"):
                    await run.buffer(NOTES, "2")
                    async with db.tenant("a"):
                        await run.buffer(NOTES, "3")
                await BufferedRunner(db.tenant("b"), tenancy.PACKAGE).buffer(NOTES, "4")
                async with db.tenant("c"):
                    await db.flush()
        found = admin.execute("SELECT tenant, title FROM notes ORDER BY title")
        assert found.fetchall() == [("a", "1"), ("b", "2"), ("a", "3"), ("b", "4")]
        admin.execute("DROP TABLE notes")
