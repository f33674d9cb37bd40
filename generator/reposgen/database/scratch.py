"""Databases for analysis: created from migrations, or existing."""

from __future__ import annotations

import contextlib
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from reposgen.database.connection import connect
from reposgen.database.database_cache import cache_database, find_cached, shared_state
from reposgen.database.databases import (
    create_database,
    drop_database,
    set_search_path,
)
from reposgen.database.migrations import apply, role_names
from reposgen.database.signals import signals_blocked
from reposgen.diagnostics import ReposgenError, error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection

    from reposgen.database.model import MigrationFile, Migrations, Server

    Grow = tuple[Connection, Callable[[MigrationFile], None]]


# Given at the session's start, not by a statement: a pooler that would hand the
# setting on to other clients refuses it there.
READ_ONLY = "-c default_transaction_read_only=on"


@contextlib.contextmanager
def scratch_database(
    server: Server, migrations: Migrations | None = None
) -> Iterator[Connection]:
    """Provide a private database during the block.

    It is dropped after the block, together with the roles that the migrations created
    or that were created for them. An embedded server keeps it for later runs with the
    same migrations, if possible.

    Args:
        server: the server.
        migrations: migrations to apply; None for an empty database.

    Yields:
        A new connection in autocommit mode, read-only if there are migrations.

    Raises:
        ReposgenError: a migration fails, or the role cannot create databases.
    """
    options = READ_ONLY if migrations else None
    with migrated_database(server, migrations) as name:
        conninfo = make_conninfo(server.conninfo, dbname=name)
        with connect(conninfo, options=options) as connection:
            yield connection


@contextlib.contextmanager
def migrated_database(
    server: Server, migrations: Migrations | None, *, name: str | None = None
) -> Iterator[str]:
    """Provide a database without connections during the block.

    It is dropped or kept like that of `scratch_database`.

    Args:
        server: the server.
        migrations: migrations to apply; None for an empty database.
        name: name of a new database; None for a unique name.

    Yields:
        Its name.

    Raises:
        ReposgenError: a migration fails, or the role cannot create databases.
    """
    with connect(server.conninfo) as admin:
        roles = existing_roles(admin)
        kept = None
        if server.embedded and migrations:
            kept = find_cached(admin, migrations.digest)
    name = kept or name or f"reposgen_scratch_{uuid.uuid4().hex[:16]}"
    conninfo = make_conninfo(server.conninfo, dbname=name)
    keeps = bool(kept)
    try:
        if not kept:
            with connect(server.conninfo) as admin:
                _create(admin, name, private=server.private)
                if migrations and migrations.search_path:
                    set_search_path(admin, name, migrations.search_path)
                if migrations:
                    keeps = _migrate(server, admin, conninfo, migrations)
        yield name
    finally:
        if not keeps:
            with signals_blocked(), connect(server.conninfo) as admin:
                drop_database(admin, name)
                made = role_names(migrations) if migrations else set()
                drop_roles(admin, made & (existing_roles(admin) - roles))


@contextlib.contextmanager
def growing_database(server: Server, migrations: Migrations) -> Iterator[Grow]:
    """Provide a private database during the block, to which files are applied in turn.

    It is dropped after the block, together with the roles that the files created or
    that were created for them.

    Yields:
        Its connection, and a function that applies one file.

    Raises:
        ReposgenError: the role cannot create databases.
    """
    with connect(server.conninfo) as admin:
        roles = existing_roles(admin)
    name = f"reposgen_scratch_{uuid.uuid4().hex[:16]}"
    try:
        with connect(server.conninfo) as admin:
            _create(admin, name, private=server.private)
            if migrations.search_path:
                set_search_path(admin, name, migrations.search_path)
        with connect(make_conninfo(server.conninfo, dbname=name)) as connection:

            def grow(file: MigrationFile) -> None:
                apply(connection, replace(migrations, files=(file,)))

            yield connection, grow
    finally:
        with signals_blocked(), connect(server.conninfo) as admin:
            drop_database(admin, name)
            drop_roles(admin, role_names(migrations) & (existing_roles(admin) - roles))


@contextlib.contextmanager
def existing_database(server: Server) -> Iterator[Connection]:
    """Connect to the server's own database, read-only.

    Yields:
        A connection in autocommit mode whose transactions are all read-only.
    """
    with connect(server.conninfo, options=READ_ONLY) as connection:
        yield connection


def schema_database(
    server: Server, migrations: Migrations | None
) -> contextlib.AbstractContextManager[Connection]:
    """Return a database with the schema; without migrations, the server's own."""
    if migrations is None:
        return existing_database(server)
    return scratch_database(server, migrations)


def _migrate(
    server: Server, admin: Connection, conninfo: str, migrations: Migrations
) -> bool:
    """Apply migrations; return True if the database is kept."""
    before = shared_state(admin)
    with connect(conninfo) as connection:
        apply(connection, migrations)
        name = connection.info.dbname
    # In a later run it would lack what was done outside of it.
    if not server.embedded or shared_state(admin) != before:
        return False
    cache_database(admin, name, migrations.digest)
    return True


def _create(admin: Connection, name: str, *, private: bool) -> None:
    try:
        create_database(admin, name, copy_files=private)
    except psycopg.errors.InsufficientPrivilege:
        user = admin.info.user
        raise ReposgenError(
            [
                error(
                    "may-not-create-database",
                    f'the user "{user}" may not create the scratch database that the'
                    " schema is applied to",
                    hint=f'ALTER ROLE "{user}" CREATEDB; or leave out schema, and the'
                    " database of the url is analysed as it stands",
                )
            ]
        ) from None


def existing_roles(admin: Connection) -> set[str]:
    """Return the names of the server's roles."""
    return {
        name for (name,) in admin.execute("SELECT rolname FROM pg_catalog.pg_roles")
    }


def drop_roles(admin: Connection, names: set[str]) -> None:
    """Drop those of the roles that nothing depends on."""
    for name in sorted(names):
        # One that somebody has come to use meanwhile stays.
        with contextlib.suppress(psycopg.Error):
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))
