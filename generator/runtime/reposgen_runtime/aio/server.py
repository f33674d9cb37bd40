"""One server: acquiring, checking, releasing and closing its connections."""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import psycopg
import psycopg_pool

from .. import wire
from ..breaker import BreakerState, Circuit
from ..connection_state import state_of
from ..errors import (
    OutOfResources,
    PoolClosed,
    PoolFull,
    PoolTimeout,
    ReadOnlyTransaction,
    RepositoryError,
    Unavailable,
)
from ..forking import LEFT_BEHIND, cut_off_after_fork, tell_after_fork
from ..patience import be_patient
from ..pinging import INTERVAL, is_quiet
from ..statistics import Health, ServerStatistics, server_name
from ..translate import unreachable
from ._background import ELSEWHERE
from ._compat import Event, home, new_home, run_shielded, run_shielded_eagerly, take
from .cancelling import cancel
from .idle_cache import IdleCache
from .pool import (
    close_pool,
    is_standby,
    make_pool,
    make_suitable,
    prove_alive,
    prove_primary,
)

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from psycopg import AsyncConnection

    from ..observe import Place
    from ..settings import Settings
    from .cluster import Cluster
    from .pool import Pool

# Seconds for a connection to prove that it is alive.
_PING: Final = 5.0
# Idle seconds after which the socket is checked for input.
_IDLE: Final = 0.5


class Server:
    """A server and its pool of connections, each used by one call at a time.

    Attributes:
        conninfo: connection string of the server.
        cluster: finds the primary if there are several hosts; otherwise None.
    """

    def __init__(
        self,
        conninfo: str,
        settings: Settings,
        connection_class: type[AsyncConnection[Any]],
        limits: MutableMapping[str, str],
        cluster: Cluster | None = None,
        *,
        role: str = "primary",
    ) -> None:
        """Store the arguments; `open` connects.

        Args:
            conninfo: connection string of the server.
            settings: settings of its pool.
            connection_class: class of its connections.
            limits: settings that each transaction applies; settings that a session
                should have, but does not keep, are added.
            cluster: finds the primary if there are several hosts; otherwise None.
            role: `primary` or `replica`.
        """
        self.conninfo = conninfo
        self.cluster = cluster
        self._name = server_name(conninfo)
        self._settings = settings
        self._connection_class = connection_class
        self._limits = limits
        self._pool: Pool | None = None
        self._check_idle = settings.check_after_idle
        self._look_after = min(_IDLE, settings.check_after_idle)
        self._closed = "the Database is not open: use `async with`"
        self._role = role
        self._place: Place | None = None
        self._observers = settings.observing
        self._start_over()

    def _start_over(self) -> None:
        """Reset the state to that without connections."""
        settings = self._settings
        self._home: object = None
        self._circuit: Circuit | None = None
        if settings.breaker is not None:
            self._circuit = Circuit(
                settings.breaker, self.name, settings.observing.notify
            )
        self._taken: set[AsyncConnection[Any]] = set()
        self._idle = IdleCache(0 if settings.reset else settings.min_size)
        self._waiting = set[object]()
        self._all_back = Event()
        # Why the latest connection could not be made.
        self._refusal: psycopg.Error | None = None
        # Connections that were idle before this time are checked before use.
        self._broke = 0.0

    def after_fork(self) -> None:
        """Leave all connections to the parent, in a child process."""
        pool, self._pool = self._pool, None
        if pool is not None:
            # Otherwise its finalizer would wait for threads and locks of the parent.
            pool._closed = True  # noqa: SLF001 -- there is no other way to say so
        self._closed = f"the Database is not open here: {LEFT_BEHIND}"
        self._start_over()

    @property
    def name(self) -> str:
        """Name of the server for messages, `host:port/database`."""
        return self._name if self.cluster is None else self.cluster.name

    @property
    def located(self) -> str:
        """Connection string of the server; of several hosts, of the latest primary."""
        latest = None if self.cluster is None else self.cluster.latest
        return self.conninfo if latest is None else latest.settings.hosts.conninfo

    @property
    def place(self) -> Place:
        """Description of the server for observers."""
        place = self._place
        if place is None or place.server != self.name:
            from ..observing import place_of  # noqa: PLC0415 -- only where there are some

            place = self._place = place_of(self.located, self._role)
        return place

    @property
    def is_available(self) -> bool:
        """True if the circuit breaker would let a call through."""
        return self._circuit is None or self._circuit.is_available

    @property
    def in_use(self) -> int:
        """Number of connections that calls use."""
        return len(self._taken)

    # How it is opened and closed.

    async def open(self) -> None:
        """Open the pool, and wait for its first connections.

        Raises:
            Unavailable: the server cannot be reached.
            PoolTimeout: connecting takes longer than `open_timeout`.
        """
        settings = self._settings
        self._home = new_home()
        pool = make_pool(
            self.conninfo,
            settings,
            self._connection_class,
            self._made,
            self._not_made,
            self._tried,
            self.cluster,
        )
        wait = settings.opening_time
        try:
            await pool.open(wait=wait > 0, timeout=wait)
        except psycopg_pool.PoolTimeout:
            raise self._not_in_time(f"not ready within {wait:g} s") from None
        except BaseException:
            await run_shielded(close_pool, pool)
            raise
        self._pool = pool
        if self.cluster is not None:
            self.cluster.moved = self._move
        tell_after_fork(self)

    async def close(
        self,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- what is in use is not cancelled
    ) -> None:
        """Refuse further calls, and close all connections.

        Args:
            timeout: seconds for running calls to end; then their statements are
                cancelled. If the server does not cancel them either, the connections
                are closed anyway.
        """
        if self._pool is None:
            return
        self.require_home()
        pool, self._pool, self._home = self._pool, None, None
        await self._empty_cache(pool)
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

    async def _move(self) -> None:
        """Disconnect from the host that was the primary.

        Work that is still running there was not acknowledged, and must not be. A former
        primary can be frozen, or not know yet that it was replaced.
        """
        pool, cluster, circuit = self._pool, self.cluster, self._circuit
        if pool is None or cluster is None:
            return
        self._broke = monotonic()
        if circuit is not None:
            circuit.move(cluster.name)
        await pool.drain()
        await self._empty_cache(pool)
        for connection in [*self._taken]:
            if not cluster.leads_here(connection):
                wire.sever(connection.pgconn)

    async def _empty_cache(self, pool: Pool) -> None:
        while (connection := self._idle.pop()) is not None:
            await run_shielded(pool.putconn, connection)

    def _at_work(self) -> list[AsyncConnection[Any]]:
        return [one for one in self._taken if wire.is_active(one.pgconn)]

    async def _made(self, connection: AsyncConnection[Any]) -> None:
        """Check a connection that the pool has made: it can lead to another host."""
        cut_off_after_fork(connection)
        settings = self._settings
        keeps = settings.prepare != "never"
        try:
            if self.cluster is not None:
                await prove_primary(connection, settings.connecting_time)
                if not self.cluster.leads_here(connection):
                    await connection.close()
                    raise psycopg.OperationalError("another host became the primary")
            missing = await make_suitable(
                connection, settings.connecting_time, keeps=keeps
            )
        except psycopg.Error as error:
            self._not_made(error)
            raise
        self._limits.update(missing)
        self._refusal = None
        be_patient(connection, settings.statement_timeout, settings.cancel_timeout)
        state = state_of(connection)
        state.idle_since = monotonic()
        state.prepares, state.direct_conninfo = keeps, settings.direct_conninfo
        if self._circuit is not None and self._circuit.failures:
            self._circuit.reached()

    def _tried(self, seconds: float, error: psycopg.Error | None) -> None:
        """Notify the observers of an attempt to connect."""
        if self._observers.active:
            from ..observing import attempt  # noqa: PLC0415 -- only where there are some

            self._observers.notify(attempt(self.place, seconds, error))

    def _not_made(self, error: psycopg.Error) -> None:
        self._refusal = error
        # A server that has no free connection slots is still reachable.
        full = isinstance(unreachable(error), OutOfResources)
        if self._circuit is not None and not (full and self._taken):
            self._circuit.failed(error)

    # How calls get its connections.

    def try_acquire(self) -> AsyncConnection[Any] | None:
        """Return a connection if one is free at once; None if `acquire` must wait."""
        circuit = self._circuit
        if circuit is not None and circuit.state is not BreakerState.CLOSED:
            return None
        if self._home != home():
            return None
        since = max(self._broke, monotonic() - self._look_after)
        connection = self._idle.take(since)
        if connection is not None:
            self._taken.add(connection)
        return connection

    async def acquire(self) -> AsyncConnection[Any]:
        """Return a connection for the caller's exclusive use, waiting if necessary.

        Raises:
            PoolClosed: the Database is not open.
            PoolTimeout: no connection became free within `timeout` seconds.
            PoolFull: `max_waiting` calls are already waiting.
            CircuitOpen: the circuit breaker is open.
            Unavailable: the server cannot be reached.
            RepositoryError: the Database was opened in another event loop or process.
        """
        if not self._observers.active:
            return await self._acquire()
        from ..observing import waiting  # noqa: PLC0415 -- only where there are some

        with waiting(self._observers, self.place):
            return await self._acquire()

    async def _acquire(self) -> AsyncConnection[Any]:
        pool = self._pool
        if pool is None:
            raise PoolClosed(self._closed)
        self.require_home()
        circuit = self._circuit
        if circuit is not None and circuit.state is not BreakerState.CLOSED:
            return await self._try(pool, circuit)
        connection = await self._get(pool, self._settings.timeout)
        since = state_of(connection).idle_since
        idle = monotonic() - since
        if since <= self._broke or (
            idle > self._look_after
            and (idle > self._check_idle or not is_quiet(connection.pgconn))
        ):
            connection = await self._checked(pool, connection, self._settings.timeout)
        self._taken.add(connection)
        return connection

    def try_release(
        self, connection: AsyncConnection[Any]
    ) -> AsyncConnection[Any] | None:
        """Keep a connection for the next call.

        Returns:
            The connection if it must be passed to `release`, else None.
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
        if not self._idle.add(connection):
            return connection
        if self._pool is not pool or self._waiting:
            # Another thread has closed the pool meanwhile, or waits for a connection.
            return self._idle.pop()
        return None

    async def release(self, connection: AsyncConnection[Any]) -> None:
        """Give a connection back to the pool, or close it if the pool is closed."""
        self._taken.discard(connection)
        pool, state = self._pool, state_of(connection)
        if pool is None:
            await connection.close()
            if not self._taken:
                self._all_back.set()
        elif state.was_refused and self.cluster is not None:
            state.was_refused = False
            await run_shielded(self._doubt, connection)
        elif wire.is_idle(connection.pgconn):
            circuit = self._circuit
            if circuit is not None and circuit.failures:
                circuit.worked()
            state.idle_since = monotonic()
            # The pool can wait for a lock, and loses the connection if the wait is
            # cancelled.
            await run_shielded_eagerly(pool.putconn, connection)
        else:
            if connection.broken:
                self._broke = monotonic()
            else:
                state.idle_since = monotonic()
            # The pool rolls back, and suppresses a cancellation.
            await run_shielded(self._tidy, connection)

    async def _doubt(self, connection: AsyncConnection[Any]) -> None:
        """Close a connection whose server refused to write, if that is a standby."""
        cluster, state = self.cluster, state_of(connection)
        if wire.is_idle(connection.pgconn) and cluster is not None:
            with suppress(psycopg.Error):
                await prove_primary(connection, _PING)
            if connection.closed:
                self._broke = monotonic()
                await cluster.lose(state.host)
            else:
                state.idle_since = monotonic()
        await self._tidy(connection)

    async def _tidy(self, connection: AsyncConnection[Any]) -> None:
        """Return a connection with unfinished work to the pool."""
        if wire.is_active(connection.pgconn):
            # The pool closes it; the server would only notice at the statement's end.
            await cancel(connection)
        pool = self._pool
        if pool is None:
            await connection.close()
        else:
            await pool.putconn(connection)

    def require_home(self) -> None:
        """Check that the caller runs in the event loop and process of the connections.

        Raises:
            RepositoryError: the caller runs in another event loop or process.
        """
        if self._home is not None and self._home != home():
            raise RepositoryError(ELSEWHERE)

    async def _get(self, pool: Pool, seconds: float) -> AsyncConnection[Any]:
        limit, waiting = self._settings.max_waiting, self._waiting
        # The pool's own limit also counts calls that have timed out.
        if 0 < limit <= len(waiting) and not pool.get_stats()["pool_available"]:
            raise PoolFull(f"{limit} calls wait for a connection already")
        # Adding to and removing from a set is atomic; incrementing a number is not.
        call = object()
        waiting.add(call)
        try:
            # From now on, releasing calls see that a call is waiting.
            connection = self._idle.pop()
            if connection is None:
                connection = await take(pool, seconds)
                self._idle.mark_checked_out(connection)
            else:
                self._idle.calls += 1
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

    async def _checked(
        self, pool: Pool, connection: AsyncConnection[Any], seconds: float
    ) -> AsyncConnection[Any]:
        """Return the connection if it is alive, or else another one that is."""
        deadline = monotonic() + seconds
        prove = prove_alive if self.cluster is None else prove_primary
        while True:
            left = max(INTERVAL, deadline - monotonic())
            try:
                await prove(connection, min(_PING, left))
            except psycopg.Error:
                await run_shielded(pool.putconn, connection)
            except BaseException:
                await run_shielded(pool.putconn, connection)
                raise
            else:
                return connection
            # Each attempt removes one possibly dead connection from the pool.
            connection = await self._get(pool, max(0.0, deadline - monotonic()))

    async def _try(self, pool: Pool, circuit: Circuit) -> AsyncConnection[Any]:
        circuit.begin_attempt()
        try:
            wait = min(circuit.wait, self._settings.timeout)
            connection = await self._get(pool, wait)
            connection = await self._checked(pool, connection, wait)
        except BaseException:
            circuit.attempt_failed()
            raise
        circuit.reached()
        self._taken.add(connection)
        return connection

    # How it is.

    async def health(
        self,
        timeout: float,  # noqa: ASYNC109, RUF100 -- the connection keeps it
    ) -> Health:
        """Check the server, even while the circuit breaker is open.

        Args:
            timeout: seconds for the check, including the wait for a connection.
        """
        start = monotonic()
        error: RepositoryError | None = None
        try:
            error = await self._unfit(start + timeout)
        except Unavailable as failure:
            error = failure
        return Health(server=self.name, seconds=monotonic() - start, error=error)

    async def _unfit(self, deadline: float) -> RepositoryError | None:
        """Reach the server; return the reason why it cannot take writes, or None."""
        pool = self._pool
        if pool is None:
            raise PoolClosed(self._closed)
        self.require_home()
        connection = await self._get(pool, deadline - monotonic())
        left = max(INTERVAL, deadline - monotonic())
        connection = await self._checked(pool, connection, left)
        if self._circuit is not None:
            self._circuit.reached()
        try:
            # With several hosts, the cluster has checked that already.
            if self.cluster is None and self._settings.hosts.writes:
                left = max(INTERVAL, deadline - monotonic())
                if await is_standby(connection, left):
                    return ReadOnlyTransaction(
                        f"{self.name} is a standby, which takes no writes"
                    )
        except psycopg.Error as failure:
            return unreachable(failure)
        finally:
            await run_shielded(pool.putconn, connection)
        return None

    def statistics(self) -> ServerStatistics:
        """Return the current state and counts of its pool."""
        pool, circuit = self._pool, self._circuit
        counts = {} if pool is None else pool.get_stats()
        count = counts.get
        return ServerStatistics(
            server=self.name,
            min_size=self._settings.min_size,
            max_size=self._settings.max_size,
            size=count("pool_size", 0),
            idle=count("pool_available", 0) + len(self._idle),
            in_use=self.in_use,
            waiting=len(self._waiting),
            requests=count("requests_num", 0) + self._idle.calls,
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
