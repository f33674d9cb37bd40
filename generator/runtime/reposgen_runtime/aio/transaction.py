"""Transaction blocks and their savepoints."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg

from .. import wire
from ..errors import (
    BlocksOverlap,
    CallbackFailed,
    ConnectionLost,
    OutcomeUnknown,
    RepositoryError,
    SchemaChanged,
    TenantRequired,
    TransactionClosed,
    TransactionFailed,
    TransactionNotShared,
    WrongTenant,
)
from ..notifications import conninfo_of
from ..observers import NOBODY, UNOBSERVED
from ..patience import grace_of
from ..transactions import TRANSACTION_TIMEOUT, Callbacks, Outcome, set_local, timeouts
from ._compat import NOT_SHARED, call, current_owner, unhindered
from .limits import limit_of, limited, run_limited
from .savepoints import Savepoints

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..observe import Place
    from ..observers import Observers
    from ..patience import Limit
    from ..scope import Scopes
    from ..statement import Package, Statement
    from ..transactions import Callback
    from .connection import Session
    from .executor import Executor
    from .savepoints import Savepoint

R = TypeVar("R")
T = TypeVar("T")

# There is none of that name. The server logs it.
_FAIL: Final = 'ROLLBACK TO SAVEPOINT "a call of the pipeline failed"'


class Transaction:
    """A transaction that `Database.transaction()` opens, and a source for repositories.

    Repositories of the Database join it automatically. Passed on explicitly, as in
    `TaskRepository(transaction)`, it can be used by other tasks, one statement at a
    time.

    Attributes:
        owner: the task that opened it.
        closed: True if the block has ended.
    """

    def __init__(
        self,
        session: Session,
        session_of: Callable[[Package], Session],
        settings: Mapping[str, str],
        scopes: Scopes[Transaction] | None = None,
        timeout: float | None = None,
        *,
        database: Executor | None = None,
    ) -> None:
        self._database = database
        self.owner = current_owner()
        self.closed = False
        self._session = session
        self._session_of = session_of
        self._settings = settings
        self._scopes = scopes
        self._timeout = timeout
        # Created on first use, which is rare.
        self._callbacks: Callbacks | None = None
        self._savepoints: Savepoints | None = None
        self._outcome = Outcome.UNKNOWN
        # Limits the time that the connection waits for an answer.
        self._limit: Limit | None = None

    async def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        tenant: str | None = None,
    ) -> R:
        """Run one statement in the transaction."""
        session = self._session
        if self.closed or package is not session.package or package.tenant is not None:
            session = self.session(package, tenant)
        if statement.timeout is None:
            return await session.run(statement, values, read)
        seconds = self.effective_timeout(statement.timeout)
        return await run_limited(session, seconds, statement, values, read)

    @asynccontextmanager
    async def lease(
        self,
        package: Package,
        statement: Statement[Any] | None = None,
        tenant: str | None = None,
    ) -> AsyncGenerator[Session, None]:
        """Lease the transaction's connection."""
        session = self.session(package, tenant)
        session.usage.require_free()
        await self._begun()
        if statement is None or statement.timeout is None:
            yield session
            return
        async with limited(session, self.effective_timeout(statement.timeout)):
            yield session

    def locate(self) -> Callable[[], str]:
        """Return a function that returns the connection's connection string."""
        conninfo = conninfo_of(self._session.connection)
        return lambda: conninfo

    @property
    def observers(self) -> Observers:
        """Observers of the calls."""
        return NOBODY if self._database is None else self._database.observers

    def place_of_calls(self) -> Callable[[], Place]:
        """Return a function that tells observers where calls run.

        Raises:
            RepositoryError: the transaction has no observers.
        """
        if self._database is None:
            raise RepositoryError("nobody observes the transaction")
        return self._database.place_of_calls()

    def _observed(self) -> AbstractContextManager[object]:
        """Return a block that observers see as a savepoint."""
        if not self.observers.active:
            return UNOBSERVED
        from ..observing import SAVEPOINT, Observation  # noqa: PLC0415 -- as above

        return Observation(self.observers, SAVEPOINT, self.place_of_calls())

    def on_commit(self, callback: Callback) -> None:
        """Register a callback to run after the outermost block is committed.

        It runs outside of the transaction, after the connection is back in the pool. An
        awaitable result is awaited. A callback registered within a savepoint that is
        rolled back is never called. If a callback fails, the others are still called,
        and `CallbackFailed` is raised.
        """
        self._followers().on_commit(callback)

    def on_rollback(self, callback: Callback) -> None:
        """Register a callback to run if the current work is rolled back.

        It runs after the outermost block has ended, even with a commit, if the
        savepoint in which it was registered was rolled back. If a callback fails, a
        note is added to the error that rolled the block back.
        """
        self._followers().on_rollback(callback)

    @asynccontextmanager
    async def savepoint(
        self, name: str | None = None
    ) -> AsyncGenerator[Savepoint, None]:
        """Roll back the block's work if it fails; the transaction continues.

        Args:
            name: name of the savepoint in SQL; None for a generated name.

        Raises:
            TransactionClosed: the transaction has ended.
            TransactionNotShared: this task is not the transaction's owner.
            RepositoryError: a savepoint of that name exists.
        """
        callbacks = self._followers()
        if self.owner != current_owner():
            raise TransactionNotShared(NOT_SHARED)
        self._session.usage.require_free()
        if self._savepoints is None:
            self._savepoints = Savepoints(self._session, self.command, callbacks)
        with self._observed():
            if self._scopes is None:
                async with self._savepoints.block(name) as savepoint:
                    yield savepoint
                return
            scope = self._scopes.new()
            if not scope.holds(self.innermost):
                raise BlocksOverlap(
                    "another generator or function has set a savepoint in this"
                    " transaction, and has not left its block: savepoints of one"
                    " transaction must nest"
                )
            async with self._savepoints.block(name) as savepoint:
                scope.savepoint = savepoint
                self._scopes.enter(scope)
                try:
                    yield savepoint
                finally:
                    self._scopes.leave(scope)

    @property
    def innermost(self) -> Savepoint | None:
        """Its innermost open savepoint, or None."""
        return None if self._savepoints is None else self._savepoints.innermost

    async def command(self, sql: str) -> None:
        """Run a command of the transaction itself, such as COMMIT."""
        self._require_open()
        try:
            await self._session.command(sql)
        except psycopg.Error as error:
            raise await self._session.translated(error) from None

    async def begin(self, command: str, *, now: bool = False) -> None:
        """Begin the transaction with its settings.

        Args:
            command: the BEGIN command.
            now: True to send it now; False sends it with the first statement, in the
                same round trip.
        """
        session = self._session
        session.state.opening.append(command)
        settings = self._settings
        if self._timeout is not None:
            version = session.connection.pgconn.server_version
            settings = {**settings, **timeouts(self._timeout, version)}
            if version >= TRANSACTION_TIMEOUT:
                session.state.ends_at = monotonic() + self._timeout
        if settings:
            session.state.opening.append(set_local(settings, session.connection))
            self._limit = limit_of(session.connection, settings)
            self._limit.__enter__()
        try:
            if now or not session.is_fast:
                await self._begun()
        except BaseException:
            # No other statement on the connection may begin it later.
            session.state.opening.clear()
            self._unlimit()
            raise

    def _unlimit(self) -> None:
        self._session.state.ends_at = None
        limit, self._limit = self._limit, None
        if limit is not None:
            limit.__exit__(None, None, None)

    async def _begun(self) -> None:
        try:
            await self._session.open()
        except psycopg.Error as error:
            raise await self._session.translated(error) from None

    async def commit(self) -> None:
        """Commit the transaction.

        Raises:
            TransactionFailed: a statement had failed; the transaction was rolled back.
            BlocksOverlap: a savepoint's block is still open; it was rolled back.
            OutcomeUnknown: the connection broke.
            ConnectionLost: the transaction was idle for longer than
                `idle_in_transaction_session_timeout`; it was rolled back.
            ConstraintViolation: a deferred constraint failed; it was rolled back.
        """
        if self.innermost is not None:
            await self.roll_back()
            raise BlocksOverlap(
                "a block within the transaction block is still open, in a generator or"
                " another function: the transaction was rolled back"
            )
        spoilt = self._savepoints is not None and self._savepoints.spoilt
        if spoilt or wire.is_failed(self._session.connection.pgconn):
            await self.roll_back()
            raise TransactionFailed(
                "an earlier statement failed: the transaction was rolled back"
            )
        try:
            await self._end("COMMIT")
        except ConnectionLost as error:
            if error.done is False:
                self._outcome = Outcome.ROLLED_BACK
                raise
            raise OutcomeUnknown(
                "the connection broke during COMMIT",
                sqlstate=error.sqlstate,
                driver_error=error.driver_error,
            ) from None
        except RepositoryError:
            self._outcome = Outcome.ROLLED_BACK
            raise
        self._outcome = Outcome.COMMITTED

    async def roll_back(self) -> None:
        """Roll the transaction back."""
        self._outcome = Outcome.ROLLED_BACK
        # If the connection is lost, the server rolls back.
        with suppress(RepositoryError):
            await self._end("ROLLBACK")

    async def require_rollback(self) -> None:
        """Put the transaction in the state that a failed statement leaves it in.

        It can then only be rolled back, as a whole or to a savepoint set before.
        """
        session = self._session
        begun = not session.state.opening
        if begun and not wire.is_failed(session.connection.pgconn):
            with suppress(psycopg.Error):
                await session.command(_FAIL)

    async def undo(self, error: BaseException) -> None:
        """Roll the transaction back after an error, even if the task is cancelled."""
        if isinstance(error, Exception):
            await self.roll_back()
            if isinstance(error, SchemaChanged):
                await self._session.explain(error)
        else:
            # The task can be cancelled again.
            seconds = grace_of(self._session.connection)
            await unhindered(Transaction.roll_back, self, seconds)

    async def _end(self, command: str) -> None:
        try:
            # A transaction that was not begun needs no command.
            if self._session.state.opening:
                self._session.state.opening.clear()
            else:
                await self.command(command)
        finally:
            self._unlimit()

    async def run_callbacks(self, error: BaseException | None) -> None:
        """Run the callbacks for the transaction's outcome.

        Args:
            error: the error that ended the transaction; None if there was none.

        Raises:
            CallbackFailed: a callback of a committed transaction failed.
        """
        if self._callbacks is None or self._session.usage.is_foreign:
            return
        failures: list[Exception] = []
        for callback in self._callbacks.callbacks_for(self._outcome):
            try:
                await call(callback)
            except Exception as failed:  # noqa: BLE001 -- all are told of below
                failures.append(failed)
        if error is not None:
            for failure in failures:
                error.add_note(f"and an on_rollback callback failed: {failure!r}")
        elif failures:
            raise CallbackFailed(
                f"the transaction was committed, but callbacks failed: {failures!r}",
                errors=failures,
            ) from failures[0]

    def require_tenant(self, package: Package, tenant: str | None) -> None:
        """Check that a statement is for the transaction's tenant.

        Args:
            package: package of the statement.
            tenant: tenant that the call is made for; None if unknown.

        Raises:
            TenantRequired: the transaction has no tenant.
            WrongTenant: the transaction has another tenant.
        """
        if package.tenant is None:
            return
        own = self._settings.get(package.tenant)
        if own is None:
            raise TenantRequired(f"the transaction sets no {package.tenant}")
        if tenant is not None and tenant != own:
            raise WrongTenant("the transaction block is another tenant's")

    def effective_timeout(self, seconds: float) -> float:
        """Return a statement's timeout in seconds, limited to the transaction's."""
        return seconds if self._timeout is None else min(seconds, self._timeout)

    def session(self, package: Package, tenant: str | None) -> Session:
        """Return the session of a package on the transaction's connection.

        Raises:
            TransactionClosed: the transaction has ended.
            WrongTenant: the transaction has another tenant.
        """
        self._require_open()
        if package.tenant is not None:
            self.require_tenant(package, tenant)
        own = self._session
        return own if package is own.package else self._session_of(package)

    def _followers(self) -> Callbacks:
        self._require_open()
        if self._callbacks is None:
            self._callbacks = Callbacks()
        return self._callbacks

    def _require_open(self) -> None:
        if self.closed:
            raise TransactionClosed("the transaction block has ended")
