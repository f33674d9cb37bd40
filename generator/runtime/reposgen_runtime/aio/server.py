"""One server, and the pool of connections to it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

import psycopg
import psycopg_pool

from .. import wire
from ..errors import OutOfResources, PoolClosed, Unavailable
from ..forking import cut_off_after_fork, tell_after_fork
from ..patience import be_patient
from ..pinging import INTERVAL
from ..statistics import Health, ServerStatistics
from ..translate import unreachable
from ._compat import new_home, to_the_end, without_waiting
from .connections import Connections
from .ending import cancel
from .pool import close_pool, make_pool, suit
from .spares import RESTS

if TYPE_CHECKING:
    from psycopg import AsyncConnection

    from ..settings import Settings


class Server(Connections):
    """One server: connected, watched, closed."""

    def __init__(
        self,
        conninfo: str,
        settings: Settings,
        connection_class: type[AsyncConnection[Any]],
        limits: dict[str, str],
    ) -> None:
        """See the attributes.

        Args:
            conninfo: where it is.
            settings: of its pool.
            connection_class: of connections to it.
            limits: what each transaction sets; what a session should have had, but
                does not keep, is added.
        """
        super().__init__(conninfo, settings, connection_class)
        self._limits = limits

    @property
    def is_available(self) -> bool:
        """Whether it is worth a try: the circuit breaker would let a call through."""
        return self._circuit is None or self._circuit.is_available

    @property
    def in_use(self) -> int:
        """How many connections calls have at the moment."""
        return len(self._taken)

    async def open(self) -> None:
        """Connect.

        Raises:
            Unavailable: that is not possible.
            PoolTimeout: it takes too long.
        """
        settings = self._settings
        self._home = new_home()
        pool = make_pool(
            self.conninfo,
            settings,
            self._connection_class,
            self._made,
            self._not_made,
        )
        wait = settings.opening_time
        try:
            await pool.open(wait=wait > 0, timeout=wait)
        except psycopg_pool.PoolTimeout:
            raise self._not_in_time(f"not ready within {wait:g} s") from None
        except BaseException:
            await to_the_end(close_pool, pool)
            raise
        self._pool = pool
        tell_after_fork(self)

    async def close(
        self,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- what is in use is not cancelled
    ) -> None:
        """Let nobody take a connection any more, and close all.

        Args:
            timeout: seconds that those who have one may keep it; then their statements
                are cancelled. Where the server does not do so either, the connections
                end all the same.
        """
        if self._pool is None:
            return
        self.require_home()
        pool, self._pool, self._home = self._pool, None, None
        while (spare := self._spares.withdraw()) is not None:
            await to_the_end(pool.putconn, spare)
        await pool.close()
        if not self._taken or await self._all_back.wait(timeout):
            return
        for connection in self._at_work():
            if not await cancel(connection):
                break
        if await self._all_back.wait(self._settings.cancel_timeout):
            return
        at_work = self._at_work()
        for connection in at_work:
            wire.sever(connection.pgconn)
        if at_work:
            await self._all_back.wait(self._settings.cancel_timeout)

    def _at_work(self) -> list[AsyncConnection[Any]]:
        return [one for one in self._taken if wire.is_active(one.pgconn)]

    async def health(
        self,
        timeout: float,  # noqa: ASYNC109, RUF100 -- the connection keeps it
    ) -> Health:
        """Whether the server answers, the circuit breaker notwithstanding.

        Args:
            timeout: seconds for all of it.
        """
        start = monotonic()
        error: Unavailable | None = None
        try:
            pool = self._pool
            if pool is None:
                raise PoolClosed(self._closed)
            self.require_home()
            connection = await self._get(pool, timeout)
            left = max(INTERVAL, start + timeout - monotonic())
            connection = await self._checked(pool, connection, left)
            if self._circuit is not None:
                self._circuit.reached()
            await without_waiting(pool.putconn, connection)
        except Unavailable as failure:
            error = failure
        return Health(server=self.name, seconds=monotonic() - start, error=error)

    def statistics(self) -> ServerStatistics:
        """What its pool does, and what it has done."""
        pool, circuit = self._pool, self._circuit
        counts = {} if pool is None else pool.get_stats()
        count = counts.get
        return ServerStatistics(
            server=self.name,
            size=count("pool_size", 0),
            idle=count("pool_available", 0) + len(self._spares),
            in_use=self.in_use,
            waiting=len(self._waiting),
            requests=count("requests_num", 0) + self._spares.calls,
            requests_waited=count("requests_queued", 0),
            requests_failed=count("requests_errors", 0),
            wait_seconds=count("requests_wait_ms", 0) / 1000,
            connections_made=count("connections_num", 0),
            connections_failed=count("connections_errors", 0),
            connections_lost=count("returns_bad", 0) + count("connections_lost", 0),
            connect_seconds=count("connections_ms", 0) / 1000,
            breaker=None if circuit is None else circuit.state,
            failures=0 if circuit is None else circuit.failures,
        )

    async def _made(self, connection: AsyncConnection[Any]) -> None:
        """The pool has connected: is that a server, or something before it?"""
        cut_off_after_fork(connection)
        settings = self._settings
        keeps = settings.prepare != "never"
        try:
            missing = await suit(connection, settings.connect_timeout, keeps=keeps)
        except psycopg.Error as error:
            self._not_made(error)
            raise
        self._limits.update(missing)
        self._refusal = None
        be_patient(connection, settings.statement_timeout, settings.cancel_timeout)
        vars(connection)[RESTS] = monotonic()
        if not keeps:
            vars(connection)[wire.UNPREPARED] = settings.direct
        if self._circuit is not None and self._circuit.failures:
            self._circuit.reached()

    def _not_made(self, error: psycopg.Error) -> None:
        self._refusal = error
        # A server that has only no room for more is there.
        full = isinstance(unreachable(error), OutOfResources)
        if self._circuit is not None and not (full and self._taken):
            self._circuit.failed(error)
