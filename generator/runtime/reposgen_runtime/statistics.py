"""Statistics of a Database's servers."""

from __future__ import annotations

import os
from configparser import ConfigParser
from configparser import Error as ConfigParserError
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

if TYPE_CHECKING:
    from .breaker import BreakerState
    from .errors import RepositoryError

_DEFAULT_HOST: Final = "localhost"
_PLACE: Final = (b"host", b"hostaddr", b"port", b"dbname")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatistics:
    """Current state of one server's pool, and its counts since it was opened.

    Attributes:
        server: `host:port/database`.
        min_size: minimum number of open connections.
        max_size: maximum number of open connections.
        size: number of connections, including those that are being made.
        idle: connections that no call uses.
        in_use: connections that calls use.
        waiting: calls that wait for a connection.
        requests: calls that requested a connection.
        requests_waited: requests that had to wait.
        requests_failed: requests that got no connection.
        wait_seconds: total time that requests waited.
        uses: connections that calls have returned.
        use_seconds: total time between getting these and returning them.
        connections_made: attempts to connect.
        connections_failed: attempts that failed.
        connections_lost: connections that broke, in use or idle.
        connect_seconds: total time that connecting took.
        breaker: state of the circuit breaker; None without a breaker.
        failures: consecutive failures to reach the server.
    """

    server: str
    min_size: int
    max_size: int
    size: int
    idle: int
    in_use: int
    waiting: int
    requests: int
    requests_waited: int
    requests_failed: int
    wait_seconds: float
    uses: int
    use_seconds: float
    connections_made: int
    connections_failed: int
    connections_lost: int
    connect_seconds: float
    breaker: BreakerState | None
    failures: int


class ReplicaState(StrEnum):
    """State of a replica, which determines whether it serves reads."""

    UP = "up"
    """It serves reads."""

    LAGGING = "lagging"
    """It is too far behind the primary, or nobody knows how far."""

    DIVERGED = "diverged"
    """It is not known to follow the primary: it is of another timeline or cluster."""

    DOWN = "down"
    """It does not answer, or has not answered yet."""

    PROMOTED = "promoted"
    """It follows no primary: it is one."""

    @property
    def is_open(self) -> bool:
        """True if there are connections to the replica."""
        return self in (ReplicaState.UP, ReplicaState.LAGGING, ReplicaState.DIVERGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaStatistics(ServerStatistics):
    """Statistics of a replica; the counts restart whenever the replica is readmitted.

    Attributes:
        state: state of the replica.
        lag: upper bound of the lag behind the primary in seconds; None if unknown.
    """

    state: ReplicaState
    lag: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStatistics:
    """What a Database keeps of results.

    Attributes:
        entries: results in the process.
        size: bytes of them, as the server sent them.
        is_up: whether Redis answers; None without Redis.
    """

    entries: int
    size: int
    is_up: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """Statistics of all servers of a Database, and of its cache.

    Attributes:
        primary: the server that takes writes.
        replicas: the servers that only serve reads.
        cache: the kept results; None without a cache.
    """

    primary: ServerStatistics
    replicas: tuple[ReplicaStatistics, ...] = ()
    cache: CacheStatistics | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Result of one round trip to a server.

    Attributes:
        server: `host:port/database`.
        seconds: duration, including the wait for a connection.
        error: the reason of a failure; None if the server answered.
    """

    server: str
    seconds: float
    error: RepositoryError | None = None

    @property
    def is_healthy(self) -> bool:
        """True if the server answered."""
        return self.error is None


def server_name(conninfo: str) -> str:
    """Return a server's name for messages, without user and password."""
    parts = parameters_of(conninfo)
    host = parts.get("host") or parts.get("hostaddr") or _DEFAULT_HOST
    name = f"{host}:{parts.get('port') or 5432}"
    return f"{name}/{parts['dbname']}" if parts.get("dbname") else name


def parameters_of(conninfo: str) -> dict[str, Any]:
    """Return the parameters from a connection string, its service and the environment.

    Only parameters that locate a server are taken from the environment.
    """
    given = conninfo_to_dict(conninfo)
    return {**_defaults(given.get("service")), **given}


def _defaults(service: object) -> dict[str, Any]:
    """Return the parameters in the environment and the service that locate a server."""
    values = {
        option.keyword.decode(): option.val.decode()
        for option in Conninfo.get_defaults()
        if option.val is not None and option.keyword in _PLACE
    }
    if target := os.environ.get("PGTARGETSESSIONATTRS"):
        values["target_session_attrs"] = target
    # libpq reports only the service that the environment names.
    return values if service is None else {**values, **_service(str(service))}


def _service(name: str) -> dict[str, str]:
    """Return a service's entry from the first of libpq's service files that has it."""
    own = os.environ.get("PGSERVICEFILE") or Path.home() / ".pg_service.conf"
    files = [Path(own)]
    if folder := os.environ.get("PGSYSCONFDIR"):
        files.append(Path(folder, "pg_service.conf"))
    for file in files:
        parser = ConfigParser(
            interpolation=None, delimiters="=", comment_prefixes="#", strict=False
        )
        with suppress(OSError, ConfigParserError, UnicodeDecodeError):
            parser.read_string(file.read_text(encoding="utf-8"))
        if parser.has_section(name):
            return dict(parser[name])
    # libpq can also have a service file at its build-time path.
    return {"host": f"service={name}"}
