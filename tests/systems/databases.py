"""Databases with a system's schema, and what tests ask of them beside the package."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString, TypeVar
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import class_row

from reposgen.database.databases import create_database, drop_database

if TYPE_CHECKING:
    from psycopg import Connection
    from tests.systems.data import System

T = TypeVar("T")

MIGRATIONS = Path(__file__).parents[2] / "migrations"

# What a role needs that serves collaboration's tenants.
COLLABORATION_GRANTS: LiteralString = """
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
REVOKE ALL ON mv_task_stats FROM {role};
GRANT EXECUTE ON FUNCTION matching_tasks TO {role};
"""

# Without triggers a table's rows can go before those that point to them.
_EMPTY = """
DO $$
DECLARE
    name regclass;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT oid FROM pg_class
                WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace
    LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
END
$$
"""


def create_system(admin: Connection[Any], system: System) -> str:
    """A new database with the system's migrations applied; returns its name."""
    name = f"{system}_{uuid4().hex}"
    create_database(admin, name, copy_files=True)
    conninfo = make_conninfo(admin.info.dsn, dbname=name, password=admin.info.password)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for path in sorted((MIGRATIONS / system).glob("*.sql")):
            connection.execute(path.read_bytes())
    return name


def drop_system(admin: Connection[Any], name: str) -> None:
    """Drop what `create_system` made."""
    drop_database(admin, name)


def empty(connection: Connection[Any]) -> None:
    """Delete every row of every table."""
    connection.execute(_EMPTY)


def rows(
    connection: Connection[Any], row: type[T], query: LiteralString, *values: object
) -> list[T]:
    """A query's rows as psycopg alone reads them: what a generated method must give."""
    with connection.cursor(row_factory=class_row(row)) as cursor:
        return cursor.execute(query, values).fetchall()
