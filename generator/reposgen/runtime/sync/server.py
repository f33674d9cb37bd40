# Derived from ../aio/server.py by derive_sync.py: change that file.
"""One server, and the pool of connections to it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import psycopg
import psycopg_pool

from .. import wire
from ..breaker import BreakerState, Circuit
from ..errors import OutOfResources, PoolClosed, PoolFull, PoolTimeout, Unavailable
from ..pinging import INTERVAL, is_quiet
from ..statistics import Health, ServerStatistics, server_name
from ..translate import unreachable
from ._compat import Event, to_the_end, without_waiting
from .pool import close_pool, make_pool, prove_alive
from .spares import RESTS, Spares

if TYPE_CHECKING:
    from psycopg import Connection

    from ..settings import Settings
    from .pool import Pool

# Seconds for a connection to prove that it is alive.
_PING: Final = 5.0
# Seconds for cancelled statements to end.
_CANCELLED: Final = 1.0
# Seconds of rest after which a look at its socket is worth its time.
_REST: Final = 0.5


class Server:
    """The connections to one server.

    Attributes:
        conninfo: where it is.
        name: the same for messages, `host:port/database`.
    """

    def __init__(
        self,
        conninfo: str,
        settings: Settings,
        connection_class: type[Connection[Any]],
    ) -> None:
        self.conninfo = conninfo
        self.name = server_name(conninfo)
        self._settings = settings
        self._connection_class = connection_class
        self._pool: Pool | None = None
        self._circuit: Circuit | None = None
        if settings.breaker is not None:
            self._circuit = Circuit(settings.breaker, self.name)
        self._check_idle = settings.check_idle
        self._look_after = min(_REST, settings.check_idle)
        self._taken: set[Connection[Any]] = set()
        self._spares = Spares(0 if settings.reset else settings.min_size)
        self._waiting = set[object]()
        self._all_back = Event()
        # Why the latest connection could not be made.
        self._refusal: psycopg.Error | None = None
        # What has been at rest since before this is in doubt.
        self._broke = 0.0

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

    def at_hand(self) -> Connection[Any] | None:
        """A connection, if one can be had at once; else it is to be taken."""
        circuit = self._circuit
        if circuit is not None and circuit.state is not BreakerState.CLOSED:
            return None
        since = max(self._broke, monotonic() - self._look_after)
        connection = self._spares.take(since)
        if connection is not None:
            self._taken.add(connection)
        return connection

    def keep(self, connection: Connection[Any]) -> Connection[Any] | None:
        """Have a connection at hand that was taken.

        Returns:
            The connection that is to be given back, if any.
        """
        pool, circuit = self._pool, self._circuit
        if (
            pool is None
            or self._waiting
            or connection.pgconn.transaction_status != wire.IDLE
            or (circuit is not None and circuit.failures)
        ):
            return connection
        self._taken.discard(connection)
        if not self._spares.keep(connection):
            return connection
        if self._pool is not pool or self._waiting:
            # Other threads have closed all meanwhile, or wait for one.
            return self._spares.withdraw()
        return None

    def take(self) -> Connection[Any]:
        """A connection that nobody else has.

        Raises:
            PoolClosed: there are none.
            PoolTimeout: none became free in time.
            PoolFull: too many wait for one.
            CircuitOpen: the server could not be reached lately.
            Unavailable: it can't be reached now.
        """
        pool = self._pool
        if pool is None:
            raise PoolClosed("the Database is not open: use `with`")
        circuit = self._circuit
        if circuit is not None and circuit.state is not BreakerState.CLOSED:
            return self._try(pool, circuit)
        connection = self._get(pool, self._settings.timeout)
        rests: float = vars(connection)[RESTS]
        idle = monotonic() - rests
        if rests <= self._broke or (
            idle > self._look_after
            and (idle > self._check_idle or not is_quiet(connection.pgconn))
        ):
            connection = self._checked(pool, connection, self._settings.timeout)
        self._taken.add(connection)
        return connection

    def give_back(self, connection: Connection[Any]) -> None:
        """Let others have a connection that was taken."""
        self._taken.discard(connection)
        pool = self._pool
        if pool is None:
            connection.close()
            if not self._taken:
                self._all_back.set()
        elif wire.is_idle(connection.pgconn):
            circuit = self._circuit
            if circuit is not None and circuit.failures:
                circuit.worked()
            vars(connection)[RESTS] = monotonic()
            # The pool may have to wait for a lock, and loses what it is handed if that
            # is cancelled.
            without_waiting(pool.putconn, connection)
        else:
            if connection.broken:
                self._broke = monotonic()
            else:
                vars(connection)[RESTS] = monotonic()
            # The pool ends what is under way there, and keeps a cancellation to itself.
            to_the_end(pool.putconn, connection)

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

    def _get(self, pool: Pool, seconds: float) -> Connection[Any]:
        limit, waiting = self._settings.max_waiting, self._waiting
        # The pool's own limit also counts those that have given up.
        if 0 < limit <= len(waiting) and not pool.get_stats()["pool_available"]:
            raise PoolFull(f"{limit} calls wait for a connection already")
        # Threads may add to a set and take from it, but not count.
        call = object()
        waiting.add(call)
        try:
            # Whoever gives one back from now on sees that somebody waits.
            connection = self._spares.withdraw()
            if connection is None:
                connection = pool.getconn(seconds)
                self._spares.lend(connection)
            else:
                self._spares.calls += 1
        except psycopg_pool.PoolClosed:
            raise PoolClosed("the Database was closed") from None
        except psycopg_pool.PoolTimeout:
            raise self._not_in_time(
                f"no connection became free within {seconds:g} s"
            ) from None
        else:
            return connection
        finally:
            waiting.discard(call)

    def _not_in_time(self, text: str) -> Unavailable:
        if self._refusal is None or self._taken:
            return PoolTimeout(text)
        return unreachable(self._refusal)

    def _checked(
        self, pool: Pool, connection: Connection[Any], seconds: float
    ) -> Connection[Any]:
        """That connection if it is alive, or else one that is."""
        deadline = monotonic() + seconds
        while True:
            left = max(INTERVAL, deadline - monotonic())
            try:
                prove_alive(connection, min(_PING, left))
            except psycopg.Error:
                to_the_end(pool.putconn, connection)
            except BaseException:
                to_the_end(pool.putconn, connection)
                raise
            else:
                return connection
            # Each time the pool has one less of those that may be dead.
            connection = self._get(pool, max(0.0, deadline - monotonic()))

    def _try(self, pool: Pool, circuit: Circuit) -> Connection[Any]:
        circuit.begin_attempt()
        try:
            wait = min(circuit.wait, self._settings.timeout)
            connection = self._get(pool, wait)
            connection = self._checked(pool, connection, wait)
        except BaseException:
            circuit.attempt_failed()
            raise
        circuit.reached()
        self._taken.add(connection)
        return connection

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
