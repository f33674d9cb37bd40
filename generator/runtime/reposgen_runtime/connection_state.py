"""All that the run time keeps of one psycopg connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg import BaseConnection

# The only key of ours in a connection's attributes.
_STATE: Final = "_repository_state"


class ConnectionState:
    """State of one connection, for as long as the connection lives.

    Attributes:
        sessions: the connection's session for each package that uses it.
        usage: who has the connection to itself.
        ends_at: when the server ends the transaction and with it the connection, by
            `time.monotonic`; None if it does not.
        opening: commands that begin a transaction, to be sent with its first statement.
        unused: names of prepared statements that nobody will run again.
        prepares: statements get a name; behind a pooler no session keeps it.
        direct_conninfo: behind a pooler, the server's own connection string.
        is_chunked: results came in chunks, and libpq has to be told otherwise.
        given: settings that the session was given so that values are written as is
            relied on; None before anyone has looked.
        limit: seconds after which the server ends a statement; None if it does not.
        grace: seconds for a statement to end once its time is over, or once it was
            cancelled; None on a connection that is not a Database's.
        idle_since: when the connection was last given back.
        due: when the pool is to have it back, to see to its age.
        host: the one of several hosts that it leads to.
        was_refused: the server refused to write, as a standby does.
        poll: what waits for the socket in a thread; None leaves that to psycopg.
    """

    __slots__ = (
        "direct_conninfo",
        "due",
        "ends_at",
        "given",
        "grace",
        "has_poll",
        "host",
        "idle_since",
        "is_chunked",
        "limit",
        "opening",
        "poll",
        "prepares",
        "sessions",
        "unused",
        "usage",
        "was_refused",
    )

    def __init__(self) -> None:
        self.sessions: dict[Any, Any] = {}
        self.usage = Usage()
        self.opening: list[str] = []
        self.unused: list[bytes] = []
        self.prepares = True
        self.direct_conninfo: str | None = None
        self.is_chunked = False
        self.given: Mapping[str, str] | None = None
        self.limit: float | None = None
        self.grace: float | None = None
        self.ends_at: float | None = None
        self.idle_since = 0.0
        self.due = 0.0
        self.host: Any = None
        self.was_refused = False
        self.has_poll = False
        self.poll: Callable[[int], object] | None = None


def state_of(connection: BaseConnection[Any]) -> ConnectionState:
    """Return the state of a connection, which begins when it is first asked for."""
    attributes = vars(connection)
    state: ConnectionState | None = attributes.get(_STATE)
    if state is None:
        state = attributes[_STATE] = ConnectionState()
    return state
