"""What a cache keeps, and what makes it forget."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from json import dumps
from time import monotonic
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.runtime.cached import (
    CREATE_INDEX,
    ECHO,
    FAILS,
    GET,
    GET_L1,
    GET_L2,
    LATE,
    NUMBER,
    OBJECT,
    PACKAGE,
    RENAME,
    SCHEMA,
    TENANT,
    TENANTS,
    get_item,
)
from tests.support.proxy import proxied
from tests.support.redis_server import RedisServer

from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.aio._compat import sleep
from reposgen_runtime.aio.cache import ResultCache
from reposgen_runtime.aio.cached import CachedDatabase, cached_class
from reposgen_runtime.caching import ALL_TAG, Cache, Memory, tag
from reposgen_runtime.errors import (
    ConnectionLost,
    NotFound,
    OutcomeUnknown,
    RepositoryError,
)
from reposgen_runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
    from pathlib import Path

    from tests.runtime.cached import Item

    from reposgen_runtime import Statement
    from reposgen_runtime.aio.cache import Mark

# Short, so that tests need not wait for long until results are kept.
MARK: float = 0.5
ITEM_1 = [tag("public.items", "id", "1")]
made = cached_class(Database)


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def url(make_database: Callable[[str], str]) -> str:
    return make_database(SCHEMA)


def rename(url: str, title: str) -> None:
    """Change something that the cache cannot see."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE items SET title = %s", (title,))


@asynccontextmanager
async def opened(
    url: str, cache: Cache, *, ready: bool = True, **options: bool
) -> AsyncGenerator[tuple[CachedDatabase, Runner], None]:
    """A Database that keeps results by now."""
    settings = Settings(conninfo=url, cache=cache, use_cursors=bool(options))
    async with made(settings, package=PACKAGE) as db:
        assert isinstance(db, CachedDatabase)
        run = Runner(db, PACKAGE)
        if ready and cache.redis:
            await until_kept(url, db, run)
        yield db, run


async def until_kept(url: str, db: CachedDatabase, run: Runner) -> None:
    """Wait until results are kept: that a foreign change is not seen."""
    end = monotonic() + 30
    number = 0
    while True:
        assert monotonic() < end, "results are not kept"
        number += 1
        before = await run.one(GET, (1,))
        rename(url, f"after {number}")
        if await run.one(GET, (1,)) == before:
            break
        await sleep(0.05)
    await db.cache.clear()


async def test_who_finds_nothing_lets_nobody_wait(
    url: str, redis_server: RedisServer
) -> None:
    """A lease ends with the read, also if there is no result to keep."""
    async with opened(url, Cache(redis=redis_server.url, mark_ttl=MARK)) as (db, run):
        for _ in range(2):
            with pytest.raises(NotFound):
                await run.one(GET, (404,))
            assert not redis_server.client.keys("*:l:*")
        async with db.cache.warm() as warm:
            warm.add(run.one, GET, (404,))
        assert not redis_server.client.keys("*:l:*")
        with pytest.raises(RepositoryError):
            await run.one(FAILS, (0,))
        assert not redis_server.client.keys("*:l:*")


@pytest.mark.parametrize("use_cursors", [False, True])
async def test_the_first_level_alone(url: str, use_cursors: bool) -> None:
    options = {"use_cursors": True} if use_cursors else {}
    async with opened(url, Cache(), **options) as (db, run):
        first = await run.one(GET, (1,))
        rename(url, "unseen")
        assert await run.one(GET, (1,)) == first
        assert await run.opt(GET, (1,)) == first
        assert await run.many(GET_L2, (1,)) == [await run.one(GET_L2, (1,))]
        await run.exec(RENAME, (1, "b"))
        assert (await run.one(GET, (1,))).title == "b"
        # Other keys stay.
        assert await run.opt(GET, (2,)) is None
        async with db.transaction():
            await run.exec(RENAME, (1, "c"))
            assert (await run.one(GET, (1,))).title == "c"
            rename_seen = await run.one(GET, (1,))
        assert await run.one(GET, (1,)) == rename_seen


async def test_a_write_of_which_nobody_knows(url: str) -> None:
    """The server can still be working on it: nothing is kept for a while."""
    word = "cut here"
    with proxied(url, None) as proxy:
        cache = Cache(mark_ttl=600.0)
        async with opened(proxy.conninfo, cache) as (db, run):
            await run.exec(RENAME, (1, "known"))
            assert not db.cache.memory.is_marked(ITEM_1)
            with pytest.raises(RepositoryError, match="refused"):
                await run.exec(LATE, (1,))
            assert not db.cache.memory.is_marked(ITEM_1)
            proxy.cut_at(word, heard=True)
            with pytest.raises(OutcomeUnknown):
                await run.exec(RENAME, (1, word))
            assert db.cache.memory.is_marked(ITEM_1)


async def test_a_connection_that_breaks(url: str) -> None:
    async with opened(url, Cache(mark_ttl=600.0)) as (db, _):
        async with db.connection() as connection:
            await connection.execute("SELECT 1")
        assert not db.cache.memory.is_marked([ALL_TAG])
        with pytest.raises(psycopg.Error):
            async with db.connection() as connection:
                await connection.execute(
                    "SELECT pg_terminate_backend(pg_backend_pid())"
                )
        assert db.cache.memory.is_marked([ALL_TAG])


async def test_a_transaction_that_only_reads(url: str) -> None:
    async with opened(url, Cache()) as (db, run):
        await run.one(GET, (1,))
        rename(url, "unseen")
        async with db.transaction(read_only=True):
            assert (await run.one(GET, (1,))).title == "one"
        async with db.transaction(read_only=True, isolation="repeatable read"):
            assert (await run.one(GET, (1,))).title == "unseen"
        async with db.transaction():
            assert (await run.one(GET, (1,))).title == "unseen"
        assert (await run.one(GET, (1,))).title == "one"


async def test_absence_is_kept_if_that_is_asked_for(url: str) -> None:
    absent = get_item(negative=60.0)
    async with opened(url, Cache()) as (_, run):
        assert await run.opt(absent, (2,)) is None
        assert await run.opt(GET, (2,)) is None
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO items VALUES (2, 'two')")
        with pytest.raises(NotFound):
            await run.one(absent, (2,))
        assert (await run.one(GET, (2,))).title == "two"
        await run.exec(RENAME, (2, "2"))
        assert (await run.one(absent, (2,))).title == "2"


async def test_arguments_that_python_takes_for_the_same(url: str) -> None:
    async with opened(url, Cache()) as (_, run):
        assert await run.one(NUMBER, (Decimal("1.0"),)) == "1.0"
        assert await run.one(NUMBER, (Decimal("1.00"),)) == "1.00"
        assert await run.one(ECHO, ("a",)) == "a"
        assert await run.one(ECHO, ("b",)) == "b"
        for value in (True, 1, 1.5, "1.5", {"a": 1}, '{"a": 1}', [True], [1]):
            assert await run.one(OBJECT, (value,)) == dumps(value)


async def test_tenants_share_nothing(url: str) -> None:
    settings = Settings(conninfo=url, cache=Cache())
    async with made(settings, package=TENANTS) as db:
        run = Runner(db, TENANTS)
        for tenant in ("a", "b", "a"):
            async with db.tenant(tenant):
                assert await run.one(TENANT) == tenant
            assert await Runner(db.tenant(tenant), TENANTS).one(TENANT) == tenant


async def test_bounds(url: str) -> None:
    async with opened(url, Cache(l1=Memory(entries=2))) as (db, run):
        for text in "abcdef":
            await run.one(ECHO, (text,))
            assert len(db.cache.memory.entries) <= 2
    async with opened(url, Cache(l1=Memory(value=10))) as (db, run):
        await run.one(GET, (1,))
        assert not db.cache.memory.entries
    async with opened(url, Cache(l1=Memory(size=300))) as (db, run):
        for text in "abcdef":
            await run.one(ECHO, (text * 100,))
        assert 0 < len(db.cache.memory.entries) < 3


async def test_a_command_that_no_transaction_holds(url: str) -> None:
    async with opened(url, Cache()) as (_, run):
        await run.one(GET, (1,))
        rename(url, "seen")
        await run.exec(CREATE_INDEX)
        assert (await run.one(GET, (1,))).title == "seen"


@pytest.mark.parametrize("get", [GET, GET_L2], ids=["both levels", "the second level"])
async def test_the_second_level_is_shared(
    url: str, redis_server: RedisServer, get: Statement[Item]
) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    async with opened(url, cache) as (_, one), opened(url, cache) as (_, two):
        # The first read of a process teaches it how values are read.
        await one.one(get, (1,))
        await two.one(get, (1,))
        await one.exec(RENAME, (1, "new"))
        first = await one.one(get, (1,))
        assert first.title == "new"
        rename(url, "unseen")
        assert await two.one(get, (1,)) == first
        assert await one.one(get, (1,)) == first


async def test_what_one_process_writes_another_sees(
    url: str, redis_server: RedisServer
) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    async with opened(url, cache) as (_, one), opened(url, cache) as (_, two):
        for number in range(20):
            await one.one(GET_L2, (1,))
            await two.one(GET_L2, (1,))
            await one.exec(RENAME, (1, str(number)))
            assert (await two.one(GET_L2, (1,))).title == str(number)
        # The first level is told by messages.
        await two.one(GET_L1, (1,))
        await one.exec(RENAME, (1, "told"))
        end = monotonic() + 5
        while (await two.one(GET_L1, (1,))).title != "told":
            assert monotonic() < end
            await sleep(0.01)


async def test_a_value_is_served_while_it_is_read_anew(
    url: str, redis_server: RedisServer
) -> None:
    get = get_item(("l2",), ttl=0.2, stale=30.0)
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    async with opened(url, cache) as (_, run):
        assert (await run.one(get, (1,))).title != "renewed"
        rename(url, "renewed")
        await sleep(0.3)
        # Once more as it was; by now somebody reads it anew.
        assert (await run.one(get, (1,))).title != "renewed"
        end = monotonic() + 5
        while (await run.one(get, (1,))).title != "renewed":
            assert monotonic() < end
            await sleep(0.01)
        # A write of ours is never hidden.
        await sleep(0.3)
        await run.exec(RENAME, (1, "own"))
        assert (await run.one(get, (1,))).title == "own"


async def test_a_commit_that_comes_too_late_is_refused(
    url: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was stopped must not change what others read by then."""
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    mark = ResultCache.mark

    async def stopped(this: ResultCache, tags: Iterable[bytes]) -> Mark:
        found = await mark(this, tags)
        await sleep(2 * MARK)
        return found

    async with opened(url, cache) as (_, run):
        monkeypatch.setattr(ResultCache, "mark", stopped)
        with pytest.raises(ConnectionLost) as caught:
            await run.exec(RENAME, (1, "late"))
        monkeypatch.undo()
        assert caught.value.done is False
        # The writer knows that nothing has changed, and has taken its mark off.
        before = await run.one(GET, (1,))
        assert before.title != "late"
        rename(url, "unseen")
        assert await run.one(GET, (1,)) == before
        await run.exec(RENAME, (1, "in time"))


async def test_what_commit_would_refuse_is_refused(
    url: str, redis_server: RedisServer
) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    async with opened(url, cache) as (db, run):
        with pytest.raises(RepositoryError, match="refused"):
            await run.exec(LATE, (1,))
        with pytest.raises(RepositoryError, match="refused"):
            async with db.transaction():
                await run.exec(LATE, (1,))
        assert (await run.one(GET, (1,))).title != "late"


async def test_marks_of_writers_that_take_long_are_renewed(
    url: str, redis_server: RedisServer
) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    async with opened(url, cache) as (one, run), opened(url, cache) as (_, other):
        async with one.connection() as connection:
            for number in range(20):
                await sleep(MARK / 5)
                await other.one(GET_L2, (1,))
                await connection.execute(f"UPDATE items SET title = '{number}'")
                assert (await other.one(GET_L2, (1,))).title == str(number)
        assert (await run.one(GET, (1,))).title == "19"


async def test_without_redis_nothing_fails(url: str, own_redis: RedisServer) -> None:
    cache = Cache(redis=own_redis.url, mark_ttl=MARK)
    own_redis.kill()
    async with opened(url, cache, ready=False) as (db, run):
        await run.exec(RENAME, (1, "a"))
        assert (await run.one(GET, (1,))).title == "a"
        rename(url, "b")
        assert (await run.one(GET, (1,))).title == "b"
        own_redis.start()
        await until_kept(url, db, run)
        await run.one(GET, (1,))
        own_redis.kill()
        await run.exec(RENAME, (1, "c"))
        assert (await run.one(GET, (1,))).title == "c"
        own_redis.start()
        await until_kept(url, db, run)


async def test_what_redis_lost_is_not_trusted(
    url: str, redis_server: RedisServer
) -> None:
    """Marks may have been lost with the rest."""
    cache = Cache(redis=redis_server.url, mark_ttl=5.0)
    async with opened(url, cache, ready=False) as (_, run):
        redis_server.client.flushall()
        await run.one(GET_L2, (1,))
        rename(url, "seen")
        assert (await run.one(GET_L2, (1,))).title == "seen"


async def test_a_redis_that_forgets_is_refused(
    url: str, own_redis: RedisServer
) -> None:
    own_redis.kill()
    own_redis.start("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru")
    with pytest.raises(RepositoryError, match="maxmemory-policy noeviction"):
        async with opened(url, Cache(redis=own_redis.url), ready=False):
            pass


async def test_settings_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="mark_ttl"):
        Cache(mark_ttl=0)
    with pytest.raises(ValueError, match="needs l1 or redis"):
        Cache(l1=None)
