"""Statements that are ended before they are done."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

from .. import wire
from ..patience import grace_of

if TYPE_CHECKING:
    from psycopg import AsyncConnection


async def cancel(connection: AsyncConnection[Any]) -> bool:
    """Cancel what is under way on the server; whether it was reached."""
    try:
        await connection.cancel_safe(timeout=grace_of(connection))
    except psycopg.Error:
        return False
    return True


async def end(connection: AsyncConnection[Any]) -> None:
    """Cancel a stream, and take what is left of it; or close the connection."""
    if await cancel(connection):
        with suppress(psycopg.Error):
            work = wire.drain(connection.pgconn)
            await connection.wait(work, timeout=grace_of(connection))
    if wire.is_active(connection.pgconn):
        await connection.close()
