"""Connections of the caller's, and what happens to connections."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from psycopg import AsyncConnection
from tests.runtime import shop
from tests.runtime.aio.repositories import Database, TaskRepository

from reposgen_runtime import Package, Statement
from reposgen_runtime.aio import Runner
from reposgen_runtime.errors import (
    ConnectionLost,
    PoolClosed,
    PoolTimeout,
    QueryRejected,
    RepositoryError,
    TransactionRequired,
    Unavailable,
)

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

ALL = Statement(
    "all", "SELECT * FROM owners", results=("int4", "text"), row=lambda *row: row
)


@pytest.mark.parametrize("threshold", [None, 0, 5])
@pytest.mark.parametrize("autocommit", [True, False])
async def test_any_connection_will_do(
    conninfo: str, *, autocommit: bool, threshold: int | None
) -> None:
    async with await AsyncConnection.connect(
        conninfo, autocommit=autocommit, prepare_threshold=threshold
    ) as connection:
        tasks = TaskRepository(connection)
        for _ in range(3):
            made = await tasks.create(title="a")
            assert await tasks.get(id=made.id) == made
            await connection.rollback()
        assert await tasks.count() == (3 if autocommit else 0)
        async with connection.transaction(force_rollback=True):
            await tasks.create(title="b")
            await Runner(connection, shop.PACKAGE).one(shop.LOCK, (made.id,)) if (
                autocommit
            ) else None
        assert await tasks.count() == (3 if autocommit else 0)


async def test_rows_locked_on_a_connection_of_the_callers(conninfo: str) -> None:
    async with await AsyncConnection.connect(conninfo, autocommit=True) as connection:
        run = Runner(connection, shop.PACKAGE)
        with pytest.raises(TransactionRequired):
            await run.opt(shop.LOCK, (1,))
        async with connection.transaction():
            assert await run.opt(shop.LOCK, (1,)) is None
    async with await AsyncConnection.connect(conninfo) as connection:
        run = Runner(connection, shop.PACKAGE)
        assert await run.opt(shop.LOCK, (1,)) is None
        assert [row async for row in run.stream(shop.NUMBERS, (3,))] == [1, 2, 3]


async def test_the_callers_adapters_are_left_alone(conninfo: str) -> None:
    async with await AsyncConnection.connect(conninfo) as connection:
        tasks = TaskRepository(connection)
        made = await tasks.create(title="a")
        cursor = await connection.execute("SELECT status FROM tasks")
        assert await cursor.fetchone() == ("todo",)
        assert type(made.status) is shop.Status


async def test_in_a_pipeline_of_the_callers(db: Database) -> None:
    async with db.connection() as connection, connection.pipeline():
        run = Runner(connection, shop.PACKAGE)
        first = await connection.execute("SELECT 1")
        assert await run.one(shop.COUNT) == 0
        idents = await run.batch_one(shop.CREATE_ID, ["a", "b"])
        second = await connection.execute("SELECT 2")
        assert len(await run.many(shop.LIST)) == len(idents)
        async with connection.transaction():
            streamed = [task.title async for task in run.stream(shop.LIST)]
        assert streamed == ["a", "b"]
        assert await first.fetchone() == (1,)
        assert await second.fetchone() == (2,)


async def test_notices_and_notifications_arrive(db: Database) -> None:
    notices: list[str | None] = []

    def keep(notice: Diagnostic) -> None:
        notices.append(notice.message_primary)

    async with db.connection() as connection:
        connection.add_notice_handler(keep)
        received: list[str] = []
        connection.add_notify_handler(lambda notify: received.append(notify.payload))
        run = Runner(connection, shop.PACKAGE)
        await run.exec(Statement("listen", "LISTEN channel"))
        await run.exec(Statement("notify", "NOTIFY channel, 'hello'"))
        await run.exec(Statement("warn", "DO $$ BEGIN RAISE NOTICE 'mind'; END $$"))
        assert await run.one(shop.COUNT) == 0
    assert notices == ["mind"]
    assert received == ["hello"]


async def test_deallocated_statements_are_prepared_again(db: Database) -> None:
    async with db.connection() as connection:
        tasks = TaskRepository(connection)
        run = Runner(connection, shop.PACKAGE)
        assert await tasks.count() == 0
        for command in (b"DEALLOCATE ALL", b"DISCARD ALL"):
            await connection.execute(command)
            assert await tasks.count() == 0
        await run.batch_one(shop.CREATE_ID, ["a"])
        await connection.execute("DEALLOCATE ALL")
        await run.batch_one(shop.CREATE_ID, ["b"])
        assert [row async for row in run.stream(shop.NUMBERS, (1,))] == [1]
        await connection.execute("DEALLOCATE ALL")
        assert [row async for row in run.stream(shop.NUMBERS, (1,))] == [1]


@pytest.mark.usefixtures("own_database")
async def test_a_changed_table_is_seen(db: Database, run: Runner) -> None:
    async with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        assert await run.many(ALL) == []
        await connection.execute("INSERT INTO owners VALUES (1, 'x')")
        await connection.execute("ALTER TABLE owners ALTER name TYPE varchar(20)")
        with pytest.raises(RepositoryError, match=r"^all: column name is varchar"):
            await run.many(ALL)
        await connection.execute("ALTER TABLE owners ALTER name TYPE text")
        assert await run.many(ALL) == [(1, "x")]


@pytest.mark.usefixtures("own_database")
async def test_a_changed_table_in_a_transaction(db: Database) -> None:
    async with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        assert await run.many(ALL) == []
        await connection.execute("ALTER TABLE owners ADD extra int4")
        await connection.execute("ALTER TABLE owners DROP extra")
        await connection.execute("ALTER TABLE owners ALTER name TYPE varchar(20)")
        await connection.execute("ALTER TABLE owners ALTER name TYPE text")
        async with connection.transaction():
            assert await run.many(ALL) == []


@pytest.mark.usefixtures("own_database")
async def test_types_made_anew_are_looked_up_anew(db: Database, run: Runner) -> None:
    assert await run.many(shop.THINGS, (["a"],)) == []
    async with db.connection() as connection:
        await connection.execute("ALTER TYPE kind RENAME TO old")
        await connection.execute("CREATE TYPE kind AS ENUM ('a', 'b', 'c')")
        await connection.execute(
            "ALTER TABLE things ALTER kind TYPE kind USING kind::text::kind"
        )
        await connection.execute("DROP TYPE old")
        await connection.execute("INSERT INTO things VALUES ('c')")
    with suppress(RepositoryError):
        assert await run.many(shop.THINGS, (["c"],)) == ["c"]
    assert await run.many(shop.THINGS, (["c"],)) == ["c"]


async def test_a_terminated_connection_is_replaced(conninfo: str, run: Runner) -> None:
    pid = await run.one(shop.BACKEND)
    terminate = Statement[bool](
        "terminate",
        "SELECT pg_terminate_backend($1, 5000)",
        parameters=("int4",),
        results=("bool",),
    )
    async with await AsyncConnection.connect(conninfo, autocommit=True) as other:
        assert await Runner(other, shop.PACKAGE).one(terminate, (pid,))
    with pytest.raises(ConnectionLost):
        await run.one(shop.BACKEND)
    assert await run.one(shop.BACKEND) != pid


@pytest.mark.usefixtures("own_database")
async def test_a_connection_is_terminated_while_a_statement_is_prepared(
    conninfo: str, db: Database
) -> None:
    run = Runner(db, shop.PACKAGE)
    assert await run.one(shop.BACKEND)
    other = await AsyncConnection.connect(conninfo)
    try:
        await other.execute("LOCK TABLE owners")
        # Not waited for: it ends what waits for the lock.
        other.pgconn.send_query(
            b"""DO $$ BEGIN LOOP
                PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock';
                EXIT WHEN FOUND;
                PERFORM pg_stat_clear_snapshot();
            END LOOP; END $$"""
        )
        other.pgconn.flush()
        with pytest.raises(ConnectionLost) as caught:
            await run.many(ALL)
        assert caught.value.sqlstate == "57P01"
    finally:
        await other.close()


async def test_a_connection_is_terminated_in_a_pipeline(db: Database) -> None:
    suicide = Statement[bool](
        "suicide",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        results=("bool",),
    )
    run = Runner(db, shop.PACKAGE)
    with pytest.raises(ConnectionLost) as caught:  # noqa: PT012 -- it ends with the block
        async with db.pipeline() as pipeline:
            pipeline.add(run.one, suicide)
            pipeline.add(run.one, shop.BACKEND)
    assert caught.value.sqlstate == "57P01"


async def test_a_closed_connection_is_lost(conninfo: str) -> None:
    connection = await AsyncConnection.connect(conninfo, autocommit=True)
    tasks = TaskRepository(connection)
    assert await tasks.count() == 0
    await connection.close()
    with pytest.raises(ConnectionLost):
        await tasks.count()


async def test_waiting_for_a_connection_is_bounded(conninfo: str) -> None:
    async with (
        Database.open(conninfo, max_size=1, timeout=0.2) as db,
        db.connection(),
    ):
        with pytest.raises(PoolTimeout):
            await db.tasks.count()


async def test_a_closed_database(conninfo: str) -> None:
    db = Database.open(conninfo)
    with pytest.raises(PoolClosed):
        await db.tasks.count()
    async with db:
        assert await db.tasks.count() == 0
    with pytest.raises(PoolClosed):
        await db.tasks.count()


async def test_why_no_server_can_be_reached() -> None:
    secret = "geheim"  # noqa: S105 - made up
    unreachable = f"postgresql://me:{secret}@127.0.0.1:1/nothing"
    with pytest.raises(Unavailable, match="refused") as caught:
        async with Database.open(unreachable, timeout=0.2):
            pass
    assert secret not in str(caught.value)


async def test_two_packages_on_one_connection(db: Database) -> None:
    other = Package("other")
    async with db.connection() as connection:
        assert type((await TaskRepository(connection).create(title="a")).status) is (
            shop.Status
        )
        found = await Runner(connection, other).one(
            shop.echo("public.status"), ("todo",)
        )
        assert type(found) is str


@pytest.mark.usefixtures("own_database")
async def test_a_statement_that_fails_to_prepare_may_work_later(
    db: Database, run: Runner
) -> None:
    later = Statement[int]("later", "SELECT count(*) FROM later", results=("int8",))
    with pytest.raises(QueryRejected):
        await run.one(later)
    async with db.connection() as connection:
        await connection.execute("CREATE TABLE later ()")
    assert await run.one(later) == 0


async def test_as_many_statements_stay_prepared_as_are_allowed(
    conninfo: str, *, use_cursors: bool
) -> None:
    prepared = "SELECT count(*) FROM pg_prepared_statements"
    statements = [
        Statement[int](f"{n}", f"SELECT {n}", results=("int4",)) for n in range(30)
    ]
    async with Database.open(
        conninfo, use_cursors=use_cursors, max_size=1, max_prepared=10
    ) as db:
        run = Runner(db, shop.PACKAGE)
        for _ in range(2):
            for number, statement in enumerate(statements):
                assert await run.one(statement) == number
                # What is used all the time stays.
                assert await run.one(statements[0]) == 0
        async with db.connection() as connection:
            cursor = await connection.execute(
                prepared + " WHERE statement = 'SELECT 0'"
            )
            assert await cursor.fetchone() == (0 if use_cursors else 1,)
            cursor = await connection.execute(prepared)
            row = await cursor.fetchone()
            assert row is not None
            # Those that must go do so before the next one is prepared.
            assert row[0] <= 11
        async with db.transaction():
            for number, statement in enumerate(statements):
                assert await run.one(statement) == number
            with pytest.raises(QueryRejected):
                async with db.savepoint():
                    await run.one(Statement[int]("no", "SELECT no", results=("int4",)))
            assert await run.one(statements[1]) == 1
        async with db.connection() as connection:
            cursor = await connection.execute(prepared)
            assert await cursor.fetchone() == (0 if use_cursors else 1,)
