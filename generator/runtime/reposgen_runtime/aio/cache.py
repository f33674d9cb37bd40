"""Results that are kept, and writers that tell of what they change.

A writer marks what it is about to change before its COMMIT and takes the mark off
behind it. A result is kept only if nothing that it depends on was marked, or changed,
since before it was read.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager, suppress
from itertools import count
from math import inf
from os import urandom
from struct import Struct
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..cache_memory import MemoryCache
from ..caching import ALL_TAG, entry_name
from ..errors import RepositoryError
from ..statistics import CacheStatistics
from ._background import Worker
from ._compat import Event, run_shielded
from .cache_redis import RedisCache, RedisDown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable

    from ..caching import Cache
    from ..observers import Observers
    from .cached_warming import Warming

    Identity: TypeAlias = tuple[str, str, str]
    Identify: TypeAlias = Callable[[], Awaitable[Identity]]

_LOG: Final = logging.getLogger("reposgen_runtime.cache")
# Of a message: what happened, whose process and which writer, seconds; then the tags.
_HEAD: Final = Struct("!c6s6sd")
_TAG: Final = 12
_MARKED, _CHANGED, _UNDONE = b"m", b"c", b"u"
# Between two attempts to reach Redis.
_RETRY: Final = 0.1
# If Redis could not be told of more tags than this, everything is invalidated.
_MOST_OWED: Final = 10_000


class Mark:
    """What a writer is about to change.

    Attributes:
        tags: of it.
        writer: whose mark it is.
        is_lost: whether it was, or still will be, changed is not known.
    """

    __slots__ = ("is_lost", "tags", "writer")

    def __init__(self, tags: tuple[bytes, ...], writer: bytes) -> None:
        self.tags = tags
        self.writer = writer
        self.is_lost = False


class ResultCache:
    """What `Database.cache` is.

    Attributes:
        settings: as they were given.
        memory: the first level.
        redis: the second level, if there is one.
        session: what beside the database decides about what is read; empty until it
            is known, and nothing is kept.
        reads_committed: transactions see what is committed meanwhile.
    """

    def __init__(
        self, settings: Cache, observers: Observers, warming: Callable[[], Warming]
    ) -> None:
        self.settings = settings
        self.memory = MemoryCache(settings.l1)
        self.redis: RedisCache | None = None
        self.session = ""
        self.reads_committed = False
        self._observers = observers
        self._warming = warming
        self._is_open = False
        self._process = urandom(6)
        # Threads must not share a number: one would take off the other's mark.
        self._writers = count(1)
        # By writer, and when they were last told.
        self._open: dict[bytes, tuple[Mark, float]] = {}
        self._identify: Identify | None = None
        self._worker: Worker | None = None
        self._is_forked = False
        self._closing = Event()
        # Since when all marks of other processes are known.
        self._listening = inf
        if settings.redis is not None:
            self.redis = RedisCache(settings, settings.redis, self._tell)
            self.memory.distrust()

    async def open(self, identify: Identify) -> None:
        """Begin to keep results.

        Args:
            identify: asks the database who it is.

        Raises:
            RepositoryError: Redis is not set up in a way that keeps what it is told.
        """
        self._identify = identify
        self._closing = Event()
        self._is_forked = False
        try:
            await self._learn()
        except RepositoryError:
            # Without the database there is nothing to keep yet.
            if self.redis is None:
                return
        if self.redis is not None:
            self._is_open = True
            with suppress(RedisDown):
                await self._connect(self.redis)

    async def close(self) -> None:
        """Keep nothing any more."""
        self._is_open = False
        self.memory.distrust()
        self._closing.set()
        worker, self._worker = self._worker, None
        if worker is not None and not await worker.join(2 * self.settings.timeout):
            await worker.stop()
        if self.redis is not None:
            await self.redis.close()

    def after_fork(self) -> None:
        """In a child process: begin with nothing, and leave the rest to the parent."""
        self.memory.after_fork()
        self._process = urandom(6)
        self._worker = None
        self._open.clear()
        if self.redis is not None:
            self._is_forked = self._identify is not None
            self.memory.distrust()
            self.redis.after_fork()

    async def resume(self) -> None:
        """In a child process, listen to other processes again."""
        if not self._is_forked or self.redis is None:
            return
        if self._worker is None:
            self._closing = Event()
        # What is wrong with Redis is told where the worker finds it.
        with suppress(RedisDown, RepositoryError):
            await self._connect(self.redis)
        self._is_forked = False

    async def _connect(self, redis: RedisCache) -> None:
        """Tell Redis of writes from now on, and have a worker listen to others.

        Raises:
            RedisDown: it does not answer; the worker tries again.
            RepositoryError: it is not set up in a way that keeps what it is told.
        """
        try:
            await redis.check()
            # Announce the first write as well.
            redis.is_up = bool(self.session)
        finally:
            if self._worker is None:
                self._worker = Worker(self._follow)

    def statistics(self) -> CacheStatistics:
        """Return what is kept, and whether Redis answers."""
        return CacheStatistics(
            entries=len(self.memory.entries),
            size=self.memory.size,
            is_up=None if self.redis is None else self.redis.is_up,
        )

    def _tell(self, outcome: str) -> None:
        """Tell observers that Redis answers, or that it does not any more."""
        if self._observers.active and self._is_open:
            from ..observing import cache_event  # noqa: PLC0415 -- where it is used

            self._observers.notify(cache_event(outcome, level="l2"))

    # What writers do.

    async def mark(self, tags: Iterable[bytes]) -> Mark:
        """Tell that something is about to change."""
        writer = self._process + next(self._writers).to_bytes(6, "big")
        mark = Mark(tuple(dict.fromkeys(tags)), writer)
        self.memory.mark(mark.tags, writer)
        self._open[writer] = mark, monotonic()
        redis = self.redis
        if redis is not None and redis.is_up:
            message = self._message(_MARKED, mark)
            try:
                await redis.mark(mark.tags, writer, message)
            except (RedisDown, RepositoryError):
                # Others hear of the change as soon as Redis answers.
                pass
            except BaseException:
                # Nobody else would take off the mark of a writer that was cancelled.
                await run_shielded(self.undone, mark)
                raise
        return mark

    @asynccontextmanager
    async def announced(self, tags: Iterable[bytes]) -> AsyncGenerator[Mark, None]:
        """Tell that the block changes something.

        If the block sets `Mark.is_lost`, the mark stays until it expires.
        """
        mark = await self.mark(tags)
        try:
            yield mark
        finally:
            if mark.is_lost:
                self.unknown(mark)
            else:
                try:
                    await run_shielded(self.changed, mark)
                finally:
                    self.tell_change(mark)

    async def changed(self, mark: Mark) -> None:
        """Tell that it has changed."""
        self.memory.drop(mark.tags)
        self._open.pop(mark.writer, None)
        redis = self.redis
        if redis is not None and not await self._told(redis, mark):
            redis.owe(mark.tags)
        self.memory.unmark(mark.tags, mark.writer)

    async def undone(self, mark: Mark) -> None:
        """Tell that it has not changed."""
        self._open.pop(mark.writer, None)
        redis = self.redis
        if redis is not None and redis.is_up:
            message = self._message(_UNDONE, mark)
            # Without this, the mark expires.
            with suppress(RedisDown, RepositoryError):
                await redis.settle(mark.tags, mark.writer, message)
        self.memory.unmark(mark.tags, mark.writer)

    def unknown(self, mark: Mark) -> None:
        """Leave the mark as long as it may still change."""
        self._open.pop(mark.writer, None)
        self.memory.unmark(mark.tags, mark.writer, self.settings.mark_ttl)

    async def clear(self) -> None:
        """Forget all results, in all processes."""
        await self.resume()
        mark = await self.mark([ALL_TAG])
        await self.changed(mark)
        self.tell_change(mark)

    def warm(self) -> Warming:
        """Open a block that takes calls of cached reads and keeps their results.

        async with db.cache.warm() as warm:
            for id in ids:
                warm.add(db.tasks.get_task, id=id)
        """
        return self._warming()

    def tell_change(self, mark: Mark) -> None:
        """Tell observers what the current call has changed."""
        if self._observers.active:
            from ..observing import cache_event  # noqa: PLC0415 -- where it is used

            self._observers.notify(cache_event("invalidate", tags=len(mark.tags)))

    async def _told(self, redis: RedisCache, mark: Mark) -> bool:
        """Tell that something has changed; whether Redis took it."""
        if not redis.is_up:
            return False
        try:
            message = self._message(_CHANGED, mark)
            await redis.settle(mark.tags, mark.writer, message)
        except (RedisDown, RepositoryError):
            return False
        return True

    def _message(self, what: bytes, mark: Mark) -> bytes:
        writer = mark.writer[6:]
        head = _HEAD.pack(what, self._process, writer, self.settings.mark_ttl)
        return head + b"".join(mark.tags)

    # What the others do.

    def hears_all(self) -> bool:
        """Whether no mark of another process can have been missed."""
        if self.redis is None:
            return True
        return monotonic() >= self._listening + self.settings.mark_ttl

    async def _learn(self) -> None:
        if self.session or self._identify is None:
            return
        database, session, isolation = await self._identify()
        if self.redis is not None:
            self.redis.name = entry_name("database", database)
        self.reads_committed = isolation == "read committed"
        self.session = entry_name("session", session)

    async def _follow(self) -> None:
        """Listen to other processes until the cache is closed."""
        is_told = False
        while not await self._closing.wait(0):
            try:
                await self._learn()
                await self._listen()
            except RedisDown:
                pass
            except RepositoryError as error:
                if not is_told and self.session:
                    _LOG.warning("the cache is off: %s", error)
                    is_told = True
            finally:
                self._listening = inf
                self.memory.distrust()
                if self.redis is not None:
                    self.redis.is_up = False
            await self._closing.wait(_RETRY)

    async def _listen(self) -> None:
        redis = self.redis
        if redis is None or not self.session:
            return
        subscriber = await redis.subscribed()
        try:
            self._listening = monotonic()
            await self._pay()
            await self._receive(subscriber)
        finally:
            await redis.unsubscribe(subscriber)

    async def _receive(self, subscriber: Any) -> None:  # noqa: ANN401 -- redis-py's
        """Take messages for as long as Redis answers.

        Raises:
            RedisDown: it no longer does.
        """
        interval = self.settings.timeout / 5
        asked: float | None = None
        due = monotonic()
        while not await self._closing.wait(0):
            now = monotonic()
            try:
                if asked is None and now >= due:
                    await subscriber.ping()
                    asked = now
                message = await subscriber.get_message(timeout=interval)
            except Exception:  # noqa: BLE001 -- sockets and redis-py raise many kinds
                raise RedisDown from None
            if message is not None and message["type"] == "pong":
                if asked is not None:
                    # What was published before the question came before the answer.
                    self.memory.trust(asked + 4 * interval)
                    due, asked = asked + interval, None
            elif message is not None and message["type"] == "message":
                self._take(message["data"])
            if asked is not None and monotonic() > asked + 4 * interval:
                raise RedisDown
            await self._pay()
            await self._renew()

    async def _renew(self) -> None:
        """Renew the marks of writers that take long.

        Raises:
            RedisDown: it does not answer.
        """
        redis, now = self.redis, monotonic()
        for writer, (mark, told) in [*self._open.items()]:
            if redis is not None and now - told > self.settings.mark_ttl / 4:
                message = self._message(_MARKED, mark)
                await redis.mark(mark.tags, writer, message)
                # Whoever has ended meanwhile does so once more.
                if self._open.get(writer) is None:
                    await redis.settle(mark.tags, writer, self._message(_CHANGED, mark))
                else:
                    self._open[writer] = mark, now

    async def _pay(self) -> None:
        """Send Redis the changes that it could not be told of before."""
        redis = self.redis
        if redis is None or (redis.is_up and not redis.owed):
            return
        owed = dict(redis.owed)
        tags = tuple(owed) if len(owed) <= _MOST_OWED else (ALL_TAG,)
        mark = Mark(tags, self._process + bytes(6))
        try:
            message = self._message(_CHANGED, mark)
            await redis.settle(mark.tags, mark.writer, message)
        except RedisDown:
            return
        redis.paid(owed)
        redis.is_up = True

    def _take(self, message: bytes) -> None:
        """Do what another process's writer asks for."""
        what, process, writer, seconds = _HEAD.unpack_from(message)
        if process == self._process:
            return
        body = message[_HEAD.size :]
        tags = [body[place : place + _TAG] for place in range(0, len(body), _TAG)]
        whose = process + writer
        if what == _MARKED:
            self.memory.mark(tags, whose, seconds)
            return
        if what == _CHANGED:
            self.memory.drop(tags)
        self.memory.unmark(tags, whose)
