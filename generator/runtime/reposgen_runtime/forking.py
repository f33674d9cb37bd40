"""What a process that `fork()` made must not share with the process that it came from.

Two processes that use one socket read each other's answers. In the child, connections
that the parent had opened are therefore cut off, and whoever would use them is told.
The parent notices nothing of that. Calls ask for nothing: what they find is changed.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol
from weakref import WeakSet

import psycopg

if TYPE_CHECKING:
    from psycopg import BaseConnection

LEFT_BEHIND: Final = (
    "it was opened before this process was forked, and belongs to the process that"
    " forked it: open another one here, in each worker of a server that forks"
)


class Forkable(Protocol):
    """What has to change in a child process."""

    def after_fork(self) -> None:
        """This is the child: no thread but this one exists, locks may be held."""
        ...


_subjects: Final = WeakSet[Forkable]()
_connections: Final = WeakSet["BaseConnection[Any]"]()


def tell_after_fork(subject: Forkable) -> None:
    """Call its `after_fork` in each child process."""
    _subjects.add(subject)


def cut_off_after_fork(connection: BaseConnection[Any]) -> None:
    """Take the connection's socket away from each child process.

    To close the connection would say goodbye to the server, and to cancel what is under
    way there would end it, both in the parent's name. It is closed, but only after the
    socket was replaced by one that leads nowhere.
    """
    _connections.add(connection)


def _in_child() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    for connection in [*_connections]:
        # A connection that is closed has no socket.
        with suppress(psycopg.Error):
            os.dup2(ours.fileno(), connection.pgconn.socket, inheritable=False)
            connection.pgconn.finish()
    ours.close()
    _connections.clear()
    subjects = [*_subjects]
    _subjects.clear()
    for subject in subjects:
        subject.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
