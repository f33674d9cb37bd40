# Derived from ../aio/test_pgbouncer.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: PT012 -- the block as a whole is what raises
"""Behind PgBouncer in transaction mode, where no session lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.runtime import shop, tenancy
from tests.runtime.sync.repositories import Database
from tests.runtime.tenancy import unprivileged
from tests.support.pgbouncer import PROGRAM, pooled, version

from reposgen_runtime import Notification, Settings, Statement
from reposgen_runtime.errors import (
    ConnectionLost,
    OutcomeUnknown,
    RepositoryError,
    StaleRow,
    StatementTimeout,
    TransactionFailed,
)
from reposgen_runtime.sync import Database as BaseDatabase
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")

EVENTS = Statement[Notification[str]]("events", "LISTEN events", results=("text",))
PREPARED = Statement[int](
    "prepared", "SELECT count(*) FROM pg_prepared_statements", results=("int8",)
)
ROWS = 2500


@pytest.fixture(scope="module")
def pooler(shop: str) -> Iterator[str]:
    """Leads to the shop."""
    with pooled(shop) as conninfo:
        yield conninfo


@pytest.fixture
def db(pooler: str, conninfo: str, *, use_cursors: bool) -> Iterator[Database]:
    """The shop, empty, with more connections than the pooler has."""
    assert conninfo
    with Database.open(
        pooler,
        prepare="never",
        min_size=4,
        statement_timeout=20,
        use_cursors=use_cursors,
    ) as database:
        yield database


@pytest.fixture
def run(db: Database) -> Runner:
    return Runner(db, shop.PACKAGE)


def test_single_calls(db: Database, run: Runner) -> None:
    made = [db.tasks.create(title=str(number)) for number in range(12)]
    assert [db.tasks.get(id=task.id) for task in made] == made
    assert run.many(shop.LIST) == made
    assert run.many(shop.BY_STATUS, ([shop.Status.TODO],)) == made
    assert run.execrows(shop.CLOSE, (made[0].id,)) == 1
    assert run.opt(shop.GET, (made[0].id,)) != made[0]
    assert (run.execresult(shop.CLOSE, (made[1].id,))).tag == "UPDATE 1"
    assert run.execlastid(shop.CREATE_ID, ("last",)) == made[-1].id + 1
    for _ in range(4):
        assert run.one(PREPARED) == 0


def end_copies(conninfo: str) -> None:
    """End the processes of a database that run a COPY."""
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE '%COPY%'"
            " AND pid <> pg_backend_pid()"
        )


def test_a_copy_is_cut(run: Runner, conninfo: str) -> None:
    def rows() -> Iterator[str]:
        yield "first"
        end_copies(conninfo)

    # The pooler sends the server's error, and then its own.
    with pytest.raises((ConnectionLost, OutcomeUnknown)):
        run.copy_from(shop.COPY_TITLES, rows())
    assert run.many(shop.LIST) == []
    with pytest.raises(ConnectionLost):
        with run.copy_to(shop.NUMBERS, (1_000_000,)) as export:
            blocks = iter(export)
            next(blocks)
            end_copies(conninfo)
            for _ in blocks:
                pass


def test_the_pooler_changes_connections(db: Database, run: Runner) -> None:
    with db.connection() as connection:
        connection.execute("BEGIN")
        # The pooler has to make another one.
        run.one(shop.BACKEND)
        connection.execute("ROLLBACK")
    assert len({run.one(shop.BACKEND) for _ in range(8)}) == 2
    with db.transaction():
        assert len({run.one(shop.BACKEND) for _ in range(4)}) == 1


def test_errors(db: Database, run: Runner) -> None:
    db.tasks.create(title="a", slug="a")
    for _ in range(4):
        with pytest.raises(shop.TasksSlugKeyViolation):
            db.tasks.create(title="b", slug="a")
    with pytest.raises(TransactionFailed):
        with db.transaction():
            with pytest.raises(shop.TasksTitleCheckViolation):
                db.tasks.create(title="")
    assert run.one(shop.COUNT) == 1


def test_transactions(db: Database, run: Runner) -> None:
    with db.transaction(isolation="serializable", timeout=10):
        first = db.tasks.create(title="a")
        assert run.one(shop.LOCK, (first.id,)) == first
        with pytest.raises(RepositoryError):
            with db.savepoint():
                db.tasks.create(title="b")
                db.tasks.create(title="")
        with db.savepoint("named") as savepoint:
            db.tasks.create(title="c")
            savepoint.rollback()
            db.tasks.create(title="d")
    with pytest.raises(ZeroDivisionError):
        with db.transaction():
            db.tasks.create(title="e")
            raise ZeroDivisionError
    assert [task.title for task in run.many(shop.LIST)] == ["a", "d"]


def test_rows_in_bulk(db: Database, run: Runner) -> None:
    titles = [str(number) for number in range(ROWS)]
    assert run.copy_from(shop.COPY_TITLES, titles) == ROWS
    ids = run.batch_one(shop.CREATE_ID, titles)
    assert len(set(ids)) == ROWS
    assert run.batch_exec(shop.CLOSE, ids[:10]) == [1] * 10
    assert run.batch_many(shop.GET, ids[:2]) == [
        [db.tasks.get(id=number)] for number in ids[:2]
    ]
    with pytest.raises(shop.TasksTitleCheckViolation, match=r"item 3\)"):
        run.batch_exec(shop.CREATE_ID, ["a", "b", "c", ""])
    seen = 0
    with run.stream(shop.LIST) as tasks:
        for _ in tasks:
            seen += 1
    assert seen == 2 * ROWS == run.one(shop.COUNT)
    with db.transaction(), run.stream(shop.NUMBERS, (ROWS,)) as numbers:
        assert list(numbers)[-1] == ROWS
    blocks = list(run.copy_to(shop.NUMBERS, (3,)))
    assert b"".join(blocks).split() == [b"generate_series", b"1", b"2", b"3"]


def test_timeouts(run: Runner, pooler: str, *, use_cursors: bool) -> None:
    soon = Statement[None](
        "soon",
        "SELECT pg_sleep($1)",
        parameters=("float8",),
        read_only=True,
        timeout=0.05,
    )
    with pytest.raises(StatementTimeout):
        run.exec(soon, (30.0,))
    with Database.open(
        pooler, prepare="never", statement_timeout=0.05, use_cursors=use_cursors
    ) as hasty:
        with pytest.raises(StatementTimeout):
            Runner(hasty, shop.PACKAGE).exec(shop.SLEEP, (30.0,))
        with pytest.raises(StatementTimeout):
            with hasty.transaction():
                Runner(hasty, shop.PACKAGE).exec(shop.SLEEP, (30.0,))
    # What one call sets is gone with it, on all connections.
    limit = Statement[str](
        "limit", "SELECT current_setting('statement_timeout')", results=("text",)
    )
    assert {run.one(limit) for _ in range(4)} == {"20s"}


def test_listening(pooler: str, conninfo: str, *, use_cursors: bool) -> None:
    with Database.open(pooler, prepare="never", use_cursors=use_cursors) as db:
        with pytest.raises(
            RepositoryError, match=r"Database\.open\(direct_conninfo=…\)"
        ):
            Runner(db, shop.PACKAGE).listen(EVENTS)
        with db.transaction() as transaction:
            with pytest.raises(
                RepositoryError, match=r"Database\.open\(direct_conninfo=…\)"
            ):
                Runner(transaction, shop.PACKAGE).listen(EVENTS)
    with (
        Database.open(
            pooler, prepare="never", direct_conninfo=conninfo, use_cursors=use_cursors
        ) as db,
        Runner(db, shop.PACKAGE).listen(EVENTS) as events,
    ):
        with db.connection() as connection:
            connection.execute("NOTIFY events, 'hello'")
        for event in events:
            assert isinstance(event, Notification)
            assert event.payload == "hello"
            break


def test_a_server_that_ends_in_a_commit(
    conninfo: str, db: Database, run: Runner
) -> None:
    add = Statement[None](
        "add", "INSERT INTO owners VALUES ($1, 'x')", parameters=("int4",)
    )
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(
            "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;"
            "CREATE CONSTRAINT TRIGGER leave AFTER INSERT ON owners"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION leave()"
        )
        try:
            # The pooler does not say why the connection broke.
            with pytest.raises(OutcomeUnknown):
                run.exec(add, (1,))
            with pytest.raises(OutcomeUnknown):
                run.batch_exec(add, [1, 2])
            with pytest.raises(OutcomeUnknown):
                with db.transaction():
                    run.exec(add, (1,))
        finally:
            admin.execute("DROP FUNCTION leave CASCADE")
    run.exec(add, (1,))


def test_health_and_end(db: Database) -> None:
    assert db.is_healthy()
    assert db.statistics().primary.size >= 4
    db.close()


def test_tenants(make_database: Callable[[str], str], *, use_cursors: bool) -> None:
    with (
        unprivileged(make_database(tenancy.SCHEMA)) as conninfo,
        pooled(conninfo) as through,
    ):
        settings = Settings(
            conninfo=through, prepare="never", min_size=4, use_cursors=use_cursors
        )
        with BaseDatabase(settings, package=tenancy.PACKAGE) as db:
            run = Runner(db, tenancy.PACKAGE)
            for number in range(12):
                with db.tenant(f"tenant {number % 3}"):
                    note = run.one(tenancy.ADD, (str(number),))
                    assert note.tenant == f"tenant {number % 3}"
                    with pytest.raises(StaleRow):
                        run.exec(tenancy.TOUCH, (note.id, 7))
            for number in range(3):
                tenant = f"tenant {number}"
                with db.tenant(tenant):
                    notes = [
                        *run.many(tenancy.LIST),
                        *run.many(tenancy.LIST_SOON),
                        *(run.page(tenancy.PAGE, limit=2)).items,
                        *run.copy_returning(tenancy.COPY, ["copied"]),
                        *list(run.stream(tenancy.LIST)),
                    ]
                    assert {note.tenant for note in notes} == {tenant}
                    assert len(notes) == 4 + 4 + 2 + 1 + 5
                    with db.transaction():
                        assert len(run.many(tenancy.LIST)) == 5
            # A setting that a transaction made is empty once it has ended.
            with db.tenant("tenant 0"):
                run.one(tenancy.TENANT)
            with psycopg.connect(make_conninfo(through)) as plainly:
                rest = "SELECT current_setting('app.tenant', true)"
                for _ in range(4):
                    assert plainly.execute(rest).fetchone() in {(None,), ("",)}
                    plainly.commit()


@pytest.mark.skipif(
    PROGRAM is not None and version() < (1, 21),
    reason="this PgBouncer knows nothing of prepared statements",
)
def test_prepared_statements(shop: str, conninfo: str, *, use_cursors: bool) -> None:
    with pooled(shop, max_prepared_statements="20") as through:
        with Database.open(through, min_size=4, use_cursors=use_cursors) as db:
            assert conninfo
            for number in range(12):
                made = db.tasks.create(title=str(number))
                assert db.tasks.get(id=made.id) == made
