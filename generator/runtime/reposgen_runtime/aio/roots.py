"""Query for the constraint that a partition's constraint repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict

from ..forking import cut_off_after_fork
from ..pinging import INTERVAL, within
from ..roots import ask_for_roots

if TYPE_CHECKING:
    from ..roots import Key

# Seconds to connect, and seconds to answer.
_TIMEOUT: Final = 2


async def find_roots(connection: AsyncConnection[Any], key: Key) -> list[Key] | None:
    """Return a constraint and its ancestors, the topmost first.

    The query uses another connection to the same server, because the failed transaction
    refuses every statement.

    Args:
        connection: the connection that the error came from.
        key: the constraint in the error.

    Returns:
        The constraints, or None if the server did not answer in time.
    """
    info = connection.info
    options: dict[str, Any] = conninfo_to_dict(info.dsn)
    # If there are several hosts, use the one that answered.
    options |= {"host": info.host, "port": info.port}
    if "hostaddr" in options:
        options["hostaddr"] = info.hostaddr
    if info.password:
        options["password"] = info.password
    options |= {"connect_timeout": _TIMEOUT, "client_encoding": "utf8"}
    try:
        other = await AsyncConnection.connect(**options, autocommit=True)
        cut_off_after_fork(other)
        try:
            async with other.lock:
                work = ask_for_roots(other.pgconn, key)
                return await other.wait(within(work, _TIMEOUT), INTERVAL)
        finally:
            await other.close()
    except psycopg.Error:
        return None
