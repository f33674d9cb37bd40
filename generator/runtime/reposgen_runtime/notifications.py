"""Events that a listener yields, and the connection string of its own connection."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Format

from .connection_state import state_of
from .conversions import Converted, display_name
from .errors import RepositoryError, Unrepresentable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg
    from psycopg import Notify
    from psycopg.abc import Buffer

    from .statement import Statement

T = TypeVar("T")

# Detect a server that disappears silently within a minute: the first three settings
# while the client only waits, the last one, in milliseconds, if sent data is not
# acknowledged.
KEEPALIVE: Final[Mapping[str, int]] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# Seconds.
_CONNECT_TIMEOUT: Final = 10


@dataclass(frozen=True, slots=True)
class Notification(Generic[T]):
    """A notification that NOTIFY sent.

    Attributes:
        payload: the payload; empty if there was none.
        pid: process id of the server process that sent it.
    """

    payload: T
    pid: int


@dataclass(frozen=True, slots=True)
class InvalidPayload:
    """A notification whose payload does not match the type in the query.

    Attributes:
        text: the payload as it was sent.
        pid: process id of the server process that sent it.
        error: names the expected type, and does not contain the payload.
    """

    text: str = field(repr=False)
    pid: int
    error: Unrepresentable


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The connection broke and was replaced: notifications in between are lost.

    Attributes:
        seconds: time from the detected failure to the new connection.
    """

    seconds: float


def conninfo_of(connection: psycopg.BaseConnection[Any]) -> str:
    """Return the connection string for another session on the same server.

    Raises:
        RepositoryError: the connection leads to a pooler, and `direct_conninfo` is not
            set.
    """
    state = state_of(connection)
    if not state.prepares:
        return behind(state.direct_conninfo)
    info = connection.info
    return make_conninfo(info.dsn, password=info.password or None)


def behind(direct_conninfo: str | None) -> str:
    """Return the connection string of the server behind a pooler.

    Raises:
        RepositoryError: `direct_conninfo` is None.
    """
    if direct_conninfo is None:
        raise RepositoryError(
            "LISTEN needs a session of its own, which a pooler does not give: name the"
            " server itself in Database.open(direct_conninfo=…)"
        )
    return direct_conninfo


def listening_conninfo(conninfo: str) -> str:
    """Return the connection string with defaults for a long-lived connection."""
    defaults = dict(KEEPALIVE)
    if "PGCONNECT_TIMEOUT" not in os.environ:
        defaults["connect_timeout"] = _CONNECT_TIMEOUT
    return make_conninfo("", **{**defaults, **conninfo_to_dict(conninfo)})


def read_event(
    statement: Statement[Any], note: Notify
) -> Notification[Any] | InvalidPayload:
    """Return the event for a notification, with its payload as the statement's type."""
    name = next(iter(statement.results), "text")
    if not isinstance(name, Converted):
        return Notification(note.payload, note.pid)
    read = name.loading(_text, 0, Format.TEXT)
    try:
        return Notification(read(note.payload.encode()), note.pid)
    except Exception:  # noqa: BLE001 -- a class may raise all kinds of them
        error = Unrepresentable(
            f"the payload is no {display_name(name)}", query=statement.name
        )
        return InvalidPayload(note.payload, note.pid, error)


def _text(data: Buffer) -> str:
    return bytes(data).decode()
