"""Migrated databases that an embedded server keeps between runs.

A kept database has the digest of its migrations as comment. The comment is set last,
and from then on the database is only read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg import sql

from reposgen.database.databases import drop_database

if TYPE_CHECKING:
    from psycopg import Connection

LIMIT = 8
# The first number that the server gives to what users make.
FIRST_USER_OID = 16384

_STRAY_DATABASES: LiteralString = """
    SELECT datname FROM pg_catalog.pg_database
    WHERE oid OPERATOR(pg_catalog.>=) %s
        AND pg_catalog.shobj_description(oid, 'pg_database') IS NULL
"""
_STRAY_ROLES: LiteralString = (
    "SELECT rolname FROM pg_catalog.pg_roles WHERE oid OPERATOR(pg_catalog.>=) %s"
)
_KEPT: LiteralString = """
    SELECT datname FROM pg_catalog.pg_database
    WHERE oid OPERATOR(pg_catalog.>=) %s
        AND pg_catalog.shobj_description(oid, 'pg_database')
        OPERATOR(pg_catalog.=) %s
"""
_OLDEST: LiteralString = """
    SELECT datname FROM pg_catalog.pg_database
    WHERE oid OPERATOR(pg_catalog.>=) %s
        AND pg_catalog.shobj_description(oid, 'pg_database') IS NOT NULL
    ORDER BY oid DESC OFFSET %s
"""
_SHARED_STATE: LiteralString = """
    SELECT pg_catalog.concat_ws(' ', oid, rolname) FROM pg_catalog.pg_roles
    UNION ALL
    SELECT pg_catalog.concat_ws(' ', setdatabase, setrole, setconfig)
    FROM pg_catalog.pg_db_role_setting
"""


def tidy(conninfo: str) -> None:
    """Remove what earlier runs left behind, except kept databases.

    Raises:
        psycopg.Error: removal failed, or the server's data is damaged.
    """
    with psycopg.connect(conninfo, autocommit=True) as connection:
        strays = connection.execute(_STRAY_DATABASES, (FIRST_USER_OID,))
        for (name,) in strays.fetchall():
            drop_database(connection, name)
        for (name,) in connection.execute(_STRAY_ROLES, (FIRST_USER_OID,)).fetchall():
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
        connection.execute(
            "ALTER ROLE ALL RESET ALL; ALTER ROLE CURRENT_USER RESET ALL"
        )


def shared_state(admin: Connection) -> set[str]:
    """Return what migrations can change outside their database: roles and settings."""
    return {line for (line,) in admin.execute(_SHARED_STATE)}


def find_cached(admin: Connection, digest: str) -> str | None:
    """Return the name of a database with these migrations, or None."""
    found = admin.execute(_KEPT, (FIRST_USER_OID, digest)).fetchone()
    return found[0] if found else None


def cache_database(admin: Connection, database: str, digest: str) -> None:
    """Keep a migrated database; drop the oldest ones if there are too many."""
    for (name,) in admin.execute(_OLDEST, (FIRST_USER_OID, LIMIT - 1)).fetchall():
        drop_database(admin, name)
    admin.execute(
        sql.SQL("COMMENT ON DATABASE {} IS {}").format(
            sql.Identifier(database), sql.Literal(digest)
        )
    )
