"""A network that loses every packet, in a namespace of the test's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from psycopg.conninfo import make_conninfo
from tests.runtime.aio.repositories import Database as AsyncDatabase
from tests.runtime.sync.repositories import Database as SyncDatabase

from reposgen_runtime.errors import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Iterator

IP: Final = shutil.which("ip", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
ROOT: Final = Path(__file__).parents[2]
RELAY: Final = """
import sys, threading
from pathlib import Path
from tests.support.proxy import Proxy
proxy = Proxy(sys.argv[1], Path("/nowhere"), sys.argv[2])
print("ready", flush=True)
threading.Event().wait()
"""
# In milliseconds; the default is half a minute.
SOON: Final = 1000
_numbers: Final = count(1)


def ip(*arguments: str) -> None:
    assert IP is not None
    subprocess.run([IP, *arguments], check=True, capture_output=True)  # noqa: S603 -- a program that was looked up


def is_permitted() -> bool:
    """Whether this program may make a network namespace."""
    if IP is None:
        return False
    try:
        ip("netns", "add", "reposgen")
    except subprocess.CalledProcessError:
        return False
    ip("netns", "delete", "reposgen")
    return True


class Network:
    """Leads to a server, until it loses all packets.

    Attributes:
        conninfo: of the server at its far end.
    """

    def __init__(self, stack: ExitStack, server: str) -> None:
        number = f"{os.getpid()}x{next(_numbers)}"
        name, near, far = f"reposgen{number}", f"rn{number}", f"rf{number}"
        block = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"
        ip("netns", "add", name)
        stack.callback(ip, "netns", "delete", name)
        ip("link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        # With the namespace alone it would go some time later.
        stack.callback(ip, "link", "delete", near)
        ip("address", "add", f"{block}.1/30", "dev", near)
        ip("link", "set", near, "up")
        ip("-n", name, "address", "add", f"{block}.2/30", "dev", far)
        ip("-n", name, "link", "set", far, "up")
        self._far = ("-n", name, "link", "set", far)
        assert IP is not None
        relay = subprocess.Popen(  # noqa: S603 -- as above
            [
                *(IP, "netns", "exec", name, sys.executable, "-c", RELAY),
                *(server, f"{block}.2"),
            ],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        stack.callback(relay.wait)
        stack.callback(relay.kill)
        assert relay.stdout is not None
        stack.callback(relay.stdout.close)
        assert relay.stdout.readline() == b"ready\n"
        self.conninfo = make_conninfo(server, host=f"{block}.2", tcp_user_timeout=SOON)

    def lose_all(self) -> None:
        """Deliver nothing any more."""
        ip(*self._far, "down")


@pytest.fixture
def network(crashing: str, conninfo: str) -> Iterator[Network]:
    assert conninfo
    if not is_permitted():
        pytest.skip("needs iproute2, and leave to make a network namespace")
    with ExitStack() as stack:
        yield Network(stack, crashing)


async def test_a_call_behind_a_network_that_is_gone(
    network: Network, *, use_cursors: bool
) -> None:
    async with AsyncDatabase.open(
        network.conninfo, use_cursors=use_cursors, breaker=None
    ) as db:
        assert await db.tasks.count() == 0
        network.lose_all()
        with pytest.raises(ConnectionLost):
            await db.tasks.count()
        await db.close(timeout=0)


def test_a_threads_call_behind_a_network_that_is_gone(
    network: Network, *, use_cursors: bool
) -> None:
    with SyncDatabase.open(
        network.conninfo, use_cursors=use_cursors, breaker=None
    ) as db:
        assert db.tasks.count() == 0
        network.lose_all()
        with pytest.raises(ConnectionLost):
            db.tasks.count()
        db.close(timeout=0)
