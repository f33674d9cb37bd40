"""What observers are told of a cache, and how each cached read was answered."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.observe.aio.test_events import Recorder
from tests.runtime.cached import (
    GET,
    GET_L1,
    GET_L2,
    PACKAGE,
    RENAME,
    SCHEMA,
    get_item,
)
from tests.support.redis_server import RedisServer

from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.aio._background import Worker
from reposgen_runtime.aio._compat import Event, sleep
from reposgen_runtime.aio.cached import CachedDatabase, cached_class
from reposgen_runtime.caching import Cache
from reposgen_runtime.errors import InvalidArgument, NotFound, RepositoryError
from reposgen_runtime.observe import CacheEvent
from reposgen_runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator

    from tests.observe.seen import Seen

    from reposgen_runtime import Statement

CLOSE = replace(
    RENAME, sql="UPDATE items SET title = 'closed' WHERE id = $1", parameters=("int4",)
)
# Results are kept this long after the start at the earliest.
MARK = 1.0


@pytest.fixture
def url(make_database: Callable[[str], str]) -> str:
    return make_database(SCHEMA)


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.kill()


@asynccontextmanager
async def opened(
    url: str, cache: Cache, seen: Seen, *, use_cursors: bool = False
) -> AsyncGenerator[tuple[CachedDatabase, Runner, Recorder], None]:
    told = Recorder()
    settings = Settings(
        conninfo=url,
        cache=cache,
        observers=[told, *seen.observers],
        use_cursors=use_cursors,
    )
    async with cached_class(Database)(settings, package=PACKAGE) as db:
        assert isinstance(db, CachedDatabase)
        yield db, Runner(db, PACKAGE), told


def events(told: Recorder) -> list[tuple[str, str, str]]:
    """Outcome, level and call of what was told, which is then forgotten."""
    found = [event for event in told.events if isinstance(event, CacheEvent)]
    told.events.clear()
    told.calls.clear()
    return [
        (
            str(event.outcome),
            event.level,
            "" if event.operation is None else event.operation.name,
        )
        for event in found
    ]


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    end = monotonic() + 30
    while not await condition():
        assert monotonic() < end
        await sleep(0.02)


def check(seen: Seen, outcome: str, level: str) -> None:
    """The last call's span, log record and metrics say how it was answered."""
    attributes = dict(seen.spans()[-1].attributes or {})
    assert attributes.get("reposgen.cache.outcome") == (outcome or None)
    assert attributes.get("reposgen.cache.level") == (level or None)
    # That there is no row is not logged.
    for record in seen.records[-1:]:
        assert vars(record)["cache"] == (outcome or None)
    [[(measured, _)]] = seen.measured("db.client.operation.duration")
    assert measured.get("reposgen.cache.outcome") == (outcome or None)
    counted = seen.counted()("reposgen_cache_events_total")
    reads = {"hit", "miss", "shared", "stale"}
    # By level, method, outcome and package.
    assert {key: n for key, n in counted.items() if key[2] in reads} == (
        {(level, "items.get", outcome, "cached"): 1} if outcome else {}
    )


@pytest.mark.parametrize("command", ["one", "first", "opt", "many"])
async def test_reads_of_one_process(
    url: str, seen: Seen, command: str, *, use_cursors: bool
) -> None:
    async with opened(url, Cache(), seen, use_cursors=use_cursors) as (db, run, told):
        call: Any = getattr(run, command)
        seen.forget()
        await call(GET, (1,))
        assert events(told) == [("miss", "", "items.get"), ("fill", "l1", "items.get")]
        check(seen, "miss", "")
        seen.forget()
        await call(GET, (1,))
        [made] = told.calls
        assert made.cache is not None
        assert (made.cache.outcome, made.cache.level) == ("hit", "l1")
        assert events(told) == [("hit", "l1", "items.get")]
        check(seen, "hit", "l1")
        # In a transaction that may write, the cache is not asked.
        async with db.transaction():
            seen.forget()
            await call(GET, (1,))
            [made] = told.calls
            assert made.cache is None
            check(seen, "", "")
        assert events(told) == []


async def test_a_read_that_fails(url: str, seen: Seen) -> None:
    async with opened(url, Cache(), seen) as (_, run, told):
        seen.forget()
        with pytest.raises(NotFound):
            await run.one(GET, (2,))
        # Its absence is not kept, as nobody asked for that.
        assert events(told) == [("miss", "", "items.get")]
        check(seen, "miss", "")
        seen.forget()
        with pytest.raises(InvalidArgument):
            await run.one(GET, (2**40,))
        check(seen, "miss", "")


async def test_what_is_in_redis(
    url: str, redis_server: RedisServer, seen: Seen
) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    async with (
        opened(url, cache, seen) as (_, run, told),
        opened(url, cache, seen) as (_, other, others),
    ):
        filled: list[tuple[str, str, str]] = []

        async def is_hit() -> bool:
            await run.one(GET_L2, (1,))
            filled.extend(events(told))
            seen.forget()
            await other.one(GET_L2, (1,))
            # Either of them fills it, whoever hears of the other first.
            found = events(others)
            filled.extend(found)
            return ("hit", "l2", "items.get") in found

        await until(is_hit)
        check(seen, "hit", "l2")
        assert ("fill", "l2", "items.get") in filled


async def test_stale_results(url: str, redis_server: RedisServer, seen: Seen) -> None:
    read: Statement[Any] = get_item(("l2",), ttl=0.05, stale=60.0)
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    async with opened(url, cache, seen) as (_, run, told):
        found: list[tuple[str, str, str]] = []

        async def is_refreshed() -> bool:
            await run.one(read, (1,))
            found.extend(events(told))
            stale = ("stale", "l2", "items.get")
            return stale in found and (
                ("fill", "l2", "items.get") in found[found.index(stale) :]
            )

        await until(is_refreshed)


async def test_results_that_several_calls_share(url: str, seen: Seen) -> None:
    joined = Event()

    class Landing(Event):
        async def wait(self, seconds: float) -> bool:
            joined.set()
            return await super().wait(seconds)

    async with opened(url, Cache(), seen) as (db, run, told):

        async def read() -> None:
            await run.one(GET, (1,))

        with psycopg.connect(url) as connection:
            connection.execute("LOCK items")
            first = Worker(read)
            await until(lambda: is_waiting(url))
            [flight] = db._flights.values()  # noqa: SLF001 -- nothing else tells
            flight.landed = Landing()
            second = Worker(read)
            assert await joined.wait(30)
        assert await first.join(30)
        assert await second.join(30)
        assert {*events(told)} == {
            ("miss", "", "items.get"),
            ("fill", "l1", "items.get"),
            ("shared", "", "items.get"),
        }


async def is_waiting(url: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        ).fetchone()
    return found is not None and found[0] > 0


async def test_results_that_are_not_kept(url: str, seen: Seen) -> None:
    async with opened(url, Cache(), seen) as (db, run, told):

        async def read() -> None:
            await run.one(GET, (1,))

        with psycopg.connect(url) as connection:
            connection.execute("LOCK items")
            reading = Worker(read)
            await until(lambda: is_waiting(url))
            await db.cache.clear()
        assert await reading.join(30)
        assert events(told) == [
            ("miss", "", "items.get"),
            ("invalidate", "", ""),
            ("discard", "", "items.get"),
        ]


async def test_writes(url: str, seen: Seen) -> None:
    async with opened(url, Cache(), seen) as (db, run, told):
        await run.exec(RENAME, (1, "a"))
        assert events(told) == [("invalidate", "", "items.rename")]
        async with db.transaction():
            await run.exec(RENAME, (1, "b"))
            await run.exec(RENAME, (2, "b"))
        [event] = [one for one in told.events if isinstance(one, CacheEvent)]
        assert event.tags == 2
        assert events(told) == [("invalidate", "", "transaction")]
        async with db.pipeline() as pipeline:
            pipeline.add(run.exec, RENAME, (1, "c"))
        assert events(told) == [("invalidate", "", "transaction")]
        await run.batch_exec(CLOSE, [1])
        assert events(told) == [("invalidate", "", "items.rename")]
        async with db.connection():
            pass
        assert events(told) == [("invalidate", "", "")]
        with pytest.raises(RepositoryError):
            await run.exec(RENAME, (1, None))
        # Without Redis a write is announced and sent in one step, and fails after that.
        assert events(told) == [("invalidate", "", "items.rename")]


async def test_redis_goes_and_comes_back(
    url: str, tmp_path_factory: pytest.TempPathFactory, seen: Seen
) -> None:
    redis = RedisServer(tmp_path_factory.mktemp("own"))
    try:
        cache = Cache(redis=redis.url, mark_ttl=MARK)
        async with opened(url, cache, seen) as (db, _, told):
            assert db.statistics().cache is not None

            async def is_up() -> bool:
                return ("up", "l2", "") in events(told)

            async def is_down() -> bool:
                return ("down", "l2", "") in events(told)

            await until(is_up)
            redis.kill()
            await until(is_down)
            redis.start()
            await until(is_up)
        # To close it is no failure of Redis.
        assert ("down", "l2", "") not in events(told)
        messages = [
            record.getMessage() for record in seen.records if "Redis" in record.msg
        ]
        assert messages[:3] == [
            "Redis answers",
            "Redis does not answer",
            "Redis answers",
        ]
    finally:
        redis.kill()


async def test_statistics(url: str, seen: Seen) -> None:
    async with opened(url, Cache(), seen) as (db, run, _):
        await run.one(GET_L1, (1,))
        cache = db.statistics().cache
        assert cache is not None
        assert (cache.entries, cache.is_up) == (1, None)
        assert cache.size > 0
        counted = seen.counted()
        assert [*counted("reposgen_cache_entries").values()] == [1]
        assert [*counted("reposgen_cache_bytes").values()] == [cache.size]
        assert counted("reposgen_cache_redis_up") == {}
