"""Creation and removal of databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import Connection

# Nobody can connect to it, so nobody keeps it from being copied, or has changed it.
PRISTINE = "template0"
FIRST_WITH_STRATEGY = 150000


def create_database(
    admin: Connection, name: str, *, template: str = PRISTINE, copy_files: bool = False
) -> None:
    """Create a database as a copy of a template without connections.

    Args:
        admin: a connection in autocommit mode, to any database.
        name: name of the new database.
        template: name of the template.
        copy_files: True to copy files instead of logging pages: faster on a server
            without fsync, slower on others.
    """
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
        sql.Identifier(name), sql.Identifier(template)
    )
    if copy_files and admin.info.server_version >= FIRST_WITH_STRATEGY:
        command += sql.SQL(" STRATEGY file_copy")
    admin.execute(command)


def set_search_path(admin: Connection, name: str, schemas: Sequence[str]) -> None:
    """Make a database's sessions look up unqualified names in these schemas."""
    admin.execute(
        sql.SQL("ALTER DATABASE {} SET search_path = {}").format(
            sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, schemas))
        )
    )


def drop_database(admin: Connection, name: str) -> None:
    """Drop a database if it exists, and end all connections to it."""
    admin.execute(
        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    )
