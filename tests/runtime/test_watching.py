"""Connections that stay registered with an event loop, on two kinds of those."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import uvloop
from psycopg import sql
from tests.runtime.aio.repositories import Database

from reposgen_runtime.async_connection import FastConnection

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Generator,
        Iterator,
    )

    from psycopg.errors import Diagnostic


class Counting(FastConnection):
    """Knows how often the event loop called it."""

    calls = 0

    def _readable(self) -> None:
        self.calls += 1
        super()._readable()


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop])
def runner(request: pytest.FixtureRequest) -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=request.param) as runner:
        yield runner


@pytest.fixture
def url(shared_database: Callable[[str], str]) -> str:
    return shared_database("")


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Counting, None]:
    async with await Counting.connect(
        url, autocommit=True, prepare_threshold=None
    ) as connection:
        yield connection


async def one(connection: psycopg.AsyncConnection[Any], query: str) -> object:
    cursor = await connection.execute(query.encode())
    row = await cursor.fetchone()
    assert row is not None
    return row[0]


def test_much_in_both_directions(runner: asyncio.Runner, url: str) -> None:
    async def work() -> None:
        async with connected(url) as connection:
            cursor = await connection.execute("SELECT generate_series(1, 300000)")
            assert sum(row[0] for row in await cursor.fetchall()) == 45_000_150_000
            large = b"x" * 30_000_000
            cursor = await connection.execute("SELECT %b::bytea", (large,))
            assert await cursor.fetchone() == (large,)
            assert await one(connection, "SELECT 1") == 1

    runner.run(work())


def test_copy_in_both_directions(runner: asyncio.Runner, url: str) -> None:
    async def work() -> None:
        async with connected(url) as connection:
            await connection.execute("CREATE TEMP TABLE t (n int)")
            async with (
                connection.cursor() as cursor,
                cursor.copy("COPY t FROM STDIN") as copy,
            ):
                for number in range(200_000):
                    await copy.write_row((number,))
            async with (
                connection.cursor() as cursor,
                cursor.copy("COPY t TO STDOUT") as copy,
            ):
                seen = sum([len(bytes(block).split()) async for block in copy])
            assert seen == 200_000 == await one(connection, "SELECT count(*) FROM t")

    runner.run(work())


def test_others_get_their_turn(runner: asyncio.Runner, url: str) -> None:
    async def work() -> None:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0)
                turns += 1

        async with connected(url) as connection, connection.cursor() as cursor:
            await one(connection, "SELECT 1")
            beside = asyncio.create_task(other())
            async for _ in cursor.stream(
                "SELECT generate_series(1, 100000)", size=100_000
            ):
                await connection.wait(nothing())
            beside.cancel()
        assert turns > 10

    runner.run(work())


def nothing() -> Generator[Any, Any, None]:
    """Work that does not wait."""
    yield from ()


def test_in_a_pipeline(runner: asyncio.Runner, url: str) -> None:
    async def work() -> None:
        async with connected(url) as connection:
            async with connection.pipeline() as pipeline:
                cursors = [
                    await connection.execute("SELECT repeat('x', %s)", (size,))
                    for size in (1, 100_000, 3_000_000)
                ]
                await pipeline.sync()
                rows = [await cursor.fetchone() for cursor in cursors]
            assert [len(row[0]) for row in rows if row] == [1, 100_000, 3_000_000]
            assert await one(connection, "SELECT 1") == 1

    runner.run(work())


def test_cancelled_in_the_middle(runner: asyncio.Runner, url: str) -> None:
    async def work() -> None:
        async with connected(url) as connection:
            for query in ("SELECT pg_sleep(600)", "SELECT generate_series(1, 9000000)"):
                task = asyncio.create_task(one(connection, query))
                while not connection.calls:
                    await one_in_another(url)
                    connection.calls += 1
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert await one(connection, "SELECT 1") == 1
                connection.calls = 0
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await one(connection, "SELECT pg_sleep(600)")
            assert await one(connection, "SELECT 1") == 1

    async def one_in_another(url: str) -> None:
        async with connected(url) as other:
            await one(other, "SELECT 1")

    runner.run(work())


def test_a_statement_timeout(runner: asyncio.Runner, url: str) -> None:
    async def work() -> None:
        async with connected(url) as connection:
            await connection.execute("SET statement_timeout = '10ms'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                await one(connection, "SELECT pg_sleep(600)")
            assert await one(connection, "SELECT 1") == 1

    runner.run(work())


async def next_note(connection: Counting) -> str:
    note = await anext(aiter(connection.notifies()))
    return note.payload


def test_notifications(runner: asyncio.Runner, url: str) -> None:
    async def work() -> None:
        async with connected(url) as connection, connected(url) as other:
            await connection.execute("LISTEN noise")
            connection.calls = 0
            # Nobody waits for this one: it must not keep the loop busy.
            await other.execute("NOTIFY noise, 'a'")
            while not connection.calls:
                await one(other, "SELECT 1")
            for _ in range(50):
                await one(other, "SELECT 1")
            assert connection.calls == 1
            async for notify in connection.notifies(stop_after=1):
                assert notify.payload == "a"
            waiting = asyncio.create_task(next_note(connection))
            await other.execute("NOTIFY noise, 'b'")
            assert await waiting == "b"
            found = [n async for n in connection.notifies(timeout=0.01)]
            assert found == []
            assert await one(connection, "SELECT 1") == 1

    runner.run(work())


def test_handlers_see_the_variables_of_who_waits(
    runner: asyncio.Runner, url: str
) -> None:
    name = ContextVar("name", default="nobody")
    seen: list[tuple[str, str | None]] = []

    def note(diagnostic: Diagnostic) -> None:
        seen.append((name.get(), diagnostic.message_primary))

    async def work() -> None:
        async with connected(url) as connection:
            connection.add_notice_handler(note)
            for value in ("a", "b"):
                name.set(value)
                await connection.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")

    runner.run(work())
    assert seen == [("a", "hello"), ("b", "hello")]


def test_terminated(runner: asyncio.Runner, url: str) -> None:
    """The socket's number is taken by the next connection at once."""

    async def work() -> None:
        async with connected(url) as admin:
            for query in ("SELECT pg_sleep(600)", "SELECT 1"):
                async with connected(url) as victim:
                    pid = await one(victim, "SELECT pg_backend_pid()")
                    end = sql.SQL("SELECT pg_terminate_backend({}, 5000)").format(pid)
                    if "sleep" in query:
                        task = asyncio.create_task(one(victim, query))
                        await one(admin, "SELECT 1")
                        await admin.execute(end)
                    else:
                        await admin.execute(end)
                        task = asyncio.create_task(one(victim, query))
                    with pytest.raises(psycopg.OperationalError):
                        await task
                    # Not closed yet.
                    async with connected(url) as next_one:
                        for _ in range(3):
                            assert await one(next_one, "SELECT 1") == 1
                assert await one(admin, "SELECT 1") == 1

    runner.run(work())


def test_a_loop_that_does_not_tell(runner: asyncio.Runner, url: str) -> None:
    """As uvloop, of a socket that failed: its other end closed with data unread."""

    class Deaf(FastConnection):
        def _watch(self) -> None:
            pass

    async def work() -> None:
        async with await Deaf.connect(url, autocommit=True) as connection:
            assert await one(connection, "SELECT 1") == 1

    runner.run(work())


def test_connections_that_are_replaced(runner: asyncio.Runner, conninfo: str) -> None:
    async def work() -> None:
        async with Database.open(conninfo, max_size=2, max_lifetime=0) as db:
            for _ in range(20):
                assert (
                    await asyncio.gather(*[db.tasks.count() for _ in range(4)])
                    == [0] * 4
                )

    runner.run(work())


def test_tasks_that_share_a_connection(runner: asyncio.Runner, url: str) -> None:
    async def work() -> None:
        async with connected(url) as connection:
            numbers = range(50)
            found = await asyncio.gather(
                *[one(connection, f"SELECT {n}") for n in numbers]
            )
            assert found == [*numbers]

    runner.run(work())


def test_one_loop_after_the_other(url: str) -> None:
    async def work() -> AsyncIterator[Any]:
        async with connected(url) as connection:
            while True:
                yield await one(connection, "SELECT pg_backend_pid()")

    steps = work()
    found = []
    for _ in range(2):
        loop = asyncio.new_event_loop()
        found.append(loop.run_until_complete(anext(steps)))
        last, loop = loop, asyncio.new_event_loop()
        last.close()
        loop.close()
    assert found[0] == found[1]
    with asyncio.Runner() as runner:
        runner.run(steps.aclose())  # type: ignore[attr-defined] # a generator
