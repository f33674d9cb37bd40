"""Sockets to a server, as a connection string names it."""

from __future__ import annotations

import socket

from psycopg.conninfo import conninfo_to_dict


def connect(conninfo: str) -> socket.socket:
    """A connection to the server, on which nothing has been said."""
    parts = conninfo_to_dict(conninfo)
    # What libpq takes where nothing is named.
    host, port = str(parts.get("host") or "/tmp"), int(parts.get("port") or 5432)  # noqa: S108 - as above
    if host.startswith("/"):
        connected = socket.socket(socket.AF_UNIX)
        connected.connect(f"{host}/.s.PGSQL.{port}")
        return connected
    connected = socket.create_connection((host, port))
    # Small messages would each wait for the one before to be acknowledged.
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connected
