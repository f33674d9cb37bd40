"""On whose behalf calls are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
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
    """What `Database.tenant()` gives: a block, and a source for repositories.

    In the block all that the Database's repositories do is the tenant's, in this task
    and in those that it starts. Blocks may nest, and one Tenant may be entered often.
    Handed on explicitly, as in `TaskRepository(tenant)`, it needs no block.

    Attributes:
        id: as the setting holds it.
    """

    def __init__(
        self,
        database: Database,
        id: str,  # noqa: A002 -- what it is
    ) -> None:
        self.id = id
        self._database = database
        # Of its blocks that are open.
        self._entered: list[Scope[Transaction]] = []

    async def __aenter__(self) -> Self:
        scopes = self._database.scopes
        scope = scopes.new()
        scope.tenant = self.id
        scopes.enter(scope)
        self._entered.append(scope)
        return self

    async def __aexit__(
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
        """Who is told of its calls."""
        return self._database.observers

    async def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        """Run one statement for the tenant."""
        return await self._database.run_statement(
            package, statement, values, read, self.id
        )

    def lease(
        self, package: Package, statement: Statement[Any] | None = None
    ) -> AbstractAsyncContextManager[Session]:
        """A connection's session for more than one step."""
        return self._database.lease(package, statement, self.id)

    def locate(self) -> Callable[[], str]:
        """Return what tells where another connection leads to."""
        return self._database.locate()

    def place_of_calls(self) -> Callable[[], Place]:
        """Return what tells observers where its calls run."""
        return self._database.place_of_calls()
