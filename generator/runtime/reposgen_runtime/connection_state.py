"""State that the run time keeps for one psycopg connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from psycopg import BaseConnection

# The only attribute that the run time adds to a connection.
_STATE: Final = "_repository_state"


class ConnectionState:
    """State of one connection, with the same lifetime as the connection.

    Attributes:
        sessions: the connection's session for each package that uses it.
        usage: the stream, COPY or process that has exclusive use of the connection.
        ends_at: `time.monotonic()` at which the server ends the transaction and the
            connection; None if it does not.
        opening: commands that begin a transaction, sent with its first statement.
        unused: names of prepared statements that will not be run again.
        prepares: True if statements are prepared with a name; False behind a pooler.
        direct_conninfo: behind a pooler, the server's own connection string.
        is_chunked: True if libpq is still set to return results in chunks.
        given: session settings that were changed so that values have the expected
            format; None before they were checked.
        limit: seconds after which the server ends a statement; None if it does not.
        grace: seconds for a statement to end after its timeout or cancellation; None on
            a connection that does not belong to a Database.
        idle_since: `time.monotonic()` of the last release.
        taken_at: `time.monotonic()` at which a call got it; 0 while no call uses it.
        due: `time.monotonic()` at which the pool must get it back to check its age.
        host: the host that it is connected to, if there are several.
        was_refused: True if the server refused a write, as a standby does.
        poll: function that waits for the socket in a thread; None lets psycopg wait.
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
        "taken_at",
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
        self.taken_at = 0.0
        self.due = 0.0
        self.host: Any = None
        self.was_refused = False
        self.has_poll = False
        self.poll: Callable[[int], object] | None = None


def state_of(connection: BaseConnection[Any]) -> ConnectionState:
    """Return the state of a connection, creating it on first use."""
    attributes = vars(connection)
    state: ConnectionState | None = attributes.get(_STATE)
    if state is None:
        state = attributes[_STATE] = ConnectionState()
    return state
