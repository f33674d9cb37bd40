# Derived from ../aio/test_cache.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""What a cache keeps, and what makes it forget."""

from __future__ import annotations

from contextlib import contextmanager
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

from reposgen_runtime.caching import ALL_TAG, Cache, Memory, tag
from reposgen_runtime.errors import (
    ConnectionLost,
    NotFound,
    OutcomeUnknown,
    RepositoryError,
)
from reposgen_runtime.settings import Settings
from reposgen_runtime.sync import Database, Runner
from reposgen_runtime.sync._compat import sleep
from reposgen_runtime.sync.cache import ResultCache
from reposgen_runtime.sync.cached import CachedDatabase, cached_class

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from pathlib import Path

    from tests.runtime.cached import Item

    from reposgen_runtime import Statement
    from reposgen_runtime.sync.cache import Mark

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


@contextmanager
def opened(
    url: str, cache: Cache, *, ready: bool = True, **options: bool
) -> Generator[tuple[CachedDatabase, Runner], None]:
    """A Database that keeps results by now."""
    settings = Settings(conninfo=url, cache=cache, use_cursors=bool(options))
    with made(settings, package=PACKAGE) as db:
        assert isinstance(db, CachedDatabase)
        run = Runner(db, PACKAGE)
        if ready and cache.redis:
            until_kept(url, db, run)
        yield db, run


def until_kept(url: str, db: CachedDatabase, run: Runner) -> None:
    """Wait until results are kept: that a foreign change is not seen."""
    end = monotonic() + 30
    number = 0
    while True:
        assert monotonic() < end, "results are not kept"
        number += 1
        before = run.one(GET, (1,))
        rename(url, f"after {number}")
        if run.one(GET, (1,)) == before:
            break
        sleep(0.05)
    db.cache.clear()


def test_who_finds_nothing_lets_nobody_wait(
    url: str, redis_server: RedisServer
) -> None:
    """A lease ends with the read, also if there is no result to keep."""
    with opened(url, Cache(redis=redis_server.url, mark_ttl=MARK)) as (db, run):
        for _ in range(2):
            with pytest.raises(NotFound):
                run.one(GET, (404,))
            assert not redis_server.client.keys("*:l:*")
        with db.cache.warm() as warm:
            warm.add(run.one, GET, (404,))
        assert not redis_server.client.keys("*:l:*")
        with pytest.raises(RepositoryError):
            run.one(FAILS, (0,))
        assert not redis_server.client.keys("*:l:*")


@pytest.mark.parametrize("use_cursors", [False, True])
def test_the_first_level_alone(url: str, use_cursors: bool) -> None:
    options = {"use_cursors": True} if use_cursors else {}
    with opened(url, Cache(), **options) as (db, run):
        first = run.one(GET, (1,))
        rename(url, "unseen")
        assert run.one(GET, (1,)) == first
        assert run.opt(GET, (1,)) == first
        assert run.many(GET_L2, (1,)) == [run.one(GET_L2, (1,))]
        run.exec(RENAME, (1, "b"))
        assert (run.one(GET, (1,))).title == "b"
        # Other keys stay.
        assert run.opt(GET, (2,)) is None
        with db.transaction():
            run.exec(RENAME, (1, "c"))
            assert (run.one(GET, (1,))).title == "c"
            rename_seen = run.one(GET, (1,))
        assert run.one(GET, (1,)) == rename_seen


def test_a_write_of_which_nobody_knows(url: str) -> None:
    """The server can still be working on it: nothing is kept for a while."""
    word = "cut here"
    with proxied(url, None) as proxy:
        cache = Cache(mark_ttl=600.0)
        with opened(proxy.conninfo, cache) as (db, run):
            run.exec(RENAME, (1, "known"))
            assert not db.cache.memory.is_marked(ITEM_1)
            with pytest.raises(RepositoryError, match="refused"):
                run.exec(LATE, (1,))
            assert not db.cache.memory.is_marked(ITEM_1)
            proxy.cut_at(word, heard=True)
            with pytest.raises(OutcomeUnknown):
                run.exec(RENAME, (1, word))
            assert db.cache.memory.is_marked(ITEM_1)


def test_a_connection_that_breaks(url: str) -> None:
    with opened(url, Cache(mark_ttl=600.0)) as (db, _):
        with db.connection() as connection:
            connection.execute("SELECT 1")
        assert not db.cache.memory.is_marked([ALL_TAG])
        with pytest.raises(psycopg.Error):
            with db.connection() as connection:
                connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert db.cache.memory.is_marked([ALL_TAG])


def test_a_transaction_that_only_reads(url: str) -> None:
    with opened(url, Cache()) as (db, run):
        run.one(GET, (1,))
        rename(url, "unseen")
        with db.transaction(read_only=True):
            assert (run.one(GET, (1,))).title == "one"
        with db.transaction(read_only=True, isolation="repeatable read"):
            assert (run.one(GET, (1,))).title == "unseen"
        with db.transaction():
            assert (run.one(GET, (1,))).title == "unseen"
        assert (run.one(GET, (1,))).title == "one"


def test_absence_is_kept_if_that_is_asked_for(url: str) -> None:
    absent = get_item(negative=60.0)
    with opened(url, Cache()) as (_, run):
        assert run.opt(absent, (2,)) is None
        assert run.opt(GET, (2,)) is None
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO items VALUES (2, 'two')")
        with pytest.raises(NotFound):
            run.one(absent, (2,))
        assert (run.one(GET, (2,))).title == "two"
        run.exec(RENAME, (2, "2"))
        assert (run.one(absent, (2,))).title == "2"


def test_arguments_that_python_takes_for_the_same(url: str) -> None:
    with opened(url, Cache()) as (_, run):
        assert run.one(NUMBER, (Decimal("1.0"),)) == "1.0"
        assert run.one(NUMBER, (Decimal("1.00"),)) == "1.00"
        assert run.one(ECHO, ("a",)) == "a"
        assert run.one(ECHO, ("b",)) == "b"
        for value in (True, 1, 1.5, "1.5", {"a": 1}, '{"a": 1}', [True], [1]):
            assert run.one(OBJECT, (value,)) == dumps(value)


def test_tenants_share_nothing(url: str) -> None:
    settings = Settings(conninfo=url, cache=Cache())
    with made(settings, package=TENANTS) as db:
        run = Runner(db, TENANTS)
        for tenant in ("a", "b", "a"):
            with db.tenant(tenant):
                assert run.one(TENANT) == tenant
            assert Runner(db.tenant(tenant), TENANTS).one(TENANT) == tenant


def test_bounds(url: str) -> None:
    with opened(url, Cache(l1=Memory(entries=2))) as (db, run):
        for text in "abcdef":
            run.one(ECHO, (text,))
            assert len(db.cache.memory.entries) <= 2
    with opened(url, Cache(l1=Memory(value=10))) as (db, run):
        run.one(GET, (1,))
        assert not db.cache.memory.entries
    with opened(url, Cache(l1=Memory(size=300))) as (db, run):
        for text in "abcdef":
            run.one(ECHO, (text * 100,))
        assert 0 < len(db.cache.memory.entries) < 3


def test_a_command_that_no_transaction_holds(url: str) -> None:
    with opened(url, Cache()) as (_, run):
        run.one(GET, (1,))
        rename(url, "seen")
        run.exec(CREATE_INDEX)
        assert (run.one(GET, (1,))).title == "seen"


@pytest.mark.parametrize("get", [GET, GET_L2], ids=["both levels", "the second level"])
def test_the_second_level_is_shared(
    url: str, redis_server: RedisServer, get: Statement[Item]
) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    with opened(url, cache) as (_, one), opened(url, cache) as (_, two):
        # The first read of a process teaches it how values are read.
        one.one(get, (1,))
        two.one(get, (1,))
        one.exec(RENAME, (1, "new"))
        first = one.one(get, (1,))
        assert first.title == "new"
        rename(url, "unseen")
        assert two.one(get, (1,)) == first
        assert one.one(get, (1,)) == first


def test_what_one_process_writes_another_sees(
    url: str, redis_server: RedisServer
) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    with opened(url, cache) as (_, one), opened(url, cache) as (_, two):
        for number in range(20):
            one.one(GET_L2, (1,))
            two.one(GET_L2, (1,))
            one.exec(RENAME, (1, str(number)))
            assert (two.one(GET_L2, (1,))).title == str(number)
        # The first level is told by messages.
        two.one(GET_L1, (1,))
        one.exec(RENAME, (1, "told"))
        end = monotonic() + 5
        while (two.one(GET_L1, (1,))).title != "told":
            assert monotonic() < end
            sleep(0.01)


def test_a_value_is_served_while_it_is_read_anew(
    url: str, redis_server: RedisServer
) -> None:
    get = get_item(("l2",), ttl=0.2, stale=30.0)
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    with opened(url, cache) as (_, run):
        assert (run.one(get, (1,))).title != "renewed"
        rename(url, "renewed")
        sleep(0.3)
        # Once more as it was; by now somebody reads it anew.
        assert (run.one(get, (1,))).title != "renewed"
        end = monotonic() + 5
        while (run.one(get, (1,))).title != "renewed":
            assert monotonic() < end
            sleep(0.01)
        # A write of ours is never hidden.
        sleep(0.3)
        run.exec(RENAME, (1, "own"))
        assert (run.one(get, (1,))).title == "own"


def test_a_commit_that_comes_too_late_is_refused(
    url: str, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was stopped must not change what others read by then."""
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    mark = ResultCache.mark

    def stopped(this: ResultCache, tags: Iterable[bytes]) -> Mark:
        found = mark(this, tags)
        sleep(2 * MARK)
        return found

    with opened(url, cache) as (_, run):
        monkeypatch.setattr(ResultCache, "mark", stopped)
        with pytest.raises(ConnectionLost) as caught:
            run.exec(RENAME, (1, "late"))
        monkeypatch.undo()
        assert caught.value.done is False
        # The writer knows that nothing has changed, and has taken its mark off.
        before = run.one(GET, (1,))
        assert before.title != "late"
        rename(url, "unseen")
        assert run.one(GET, (1,)) == before
        run.exec(RENAME, (1, "in time"))


def test_what_commit_would_refuse_is_refused(
    url: str, redis_server: RedisServer
) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    with opened(url, cache) as (db, run):
        with pytest.raises(RepositoryError, match="refused"):
            run.exec(LATE, (1,))
        with pytest.raises(RepositoryError, match="refused"):
            with db.transaction():
                run.exec(LATE, (1,))
        assert (run.one(GET, (1,))).title != "late"


def test_marks_of_writers_that_take_long_are_renewed(
    url: str, redis_server: RedisServer
) -> None:
    cache = Cache(redis=redis_server.url, mark_ttl=MARK)
    with opened(url, cache) as (one, run), opened(url, cache) as (_, other):
        with one.connection() as connection:
            for number in range(20):
                sleep(MARK / 5)
                other.one(GET_L2, (1,))
                connection.execute(f"UPDATE items SET title = '{number}'")
                assert (other.one(GET_L2, (1,))).title == str(number)
        assert (run.one(GET, (1,))).title == "19"


def test_without_redis_nothing_fails(url: str, own_redis: RedisServer) -> None:
    cache = Cache(redis=own_redis.url, mark_ttl=MARK)
    own_redis.kill()
    with opened(url, cache, ready=False) as (db, run):
        run.exec(RENAME, (1, "a"))
        assert (run.one(GET, (1,))).title == "a"
        rename(url, "b")
        assert (run.one(GET, (1,))).title == "b"
        own_redis.start()
        until_kept(url, db, run)
        run.one(GET, (1,))
        own_redis.kill()
        run.exec(RENAME, (1, "c"))
        assert (run.one(GET, (1,))).title == "c"
        own_redis.start()
        until_kept(url, db, run)


def test_what_redis_lost_is_not_trusted(url: str, redis_server: RedisServer) -> None:
    """Marks may have been lost with the rest."""
    cache = Cache(redis=redis_server.url, mark_ttl=5.0)
    with opened(url, cache, ready=False) as (_, run):
        redis_server.client.flushall()
        run.one(GET_L2, (1,))
        rename(url, "seen")
        assert (run.one(GET_L2, (1,))).title == "seen"


def test_a_redis_that_forgets_is_refused(url: str, own_redis: RedisServer) -> None:
    own_redis.kill()
    own_redis.start("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru")
    with pytest.raises(RepositoryError, match="maxmemory-policy noeviction"):
        with opened(url, Cache(redis=own_redis.url), ready=False):
            pass


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="mark_ttl"):
        Cache(mark_ttl=0)
    with pytest.raises(ValueError, match="needs l1 or redis"):
        Cache(l1=None)
