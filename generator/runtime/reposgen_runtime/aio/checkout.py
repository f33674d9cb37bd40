"""Checkout of a connection for exclusive use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from psycopg import AsyncConnection

    from ..statement import Package
    from .connection import Session
    from .server import Server


class Checkout:
    """Context manager that checks out a connection and returns its sessions.

    It is a class because a generator would cost more than the pool itself.
    """

    __slots__ = ("_connection", "_done", "_server", "_session_of")

    def __init__(
        self,
        server: Server,
        session_of: Callable[[AsyncConnection[Any], Package], Session],
        done: Callable[[], None] | None,
    ) -> None:
        """Store the arguments; entering the block acquires the connection.

        Args:
            server: the server that the connection leads to.
            session_of: returns a connection's session for a package.
            done: called at the block's end, before the connection is released.
        """
        self._server = server
        self._session_of = session_of
        self._done = done

    async def __aenter__(self) -> Callable[[Package], Session]:
        server = self._server
        self._connection = server.try_acquire() or await server.acquire()
        return self._session

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._done is not None:
            self._done()
        if (left := self._server.try_release(self._connection)) is not None:
            await self._server.release(left)

    def _session(self, package: Package) -> Session:
        return self._session_of(self._connection, package)
