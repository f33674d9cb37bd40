"""Separation of a forked child process from its parent's connections.

Two processes that use one socket read each other's answers. In the child, connections
that the parent opened are therefore cut off, and code that uses them gets an error. The
parent is not affected. Calls do not check for this: the fork changes the state that
they read.
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
    """An object whose state must change in a child process."""

    def after_fork(self) -> None:
        """Change the state in the child: it has one thread, and locks can be held."""
        ...


_subjects: Final = WeakSet[Forkable]()
_connections: Final = WeakSet["BaseConnection[Any]"]()


def tell_after_fork(subject: Forkable) -> None:
    """Call the object's `after_fork` in each child process."""
    _subjects.add(subject)


def cut_off_after_fork(connection: BaseConnection[Any]) -> None:
    """Disconnect the connection's socket in each child process.

    Closing the connection would send a termination message, and cancelling would end
    the running statement, both in the parent's name. So the socket is first replaced by
    an unconnected one, and then closed.
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
