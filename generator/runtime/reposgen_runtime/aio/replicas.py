"""Standby servers that serve reads."""

from __future__ import annotations

import logging
from dataclasses import asdict
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import psycopg

from ..errors import RepositoryError
from ..positions import PRIMARY_QUERY, REPLICA_QUERY, History, WalPositions, end_of_log
from ..statistics import ReplicaState, ReplicaStatistics
from ._background import Worker
from .monitor import ServerMonitor
from .server import Server

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from psycopg import AsyncConnection

    from ..settings import Settings
    from .cluster import Cluster

_logger: Final = logging.getLogger(__name__)
# A replica that has not answered for this number of intervals is excluded.
_SILENT: Final = 5
# Seconds between two polls while no host is the primary.
_URGENT: Final = 0.1
# Seconds for running reads to end on an excluded server.
_FOREVER: Final = 1e6


class PrimaryMonitor(ServerMonitor):
    """Monitor of the primary's WAL position."""

    def __init__(
        self,
        settings: Settings,
        positions: WalPositions,
        connection_class: type[AsyncConnection[Any]],
    ) -> None:
        super().__init__(settings, connection_class)
        self._positions = positions

    async def poll(self) -> bool:
        """Record the primary's position."""
        mark, asked = self._positions.mark(), monotonic()
        try:
            position, segment, block, *history = await self.ask(PRIMARY_QUERY)
        except psycopg.Error:
            return False
        end = end_of_log(position, segment, block)
        self._positions.record_sample(mark, asked, end, History(*history))
        return True


class Replica(ServerMonitor):
    """One standby server of the primary.

    Attributes:
        server: its connections, which are open while its state is up or lagging.
        state: state of the replica.
        position: the end of the WAL that it has replayed.
        history: the WAL history that the position belongs to.
        lag: upper bound of its lag in seconds; None if unknown.
    """

    def __init__(
        self,
        settings: Settings,
        positions: WalPositions,
        connection_class: type[AsyncConnection[Any]],
        limits: MutableMapping[str, str],
    ) -> None:
        super().__init__(settings, connection_class)
        self._limits = limits
        self.server = self._unopened()
        self.state = ReplicaState.DOWN
        self.position = 0
        self.history: History | None = None
        self.lag: float | None = None
        self._positions = positions
        self._heard = 0.0
        self._leaving: list[Worker] = []
        # True if connections are opened.
        self._serves = True

    async def close(self, seconds: float) -> None:
        """Close the replica; running statements get `seconds` to end."""
        await self.stop()
        self.state = ReplicaState.DOWN
        await self.server.close(seconds)
        for worker in self._leaving:
            await worker.stop()

    def statistics(self) -> ReplicaStatistics:
        """Return the state of the replica and the counts of its pool."""
        counts = asdict(self.server.statistics())
        return ReplicaStatistics(**counts, state=self.state, lag=self.lag)

    async def usable(self) -> Server | None:
        """Return its server if it can serve reads, else None."""
        server = self.server
        if self.state is not ReplicaState.UP:
            return None
        if monotonic() - self._heard > _SILENT * self.settings.replica_interval:
            await self.exclude(server)
            return None
        if self._has_diverged():
            self._stand(ReplicaState.DIVERGED)
            await self.poll_soon()
            return None
        return server

    async def exclude(self, server: Server) -> None:
        """Stop using the replica until it has answered again."""
        if server is self.server:
            self._drop(ReplicaState.DOWN)
            await self.poll_soon()

    async def poll(self) -> bool:
        """Update the state of the replica, and connect if it is usable."""
        for worker in [*self._leaving]:
            if await worker.join(0):
                self._leaving.remove(worker)
        server = self.server
        was_open = self.state.is_open
        try:
            is_standby, position, age, *history = await self.ask(REPLICA_QUERY)
            if not is_standby:
                self._drop(ReplicaState.PROMOTED)
                return await self._lead()
            # Set before the position, so that readers of the position see this history.
            self.history = History(*history)
            self.position = position or 0
            self.lag = self._positions.lag(self.position, age)
            if not was_open and self._serves:
                await server.open()
        except (psycopg.Error, RepositoryError):
            self._drop(ReplicaState.DOWN)
            return False
        self._heard = monotonic()
        if server is not self.server:
            return False
        if self._has_diverged():
            self._stand(ReplicaState.DIVERGED)
            return False
        self._stand(ReplicaState.LAGGING if self._is_late() else ReplicaState.UP)
        needed = self._positions.required_lsn()
        is_settled = needed is not None and needed <= self.position
        return is_settled and was_open and self.state is ReplicaState.UP

    async def _lead(self) -> bool:
        """Handle a server that is not a standby; return True if its state is known."""
        return False

    def _has_diverged(self) -> bool:
        wanted = self._positions.history
        return wanted is not None and self.history != wanted

    def _is_late(self) -> bool:
        limit = self.settings.max_lag
        return limit is not None and (self.lag is None or self.lag > limit)

    def _stand(self, state: ReplicaState) -> None:
        before = self.state
        if state is before:
            return
        self.state = state
        worse = before is ReplicaState.UP or state is ReplicaState.PROMOTED
        level = logging.WARNING if worse else logging.INFO
        _logger.log(level, "replica %s is %s", self.server.name, state)
        observers = self.settings.observing
        if observers.active:
            from ..observing import replica_change  # noqa: PLC0415 -- only where there are

            observers.notify(replica_change(self.server.place, before, state))

    def _unopened(self) -> Server:
        settings = self.settings
        conninfo = settings.hosts.conninfo
        return Server(
            conninfo, settings, self.connection_class, self._limits, role="replica"
        )

    def _drop(self, state: ReplicaState) -> None:
        was_open = self.state.is_open
        self._stand(state)
        if was_open:
            left = self.server
            self.server = self._unopened()
            # Waiting calls get an error; running calls continue.
            self._leaving.append(Worker(lambda: left.close(_FOREVER)))


class Member(Replica):
    """One of several hosts, each of which can be the primary."""

    def __init__(
        self,
        settings: Settings,
        positions: WalPositions,
        connection_class: type[AsyncConnection[Any]],
        limits: MutableMapping[str, str],
        cluster: Cluster,
        *,
        serves: bool,
    ) -> None:
        super().__init__(settings, positions, connection_class, limits)
        self._cluster = cluster
        self._serves = serves
        self._leads = False

    @property
    def interval(self) -> float:
        """Maximum seconds between two polls; less while there is no primary."""
        interval = super().interval
        return interval if self._cluster.primary else min(_URGENT, interval)

    @property
    def described(self) -> str:
        """State of the host, for messages."""
        return "down" if self.state is ReplicaState.DOWN else "a standby"

    async def poll(self) -> bool:
        """Update the state of the host, and report it to the cluster."""
        self._leads = False
        is_settled = await super().poll()
        if not self._leads:
            await self._cluster.hear(self, None)
        return is_settled

    async def _lead(self) -> bool:
        mark, asked = self._positions.mark(), monotonic()
        position, segment, block, *history = await self.ask(PRIMARY_QUERY)
        self._leads = True
        self.history = None
        own = History(*history)
        await self._cluster.hear(self, own)
        if self._cluster.primary is self:
            end = end_of_log(position, segment, block)
            self._positions.record_sample(mark, asked, end, own)
        return True
