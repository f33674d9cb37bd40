"""What a listener hears, and how it gets a connection of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

T = TypeVar("T")

# A server that vanishes without a word is found out within a minute.
_KEEPALIVE: Final[Mapping[str, int]] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}


@dataclass(frozen=True, slots=True)
class Notification(Generic[T]):
    """A NOTIFY.

    Attributes:
        payload: empty where there was none.
        pid: of the server process that sent it.
    """

    payload: T
    pid: int


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The connection broke and was made anew: what was sent meanwhile is lost.

    Attributes:
        seconds: for how long, as far as it was noticed.
    """

    seconds: float


def conninfo_of(connection: psycopg.BaseConnection[Any]) -> str:
    """Where a connection leads to, for another one of the same kind."""
    info = connection.info
    return make_conninfo(info.dsn, password=info.password or None)


def listening_conninfo(conninfo: str) -> str:
    """The same, for a connection that waits for hours."""
    return make_conninfo("", **{**_KEEPALIVE, **conninfo_to_dict(conninfo)})
