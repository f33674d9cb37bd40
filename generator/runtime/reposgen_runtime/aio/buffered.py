"""Databases with buffers for `@buffered` queries, and the runner that fills them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from ..errors import PoolClosed, RepositoryError
from ..limits import own_settings
from .buffer import Buffer
from .database import Database
from .runner import Runner
from .tenant import Tenant

if TYPE_CHECKING:
    from ..buffering import BufferStatistics, Told
    from ..settings import Settings
    from ..statement import Package, Statement


class Buffers(ABC):
    """Source that accepts rows to be written later."""

    @abstractmethod
    async def put_row(
        self,
        package: Package,
        statement: Statement[Any],
        row: object,
        tenant: str | None = None,
    ) -> bool:
        """Add a row to a buffer; return False if it was dropped."""


class BufferedDatabase(Database, Buffers):
    """A Database whose package has `@buffered` queries.

    The rows are written in the background, by one task for each query. `close()` writes
    the waiting rows, and so does the end of the Database's block.

    Attributes:
        drain_timeout: seconds that `close()` takes to write waiting rows. Rows that are
            not written by then are given up and reported.
    """

    drain_timeout: float = 30.0

    def __init__(self, settings: Settings, *, package: Package) -> None:
        super().__init__(settings, package=package)
        self._guard = Lock()
        self._buffers: dict[Statement[Any], Buffer] = {}
        self._takes_rows = False
        self._told: list[Told] = []

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._buffers = {}
        self._takes_rows = True
        return self

    def after_fork(self) -> None:
        """Leave waiting rows to the parent, in a child process."""
        super().after_fork()
        # Another thread can have held the lock.
        self._guard = Lock()

    async def close(
        self,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- calls may go on meanwhile
    ) -> None:
        """Write the waiting rows, then close all connections.

        Args:
            timeout: seconds for running calls to end, after the rows are written.
        """
        with self._guard:
            self._takes_rows = False
            buffers = [*self._buffers.values()]
        until = monotonic() + self.drain_timeout
        try:
            for buffer in buffers:
                await buffer.finish()
            for buffer in buffers:
                await buffer.close(max(0.0, until - monotonic()))
        finally:
            await super().close(timeout=timeout)

    async def flush(
        self,
        *statements: Statement[Any],
        timeout: float | None = None,  # noqa: ASYNC109, RUF100 -- each buffer keeps it
    ) -> None:
        """Write all rows that are waiting now.

        Args:
            *statements: statements, as constants of the generated modules, whose
                buffers are written. Without any, all buffers are written.
            timeout: seconds to wait for each buffer; None waits forever.

        Raises:
            NotFlushed: the rows were not written in time; they stay in the buffer.
        """
        for statement in statements:
            if statement.buffer is None:
                raise RepositoryError("has no buffer", query=statement.name)
        for statement, buffer in [*self._buffers.items()]:
            if not statements or statement in statements:
                await buffer.flush(timeout)

    def buffers(self) -> dict[str, BufferStatistics]:
        """Return counts of the rows by query name, such as `tasks.add_task`."""
        return {
            statement.name: buffer.statistics()
            for statement, buffer in [*self._buffers.items()]
        }

    def on_write_failure(self, callback: Told) -> None:
        """Register a callback for rows that are given up.

        It is called in the background, outside of any transaction. An awaitable result
        is awaited. Without a callback an error is logged, without row data.
        """
        self._told.append(callback)

    def tenant(self, id: object) -> BufferedTenant:  # noqa: A002 -- what it is
        """Return a block whose calls are made for a tenant; see `Database.tenant`."""
        return BufferedTenant(self, super().tenant(id).id)

    async def put_row(
        self,
        package: Package,
        statement: Statement[Any],
        row: object,
        tenant: str | None = None,
    ) -> bool:
        """Add a row to its buffer, in no transaction; return False if dropped."""
        if package.tenant is not None:
            tenant = tenant or self.current_tenant()
            own_settings(package, statement, tenant)
        with self._guard:
            if not self._takes_rows:
                raise PoolClosed("the Database is not open", query=statement.name)
            buffer = self._buffers.get(statement)
            if buffer is None:
                buffer = Buffer(self, package, statement, self._told)
                self._buffers[statement] = buffer
        return await buffer.put(row, tenant, self._settings.timeout)


class BufferedTenant(Tenant, Buffers):
    """A tenant's block, and a source that can add rows to the Database's buffers."""

    def __init__(
        self,
        database: BufferedDatabase,
        id: str,  # noqa: A002 -- what it is
    ) -> None:
        super().__init__(database, id)
        self._buffers = database

    async def put_row(
        self,
        package: Package,
        statement: Statement[Any],
        row: object,
        tenant: str | None = None,
    ) -> bool:
        """Add a row of the tenant; return False if it was dropped."""
        return await self._buffers.put_row(package, statement, row, tenant or self.id)


class BufferedRunner(Runner):
    """Runner for a repository with `@buffered` queries."""

    __slots__ = ()

    async def buffer(self, statement: Statement[Any], row: object) -> bool:
        """Add a row to be written later; return False if it was dropped.

        Raises:
            BufferFull: there was no room in time.
            RepositoryError: the repository runs on a connection or a transaction.
        """
        if self._observers.active:
            return await (self._twin or self._observe()).buffer(statement, row)
        if not isinstance(self._executor, Buffers):
            raise RepositoryError(
                "rows wait in a Database, and are part of no transaction: call this on"
                " a Database's repository",
                query=statement.name,
            )
        return await self._executor.put_row(self._package, statement, row)
