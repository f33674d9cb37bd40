"""What a cache saves, and what it costs: ratios within one interleaved run.

python -m tests.benchmarks.caching [--rounds N]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any

import psycopg
from cachebox import LRUCache, TTLCache
from tests.runtime.cached import GET, GET_L2, PACKAGE, RENAME, SCHEMA
from tests.support.redis_server import RedisServer

from reposgen.database import open_server
from reposgen.database.databases import create_database
from reposgen.testing.databases import url_of
from reposgen_runtime import Cached, Statement, sync
from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.aio.cached import cached_class
from reposgen_runtime.cache_memory import Entry, MemoryCache
from reposgen_runtime.caching import Cache, Memory
from reposgen_runtime.settings import Settings
from reposgen_runtime.sync.cached import cached_class as sync_cached_class

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

CALLS = 200
# A query that takes the server five milliseconds.
SLOW = Statement[str](
    "items.slow",
    "SELECT title FROM items, pg_sleep(0.005) WHERE id = $1",
    parameters=("int4",),
    results=("text",),
    read_only=True,
)
SLOW_KEPT = replace(SLOW, cache=Cached(ttl=600.0, levels=("l2",)))
# Nothing is kept of it, and it changes nothing that is.
PLAIN = replace(GET, cache=None)
PLAIN_RENAME = replace(RENAME, changes=())
RETURNING = replace(
    PLAIN_RENAME, sql=f"{RENAME.sql} RETURNING id", results=("int4",), row=None
)


async def asynchronous(url: str, redis: str, rounds: int) -> None:
    made = cached_class(Database)
    async with AsyncExitStack() as stack:

        async def opened(cache: Cache | None) -> Runner:
            settings = Settings(conninfo=url, cache=cache)
            kind = Database if cache is None else made
            db = await stack.enter_async_context(kind(settings, package=PACKAGE))
            return Runner(db, PACKAGE)

        none = await opened(None)
        memory = await opened(Cache())
        both = await opened(Cache(redis=redis, mark_ttl=1.0))
        await asyncio.sleep(2.0)
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "get, no cache": lambda: none.one(GET, (1,)),
            "get, hit in L1": lambda: memory.one(GET, (1,)),
            "get, hit in L2": lambda: both.one(GET_L2, (1,)),
            "uncached get beside a cache": lambda: memory.one(PLAIN, (1,)),
            "5 ms read, no cache": lambda: none.one(SLOW, (1,)),
            "5 ms read, hit in L2": lambda: both.one(SLOW_KEPT, (1,)),
            "write, no cache": lambda: none.exec(RENAME, (1, "x")),
            "write that returns a key": lambda: none.one(RETURNING, (1, "x")),
            "write that invalidates L1": lambda: memory.exec(RENAME, (1, "x")),
            "write that invalidates both": lambda: both.exec(RENAME, (1, "x")),
            "uncached write beside a cache": lambda: memory.exec(
                PLAIN_RENAME, (1, "x")
            ),
        }
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name, call in calls.items():
                await call()
                start = perf_counter()
                for _ in range(CALLS if "5 ms" not in name else 10):
                    await call()
                count = CALLS if "5 ms" not in name else 10
                times[name].append((perf_counter() - start) / count)
        report("asyncio", times)


def synchronous(url: str, rounds: int) -> None:
    made = sync_cached_class(sync.Database)
    with (
        sync.Database(Settings(conninfo=url), package=PACKAGE) as plain,
        made(Settings(conninfo=url, cache=Cache()), package=PACKAGE) as kept,
    ):
        none, memory = sync.Runner(plain, PACKAGE), sync.Runner(kept, PACKAGE)
        calls: dict[str, Callable[[], object]] = {
            "get, no cache": lambda: none.one(GET, (1,)),
            "get, hit in L1": lambda: memory.one(GET, (1,)),
            "uncached get beside a cache": lambda: memory.one(PLAIN, (1,)),
            "write, no cache": lambda: none.exec(RENAME, (1, "x")),
            "write that invalidates L1": lambda: memory.exec(RENAME, (1, "x")),
        }
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(rounds):
            for name, call in calls.items():
                call()
                start = perf_counter()
                for _ in range(CALLS):
                    call()
                times[name].append((perf_counter() - start) / CALLS)
        report("threads", times)


def containers(rounds: int) -> None:
    """Compare what the first level is, a dict and an expiry, with libraries' caches."""
    keys = [(GET, None, number) for number in range(1000)]
    memory = MemoryCache(Memory())
    for key in keys:
        entry = Entry(((1, "one"),), None, (), 100, monotonic() + 600)
        memory.store(memory.begin(()), key, entry)

    def own() -> None:
        entries = memory.entries
        for key in keys:
            entry = entries[key]
            now = monotonic()
            if now < entry.expires and now < memory.good_until:
                entry.used = True

    calls = {
        "dict and expiry": own,
        "cachebox.TTLCache": looking(TTLCache(10_000, 600), memory.entries),
        "cachebox.LRUCache (no expiry)": looking(LRUCache(10_000), memory.entries),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = perf_counter()
            call()
            times[name].append((perf_counter() - start) / len(keys))
    print("containers, a hit:")
    base = times["dict and expiry"]
    for name, several in times.items():
        ratio = median(a / b for a, b in zip(several, base, strict=True))
        print(f"  {name:32} {median(several) * 1e9:8.1f} ns  {ratio:6.3f}")


def looking(cache: Any, entries: Mapping[Any, Entry]) -> Callable[[], None]:
    """Return what looks for all keys in a library's cache."""
    for key, entry in entries.items():
        cache[key] = entry

    def look() -> None:
        get = cache.get
        for key in entries:
            get(key)

    return look


def report(title: str, times: dict[str, list[float]]) -> None:
    """Print each time beside the one that it is compared with."""
    print(f"{title}:")
    for name, several in times.items():
        base = next(
            one
            for one in times
            if one == f"{name.split(',')[0]}, no cache"
            or (one == "get, no cache" and "get" in name)
            or (one == "write, no cache" and "write" in name)
        )
        ratio = median(a / b for a, b in zip(several, times[base], strict=True))
        print(f"  {name:32} {median(several) * 1e6:8.1f} µs  {ratio:6.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    with (
        tempfile.TemporaryDirectory() as folder,
        open_server("embedded", lambda _: None) as server,
    ):
        redis = RedisServer(Path(folder))
        try:
            with psycopg.connect(server.conninfo, autocommit=True) as admin:
                create_database(admin, "caching")
            url = url_of(server.conninfo, "caching")
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(SCHEMA.encode())
            asyncio.run(asynchronous(url, redis.url, rounds))
            synchronous(url, rounds)
            containers(rounds)
        finally:
            redis.kill()


if __name__ == "__main__":
    main()
