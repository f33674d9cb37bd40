"""How a Database reaches its server."""

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
# Seconds to connect to a host; to each one where there are several.
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
    """The settings that `Database.open` takes by name: see `Settings`."""

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
    verify: Literal["off", "warn", "error"]


def refuse_renamed(options: Mapping[str, object]) -> None:
    """Refuse options under a name that they no longer have.

    Raises:
        TypeError: the message names the option's new name.
    """
    for old, new in _RENAMED.items():
        if old in options:
            raise TypeError(f"the option {old!r} is now called {new!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `Database.open` takes.

    Attributes:
        conninfo: a URL or `host=… dbname=…`; what is missing comes from `PG…`
            variables of the environment. With several hosts, or as a list, the
            Database finds out which one is the primary.
        min_size: connections that are kept open.
        max_size: connections at most.
        max_waiting: calls that may wait for a connection at the same time, the others
            get `PoolFull`; 0 for any number.
        timeout: seconds to wait for a free connection, then `PoolTimeout`.
        connect_timeout: seconds that it may take to make one; None for 10, or 2 for
            each host where there are several.
        failover_timeout: seconds for which `run` does its work again while the primary
            cannot be reached; None for 30 where there are several hosts, else 0.
        cancel_timeout: seconds that the server has to end a statement that was
            cancelled, or whose `statement_timeout` or `@timeout` is over; then its
            connection is closed.
        open_timeout: seconds that opening waits for `min_size` connections; 0 makes
            them in the background, None waits for `timeout` seconds.
        max_idle: seconds after which a connection beyond `min_size` is closed.
        max_lifetime: seconds after which a connection is replaced.
        check_after_idle: idle seconds after which a connection makes a round trip
            before a call gets it.
        reset: undo what calls set in their session, at the cost of a round trip each.
        statement_timeout: seconds that the server may work on a statement that has no
            `@timeout` of its own; None leaves it to the server's configuration.
        breaker: when to hold calls back from a server that can't be reached; None for
            never.
        prepare: "auto" prepares each statement once on each connection; "never" does
            not and leaves nothing behind in a session, as PgBouncer in transaction
            mode asks for.
        max_prepared: statements of a package that a connection keeps prepared; beyond
            it those go that were not used of late.
        direct_conninfo: connection string of the server itself, if `conninfo` leads
            to a pooler: LISTEN needs its own session.
        replicas: servers that follow the primary, and serve reads in its place.
        max_lag: seconds by which a replica may be behind and still serve; None for any.
        replica_interval: seconds between two looks at a replica.
        read_your_writes: a read sees what this Database wrote before.
        use_cursors: use only psycopg's documented API, which is slower.
        observers: told of each call, and of what happens around them.
        correlation: returns the id of the request that the code is serving. It becomes
            `application_name` for each call and transaction, which costs the server a
            command more for each.
        observing: the observers, together with the process's.
        cache: keeps the results of reads that are marked `-- @cache`; None: each call
            asks the server.
        verify: when the Database is opened, compare the schema with the one that the
            package was generated from: "warn" logs the methods that do not fit it,
            "error" also raises `ContractBroken` if one of them breaks.
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
    verify: Literal["off", "warn", "error"] = "off"
    hosts: Hosts = field(init=False, repr=False)
    observing: Observers = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ValueError: the message names the setting.
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
        if self.verify not in ("off", "warn", "error"):
            raise ValueError(f'verify={self.verify!r}: "off", "warn" or "error"')
        if self.reset and self.prepare == "never":
            raise ValueError("reset=True undoes nothing behind a pooler")
        if isinstance(self.replicas, str):
            raise ValueError("replicas: a sequence of connection strings")  # noqa: TRY004 -- like the others
        try:
            hosts = find_hosts(self.conninfo)
            for conninfo in (self.direct_conninfo or "", *self.replicas):
                conninfo_to_dict(conninfo)
        except psycopg.ProgrammingError:
            # libpq quotes what it does not understand, be it a password.
            raise ValueError(
                "no connection string: neither a postgresql:// URL nor key=value pairs"
            ) from None
        # The class is frozen; these follow from the rest.
        object.__setattr__(self, "hosts", hosts)
        object.__setattr__(self, "observing", Observers(self.observers))

    @property
    def connecting_time(self) -> int:
        """Seconds to connect to a host."""
        if self.connect_timeout is not None:
            return self.connect_timeout
        return _CONNECT_TIMEOUT_EACH if self.hosts.several else _CONNECT_TIMEOUT

    @property
    def failover_time(self) -> float:
        """Seconds for which work is done again while there is no primary."""
        if self.failover_timeout is not None:
            return self.failover_timeout
        return _FAILOVER_TIMEOUT if self.hosts.members else 0.0

    @property
    def opening_time(self) -> float:
        """Seconds to wait for the first connections."""
        return self.timeout if self.open_timeout is None else self.open_timeout

    @property
    def own_limits(self) -> MutableMapping[str, str]:
        """What each transaction sets, where no session may keep it."""
        limits: dict[str, str] = {}
        if self.prepare == "never" and self.statement_timeout is not None:
            limits[STATEMENT_TIMEOUT] = milliseconds(self.statement_timeout)
        if self.correlation is None:
            return limits
        return CorrelatedSettings(limits, self.correlation)

    def connection_options(self, conninfo: str) -> dict[str, Any]:
        """What libpq is told as a connection is made, beside its conninfo."""
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
    """Have `help` and `inspect.signature` list `**options` one by one, with defaults.

    Args:
        function: takes `Options` as its last parameters.
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
