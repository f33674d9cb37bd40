# ruff: noqa: PT012 -- the block as a whole is what raises
"""Tenants, told apart by row-level security, as a role that it applies to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from psycopg import AsyncConnection
from tests.runtime import tenancy as q

from reposgen_runtime import Package, Settings, Statement
from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.errors import (
    InvalidArgument,
    InvalidText,
    NotFound,
    PermissionDenied,
    RepositoryError,
    SerializationFailure,
    StaleRow,
    StatementTimeout,
    TenantRequired,
    TransactionRequired,
    WrongTenant,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator


@pytest.fixture
def tenants(make_database: Callable[[str], str]) -> Iterator[str]:
    """A database of two tenants with a note each, for a role that may not see both."""
    conninfo = make_database(q.SCHEMA)
    with q.unprivileged(conninfo) as unprivileged:
        yield unprivileged


@pytest.fixture
async def db(tenants: str, *, use_cursors: bool) -> AsyncIterator[Database]:
    settings = Settings(
        conninfo=tenants, use_cursors=use_cursors, max_size=2, timeout=20
    )
    async with Database(settings, package=q.PACKAGE) as database:
        for tenant in ("a", "b"):
            async with database.tenant(tenant):
                await Runner(database, q.PACKAGE).one(q.ADD, (f"{tenant}'s own",))
        yield database


@pytest.fixture
def run(db: Database) -> Runner:
    return Runner(db, q.PACKAGE)


async def foreign(db: Database) -> int:
    """The id of tenant b's note."""
    run = Runner(db.tenant("b"), q.PACKAGE)
    return (await run.many(q.LIST))[0].id


async def test_every_method_sees_its_tenant_alone(db: Database, run: Runner) -> None:
    other = await foreign(db)
    async with db.tenant("a"):
        [own] = await run.many(q.LIST)
        assert (own.tenant, own.title) == ("a", "a's own")
        assert await run.one(q.GET, (own.id,)) == own
        with pytest.raises(NotFound):
            await run.one(q.GET, (other,))
        assert await run.opt(q.GET, (other,)) is None
        assert [note async for note in run.stream(q.LIST)] == [own]
        page = await run.page(q.PAGE, limit=1, total=True)
        assert (page.items, page.next, page.total) == ([own], None, 1)
        exported = run.copy_to(q.LIST, header=False)
        assert b"".join([block async for block in exported]).count(b"\n") == 1
        assert await run.batch_many(q.GET, [own.id, other]) == [[own], []]
        with pytest.raises(NotFound, match="item 1"):
            await run.batch_one(q.GET, [own.id, other])
        assert await run.batch_exec(q.RETITLE, ["x", "y"]) == [1, 1]
        assert await run.execrows(q.RETITLE, ("z",)) == 1
        assert (await run.execresult(q.RETITLE, ("a",))).rows == 1
        await run.exec(q.TOUCH, (own.id, 1))
        with pytest.raises(StaleRow):
            await run.exec(q.TOUCH, (own.id, 1))
        with pytest.raises(NotFound):
            await run.exec(q.TOUCH, (other, 1))
        with pytest.raises(PermissionDenied):
            await run.exec(q.ADD_FOR, ("b",))
        assert await run.execlastid(q.LAST_ID) > 0
        assert await run.copy_from(q.COPY, ["c", "d"]) == 2
        copied = await run.copy_returning(q.COPY, ["e"])
        assert [note.tenant for note in copied] == ["a"]
        assert {note.tenant for note in await run.many(q.LIST)} == {"a"}
        assert len(await run.many(q.LIST)) == 5
    async with db.tenant("b"):
        [theirs] = await run.many(q.LIST)
        assert theirs.title == "b's own"


async def test_every_method_needs_a_tenant(db: Database, run: Runner) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: run.one(q.ADD, ("x",)),
        lambda: run.many(q.LIST),
        lambda: run.exec(q.RETITLE, ("x",)),
        lambda: run.batch_exec(q.RETITLE, ["x"]),
        lambda: run.copy_from(q.COPY, ["x"]),
        lambda: run.page(q.PAGE, limit=1),
        lambda: anext(aiter(run.stream(q.LIST))),
        lambda: anext(aiter(run.copy_to(q.LIST))),
    ]
    for call in calls:
        with pytest.raises(TenantRequired, match=r"no tenant is set: app\.tenant is"):
            await call()
    with pytest.raises(TenantRequired):
        async with db.transaction():
            pass
    with pytest.raises(TenantRequired):
        async with db.connection():
            pass


async def test_nothing_is_sent_without_a_tenant(tenants: str) -> None:
    # Not even a connection is asked for: there is none.
    db = Database(Settings(conninfo=tenants), package=q.PACKAGE)
    with pytest.raises(TenantRequired):
        await Runner(db, q.PACKAGE).many(q.LIST)


async def test_a_transaction_is_one_tenants(db: Database, run: Runner) -> None:
    async with db.tenant("a"), db.transaction() as transaction:
        await run.one(q.ADD, ("x",))
        async with db.savepoint() as savepoint:
            await run.one(q.ADD, ("y",))
            await savepoint.rollback()
            assert [note.tenant for note in await run.many(q.LIST)] == ["a", "a"]
        async with db.tenant("b"):
            with pytest.raises(WrongTenant):
                await run.many(q.LIST)
            with pytest.raises(WrongTenant):
                await run.batch_exec(q.RETITLE, ["x"])
            with pytest.raises(WrongTenant):
                async with db.transaction():
                    pass
            # Handed on explicitly, there is no doubt about whose it is.
            explicit = Runner(transaction, q.PACKAGE)
            assert len(await explicit.many(q.LIST)) == 2
        with pytest.raises(WrongTenant):
            await Runner(db.tenant("b"), q.PACKAGE).many(q.LIST)
        streamed = [note.tenant async for note in run.stream(q.LIST_SOON)]
        assert streamed == ["a", "a"]


async def test_work_that_is_done_again_has_its_tenant(
    db: Database, run: Runner
) -> None:
    seen: list[str] = []

    async def work() -> None:
        seen.append(await run.one(q.TENANT))
        if len(seen) < 3:
            raise SerializationFailure("made up")

    async with db.tenant("a"):
        await db.run(work, isolation="serializable", timeout=60)
    assert seen == ["a"] * 3


async def test_the_tenant_ends_with_the_call(
    db: Database, run: Runner, tenants: str
) -> None:
    """On the connection nothing is left of it, after whatever end."""
    async with db.tenant("a"):
        with pytest.raises(RepositoryError):
            await run.one(q.GET, ("no number",))
        with pytest.raises(StatementTimeout):
            await run.exec(Statement("slow", "SELECT pg_sleep(60)", timeout=0.05))
        assert await run.many(q.LIST_SOON) == await run.many(q.LIST)
        async with db.connection() as connection:
            cursor = await connection.execute("SELECT tenant FROM notes")
            assert await cursor.fetchall() == [("a",)]
    open_again = Database(Settings(conninfo=tenants, max_size=1), package=Package("x"))
    async with open_again as bare:
        untenanted = Runner(bare, Package("x"))
        assert not await untenanted.one(q.TENANT)
        other = Runner(db, q.PACKAGE)
        async with db.tenant("b"):
            assert await other.one(q.TENANT) == "b"


async def test_explicitly(db: Database) -> None:
    a, b = (Runner(db.tenant(tenant), q.PACKAGE) for tenant in ("a", "b"))
    assert [note.tenant for note in await a.many(q.LIST)] == ["a"]
    stream = a.stream(q.LIST)
    first = await anext(aiter(stream))
    # The stream's tenant is nobody else's.
    assert [note.tenant for note in await b.many(q.LIST)] == ["b"]
    with pytest.raises(TenantRequired):
        await Runner(db, q.PACKAGE).many(q.LIST)
    assert first.tenant == "a"
    await stream.aclose()


async def test_blocks_nest(db: Database, run: Runner) -> None:
    a = db.tenant("a")
    async with a, db.tenant("b"):
        assert await run.one(q.TENANT) == "b"
        async with a:
            assert await run.one(q.TENANT) == "a"
        assert await run.one(q.TENANT) == "b"
    with pytest.raises(TenantRequired):
        await run.one(q.TENANT)


@pytest.mark.parametrize("value", ["it's", "$$;--", "\\'; DROP TABLE notes; --", "é"])
async def test_ids_of_any_kind(db: Database, run: Runner, value: str) -> None:
    async with db.tenant(value):
        assert await run.one(q.TENANT) == value
        async with db.transaction():
            assert await run.one(q.TENANT) == value
    async with db.tenant(7):
        assert await run.one(q.TENANT) == "7"


async def test_ids_that_are_none(db: Database) -> None:
    for value in (None, ""):
        with pytest.raises(InvalidArgument, match="missing"):
            db.tenant(value)
    for value in ("\0", "\ud800"):
        with pytest.raises(InvalidText):
            db.tenant(value)


async def test_a_package_without_tenants(tenants: str) -> None:
    package = Package("shop")
    async with Database(Settings(conninfo=tenants), package=package) as db:
        with pytest.raises(RepositoryError, match="package shop has no tenants"):
            db.tenant("a")
        # Another package's statements in its transactions would go without one.
        async with db.transaction():
            with pytest.raises(TenantRequired):
                await Runner(db, q.PACKAGE).many(q.LIST)


async def test_row_locks_still_need_a_transaction(db: Database, run: Runner) -> None:
    async with db.tenant("a"):
        [own] = await run.many(q.LIST)
        with pytest.raises(TransactionRequired):
            await run.one(q.LOCK, (own.id,))
        with pytest.raises(TransactionRequired):
            async with run.stream(q.LOCK, (own.id,)) as stream:
                assert [note async for note in stream]
        async with db.transaction():
            assert await run.one(q.LOCK, (own.id,)) == own


async def test_a_command_that_no_transaction_may_hold(
    db: Database, run: Runner
) -> None:
    async with db.tenant("a"):
        # A warning says that the role may not, but it is no error.
        await run.exec(q.VACUUM)


async def test_a_connection_of_the_callers_is_the_callers(tenants: str) -> None:
    async with await AsyncConnection.connect(tenants) as connection:
        await connection.execute("SET LOCAL app.tenant = 'a'")
        assert await Runner(connection, q.PACKAGE).many(q.LIST) == []


async def test_a_pipeline_is_one_tenants(db: Database, run: Runner) -> None:
    async with db.tenant("a"):
        own = (await run.many(q.LIST))[0]
        async with db.pipeline() as pipeline:
            listed = pipeline.add(run.many, q.LIST)
            pipeline.add(run.execrows, q.TOUCH, (own.id, 1))
            tenant = pipeline.add(run.one, q.TENANT)
        assert (listed.result(), tenant.result()) == ([own], "a")
        with pytest.raises(StaleRow) as caught:
            async with db.pipeline() as pipeline:
                pipeline.add(run.exec, q.RETITLE, ("not to be",))
                pipeline.add(run.execrows, q.TOUCH, (own.id, 1))
        assert caught.value.query == "notes.touch"
        async with db.pipeline() as pipeline:
            listed = pipeline.add(run.many, q.LIST)
        assert [note.title for note in listed.result()] == ["a's own"]
    with pytest.raises(WrongTenant):
        async with db.pipeline() as pipeline:
            for name in ("a", "b"):
                pipeline.add(Runner(db.tenant(name), q.PACKAGE).many, q.LIST)
    with pytest.raises(TenantRequired):
        async with db.pipeline() as pipeline:
            pipeline.add(run.many, q.LIST)
