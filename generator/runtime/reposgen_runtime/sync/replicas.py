# Derived from ../aio/replicas.py by derive_sync.py: change that file.
"""Servers that follow the primary, and serve reads in its place."""

from __future__ import annotations

import logging
from dataclasses import asdict, replace
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psycopg

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
from ..positions import PRIMARY_QUERY, REPLICA_QUERY, History, Log, end_of_log
from ..statistics import ReplicaStatistics, Standing
from ._background import Worker
from .cluster import Cluster
from .server import Server
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

    from ..settings import Settings
    from ..statement import Statement

_logger: Final = logging.getLogger(__name__)
# A replica that has not answered for so many intervals is left out.
_SILENT: Final = 5
# Seconds from one question to the next while no host is the primary.
_URGENT: Final = 0.1
# Seconds that reads may go on at a server that is left out.
_FOREVER: Final = 1e6
# No replica ever runs such a statement: it writes, or reads what is not replicated.
_NOT_ON_REPLICAS: Final = frozenset({"0A000", "25006", "55000"})


class _Primary(Watch):
    """Finds out where the primary is in the log."""

    def __init__(
        self,
        settings: Settings,
        log: Log,
        connection_class: type[Connection[Any]],
    ) -> None:
        super().__init__(settings, connection_class)
        self._log = log

    def look(self) -> bool:
        """Take a position."""
        mark, asked = self._log.mark(), monotonic()
        try:
            position, segment, block, *history = self.ask(PRIMARY_QUERY)
        except psycopg.Error:
            return False
        end = end_of_log(position, segment, block)
        self._log.sampled(mark, asked, end, History(*history))
        return True


class Replica(Watch):
    """One server that follows the primary.

    Attributes:
        server: its connections, open as long as it stands up or lags.
        standing: how it is.
        position: the end of the log that it has.
        history: what the position is part of.
        lag: seconds by which it is behind at most; None if that is not known.
    """

    def __init__(
        self,
        settings: Settings,
        log: Log,
        connection_class: type[Connection[Any]],
        limits: dict[str, str],
    ) -> None:
        super().__init__(settings, connection_class)
        self._limits = limits
        self.server = self._unopened()
        self.standing = Standing.DOWN
        self.position = 0
        self.history: History | None = None
        self.lag: float | None = None
        self._log = log
        self._heard = 0.0
        self._leaving: list[Worker] = []
        # Whether there are to be connections.
        self._serves = True

    def close(self, seconds: float) -> None:
        """End it; what is under way has so long."""
        self.stop()
        self.standing = Standing.DOWN
        self.server.close(seconds)
        for worker in self._leaving:
            worker.stop()

    def statistics(self) -> ReplicaStatistics:
        """What its pool does, and how it is."""
        counts = asdict(self.server.statistics())
        return ReplicaStatistics(**counts, standing=self.standing, lag=self.lag)

    def usable(self) -> Server | None:
        """Its connections, if it serves reads."""
        server = self.server
        if self.standing is not Standing.UP:
            return None
        if monotonic() - self._heard > _SILENT * self.settings.replica_interval:
            self.leave_out(server)
            return None
        if self._has_diverged():
            self._stand(Standing.DIVERGED)
            self.ring()
            return None
        return server

    def leave_out(self, server: Server) -> None:
        """Do without it until it has answered."""
        if server is self.server:
            self._drop(Standing.DOWN)
            self.ring()

    def look(self) -> bool:
        """Find out how it is, and connect if it is well."""
        for worker in [*self._leaving]:
            if worker.join(0):
                self._leaving.remove(worker)
        server = self.server
        was_open = self.standing.is_open
        try:
            is_standby, position, age, *history = self.ask(REPLICA_QUERY)
            if not is_standby:
                self._drop(Standing.PROMOTED)
                return self._lead()
            # Before the position: who sees that sees this.
            self.history = History(*history)
            self.position = position or 0
            self.lag = self._log.lag(self.position, age)
            if not was_open and self._serves:
                server.open()
        except (psycopg.Error, RepositoryError):
            self._drop(Standing.DOWN)
            return False
        self._heard = monotonic()
        if server is not self.server:
            return False
        if self._has_diverged():
            self._stand(Standing.DIVERGED)
            return False
        self._stand(Standing.LAGGING if self._is_late() else Standing.UP)
        needed = self._log.needed()
        is_settled = needed is not None and needed <= self.position
        return is_settled and was_open and self.standing is Standing.UP

    def _lead(self) -> bool:
        """It is not a standby; return whether all is known of it that is needed."""
        return False

    def _has_diverged(self) -> bool:
        wanted = self._log.history
        return wanted is not None and self.history != wanted

    def _is_late(self) -> bool:
        limit = self.settings.max_lag
        return limit is not None and (self.lag is None or self.lag > limit)

    def _stand(self, standing: Standing) -> None:
        before = self.standing
        if standing is before:
            return
        self.standing = standing
        worse = before is Standing.UP or standing is Standing.PROMOTED
        level = logging.WARNING if worse else logging.INFO
        _logger.log(level, "replica %s is %s", self.server.name, standing)

    def _unopened(self) -> Server:
        settings = self.settings
        conninfo = settings.hosts.conninfo
        return Server(conninfo, settings, self.connection_class, self._limits)

    def _drop(self, standing: Standing) -> None:
        was_open = self.standing.is_open
        self._stand(standing)
        if was_open:
            left = self.server
            self.server = self._unopened()
            # Who waits there for a connection is told so; what is under way goes on.
            self._leaving.append(Worker(lambda: left.close(_FOREVER)))


class Member(Replica):
    """One of several hosts, each of which may be the primary."""

    def __init__(
        self,
        settings: Settings,
        log: Log,
        connection_class: type[Connection[Any]],
        limits: dict[str, str],
        cluster: Cluster,
        *,
        serves: bool,
    ) -> None:
        super().__init__(settings, log, connection_class, limits)
        self._cluster = cluster
        self._serves = serves
        self._leads = False

    @property
    def interval(self) -> float:
        """Seconds from one question to the next; fewer while there is no primary."""
        interval = super().interval
        return interval if self._cluster.primary else min(_URGENT, interval)

    @property
    def described(self) -> str:
        """How it is, for messages."""
        return "down" if self.standing is Standing.DOWN else "a standby"

    def look(self) -> bool:
        """Find out how it is, and tell the cluster."""
        self._leads = False
        is_settled = super().look()
        if not self._leads:
            self._cluster.hear(self, None)
        return is_settled

    def _lead(self) -> bool:
        mark, asked = self._log.mark(), monotonic()
        position, segment, block, *history = self.ask(PRIMARY_QUERY)
        self._leads = True
        self.history = None
        own = History(*history)
        self._cluster.hear(self, own)
        if self._cluster.primary is self:
            end = end_of_log(position, segment, block)
            self._log.sampled(mark, asked, end, own)
        return True


class Chosen(NamedTuple):
    """A replica, and its connections."""

    replica: Replica
    server: Server


class Replicas:
    """All of a Database's replicas, and what its reads need of them."""

    def __init__(
        self,
        settings: Settings,
        connection_class: type[Connection[Any]],
        limits: dict[str, str],
    ) -> None:
        self._log = log = Log(settings.max_lag, settings.replica_interval / 2)
        hosts = settings.hosts
        self.cluster = Cluster(settings.connecting_time) if hosts.members else None
        self._primary: _Primary | Cluster
        if self.cluster is None:
            self._primary = _Primary(settings, log, connection_class)
        else:
            self._primary = self.cluster

        # What a breaker does is done by leaving a replica out.
        def own(conninfo: str) -> Settings:
            return replace(
                settings,
                conninfo=conninfo,
                connect_timeout=settings.connecting_time,
                breaker=None,
                wait_ready=None,
            )

        self._members = tuple(
            Member(
                own(conninfo),
                log,
                connection_class,
                limits,
                self.cluster,
                serves=hosts.reads,
            )
            for conninfo in hosts.members
            if self.cluster is not None
        )
        if self.cluster is not None:
            self.cluster.members = self._members
        self._others = tuple(
            Replica(own(conninfo), log, connection_class, limits)
            for conninfo in settings.replicas
        )
        self.all = (*self._members, *self._others)
        self.serves = hosts.reads or bool(self._others)
        self._sees_writes = settings.read_your_writes
        self._turn = 0
        self._refused: set[Statement[Any]] = set()

    @property
    def followers(self) -> Sequence[Replica]:
        """All but the primary, if that is one of several hosts."""
        primary = None if self.cluster is None else self.cluster.latest
        return tuple(replica for replica in self.all if replica is not primary)

    def open(self) -> None:
        """Look for them; whether any is there will be seen."""
        if self.cluster is not None:
            self.cluster.start()
        elif isinstance(self._primary, _Primary):
            self._primary.start()
        for replica in self._others:
            replica.start()

    def close(self, seconds: float) -> None:
        """Close all connections; what is under way has so long."""
        self._primary.stop()
        for replica in self.all:
            replica.close(seconds)

    def wrote(self) -> None:
        """Something may have been written that reads are to see from now on."""
        if self._sees_writes:
            self._log.wrote()

    def choose(
        self, statement: Statement[Any], tried: Sequence[Replica]
    ) -> Chosen | None:
        """The replica with the least to do; None if the primary is to serve.

        Args:
            statement: a read.
            tried: those on which it has failed.
        """
        if statement in self._refused:
            return None
        needed = self._log.needed()
        if needed is None:
            self._primary.ring()
        found: list[Chosen] = []
        for replica in self.all:
            if replica in tried:
                continue
            server = replica.usable()
            if server is None:
                continue
            if needed is None or replica.position < needed:
                replica.ring()
            else:
                found.append(Chosen(replica, server))
        if not found:
            return None
        # Among equals they take turns.
        self._turn = turn = (self._turn + 1) % len(found)
        return min((*found[turn:], *found[:turn]), key=lambda one: one.server.in_use)

    def help(
        self,
        error: RepositoryError,
        chosen: Chosen,
        statement: Statement[Any],
        tried: list[Replica],
    ) -> bool:
        """Whether another server may do better than the one that raised an error.

        Args:
            error: what it said.
            chosen: the server.
            statement: a read.
            tried: becomes all that have failed by now.
        """
        replica, server = chosen
        match error:
            case PoolTimeout():
                # Too many reads are no reason to send them all to the primary.
                if replica.server is server:
                    return False
                tried.append(replica)
            case Unavailable():
                replica.leave_out(server)
                tried.append(replica)
            case Conflict():
                # Such as with what the replica is doing to follow the primary.
                tried.append(replica)
            case ReadOnlyTransaction() | QueryRejected() | SchemaChanged():
                # The last word on what is right is the primary's.
                tried += self.all
                cause = error.driver_error
                if error.sqlstate in _NOT_ON_REPLICAS and not (
                    cause and wire.is_outdated(cause)
                ):
                    self._refused.add(statement)
            case _:
                return False
        return True
