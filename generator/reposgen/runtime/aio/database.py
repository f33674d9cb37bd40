"""A pool of connections, and the transactions on them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import psycopg
import psycopg_pool
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from .. import wire
from ..errors import ConnectionLost, PoolClosed, PoolTimeout, Unavailable
from ..limits import own_settings
from ..settings import Settings
from ..translate import outcome_of, unreachable
from ..types import DatabaseTypes
from ._compat import to_the_end
from .atomic import one_transaction, run_alone
from .blocks import Blocks, Sessions
from .session import Session, needs_transaction

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence
    from types import TracebackType

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..statement import Package, Statement

R = TypeVar("R")
T = TypeVar("T")


class Database(Blocks):
    """A server's connections, and a source for repositories.

    A package's own Database has its repositories as attributes:

        async with Database.open("postgresql://…") as db:
            task = await db.tasks.get_task(id=task_id)
            async with db.transaction():
                await db.tasks.close_task(id=task.id)

    Outside of a transaction block each call has a connection to itself, and is
    committed when it returns.
    """

    connection_class: ClassVar[type[AsyncConnection[Any]]] = AsyncConnection

    def __init__(self, settings: Settings, *, package: Package) -> None:
        super().__init__(package)
        self._settings = settings
        self._types: dict[Package, DatabaseTypes] = {}
        self._pool: AsyncConnectionPool[AsyncConnection[Any]] | None = None

    @classmethod
    def open(
        cls,
        conninfo: str = "",
        *,
        min_size: int = 1,
        max_size: int = 10,
        timeout: float = 30.0,
        max_idle: float = 600.0,
        max_lifetime: float = 3600.0,
        statement_timeout: float | None = None,
        plain: bool = False,
    ) -> Self:
        """A Database to be used in an `async with` block; see `Settings`."""
        settings = Settings(
            conninfo=conninfo,
            min_size=min_size,
            max_size=max_size,
            timeout=timeout,
            max_idle=max_idle,
            max_lifetime=max_lifetime,
            statement_timeout=statement_timeout,
            plain=plain,
        )
        return cls(settings)  # type: ignore[call-arg] # a package's has its own package

    async def __aenter__(self) -> Self:
        settings = self._settings
        pool = AsyncConnectionPool(
            settings.conninfo,
            connection_class=self.connection_class,
            kwargs={
                "autocommit": True,
                # psycopg's own prepared statements would deallocate ours.
                "prepare_threshold": None,
                "client_encoding": "utf8",
                **settings.server_options(),
            },
            min_size=settings.min_size,
            max_size=settings.max_size,
            timeout=settings.timeout,
            max_idle=settings.max_idle,
            max_lifetime=settings.max_lifetime,
            open=False,
        )
        try:
            await pool.open(wait=True, timeout=settings.timeout)
        except psycopg_pool.PoolTimeout:
            raise await self._why_unavailable() from None
        self._pool = pool
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; those in use, as soon as they are free."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    async def _why_unavailable(self) -> Unavailable:
        try:
            connection = await AsyncConnection.connect(self._settings.conninfo)
        except psycopg.Error as error:
            return unreachable(error)
        await connection.close()
        return PoolTimeout(f"not ready within {self._settings.timeout:g} s")

    async def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        tenant: str | None = None,
    ) -> R:
        """Run one statement: in the current transaction, or on its own."""
        if package.tenant is not None and tenant is None:
            tenant = self._tenant()
        transaction = self.current()
        if transaction is not None:
            return await transaction.run_statement(
                package, statement, values, read, tenant
            )
        if statement.locks_rows:
            raise needs_transaction(statement)
        settings = None
        if package.tenant is not None or statement.timeout is not None:
            settings = own_settings(package, statement, tenant)
        connection = await self._take()
        try:
            session = self._session(connection, package)
            if settings:
                return await run_alone(session, settings, statement, values, read)
            return await session.run(statement, values, read)
        except ConnectionLost as error:
            if statement.read_only:
                raise
            raise outcome_of(error, statement) from None
        finally:
            await self._give_back(connection)

    @asynccontextmanager
    async def lease(
        self,
        package: Package,
        statement: Statement[Any] | None = None,
        tenant: str | None = None,
    ) -> AsyncGenerator[Session, None]:
        """The current transaction's connection, or one of the statement's own."""
        tenant = tenant or self._tenant()
        transaction = self.current()
        if transaction is not None:
            async with transaction.lease(package, statement, tenant) as session:
                yield session
            return
        if statement is not None and statement.locks_rows:
            raise needs_transaction(statement)
        settings = own_settings(package, statement, tenant)
        async with self._connected() as sessions:
            session = sessions(package)
            if not settings:
                yield session
                return
            async with one_transaction(session, settings):
                yield session

    def conninfo(self) -> str:
        """Where its connections lead to."""
        return self._settings.conninfo

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[AsyncConnection[Any], None]:
        """A psycopg connection: the transaction's, or one from the pool.

        In a package with tenants it is in a transaction of the tenant's, which is
        committed with the block.
        """
        async with self.lease(self._package) as session:
            yield session.connection

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[Sessions, None]:
        connection = await self._take()
        try:
            yield lambda package: self._session(connection, package)
        finally:
            await self._give_back(connection)

    def _session(self, connection: AsyncConnection[Any], package: Package) -> Session:
        types = self._types.get(package)
        if types is None:
            types = self._types[package] = DatabaseTypes(package)
        return Session.of(connection, package, types, fast=not self._settings.plain)

    async def _take(self) -> AsyncConnection[Any]:
        pool = self._pool
        if pool is None:
            raise PoolClosed("the Database is not open: use `async with`")
        try:
            return await pool.getconn()
        except psycopg_pool.PoolClosed:
            raise PoolClosed("the Database was closed") from None
        except (psycopg_pool.PoolTimeout, psycopg_pool.TooManyRequests):
            raise PoolTimeout(
                f"no connection became free within {self._settings.timeout:g} s"
            ) from None

    async def _give_back(self, connection: AsyncConnection[Any]) -> None:
        pool = self._pool
        if pool is None:
            await connection.close()
        elif wire.is_idle(connection.pgconn):
            await pool.putconn(connection)
        else:
            # The pool ends what is under way there, and keeps a cancellation to itself.
            await to_the_end(pool.putconn, connection)
