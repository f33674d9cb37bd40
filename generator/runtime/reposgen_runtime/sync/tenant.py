# Derived from ../aio/tenant.py by derive_sync.py: change that file.
"""Tenants that calls are made for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..observe import Place
    from ..observers import Observers
    from ..scope import Scope
    from ..statement import Package, Statement
    from .connection import Session
    from .database import Database
    from .transaction import Transaction

R = TypeVar("R")
T = TypeVar("T")


class Tenant:
    """The tenant returned by `Database.tenant()`: a block and a source of repositories.

    In the block all calls of the Database's repositories are made for the tenant, in
    this thread and in threads that it starts. Blocks can nest, and one Tenant can be
    entered repeatedly. Passed on explicitly, as in `TaskRepository(tenant)`, it needs
    no block.

    Attributes:
        id: the tenant's id as text.
    """

    def __init__(
        self,
        database: Database,
        id: str,  # noqa: A002 -- what it is
    ) -> None:
        self.id = id
        self._database = database
        # Scopes of its open blocks.
        self._entered: list[Scope[Transaction]] = []

    def __enter__(self) -> Self:
        scopes = self._database.scopes
        scope = scopes.new()
        scope.tenant = self.id
        scopes.enter(scope)
        self._entered.append(scope)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        scopes = self._database.scopes
        scope = scopes.ending(self._entered)
        self._entered.remove(scope)
        scopes.leave(scope)

    @property
    def observers(self) -> Observers:
        """Observers of the calls."""
        return self._database.observers

    def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        """Run one statement for the tenant."""
        return self._database.run_statement(package, statement, values, read, self.id)

    def lease(
        self, package: Package, statement: Statement[Any] | None = None
    ) -> AbstractContextManager[Session]:
        """Lease a connection's session for several steps."""
        return self._database.lease(package, statement, self.id)

    def locate(self) -> Callable[[], str]:
        """Return a function that returns the connection string for a new connection."""
        return self._database.locate()

    def place_of_calls(self) -> Callable[[], Place]:
        """Return a function that tells observers where calls run."""
        return self._database.place_of_calls()
