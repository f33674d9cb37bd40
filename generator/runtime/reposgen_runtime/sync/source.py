# Derived from ../aio/source.py by derive_sync.py: change that file.
"""Where repositories get their connections from."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from psycopg import Connection

from ..limits import STATEMENT_TIMEOUT, milliseconds
from ..notifications import conninfo_of
from .atomic import Uncertain, one_transaction, run_alone
from .limits import limited, run_limited
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..statement import Package, Statement

R = TypeVar("R")
T = TypeVar("T")


class Holder(Protocol):
    """Has connections, or the one that everything runs on."""

    def run_statement(
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
    ) -> AbstractContextManager[Session]:
        """A connection's session for more than one step."""
        ...

    def locate(self) -> Callable[[], str]:
        """Return what tells where another connection of the same kind leads to."""
        ...


Source: TypeAlias = Holder | Connection[Any]


class Bound:
    """A connection of the caller's."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        """Run one statement on it."""
        session = Session.of(self._connection, package, fast=True)
        if statement.locks_rows:
            session.require_transaction(statement)
        with Uncertain(session, statement):
            if statement.timeout is None:
                return session.run(statement, values, read)
            seconds = statement.timeout
            if not session.is_alone:
                return run_limited(session, seconds, statement, values, read)
            settings = {STATEMENT_TIMEOUT: milliseconds(seconds)}
            return run_alone(session, settings, statement, values, read)

    @contextmanager
    def lease(
        self, package: Package, statement: Statement[Any] | None = None
    ) -> Generator[Session, None, None]:
        """The connection's session."""
        session = Session.of(self._connection, package, fast=True)
        session.usage.require_free()
        if statement is None or statement.timeout is None:
            yield session
        elif session.is_alone:
            settings = {STATEMENT_TIMEOUT: milliseconds(statement.timeout)}
            with one_transaction(session, settings):
                yield session
        else:
            with limited(session, statement.timeout):
                yield session

    def locate(self) -> Callable[[], str]:
        """Return what tells where the connection leads to, also once it is closed."""
        conninfo = conninfo_of(self._connection)
        return lambda: conninfo


def holder_of(source: Source) -> Holder:
    """What runs statements for a source."""
    if isinstance(source, Connection):
        return Bound(source)
    return source
