"""Results that are read together before anybody asks for them."""

from __future__ import annotations

import threading
from contextlib import asynccontextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.runtime.cached import (
    GET,
    GET_L1,
    GET_L2,
    PACKAGE,
    RENAME,
    SCHEMA,
    TENANT,
    TENANTS,
    get_item,
)
from tests.support.redis_server import RedisServer

from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.aio._background import Worker
from reposgen_runtime.aio._compat import sleep
from reposgen_runtime.aio.cached import CachedDatabase, cached_class
from reposgen_runtime.caching import Cache
from reposgen_runtime.errors import RepositoryError, TransactionClosed
from reposgen_runtime.observe import Observer
from reposgen_runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from reposgen_runtime.aio.cached_warming import Warming
    from reposgen_runtime.observe import Call

# Results are kept this long after the start at the earliest.
MARK = 1.0


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def url(make_database: Callable[[str], str]) -> str:
    url = make_database(SCHEMA)
    run_sql(url, "INSERT INTO items SELECT id, 'more' FROM generate_series(2, 9) AS id")
    return url


def run_sql(url: str, text: str) -> None:
    """Do what the cache cannot see."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(text.encode())


class Calls(Observer):
    """Keeps the calls that it is told of."""

    def __init__(self) -> None:
        self.made: list[Call] = []

    def ended(self, call: Call, state: Any) -> None:  # noqa: ANN401 -- of no use
        assert state is None
        self.made.append(call)


@asynccontextmanager
async def opened(
    url: str, cache: Cache, *observers: Observer, use_cursors: bool = False
) -> AsyncGenerator[tuple[CachedDatabase, Runner], None]:
    settings = Settings(
        conninfo=url, cache=cache, observers=observers, use_cursors=use_cursors
    )
    async with cached_class(Database)(settings, package=PACKAGE) as db:
        assert isinstance(db, CachedDatabase)
        yield db, Runner(db, PACKAGE)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    end = monotonic() + 30
    while not await condition():
        assert monotonic() < end
        await sleep(0.02)


@pytest.mark.parametrize("use_cursors", [False, True])
async def test_one_process(url: str, use_cursors: bool) -> None:
    calls = Calls()
    async with opened(url, Cache(), calls, use_cursors=use_cursors) as (db, run):
        async with db.cache.warm() as warm:
            for number in (1, 2, 3, 3, 99):
                warm.add(run.one, GET, (number,))
            warm.add(run.opt, GET_L1, (4,))
            warm.add(run.many, GET_L2, (5,))
            # Nothing is read before the end of the block.
            assert not calls.made
        # One call, of five results, and an absence, which is not kept.
        [made] = calls.made
        assert made.operation.command == "pipeline"
        assert len(made.parts) == 6
        assert warm.kept == 5
        run_sql(url, "UPDATE items SET title = 'unseen'")
        assert (await run.one(GET, (1,))).title == "one"
        assert (await run.one(GET, (2,))).title == "more"
        assert (await run.one(GET_L1, (4,))).title == "more"
        assert (await run.one(GET_L2, (5,))).title == "more"
        assert await run.opt(GET, (99,)) is None
        # What is kept already is not read again.
        async with db.cache.warm() as warm:
            warm.add(run.one, GET, (1,))
        assert warm.kept == 0
        # Writes invalidate these results as any other.
        await run.exec(RENAME, (1, "new"))
        assert (await run.one(GET, (1,))).title == "new"


async def test_absence_is_kept_if_that_is_asked_for(url: str) -> None:
    read = get_item(negative=60.0)
    async with opened(url, Cache()) as (db, run):
        async with db.cache.warm() as warm:
            warm.add(run.opt, read, (99,))
        assert warm.kept == 1
        run_sql(url, "INSERT INTO items (id, title) VALUES (99, 'unseen')")
        assert await run.opt(read, (99,)) is None


async def test_a_change_meanwhile_is_not_overwritten(url: str) -> None:
    async with opened(url, Cache()) as (db, run):
        kept: list[int] = []

        async def warm() -> None:
            async with db.cache.warm() as warming:
                warming.add(run.one, GET, (1,))
                warming.add(run.one, GET, (2,))
            kept.append(warming.kept)

        with psycopg.connect(url) as connection:
            connection.execute("LOCK items")
            warming = Worker(warm)
            await until(lambda: is_waiting(url))
            # Another writer of this process is about to change one of them.
            mark = await db.cache.mark([*tags_of(1)])
            connection.execute("UPDATE items SET title = 'new' WHERE id = 1")
        assert await warming.join(30)
        await db.cache.changed(mark)
        assert kept == [1]
        run_sql(url, "UPDATE items SET title = 'newer'")
        assert (await run.one(GET, (1,))).title == "newer"
        assert (await run.one(GET, (2,))).title == "more"


def tags_of(number: int) -> set[bytes]:
    """What a change of an item invalidates."""
    from reposgen_runtime.caching import tags_of_write  # noqa: PLC0415 -- here alone

    return {*tags_of_write(RENAME.changes, (number, ""), None)}


async def is_waiting(url: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        ).fetchone()
    return found is not None and found[0] > 0


async def test_all_results_are_of_one_state(url: str) -> None:
    """Of what another connection commits together, all or nothing is kept."""
    async with opened(url, Cache()) as (db, run):
        ending: list[bool] = []

        def change() -> None:
            number = 0
            while not ending:
                number += 1
                run_sql(url, f"UPDATE items SET title = '{number}'")

        run_sql(url, "UPDATE items SET title = '0'")
        changing = threading.Thread(target=change)
        changing.start()
        try:
            for _ in range(30):
                async with db.cache.warm() as warm:
                    for number in range(1, 10):
                        warm.add(run.one, GET, (number,))
                assert warm.kept == 9
                titles = {
                    (await run.one(GET, (number,))).title for number in range(1, 10)
                }
                assert len(titles) == 1
                await db.cache.clear()
        finally:
            ending.append(True)
            changing.join()


async def test_redis(url: str, redis_server: RedisServer) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    calls = Calls()
    async with (
        opened(url, cache) as (db, run),
        opened(url, cache, calls) as (other, others),
    ):
        kept = 0

        async def is_warm() -> bool:
            nonlocal kept
            async with db.cache.warm() as warm:
                for number in range(1, 10):
                    warm.add(run.one, GET_L2, (number,))
            # Redis begins to keep results between two of them, perhaps.
            kept += warm.kept
            return kept == 9

        await until(is_warm)
        run_sql(url, "UPDATE items SET title = 'unseen'")

        async def is_shared() -> bool:
            async with other.cache.warm() as warm:
                warm.add(others.one, GET_L2, (1,))
            assert warm.kept == 0
            found = await others.one(GET_L2, (1,))
            return found.title == "one"

        await until(is_shared)
        assert (await others.one(GET_L2, (2,))).title == "more"
        # Redis forgets its scripts, but not its results.
        redis_server.client.script_flush()
        await run.exec(RENAME, (1, "new"))

        async def is_warm_again() -> bool:
            async with db.cache.warm() as warm:
                for number in range(1, 10):
                    warm.add(run.one, GET_L2, (number,))
            return warm.kept == 1

        await until(is_warm_again)
        run_sql(url, "UPDATE items SET title = 'unseen'")
        assert (await others.one(GET_L2, (1,))).title == "new"


async def test_redis_is_away(url: str, tmp_path: Any) -> None:  # noqa: ANN401 -- a folder
    redis = RedisServer(tmp_path)
    redis.kill()
    cache = Cache(redis=redis.url, mark_ttl=MARK)
    async with opened(url, cache) as (db, run):
        async with db.cache.warm() as warm:
            warm.add(run.one, GET, (1,))
            warm.add(run.one, GET_L2, (1,))
        assert warm.kept == 0
        assert (await run.one(GET, (1,))).title == "one"


async def test_tenants(url: str) -> None:
    settings = Settings(conninfo=url, cache=Cache())
    async with cached_class(Database)(settings, package=TENANTS) as db:
        run = Runner(db, TENANTS)
        async with db.cache.warm() as warm:
            for name in ("a", "b", "a"):
                warm.add(Runner(db.tenant(name), TENANTS).one, TENANT)
        assert warm.kept == 2
        for name in ("a", "b"):
            async with db.tenant(name):
                assert await run.one(TENANT) == name
        with pytest.raises(RepositoryError):
            async with db.cache.warm() as warm:
                warm.add(run.one, TENANT)


async def test_what_is_no_cached_read(url: str) -> None:
    async with opened(url, Cache()) as (db, run):
        async with db.cache.warm() as warm:
            with pytest.raises(RepositoryError, match="no cached read"):
                warm.add(run.exec, RENAME, (1, "x"))
            with pytest.raises(RepositoryError, match="a warming takes methods"):
                warm.add(sleep, 0)
            with pytest.raises(RepositoryError, match="a warming takes no batch"):
                warm.add(run.batch_exec, RENAME, [(1, "x")])
        with pytest.raises(TransactionClosed):
            warm.add(run.one, GET, (1,))
        warming: list[Warming] = []

        async def fail() -> None:
            async with db.cache.warm() as warm:
                warming.append(warm)
                warm.add(run.one, GET, (1,))
                raise LookupError

        with pytest.raises(LookupError):
            await fail()
        assert warming[0].kept == 0
