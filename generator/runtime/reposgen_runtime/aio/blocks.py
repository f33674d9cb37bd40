"""The blocks that calls are made in: transactions, and those of a tenant."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import (
    AbstractAsyncContextManager,
    asynccontextmanager,
    contextmanager,
)
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, TypeVarTuple

from ..errors import (
    RepositoryError,
    TransactionClosed,
    TransactionNotShared,
    TransactionRequired,
)
from ..limits import own_settings, tenant_id
from ..scope import Scopes
from ..transactions import Attempts, begin
from ._compat import NOT_SHARED, bottom, current_owner, sleep
from .pipeline import Pipeline
from .tenant import Tenant
from .transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Generator,
        Sequence,
    )

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..scope import Scope
    from ..statement import Package, Statement
    from ..transactions import Callback, Isolation
    from .savepoints import Savepoint
    from .session import Session

R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")

Sessions: TypeAlias = "Callable[[Package], Session]"


class Blocks(ABC):
    """What a Database knows of the block that a call is made in.

    What is started in the block inherits the tenant, but not the transaction.

    Attributes:
        scopes: the blocks that are open.
    """

    def __init__(self, package: Package) -> None:
        self._package = package
        # What each transaction sets, where no session may keep it.
        self._limits: dict[str, str] = {}
        # Seconds for which `run` does its work again while there is no primary.
        self._failover_time = 0.0
        self.scopes = Scopes[Transaction](current_owner, bottom)

    @abstractmethod
    def _connected(
        self, *, writes: bool = True
    ) -> AbstractAsyncContextManager[Sessions]:
        """A block with a connection to itself, where writes are possible."""

    @abstractmethod
    async def run_statement(
        self,
        package: Package,
        statement: Statement[R],
        values: Sequence[Any],
        read: Callable[[Codec[R], PGresult], T],
        tenant: str | None = None,
    ) -> T:
        """Run one statement: in the current transaction, or on its own."""

    @abstractmethod
    def lease(
        self,
        package: Package,
        statement: Statement[Any] | None = None,
        tenant: str | None = None,
    ) -> AbstractAsyncContextManager[Session]:
        """The current transaction's connection, or one of the statement's own."""

    @abstractmethod
    def locate(self) -> Callable[[], str]:
        """Return what tells where its connections lead to."""

    @asynccontextmanager
    async def transaction(
        self,
        *,
        isolation: Isolation | None = None,
        read_only: bool = False,
        deferrable: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109, RUF100 -- the server keeps it
    ) -> AsyncGenerator[Transaction, None]:
        """A block that is committed at its end, or undone by an exception.

        What this Database's repositories do in it, in this task, is part of it. A
        block within a block is a savepoint.

        Args:
            isolation: other than the server's default.
            read_only: refuse writes.
            deferrable: of a serializable read-only transaction: wait for a snapshot
                that no conflict can abort.
            timeout: seconds that each statement may take; from PostgreSQL 17 on, also
                the transaction as a whole.

        Raises:
            TransactionFailed: a statement failed and its error was caught in the block.
            OutcomeUnknown: the connection broke during COMMIT.
            TransactionTimeout: it took too long as a whole.
            CallbackFailed: it was committed, but an `on_commit` callback failed.
            TenantRequired: the package needs a tenant, and there is none.
        """
        command = begin(isolation, read_only=read_only, deferrable=deferrable)
        scope = self.scopes.new()
        outer = self._joinable(scope)
        if outer is not None:
            if command != begin(None) or timeout is not None:
                raise RepositoryError(
                    "a block within a transaction block is a savepoint of it, which has"
                    " no isolation, read_only, deferrable or timeout of its own"
                )
            outer.require_tenant(self._package, scope.tenant)
            async with outer.savepoint():
                yield outer
            return
        settings = self._limits
        if self._package.tenant is not None:
            own = own_settings(self._package, None, scope.tenant)
            settings = {**settings, **own}
        transaction: Transaction | None = None
        try:
            async with self._connected(writes=not read_only) as sessions:
                transaction = Transaction(
                    sessions(self._package), sessions, settings, self.scopes, timeout
                )
                await transaction.begin(command)
                scope.transaction = transaction
                self.scopes.enter(scope)
                try:
                    yield transaction
                except BaseException as error:
                    await transaction.undo(error)
                    raise
                else:
                    await transaction.commit()
                finally:
                    transaction.closed = True
                    self.scopes.leave(scope)
        except BaseException as error:
            if transaction is not None:
                await transaction.follow(error)
            raise
        await transaction.follow(None)

    @asynccontextmanager
    async def pipeline(self) -> AsyncGenerator[Pipeline, None]:
        """A block whose calls make one round trip together, at its end.

            async with db.pipeline() as pipeline:
                task = pipeline.add(db.tasks.get_task, id=task_id)
                pipeline.add(db.tasks.count_visit, id=task_id)
            print(task.result())

        They are one transaction, or part of the one that the block is in. Nothing is
        sent if an exception leaves the block.

        Raises:
            RepositoryError: of the first call that failed; all of them are undone.
            OutcomeUnknown: the connection broke.
        """
        with self._entered() as scope:
            pipeline = Pipeline(self, self._connected, self._limits)
            yield pipeline
            await pipeline.run(self._joinable(scope))

    @asynccontextmanager
    async def savepoint(
        self, name: str | None = None
    ) -> AsyncGenerator[Savepoint, None]:
        """A block in a transaction whose failure undoes what was done in it alone.

        Args:
            name: what SQL is to know it by.

        Raises:
            TransactionRequired: there is no transaction.
            RepositoryError: there is a savepoint of that name.
        """
        transaction = _required("a savepoint", self._joinable(self.scopes.new()))
        async with transaction.savepoint(name) as savepoint:
            yield savepoint

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
        """Do some work in a transaction; again, if others were in its way.

        It is done again after a serialization failure or a deadlock, which undid all of
        it, with a random wait before that. With several hosts it is also done again
        while the primary is lost, until another one has taken over; for as long as
        `failover_timeout` at most. After no other error: least of all where the outcome
        is unknown. Within a transaction block it is done once, as a savepoint: only the
        outermost can begin anew.

        Args:
            work: what to do; what it does to the world beside the database it may do
                several times.
            *args: for `work`.
            retries: how often to do it again.
            isolation: as of `transaction`, like the others.
            read_only: refuse writes.
            deferrable: wait for a snapshot that no conflict can abort.
            timeout: seconds for each attempt.

        Returns:
            What `work` does.

        Raises:
            SerializationFailure: at the last attempt, too.
            Deadlock: at the last attempt, too.
            Unavailable: no primary was there for `failover_timeout` seconds.
        """
        is_outermost = self.current() is None
        attempts = Attempts(retries, self._failover_time)
        while True:
            try:
                async with self.transaction(
                    isolation=isolation,
                    read_only=read_only,
                    deferrable=deferrable,
                    timeout=timeout,
                ):
                    return await work(*args)
            except RepositoryError as error:
                seconds = attempts.wait_after(error) if is_outermost else None
                if seconds is None:
                    raise
            await sleep(seconds)

    def tenant(self, id: object) -> Tenant:  # noqa: A002 -- what it is
        """A block whose calls are a tenant's, or a source for repositories.

        Row-level security sees the tenant in the setting that `tenant` in codegen.toml
        names. It is made for each transaction and each single call, and ends with it.

        Args:
            id: as text it is the setting's value.

        Raises:
            InvalidArgument: it is None or empty, or no text that PostgreSQL can hold.
            RepositoryError: the package has no tenants.
        """
        if self._package.tenant is None:
            raise RepositoryError(f"package {self._package.name} has no tenants")
        return Tenant(self, tenant_id(id))

    def on_commit(self, callback: Callback) -> None:
        """Call something once the current transaction is committed: see there.

        Raises:
            TransactionRequired: there is no transaction.
        """
        _required("on_commit", self.current()).on_commit(callback)

    def on_rollback(self, callback: Callback) -> None:
        """Call something once the current transaction is undone: see there.

        Raises:
            TransactionRequired: there is no transaction.
        """
        _required("on_rollback", self.current()).on_rollback(callback)

    def current(self) -> Transaction | None:
        """The transaction block that the code is in, if any.

        Raises:
            TransactionNotShared: the block, not yet left, is another task's, in which
                this one was started. (Once it is left, there is nothing to join.)
        """
        scope = self.scopes.current()
        return None if scope is None else self._joinable(scope)

    def _joinable(self, scope: Scope[Transaction]) -> Transaction | None:
        """The transaction that is in force in a scope, if this task may use it.

        Raises:
            TransactionNotShared: it may not.
            TransactionClosed: it has ended before a block within it.
        """
        transaction = scope.transaction
        if transaction is None:
            return None
        owner = current_owner()
        if transaction.closed:
            # A task that was started there goes on by itself.
            if scope.closed or scope.owner != owner:
                return None
            raise TransactionClosed(
                "the transaction block that this block was entered in has ended"
            )
        if transaction.owner != owner:
            raise TransactionNotShared(NOT_SHARED)
        return transaction

    @contextmanager
    def _entered(self) -> Generator[Scope[Transaction], None, None]:
        """A block that changes nothing but is a generator's own."""
        scope = self.scopes.new()
        self.scopes.enter(scope)
        try:
            yield scope
        finally:
            self.scopes.leave(scope)

    def current_tenant(self) -> str | None:
        """On whose behalf the code makes its calls, if it is known.

        Raises:
            BlocksOverlap: it can't be told.
        """
        scope = self.scopes.current()
        return None if scope is None else scope.tenant


def _required(what: str, transaction: Transaction | None) -> Transaction:
    if transaction is None:
        raise TransactionRequired(f"{what} needs a transaction block")
    return transaction
