"""Protocols of a Database and of the objects that generated methods return.

Generated signatures use these protocols, so that tests can pass fakes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType
    from typing import TypeVarTuple

    from ..notifications import Reconnected
    from ..transactions import Callback, Isolation
    from ._compat import Writable

    T = TypeVar("T")
    Ts = TypeVarTuple("Ts")

T_co = TypeVar("T_co", covariant=True)


class Stream(Protocol[T_co]):
    """Rows of a query, one after the other."""

    def __aiter__(self) -> AsyncIterator[T_co]: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def aclose(self) -> None:
        """End the query; do nothing if it has ended."""


class Export(Protocol):
    """Rows of a query, in a format of COPY."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def aclose(self) -> None:
        """End the query; do nothing if it has ended."""

    async def write_to(self, file: Writable[bytes] | Writable[str]) -> int:
        """Write all rows to a file, binary or text, and return their number."""
        ...


class Listener(Protocol[T_co]):
    """Notifications of a channel, and `Reconnected` after a lost connection."""

    def __aiter__(self) -> AsyncIterator[T_co | Reconnected]: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def aclose(self) -> None:
        """Stop listening."""


class TransactionSource(Protocol):
    """Transactions of a Database."""

    def transaction(
        self,
        *,
        isolation: Isolation | None = None,
        read_only: bool = False,
        deferrable: bool = False,
        timeout: float | None = None,
    ) -> AbstractAsyncContextManager[object]:
        """Return a block that commits at its end, or rolls back on an exception."""
        ...

    def savepoint(self, name: str | None = None) -> AbstractAsyncContextManager[object]:
        """Return a block that rolls back to its start on an exception."""
        ...

    async def run(
        self,
        work: Callable[[*Ts], Awaitable[T]],
        *args: *Ts,
        retries: int = 3,
        isolation: Isolation | None = None,
        read_only: bool = False,
        deferrable: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109, RUF100 -- the server keeps it
    ) -> T:
        """Run `work` in a transaction, again after a serialization failure."""
        ...

    def on_commit(self, callback: Callback) -> None:
        """Call `callback` after the current transaction has committed."""

    def on_rollback(self, callback: Callback) -> None:
        """Call `callback` after the current transaction has rolled back."""
