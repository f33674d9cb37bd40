"""Differences between asyncio and threads; the counterpart in aio/ is hand-written."""

from __future__ import annotations

import os
import threading
import time
from contextlib import closing
from itertools import islice
from types import FrameType, GeneratorType
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

from .. import sync_wait
from ..errors import RepositoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from psycopg import Connection

    from .pool import Pool

D_contra = TypeVar("D_contra", str, bytes, contravariant=True)
T = TypeVar("T")

execute: Final = sync_wait.execute
command: Final = sync_wait.command

# What a Database's connections are, unless it is told otherwise.
FastConnection = sync_wait.PatientConnection
# What they are on the cursor path.
PlainConnection = sync_wait.PatientConnection

NOT_SHARED = (
    "this thread runs in the context of another thread's transaction block, whose"
    " connection it does not share: start it in a context of its own, or hand it the"
    " transaction, as in TaskRepository(transaction)"
)

# What the Database's connections belong to.
home: Final[Callable[[], object]] = os.getpid
new_home: Final = home
# The thread that is running.
current_owner: Final[Callable[[], object]] = threading.get_ident


def bottom() -> FrameType | None:
    """Return None: a thread's stack has only frames of the thread."""
    return None


def chunks(items: Iterable[T], size: int) -> Generator[list[T], None, None]:
    """Yield the items in lists of at most `size`."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def flattened(parts: Generator[Iterable[T], None, None]) -> Generator[T, None, None]:
    """Yield the items of all parts; close `parts` at the end."""
    with closing(parts):
        for part in parts:
            # For each item that is less work than a loop is.
            yield from part


def close(rows: Iterator[object]) -> None:
    """Close a generator that is typed as an iterator."""
    cast("Generator[object, None, None]", rows).close()


class Writable(Protocol[D_contra]):
    """A file to write to."""

    def write(self, data: D_contra, /) -> object:
        """Write the data."""
        ...


def write(file: Writable[D_contra], data: D_contra) -> None:
    """Write to a file."""
    file.write(data)


def is_running(events: Generator[object, None, None]) -> bool:
    """Return True if a thread is waiting in the generator."""
    return isinstance(events, GeneratorType) and events.gi_running


class Event:
    """Event that happens once."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Wake all that wait for the event."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds` for the event; return True if it has happened."""
        return self._event.wait(seconds)


def start(work: Callable[[], object]) -> None:
    """Make a call."""
    work()


def sleep(seconds: float) -> None:
    """Wait for `seconds`."""
    time.sleep(seconds)


def call(callback: Callable[[], object]) -> None:
    """Call a function."""
    callback()


def take(pool: Pool, seconds: float) -> Connection[Any]:
    """Take a connection from a pool."""
    return pool.getconn(seconds)


def unhindered(work: Callable[[T], None], subject: T, seconds: float) -> None:  # noqa: ARG001 -- nothing can interrupt it
    """Run work to its end."""
    work(subject)


def run_shielded(work: Callable[[T], None], subject: T) -> None:
    """Run work to its end."""
    work(subject)


def run_shielded_eagerly(work: Callable[[T], None], subject: T) -> None:
    """Run work to its end."""
    work(subject)


def redis_pool(url: str, seconds: float) -> Any:  # noqa: ANN401 -- of an optional library
    """Return a pool of connections to Redis with a socket timeout.

    Raises:
        RepositoryError: redis-py is not installed.
    """
    try:
        from redis import ConnectionPool  # noqa: PLC0415 -- as above
        from redis.backoff import NoBackoff  # noqa: PLC0415 -- an optional library
        from redis.retry import Retry  # noqa: PLC0415 -- as above
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
    from redis.client import PubSub  # noqa: PLC0415 -- an optional library

    return PubSub(pool)
