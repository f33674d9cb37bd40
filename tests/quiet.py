"""A proxy in front of a server that keeps its notices to itself, as some do."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo
from tests.support.sockets import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NOTICE = b"N"
_HEADER = 5


@contextmanager
def without_notices(conninfo: str) -> Iterator[str]:
    """The connection string of a proxy for the server.

    Yields:
        As the server's own, by way of the proxy.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        proxy = threading.Thread(target=_serve, args=(listening, conninfo), daemon=True)
        proxy.start()
        yield make_conninfo(
            conninfo,
            host="127.0.0.1",
            port=listening.getsockname()[1],
            sslmode="disable",
            gssencmode="disable",
        )
        # Wakes the thread, where closing alone would not.
        listening.shutdown(socket.SHUT_RDWR)
        proxy.join()


def _serve(listening: socket.socket, server: str) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        # Small messages would each wait for the one before to be acknowledged.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        behind = connect(server)
        for pump, source, target in (
            (_pass_on, client, behind),
            (_pass_on_but_notices, behind, client),
        ):
            threading.Thread(
                target=_until_closed, args=(pump, source, target), daemon=True
            ).start()


def _until_closed(
    pump: Callable[[socket.socket, socket.socket], None],
    source: socket.socket,
    target: socket.socket,
) -> None:
    # Whichever side ends first, the other direction ends with it.
    with suppress(OSError), source:
        pump(source, target)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)


def _pass_on_but_notices(source: socket.socket, target: socket.socket) -> None:
    with source.makefile("rb") as messages:
        while header := messages.read(_HEADER):
            # The length counts itself, and not the letter before it.
            body = messages.read(int.from_bytes(header[1:], "big") + 1 - _HEADER)
            if not header.startswith(_NOTICE):
                target.sendall(header + body)
