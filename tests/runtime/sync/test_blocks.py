# Derived from ../aio/test_blocks.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: PT012 -- the block as a whole is what raises
"""What blocks offer beside BEGIN and COMMIT."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg import Connection
from psycopg.conninfo import make_conninfo
from tests.runtime import shop
from tests.runtime.sync.repositories import Database, TaskRepository

from reposgen_runtime import Statement
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
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from reposgen_runtime.sync import Savepoint

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


def test_rolling_back_to_a_savepoint_and_going_on(db: Database) -> None:
    with db.transaction():
        db.tasks.create(title="before")
        with db.savepoint("half way") as savepoint:
            db.tasks.create(title="undone")
            savepoint.rollback()
            assert db.tasks.count() == 1
            db.tasks.create(title="instead")
            savepoint.rollback()
            db.tasks.create(title="at last")
    assert db.tasks.count() == 2


def test_a_failed_statement_is_undone_by_its_savepoint(db: Database) -> None:
    with db.transaction():
        db.tasks.create(title="a", slug="s")
        with db.savepoint("try") as savepoint:
            with pytest.raises(AlreadyExists):
                db.tasks.create(title="b", slug="s")
            savepoint.rollback()
            db.tasks.create(title="b", slug="t")
        with pytest.raises(TransactionFailed):
            with db.savepoint():
                with pytest.raises(AlreadyExists):
                    db.tasks.create(title="c", slug="s")
        db.tasks.create(title="c", slug="u")
    assert db.tasks.count() == 3


def test_an_outer_savepoint_takes_the_inner_ones_with_it(db: Database) -> None:
    with db.transaction() as transaction:
        with transaction.savepoint('the "outer"') as outer:
            db.tasks.create(title="a")
            with db.savepoint("inner") as inner:
                db.tasks.create(title="b")
                outer.rollback()
                with pytest.raises(TransactionClosed, match="'inner' is gone"):
                    inner.rollback()
                db.tasks.create(title="c")
            with db.savepoint("inner"):
                db.tasks.create(title="d")
        with pytest.raises(TransactionClosed):
            outer.rollback()
    assert db.tasks.count() == 2


def test_savepoints_have_names_of_their_own(db: Database) -> None:
    with db.transaction(), db.savepoint("a"):
        with pytest.raises(RepositoryError, match="already a savepoint 'a'"):
            with db.savepoint("a"):
                pass
        assert db.tasks.count() == 0


def test_what_follows_a_commit(db: Database) -> None:
    seen: list[tuple[str, int]] = []

    def follow() -> None:
        assert db.current() is None
        seen.append(("committed", db.tasks.count()))

    with db.transaction() as transaction:
        db.tasks.create(title="a")
        db.on_commit(follow)
        transaction.on_rollback(lambda: seen.append(("undone", 0)))
        with db.transaction():
            db.tasks.create(title="b")
            db.on_commit(lambda: seen.append(("inner", 0)))
        assert seen == []
    assert seen == [("committed", 2), ("inner", 0)]


def test_what_follows_a_rollback(db: Database) -> None:
    seen: list[str] = []
    with pytest.raises(LeaveError):
        with db.transaction():
            db.on_commit(lambda: seen.append("committed"))
            db.on_rollback(lambda: seen.append("undone"))
            raise LeaveError
    assert seen == ["undone"]
    with pytest.raises(AlreadyExists):
        with db.transaction() as transaction:
            run = Runner(transaction, shop.PACKAGE)
            db.on_rollback(lambda: seen.append("refused"))
            run.one(shop.CREATE, ("a", None, None, 1))
            run.one(shop.CREATE, ("b", None, None, 1))
    assert seen == ["undone", "refused"]


def test_what_a_savepoint_undid_is_not_committed(db: Database) -> None:
    seen: list[str] = []

    def leave(savepoint: Savepoint) -> None:
        db.on_commit(lambda: seen.append("wrong"))
        db.on_rollback(lambda: seen.append("undone"))
        savepoint.rollback()
        db.on_commit(lambda: seen.append("right"))
        db.on_rollback(lambda: seen.append("wrong"))

    with db.transaction():
        db.on_commit(lambda: seen.append("first"))
        with db.savepoint() as savepoint:
            leave(savepoint)
        with pytest.raises(LeaveError):
            with db.savepoint():
                db.on_commit(lambda: seen.append("wrong"))
                raise LeaveError
    assert seen == ["undone", "first", "right"]


def test_a_callback_that_fails(db: Database) -> None:
    seen: list[str] = []

    def fail() -> None:
        raise LeaveError("no mail today")

    with pytest.raises(CallbackFailed, match="was committed") as caught:
        with db.transaction():
            db.tasks.create(title="a")
            db.on_commit(fail)
            db.on_commit(lambda: seen.append("called all the same"))
    assert [type(error) for error in caught.value.errors] == [LeaveError]
    assert seen == ["called all the same"]
    assert db.tasks.count() == 1
    with pytest.raises(ZeroDivisionError) as undone:
        with db.transaction():
            db.on_rollback(fail)
            raise ZeroDivisionError
    assert "no mail today" in undone.value.__notes__[0]


def test_callbacks_need_a_transaction(db: Database) -> None:
    with pytest.raises(TransactionRequired):
        db.on_commit(list)
    with db.transaction() as transaction:
        pass
    with pytest.raises(TransactionClosed):
        transaction.on_rollback(list)


def test_work_is_done_again_after_a_conflict(db: Database) -> None:
    done: list[str] = []

    def work(title: str, failures: int) -> int:
        done.append(title)
        db.tasks.create(title=title)
        if len(done) <= failures:
            raise SerializationFailure("made up")
        return db.tasks.count()

    assert db.run(work, "a", 2) == 1
    assert done == ["a"] * 3
    done.clear()
    with pytest.raises(SerializationFailure):
        db.run(work, "b", 9, retries=1)
    assert done == ["b"] * 2
    assert db.tasks.count() == 1


def test_work_is_done_once_after_any_other_error(db: Database) -> None:
    done: list[Exception] = []

    def work(error: Exception) -> None:
        done.append(error)
        raise error

    errors: list[Exception] = [
        OutcomeUnknown("made up"),
        StatementTimeout("the same"),
        LeaveError(),
    ]
    for error in errors:
        with pytest.raises(type(error)):
            db.run(work, error)
    assert done == errors


def test_only_the_outermost_work_is_done_again(db: Database) -> None:
    outer: list[int] = []
    inner: list[int] = []

    def work() -> None:
        inner.append(1)
        if len(inner) == 1:
            raise Deadlock("made up")

    def all_of_it() -> None:
        outer.append(1)
        db.run(work)

    db.run(all_of_it, isolation="serializable", timeout=5)
    assert (len(outer), len(inner)) == (2, 2)


def test_a_transactions_timeout(db: Database, run: Runner) -> None:
    outside = run.one(SHOW, ("statement_timeout",))
    with pytest.raises(StatementTimeout):
        with db.transaction(timeout=0.5):
            assert run.one(SHOW, ("statement_timeout",)) == "500ms"
            run.exec(shop.SLEEP, (60.0,))
    assert run.one(SHOW, ("statement_timeout",)) == outside
    with db.transaction():
        with pytest.raises(RepositoryError, match="timeout of its own"):
            with db.transaction(timeout=1):
                pass


def test_a_transaction_that_takes_too_long_as_a_whole(
    conninfo: str, db: Database, run: Runner
) -> None:
    with db.connection() as connection:
        if connection.info.server_version < 170000:
            pytest.skip("before PostgreSQL 17 there is no transaction_timeout")
    with Connection.connect(conninfo, autocommit=True) as other:
        with pytest.raises((TransactionTimeout, RepositoryError)) as caught:
            with db.transaction(timeout=0.1):
                db.tasks.create(title="a")
                pid = run.one(shop.BACKEND)
                gone = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"
                while (other.execute(gone, (pid,))).rowcount:
                    pass
                db.tasks.create(title="b")
    assert isinstance(caught.value, TransactionTimeout)
    assert db.tasks.count() == 0


def test_a_timeout_of_a_query(run: Runner) -> None:
    outside = run.one(SHOW, ("statement_timeout",))
    with pytest.raises(StatementTimeout, match=r"^slow: "):
        run.exec(SLOW, (60.0,))
    assert run.one(QUICK, ("statement_timeout",)) == "1500ms"
    assert run.one(SHOW, ("statement_timeout",)) == outside
    assert run.batch_one(QUICK, ["statement_timeout"]) == ["1500ms"]
    assert list(run.stream(QUICK_NUMBERS, (3,))) == [1, 2, 3]
    exported = run.copy_to(QUICK_NUMBERS, (2,), header=False)
    assert b"".join(list(exported)) == b"1\n2\n"
    assert run.one(SHOW, ("statement_timeout",)) == outside


def test_a_timeout_of_a_query_in_a_transaction(db: Database, run: Runner) -> None:
    with db.transaction(timeout=60):
        assert run.one(QUICK, ("statement_timeout",)) == "1500ms"
        assert run.one(SHOW, ("statement_timeout",)) == "1min"
        with run.stream(QUICK_NUMBERS, (3000,)) as stream:
            assert next(iter(stream)) == 1
            assert run.one(QUICK, ("statement_timeout",)) == "1500ms"
        assert run.one(SHOW, ("statement_timeout",)) == "1min"
        with pytest.raises(StatementTimeout):
            with db.savepoint():
                run.exec(SLOW, (60.0,))
        assert run.one(SHOW, ("statement_timeout",)) == "1min"
    with db.transaction(timeout=0.5):
        assert run.one(QUICK, ("statement_timeout",)) == "500ms"


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_timeout_on_a_connection_of_the_callers(
    conninfo: str, *, autocommit: bool
) -> None:
    with Connection.connect(conninfo, autocommit=autocommit) as connection:
        run = Runner(connection, shop.PACKAGE)
        assert run.one(QUICK, ("statement_timeout",)) == "1500ms"
        assert run.batch_one(QUICK, ["statement_timeout"]) == ["1500ms"]
        assert run.one(SHOW, ("statement_timeout",)) != "1500ms"
        with pytest.raises(StatementTimeout):
            run.exec(SLOW, (60.0,))


def test_the_timeout_of_all_other_statements(
    conninfo: str, *, use_cursors: bool
) -> None:
    given = make_conninfo(conninfo, options="-c application_name=mine")
    with Database.open(given, use_cursors=use_cursors, statement_timeout=0.25) as db:
        run = Runner(db, shop.PACKAGE)
        assert run.one(SHOW, ("statement_timeout",)) == "250ms"
        assert run.one(SHOW, ("application_name",)) == "mine"
        assert run.one(QUICK, ("statement_timeout",)) == "1500ms"
        with pytest.raises(StatementTimeout):
            run.exec(shop.SLEEP, (60.0,))


def test_prepared_settings_that_are_gone(db: Database) -> None:
    with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        for _ in range(2):
            assert run.one(QUICK, ("statement_timeout",)) == "1500ms"
            connection.execute("DEALLOCATE ALL")
        assert TaskRepository(connection).count() == 0


def test_a_commit_that_the_server_does_not_survive(
    conninfo: str, db: Database, run: Runner
) -> None:
    """A trigger that fires during COMMIT ends the connection: who knows by then."""
    with Connection.connect(conninfo, autocommit=True) as admin:
        admin.execute(
            "CREATE OR REPLACE FUNCTION end_it() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL;"
            " END $$"
        )
        admin.execute(
            "CREATE CONSTRAINT TRIGGER end_it AFTER INSERT ON owners"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION end_it()"
        )
        add = Statement[None](
            "add", "INSERT INTO owners VALUES ($1, 'x')", parameters=("int4",)
        )
        try:
            with pytest.raises(OutcomeUnknown):
                run.exec(add, (1,))
            with pytest.raises(OutcomeUnknown):
                run.batch_exec(add, [1, 2])
            with pytest.raises(OutcomeUnknown):
                with db.transaction():
                    run.exec(add, (1,))
        finally:
            admin.execute("DROP TRIGGER end_it ON owners")
