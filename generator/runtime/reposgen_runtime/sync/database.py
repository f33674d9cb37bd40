# Derived from ../aio/database.py by derive_sync.py: change that file.
"""Databases, which repositories call: servers and transactions on them."""

from __future__ import annotations

from contextlib import contextmanager
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
        Callable,
        Generator,
        Mapping,
        Sequence,
    )
    from contextlib import AbstractContextManager
    from types import TracebackType

    from psycopg import Connection
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

        with Database.open("postgresql://…") as db:
            task = db.tasks.get_task(id=task_id)
            with db.transaction():
                db.tasks.close_task(id=task.id)

    Outside of a transaction block each call uses a connection exclusively, and is
    committed when it returns.

    Attributes:
        scopes: open blocks of transactions, tenants and the like. A task started in a
            block inherits its tenant, but not its transaction.
        observers: observers of the calls.
    """

    connection_class: ClassVar[type[Connection[Any]]] = FastConnection

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
        """Return a Database to be used in a `with` block.

        Args:
            conninfo: a URL or `host=… dbname=…`; missing parameters come from the `PG…`
                environment variables. With several hosts, in one string or a list, the
                Database finds the primary, and the other hosts serve reads.
            **options: see `Settings`.
        """
        refuse_renamed(options)
        settings = Settings(conninfo=conninfo, **options)
        if settings.cache is not None:
            from .cached import cached_class  # noqa: PLC0415 -- where there is a cache

            cls = cached_class(cls)  # noqa: PLW0642 -- one that keeps results
        return cls(settings)  # type: ignore[call-arg] # a package's has its own package

    def __enter__(self) -> Self:
        tell_after_fork(self)
        self._router.open()
        if self._settings.verify != "off":
            self._verify()
        self.observers.tell_opened(self)
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _verify(self) -> None:
        """Compare the schema with the package's contract; close everything if it fails.

        Raises:
            ContractBroken: methods break, and `verify` is "error".
        """
        from .verifying import verify  # noqa: PLC0415 -- only where it is asked for

        try:
            strict = self._settings.verify == "error"
            verify(self._router, self._package, strict=strict)
        except BaseException:
            self._router.close(0.0)
            raise

    def close(
        self,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- calls may go on meanwhile
    ) -> None:
        """Accept no more calls, and close all connections.

        Args:
            timeout: seconds for running calls to end; then their statements are
                cancelled on the server.
        """
        self.observers.tell_closed(self)
        self._router.close(timeout)

    def after_fork(self) -> None:
        """Leave all connections to the parent, in a child process."""
        self._router.after_fork()

    @property
    def cache(self) -> ResultCache:
        """Cache of results.

        Raises:
            RepositoryError: the Database was opened without a cache.
        """
        raise RepositoryError("the Database was opened without a cache")

    def statistics(self) -> Statistics:
        """Return the current state and counts of the connections."""
        return self._router.statistics()

    def health(
        self,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- a bound of its own
    ) -> Health:
        """Check whether the primary answers; a failure is part of the result.

        Args:
            timeout: seconds for the check, including the wait for a connection.
        """
        return self._router.primary.health(timeout)

    def is_healthy(
        self,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- as above
    ) -> bool:
        """Return True if the primary answers within `timeout` seconds."""
        return (self.health(timeout=timeout)).is_healthy

    # How statements run.

    def run_statement(  # noqa: C901, PLR0912 -- in one frame: each call takes time
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        tenant: str | None = None,
    ) -> R:
        """Run one statement in the current transaction, or on its own."""
        scopes = self.scopes
        scope = scopes.current() if scopes.open.get() or scopes.strands else None
        if scope is not None:
            if tenant is None:
                tenant = scope.tenant
            transaction = self._joinable(scope)
            if transaction is not None:
                return transaction.run_statement(
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
                server = route.next()
            connection = None
            try:
                connection = server.try_acquire() or server.acquire()
                session = router.session(connection, package)
                if settings:
                    return run_alone(session, settings, statement, values, read)
                return session.run(statement, values, read)
            except RepositoryError as error:
                if route is not None and route.can_retry(error):
                    continue
                if statement.read_only or not isinstance(error, ConnectionLost):
                    raise
                raise outcome_of(error, statement) from None
            finally:
                router.record(statement)
                if connection is not None and (left := server.try_release(connection)):
                    server.release(left)

    @contextmanager
    def lease(
        self,
        package: Package,
        statement: Statement[Any] | None = None,
        tenant: str | None = None,
    ) -> Generator[Session, None, None]:
        """Lease the connection of the current transaction, or a separate connection."""
        scope = self.scopes.current()
        transaction = None
        if scope is not None:
            tenant = tenant or scope.tenant
            transaction = self._joinable(scope)
        if transaction is not None:
            with transaction.lease(package, statement, tenant) as session:
                yield session
            return
        if statement is not None and statement.locks_rows:
            raise needs_transaction(statement)
        router = self._router
        settings = {**router.limits, **own_settings(package, statement, tenant)}
        route = router.route(statement, scope)
        with router.lease(package, statement, settings, route) as session:
            yield session

    def locate(self) -> Callable[[], str]:
        """Return a function that returns the connection string for a separate session.

        Raises:
            RepositoryError: the only connection string leads to a pooler.
        """
        settings = self._settings
        direct_conninfo = settings.direct_conninfo
        if settings.prepare == "never":
            direct_conninfo = behind(direct_conninfo)
        return lambda: direct_conninfo or self._router.primary.located

    def place_of_calls(self) -> Callable[[], Place]:
        """Return a function that tells observers where calls on the primary run."""
        primary = self._router.primary
        return lambda: primary.place

    @contextmanager
    def connection(self) -> Generator[Connection[Any], None, None]:
        """Provide a psycopg connection: the transaction's, or one from the pool.

        In a package with tenants, the connection is in a transaction of the current
        tenant, which is committed at the end of the block.
        """
        # A timeout that the caller sets there is not known here.
        with self._entered(), self.lease(self._package) as session:
            connection = session.connection
            with Limit(connection, None):
                yield connection

    # The blocks that calls are made in.

    @contextmanager
    def primary(self) -> Generator[None, None, None]:
        """Send the block's reads, and those of tasks started in it, to the primary."""
        with self._entered() as scope:
            scope.on_primary = True
            yield

    @contextmanager
    def transaction(
        self,
        *,
        isolation: Isolation | None = None,
        read_only: bool = False,
        deferrable: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109, RUF100 -- the server keeps it
    ) -> Generator[Transaction, None, None]:
        """Commit the block at its end, or roll it back on an exception.

        Calls of this Database's repositories in the block, in this thread, are part of
        the transaction. A block within a block is a savepoint.

        Args:
            isolation: isolation level; None for the server's default.
            read_only: True to refuse writes.
            deferrable: True to make a serializable read-only transaction wait for a
                snapshot that no conflict can abort.
            timeout: seconds that each statement may take; from PostgreSQL 17 on, also
                the transaction as a whole. None sets no limit.

        Raises:
            TransactionFailed: a statement failed and its error was caught in the block.
            OutcomeUnknown: the connection broke during COMMIT.
            TransactionTimeout: the transaction exceeded `timeout`.
            CallbackFailed: it was committed, but an `on_commit` callback failed.
            TenantRequired: the package needs a tenant, and none is set.
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
            with outer.savepoint():
                yield outer
            return
        settings = self._router.limits
        if self._package.tenant is not None:
            own = own_settings(self._package, None, scope.tenant)
            settings = {**settings, **own}
        transaction: Transaction | None = None
        with self._observed() as call:  # noqa: F841 -- who waits finds it on the stack
            try:
                with self._router.checkout(writes=not read_only) as sessions:
                    transaction = self._make_transaction(
                        sessions(self._package),
                        sessions,
                        settings,
                        self.scopes,
                        timeout,
                    )
                    transaction.begin(command)
                    scope.transaction = transaction
                    self.scopes.enter(scope)
                    try:
                        yield transaction
                    except BaseException as error:
                        transaction.undo(error)
                        raise
                    else:
                        transaction.commit()
                    finally:
                        transaction.closed = True
                        self.scopes.leave(scope)
            except BaseException as error:
                if transaction is not None:
                    transaction.run_callbacks(error)
                raise
            transaction.run_callbacks(None)

    def _observed(self) -> AbstractContextManager[object]:
        """Return a block that observers see as a transaction."""
        if not self.observers.active:
            return UNOBSERVED
        from ..observing import TRANSACTION, Observation  # noqa: PLC0415 -- only if so

        return Observation(self.observers, TRANSACTION, self.place_of_calls())

    @contextmanager
    def pipeline(self) -> Generator[Pipeline, None, None]:
        """Run the block's calls in one round trip, at its end.

            with db.pipeline() as pipeline:
                task = pipeline.add(db.tasks.get_task, id=task_id)
                pipeline.add(db.tasks.count_visit, id=task_id)
            print(task.result())

        The calls form one transaction, or are part of the block's transaction. Nothing
        is sent if an exception leaves the block.

        Raises:
            RepositoryError: a call failed; this is the first call's error, and all
                calls are undone.
            OutcomeUnknown: the connection broke.
        """
        with self._entered() as scope:
            pipeline = self._make_pipeline()
            yield pipeline
            pipeline.run(self._joinable(scope))

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

    @contextmanager
    def savepoint(self, name: str | None = None) -> Generator[Savepoint, None, None]:
        """Roll back the block's work if it fails; the transaction continues.

        Args:
            name: name of the savepoint in SQL; None for a generated name.

        Raises:
            TransactionRequired: there is no transaction.
            RepositoryError: a savepoint of that name exists.
        """
        transaction = _required("a savepoint", self._joinable(self.scopes.new()))
        with transaction.savepoint(name) as savepoint:
            yield savepoint

    def run(
        self,
        work: Callable[[*Ts], T],
        *args: *Ts,
        retries: int = 3,
        isolation: Isolation | None = None,
        read_only: bool = False,
        deferrable: bool = False,
        timeout: float | None = None,  # noqa: ASYNC109, RUF100 -- the server keeps it
    ) -> T:
        """Run `work` in a transaction, and repeat it after conflicts.

        Work is repeated after a serialization failure or a deadlock, which undid all of
        it,
        with a random wait before. With several hosts it is also repeated while the
        primary
        is lost, until another host has taken over, for at most `failover_timeout`
        seconds.
        It is not repeated after other errors, in particular not if the outcome is
        unknown.
        Within a transaction block the work is run once, as a savepoint: only the
        outermost transaction can be repeated.

        Args:
            work: the function to run. Its effects outside of the database can be
                repeated.
            *args: arguments of `work`.
            retries: maximum number of repetitions after conflicts.
            isolation: isolation level; None for the server's default.
            read_only: True to refuse writes.
            deferrable: True to wait for a snapshot that no conflict can abort.
            timeout: seconds that each statement may take; from PostgreSQL 17 on, also
                each attempt. None sets no limit.

        Returns:
            The result of `work`.

        Raises:
            SerializationFailure: the last attempt failed, too.
            Deadlock: the last attempt failed, too.
            Unavailable: there was no primary for `failover_timeout` seconds.
        """
        is_outermost = self.current() is None
        attempts = Attempts(retries, self._settings.failover_time)
        while True:
            try:
                with self.transaction(
                    isolation=isolation,
                    read_only=read_only,
                    deferrable=deferrable,
                    timeout=timeout,
                ):
                    return work(*args)
            except RepositoryError as error:
                seconds = attempts.wait_after(error) if is_outermost else None
                if seconds is None:
                    raise
                if self.observers.active:
                    from ..observing import retry  # noqa: PLC0415 -- only if so

                    self.observers.notify(retry(attempts.made, seconds, error))
            sleep(seconds)

    def tenant(self, id: object) -> Tenant:  # noqa: A002 -- what it is
        """Return a tenant, which is a block for its calls and a source of repositories.

        Row-level security reads the tenant from the setting that `tenant` in
        codegen.toml names. The setting is local to each transaction and each single
        call.

        Args:
            id: the tenant's id; its text is the setting's value.

        Raises:
            InvalidArgument: the id is None or empty, or PostgreSQL cannot store it.
            RepositoryError: the package has no tenants.
        """
        if self._package.tenant is None:
            raise RepositoryError(f"package {self._package.name} has no tenants")
        return Tenant(self, tenant_id(id))

    def on_commit(self, callback: Callback) -> None:
        """Register a callback for the commit of the current transaction.

        `Transaction.on_commit` describes when it is called.

        Raises:
            TransactionRequired: there is no transaction.
        """
        _required("on_commit", self.current()).on_commit(callback)

    def on_rollback(self, callback: Callback) -> None:
        """Register a callback for the rollback of the current transaction.

        `Transaction.on_rollback` describes when it is called.

        Raises:
            TransactionRequired: there is no transaction.
        """
        _required("on_rollback", self.current()).on_rollback(callback)

    def current(self) -> Transaction | None:
        """Return the current transaction block; None outside of all blocks.

        Raises:
            TransactionNotShared: another thread, which started this one, owns the open
                block. Once that block has ended, there is no transaction to join.
        """
        scope = self.scopes.current()
        return None if scope is None else self._joinable(scope)

    def _joinable(self, scope: Scope[Transaction]) -> Transaction | None:
        """Return the transaction of a scope if this thread may use it, or None.

        Raises:
            TransactionNotShared: the transaction belongs to another thread.
            TransactionClosed: the transaction ended before a block within it.
        """
        transaction = scope.transaction
        if transaction is None:
            return None
        owner = current_owner()
        if transaction.closed:
            # A thread that was started in the block continues without the transaction.
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
        """Enter a scope that changes nothing, but belongs to the generator."""
        scope = self.scopes.new()
        self.scopes.enter(scope)
        try:
            yield scope
        finally:
            self.scopes.leave(scope)

    def current_tenant(self) -> str | None:
        """Return the tenant that calls are made for; None without a tenant.

        Raises:
            BlocksOverlap: open blocks of several generators do not nest.
        """
        scope = self.scopes.current()
        return None if scope is None else scope.tenant


def _required(what: str, transaction: Transaction | None) -> Transaction:
    if transaction is None:
        raise TransactionRequired(f"{what} needs a transaction block")
    return transaction
