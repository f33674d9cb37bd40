# Derived from ../aio/connections.py by derive_sync.py: change that file.
"""How calls get a server's connections, and who else waits for one."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import psycopg
import psycopg_pool

from .. import wire
from ..breaker import BreakerState, Circuit
from ..errors import (
    PoolClosed,
    PoolFull,
    PoolTimeout,
    RepositoryError,
    Unavailable,
)
from ..forking import LEFT_BEHIND
from ..pinging import INTERVAL, is_quiet
from ..statistics import server_name
from ..translate import unreachable
from ._background import ELSEWHERE
from ._compat import Event, home, take, to_the_end, without_waiting
from .cluster import HOST
from .ending import cancel
from .pool import prove_alive, prove_primary
from .spares import RESTS, Spares, has_refused

if TYPE_CHECKING:
    from psycopg import Connection

    from ..settings import Settings
    from .cluster import Cluster
    from .pool import Pool

# Seconds for a connection to prove that it is alive.
_PING: Final = 5.0
# Seconds of rest after which a look at its socket is worth its time.
_REST: Final = 0.5


class Connections:
    """The connections to one server, each of which one call has at a time.

    Attributes:
        conninfo: where it is.
        cluster: knows where to, if there are several hosts.
    """

    def __init__(
        self,
        conninfo: str,
        settings: Settings,
        connection_class: type[Connection[Any]],
        cluster: Cluster | None = None,
    ) -> None:
        self.conninfo = conninfo
        self._name = server_name(conninfo)
        self.cluster = cluster
        self._prove = prove_alive if cluster is None else prove_primary
        self._settings = settings
        self._connection_class = connection_class
        self._pool: Pool | None = None
        self._check_idle = settings.check_idle
        self._look_after = min(_REST, settings.check_idle)
        self._closed = "the Database is not open: use `with`"
        self._start_over()

    def _start_over(self) -> None:
        """Have no connections."""
        settings = self._settings
        self._home: object = None
        self._circuit: Circuit | None = None
        if settings.breaker is not None:
            self._circuit = Circuit(settings.breaker, self.name)
        self._taken: set[Connection[Any]] = set()
        self._spares = Spares(0 if settings.reset else settings.min_size)
        self._waiting = set[object]()
        self._all_back = Event()
        # Why the latest connection could not be made.
        self._refusal: psycopg.Error | None = None
        # What has been at rest since before this is in doubt.
        self._broke = 0.0

    @property
    def name(self) -> str:
        """Where it is for messages, `host:port/database`."""
        return self._name if self.cluster is None else self.cluster.name

    @property
    def located(self) -> str:
        """Where it is, as a connection string; the latest primary of several hosts."""
        latest = None if self.cluster is None else self.cluster.latest
        return self.conninfo if latest is None else latest.settings.hosts.conninfo

    def after_fork(self) -> None:
        """In a child process: leave all connections to the parent."""
        pool, self._pool = self._pool, None
        if pool is not None:
            # Or its end would wait for threads that are not here, and for their locks.
            pool._closed = True  # noqa: SLF001 -- there is no other way to say so
        self._closed = f"the Database is not open here: {LEFT_BEHIND}"
        self._start_over()

    def at_hand(self) -> Connection[Any] | None:
        """A connection, if one can be had at once; else it is to be taken."""
        circuit = self._circuit
        if circuit is not None and circuit.state is not BreakerState.CLOSED:
            return None
        if self._home != home():
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
            RepositoryError: the Database was opened in another event loop, or process.
        """
        pool = self._pool
        if pool is None:
            raise PoolClosed(self._closed)
        self.require_home()
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

    def require_home(self) -> None:
        """Refuse what comes from another event loop or process.

        Raises:
            RepositoryError: the connections are not for use here.
        """
        if self._home is not None and self._home != home():
            raise RepositoryError(ELSEWHERE)

    def give_back(self, connection: Connection[Any]) -> None:
        """Let others have a connection that was taken."""
        self._taken.discard(connection)
        pool = self._pool
        if pool is None:
            connection.close()
            if not self._taken:
                self._all_back.set()
        elif has_refused(connection) and self.cluster is not None:
            to_the_end(self._doubt, connection)
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
            # The pool rolls back, and keeps a cancellation to itself.
            to_the_end(self._tidy, connection)

    def _doubt(self, connection: Connection[Any]) -> None:
        """Close a connection whose server refused to write if that is a standby."""
        cluster = self.cluster
        if wire.is_idle(connection.pgconn) and cluster is not None:
            with suppress(psycopg.Error):
                prove_primary(connection, _PING)
            if connection.closed:
                self._broke = monotonic()
                cluster.lose(vars(connection)[HOST])
            else:
                vars(connection)[RESTS] = monotonic()
        self._tidy(connection)

    def _tidy(self, connection: Connection[Any]) -> None:
        """Hand a connection to the pool that is in the midst of something."""
        if wire.is_active(connection.pgconn):
            # The pool closes it; the server would only notice at the statement's end.
            cancel(connection)
        pool = self._pool
        if pool is None:
            connection.close()
        else:
            pool.putconn(connection)

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
                connection = take(pool, seconds)
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
                self._prove(connection, min(_PING, left))
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
