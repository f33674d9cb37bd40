# Derived from ../aio/pool.py by derive_sync.py: change that file.
"""psycopg_pool's connection pool of a server."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import psycopg
from psycopg import Connection, RawCursor
from psycopg_pool import ConnectionPool

from ..connection_state import state_of
from ..pinging import INTERVAL, ping
from ..session_settings import CURRENT, change, tracked, unsuited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg.pq.abc import PGresult

    from ..settings import Settings
    from .cluster import Cluster

Pool: TypeAlias = ConnectionPool[Connection[Any]]

_STANDBY: Final = b"SELECT pg_catalog.pg_is_in_recovery()"
# The pool doubles its wait after each failed attempt to connect. After this time in
# seconds it would give up; a callback makes it start again.
_RECONNECT: Final = 2.0
_RESET: Final = (
    b"CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *;"
    b" SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES"
)


def make_pool(  # noqa: PLR0917 -- all of them are needed
    conninfo: str,
    settings: Settings,
    connection_class: type[Connection[Any]],
    made: Callable[[Connection[Any]], None],
    not_made: Callable[[psycopg.Error], None],
    tried: Callable[[float, psycopg.Error | None], None],
    cluster: Cluster | None,
) -> Pool:
    """Return a pool that is not open yet.

    Args:
        conninfo: connection string.
        settings: settings of the Database.
        connection_class: class of the connections.
        made: called with each new connection.
        not_made: called with the error of a failed attempt, which the pool hides.
        tried: called after each attempt, with its seconds and its error.
        cluster: finds the primary if there are several hosts; otherwise None.
    """
    return ConnectionPool(
        conninfo,
        connection_class=_watched(connection_class, not_made, tried, cluster),
        kwargs={
            "autocommit": True,
            # If psycopg prepared statements itself, it would deallocate the run time's.
            "prepare_threshold": None,
            **settings.connection_options(conninfo),
        },
        min_size=settings.min_size,
        max_size=settings.max_size,
        timeout=settings.timeout,
        max_idle=settings.max_idle,
        max_lifetime=settings.max_lifetime,
        configure=made,
        reset=_reset if settings.reset else None,
        reconnect_timeout=_RECONNECT,
        reconnect_failed=_connect_again,
        open=False,
    )


def close_pool(pool: Pool) -> None:
    """Close the pool's connections, and stop its workers."""
    pool.close()


def prove_alive(
    connection: Connection[Any], seconds: float, question: bytes = b"SELECT"
) -> PGresult:
    """Make a round trip and return the server's answer.

    Raises:
        psycopg.Error: the server did not answer; the connection is closed.
    """
    try:
        with connection.lock:
            work = ping(connection.pgconn, seconds, question)
            return connection.wait(work, INTERVAL)
    except psycopg.Error:
        connection.close()
        raise


def make_suitable(
    connection: Connection[Any], seconds: float, *, keeps: bool
) -> Mapping[str, str]:
    """Check that a new connection is alive, and give it the expected settings.

    Args:
        connection: the new connection.
        seconds: time limit of each round trip; there is usually one.
        keeps: True if the session keeps its settings.

    Returns:
        The settings that each transaction has to apply because the session does not
        keep them.

    Raises:
        psycopg.Error: the server did not answer; the connection is closed.
    """
    result = prove_alive(connection, seconds, CURRENT.sql.encode())
    values = [
        (result.get_value(0, column) or b"").decode()
        for column in range(result.nfields)
    ]
    settings = unsuited(values)
    if kept := settings if keeps else tracked(settings):
        prove_alive(connection, seconds, change(kept).encode())
    state_of(connection).given = kept
    return {} if keeps else settings


def is_standby(connection: Connection[Any], seconds: float) -> bool:
    """Make a round trip and return True if the server is a standby.

    A pooler does not report changes of that by itself.

    Raises:
        psycopg.Error: the server did not answer; the connection is closed.
    """
    result = prove_alive(connection, seconds, _STANDBY)
    return result.get_value(0, 0) == b"t"


def prove_primary(connection: Connection[Any], seconds: float) -> None:
    """Make a round trip and check that the server is the primary.

    Raises:
        psycopg.Error: the server did not answer, or is a standby; the connection is
            closed.
    """
    if is_standby(connection, seconds):
        connection.close()
        raise psycopg.OperationalError("the server is a standby")


def _watched(
    base: type[Connection[Any]],
    failed: Callable[[psycopg.Error], None],
    tried: Callable[[float, psycopg.Error | None], None],
    cluster: Cluster | None,
) -> type[Connection[Any]]:
    """Return a subclass that reports failed attempts to connect, which pools hide."""

    class Watched(base):  # type: ignore[misc,valid-type] # it is known when this runs
        @classmethod
        def connect(cls, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- as psycopg has it
            start = monotonic()
            try:
                if cluster is not None:
                    connection = cluster.connect(super().connect, **options)
                else:
                    connection = super().connect(*args, **options)
            except psycopg.Error as error:
                # The original error holds the socket, which would stay open while the
                # error is kept, and the server waits for a message on it.
                error.__cause__ = error.__context__ = None
                error.with_traceback(None)
                failed(error)
                tried(monotonic() - start, error)
                raise
            tried(monotonic() - start, None)
            return connection

    Watched.__qualname__ = base.__qualname__
    return Watched


def _connect_again(pool: Pool) -> None:
    # This also makes the pool grow.
    pool.check()


def _reset(connection: Connection[Any]) -> None:
    cursor = RawCursor(connection)
    cursor.execute(_RESET, prepare=False)
    if settings := state_of(connection).given:
        cursor.execute(change(settings).encode(), prepare=False)
