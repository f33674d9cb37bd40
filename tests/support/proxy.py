"""A proxy in front of a server that cuts a connection at a chosen word."""

from __future__ import annotations

import socket
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from psycopg.conninfo import make_conninfo
from tests.support.sockets import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

_PORT: Final = 5432
_NAME: Final = f".s.PGSQL.{_PORT}"
_BLOCK: Final = 65536


class Proxy:
    """Hands on what both sides say, until the client says the word.

    Attributes:
        conninfo: leads through the proxy.
        cuts: how many connections were cut.
    """

    def __init__(self, server: str, folder: Path, address: str | None) -> None:
        self._server = server
        self._address = address
        self.conninfo = make_conninfo(server, host=address or str(folder), port=_PORT)
        self.cuts = 0
        self._word: bytes | None = None
        self._is_heard = False
        self._speaks = threading.Event()
        self._speaks.set()
        self._path = folder / _NAME
        self._sockets: list[socket.socket] = []
        self.come_up()

    def cut_at(self, word: str, *, heard: bool) -> None:
        """Cut the connection at the next message with that word.

        Args:
            word: as it stands in the message.
            heard: the server gets the message and has answered it; the client never
                gets the answer. Else the server never gets it.
        """
        self._is_heard = heard
        self._word = word.encode()

    def come_up(self) -> None:
        """Take connections."""
        if self._address is None:
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(str(self._path))
        else:
            self._listener = socket.socket()
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((self._address, _PORT))
        self._listener.listen(100)
        listening = (self._listener,)
        threading.Thread(target=self._accept, args=listening, daemon=True).start()

    def go_down(self) -> None:
        """End all connections, and refuse new ones."""
        self._path.unlink(missing_ok=True)
        self.close()

    def fall_silent(self) -> None:
        """Hand on nothing that a client says, but take it."""
        self._speaks.clear()

    def speak(self) -> None:
        """Hand it on after all."""
        self._speaks.set()

    def close(self) -> None:
        """End all connections."""
        self.speak()
        for one in (self._listener, *self._sockets):
            _end(one)
        self._sockets.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = connect(self._server)
                self._sockets += [client, server]
                deaf = threading.Event()
                for work in (self._ask, self._answer):
                    threading.Thread(
                        target=work, args=(client, server, deaf), daemon=True
                    ).start()

    def _ask(
        self, client: socket.socket, server: socket.socket, deaf: threading.Event
    ) -> None:
        with suppress(OSError):
            while block := client.recv(_BLOCK):
                self._speaks.wait()
                if self._word is not None and self._word in block:
                    self._word = None
                    self.cuts += 1
                    if not self._is_heard:
                        break
                    # The next answer is the last, and goes nowhere.
                    deaf.set()
                server.sendall(block)
        if not deaf.is_set():
            _end(client)
            _end(server)

    def _answer(
        self, client: socket.socket, server: socket.socket, deaf: threading.Event
    ) -> None:
        with suppress(OSError):
            while (block := server.recv(_BLOCK)) and not deaf.is_set():
                client.sendall(block)
        _end(client)
        _end(server)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def proxied(server: str, address: str | None = None) -> Iterator[Proxy]:
    """A proxy in front of a server.

    Args:
        server: its conninfo.
        address: where the proxy listens; None for a Unix socket.
    """
    with tempfile.TemporaryDirectory(prefix="proxy-", dir="/tmp") as folder:
        proxy = Proxy(server, Path(folder), address)
        try:
            yield proxy
        finally:
            proxy.close()
