# Derived from ../aio/servers.py by derive_sync.py: change that file.
"""The servers that calls go to."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ConnectionLost, RepositoryError
from ..translate import outcome_of
from ..types import DatabaseTypes
from .atomic import one_transaction, run_alone
from .blocks import Blocks, Sessions
from .connected import Connected
from .elsewhere import Elsewhere
from .replicas import Replicas
from .server import Server
from .session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from psycopg import Connection
    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..settings import Settings
    from ..statement import Package, Statement
    from .cluster import Cluster
    from .replicas import Replica

R = TypeVar("R")
T = TypeVar("T")


class Servers(Blocks):
    """A primary, and the replicas that read in its place."""

    def __init__(
        self,
        settings: Settings,
        connection_class: type[Connection[Any]],
        package: Package,
    ) -> None:
        super().__init__(package)
        self._settings = settings
        self._connection_class = connection_class
        self._limits = settings.own_limits
        self._failover_time = settings.failover_time
        self._types: dict[Package, DatabaseTypes] = {}
        conninfo = settings.hosts.conninfo
        self._primary = Server(
            conninfo, settings, connection_class, self._limits, self._watch()
        )

    def _watch(self) -> Cluster | None:
        """Have replicas that nobody looks after yet; return the cluster, if any."""
        settings = self._settings
        self._others: Replicas | None = None
        if settings.replicas or settings.hosts.members:
            self._others = Replicas(settings, self._connection_class, self._limits)
        others = self._others
        # Those of them that serve reads.
        self._replicas = others if others is not None and others.serves else None
        return None if others is None else others.cluster

    def after_fork(self) -> None:
        """In a child process: have replicas that nobody looks after."""
        self._primary.cluster = self._watch()

    @contextmanager
    def primary(self) -> Generator[None, None, None]:
        """A block whose reads no replica serves, nor those of tasks started in it."""
        scope = self.scopes.new()
        scope.on_primary = True
        self.scopes.enter(scope)
        try:
            yield
        finally:
            self.scopes.leave(scope)

    def _run_on(
        self,
        server: Server,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        *,
        settings: Mapping[str, str] | None,
    ) -> R:
        """Run a statement on a server."""
        connection = server.at_hand() or server.take()
        try:
            session = Session.known(connection, package)
            if session is None:
                session = self._session(connection, package)
            if settings:
                return run_alone(session, settings, statement, values, read)
            return session.run(statement, values, read)
        except ConnectionLost as error:
            if statement.read_only:
                raise
            raise outcome_of(error, statement) from None
        finally:
            if (left := server.keep(connection)) is not None:
                server.give_back(left)

    def _run_on_one(
        self,
        replicas: Replicas,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        *,
        settings: Mapping[str, str] | None,
    ) -> R:
        """Run a statement where it belongs: a read, where that can be done."""
        tried: list[Replica] = []
        while self._may_choose(statement):
            chosen = replicas.choose(statement, tried)
            if chosen is None:
                break
            server = chosen.server
            try:
                return self._run_on(
                    server, package, statement, values, read, settings=settings
                )
            except RepositoryError as error:
                if not replicas.help(error, chosen, statement, tried):
                    raise
        server = self._primary
        try:
            return self._run_on(
                server, package, statement, values, read, settings=settings
            )
        finally:
            if not statement.read_only:
                replicas.wrote()

    def _connected(
        self, server: Server | None = None, *, writes: bool = True
    ) -> Connected:
        wrote = self._replicas.wrote if writes and self._replicas is not None else None
        return Connected(server or self._primary, self._session, wrote)

    def _leased(
        self,
        package: Package,
        statement: Statement[Any] | None,
        settings: Mapping[str, str],
    ) -> AbstractContextManager[Session]:
        """A connection to where a statement belongs, in a transaction if it must be."""
        if statement is not None and self._replicas and self._may_choose(statement):
            return self._reading(self._replicas, package, statement, settings, [])
        reads = statement is not None and statement.read_only
        return self._under(self._connected(writes=not reads), package, settings)

    @contextmanager
    def _reading(
        self,
        replicas: Replicas,
        package: Package,
        statement: Statement[Any],
        settings: Mapping[str, str],
        tried: list[Replica],
    ) -> Generator[Session, None, None]:
        """A connection to a replica, or to the primary.

        Raises:
            Elsewhere: the replica failed; another server may not.
        """
        chosen = replicas.choose(statement, tried)
        server = None if chosen is None else chosen.server
        connected = self._connected(server, writes=False)
        try:
            with self._under(connected, package, settings) as session:
                yield session
        except RepositoryError as error:
            if chosen is None:
                raise
            if not replicas.help(error, chosen, statement, tried):
                raise
            again = self._reading(replicas, package, statement, settings, tried)
            raise Elsewhere(error, again) from None

    @contextmanager
    def _under(
        self,
        connected: AbstractContextManager[Sessions],
        package: Package,
        settings: Mapping[str, str],
    ) -> Generator[Session, None, None]:
        with connected as sessions:
            session = sessions(package)
            if not settings:
                yield session
                return
            with one_transaction(session, settings):
                yield session

    def _may_choose(self, statement: Statement[Any]) -> bool:
        """Whether a replica may serve it."""
        if not (statement.read_only and statement.replica):
            return False
        scope = self.scopes.current()
        return scope is None or not scope.on_primary

    def _session(self, connection: Connection[Any], package: Package) -> Session:
        types = self._types.get(package)
        if types is None:
            types = self._types[package] = DatabaseTypes(package)
        return Session.of(
            connection,
            package,
            types,
            fast=not self._settings.plain,
            keeps=self._settings.max_prepared,
        )
