"""Sources of connections for repositories."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, TypeVar

from psycopg import AsyncConnection

from ..limits import STATEMENT_TIMEOUT, milliseconds
from ..notifications import conninfo_of
from ..observers import CONNECTIONS
from .atomic import UnknownOutcomeGuard, ensure_transaction, run_alone
from .connection import Session
from .limits import limited, run_limited

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..observe import Place
    from ..observers import Observers
    from ..statement import Package, Statement

R = TypeVar("R")
T = TypeVar("T")


class Executor(Protocol):
    """Executor of statements, with several connections or a single one."""

    @property
    def observers(self) -> Observers:
        """Observers of the calls."""
        ...

    async def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        """Run one statement."""
        ...

    def lease(
        self, package: Package, statement: Statement[Any] | None = None
    ) -> AbstractAsyncContextManager[Session]:
        """Lease a connection's session for several steps."""
        ...

    def locate(self) -> Callable[[], str]:
        """Return a function that returns the connection string for a new connection."""
        ...

    def place_of_calls(self) -> Callable[[], Place]:
        """Return a function that tells observers where calls on the primary run."""
        ...


Source: TypeAlias = Executor | AsyncConnection[Any]


class ConnectionExecutor:
    """Executor for a connection of the caller."""

    observers: Final = CONNECTIONS

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        """Run one statement on the connection."""
        session = Session.of(self._connection, package, fast=True)
        if statement.locks_rows:
            session.require_transaction(statement)
        with UnknownOutcomeGuard(session, statement):
            if statement.timeout is None:
                return await session.run(statement, values, read)
            seconds = statement.timeout
            if not session.is_autocommit_idle:
                return await run_limited(session, seconds, statement, values, read)
            settings = {STATEMENT_TIMEOUT: milliseconds(seconds)}
            return await run_alone(session, settings, statement, values, read)

    @asynccontextmanager
    async def lease(
        self, package: Package, statement: Statement[Any] | None = None
    ) -> AsyncGenerator[Session, None]:
        """Lease the connection's session."""
        session = Session.of(self._connection, package, fast=True)
        session.usage.require_free()
        if statement is None or statement.timeout is None:
            yield session
        elif session.is_autocommit_idle:
            settings = {STATEMENT_TIMEOUT: milliseconds(statement.timeout)}
            async with ensure_transaction(session, settings):
                yield session
        else:
            async with limited(session, statement.timeout):
                yield session

    def locate(self) -> Callable[[], str]:
        """Return a function that returns the connection string, even after closing."""
        conninfo = conninfo_of(self._connection)
        return lambda: conninfo

    def place_of_calls(self) -> Callable[[], Place]:
        """Return a function that tells observers where the connection leads to."""
        from ..observing import place_of  # noqa: PLC0415 -- only where there are some

        place = place_of(self._connection.info.dsn, "connection")
        return lambda: place


def executor_of(source: Source) -> Executor:
    """Return the executor of a source's statements."""
    if isinstance(source, AsyncConnection):
        return ConnectionExecutor(source)
    return source
