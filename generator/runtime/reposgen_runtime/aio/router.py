"""Routing of statements to the primary or a replica."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .. import wire
from ..errors import (
    Conflict,
    PoolTimeout,
    QueryRejected,
    ReadOnlyTransaction,
    RepositoryError,
    SchemaChanged,
    Unavailable,
)
from ..positions import WalPositions
from ..statistics import Statistics
from ..types import DatabaseTypes
from ._compat import run_shielded
from .atomic import ensure_transaction
from .checkout import Checkout
from .cluster import Cluster
from .connection import Session
from .failover import RetryOnOtherServer
from .replicas import Member, PrimaryMonitor, Replica
from .server import Server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from psycopg import AsyncConnection

    from ..scope import Scope
    from ..settings import Settings
    from ..statement import Package, Statement
    from .transaction import Transaction

# Every replica refuses the statement: it writes, or reads data that is not replicated.
_NOT_ON_REPLICAS: Final = frozenset({"0A000", "25006", "55000"})


class SelectedReplica(NamedTuple):
    """A replica and its server."""

    replica: Replica
    server: Server


class Router:
    """Servers of a Database, and the choice among them.

    Attributes:
        primary: the server that takes writes.
        limits: settings of each transaction that cannot be kept in a session.
        observers: observers of the calls.
    """

    def __init__(
        self, settings: Settings, connection_class: type[AsyncConnection[Any]]
    ) -> None:
        self._settings = settings
        self._connection_class = connection_class
        self.limits = settings.own_limits
        self.observers = settings.observing
        self._types: dict[Package, DatabaseTypes] = {}
        # Statements that every replica refuses.
        self._refused: set[Statement[Any]] = set()
        self._turn = 0
        cluster = self._find_replicas()
        self.primary = Server(
            settings.hosts.conninfo, settings, connection_class, self.limits, cluster
        )

    def _find_replicas(self) -> Cluster | None:
        """Create the replicas without starting them, and return the cluster, if any."""
        settings, hosts = self._settings, self._settings.hosts
        connection_class, limits = self._connection_class, self.limits
        self._positions = positions = WalPositions(
            settings.max_lag, settings.replica_interval / 2
        )

        # Excluding a replica replaces the circuit breaker.
        def own(conninfo: str) -> Settings:
            return replace(
                settings,
                conninfo=conninfo,
                connect_timeout=settings.connecting_time,
                breaker=None,
                open_timeout=None,
            )

        self._others = tuple(
            Replica(own(conninfo), positions, connection_class, limits)
            for conninfo in settings.replicas
        )
        self._monitor: PrimaryMonitor | Cluster | None = None
        self._replicas: tuple[Replica, ...] = self._others
        # True if there are replicas that serve reads, and if reads must see all writes.
        self.has_readers = hosts.reads or bool(self._others)
        self._records = self.has_readers and settings.read_your_writes
        if not hosts.members:
            if self._others:
                self._monitor = PrimaryMonitor(settings, positions, connection_class)
            return None
        cluster = self._monitor = Cluster(settings.connecting_time)
        cluster.members = tuple(
            Member(
                own(conninfo),
                positions,
                connection_class,
                limits,
                cluster,
                serves=hosts.reads,
            )
            for conninfo in hosts.members
        )
        self._replicas = (*cluster.members, *self._others)
        return cluster

    def after_fork(self) -> None:
        """Replace the replicas by new ones that are not started, in a child process."""
        self.primary.cluster = self._find_replicas()

    async def open(self) -> None:
        """Connect to the primary, and start looking for replicas in the background.

        Raises:
            Unavailable: the primary cannot be reached.
            PoolTimeout: connecting takes longer than `open_timeout`.
        """
        if self._monitor is not None:
            await self._monitor.start()
        for replica in self._others:
            await replica.start()
        try:
            await self.primary.open()
        except BaseException:
            await run_shielded(self._leave_replicas, 0.0)
            raise

    async def close(self, seconds: float) -> None:
        """Close all connections; running statements get `seconds` to end."""
        self.primary.require_home()
        await self._leave_replicas(seconds)
        await self.primary.close(seconds)

    async def _leave_replicas(self, seconds: float) -> None:
        if self._monitor is not None:
            await self._monitor.stop()
        for replica in self._replicas:
            await replica.close(seconds)

    def statistics(self) -> Statistics:
        """Return the current state and counts of the connections to each server."""
        cluster = self.primary.cluster
        latest = None if cluster is None else cluster.latest
        return Statistics(
            primary=self.primary.statistics(),
            replicas=tuple(
                replica.statistics()
                for replica in self._replicas
                if replica is not latest
            ),
        )

    def session(self, connection: AsyncConnection[Any], package: Package) -> Session:
        """Return a connection's session for a package."""
        session = Session.known(connection, package)
        if session is not None:
            return session
        types = self._types.get(package)
        if types is None:
            types = self._types[package] = DatabaseTypes(package)
        return Session.of(
            connection,
            package,
            types,
            fast=not self._settings.use_cursors,
            keeps=self._settings.max_prepared,
        )

    def checkout(
        self, server: Server | None = None, *, writes: bool = True
    ) -> Checkout:
        """Return a block with exclusive use of a connection; default: the primary's."""
        done = self._record_write if writes and self._records else None
        return Checkout(server or self.primary, self.session, done)

    def record(self, statement: Statement[Any]) -> None:
        """Record that a statement may have written data that later reads must see."""
        if self._records and not statement.read_only:
            self._positions.record_write()

    def _record_write(self) -> None:
        self._positions.record_write()

    def route(
        self, statement: Statement[Any] | None, scope: Scope[Transaction] | None
    ) -> Route | None:
        """Return the servers that can serve a statement; None if only the primary can.

        Args:
            statement: the statement; None if it is unknown.
            scope: the block that the call is made in.
        """
        if not self.has_readers or statement is None:
            return None
        may_choose = statement.read_only and statement.replica
        if not may_choose or (scope is not None and scope.on_primary):
            return None
        return Route(self, statement)

    @asynccontextmanager
    async def lease(
        self,
        package: Package,
        statement: Statement[Any] | None,
        settings: Mapping[str, str],
        route: Route | None,
    ) -> AsyncGenerator[Session, None]:
        """Lease a connection to the right server, in a transaction if settings need it.

        Raises:
            RetryOnOtherServer: the replica failed, but another server can be tried.
        """
        writes = statement is None or not statement.read_only
        server = None if route is None else await route.next()
        try:
            async with self.checkout(server, writes=writes) as session_of:
                session = session_of(package)
                if not settings:
                    yield session
                    return
                async with ensure_transaction(session, settings):
                    yield session
        except RepositoryError as error:
            if route is None or not await route.can_retry(error):
                raise
            again = self.lease(package, statement, settings, route)
            raise RetryOnOtherServer(error, again) from None

    async def select(
        self, statement: Statement[Any], tried: Sequence[Replica]
    ) -> SelectedReplica | None:
        """Return the least busy replica; None if the primary is to serve the read.

        Args:
            statement: a read.
            tried: replicas on which the read has failed.
        """
        if statement in self._refused or self._monitor is None:
            return None
        needed = self._positions.required_lsn()
        if needed is None:
            await self._monitor.poll_soon()
        found: list[SelectedReplica] = []
        for replica in self._replicas:
            if replica in tried:
                continue
            server = await replica.usable()
            if server is None:
                continue
            if needed is None or replica.position < needed:
                await replica.poll_soon()
            else:
                found.append(SelectedReplica(replica, server))
        if not found:
            return None
        # Equally busy replicas take turns.
        self._turn = turn = (self._turn + 1) % len(found)
        return min((*found[turn:], *found[:turn]), key=lambda one: one.server.in_use)

    async def can_retry(
        self,
        error: RepositoryError,
        selected: SelectedReplica,
        statement: Statement[Any],
        tried: list[Replica],
    ) -> bool:
        """Return True if another server may succeed where one has failed.

        Args:
            error: the server's error.
            selected: the replica that failed.
            statement: a read.
            tried: replicas that have failed so far; extended by this one.
        """
        replica, server = selected
        match error:
            case PoolTimeout():
                # An overload of reads must not move to the primary.
                if replica.server is server:
                    return False
                tried.append(replica)
            case Unavailable():
                await replica.exclude(server)
                tried.append(replica)
            case Conflict():
                # For example a conflict with the replay of the WAL.
                tried.append(replica)
            case ReadOnlyTransaction() | QueryRejected() | SchemaChanged():
                # The primary decides if the statement is valid.
                tried += self._replicas
                cause = error.driver_error
                if error.sqlstate in _NOT_ON_REPLICAS and not (
                    cause and wire.is_outdated(cause)
                ):
                    self._refused.add(statement)
            case _:
                return False
        return True


class Route:
    """The servers that one read tries in turn; the last one is the primary."""

    __slots__ = ("_router", "_selected", "_statement", "_tried")

    def __init__(self, router: Router, statement: Statement[Any]) -> None:
        self._router = router
        self._statement = statement
        self._tried: list[Replica] = []
        self._selected: SelectedReplica | None = None

    async def next(self) -> Server:
        """Return the next server."""
        router, before = self._router, self._selected
        self._selected = await router.select(self._statement, self._tried)
        server = router.primary if self._selected is None else self._selected.server
        if router.observers.active:
            from ..observing import locate  # noqa: PLC0415 -- only where there are some

            locate(server.place, again=before is not None)
        return server

    async def can_retry(self, error: RepositoryError) -> bool:
        """Return True if there is another server that may succeed."""
        if self._selected is None:
            return False
        return await self._router.can_retry(
            error, self._selected, self._statement, self._tried
        )
