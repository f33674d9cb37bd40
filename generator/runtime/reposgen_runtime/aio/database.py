"""What a package's repositories call: servers, and transactions on them."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar, TypeVarTuple, Unpack

from ..errors import (
    ConnectionLost,
    RepositoryError,
    TransactionClosed,
    TransactionNotShared,
    TransactionRequired,
)
from ..forking import tell_after_fork
from ..limits import own_settings, tenant_id
from ..notifications import behind
from ..observers import UNOBSERVED
from ..patience import Limit
from ..scope import Scopes
from ..settings import Options, Settings, listing_options, refuse_renamed
from ..transactions import Attempts, begin
from ..translate import outcome_of
from ._compat import (
    NOT_SHARED,
    FastConnection,
    PlainConnection,
    bottom,
    current_owner,
    sleep,
)
from .atomic import run_alone
from .connection import Session, needs_transaction
from .router import Router
from .tenant import Tenant
from .transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        Awaitable,
        Callable,
        Generator,
        Mapping,
        Sequence,
    )
    from contextlib import AbstractContextManager
    from types import TracebackType

    from psycopg import AsyncConnection
    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..observe import Place
    from ..scope import Scope
    from ..statement import Package, Statement
    from ..statistics import Health, Statistics
    from ..transactions import Callback, Isolation
    from .cache import ResultCache
    from .pipeline import Pipeline
    from .savepoints import Savepoint

R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Database:
    """A server's connections, and a source for repositories.

    A package's own Database has its repositories as attributes:

        async with Database.open("postgresql://…") as db:
            task = await db.tasks.get_task(id=task_id)
            async with db.transaction():
                await db.tasks.close_task(id=task.id)

    Outside of a transaction block each call has a connection to itself, and is
    committed when it returns.

    Attributes:
        scopes: the blocks that are open: transactions, tenants, and the like. What is
            started in a block inherits its tenant, but not its transaction.
        observers: who is told of the calls.
    """

    connection_class: ClassVar[type[AsyncConnection[Any]]] = FastConnection

    def __init__(self, settings: Settings, *, package: Package) -> None:
        self.scopes = Scopes[Transaction](current_owner, bottom)
        self.observers = settings.observing
        self._settings = settings
        self._package = package
        connection_class = self.connection_class
        if settings.use_cursors:
            connection_class = PlainConnection
        self._router = Router(settings, connection_class)

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
        refuse_renamed(options)
        settings = Settings(conninfo=conninfo, **options)
        if settings.cache is not None:
            from .cached import cached_class  # noqa: PLC0415 -- where there is a cache

            cls = cached_class(cls)  # noqa: PLW0642 -- one that keeps results
        return cls(settings)  # type: ignore[call-arg] # a package's has its own package

    async def __aenter__(self) -> Self:
        tell_after_fork(self)
        await self._router.open()
        if self._settings.verify != "off":
            await self._verify()
        self.observers.tell_opened(self)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _verify(self) -> None:
        """Compare the schema with the package's contract; close everything if it fails.

        Raises:
            ContractBroken: methods break, and `verify` is "error".
        """
        from .verifying import verify  # noqa: PLC0415 -- only where it is asked for

        try:
            strict = self._settings.verify == "error"
            await verify(self._router, self._package, strict=strict)
        except BaseException:
            await self._router.close(0.0)
            raise

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
        self.observers.tell_closed(self)
        await self._router.close(timeout)

    def after_fork(self) -> None:
        """In a child process: leave all connections to the parent."""
        self._router.after_fork()

    @property
    def cache(self) -> ResultCache:
        """What is kept of results.

        Raises:
            RepositoryError: the Database was opened without a cache.
        """
        raise RepositoryError("the Database was opened without a cache")

    def statistics(self) -> Statistics:
        """What the connections do, and what they have done."""
        return self._router.statistics()

    async def health(
        self,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- a bound of its own
    ) -> Health:
        """Whether the primary answers; a failure is part of the result.

        Args:
            timeout: seconds for all of it, the wait for a connection included.
        """
        return await self._router.primary.health(timeout)

    async def is_healthy(
        self,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- as above
    ) -> bool:
        """Whether the primary answers in time."""
        return (await self.health(timeout=timeout)).is_healthy

    # How statements run.

    async def run_statement(  # noqa: C901, PLR0912 -- in one frame: each call takes time
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
        router = self._router
        settings = router.limits
        if package.tenant is not None or statement.timeout is not None:
            settings = {**settings, **own_settings(package, statement, tenant)}
        server, route = router.primary, router.route(statement, scope)
        while True:
            if route is not None:
                server = await route.next()
            connection = None
            try:
                connection = server.try_acquire() or await server.acquire()
                session = router.session(connection, package)
                if settings:
                    return await run_alone(session, settings, statement, values, read)
                return await session.run(statement, values, read)
            except RepositoryError as error:
                if route is not None and await route.can_retry(error):
                    continue
                if statement.read_only or not isinstance(error, ConnectionLost):
                    raise
                raise outcome_of(error, statement) from None
            finally:
                router.record(statement)
                if connection is not None and (left := server.try_release(connection)):
                    await server.release(left)

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
        router = self._router
        settings = {**router.limits, **own_settings(package, statement, tenant)}
        route = router.route(statement, scope)
        async with router.lease(package, statement, settings, route) as session:
            yield session

    def locate(self) -> Callable[[], str]:
        """Return what tells where a connection leads to that has a session of its own.

        Raises:
            RepositoryError: only to a pooler.
        """
        settings = self._settings
        direct_conninfo = settings.direct_conninfo
        if settings.prepare == "never":
            direct_conninfo = behind(direct_conninfo)
        return lambda: direct_conninfo or self._router.primary.located

    def place_of_calls(self) -> Callable[[], Place]:
        """Return what tells observers where calls run, except those on replicas."""
        primary = self._router.primary
        return lambda: primary.place

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

    # The blocks that calls are made in.

    @asynccontextmanager
    async def primary(self) -> AsyncGenerator[None, None]:
        """A block whose reads no replica serves, nor those of tasks started in it."""
        with self._entered() as scope:
            scope.on_primary = True
            yield

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
        settings = self._router.limits
        if self._package.tenant is not None:
            own = own_settings(self._package, None, scope.tenant)
            settings = {**settings, **own}
        transaction: Transaction | None = None
        with self._observed() as call:  # noqa: F841 -- who waits finds it on the stack
            try:
                async with self._router.checkout(writes=not read_only) as sessions:
                    transaction = self._make_transaction(
                        sessions(self._package),
                        sessions,
                        settings,
                        self.scopes,
                        timeout,
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
                    await transaction.run_callbacks(error)
                raise
            await transaction.run_callbacks(None)

    def _observed(self) -> AbstractContextManager[object]:
        """A block that is reported to observers as a transaction."""
        if not self.observers.active:
            return UNOBSERVED
        from ..observing import TRANSACTION, Observation  # noqa: PLC0415 -- only if so

        return Observation(self.observers, TRANSACTION, self.place_of_calls())

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
            pipeline = self._make_pipeline()
            yield pipeline
            await pipeline.run(self._joinable(scope))

    def _make_pipeline(self) -> Pipeline:
        from .pipeline import Pipeline  # noqa: PLC0415 -- for packages that use it

        return Pipeline(self, self._router)

    def _make_transaction(
        self,
        session: Session,
        session_of: Callable[[Package], Session],
        settings: Mapping[str, str],
        scopes: Scopes[Transaction] | None,
        timeout: float | None,  # noqa: ASYNC109, RUF100 -- the server keeps it
    ) -> Transaction:
        return Transaction(
            session, session_of, settings, scopes, timeout, database=self
        )

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
        attempts = Attempts(retries, self._settings.failover_time)
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
                if self.observers.active:
                    from ..observing import retry  # noqa: PLC0415 -- only if so

                    self.observers.notify(retry(attempts.made, seconds, error))
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
