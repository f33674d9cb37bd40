"""Generators that hold blocks, under tasks, threads and what ends them."""

from __future__ import annotations

import asyncio
import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import coroutine
from typing import TYPE_CHECKING, Any

import pytest
import uvloop
from tests.runtime import shop
from tests.runtime import tenancy as q
from tests.runtime.aio.repositories import Database as Shop
from tests.runtime.sync.repositories import Database as SyncShop

from reposgen_runtime import Settings
from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.errors import (
    BlocksOverlap,
    TenantRequired,
    TransactionNotShared,
)

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Coroutine,
        Generator,
        Iterator,
    )


@pytest.fixture
def tenants(make_database: Callable[[str], str]) -> Iterator[str]:
    with q.unprivileged(make_database(q.SCHEMA)) as unprivileged:
        yield unprivileged


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop])
def loop_factory(request: pytest.FixtureRequest) -> Callable[[], Any]:
    factory: Callable[[], Any] = request.param
    return factory


@pytest.fixture
def on_loop(
    tenants: str, loop_factory: Callable[[], Any]
) -> Callable[[Callable[[Database, Runner], Awaitable[None]]], None]:
    """Runs a test's work on an event loop of either kind."""

    def run(work: Callable[[Database, Runner], Awaitable[None]]) -> None:
        async def main() -> None:
            settings = Settings(conninfo=tenants, max_size=4, timeout=20)
            async with Database(settings, package=q.PACKAGE) as db:
                await work(db, Runner(db, q.PACKAGE))
                assert db.current() is None
                with pytest.raises(TenantRequired):
                    await Runner(db, q.PACKAGE).one(q.TENANT)

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(main())

    return run


OnLoop = "Callable[[Callable[[Database, Runner], Awaitable[None]]], None]"


async def of_tenant(db: Database, tenant: str) -> AsyncGenerator[str, None]:
    run = Runner(db, q.PACKAGE)
    async with db.tenant(tenant), db.transaction() as transaction:
        for _ in range(3):
            assert db.current() is transaction
            await run.one(q.ADD, ("x",))
            async with db.savepoint():
                yield await run.one(q.TENANT)


async def step(generator: AsyncGenerator[str, None]) -> str:
    return await anext(generator, "end")


def test_each_step_in_another_task(on_loop: Callable[..., None]) -> None:
    async def work(db: Database, run: Runner) -> None:  # noqa: ARG001 -- all have it
        one, two = of_tenant(db, "a"), of_tenant(db, "b")
        for expected in (["a", "b"], ["a", "b"], ["a", "b"], ["end", "end"]):
            assert [*await asyncio.gather(step(one), step(two))] == expected
        for tenant in ("a", "b"):
            own = Runner(db.tenant(tenant), q.PACKAGE)
            assert len(await own.many(q.LIST)) == 3

    on_loop(work)


def test_ended_in_another_task(on_loop: Callable[..., None]) -> None:
    async def work(db: Database, run: Runner) -> None:
        one = of_tenant(db, "a")
        await step(one)
        assert await run.one(q.TENANT) == "a"
        await asyncio.create_task(one.aclose())
        with pytest.raises(TenantRequired):
            await run.one(q.TENANT)

    on_loop(work)


def test_nobody_has_it_any_more(on_loop: Callable[..., None]) -> None:
    class Large:
        pass

    async def holding(db: Database) -> AsyncGenerator[weakref.ref[Large], None]:
        large = Large()
        async with db.tenant("a"), db.transaction():
            yield weakref.ref(large)

    async def work(db: Database, run: Runner) -> None:  # noqa: ARG001 -- all have it
        generator = holding(db)
        large = await anext(generator)
        del generator
        gc.collect()
        async with asyncio.timeout(20):
            while db.scopes.strands:  # noqa: ASYNC110 -- the loop closes it
                await asyncio.sleep(0)
        gc.collect()
        assert large() is None

    on_loop(work)


def test_tasks_that_start_in_generators(on_loop: Callable[..., None]) -> None:
    async def starting(db: Database, tenant: str) -> AsyncGenerator[str, None]:
        run = Runner(db, q.PACKAGE)
        async with db.tenant(tenant), db.transaction():
            yield "begun"
            # It can't be told which of the generators has started a task.
            with pytest.raises(BlocksOverlap):
                await asyncio.create_task(run.one(q.TENANT))
            yield "both"
            with pytest.raises(TransactionNotShared):
                await asyncio.create_task(run.one(q.TENANT))
        async with db.tenant(tenant):
            yield await asyncio.create_task(run.one(q.TENANT))

    async def work(db: Database, run: Runner) -> None:  # noqa: ARG001 -- all have it
        one, two = starting(db, "a"), starting(db, "b")
        seen = [await anext(each) for each in (one, two, one)]
        assert seen == ["begun", "begun", "both"]
        await two.aclose()
        assert await anext(one) == "a"
        await one.aclose()

    on_loop(work)


def test_a_task_keeps_the_tenant_that_it_was_started_for(
    on_loop: Callable[..., None],
) -> None:
    async def work(db: Database, run: Runner) -> None:
        ended = asyncio.Event()

        async def later() -> str:
            await ended.wait()
            return await run.one(q.TENANT)

        async with db.tenant("a"):
            task = asyncio.create_task(later())
        ended.set()
        assert await task == "a"

    on_loop(work)


PAUSE = "pause"


@coroutine
def pause() -> Generator[str, None, None]:
    """Give way to whoever runs the coroutine by hand."""
    yield PAUSE


@coroutine
def advance(work: Coroutine[Any, Any, None]) -> Generator[Any, Any, bool]:
    """Run a coroutine by hand, up to its next pause; whether it goes on."""
    value = None
    while True:
        try:
            waited = work.send(value)
        except StopIteration:
            return False
        if waited is PAUSE:
            return True
        value = yield waited


def test_coroutines_run_by_hand(on_loop: Callable[..., None]) -> None:
    async def worker(db: Database, tenant: str) -> None:
        run = Runner(db, q.PACKAGE)
        async with db.tenant(tenant), db.transaction() as transaction:
            for title in "xyz":
                assert db.current() is transaction
                assert (await run.one(q.ADD, (title,))).tenant == tenant
                await pause()

    async def work(db: Database, run: Runner) -> None:  # noqa: ARG001 -- all have it
        one, two = worker(db, "a"), worker(db, "b")
        for going in (one, two, two, one, one, two, one, two):
            await advance(going)
        for tenant in ("a", "b"):
            assert len(await Runner(db.tenant(tenant), q.PACKAGE).many(q.LIST)) == 3

    on_loop(work)


def test_transactions_of_coroutines_run_by_hand(
    conninfo: str, loop_factory: Callable[[], Any]
) -> None:
    async def worker(db: Shop, title: str) -> None:
        async with db.transaction():
            await db.tasks.create(title=title)
            await pause()
            await db.tasks.create(title=title)
            if title == "b":
                raise LookupError

    async def main() -> None:
        async with Shop.open(conninfo) as db:
            one, two = worker(db, "a"), worker(db, "b")
            await advance(one)
            await advance(two)
            await advance(one)
            with pytest.raises(LookupError):
                await advance(two)
            tasks = await Runner(db, shop.PACKAGE).many(shop.LIST)
            assert [task.title for task in tasks] == ["a", "a"]

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(main())


def test_each_step_in_another_thread_or_context(conninfo: str) -> None:
    def writer(db: SyncShop, title: str) -> Iterator[None]:
        with db.transaction() as transaction:
            for _ in range(3):
                assert db.current() is transaction
                db.tasks.create(title=title)
                with db.savepoint():
                    yield
            if title == "b":
                raise LookupError

    with SyncShop.open(conninfo) as db, ThreadPoolExecutor(3) as threads:
        one, two = writer(db, "a"), writer(db, "b")
        for _ in range(3):
            threads.submit(next, one).result()
            copy_context().run(next, two)
        threads.submit(next, one, None).result()
        with pytest.raises(LookupError):
            next(two, None)
        assert db.tasks.count() == 3
        assert not db.scopes.strands


def test_two_databases(conninfo: str) -> None:
    def both(first: SyncShop, second: SyncShop) -> Iterator[None]:
        with first.transaction() as outer, second.transaction() as inner:
            yield
            assert (first.current(), second.current()) == (outer, inner)
            first.tasks.create(title="a")
            second.tasks.create(title="b")

    with SyncShop.open(conninfo) as first, SyncShop.open(conninfo) as second:
        generators = [both(first, second), both(second, first)]
        for generator in generators * 2:
            next(generator, None)
        assert first.tasks.count() == 4
