"""Fixtures of the asynchronous and synchronous tests.

Tests work as the system is meant to be used: as a role that owns nothing, for a tenant
whose rows are the only ones that row-level security shows.
"""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.systems.databases import COLLABORATION_GRANTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from tests.systems.data import System

_GRANTED_IN: LiteralString = """
SELECT DISTINCT datname
FROM pg_database JOIN pg_shdepend ON dbid = pg_database.oid
WHERE refclassid = 'pg_authid'::regclass AND refobjid = to_regrole(%s)
"""


@pytest.fixture(scope="session")
def app_role(
    server: str,
    filled_system: Callable[[System, int], str],  # noqa: ARG001 -- outlive the role
) -> Iterator[Callable[[str], str]]:
    """Gives a database's URL for a role that is subject to row-level security."""
    role, password = f"app_{token_hex(8)}", token_hex(16)
    granted: set[str] = set()
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(role), sql.Literal(password)
            )
        )

        def url(owners: str) -> str:
            if owners not in granted:
                with psycopg.connect(owners) as connection:
                    grants = sql.SQL(COLLABORATION_GRANTS).format(
                        role=sql.Identifier(role)
                    )
                    connection.execute(grants)
                granted.add(owners)
            return make_conninfo(owners, user=role, password=password)

        yield url
        # Not in the clones of tests: they are dropped by now.
        for (name,) in admin.execute(_GRANTED_IN, [role]).fetchall():
            with psycopg.connect(server, dbname=name) as connection:
                connection.execute(
                    sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role))
                )
        admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.fixture
def url(
    request: pytest.FixtureRequest, filled_system: Callable[[System, int], str]
) -> str:
    """An empty system, or that of `filled`, for its owner."""
    if "filled" in request.fixturenames:
        return filled_system("collaboration", 200)
    url: str = request.getfixturevalue("empty_system")
    return url


@pytest.fixture
def tenant_url(url: str, app_role: Callable[[str], str]) -> Callable[[UUID], str]:
    """Gives the URL for a tenant."""

    def of(tenant: UUID) -> str:
        return make_conninfo(app_role(url), options=f"-c app.tenant_id={tenant}")

    return of


@pytest.fixture
def admin(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection beside the package: to arrange what it can't, and to check."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def filled(admin: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """`admin`, with 200 tasks and the rest of 2 tenants in the tables.

    For tests that read: others find the same rows.
    """
    return admin
