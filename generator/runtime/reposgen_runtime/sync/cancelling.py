# Derived from ../aio/cancelling.py by derive_sync.py: change that file.
"""Cancellation of running statements."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

from .. import wire
from ..patience import grace_of

if TYPE_CHECKING:
    from psycopg import Connection


def cancel(connection: Connection[Any]) -> bool:
    """Cancel the running statement; return True if the server was reached."""
    try:
        connection.cancel_safe(timeout=grace_of(connection))
    except psycopg.Error:
        return False
    return True


def end(connection: Connection[Any]) -> None:
    """Cancel a stream and discard its remaining rows, or close the connection."""
    if cancel(connection):
        with suppress(psycopg.Error):
            work = wire.drain(connection.pgconn)
            connection.wait(work, timeout=grace_of(connection))
    if wire.is_active(connection.pgconn):
        connection.close()
