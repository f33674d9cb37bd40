# Derived from ../aio/test_connections.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""Connections of the caller's, and what happens to connections."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from psycopg import Connection
from tests.runtime import shop
from tests.runtime.sync.repositories import Database, TaskRepository

from reposgen_runtime import Package, Statement
from reposgen_runtime.errors import (
    ConnectionLost,
    PoolClosed,
    PoolTimeout,
    QueryRejected,
    RepositoryError,
    TransactionRequired,
    Unavailable,
)
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

ALL = Statement(
    "all", "SELECT * FROM owners", results=("int4", "text"), row=lambda *row: row
)


@pytest.mark.parametrize("threshold", [None, 0, 5])
@pytest.mark.parametrize("autocommit", [True, False])
def test_any_connection_will_do(
    conninfo: str, *, autocommit: bool, threshold: int | None
) -> None:
    with Connection.connect(
        conninfo, autocommit=autocommit, prepare_threshold=threshold
    ) as connection:
        tasks = TaskRepository(connection)
        for _ in range(3):
            made = tasks.create(title="a")
            assert tasks.get(id=made.id) == made
            connection.rollback()
        assert tasks.count() == (3 if autocommit else 0)
        with connection.transaction(force_rollback=True):
            tasks.create(title="b")
            Runner(connection, shop.PACKAGE).one(shop.LOCK, (made.id,)) if (
                autocommit
            ) else None
        assert tasks.count() == (3 if autocommit else 0)


def test_rows_locked_on_a_connection_of_the_callers(conninfo: str) -> None:
    with Connection.connect(conninfo, autocommit=True) as connection:
        run = Runner(connection, shop.PACKAGE)
        with pytest.raises(TransactionRequired):
            run.opt(shop.LOCK, (1,))
        with connection.transaction():
            assert run.opt(shop.LOCK, (1,)) is None
    with Connection.connect(conninfo) as connection:
        run = Runner(connection, shop.PACKAGE)
        assert run.opt(shop.LOCK, (1,)) is None
        assert list(run.stream(shop.NUMBERS, (3,))) == [1, 2, 3]


def test_the_callers_adapters_are_left_alone(conninfo: str) -> None:
    with Connection.connect(conninfo) as connection:
        tasks = TaskRepository(connection)
        made = tasks.create(title="a")
        cursor = connection.execute("SELECT status FROM tasks")
        assert cursor.fetchone() == ("todo",)
        assert type(made.status) is shop.Status


def test_in_a_pipeline_of_the_callers(db: Database) -> None:
    with db.connection() as connection, connection.pipeline():
        run = Runner(connection, shop.PACKAGE)
        first = connection.execute("SELECT 1")
        assert run.one(shop.COUNT) == 0
        idents = run.batch_one(shop.CREATE_ID, ["a", "b"])
        second = connection.execute("SELECT 2")
        assert len(run.many(shop.LIST)) == len(idents)
        with connection.transaction():
            streamed = [task.title for task in run.stream(shop.LIST)]
        assert streamed == ["a", "b"]
        assert first.fetchone() == (1,)
        assert second.fetchone() == (2,)


def test_notices_and_notifications_arrive(db: Database) -> None:
    notices: list[str | None] = []

    def keep(notice: Diagnostic) -> None:
        notices.append(notice.message_primary)

    with db.connection() as connection:
        connection.add_notice_handler(keep)
        received: list[str] = []
        connection.add_notify_handler(lambda notify: received.append(notify.payload))
        run = Runner(connection, shop.PACKAGE)
        run.exec(Statement("listen", "LISTEN channel"))
        run.exec(Statement("notify", "NOTIFY channel, 'hello'"))
        run.exec(Statement("warn", "DO $$ BEGIN RAISE NOTICE 'mind'; END $$"))
        assert run.one(shop.COUNT) == 0
    assert notices == ["mind"]
    assert received == ["hello"]


def test_deallocated_statements_are_prepared_again(db: Database) -> None:
    with db.connection() as connection:
        tasks = TaskRepository(connection)
        run = Runner(connection, shop.PACKAGE)
        assert tasks.count() == 0
        for command in (b"DEALLOCATE ALL", b"DISCARD ALL"):
            connection.execute(command)
            assert tasks.count() == 0
        run.batch_one(shop.CREATE_ID, ["a"])
        connection.execute("DEALLOCATE ALL")
        run.batch_one(shop.CREATE_ID, ["b"])
        assert list(run.stream(shop.NUMBERS, (1,))) == [1]
        connection.execute("DEALLOCATE ALL")
        assert list(run.stream(shop.NUMBERS, (1,))) == [1]


@pytest.mark.usefixtures("own_database")
def test_a_changed_table_is_seen(db: Database, run: Runner) -> None:
    with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        assert run.many(ALL) == []
        connection.execute("INSERT INTO owners VALUES (1, 'x')")
        connection.execute("ALTER TABLE owners ALTER name TYPE varchar(20)")
        with pytest.raises(RepositoryError, match=r"^all: column name is varchar"):
            run.many(ALL)
        connection.execute("ALTER TABLE owners ALTER name TYPE text")
        assert run.many(ALL) == [(1, "x")]


@pytest.mark.usefixtures("own_database")
def test_a_changed_table_in_a_transaction(db: Database) -> None:
    with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        assert run.many(ALL) == []
        connection.execute("ALTER TABLE owners ADD extra int4")
        connection.execute("ALTER TABLE owners DROP extra")
        connection.execute("ALTER TABLE owners ALTER name TYPE varchar(20)")
        connection.execute("ALTER TABLE owners ALTER name TYPE text")
        with connection.transaction():
            assert run.many(ALL) == []


@pytest.mark.usefixtures("own_database")
def test_types_made_anew_are_looked_up_anew(db: Database, run: Runner) -> None:
    assert run.many(shop.THINGS, (["a"],)) == []
    with db.connection() as connection:
        connection.execute("ALTER TYPE kind RENAME TO old")
        connection.execute("CREATE TYPE kind AS ENUM ('a', 'b', 'c')")
        connection.execute(
            "ALTER TABLE things ALTER kind TYPE kind USING kind::text::kind"
        )
        connection.execute("DROP TYPE old")
        connection.execute("INSERT INTO things VALUES ('c')")
    with suppress(RepositoryError):
        assert run.many(shop.THINGS, (["c"],)) == ["c"]
    assert run.many(shop.THINGS, (["c"],)) == ["c"]


def test_a_terminated_connection_is_replaced(conninfo: str, run: Runner) -> None:
    pid = run.one(shop.BACKEND)
    terminate = Statement[bool](
        "terminate",
        "SELECT pg_terminate_backend($1, 5000)",
        parameters=("int4",),
        results=("bool",),
    )
    with Connection.connect(conninfo, autocommit=True) as other:
        assert Runner(other, shop.PACKAGE).one(terminate, (pid,))
    with pytest.raises(ConnectionLost):
        run.one(shop.BACKEND)
    assert run.one(shop.BACKEND) != pid


@pytest.mark.usefixtures("own_database")
def test_a_connection_is_terminated_while_a_statement_is_prepared(
    conninfo: str, db: Database
) -> None:
    run = Runner(db, shop.PACKAGE)
    assert run.one(shop.BACKEND)
    other = Connection.connect(conninfo)
    try:
        other.execute("LOCK TABLE owners")
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
            run.many(ALL)
        assert caught.value.sqlstate == "57P01"
    finally:
        other.close()


def test_a_connection_is_terminated_in_a_pipeline(db: Database) -> None:
    suicide = Statement[bool](
        "suicide",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        results=("bool",),
    )
    run = Runner(db, shop.PACKAGE)
    with pytest.raises(ConnectionLost) as caught:  # noqa: PT012 -- it ends with the block
        with db.pipeline() as pipeline:
            pipeline.add(run.one, suicide)
            pipeline.add(run.one, shop.BACKEND)
    assert caught.value.sqlstate == "57P01"


def test_a_closed_connection_is_lost(conninfo: str) -> None:
    connection = Connection.connect(conninfo, autocommit=True)
    tasks = TaskRepository(connection)
    assert tasks.count() == 0
    connection.close()
    with pytest.raises(ConnectionLost):
        tasks.count()


def test_waiting_for_a_connection_is_bounded(conninfo: str) -> None:
    with (
        Database.open(conninfo, max_size=1, timeout=0.2) as db,
        db.connection(),
    ):
        with pytest.raises(PoolTimeout):
            db.tasks.count()


def test_a_closed_database(conninfo: str) -> None:
    db = Database.open(conninfo)
    with pytest.raises(PoolClosed):
        db.tasks.count()
    with db:
        assert db.tasks.count() == 0
    with pytest.raises(PoolClosed):
        db.tasks.count()


def test_why_no_server_can_be_reached() -> None:
    secret = "geheim"  # noqa: S105 - made up
    unreachable = f"postgresql://me:{secret}@127.0.0.1:1/nothing"
    with pytest.raises(Unavailable, match="refused") as caught:
        with Database.open(unreachable, timeout=0.2):
            pass
    assert secret not in str(caught.value)


def test_two_packages_on_one_connection(db: Database) -> None:
    other = Package("other")
    with db.connection() as connection:
        assert type((TaskRepository(connection).create(title="a")).status) is (
            shop.Status
        )
        found = Runner(connection, other).one(shop.echo("public.status"), ("todo",))
        assert type(found) is str


@pytest.mark.usefixtures("own_database")
def test_a_statement_that_fails_to_prepare_may_work_later(
    db: Database, run: Runner
) -> None:
    later = Statement[int]("later", "SELECT count(*) FROM later", results=("int8",))
    with pytest.raises(QueryRejected):
        run.one(later)
    with db.connection() as connection:
        connection.execute("CREATE TABLE later ()")
    assert run.one(later) == 0


def test_as_many_statements_stay_prepared_as_are_allowed(
    conninfo: str, *, use_cursors: bool
) -> None:
    prepared = "SELECT count(*) FROM pg_prepared_statements"
    statements = [
        Statement[int](f"{n}", f"SELECT {n}", results=("int4",)) for n in range(30)
    ]
    with Database.open(
        conninfo, use_cursors=use_cursors, max_size=1, max_prepared=10
    ) as db:
        run = Runner(db, shop.PACKAGE)
        for _ in range(2):
            for number, statement in enumerate(statements):
                assert run.one(statement) == number
                # What is used all the time stays.
                assert run.one(statements[0]) == 0
        with db.connection() as connection:
            cursor = connection.execute(prepared + " WHERE statement = 'SELECT 0'")
            assert cursor.fetchone() == (0 if use_cursors else 1,)
            cursor = connection.execute(prepared)
            row = cursor.fetchone()
            assert row is not None
            # Those that must go do so before the next one is prepared.
            assert row[0] <= 11
        with db.transaction():
            for number, statement in enumerate(statements):
                assert run.one(statement) == number
            with pytest.raises(QueryRejected):
                with db.savepoint():
                    run.one(Statement[int]("no", "SELECT no", results=("int4",)))
            assert run.one(statements[1]) == 1
        with db.connection() as connection:
            cursor = connection.execute(prepared)
            assert cursor.fetchone() == (0 if use_cursors else 1,)
