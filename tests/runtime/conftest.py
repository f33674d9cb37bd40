"""Fixtures of the asynchronous and synchronous tests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.runtime.shop import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="session")
def shop(server: str) -> Iterator[str]:
    """One database with the shop's schema for all tests that leave that alone."""
    name = sql.Identifier(f"shop_{uuid4().hex}")
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
        conninfo = make_conninfo(server, dbname=name.as_string().strip('"'))
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(SCHEMA.encode())
        yield conninfo
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def own_database() -> None:
    """For tests that change the schema."""


@pytest.fixture
def conninfo(
    request: pytest.FixtureRequest, make_database: Callable[[str], str], shop: str
) -> str:
    """A database with the shop's schema and no rows."""
    if "own_database" in request.fixturenames:
        return make_database(SCHEMA)
    with psycopg.connect(shop) as connection:
        connection.execute("TRUNCATE tasks, owners, things RESTART IDENTITY")
    return shop


@pytest.fixture(params=["libpq", "cursors"])
def use_cursors(request: pytest.FixtureRequest) -> bool:
    """Each test runs on both paths."""
    return bool(request.param == "cursors")
