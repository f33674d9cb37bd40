"""Repetition of reads that failed on a replica, on another server."""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ._compat import chunks

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        Awaitable,
        Callable,
        Iterable,
    )
    from contextlib import AbstractAsyncContextManager

    from ..errors import RepositoryError
    from ..statement import Package, Statement
    from .connection import Session
    from .executor import Executor

T = TypeVar("T")

_CHUNK: Final = 1000


class RetryOnOtherServer(Exception):  # noqa: N818 -- never seen outside the runtime
    """A read on a leased connection failed, but can be repeated on another server.

    Attributes:
        error: the replica's error.
        lease: lease of a connection to another server.
    """

    def __init__(
        self, error: RepositoryError, lease: AbstractAsyncContextManager[Session]
    ) -> None:
        super().__init__()
        self.error = error
        self.lease = lease


async def call_on(
    executor: Executor,
    package: Package,
    statement: Statement[Any],
    call: Callable[[Session], Awaitable[T]],
) -> T:
    """Call a function with a leased session, again if its server fails."""
    lease = executor.lease(package, statement)
    while True:
        try:
            async with lease as session:
                return await call(session)
        except RetryOnOtherServer as retry:
            lease = retry.lease


async def read_on(
    executor: Executor,
    package: Package,
    statement: Statement[Any],
    read: Callable[[Session], AsyncGenerator[T, None]],
) -> AsyncGenerator[T, None]:
    """Yield a generator's items; if it fails before the first, use another server."""
    lease = executor.lease(package, statement)
    is_begun = False
    while True:
        try:
            async with lease as session, aclosing(read(session)) as items:
                async for item in items:
                    is_begun = True
                    yield item
        except RetryOnOtherServer as retry:
            if is_begun:
                raise retry.error from None
            lease = retry.lease
        else:
            return


async def collected(rows: Iterable[T] | AsyncIterable[T]) -> list[T]:
    """Return the rows in a list, so that they can be read more than once."""
    return [row async for part in chunks(rows, _CHUNK) for row in part]
