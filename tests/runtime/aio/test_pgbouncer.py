# ruff: noqa: PT012 -- the block as a whole is what raises
"""Behind PgBouncer in transaction mode, where no session lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.runtime import shop, tenancy
from tests.runtime.aio.repositories import Database
from tests.runtime.tenancy import unprivileged
from tests.support.pgbouncer import PROGRAM, pooled, version

from reposgen_runtime import Notification, Settings, Statement
from reposgen_runtime.aio import Database as BaseDatabase
from reposgen_runtime.aio import Runner
from reposgen_runtime.errors import (
    ConnectionLost,
    OutcomeUnknown,
    RepositoryError,
    StaleRow,
    StatementTimeout,
    TransactionFailed,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

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
async def db(
    pooler: str, conninfo: str, *, use_cursors: bool
) -> AsyncIterator[Database]:
    """The shop, empty, with more connections than the pooler has."""
    assert conninfo
    async with Database.open(
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


async def test_single_calls(db: Database, run: Runner) -> None:
    made = [await db.tasks.create(title=str(number)) for number in range(12)]
    assert [await db.tasks.get(id=task.id) for task in made] == made
    assert await run.many(shop.LIST) == made
    assert await run.many(shop.BY_STATUS, ([shop.Status.TODO],)) == made
    assert await run.execrows(shop.CLOSE, (made[0].id,)) == 1
    assert await run.opt(shop.GET, (made[0].id,)) != made[0]
    assert (await run.execresult(shop.CLOSE, (made[1].id,))).tag == "UPDATE 1"
    assert await run.execlastid(shop.CREATE_ID, ("last",)) == made[-1].id + 1
    for _ in range(4):
        assert await run.one(PREPARED) == 0


def end_copies(conninfo: str) -> None:
    """End the processes of a database that run a COPY."""
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND query LIKE '%COPY%'"
            " AND pid <> pg_backend_pid()"
        )


async def test_a_copy_is_cut(run: Runner, conninfo: str) -> None:
    def rows() -> Iterator[str]:
        yield "first"
        end_copies(conninfo)

    # The pooler sends the server's error, and then its own.
    with pytest.raises((ConnectionLost, OutcomeUnknown)):
        await run.copy_from(shop.COPY_TITLES, rows())
    assert await run.many(shop.LIST) == []
    with pytest.raises(ConnectionLost):
        async with run.copy_to(shop.NUMBERS, (1_000_000,)) as export:
            blocks = aiter(export)
            await anext(blocks)
            end_copies(conninfo)
            async for _ in blocks:
                pass


async def test_the_pooler_changes_connections(db: Database, run: Runner) -> None:
    async with db.connection() as connection:
        await connection.execute("BEGIN")
        # The pooler has to make another one.
        await run.one(shop.BACKEND)
        await connection.execute("ROLLBACK")
    assert len({await run.one(shop.BACKEND) for _ in range(8)}) == 2
    async with db.transaction():
        assert len({await run.one(shop.BACKEND) for _ in range(4)}) == 1


async def test_errors(db: Database, run: Runner) -> None:
    await db.tasks.create(title="a", slug="a")
    for _ in range(4):
        with pytest.raises(shop.TasksSlugKeyViolation):
            await db.tasks.create(title="b", slug="a")
    with pytest.raises(TransactionFailed):
        async with db.transaction():
            with pytest.raises(shop.TasksTitleCheckViolation):
                await db.tasks.create(title="")
    assert await run.one(shop.COUNT) == 1


async def test_transactions(db: Database, run: Runner) -> None:
    async with db.transaction(isolation="serializable", timeout=10):
        first = await db.tasks.create(title="a")
        assert await run.one(shop.LOCK, (first.id,)) == first
        with pytest.raises(RepositoryError):
            async with db.savepoint():
                await db.tasks.create(title="b")
                await db.tasks.create(title="")
        async with db.savepoint("named") as savepoint:
            await db.tasks.create(title="c")
            await savepoint.rollback()
            await db.tasks.create(title="d")
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await db.tasks.create(title="e")
            raise ZeroDivisionError
    assert [task.title for task in await run.many(shop.LIST)] == ["a", "d"]


async def test_rows_in_bulk(db: Database, run: Runner) -> None:
    titles = [str(number) for number in range(ROWS)]
    assert await run.copy_from(shop.COPY_TITLES, titles) == ROWS
    ids = await run.batch_one(shop.CREATE_ID, titles)
    assert len(set(ids)) == ROWS
    assert await run.batch_exec(shop.CLOSE, ids[:10]) == [1] * 10
    assert await run.batch_many(shop.GET, ids[:2]) == [
        [await db.tasks.get(id=number)] for number in ids[:2]
    ]
    with pytest.raises(shop.TasksTitleCheckViolation, match=r"item 3\)"):
        await run.batch_exec(shop.CREATE_ID, ["a", "b", "c", ""])
    seen = 0
    async with run.stream(shop.LIST) as tasks:
        async for _ in tasks:
            seen += 1
    assert seen == 2 * ROWS == await run.one(shop.COUNT)
    async with db.transaction(), run.stream(shop.NUMBERS, (ROWS,)) as numbers:
        assert [number async for number in numbers][-1] == ROWS
    blocks = [block async for block in run.copy_to(shop.NUMBERS, (3,))]
    assert b"".join(blocks).split() == [b"generate_series", b"1", b"2", b"3"]


async def test_timeouts(run: Runner, pooler: str, *, use_cursors: bool) -> None:
    soon = Statement[None](
        "soon",
        "SELECT pg_sleep($1)",
        parameters=("float8",),
        read_only=True,
        timeout=0.05,
    )
    with pytest.raises(StatementTimeout):
        await run.exec(soon, (30.0,))
    async with Database.open(
        pooler, prepare="never", statement_timeout=0.05, use_cursors=use_cursors
    ) as hasty:
        with pytest.raises(StatementTimeout):
            await Runner(hasty, shop.PACKAGE).exec(shop.SLEEP, (30.0,))
        with pytest.raises(StatementTimeout):
            async with hasty.transaction():
                await Runner(hasty, shop.PACKAGE).exec(shop.SLEEP, (30.0,))
    # What one call sets is gone with it, on all connections.
    limit = Statement[str](
        "limit", "SELECT current_setting('statement_timeout')", results=("text",)
    )
    assert {await run.one(limit) for _ in range(4)} == {"20s"}


async def test_listening(pooler: str, conninfo: str, *, use_cursors: bool) -> None:
    async with Database.open(pooler, prepare="never", use_cursors=use_cursors) as db:
        with pytest.raises(
            RepositoryError, match=r"Database\.open\(direct_conninfo=…\)"
        ):
            Runner(db, shop.PACKAGE).listen(EVENTS)
        async with db.transaction() as transaction:
            with pytest.raises(
                RepositoryError, match=r"Database\.open\(direct_conninfo=…\)"
            ):
                Runner(transaction, shop.PACKAGE).listen(EVENTS)
    async with (
        Database.open(
            pooler, prepare="never", direct_conninfo=conninfo, use_cursors=use_cursors
        ) as db,
        Runner(db, shop.PACKAGE).listen(EVENTS) as events,
    ):
        async with db.connection() as connection:
            await connection.execute("NOTIFY events, 'hello'")
        async for event in events:
            assert isinstance(event, Notification)
            assert event.payload == "hello"
            break


async def test_a_server_that_ends_in_a_commit(
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
                await run.exec(add, (1,))
            with pytest.raises(OutcomeUnknown):
                await run.batch_exec(add, [1, 2])
            with pytest.raises(OutcomeUnknown):
                async with db.transaction():
                    await run.exec(add, (1,))
        finally:
            admin.execute("DROP FUNCTION leave CASCADE")
    await run.exec(add, (1,))


async def test_health_and_end(db: Database) -> None:
    assert await db.is_healthy()
    assert db.statistics().primary.size >= 4
    await db.close()


async def test_tenants(
    make_database: Callable[[str], str], *, use_cursors: bool
) -> None:
    with (
        unprivileged(make_database(tenancy.SCHEMA)) as conninfo,
        pooled(conninfo) as through,
    ):
        settings = Settings(
            conninfo=through, prepare="never", min_size=4, use_cursors=use_cursors
        )
        async with BaseDatabase(settings, package=tenancy.PACKAGE) as db:
            run = Runner(db, tenancy.PACKAGE)
            for number in range(12):
                async with db.tenant(f"tenant {number % 3}"):
                    note = await run.one(tenancy.ADD, (str(number),))
                    assert note.tenant == f"tenant {number % 3}"
                    with pytest.raises(StaleRow):
                        await run.exec(tenancy.TOUCH, (note.id, 7))
            for number in range(3):
                tenant = f"tenant {number}"
                async with db.tenant(tenant):
                    notes = [
                        *await run.many(tenancy.LIST),
                        *await run.many(tenancy.LIST_SOON),
                        *(await run.page(tenancy.PAGE, limit=2)).items,
                        *await run.copy_returning(tenancy.COPY, ["copied"]),
                        *[note async for note in run.stream(tenancy.LIST)],
                    ]
                    assert {note.tenant for note in notes} == {tenant}
                    assert len(notes) == 4 + 4 + 2 + 1 + 5
                    async with db.transaction():
                        assert len(await run.many(tenancy.LIST)) == 5
            # A setting that a transaction made is empty once it has ended.
            async with db.tenant("tenant 0"):
                await run.one(tenancy.TENANT)
            with psycopg.connect(make_conninfo(through)) as plainly:
                rest = "SELECT current_setting('app.tenant', true)"
                for _ in range(4):
                    assert plainly.execute(rest).fetchone() in {(None,), ("",)}
                    plainly.commit()


@pytest.mark.skipif(
    PROGRAM is not None and version() < (1, 21),
    reason="this PgBouncer knows nothing of prepared statements",
)
async def test_prepared_statements(
    shop: str, conninfo: str, *, use_cursors: bool
) -> None:
    with pooled(shop, max_prepared_statements="20") as through:
        async with Database.open(through, min_size=4, use_cursors=use_cursors) as db:
            assert conninfo
            for number in range(12):
                made = await db.tasks.create(title=str(number))
                assert await db.tasks.get(id=made.id) == made
