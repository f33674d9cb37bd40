"""What a package's repositories call: servers, and transactions on them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, Unpack

from ..forking import tell_after_fork
from ..limits import own_settings
from ..notifications import behind
from ..patience import Limit
from ..settings import Options, Settings, listing_options
from ..statistics import Statistics
from ._compat import FastConnection, PlainConnection, to_the_end
from .servers import Servers
from .session import needs_transaction

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from types import TracebackType

    from psycopg import AsyncConnection
    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..statement import Package, Statement
    from ..statistics import Health
    from .session import Session

R = TypeVar("R")
T = TypeVar("T")


class Database(Servers):
    """A server's connections, and a source for repositories.

    A package's own Database has its repositories as attributes:

        async with Database.open("postgresql://…") as db:
            task = await db.tasks.get_task(id=task_id)
            async with db.transaction():
                await db.tasks.close_task(id=task.id)

    Outside of a transaction block each call has a connection to itself, and is
    committed when it returns.
    """

    connection_class: ClassVar[type[AsyncConnection[Any]]] = FastConnection

    def __init__(self, settings: Settings, *, package: Package) -> None:
        connection_class = self.connection_class
        if settings.plain:
            connection_class = PlainConnection
        super().__init__(settings, connection_class, package)

    @classmethod
    @listing_options
    def open(
        cls, conninfo: str | Sequence[str] = "", **options: Unpack[Options]
    ) -> Self:
        """A Database to be used in an `async with` block.

        Args:
            conninfo: a URL or `host=… dbname=…`; what is missing comes from `PG…`
                variables of the environment. Of several hosts, in one string or a list,
                the Database finds the primary; the others serve reads.
            **options: see `Settings`.
        """
        settings = Settings(conninfo=conninfo, **options)
        return cls(settings)  # type: ignore[call-arg] # a package's has its own package

    async def __aenter__(self) -> Self:
        tell_after_fork(self)
        if self._others is not None:
            await self._others.open()
        try:
            await self._primary.open()
        except BaseException:
            if self._others is not None:
                await to_the_end(self._others.close, 0.0)
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(
        self,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- calls may go on meanwhile
    ) -> None:
        """Take no more calls, and close all connections.

        Args:
            timeout: seconds for the calls that have one to end; then their statements
                are cancelled on the server.
        """
        self._primary.require_home()
        if self._others is not None:
            await self._others.close(timeout)
        await self._primary.close(timeout)

    def statistics(self) -> Statistics:
        """What the connections do, and what they have done."""
        replicas = () if self._others is None else self._others.followers
        return Statistics(
            primary=self._primary.statistics(),
            replicas=tuple(replica.statistics() for replica in replicas),
        )

    async def health(
        self,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- a bound of its own
    ) -> Health:
        """Whether the primary answers; a failure is part of the result.

        Args:
            timeout: seconds for all of it, the wait for a connection included.
        """
        return await self._primary.health(timeout)

    async def is_healthy(
        self,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- as above
    ) -> bool:
        """Whether the primary answers in time."""
        return (await self.health(timeout=timeout)).is_healthy

    async def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        tenant: str | None = None,
    ) -> R:
        """Run one statement: in the current transaction, or on its own."""
        scopes = self.scopes
        scope = scopes.current() if scopes.open.get() or scopes.strands else None
        if scope is not None:
            if tenant is None:
                tenant = scope.tenant
            transaction = self._joinable(scope)
            if transaction is not None:
                return await transaction.run_statement(
                    package, statement, values, read, tenant
                )
        if statement.locks_rows:
            raise needs_transaction(statement)
        settings = self._limits
        if package.tenant is not None or statement.timeout is not None:
            settings = {**settings, **own_settings(package, statement, tenant)}
        replicas = self._replicas
        if replicas is None:
            return await self._run_on(
                self._primary, package, statement, values, read, settings=settings
            )
        return await self._run_on_one(
            replicas, package, statement, values, read, settings=settings
        )

    @asynccontextmanager
    async def lease(
        self,
        package: Package,
        statement: Statement[Any] | None = None,
        tenant: str | None = None,
    ) -> AsyncGenerator[Session, None]:
        """The current transaction's connection, or one of the statement's own."""
        scope = self.scopes.current()
        transaction = None
        if scope is not None:
            tenant = tenant or scope.tenant
            transaction = self._joinable(scope)
        if transaction is not None:
            async with transaction.lease(package, statement, tenant) as session:
                yield session
            return
        if statement is not None and statement.locks_rows:
            raise needs_transaction(statement)
        settings = {**self._limits, **own_settings(package, statement, tenant)}
        async with self._leased(package, statement, settings) as session:
            yield session

    def locate(self) -> Callable[[], str]:
        """Return what tells where a connection leads to that has a session of its own.

        Raises:
            RepositoryError: only to a pooler.
        """
        settings = self._settings
        direct = settings.direct
        if settings.prepare == "never":
            direct = behind(direct)
        return lambda: direct or self._primary.located

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[AsyncConnection[Any], None]:
        """A psycopg connection: the transaction's, or one from the pool.

        In a package with tenants it is in a transaction of the tenant's, which is
        committed with the block.
        """
        # What the caller says there of timeouts, nobody hears.
        with self._entered():
            async with self.lease(self._package) as session:
                connection = session.connection
                with Limit(connection, None):
                    yield connection
