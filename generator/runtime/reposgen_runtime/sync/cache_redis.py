# Derived from ../aio/cache_redis.py by derive_sync.py: change that file.
"""The second level of a cache: results, generations and marks in Redis.

All keys of a database start with its name and the run of the Redis server. A server
that was restarted has another run: what it remembers from before is never looked at.

A tag is a hash: `g` is its generation, every other field a writer's mark and the time
when that ends. A result holds the generations that its tags had before it was read. It
is a result as long as they are the same and no tag is marked.

Marks are lost when Redis is restarted or emptied. So nothing is kept or served until
every mark that could have been set before that would have expired.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha1
from math import ceil
from os import urandom
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from ..errors import RepositoryError
from ._compat import redis_pool, redis_subscriber, sleep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ..caching import Cache

# What a script is given: the names of its own keys, tags, arguments.
_Run: TypeAlias = "tuple[Sequence[str], Iterable[bytes], Sequence[object]]"

HIT, COLD, MARKED, LEASED, STALE, BUSY = range(6)

_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function born(key, cold)
  local since = redis.call('GET', key)
  if not since then
    redis.call('SET', key, now)
    return false
  end
  return now >= since + cold
end
local function prolong(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, ms) end
end
"""
_GENERATIONS: Final = """
local found = {}
for i = 4, #KEYS do
  local fields = redis.call('HGETALL', KEYS[i])
  local generation = false
  for j = 1, #fields, 2 do
    if fields[j] == 'g' then generation = fields[j + 1]
    elseif tonumber(fields[j + 1]) > now then return {2} end
  end
  if not generation then
    generation = NONCE
    redis.call('HSET', KEYS[i], 'g', generation)
    prolong(KEYS[i], KEPT)
  end
  found[#found + 1] = generation
end
local generations = table.concat(found, ',')
"""
# KEYS: born, result, lease, tags. ARGV: nonce, cold, kept, lease (ms).
_LOOK_UP: Final = (
    _NOW
    + "if not born(KEYS[1], tonumber(ARGV[2])) then return {1} end"
    + _GENERATIONS.replace("NONCE", "ARGV[1]").replace("KEPT", "tonumber(ARGV[3])")
    + """
local known = redis.call('HMGET', KEYS[2], 'g', 's')
local is_known = known[1] == generations
if is_known and tonumber(known[2]) > now then
  return {0, redis.call('HGET', KEYS[2], 'v'), known[2] - now}
end
local leased = redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[4])
if is_known then
  if leased then return {4, redis.call('HGET', KEYS[2], 'v'), generations} end
  return {0, redis.call('HGET', KEYS[2], 'v'), 0}
end
if leased then return {3, false, generations} end
return {5}
"""
)
# KEYS as above. ARGV: nonce, cold, kept, generations, ttl, ttl and stale (ms), value.
# Without a ttl there is nothing to keep, but the lease must not let others wait.
_FILL: Final = (
    _NOW
    + "if not born(KEYS[1], tonumber(ARGV[2])) then return 0 end"
    + """
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
if ARGV[5] == '0' then return 0 end
"""
    + _GENERATIONS.replace("return {2}", "return 0")
    .replace("NONCE", "ARGV[1]")
    .replace("KEPT", "tonumber(ARGV[3])")
    + """
if generations ~= ARGV[4] then return 0 end
redis.call('HSET', KEYS[2], 'g', generations, 's', now + ARGV[5], 'v', ARGV[7])
redis.call('PEXPIRE', KEYS[2], ARGV[6])
for i = 4, #KEYS do prolong(KEYS[i], tonumber(ARGV[6])) end
return 1
"""
)
# KEYS: born, tags. ARGV: nonce, writer, mark (ms), kept, channel, message.
_MARK: Final = (
    _NOW
    + """
born(KEYS[1], 0)
for i = 2, #KEYS do
  local fields = redis.call('HGETALL', KEYS[i])
  for j = 1, #fields, 2 do
    if fields[j] ~= 'g' and tonumber(fields[j + 1]) <= now then
      redis.call('HDEL', KEYS[i], fields[j])
    end
  end
  redis.call('HSET', KEYS[i], 'g', ARGV[1], ARGV[2], now + ARGV[3])
  prolong(KEYS[i], tonumber(ARGV[4]))
end
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 1
"""
)
# KEYS: born, tags. ARGV: nonce, writer, kept, channel, message.
_SETTLE: Final = (
    _NOW
    + """
born(KEYS[1], 0)
for i = 2, #KEYS do
  redis.call('HDEL', KEYS[i], ARGV[2])
  redis.call('HSET', KEYS[i], 'g', ARGV[1])
  prolong(KEYS[i], tonumber(ARGV[3]))
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1
"""
)


class Script:
    """A script, and the name that Redis knows it by."""

    __slots__ = ("digest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()


LOOK_UP: Final = Script(_LOOK_UP)
FILL: Final = Script(_FILL)
MARK: Final = Script(_MARK)
SETTLE: Final = Script(_SETTLE)

# Connections that are kept while nothing uses them; and those that reads may use.
_IDLE: Final = 16
_READING: Final = 64
_NONCE: Final = 12
# How often another process is asked for what it is reading.
_LOOKS: Final = 5
_OLDEST: Final = (6, 2)


class RedisDown(Exception):  # noqa: N818 -- never seen outside the runtime
    """Redis did not answer."""


class Answer(NamedTuple):
    """What Redis knows of a result.

    Attributes:
        state: HIT: the result; STALE: an expired result, which the caller reads again;
            LEASED: the caller reads it; BUSY: another process reads it; MARKED: it is
            about to change; COLD: nothing is cached yet.
        value: the result.
        seconds: for which it is kept.
        generations: of the tags, now.
    """

    state: int
    value: bytes = b""
    seconds: float = 0.0
    generations: bytes = b""


UNKNOWN: Final = Answer(-1)


class Lease:
    """A result that somebody reads, and that others wait for meanwhile.

    Attributes:
        name: of the result.
        tags: of what it depends on.
        nonce: tells whose lease it is.
        generations: of the tags, before the result is read.
    """

    __slots__ = ("generations", "name", "nonce", "tags")

    def __init__(self, name: str, tags: tuple[bytes, ...], nonce: bytes) -> None:
        self.name = name
        self.tags = tags
        self.nonce = nonce
        self.generations = b""


class Fill(NamedTuple):
    """A result that Redis is to keep.

    Attributes:
        lease: under which it was read.
        value: the result.
        ttl: seconds for which it is one; 0 only ends the lease.
        stale: seconds for which it may be served after that.
    """

    lease: Lease
    value: bytes
    ttl: float
    stale: float


class _Link:
    """A connection, and what the keys on its server start with."""

    __slots__ = ("connection", "prefix")

    def __init__(self, connection: Any, prefix: str) -> None:  # noqa: ANN401 -- redis-py's
        self.connection = connection
        self.prefix = prefix


class RedisCache:
    """Results, generations and marks in Redis.

    Attributes:
        name: of the database: keys and the channel start with it.
        owed: tags that changed without Redis being told; nothing is read meanwhile.
    """

    def __init__(self, settings: Cache, url: str, tell: Callable[[str], None]) -> None:
        """Prepare to connect.

        Args:
            settings: of the cache.
            url: of the Redis server.
            tell: is called with `up` or `down` when that changes.
        """
        self.name = ""
        self.owed: dict[bytes, object] = {}
        self._is_up = False
        self._tell = tell
        self._owing = Lock()
        self._settings = settings
        self._pool = redis_pool(url, settings.timeout)
        self._free: list[_Link] = []
        self._used = 0
        self._cold = round(settings.mark_ttl * 1000)
        # Generations outlive marks and all that is kept.
        self._kept = 2 * self._cold
        self._leased = max(1, round(settings.lease * 1000))

    @property
    def is_up(self) -> bool:
        """Whether Redis answered last time."""
        return self._is_up

    @is_up.setter
    def is_up(self, is_up: bool) -> None:
        if is_up is not self._is_up:
            self._is_up = is_up
            self._tell("up" if is_up else "down")

    @property
    def channel(self) -> str:
        """Where writers tell of their marks."""
        return f"{self.name}:changes"

    @property
    def is_readable(self) -> bool:
        """Whether results may be looked up."""
        return self.is_up and not self.owed

    def owe(self, tags: Iterable[bytes]) -> None:
        """Note that Redis is still to be told of a change."""
        with self._owing:
            self.owed.update(dict.fromkeys(tags, object()))

    def paid(self, told: Mapping[bytes, object]) -> None:
        """Note that Redis was told, unless there was another change meanwhile."""
        with self._owing:
            for tag, change in told.items():
                if self.owed.get(tag) is change:
                    del self.owed[tag]

    def look_up(self, lease: Lease) -> Answer:
        """Return what is known of a result.

        Raises:
            RedisDown: it does not answer.
        """
        if self._used >= _READING:
            raise RedisDown
        [answer] = self.look_up_all([lease])
        return answer

    def wait_for(self, lease: Lease) -> Answer:
        """Look a result up; wait a little where another process is reading it."""
        answer = UNKNOWN
        for _ in range(_LOOKS):
            if not self.is_readable:
                return UNKNOWN
            try:
                answer = self.look_up(lease)
            except (RedisDown, RepositoryError):
                return UNKNOWN
            if answer.state != BUSY:
                break
            sleep(self._settings.lease / _LOOKS)
        return answer

    def look_up_all(self, leases: Sequence[Lease]) -> list[Answer]:
        """Return what is known of several results, in one round trip.

        Raises:
            RedisDown: it does not answer.
        """
        arguments = (self._cold, self._kept, self._leased)
        found = self._run(
            LOOK_UP,
            *((_own(lease), lease.tags, (lease.nonce, *arguments)) for lease in leases),
        )
        return [self._answer(*one) for one in found]

    @staticmethod
    def _answer(state: int, *rest: Any) -> Answer:  # noqa: ANN401 -- of a script
        match state:
            case 0:
                return Answer(state, value=rest[0], seconds=int(rest[1]) / 1000)
            case 3 | 4:
                return Answer(state, value=rest[0] or b"", generations=rest[1])
            case _:
                return Answer(state)

    def fill(self, filling: Fill) -> bool:
        """Keep a result, unless one of its tags changed since it was looked up.

        Raises:
            RedisDown: it does not answer.
        """
        [is_kept] = self.fill_all([filling])
        return is_kept

    def fill_all(self, fillings: Sequence[Fill]) -> list[bool]:
        """Keep several results in one round trip; whether each is kept.

        Raises:
            RedisDown: it does not answer.
        """
        runs = []
        for lease, value, ttl, stale in fillings:
            kept = ceil(ttl * 1000)
            arguments = (
                *(lease.nonce, self._cold, self._kept, lease.generations),
                *(kept, kept + round(stale * 1000), value),
            )
            runs.append((_own(lease), lease.tags, arguments))
        return [bool(found) for found in self._run(FILL, *runs)]

    def mark(self, tags: Iterable[bytes], writer: bytes, message: bytes) -> None:
        """Set a writer's mark on tags.

        Raises:
            RedisDown: it does not answer; the mark may have been set.
        """
        arguments = (self._cold, self._kept, self.channel, message)
        self._run(MARK, ((), tags, (urandom(_NONCE), writer, *arguments)))

    def settle(self, tags: Iterable[bytes], writer: bytes, message: bytes) -> None:
        """Remove a writer's mark, and give the tags new generations.

        Raises:
            RedisDown: it does not answer.
        """
        arguments = (self._kept, self.channel, message)
        self._run(SETTLE, ((), tags, (urandom(_NONCE), writer, *arguments)))

    def check(self) -> None:
        """Make sure that it keeps what it is told.

        Raises:
            RedisDown: it does not answer.
            RepositoryError: it does not.
        """
        self._release(self._link())

    def subscribed(self) -> Any:  # noqa: ANN401 -- redis-py's
        """Return what receives the messages of other processes, from now on.

        Raises:
            RedisDown: it does not answer.
            RepositoryError: it is not set up in a way that keeps what it is told.
        """
        self.check()
        subscriber = redis_subscriber(self._pool)
        try:
            subscriber.subscribe(self.channel)
            message = subscriber.get_message(timeout=self._settings.timeout)
        except Exception:  # noqa: BLE001 -- sockets and redis-py raise many kinds
            self.unsubscribe(subscriber)
            raise RedisDown from None
        if message is None or message["type"] != "subscribe":
            self.unsubscribe(subscriber)
            raise RedisDown
        return subscriber

    def unsubscribe(self, subscriber: Any) -> None:  # noqa: ANN401 -- as above
        """Close what receives messages."""
        with suppress(Exception):
            subscriber.close()

    def close(self) -> None:
        """Close all connections."""
        while self._free:
            self._disconnect(self._free.pop())

    def after_fork(self) -> None:
        """In a child process: leave the connections to the parent."""
        self._free = []
        self._used = 0
        self._is_up = False
        self._owing = Lock()
        self._pool = redis_pool(self._settings.redis or "", self._settings.timeout)

    def _run(self, script: Script, *runs: _Run) -> list[Any]:
        """Run a script several times in one round trip."""
        self._used += 1
        try:
            link = self._link()
            prefix = link.prefix
            commands = []
            for own, tags, arguments in runs:
                keys: list[object] = [f"{prefix}born", *(f"{prefix}{k}" for k in own)]
                keys += (f"{prefix}t:".encode() + tag for tag in tags)
                commands.append((len(keys), *keys, *arguments))
            found = self._call(link, script, commands)
        except RedisDown:
            self.is_up = False
            raise
        finally:
            self._used -= 1
        self._release(link)
        return found

    def _call(
        self, link: _Link, script: Script, commands: Sequence[Sequence[object]]
    ) -> list[Any]:
        from redis.exceptions import NoScriptError  # noqa: PLC0415 -- an optional library

        connection = link.connection
        found: list[Any] = []
        try:
            for command in commands:
                connection.send_command("EVALSHA", script.digest, *command)
            for _ in commands:
                try:
                    answer = connection.read_response()
                except NoScriptError:
                    answer = NoScriptError
                found.append(answer)
            for place, command in enumerate(commands):
                if found[place] is NoScriptError:
                    connection.send_command("EVAL", script.text, *command)
                    found[place] = connection.read_response()
        except Exception:  # noqa: BLE001 -- as above
            self._disconnect(link)
            raise RedisDown from None
        except BaseException:
            # The answer would be the next command's.
            self._disconnect(link)
            raise
        return found

    def _link(self) -> _Link:
        if self._free:
            return self._free.pop()
        connection = self._pool.make_connection()
        try:
            connection.connect()
            connection.send_command("INFO")
            info = _parsed(connection.read_response())
        except Exception:  # noqa: BLE001 -- as above
            self._disconnect(_Link(connection, ""))
            raise RedisDown from None
        try:
            _require_suited(info)
        except RepositoryError:
            self._disconnect(_Link(connection, ""))
            raise
        return _Link(connection, f"{{{self.name}}}:{info['run_id']}:")

    def _release(self, link: _Link) -> None:
        if len(self._free) < _IDLE:
            self._free.append(link)
        else:
            self._disconnect(link)

    def _disconnect(self, link: _Link) -> None:
        with suppress(Exception):
            link.connection.disconnect()


def _own(lease: Lease) -> tuple[str, ...]:
    """Return the keys of a result, and of the lease on it."""
    return f"e:{lease.name}", f"l:{lease.name}"


def _parsed(info: bytes | str) -> dict[str, str]:
    text = info if isinstance(info, str) else info.decode("utf-8", "replace")
    pairs = (line.partition(":") for line in text.splitlines())
    return {name: value for name, found, value in pairs if found}


def _require_suited(info: dict[str, str]) -> None:
    """Refuse a server that forgets marks.

    Raises:
        RepositoryError: the message says what to change.
    """
    version = info.get("redis_version", "0.0").split(".")
    if tuple(map(int, version[:2])) < _OLDEST:
        raise RepositoryError("a cache needs Redis 6.2 or newer")
    policy = info.get("maxmemory_policy", "noeviction")
    if info.get("maxmemory", "0") != "0" and policy != "noeviction":
        raise RepositoryError(
            f"Redis drops keys when its memory is full (maxmemory-policy {policy}),"
            " also the marks of writers: set maxmemory-policy noeviction"
        )
