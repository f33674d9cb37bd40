# Derived from ../aio/server.py by derive_sync.py: change that file.
"""One server, and the pool of connections to it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import psycopg
import psycopg_pool

from .. import wire
from ..errors import OutOfResources, PoolClosed, Unavailable
from ..pinging import INTERVAL
from ..statistics import Health, ServerStatistics
from ..translate import unreachable
from ._compat import to_the_end, without_waiting
from .connections import Connections
from .pool import close_pool, make_pool, prove_alive
from .spares import RESTS

if TYPE_CHECKING:
    from psycopg import Connection


# Seconds for cancelled statements to end.
_CANCELLED: Final = 1.0


class Server(Connections):
    """One server: connected, watched, closed."""

    @property
    def is_available(self) -> bool:
        """Whether it is worth a try: the circuit breaker would let a call through."""
        return self._circuit is None or self._circuit.is_available

    @property
    def in_use(self) -> int:
        """How many connections calls have at the moment."""
        return len(self._taken)

    def open(self) -> None:
        """Connect.

        Raises:
            Unavailable: that is not possible.
            PoolTimeout: it takes too long.
        """
        settings = self._settings
        pool = make_pool(
            self.conninfo,
            settings,
            self._connection_class,
            self._made,
            self._not_made,
        )
        wait = settings.opening_time
        try:
            pool.open(wait=wait > 0, timeout=wait)
        except psycopg_pool.PoolTimeout:
            raise self._not_in_time(f"not ready within {wait:g} s") from None
        except BaseException:
            to_the_end(close_pool, pool)
            raise
        self._pool = pool

    def close(
        self,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- what is in use is not cancelled
    ) -> None:
        """Let nobody take a connection any more, and close all.

        Args:
            timeout: seconds that those who have one may keep it; then their statements
                are cancelled.
        """
        pool, self._pool = self._pool, None
        if pool is None:
            return
        while (spare := self._spares.withdraw()) is not None:
            to_the_end(pool.putconn, spare)
        pool.close()
        if not self._taken or self._all_back.wait(timeout):
            return
        for connection in [*self._taken]:
            if wire.is_active(connection.pgconn):
                connection.cancel_safe(timeout=_CANCELLED)
        self._all_back.wait(_CANCELLED)

    def health(
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
                raise PoolClosed("the Database is not open: use `with`")
            connection = self._get(pool, timeout)
            left = max(INTERVAL, start + timeout - monotonic())
            connection = self._checked(pool, connection, left)
            if self._circuit is not None:
                self._circuit.reached()
            without_waiting(pool.putconn, connection)
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

    def _made(self, connection: Connection[Any]) -> None:
        """The pool has connected: is that a server, or something before it?"""
        try:
            prove_alive(connection, self._settings.connect_timeout)
        except psycopg.Error as error:
            self._not_made(error)
            raise
        self._refusal = None
        vars(connection)[RESTS] = monotonic()
        if self._settings.prepare == "never":
            vars(connection)[wire.UNPREPARED] = self._settings.direct
        if self._circuit is not None and self._circuit.failures:
            self._circuit.reached()

    def _not_made(self, error: psycopg.Error) -> None:
        self._refusal = error
        # A server that has only no room for more is there.
        full = isinstance(unreachable(error), OutOfResources)
        if self._circuit is not None and not (full and self._taken):
            self._circuit.failed(error)
