# ruff: noqa: PT012 -- the block as a whole is what raises
"""Blocks that generators hold, which are advanced in turn."""

from __future__ import annotations

import random
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.runtime import tenancy as q

from reposgen_runtime import Settings
from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.errors import (
    BlocksOverlap,
    RepositoryError,
    TenantRequired,
    TransactionClosed,
    TransactionRequired,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator


class LeaveError(Exception):
    """Raised by a test to leave a block."""


@pytest.fixture
def tenants(make_database: Callable[[str], str]) -> Iterator[str]:
    with q.unprivileged(make_database(q.SCHEMA)) as unprivileged:
        yield unprivileged


@pytest.fixture
async def db(tenants: str, *, use_cursors: bool) -> AsyncIterator[Database]:
    settings = Settings(
        conninfo=tenants, use_cursors=use_cursors, max_size=8, timeout=20
    )
    async with Database(settings, package=q.PACKAGE) as database:
        yield database


@pytest.fixture
def run(db: Database) -> Runner:
    return Runner(db, q.PACKAGE)


async def titles(db: Database, tenant: str) -> set[str]:
    notes = await Runner(db.tenant(tenant), q.PACKAGE).many(q.LIST)
    return {note.title for note in notes}


async def assert_outside(db: Database, run: Runner) -> None:
    assert db.current() is None
    with pytest.raises(TenantRequired):
        await run.one(q.TENANT)


async def of_tenant(db: Database, tenant: str) -> AsyncGenerator[str, None]:
    run = Runner(db, q.PACKAGE)
    async with db.tenant(tenant):
        for _ in range(3):
            yield await run.one(q.TENANT)


async def test_tenants_in_turn(db: Database, run: Runner) -> None:
    one, two = of_tenant(db, "a"), of_tenant(db, "b")
    seen = [await anext(each) for each in (one, two, one, two, two, one)]
    assert seen == ["a", "b", "a", "b", "b", "a"]
    assert [await anext(one, None), await anext(two, None)] == [None, None]
    await assert_outside(db, run)


async def test_one_ends_before_the_other(db: Database, run: Runner) -> None:
    one, two = of_tenant(db, "a"), of_tenant(db, "b")
    await anext(one)
    await anext(two)
    await one.aclose()
    # Code that is in neither of them is in the midst of blocks that do not nest.
    with pytest.raises(BlocksOverlap, match="do not nest"):
        await run.one(q.TENANT)
    assert await anext(two) == "b"
    await two.aclose()
    await assert_outside(db, run)


async def test_code_between_the_steps_of_two(db: Database, run: Runner) -> None:
    one, two = of_tenant(db, "a"), of_tenant(db, "b")
    await anext(one)
    assert await run.one(q.TENANT) == "a"
    await anext(two)
    assert await run.one(q.TENANT) == "b"
    await anext(one)
    with pytest.raises(BlocksOverlap):
        await run.one(q.TENANT)
    async with db.tenant("c"):
        assert await run.one(q.TENANT) == "c"
    await two.aclose()
    assert await run.one(q.TENANT) == "a"
    await one.aclose()
    await assert_outside(db, run)


async def writer(
    db: Database, tenant: str, title: str, *, fails: bool = False
) -> AsyncGenerator[None, None]:
    run = Runner(db, q.PACKAGE)
    async with db.tenant(tenant), db.transaction():
        await run.one(q.ADD, (f"{title} 1",))
        yield
        await run.one(q.ADD, (f"{title} 2",))
        if fails:
            raise LeaveError


@pytest.mark.parametrize("order", ["1212", "1221", "2112", "1122"])
@pytest.mark.parametrize("failing", [0, 1, 2])
async def test_transactions_in_turn(
    db: Database, run: Runner, order: str, failing: int
) -> None:
    for other in ("a", "b"):
        writers = {
            str(n): writer(db, tenant, f"{other}{n}", fails=failing == n)
            for n, tenant in ((1, "a"), (2, other))
        }
        for number in order:
            try:
                await anext(writers[number], None)
            except LeaveError:
                assert int(number) == failing
        for n, tenant in ((1, "a"), (2, other)):
            written = {f"{other}{n} 1", f"{other}{n} 2"}
            kept = set() if failing == n else written
            assert await titles(db, tenant) & written == kept
    await assert_outside(db, run)


async def test_a_generator_in_a_transaction_of_its_caller(
    db: Database, run: Runner
) -> None:
    async def inner(title: str) -> AsyncGenerator[None, None]:
        async with db.transaction():
            await run.one(q.ADD, (title,))
            yield
            await run.one(q.ADD, (f"{title} again",))

    with pytest.raises(LeaveError):
        async with db.tenant("a"), db.transaction() as transaction:
            async for _ in inner("x"):
                assert db.current() is transaction
            assert db.current() is transaction
            raise LeaveError
    assert await titles(db, "a") == set()
    # Their savepoints are on one connection, and could only nest.
    async with db.tenant("a"), db.transaction():
        first, second = inner("y"), inner("z")
        await anext(first)
        with pytest.raises(BlocksOverlap, match="must nest"):
            await anext(second)
        assert [_ async for _ in first] == []
    assert await titles(db, "a") == {"y", "y again"}


async def test_a_transaction_that_ends_around_a_generator(
    db: Database, run: Runner
) -> None:
    async def inner() -> AsyncGenerator[None, None]:
        async with db.transaction():
            await run.one(q.ADD, ("x",))
            yield
            await run.one(q.ADD, ("y",))

    generator = inner()
    async with db.tenant("a"):
        with pytest.raises(BlocksOverlap, match="rolled back"):
            async with db.transaction():
                await anext(generator)
        with pytest.raises(TransactionClosed):
            await anext(generator)
        assert db.current() is None
    assert await titles(db, "a") == set()


async def test_a_savepoint_that_ends_around_another(db: Database, run: Runner) -> None:
    async with db.tenant("a"), db.transaction():
        outer, inner = db.savepoint(), db.savepoint()
        await outer.__aenter__()
        await inner.__aenter__()
        await run.one(q.ADD, ("x",))
        with pytest.raises(BlocksOverlap, match="does not nest"):
            await outer.__aexit__(None, None, None)
        with pytest.raises(BlocksOverlap, match="does not nest"):
            await inner.__aexit__(None, None, None)
        await run.one(q.ADD, ("y",))
    assert await titles(db, "a") == {"y"}


async def test_other_blocks_do_not_join_a_transaction(
    db: Database, run: Runner
) -> None:
    async def primary() -> AsyncGenerator[None, None]:
        async with db.primary():
            yield
            assert db.current() is None
            await run.one(q.ADD, ("primary",))

    async def pipeline() -> AsyncGenerator[None, None]:
        async with db.pipeline() as pipeline:
            pipeline.add(run.one, q.ADD, ("pipeline",))
            yield

    async def connection() -> AsyncGenerator[None, None]:
        async with db.connection() as connection:
            yield
            await connection.execute("INSERT INTO notes (title) VALUES ('connection')")

    async def savepoint() -> AsyncGenerator[None, None]:
        async with db.savepoint():
            yield

    failing = writer(db, "a", "x", fails=True)
    await anext(failing)
    with pytest.raises(TransactionRequired):
        await anext(savepoint())
    others = [primary(), pipeline(), connection()]
    for other in others:
        await anext(other)
    with pytest.raises(LeaveError):
        await anext(failing)
    for other in others:
        await anext(other, None)
    await assert_outside(db, run)
    assert await titles(db, "a") == {"primary", "pipeline", "connection"}


@asynccontextmanager
async def as_tenant(db: Database, tenant: str) -> AsyncGenerator[None, None]:
    async with db.tenant(tenant):
        yield


@asynccontextmanager
async def in_transaction(db: Database) -> AsyncGenerator[None, None]:
    async with db.transaction():
        yield


async def test_helpers_that_yield(db: Database, run: Runner) -> None:
    async with as_tenant(db, "a"):
        assert await run.one(q.TENANT) == "a"
        with pytest.raises(LeaveError):
            async with in_transaction(db):
                outer = db.current()
                await run.one(q.ADD, ("x",))
                async with in_transaction(db):
                    assert db.current() is outer
                    await run.one(q.ADD, ("y",))
                raise LeaveError
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(in_transaction(db))
            await stack.enter_async_context(as_tenant(db, "a"))
            transaction = await stack.enter_async_context(db.transaction())
            assert db.current() is transaction
            await run.one(q.ADD, ("z",))
    await assert_outside(db, run)
    assert await titles(db, "a") == {"z"}


async def test_dependencies_that_yield(db: Database, run: Runner) -> None:
    """Stepped through by hand, as frameworks do."""

    async def tenant() -> AsyncGenerator[None, None]:
        async with db.tenant("a"):
            yield

    async def transaction() -> AsyncGenerator[None, None]:
        async with db.transaction():
            yield

    async def stream() -> AsyncGenerator[str, None]:
        async for note in run.stream(q.LIST):
            yield note.title

    outer, inner = tenant(), transaction()
    await anext(outer)
    await anext(inner)
    assert db.current() is not None
    await run.one(q.ADD, ("x",))
    async with db.transaction():
        await run.one(q.ADD, ("y",))
    assert {title async for title in stream()} == {"x", "y"}
    with pytest.raises(LeaveError):
        await inner.athrow(LeaveError())
    assert await run.one(q.TENANT) == "a"
    await anext(outer, None)
    await assert_outside(db, run)
    assert await titles(db, "a") == set()


async def test_helpers_within_generators(db: Database, run: Runner) -> None:
    async def with_helpers(tenant: str) -> AsyncGenerator[str, None]:
        async with as_tenant(db, tenant), in_transaction(db):
            for _ in range(2):
                yield await run.one(q.TENANT)

    async def with_stack(tenant: str) -> AsyncGenerator[str, None]:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(db.tenant(tenant))
            await stack.enter_async_context(in_transaction(db))
            for _ in range(2):
                yield await run.one(q.TENANT)

    one, two = with_helpers("a"), with_stack("b")
    seen = [await anext(each, "end") for each in (one, two, one, two, one, two)]
    assert seen == ["a", "b", "a", "b", "end", "end"]
    await assert_outside(db, run)


async def test_the_own_block_counts_in_a_generator(db: Database, run: Runner) -> None:
    async def outer() -> AsyncGenerator[tuple[str, str], None]:
        async with db.tenant("a"):
            async for inner in of_tenant(db, "b"):
                yield inner, await run.one(q.TENANT)
            async with as_tenant(db, "c"):
                yield "c", await run.one(q.TENANT)

    seen = [each async for each in outer()]
    assert seen == [("b", "a")] * 3 + [("c", "c")]


async def test_blocks_entered_by_hand_end_in_any_order(
    db: Database, run: Runner
) -> None:
    a, b = db.tenant("a"), db.tenant("b")
    await a.__aenter__()
    await b.__aenter__()
    await a.__aexit__(None, None, None)
    assert await run.one(q.TENANT) == "b"
    await b.__aexit__(None, None, None)
    await assert_outside(db, run)


async def test_one_tenant_object_in_several_generators(
    db: Database, run: Runner
) -> None:
    shared = db.tenant("a")

    async def within() -> AsyncGenerator[str, None]:
        async with shared:
            for _ in range(2):
                yield await run.one(q.TENANT)

    one, two = within(), within()
    seen = [await anext(each, "end") for each in (one, two, one, one, two, two)]
    assert seen == ["a", "a", "a", "end", "a", "end"]
    await assert_outside(db, run)


@dataclass(slots=True)
class Part:
    """A block of a random program, or a step of it.

    Attributes:
        kind: what it is.
        value: the tenant, or the row's title.
        parts: what is in the block.
        fails: an exception leaves it.
    """

    kind: str
    value: str = ""
    parts: list[Part] = field(default_factory=list)
    fails: bool = False


class Program:
    """Random generators with blocks, and what they are to write."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._count = 0
        self.kept: set[tuple[str, str]] = set()
        self.generators = [
            self._block("tenant", "", 0, in_transaction=False)
            for _ in range(self._random.randint(2, 4))
        ]

    def _block(
        self, kind: str, tenant: str, depth: int, *, in_transaction: bool
    ) -> Part:
        choose = self._random
        if kind == "tenant" and not in_transaction:
            tenant = choose.choice("abc")
        in_transaction = in_transaction or kind == "transaction"
        block = Part(kind, tenant)
        before = set(self.kept)
        for _ in range(choose.randint(1, 5)):
            part = choose.choice(["step", "step", "call", "write", "block"])
            if part == "block" and depth < 3:
                inner = choose.choice(["tenant", "transaction", "primary"])
                block.parts.append(
                    self._block(inner, tenant, depth + 1, in_transaction=in_transaction)
                )
            elif part == "write":
                self._count += 1
                block.parts.append(Part("write", str(self._count)))
                self.kept.add((tenant, str(self._count)))
            else:
                block.parts.append(Part("step" if part == "step" else "call"))
        block.fails = choose.random() < 0.3
        if block.fails and kind == "transaction":
            self.kept = before
        return block

    def next(self, left: list[AsyncGenerator[None, None]]) -> int:
        """Which of the generators goes on."""
        return self._random.randrange(len(left))


async def play(
    db: Database, block: Part, outer: object, *, fresh: bool
) -> AsyncGenerator[None, None]:
    """Run a block, checking that calls are in it and in none else."""
    run = Runner(db, q.PACKAGE)
    try:
        async with AsyncExitStack() as stack:
            if block.kind == "tenant":
                helper = as_tenant(db, block.value) if fresh else db.tenant(block.value)
                await stack.enter_async_context(helper)
            elif block.kind == "transaction":
                await stack.enter_async_context(
                    in_transaction(db) if fresh else db.transaction()
                )
                outer = outer or db.current()
                assert outer is not None
            else:
                await stack.enter_async_context(db.primary())
            for part in block.parts:
                assert db.current() is outer
                if part.kind == "step":
                    yield
                elif part.kind == "call":
                    assert await run.one(q.TENANT) == block.value
                elif part.kind == "write":
                    note = await run.one(q.ADD, (part.value,))
                    assert note.tenant == block.value
                else:
                    async for step in play(db, part, outer, fresh=not fresh):
                        yield step
            if block.fails:
                raise LeaveError  # noqa: TRY301 -- out of the block
    except LeaveError:
        pass


@pytest.mark.parametrize("seed", range(12))
async def test_random_generators_in_random_turns(
    db: Database, run: Runner, seed: int
) -> None:
    program = Program(seed)
    left = [
        play(db, block, None, fresh=bool(number % 2))
        for number, block in enumerate(program.generators)
    ]
    while left:
        place = program.next(left)
        try:
            await anext(left[place])
        except (StopAsyncIteration, StopIteration):
            del left[place]
    await assert_outside(db, run)
    assert not db.scopes.strands
    written = {
        (tenant, title) for tenant in "abc" for title in await titles(db, tenant)
    }
    assert written == program.kept


async def test_errors_of_the_hierarchy() -> None:
    assert issubclass(BlocksOverlap, RepositoryError)
