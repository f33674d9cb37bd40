"""Servers that tests may ruin."""

from __future__ import annotations

import asyncio
import os
import sys
from collections import defaultdict
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zlib import crc32

import psycopg
import pytest
import uvloop
from psycopg.conninfo import make_conninfo
from tests.runtime.shop import SCHEMA
from tests.support.crashes import come_back
from tests.support.proxy import Proxy, proxied
from tests.support.replica import Replica, replica_of

from reposgen.database.embedded import embedded_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HERE: Final = Path(__file__).parent
# What each test runs on, besides the path: the event loop and the kind of socket.
SAMPLED: Final = frozenset({"asyncio", "uvloop", "unix", "tcp"})
# Elsewhere there is one loopback address, where other servers may listen.
TRANSPORTS: Final = ("unix", "tcp") if sys.platform == "linux" else ("unix",)
_addresses: Final = count(1)


def pytest_asyncio_loop_factories() -> Mapping[
    str, Callable[[], asyncio.AbstractEventLoop]
]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Of each test's combinations keep one for each path, unless all are to run."""
    if config.getoption("--all"):
        return
    groups = defaultdict(list)
    for item in items:
        if HERE in item.path.parents and isinstance(item, pytest.Function):
            groups[_group(item)].append(item)
    left_out = set[pytest.Item]()
    for group, members in groups.items():
        left_out.update(members)
        left_out.discard(members[crc32(group.encode()) % len(members)])
    if left_out:
        config.hook.pytest_deselected(items=[*left_out])
        items[:] = [item for item in items if item not in left_out]


def _group(item: pytest.Function) -> str:
    """What the combinations of a test have in common, and the path."""
    # By the words of their names: values may look different in each process.
    words = item.callspec.id.split("-") if hasattr(item, "callspec") else []
    rest = [word for word in words if word not in SAMPLED]
    return f"{item.path.relative_to(HERE)} {item.originalname} {rest}"


def loopback() -> str:
    """An address of this machine on which nobody else listens."""
    pid = os.getpid()
    return f"127.{1 + (pid >> 8) % 254}.{pid % 256}.{next(_addresses) % 256}"


def listening() -> dict[str, str]:
    """The setting of a server that is to be reached over TCP, too."""
    return {"listen_addresses": loopback()} if "tcp" in TRANSPORTS else {}


def over(transport: str, conninfo: str) -> str:
    """The server behind a Unix socket, over that kind of one."""
    if transport == "unix":
        return conninfo
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SHOW listen_addresses").fetchone()
    assert row is not None
    return make_conninfo(conninfo, host=row[0])


def ready(server: str) -> str:
    """A database with the shop's schema on a server that is fresh."""
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("CREATE DATABASE shop")
    conninfo = make_conninfo(server, dbname="shop")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        connection.execute("CREATE TABLE counters (id int4 PRIMARY KEY, value int4)")
    return conninfo


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """Each test runs over each kind of socket."""
    return str(request.param)


@pytest.fixture
def doomed(transport: str) -> Iterator[str]:
    """A server of the test's own, which need not survive it."""
    with embedded_server(
        major(), progress=lambda _: None, settings=listening()
    ) as server:
        yield over(transport, ready(server))


@pytest.fixture(scope="session")
def crashing() -> Iterator[str]:
    """A server that goes down at times, and comes back."""
    settings = {"max_connections": "30", "deadlock_timeout": "50ms", **listening()}
    with embedded_server(major(), progress=lambda _: None, settings=settings) as server:
        yield ready(server)
        come_back(server)


@pytest.fixture
def conninfo(crashing: str, transport: str) -> str:
    """The shop on that server, empty, and with nobody else in it."""
    come_back(crashing)
    with psycopg.connect(crashing) as connection:
        # Statements go on whose client has given them up.
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute("TRUNCATE tasks, owners, counters RESTART IDENTITY")
        connection.execute("INSERT INTO counters VALUES (1, 0), (2, 0)")
    return over(transport, crashing)


@pytest.fixture
def proxy(conninfo: str, transport: str) -> Iterator[Proxy]:
    with proxied(conninfo, loopback() if transport == "tcp" else None) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def replicated() -> Iterator[tuple[str, Replica]]:
    """The shop on a server, and a replica of that."""
    # What is committed goes to the replica at once.
    settings = {"synchronous_commit": "local", **listening()}
    with embedded_server(major(), progress=lambda _: None, settings=settings) as server:
        primary = ready(server)
        with replica_of(server, major(), "shop", listening()) as replica:
            yield primary, replica


@pytest.fixture
def primary(replicated: tuple[str, Replica], transport: str) -> str:
    """The shop on a server that has a replica, empty."""
    primary, replica = replicated
    replica.start()
    replica.tell("SELECT pg_wal_replay_resume()")
    with psycopg.connect(primary) as connection:
        connection.execute("TRUNCATE tasks, owners, counters RESTART IDENTITY")
    replica.catch_up(primary)
    return over(transport, primary)


@pytest.fixture
def replica(
    replicated: tuple[str, Replica], primary: str, transport: str
) -> Iterator[Replica]:
    """That replica; it runs, and has all that the primary has."""
    assert primary
    _, replica = replicated
    before, replica.conninfo = replica.conninfo, over(transport, replica.conninfo)
    yield replica
    replica.conninfo = before


@pytest.fixture(params=["libpq", "cursors"])
def use_cursors(request: pytest.FixtureRequest) -> bool:
    """Each test runs on both paths."""
    return bool(request.param == "cursors")


def major() -> int:
    return int(os.environ.get("REPOSGEN_TEST_POSTGRES", "18"))
