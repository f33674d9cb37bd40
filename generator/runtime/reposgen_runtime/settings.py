"""Settings of a Database."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from inspect import signature
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from .breaker import DEFAULT_BREAKER, Breaker
from .hosts import Hosts, find_hosts
from .limits import STATEMENT_TIMEOUT, CorrelatedSettings, milliseconds
from .notifications import KEEPALIVE
from .observers import Observers
from .patience import CANCEL_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping, Sequence

    from .caching import Cache
    from .observe import Observer

F = TypeVar("F", bound="Callable[..., object]")

MAX_PREPARED: Final = 500
# Seconds to connect to a host; with several hosts, to each of them.
_CONNECT_TIMEOUT: Final = 10
_CONNECT_TIMEOUT_EACH: Final = 2
# Seconds for one of several hosts to take over.
_FAILOVER_TIMEOUT: Final = 30.0

_AT_LEAST: Final[Mapping[str, float]] = {
    "min_size": 0,
    "max_size": 1,
    "max_waiting": 0,
    "timeout": 0,
    "connect_timeout": 1,
    "cancel_timeout": 0.001,
    "failover_timeout": 0,
    "open_timeout": 0,
    "max_idle": 0,
    "max_lifetime": 0,
    "check_after_idle": 0,
    "statement_timeout": 0.001,
    "max_prepared": 1,
    "max_lag": 0,
    "replica_interval": 0.001,
}

# Former names of settings: `Database.open` refuses them and names the new one.
_RENAMED: Final[Mapping[str, str]] = {
    "check_idle": "check_after_idle",
    "direct": "direct_conninfo",
    "plain": "use_cursors",
    "wait_ready": "open_timeout",
}


class Options(TypedDict, total=False):
    """Keyword arguments of `Database.open`; `Settings` describes them."""

    min_size: int
    max_size: int
    max_waiting: int
    timeout: float
    connect_timeout: int | None
    failover_timeout: float | None
    cancel_timeout: float
    open_timeout: float | None
    max_idle: float
    max_lifetime: float
    check_after_idle: float
    reset: bool
    statement_timeout: float | None
    breaker: Breaker | None
    prepare: Literal["auto", "never"]
    max_prepared: int
    direct_conninfo: str | None
    replicas: Sequence[str]
    max_lag: float | None
    replica_interval: float
    read_your_writes: bool
    use_cursors: bool
    observers: Sequence[Observer]
    correlation: Callable[[], str | None] | None
    cache: Cache | None


def refuse_renamed(options: Mapping[str, object]) -> None:
    """Refuse options under a former name.

    Raises:
        TypeError: an option was renamed; the message contains the new name.
    """
    for old, new in _RENAMED.items():
        if old in options:
            raise TypeError(f"the option {old!r} is now called {new!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings that `Database.open` takes.

    Attributes:
        conninfo: a URL or `host=… dbname=…`; missing parameters come from the `PG…`
            environment variables. With several hosts, or as a list, the Database
            finds out which host is the primary.
        min_size: minimum number of open connections.
        max_size: maximum number of open connections.
        max_waiting: maximum number of calls that wait for a connection at the same
            time, others get `PoolFull`; 0 for no limit.
        timeout: seconds to wait for a free connection, then `PoolTimeout`.
        connect_timeout: seconds to establish a connection; None for 10, or 2 per host
            if there are several.
        failover_timeout: seconds for which `run` repeats its work while the primary
            cannot be reached; None for 30 with several hosts, else 0.
        cancel_timeout: seconds for the server to end a statement after a cancellation,
            `statement_timeout` or `@timeout`; then its connection is closed.
        open_timeout: seconds that opening waits for `min_size` connections; 0 makes
            them in the background, None waits for `timeout` seconds.
        max_idle: seconds after which an idle connection beyond `min_size` is closed.
        max_lifetime: seconds after which a connection is replaced.
        check_after_idle: idle seconds after which a connection is checked with a round
            trip before a call gets it.
        reset: True to undo session changes after each call, at the cost of a round
            trip.
        statement_timeout: seconds after which the server ends a statement without its
            own `@timeout`; None for the server's configuration.
        breaker: circuit breaker for an unreachable server; None for no breaker.
        prepare: "auto" prepares each statement once per connection; "never" prepares
            none and leaves nothing behind in a session, as PgBouncer in transaction
            mode requires.
        max_prepared: maximum number of a package's prepared statements per connection;
            beyond it, statements that were not used recently are closed.
        direct_conninfo: connection string of the server itself, if `conninfo` leads
            to a pooler: LISTEN needs its own session.
        replicas: connection strings of standby servers that serve reads.
        max_lag: maximum lag in seconds of a replica that serves reads; None for any.
        replica_interval: seconds between two checks of a replica.
        read_your_writes: True if a read sees earlier writes of this Database.
        use_cursors: True to use only psycopg's documented API, which is slower.
        observers: objects that are notified of each call and of related events.
        correlation: returns the id of the request that the code is serving. It becomes
            `application_name` of each call and transaction, at the cost of one more
            command each.
        observing: the observers, together with those of the process.
        cache: cache for the results of reads with `-- @cache`; None sends each call to
            the server.
    """

    conninfo: str | Sequence[str] = field(default="", repr=False)
    min_size: int = 1
    max_size: int = 10
    max_waiting: int = 0
    timeout: float = 30.0
    connect_timeout: int | None = None
    failover_timeout: float | None = None
    cancel_timeout: float = CANCEL_TIMEOUT
    open_timeout: float | None = None
    max_idle: float = 300.0
    max_lifetime: float = 1800.0
    check_after_idle: float = 60.0
    reset: bool = False
    statement_timeout: float | None = None
    breaker: Breaker | None = DEFAULT_BREAKER
    prepare: Literal["auto", "never"] = "auto"
    max_prepared: int = MAX_PREPARED
    direct_conninfo: str | None = field(default=None, repr=False)
    replicas: Sequence[str] = field(default=(), repr=False)
    max_lag: float | None = 10.0
    replica_interval: float = 1.0
    read_your_writes: bool = True
    use_cursors: bool = False
    observers: Sequence[Observer] = ()
    correlation: Callable[[], str | None] | None = None
    cache: Cache | None = None
    hosts: Hosts = field(init=False, repr=False)
    observing: Observers = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the settings.

        Raises:
            ValueError: a setting is out of range, or conflicts with another one.
        """
        for name, least in _AT_LEAST.items():
            value = getattr(self, name)
            if value is not None and not value >= least:
                raise ValueError(f"{name}={value!r}: must be {least:g} at least")
        if self.min_size > self.max_size:
            raise ValueError(
                f"min_size={self.min_size} is more than max_size={self.max_size}"
            )
        if self.prepare not in ("auto", "never"):
            raise ValueError(f'prepare={self.prepare!r}: "auto" or "never"')
        if self.reset and self.prepare == "never":
            raise ValueError("reset=True undoes nothing behind a pooler")
        if isinstance(self.replicas, str):
            raise ValueError("replicas: a sequence of connection strings")  # noqa: TRY004 -- like the others
        try:
            hosts = find_hosts(self.conninfo)
            for conninfo in (self.direct_conninfo or "", *self.replicas):
                conninfo_to_dict(conninfo)
        except psycopg.ProgrammingError:
            # libpq's message quotes text that it cannot parse, even a password.
            raise ValueError(
                "no connection string: neither a postgresql:// URL nor key=value pairs"
            ) from None
        # The class is frozen; these follow from the rest.
        object.__setattr__(self, "hosts", hosts)
        object.__setattr__(self, "observing", Observers(self.observers))

    @property
    def connecting_time(self) -> int:
        """Seconds to establish a connection to one host."""
        if self.connect_timeout is not None:
            return self.connect_timeout
        return _CONNECT_TIMEOUT_EACH if self.hosts.several else _CONNECT_TIMEOUT

    @property
    def failover_time(self) -> float:
        """Seconds for which work is repeated while there is no primary."""
        if self.failover_timeout is not None:
            return self.failover_timeout
        return _FAILOVER_TIMEOUT if self.hosts.members else 0.0

    @property
    def opening_time(self) -> float:
        """Seconds to wait for the first connections."""
        return self.timeout if self.open_timeout is None else self.open_timeout

    @property
    def own_limits(self) -> MutableMapping[str, str]:
        """Settings of each transaction that cannot be kept in a session."""
        limits: dict[str, str] = {}
        if self.prepare == "never" and self.statement_timeout is not None:
            limits[STATEMENT_TIMEOUT] = milliseconds(self.statement_timeout)
        if self.correlation is None:
            return limits
        return CorrelatedSettings(limits, self.correlation)

    def connection_options(self, conninfo: str) -> dict[str, Any]:
        """Return libpq's connection parameters in addition to the conninfo."""
        given = conninfo_to_dict(conninfo)
        defaults = dict(KEEPALIVE)
        if "PGCONNECT_TIMEOUT" not in os.environ:
            defaults["connect_timeout"] = self.connecting_time
        options: dict[str, Any] = {
            "client_encoding": "utf8",
            **{name: value for name, value in defaults.items() if name not in given},
        }
        if self.statement_timeout is not None and self.prepare == "auto":
            before = given.get("options") or os.environ.get("PGOPTIONS", "")
            limit = f"-c {STATEMENT_TIMEOUT}={milliseconds(self.statement_timeout)}"
            options["options"] = f"{before} {limit}".strip()
        return options


def listing_options(function: F) -> F:
    """Make `help` and `inspect.signature` list `**options` with their defaults.

    Args:
        function: a function whose last parameter is `**options: Unpack[Options]`.
    """
    own = signature(function)
    *first, _ = own.parameters.values()
    options = [
        parameter
        for name, parameter in signature(Settings).parameters.items()
        if name in Options.__annotations__
    ]
    function.__signature__ = own.replace(  # type: ignore[attr-defined] # `signature` reads it
        parameters=[*first, *options]
    )
    return function
