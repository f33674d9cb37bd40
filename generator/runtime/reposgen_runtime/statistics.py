"""What a Database can tell of its servers."""

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
    """One server's pool, as it is now, and what it counted since it was opened.

    Attributes:
        server: `host:port/database`.
        min_size: connections that are kept open.
        max_size: connections at most.
        size: connections that there are, or that are being made.
        idle: of them, those that nobody uses.
        in_use: of them, those that calls have.
        waiting: calls that wait for one.
        requests: calls that asked for a connection.
        requests_waited: of them, those that had to wait.
        requests_failed: of them, those that got none.
        wait_seconds: what they waited, in total.
        connections_made: attempts to connect.
        connections_failed: of them, those that failed.
        connections_lost: connections that broke, in use or at rest.
        connect_seconds: what it took to make them, in total.
        breaker: the circuit breaker's state; None without a breaker.
        failures: how often in a row the server was not reached.
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
    connections_made: int
    connections_failed: int
    connections_lost: int
    connect_seconds: float
    breaker: BreakerState | None
    failures: int


class ReplicaState(StrEnum):
    """What a replica is good for."""

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
        """Whether there are connections to it."""
        return self in (ReplicaState.UP, ReplicaState.LAGGING, ReplicaState.DIVERGED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaStatistics(ServerStatistics):
    """A replica; what is counted begins anew each time that it is taken in.

    Attributes:
        state: what it is good for.
        lag: seconds by which it is behind the primary at most; None if that is not
            known.
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
    """All of a Database's servers, and its cache.

    Attributes:
        primary: the server that takes writes.
        replicas: those that only read.
        cache: what is kept; None without a cache.
    """

    primary: ServerStatistics
    replicas: tuple[ReplicaStatistics, ...] = ()
    cache: CacheStatistics | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What came of one round trip to a server.

    Attributes:
        server: `host:port/database`.
        seconds: how long it took, the wait for a connection included.
        error: why it failed; None if it did not.
    """

    server: str
    seconds: float
    error: RepositoryError | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether the server answered."""
        return self.error is None


def server_name(conninfo: str) -> str:
    """How messages name a server: without user and password."""
    parts = parameters_of(conninfo)
    host = parts.get("host") or parts.get("hostaddr") or _DEFAULT_HOST
    name = f"{host}:{parts.get('port') or 5432}"
    return f"{name}/{parts['dbname']}" if parts.get("dbname") else name


def parameters_of(conninfo: str) -> dict[str, Any]:
    """Return what a connection string, its service and the environment say.

    Of what the environment says, only what tells where a server is.
    """
    given = conninfo_to_dict(conninfo)
    return {**_defaults(given.get("service")), **given}


def _defaults(service: object) -> dict[str, Any]:
    """What the environment and a service's file say of where a server is."""
    values = {
        option.keyword.decode(): option.val.decode()
        for option in Conninfo.get_defaults()
        if option.val is not None and option.keyword in _PLACE
    }
    if target := os.environ.get("PGTARGETSESSIONATTRS"):
        values["target_session_attrs"] = target
    # libpq only tells of the service that the environment names.
    return values if service is None else {**values, **_service(str(service))}


def _service(name: str) -> dict[str, str]:
    """A service's entry, from the first of libpq's files that has it."""
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
    # Where libpq was built, there may be another one.
    return {"host": f"service={name}"}
