"""What a listener hears, and how it gets a connection of its own."""

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

# A server that vanishes without a word is found out within a minute: the former three
# where nobody waits but for an answer, the last, in milliseconds, where something was
# sent that is not acknowledged.
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
    """A NOTIFY.

    Attributes:
        payload: empty where there was none.
        pid: of the server process that sent it.
    """

    payload: T
    pid: int


@dataclass(frozen=True, slots=True)
class InvalidPayload:
    """A NOTIFY whose payload is not what the query says it is.

    Attributes:
        text: the payload as it was sent.
        pid: of the server process that sent it.
        error: says what it should have been, and shows nothing of it.
    """

    text: str = field(repr=False)
    pid: int
    error: Unrepresentable


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The connection broke and was made anew: what was sent meanwhile is lost.

    Attributes:
        seconds: for how long, as far as it was noticed.
    """

    seconds: float


def conninfo_of(connection: psycopg.BaseConnection[Any]) -> str:
    """Where a connection leads to, for another one with a session of its own.

    Raises:
        RepositoryError: it leads to a pooler.
    """
    state = state_of(connection)
    if not state.prepares:
        return behind(state.direct_conninfo)
    info = connection.info
    return make_conninfo(info.dsn, password=info.password or None)


def behind(direct_conninfo: str | None) -> str:
    """Where the server behind a pooler is.

    Raises:
        RepositoryError: nobody said so.
    """
    if direct_conninfo is None:
        raise RepositoryError(
            "LISTEN needs a session of its own, which a pooler does not give: name the"
            " server itself in Database.open(direct_conninfo=…)"
        )
    return direct_conninfo


def listening_conninfo(conninfo: str) -> str:
    """The same, for a connection that waits for hours."""
    defaults = dict(KEEPALIVE)
    if "PGCONNECT_TIMEOUT" not in os.environ:
        defaults["connect_timeout"] = _CONNECT_TIMEOUT
    return make_conninfo("", **{**defaults, **conninfo_to_dict(conninfo)})


def read_event(
    statement: Statement[Any], note: Notify
) -> Notification[Any] | InvalidPayload:
    """What was sent, as the object that the statement's only type makes of it."""
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
