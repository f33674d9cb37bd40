"""What other writers change reaches the caches, whatever becomes of the follower."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.runtime.cached import GET, GET_L2, PACKAGE, RENAME, SCHEMA
from tests.support.redis_server import RedisServer

from reposgen.cache_triggers import HEAD
from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.aio._compat import sleep
from reposgen_runtime.aio.cached import CachedDatabase, cached_class
from reposgen_runtime.caching import Cache
from reposgen_runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from tests.runtime.cached import Item

    from reposgen_runtime import Statement

ROOT = Path(__file__).parents[3]
# Results are kept this long after the start at the earliest.
MARK = 1.0
TRIGGERS = "".join(
    f"CREATE TRIGGER reposgen_cache_{event} AFTER {event} ON items {rows}"
    """ EXECUTE FUNCTION reposgen_cache.note('public.items', '["id"]');"""
    for event, rows in (
        ("insert", "REFERENCING NEW TABLE AS new_rows"),
        ("update", "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
        ("delete", "REFERENCING OLD TABLE AS old_rows"),
        ("truncate", ""),
    )
)
# A follower that stops where a test wants it to be killed.
STUCK = """
import sys, time
from tests.runtime.cached import PACKAGE
from reposgen_runtime.caching import Cache
from reposgen_runtime.settings import Settings
from reposgen_runtime.sync import Database
from reposgen_runtime.sync.cache import ResultCache
from reposgen_runtime.sync.cached import cached_class

url, redis, step = sys.argv[1:]
original = getattr(ResultCache, step)

def stop(self, *args):
    if step == "changed":
        original(self, *args)
    print("here", flush=True)
    time.sleep(600)

setattr(ResultCache, step, stop)
cache = Cache(redis=redis, mark_ttl=1.0, follow=0.01)
with cached_class(Database)(Settings(conninfo=url, cache=cache), package=PACKAGE):
    print("open", flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@pytest.fixture
def url(make_database: Callable[[str], str]) -> str:
    more = "INSERT INTO items SELECT id, 'more' FROM generate_series(2, 500) AS id;"
    return make_database(SCHEMA + HEAD + TRIGGERS + more)


def run_sql(url: str, text: str) -> list[Any]:
    """Do what psql would."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def opened(
    url: str, cache: Cache
) -> AsyncGenerator[tuple[CachedDatabase, Runner], None]:
    settings = Settings(conninfo=url, cache=cache)
    async with cached_class(Database)(settings, package=PACKAGE) as db:
        assert isinstance(db, CachedDatabase)
        yield db, Runner(db, PACKAGE)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    end = monotonic() + 30
    while not await condition():
        assert monotonic() < end
        await sleep(0.01)


async def until_title(run: Runner, read: Statement[Item], number: int, to: str) -> None:
    async def is_seen() -> bool:
        found = await run.opt(read, (number,))
        return (None if found is None else found.title) == (to or None)

    await until(is_seen)


async def until_followed(url: str) -> None:
    async def is_empty() -> bool:
        return run_sql(url, "SELECT 1 FROM reposgen_cache.changes LIMIT 1") == []

    await until(is_empty)


async def test_other_writers(url: str) -> None:
    cache = Cache(follow=0.01)
    async with opened(url, cache) as (_, run):
        await until_followed(url)
        for text, title in (
            ("UPDATE items SET title = 'a' WHERE id = 1", "a"),
            ("DELETE FROM items WHERE id = 1", ""),
            ("INSERT INTO items (id, title) VALUES (1, 'b')", "b"),
            # The old key and the new one.
            ("UPDATE items SET id = 1000 WHERE id = 1", ""),
            ("UPDATE items SET id = 1 WHERE id = 1000", "b"),
            # More keys than are noted one by one.
            ("UPDATE items SET title = 'all'", "all"),
            ("TRUNCATE items", ""),
            ("INSERT INTO items (id, title) VALUES (1, 'c')", "c"),
        ):
            await run.opt(GET, (1,))
            run_sql(url, text)
            await until_title(run, GET, 1, title)


async def test_only_what_was_changed_is_read_again(url: str) -> None:
    async with opened(url, Cache(follow=0.01)) as (db, run):
        await until_followed(url)
        await run.one(GET, (1,))
        await run.one(GET, (2,))
        run_sql(url, "UPDATE items SET title = 'new' WHERE id = 2")
        await until_title(run, GET, 2, "new")
        # Not by a trigger: the result of another key is still there.
        assert len(db.cache.memory.entries) == 2
        # A statement that changes nothing notes nothing.
        run_sql(url, "UPDATE items SET title = 'new' WHERE id = -1")
        assert run_sql(url, "SELECT * FROM reposgen_cache.changes") == []


async def test_what_is_rolled_back_is_not_told(url: str) -> None:
    async with opened(url, Cache(follow=0.01)) as (_, run):
        await until_followed(url)
        await run.one(GET, (1,))
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE items SET title = 'undone'")
            connection.rollback()
        assert run_sql(url, "SELECT * FROM reposgen_cache.changes") == []
        # What is not committed yet keeps nobody waiting, and is told later.
        with psycopg.connect(url) as connection:
            connection.execute("UPDATE items SET title = 'late' WHERE id = 1")
            run_sql(url, "UPDATE items SET title = 'soon' WHERE id = 2")
            await until_title(run, GET, 2, "soon")
            assert (await run.one(GET, (1,))).title == "one"
        await until_title(run, GET, 1, "late")


@pytest.mark.parametrize("step", ["mark", "changed"])
async def test_a_follower_that_is_killed(
    url: str, redis_server: RedisServer, step: str
) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK, follow=0.01)
    with subprocess.Popen(  # noqa: ASYNC220, RUF100, S603 -- our own interpreter
        [sys.executable, "-c", STUCK, url, redis_server.url, step],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    ) as follower:
        try:
            assert follower.stdout is not None
            heard = follower.stdout.readline()
            if heard == b"open\n":
                heard = follower.stdout.readline()
            assert heard == b"here\n"
            # It has taken what was noted, and not told it, or not committed that.
            run_sql(url, "UPDATE items SET title = 'after' WHERE id = 1")
            [(noted,)] = run_sql(url, "SELECT count(*) FROM reposgen_cache.changes")
            assert noted > 1
            async with opened(url, cache) as (_, run):
                os.kill(follower.pid, signal.SIGKILL)
                await until_followed(url)
                await until_title(run, GET_L2, 1, "after")
        finally:
            follower.kill()


async def test_nothing_is_lost_while_redis_is_away(url: str, tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    try:
        cache = Cache(redis=redis.url, mark_ttl=MARK, follow=0.01)
        async with opened(url, cache) as (db, run):
            await until_followed(url)
            redis.kill()

            async def is_down() -> bool:
                return not (db.statistics().cache or pytest.fail("none")).is_up

            await until(is_down)
            run_sql(url, "UPDATE items SET title = 'away' WHERE id = 1")
            assert (await run.one(GET, (1,))).title == "away"
            assert run_sql(url, "SELECT * FROM reposgen_cache.changes") != []
            redis.start()
            await until_followed(url)
            assert (await run.one(GET, (1,))).title == "away"
    finally:
        redis.kill()


async def test_several_followers(url: str, redis_server: RedisServer) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK, follow=0.01)
    async with (
        opened(url, cache) as (_, run),
        opened(url, cache) as (_, other),
    ):
        for number in range(20):
            run_sql(url, f"UPDATE items SET title = '{number}' WHERE id = 1")
            await until_title(run, GET, 1, str(number))
            await until_title(other, GET, 1, str(number))
        await run.exec(RENAME, (1, "own"))
        await until_title(other, GET, 1, "own")


async def test_an_outbox_that_nobody_reads_is_bounded(url: str) -> None:
    run_sql(
        url,
        "INSERT INTO reposgen_cache.changes (parts)"
        " SELECT ARRAY['public.other'] FROM generate_series(1, 100001)",
    )
    # One statement in a thousand looks whether it has grown too long: this one.
    with psycopg.connect(url, autocommit=True) as connection:
        seeds = (number / 10_000 for number in range(10_000))
        for seed in seeds:
            connection.execute("SELECT setseed(%s)", (seed,))
            found = connection.execute("SELECT random()").fetchone()
            if found is not None and found[0] < 0.001:
                break
        connection.execute("SELECT setseed(%s)", (seed,))
        connection.execute("UPDATE items SET title = 'x' WHERE id = 2")
    [(count,)] = run_sql(url, "SELECT count(*) FROM reposgen_cache.changes")
    assert count < 100_000
    async with opened(url, Cache(follow=0.01)) as (_, run):
        await run.one(GET, (1,))
        await until_followed(url)
        assert (await run.one(GET, (2,))).title == "x"


async def test_without_an_outbox(
    make_database: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(make_database(SCHEMA), Cache(follow=0.01)) as (_, run):
        assert (await run.one(GET, (1,))).title == "one"

        async def is_told() -> bool:
            return "changes of other writers are not followed" in caplog.text

        await until(is_told)


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="follow"):
        Cache(follow=0.0)
