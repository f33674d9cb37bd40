# ruff: noqa: PT012 -- the block as a whole is what raises
"""What blocks offer beside BEGIN and COMMIT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from tests.runtime import shop
from tests.runtime.aio.repositories import Database, TaskRepository

from reposgen_runtime import Statement
from reposgen_runtime.aio import Runner
from reposgen_runtime.errors import (
    AlreadyExists,
    CallbackFailed,
    Deadlock,
    OutcomeUnknown,
    RepositoryError,
    SerializationFailure,
    StatementTimeout,
    TransactionClosed,
    TransactionFailed,
    TransactionRequired,
    TransactionTimeout,
)

if TYPE_CHECKING:
    from reposgen_runtime.aio import Savepoint

SHOW = Statement[str](
    "show", "SELECT current_setting($1)", parameters=("text",), results=("text",)
)
SLOW = Statement[None](
    "slow", "SELECT pg_sleep($1)", parameters=("float8",), timeout=0.05
)
QUICK = Statement[str](
    "quick",
    "SELECT current_setting($1)",
    parameters=("text",),
    results=("text",),
    read_only=True,
    timeout=1.5,
)
QUICK_NUMBERS = Statement[int](
    "quick_numbers",
    "SELECT CASE WHEN current_setting('statement_timeout') = '1500ms' THEN n END"
    " FROM generate_series(1, $1) AS n",
    parameters=("int4",),
    results=("int4",),
    read_only=True,
    timeout=1.5,
)


class LeaveError(Exception):
    """Raised by a test to leave a block."""


async def test_rolling_back_to_a_savepoint_and_going_on(db: Database) -> None:
    async with db.transaction():
        await db.tasks.create(title="before")
        async with db.savepoint("half way") as savepoint:
            await db.tasks.create(title="undone")
            await savepoint.rollback()
            assert await db.tasks.count() == 1
            await db.tasks.create(title="instead")
            await savepoint.rollback()
            await db.tasks.create(title="at last")
    assert await db.tasks.count() == 2


async def test_a_failed_statement_is_undone_by_its_savepoint(db: Database) -> None:
    async with db.transaction():
        await db.tasks.create(title="a", slug="s")
        async with db.savepoint("try") as savepoint:
            with pytest.raises(AlreadyExists):
                await db.tasks.create(title="b", slug="s")
            await savepoint.rollback()
            await db.tasks.create(title="b", slug="t")
        with pytest.raises(TransactionFailed):
            async with db.savepoint():
                with pytest.raises(AlreadyExists):
                    await db.tasks.create(title="c", slug="s")
        await db.tasks.create(title="c", slug="u")
    assert await db.tasks.count() == 3


async def test_an_outer_savepoint_takes_the_inner_ones_with_it(db: Database) -> None:
    async with db.transaction() as transaction:
        async with transaction.savepoint('the "outer"') as outer:
            await db.tasks.create(title="a")
            async with db.savepoint("inner") as inner:
                await db.tasks.create(title="b")
                await outer.rollback()
                with pytest.raises(TransactionClosed, match="'inner' is gone"):
                    await inner.rollback()
                await db.tasks.create(title="c")
            async with db.savepoint("inner"):
                await db.tasks.create(title="d")
        with pytest.raises(TransactionClosed):
            await outer.rollback()
    assert await db.tasks.count() == 2


async def test_savepoints_have_names_of_their_own(db: Database) -> None:
    async with db.transaction(), db.savepoint("a"):
        with pytest.raises(RepositoryError, match="already a savepoint 'a'"):
            async with db.savepoint("a"):
                pass
        assert await db.tasks.count() == 0


async def test_what_follows_a_commit(db: Database) -> None:
    seen: list[tuple[str, int]] = []

    async def follow() -> None:
        assert db.current() is None
        seen.append(("committed", await db.tasks.count()))

    async with db.transaction() as transaction:
        await db.tasks.create(title="a")
        db.on_commit(follow)
        transaction.on_rollback(lambda: seen.append(("undone", 0)))
        async with db.transaction():
            await db.tasks.create(title="b")
            db.on_commit(lambda: seen.append(("inner", 0)))
        assert seen == []
    assert seen == [("committed", 2), ("inner", 0)]


async def test_what_follows_a_rollback(db: Database) -> None:
    seen: list[str] = []
    with pytest.raises(LeaveError):
        async with db.transaction():
            db.on_commit(lambda: seen.append("committed"))
            db.on_rollback(lambda: seen.append("undone"))
            raise LeaveError
    assert seen == ["undone"]
    with pytest.raises(AlreadyExists):
        async with db.transaction() as transaction:
            run = Runner(transaction, shop.PACKAGE)
            db.on_rollback(lambda: seen.append("refused"))
            await run.one(shop.CREATE, ("a", None, None, 1))
            await run.one(shop.CREATE, ("b", None, None, 1))
    assert seen == ["undone", "refused"]


async def test_what_a_savepoint_undid_is_not_committed(db: Database) -> None:
    seen: list[str] = []

    async def leave(savepoint: Savepoint) -> None:
        db.on_commit(lambda: seen.append("wrong"))
        db.on_rollback(lambda: seen.append("undone"))
        await savepoint.rollback()
        db.on_commit(lambda: seen.append("right"))
        db.on_rollback(lambda: seen.append("wrong"))

    async with db.transaction():
        db.on_commit(lambda: seen.append("first"))
        async with db.savepoint() as savepoint:
            await leave(savepoint)
        with pytest.raises(LeaveError):
            async with db.savepoint():
                db.on_commit(lambda: seen.append("wrong"))
                raise LeaveError
    assert seen == ["undone", "first", "right"]


async def test_a_callback_that_fails(db: Database) -> None:
    seen: list[str] = []

    def fail() -> None:
        raise LeaveError("no mail today")

    with pytest.raises(CallbackFailed, match="was committed") as caught:
        async with db.transaction():
            await db.tasks.create(title="a")
            db.on_commit(fail)
            db.on_commit(lambda: seen.append("called all the same"))
    assert [type(error) for error in caught.value.errors] == [LeaveError]
    assert seen == ["called all the same"]
    assert await db.tasks.count() == 1
    with pytest.raises(ZeroDivisionError) as undone:
        async with db.transaction():
            db.on_rollback(fail)
            raise ZeroDivisionError
    assert "no mail today" in undone.value.__notes__[0]


async def test_callbacks_need_a_transaction(db: Database) -> None:
    with pytest.raises(TransactionRequired):
        db.on_commit(list)
    async with db.transaction() as transaction:
        pass
    with pytest.raises(TransactionClosed):
        transaction.on_rollback(list)


async def test_work_is_done_again_after_a_conflict(db: Database) -> None:
    done: list[str] = []

    async def work(title: str, failures: int) -> int:
        done.append(title)
        await db.tasks.create(title=title)
        if len(done) <= failures:
            raise SerializationFailure("made up")
        return await db.tasks.count()

    assert await db.run(work, "a", 2) == 1
    assert done == ["a"] * 3
    done.clear()
    with pytest.raises(SerializationFailure):
        await db.run(work, "b", 9, retries=1)
    assert done == ["b"] * 2
    assert await db.tasks.count() == 1


async def test_work_is_done_once_after_any_other_error(db: Database) -> None:
    done: list[Exception] = []

    async def work(error: Exception) -> None:
        done.append(error)
        raise error

    errors: list[Exception] = [
        OutcomeUnknown("made up"),
        StatementTimeout("the same"),
        LeaveError(),
    ]
    for error in errors:
        with pytest.raises(type(error)):
            await db.run(work, error)
    assert done == errors


async def test_only_the_outermost_work_is_done_again(db: Database) -> None:
    outer: list[int] = []
    inner: list[int] = []

    async def work() -> None:
        inner.append(1)
        if len(inner) == 1:
            raise Deadlock("made up")

    async def all_of_it() -> None:
        outer.append(1)
        await db.run(work)

    await db.run(all_of_it, isolation="serializable", timeout=5)
    assert (len(outer), len(inner)) == (2, 2)


async def test_a_transactions_timeout(db: Database, run: Runner) -> None:
    outside = await run.one(SHOW, ("statement_timeout",))
    with pytest.raises(StatementTimeout):
        async with db.transaction(timeout=0.5):
            assert await run.one(SHOW, ("statement_timeout",)) == "500ms"
            await run.exec(shop.SLEEP, (60.0,))
    assert await run.one(SHOW, ("statement_timeout",)) == outside
    async with db.transaction():
        with pytest.raises(RepositoryError, match="timeout of its own"):
            async with db.transaction(timeout=1):
                pass


async def test_a_transaction_that_takes_too_long_as_a_whole(
    conninfo: str, db: Database, run: Runner
) -> None:
    async with db.connection() as connection:
        if connection.info.server_version < 170000:
            pytest.skip("before PostgreSQL 17 there is no transaction_timeout")
    async with await AsyncConnection.connect(conninfo, autocommit=True) as other:
        with pytest.raises((TransactionTimeout, RepositoryError)) as caught:
            async with db.transaction(timeout=0.1):
                await db.tasks.create(title="a")
                pid = await run.one(shop.BACKEND)
                gone = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
                while (await other.execute(gone, (pid,))).rowcount:
                    pass
                await db.tasks.create(title="b")
    assert isinstance(caught.value, TransactionTimeout)
    assert await db.tasks.count() == 0


async def test_a_timeout_of_a_query(run: Runner) -> None:
    outside = await run.one(SHOW, ("statement_timeout",))
    with pytest.raises(StatementTimeout, match=r"^slow: "):
        await run.exec(SLOW, (60.0,))
    assert await run.one(QUICK, ("statement_timeout",)) == "1500ms"
    assert await run.one(SHOW, ("statement_timeout",)) == outside
    assert await run.batch_one(QUICK, ["statement_timeout"]) == ["1500ms"]
    assert [n async for n in run.stream(QUICK_NUMBERS, (3,))] == [1, 2, 3]
    exported = run.copy_to(QUICK_NUMBERS, (2,), header=False)
    assert b"".join([block async for block in exported]) == b"1\n2\n"
    assert await run.one(SHOW, ("statement_timeout",)) == outside


async def test_a_timeout_of_a_query_in_a_transaction(db: Database, run: Runner) -> None:
    async with db.transaction(timeout=60):
        assert await run.one(QUICK, ("statement_timeout",)) == "1500ms"
        assert await run.one(SHOW, ("statement_timeout",)) == "1min"
        async with run.stream(QUICK_NUMBERS, (3000,)) as stream:
            assert await anext(aiter(stream)) == 1
            assert await run.one(QUICK, ("statement_timeout",)) == "1500ms"
        assert await run.one(SHOW, ("statement_timeout",)) == "1min"
        with pytest.raises(StatementTimeout):
            async with db.savepoint():
                await run.exec(SLOW, (60.0,))
        assert await run.one(SHOW, ("statement_timeout",)) == "1min"
    async with db.transaction(timeout=0.5):
        assert await run.one(QUICK, ("statement_timeout",)) == "500ms"


@pytest.mark.parametrize("autocommit", [True, False])
async def test_a_timeout_on_a_connection_of_the_callers(
    conninfo: str, *, autocommit: bool
) -> None:
    async with await AsyncConnection.connect(
        conninfo, autocommit=autocommit
    ) as connection:
        run = Runner(connection, shop.PACKAGE)
        assert await run.one(QUICK, ("statement_timeout",)) == "1500ms"
        assert await run.batch_one(QUICK, ["statement_timeout"]) == ["1500ms"]
        assert await run.one(SHOW, ("statement_timeout",)) != "1500ms"
        with pytest.raises(StatementTimeout):
            await run.exec(SLOW, (60.0,))


async def test_the_timeout_of_all_other_statements(
    conninfo: str, *, use_cursors: bool
) -> None:
    given = make_conninfo(conninfo, options="-c application_name=mine")
    async with Database.open(
        given, use_cursors=use_cursors, statement_timeout=0.25
    ) as db:
        run = Runner(db, shop.PACKAGE)
        assert await run.one(SHOW, ("statement_timeout",)) == "250ms"
        assert await run.one(SHOW, ("application_name",)) == "mine"
        assert await run.one(QUICK, ("statement_timeout",)) == "1500ms"
        with pytest.raises(StatementTimeout):
            await run.exec(shop.SLEEP, (60.0,))


async def test_prepared_settings_that_are_gone(db: Database) -> None:
    async with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        for _ in range(2):
            assert await run.one(QUICK, ("statement_timeout",)) == "1500ms"
            await connection.execute("DEALLOCATE ALL")
        assert await TaskRepository(connection).count() == 0


async def test_a_commit_that_the_server_does_not_survive(
    conninfo: str, db: Database, run: Runner
) -> None:
    """A trigger that fires during COMMIT ends the connection: who knows by then."""
    async with await AsyncConnection.connect(conninfo, autocommit=True) as admin:
        await admin.execute(
            "CREATE OR REPLACE FUNCTION end_it() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL;"
            " END $$"
        )
        await admin.execute(
            "CREATE CONSTRAINT TRIGGER end_it AFTER INSERT ON owners"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION end_it()"
        )
        add = Statement[None](
            "add", "INSERT INTO owners VALUES ($1, 'x')", parameters=("int4",)
        )
        try:
            with pytest.raises(OutcomeUnknown):
                await run.exec(add, (1,))
            with pytest.raises(OutcomeUnknown):
                await run.batch_exec(add, [1, 2])
            with pytest.raises(OutcomeUnknown):
                async with db.transaction():
                    await run.exec(add, (1,))
        finally:
            await admin.execute("DROP TRIGGER end_it ON owners")
