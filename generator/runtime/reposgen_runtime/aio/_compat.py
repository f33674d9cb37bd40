"""Differences between asyncio and threads; the counterpart in sync/ is hand-written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from contextlib import aclosing, suppress
from inspect import isawaitable
from itertools import islice
from types import AsyncGeneratorType, CoroutineType, FrameType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from .. import async_connection, wire
from ..errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Callable,
        Coroutine,
        Generator,
        Iterable,
        Sequence,
    )

    from psycopg import AsyncConnection
    from psycopg.abc import Buffer
    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from .pool import Pool

D_contra = TypeVar("D_contra", str, bytes, contravariant=True)
T = TypeVar("T")

# Default class of a Database's connections.
FastConnection = async_connection.FastConnection
# Class of connections on the cursor path.
PlainConnection = async_connection.CancellableConnection

NOT_SHARED = (
    "this task was started in the transaction block of another task, whose connection"
    " it does not share: start it outside of the block, or hand it the transaction, as"
    " in TaskRepository(transaction). (asyncio.wait_for starts a task before Python"
    " 3.12; asyncio.timeout never does.)"
)

# The event loop that a Database's connections are bound to.
home: Final[Callable[[], object]] = asyncio.get_running_loop


def new_home() -> object:
    """Return the event loop, which the connections opened now are bound to.

    Raises:
        RepositoryError: the event loop cannot watch sockets.
    """
    loop = asyncio.get_running_loop()
    if type(loop).add_reader is asyncio.AbstractEventLoop.add_reader:
        raise RepositoryError(
            f"the event loop {type(loop).__name__} cannot watch sockets, nor can"
            " Windows' default: use asyncio.SelectorEventLoop, as in"
            " asyncio.Runner(loop_factory=asyncio.SelectorEventLoop)"
        )
    return loop


# The running task.
current_owner: Final[Callable[[], object]] = asyncio.current_task


def bottom() -> FrameType | None:
    """Return the first frame of the running task."""
    task = asyncio.current_task()
    return None if task is None else getattr(task.get_coro(), "cr_frame", None)


_at_work: Final = set["asyncio.Task[None]"]()


def execute(
    connection: AsyncConnection[Any],
    codec: Codec[Any],
    parameters: Sequence[Buffer | None],
) -> Awaitable[Sequence[PGresult]]:
    """Run a statement and return its results, to be checked with `wire.check`."""
    return connection.wait(wire.execute(connection.pgconn, codec, parameters))


def command(
    connection: AsyncConnection[Any], sql: bytes
) -> Awaitable[Sequence[PGresult]]:
    """Run a command without parameters and return its results for `wire.check`."""
    return connection.wait(wire.command(connection.pgconn, sql))


async def chunks(
    items: Iterable[T] | AsyncIterable[T], size: int
) -> AsyncGenerator[list[T], None]:
    """Yield the items in lists of at most `size`."""
    if isinstance(items, AsyncIterable):
        chunk: list[T] = []
        async for item in items:
            chunk.append(item)
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk
        return
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


async def flattened(
    parts: AsyncGenerator[Iterable[T], None],
) -> AsyncGenerator[T, None]:
    """Yield the items of all parts; close `parts` at the end."""
    async with aclosing(parts):
        async for part in parts:
            for item in part:
                yield item


async def close(rows: AsyncIterator[object]) -> None:
    """Close a generator that is typed as an iterator."""
    await cast("AsyncGenerator[object, None]", rows).aclose()


class Writable(Protocol[D_contra]):
    """A file to write to, with a plain or an asynchronous `write` method."""

    def write(self, data: D_contra, /) -> object:
        """Write the data, or return an awaitable that does."""
        ...


async def write(file: Writable[D_contra], data: D_contra) -> None:
    """Write to a plain or an asynchronous file."""
    written = file.write(data)
    if isawaitable(written):
        await written


def is_running(events: AsyncGenerator[object, None]) -> bool:
    """Return True if a task is waiting in the generator."""
    return isinstance(events, AsyncGeneratorType) and events.ag_running


class Event:
    """Event that happens once."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake all that wait for the event."""
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` for the event; return True if it has happened."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        return self._event.is_set()


def start(work: Callable[[], Awaitable[object]]) -> None:
    """Run a call up to the first point where it waits."""
    waiting = work()
    if isinstance(waiting, CoroutineType):
        with suppress(StopIteration):
            waiting.send(None)
        waiting.close()


async def sleep(seconds: float) -> None:
    """Wait for `seconds`."""
    await asyncio.sleep(seconds)


async def call(callback: Callable[[], object]) -> None:
    """Call a function, and await its result if it is awaitable."""
    result = callback()
    if isawaitable(result):
        await result


async def take(pool: Pool, seconds: float) -> AsyncConnection[Any]:
    """Take a connection from a pool; put it back if the task was cancelled.

    Before Python 3.12 `asyncio.wait_for`, which the pool uses, can return its result in
    place of a cancellation.
    """
    task = asyncio.current_task()
    asked = 0 if task is None else task.cancelling()
    connection = await pool.getconn(seconds)
    if task is not None and task.cancelling() > asked:
        await run_shielded(pool.putconn, connection)
        raise asyncio.CancelledError
    return connection


async def unhindered(
    work: Callable[[T], Coroutine[Any, Any, None]], subject: T, seconds: float
) -> None:
    """Run work to its end before the task continues, even if the task is cancelled.

    Args:
        work: the function to run.
        subject: its argument.
        seconds: the work is cancelled after this time.
    """
    await async_connection.unhindered(work(subject), seconds)


async def run_shielded(
    work: Callable[[T], Coroutine[Any, Any, None]], subject: T
) -> None:
    """Run work to its end, even if the task is cancelled meanwhile."""
    task = asyncio.create_task(work(subject))
    # The event loop holds only a weak reference to a task.
    _at_work.add(task)
    task.add_done_callback(_at_work.discard)
    await asyncio.shield(task)


async def run_shielded_eagerly(
    work: Callable[[T], Coroutine[Any, Any, None]], subject: T
) -> None:
    """Run work to its end, creating a task only if the work has to wait.

    The work must only wait for locks, not for a fixed time.
    """
    coroutine = work(subject)
    try:
        awaited = coroutine.send(None)
    except StopIteration:
        return
    await run_shielded(_StartedCoroutine.finish, _StartedCoroutine(coroutine, awaited))


class _StartedCoroutine:
    """A coroutine that has been started and awaits something."""

    def __init__(self, coroutine: Coroutine[Any, Any, None], awaited: object) -> None:
        self._coroutine = coroutine
        self._awaited = awaited

    async def finish(self) -> None:
        await self

    def __await__(self) -> Generator[object, Any, None]:
        yield self._awaited
        yield from self._coroutine.__await__()


def redis_pool(url: str, seconds: float) -> Any:  # noqa: ANN401 -- of an optional library
    """Return a pool of connections to Redis with a socket timeout.

    Raises:
        RepositoryError: redis-py is not installed.
    """
    try:
        from redis.asyncio import ConnectionPool  # noqa: PLC0415 -- as above
        from redis.asyncio.retry import Retry  # noqa: PLC0415 -- as above
        from redis.backoff import NoBackoff  # noqa: PLC0415 -- an optional library
    except ImportError:
        raise RepositoryError(
            "a cache in Redis needs redis-py: pip install 'reposgen-runtime[redis]'"
        ) from None
    return ConnectionPool.from_url(
        url,
        # It counts the connections that it made, not those that are open.
        max_connections=2**31 - 1,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
    )


def redis_subscriber(pool: Any) -> Any:  # noqa: ANN401 -- as above
    """Return a Redis subscriber that uses its own connection."""
    from redis.asyncio.client import PubSub  # noqa: PLC0415 -- an optional library

    return PubSub(pool)
