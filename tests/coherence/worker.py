"""A process that reads and writes counters until it is told to stop, or dies.

    python -m tests.coherence.worker '{"url": …, "redis": …, …}'

Faults are put into the protocol here, in the process that is to have them.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.coherence.counters import COUNT, COUNT_OWNER, PACKAGE, reads
from tests.coherence.history import Event

from reposgen_runtime import sync
from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.aio import cache as aio_cache
from reposgen_runtime.aio import cache_redis as aio_redis
from reposgen_runtime.aio import cached as aio_cached
from reposgen_runtime.cache_memory import MemoryCache
from reposgen_runtime.caching import Cache
from reposgen_runtime.errors import RepositoryError
from reposgen_runtime.settings import Settings
from reposgen_runtime.sync import cache as sync_cache
from reposgen_runtime.sync import cache_redis as sync_redis
from reposgen_runtime.sync import cached as sync_cached

if TYPE_CHECKING:
    from collections.abc import Callable

AT_ONCE: Final = 3
# At the end of these steps of a write a process can die.
STEPS: Final = ("marked", "committed", "settled")


@dataclass(slots=True, kw_only=True)
class Plan:
    """What a process does.

    Attributes:
        url: of PostgreSQL.
        redis: of Redis.
        log: file for the history.
        is_async: on asyncio, else in threads.
        seed: of its choices.
        deaths: probability of dying at a step of a write.
        writes: share of writes.
        keys: how many counters are used.
        reads: which of the reads are made.
        calls: which of the writes are made; empty for all.
        fault: what is wrong with its protocol.
        mark_ttl: see `Cache`.
        bounds: seconds by which reads may be behind, by level.
        pause: seconds at most that a process stops at each step.
        read_pause: the same between reading a result and keeping it.
        memory: results are also kept in the process.
        repeats: how often what is kept there is read again.
    """

    url: str
    redis: str
    log: str
    is_async: bool
    seed: int
    deaths: float = 0.0
    writes: float = 0.3
    keys: int = 2
    reads: tuple[str, ...] = ("key", "join", "all")
    calls: tuple[str, ...] = ()
    fault: str = ""
    mark_ttl: float = 1.0
    bounds: dict[str, float] = field(default_factory=dict)
    pause: float = 0.003
    read_pause: float | None = None
    memory: bool = True
    repeats: int = 20


class History:
    """Notes what was done, so that it survives the process."""

    def __init__(self, plan: Plan) -> None:
        self._file = os.open(plan.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._process = Path(plan.log).stem

    def note(
        self, kind: str, what: str, start: float, value: int, bound: float
    ) -> None:
        event = Event(kind, what, start, time.monotonic(), value, self._process, bound)
        os.write(self._file, event.line().encode())


def note_trouble(history: History) -> None:
    """Note when Redis does not answer this process in time."""
    for module in (aio_cache, sync_cache):
        patched: Any = module.ResultCache

        def tell(_: object, outcome: str) -> None:
            history.note(outcome, "redis", time.monotonic(), 0, 0.0)

        patched._tell = tell  # noqa: SLF001 - between its steps


class Choices:
    """What is done next."""

    def __init__(self, plan: Plan, number: int) -> None:
        self._random = random.Random(plan.seed * 100 + number)
        self._plan = plan

    def next(self) -> tuple[str, int, str]:
        """A statement, a key, and how it is called: alone, or in a transaction."""
        draw = self._random
        key = draw.randint(1, self._plan.keys)
        if draw.random() >= self._plan.writes:
            level = draw.choice(["l1", "l2", "l2", "db"])
            return f"{draw.choice(self._plan.reads)} {level}", key, "alone"
        how = draw.choice(["alone", "alone", "block", "undone"])
        return draw.choice(["count", "count", "owner"]), key, how


# What is read from the database itself shows what was committed.
READS: Final = {"l1": reads(("l1", "l2")), "l2": reads(("l2",)), "db": reads(())}
# What a write makes greater: which number of which reads, by its name.
WRITES: Final = {"count": COUNT, "owner": COUNT_OWNER}


class Undone(Exception):  # noqa: N818 - ends a block on purpose
    """A transaction that is rolled back."""


def numbers(what: str, key: int, value: int) -> list[tuple[str, int]]:
    """Which numbers a write is known to have made at least that great."""
    return [(f"key:{key}", value)] if what == "count" else []


async def work_async(plan: Plan) -> None:
    history = History(plan)
    note_trouble(history)
    cache = Cache(redis=plan.redis, mark_ttl=plan.mark_ttl)
    settings = Settings(conninfo=plan.url, cache=cache, max_size=AT_ONCE + 1)

    async def go(db: Database, run: Runner, choices: Choices) -> None:
        while True:
            what, key, how = choices.next()
            start = time.monotonic()
            try:
                if what in WRITES:
                    value = await write(db, run, what, key, how)
                    for name, number in numbers(what, key, value):
                        history.note("w", name, start, number, 0.0)
                else:
                    name, level = what.split()
                    value = await run.one(READS[level][name], (key,))
                    which = name if name == "all" else f"{name}:{key}"
                    history.note("r", which, start, value, plan.bounds.get(level, 0.0))
            except (RepositoryError, Undone):
                continue

    async def write(db: Database, run: Runner, what: str, key: int, how: str) -> int:
        if how == "alone":
            return await run.one(WRITES[what], (key,))
        async with db.transaction():
            value: int = await run.one(WRITES[what], (key,))
            if how == "undone":
                raise Undone
        return value

    made = aio_cached.cached_class(Database)
    async with made(settings, package=PACKAGE) as db:
        run = Runner(db, PACKAGE)
        await asyncio.gather(
            *(go(db, run, Choices(plan, number)) for number in range(AT_ONCE))
        )


def work_sync(plan: Plan) -> None:  # noqa: C901 - as its asynchronous twin
    history = History(plan)
    note_trouble(history)
    cache = Cache(redis=plan.redis, mark_ttl=plan.mark_ttl)
    settings = Settings(conninfo=plan.url, cache=cache, max_size=AT_ONCE + 1)

    def go(db: sync.Database, run: sync.Runner, choices: Choices) -> None:
        while True:
            what, key, how = choices.next()
            start = time.monotonic()
            try:
                if what in WRITES:
                    value = write(db, run, what, key, how)
                    for name, number in numbers(what, key, value):
                        history.note("w", name, start, number, 0.0)
                else:
                    name, level = what.split()
                    value = run.one(READS[level][name], (key,))
                    which = name if name == "all" else f"{name}:{key}"
                    history.note("r", which, start, value, plan.bounds.get(level, 0.0))
            except (RepositoryError, Undone):
                continue

    def write(
        db: sync.Database, run: sync.Runner, what: str, key: int, how: str
    ) -> int:
        value: int
        if how == "alone":
            value = run.one(WRITES[what], (key,))
            return value
        with db.transaction():
            value = run.one(WRITES[what], (key,))
            if how == "undone":
                raise Undone
        return value

    made = sync_cached.cached_class(sync.Database)
    with made(settings, package=PACKAGE) as db:
        run = sync.Runner(db, PACKAGE)
        threads = [
            threading.Thread(target=go, args=(db, run, Choices(plan, number)))
            for number in range(AT_ONCE)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class Interference:
    """Stops and deaths between the steps of the protocol, and faults in it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._random = random.Random(plan.seed)

    def _dies(self) -> None:
        if self._random.random() < self._plan.deaths:
            os.kill(os.getpid(), signal.SIGKILL)

    def _seconds(self, most: float | None = None) -> float:
        return self._random.random() * (self._plan.pause if most is None else most)

    def install(self) -> None:
        """Change the classes of this process."""
        self._stop_async(aio_cache.ResultCache, aio_cached.CachedDatabase)
        self._stop_sync(sync_cache.ResultCache, sync_cached.CachedDatabase)
        faults: dict[str, Callable[[], None]] = {
            "": lambda: None,
            "no lease": self._no_lease,
            "no mark": self._no_mark,
            "one owner": self._one_owner,
            "before commit": self._before_commit,
            "missing table": self._missing_table,
        }
        faults[self._plan.fault]()

    def _stop_async(self, cache: Any, database: Any) -> None:  # noqa: ANN401 - patched
        mark, changed, take = cache.mark, cache.changed, database._take  # noqa: SLF001 - between its steps

        async def marked(this: Any, tags: Any) -> Any:  # noqa: ANN401 - as above
            found = await mark(this, tags)
            await asyncio.sleep(self._seconds())
            self._dies()
            return found

        async def settled(this: Any, found: Any) -> None:  # noqa: ANN401 - as above
            await asyncio.sleep(self._seconds())
            self._dies()
            await changed(this, found)

        async def taken(this: Any, *args: Any) -> Any:  # noqa: ANN401 - as above
            result = await take(this, *args)
            await asyncio.sleep(self._seconds(self._plan.read_pause))
            return result

        cache.mark, cache.changed, database._take = marked, settled, taken  # noqa: SLF001 - as above

    def _stop_sync(self, cache: Any, database: Any) -> None:  # noqa: ANN401 - patched
        mark, changed, take = cache.mark, cache.changed, database._take  # noqa: SLF001 - as above

        def marked(this: Any, tags: Any) -> Any:  # noqa: ANN401 - as above
            found = mark(this, tags)
            time.sleep(self._seconds())
            self._dies()
            return found

        def settled(this: Any, found: Any) -> None:  # noqa: ANN401 - as above
            time.sleep(self._seconds())
            self._dies()
            changed(this, found)

        def taken(this: Any, *args: Any) -> Any:  # noqa: ANN401 - as above
            result = take(this, *args)
            time.sleep(self._seconds(self._plan.read_pause))
            return result

        cache.mark, cache.changed, database._take = marked, settled, taken  # noqa: SLF001 - as above

    def _no_lease(self) -> None:
        """Results are kept whatever changed since they were looked up."""
        for module in (aio_redis, sync_redis):
            text = module.FILL.text
            check = "if generations ~= ARGV[4] then return 0 end"
            assert check in text
            patched: Any = module
            patched.FILL = module.Script(text.replace(check, ""))

    def _no_mark(self) -> None:
        """Writers tell of nothing before their COMMIT."""

        async def mark_async(*_: object) -> None:
            pass

        def mark_sync(*_: object) -> None:
            pass

        one: Any = aio_redis.RedisCache
        other: Any = sync_redis.RedisCache
        one.mark, other.mark = mark_async, mark_sync

    def _one_owner(self) -> None:
        """A mark has one owner: whoever takes it off takes everybody's off."""
        for module in (aio_redis, sync_redis):
            for name in ("MARK", "SETTLE"):
                text = getattr(module, name).text
                setattr(module, name, module.Script(text.replace("ARGV[2]", "'w'")))
        # Each process also knows the marks that it has heard of.
        mark, unmark = MemoryCache.mark, MemoryCache.unmark

        def marked(this: Any, tags: Any, _: object, *more: float) -> None:  # noqa: ANN401 - a fault
            mark(this, tags, b"w", *more)

        def unmarked(this: Any, tags: Any, _: object, *more: float) -> None:  # noqa: ANN401 - a fault
            unmark(this, tags, b"w", *more)

        memory: Any = MemoryCache
        memory.mark, memory.unmark = marked, unmarked

    def _before_commit(self) -> None:
        """Writers tell of the change first, and commit then."""
        async_mark = aio_cache.ResultCache.mark
        async_changed = aio_cache.ResultCache.changed
        sync_mark = sync_cache.ResultCache.mark
        sync_changed = sync_cache.ResultCache.changed

        async def mark_async(this: Any, tags: Any) -> Any:  # noqa: ANN401 - a fault
            found = await async_mark(this, tags)
            await async_changed(this, found)
            return found

        async def nothing_async(this: Any, found: Any) -> None:  # noqa: ANN401 - a fault
            del this, found

        def mark_sync(this: Any, tags: Any) -> Any:  # noqa: ANN401 - a fault
            found = sync_mark(this, tags)
            sync_changed(this, found)
            return found

        def nothing_sync(this: Any, found: Any) -> None:  # noqa: ANN401 - a fault
            del this, found

        one: Any = aio_cache.ResultCache
        other: Any = sync_cache.ResultCache
        one.mark, one.changed = mark_async, nothing_async
        other.mark, other.changed = mark_sync, nothing_sync

    def _missing_table(self) -> None:
        """A write is not known to change what a joined read depends on."""
        COUNT_OWNER.changes = ()


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    Interference(plan).install()
    if plan.is_async:
        asyncio.run(work_async(plan))
    else:
        work_sync(plan)


if __name__ == "__main__":
    main()
