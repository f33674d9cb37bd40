# Derived from ../aio/failover.py by derive_sync.py: change that file.
"""Repetition of reads that failed on a replica, on another server."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ._compat import chunks

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Generator,
        Iterable,
    )
    from contextlib import AbstractContextManager

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
        self, error: RepositoryError, lease: AbstractContextManager[Session]
    ) -> None:
        super().__init__()
        self.error = error
        self.lease = lease


def call_on(
    executor: Executor,
    package: Package,
    statement: Statement[Any],
    call: Callable[[Session], T],
) -> T:
    """Call a function with a leased session, again if its server fails."""
    lease = executor.lease(package, statement)
    while True:
        try:
            with lease as session:
                return call(session)
        except RetryOnOtherServer as retry:
            lease = retry.lease


def read_on(
    executor: Executor,
    package: Package,
    statement: Statement[Any],
    read: Callable[[Session], Generator[T, None, None]],
) -> Generator[T, None, None]:
    """Yield a generator's items; if it fails before the first, use another server."""
    lease = executor.lease(package, statement)
    is_begun = False
    while True:
        try:
            with lease as session, closing(read(session)) as items:
                for item in items:
                    is_begun = True
                    yield item
        except RetryOnOtherServer as retry:
            if is_begun:
                raise retry.error from None
            lease = retry.lease
        else:
            return


def collected(rows: Iterable[T]) -> list[T]:
    """Return the rows in a list, so that they can be read more than once."""
    return [row for part in chunks(rows, _CHUNK) for row in part]
