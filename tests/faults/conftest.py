"""Servers that tests may ruin."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.runtime.shop import SCHEMA
from tests.support.crashes import come_back
from tests.support.proxy import Proxy, proxied
from tests.support.replica import Replica, replica_of

from reposgen.database.embedded import embedded_server

if TYPE_CHECKING:
    from collections.abc import Iterator


def ready(server: str) -> str:
    """A database with the shop's schema on a server that is fresh."""
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("CREATE DATABASE shop")
    conninfo = make_conninfo(server, dbname="shop")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        connection.execute("CREATE TABLE counters (id int4 PRIMARY KEY, value int4)")
    return conninfo


@pytest.fixture
def doomed() -> Iterator[str]:
    """A server of the test's own, which need not survive it."""
    with embedded_server(major(), progress=lambda _: None) as server:
        yield ready(server)


@pytest.fixture(scope="session")
def crashing() -> Iterator[str]:
    """A server that goes down at times, and comes back."""
    settings = {"max_connections": "30", "deadlock_timeout": "50ms"}
    with embedded_server(major(), progress=lambda _: None, settings=settings) as server:
        yield ready(server)
        come_back(server)


@pytest.fixture
def conninfo(crashing: str) -> str:
    """The shop on that server, empty."""
    come_back(crashing)
    with psycopg.connect(crashing) as connection:
        connection.execute("TRUNCATE tasks, owners, counters RESTART IDENTITY")
        connection.execute("INSERT INTO counters VALUES (1, 0), (2, 0)")
    return crashing


@pytest.fixture
def proxy(conninfo: str) -> Iterator[Proxy]:
    with proxied(conninfo) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def replicated() -> Iterator[tuple[str, Replica]]:
    """The shop on a server, and a replica of that."""
    # What is committed goes to the replica at once.
    settings = {"synchronous_commit": "local"}
    with embedded_server(major(), progress=lambda _: None, settings=settings) as server:
        primary = ready(server)
        with replica_of(server, major(), "shop") as replica:
            yield primary, replica


@pytest.fixture
def primary(replicated: tuple[str, Replica]) -> str:
    """The shop on a server that has a replica, empty."""
    primary, replica = replicated
    replica.start()
    replica.tell("SELECT pg_wal_replay_resume()")
    with psycopg.connect(primary) as connection:
        connection.execute("TRUNCATE tasks, owners, counters RESTART IDENTITY")
    replica.catch_up(primary)
    return primary


@pytest.fixture
def replica(replicated: tuple[str, Replica], primary: str) -> Replica:
    """That replica; it runs, and has all that the primary has."""
    assert primary
    return replicated[1]


@pytest.fixture(params=["fast", "plain"])
def plain(request: pytest.FixtureRequest) -> bool:
    """Each test runs on both paths."""
    return bool(request.param == "plain")


def major() -> int:
    return int(os.environ.get("REPOSGEN_TEST_POSTGRES", "18"))
