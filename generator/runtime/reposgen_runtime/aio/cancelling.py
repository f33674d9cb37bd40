"""Cancellation of running statements."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

from .. import wire
from ..patience import grace_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection


async def cancel(connection: AsyncConnection[Any]) -> bool:
    """Cancel the running statement; return True if the server was reached."""
    try:
        await connection.cancel_safe(timeout=grace_of(connection))
    except psycopg.Error:
        return False
    return True


async def end(connection: AsyncConnection[Any]) -> None:
    """Cancel a stream and discard its remaining rows, or close the connection."""
    if await cancel(connection):
        with suppress(psycopg.Error):
            work = wire.drain(connection.pgconn)
            await connection.wait(work, timeout=grace_of(connection))
    if wire.is_active(connection.pgconn):
        await connection.close()
