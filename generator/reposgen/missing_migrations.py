"""At which migration a database is, by comparing objects with those of each state."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg

from reposgen.contracts.schema_state import Record, find_state
from reposgen.database import existing_database, growing_database, open_server
from reposgen.development.files import in_order
from reposgen.development.foreign import VERSION_TABLES, foreign_tables
from reposgen.development.history import SCHEMA, History
from reposgen.diagnostics import ReposgenError
from reposgen.live_schema.objects import read_objects

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection

    from reposgen.comparison import State
    from reposgen.config import PackageConfig
    from reposgen.contracts.schema_state import MigrationState, Objects
    from reposgen.database import Migrations, Server
    from reposgen.live_schema.model.objects import SchemaObject

    Progress = Callable[[str], None]


def find_migrations(
    live: State, code: State, options: PackageConfig, progress: Progress
) -> MigrationState | None:
    """Return at which of a package's migrations a database is; None without migrations.

    Args:
        live: the database.
        code: the state of the working tree, with its migrations.
        options: of the package.
        progress: told of each step that takes time.

    Raises:
        ReposgenError: a migration fails, or a server cannot be reached.
    """
    migrations = code.migrations(options)
    url = live.url
    if migrations is None or url is None:
        return None
    scratch_url, origin = code.config.database.url, code.config.url_origin
    with (
        open_server(url, progress, origin) as there,
        open_server(scratch_url, progress, origin) as here,
        existing_database(there) as connection,
    ):
        # Other versions print the definitions of views otherwise.
        with_views = there.version // 10000 == here.version // 10000
        objects = _objects(connection, with_views=with_views)
        progress(f"comparing the database with the migrations of {options.name}")
        states = _states(here, migrations, with_views=with_views)
        record = _record(connection, migrations, options.name)
        files = [file.path for file in migrations.files]
        return find_state(objects, states, files, record)


def _states(
    server: Server, migrations: Migrations, *, with_views: bool
) -> tuple[Objects, ...]:
    """Return the objects after no migration, after the first one, and so on."""
    with growing_database(server, migrations) as (connection, grow):
        states = [_objects(connection, with_views=with_views)]
        for file in migrations.files:
            grow(file)
            states.append(_objects(connection, with_views=with_views))
    return tuple(states)


def _objects(connection: Connection, *, with_views: bool) -> Objects:
    """Return the objects of a database without the tables that record migrations."""
    found = read_objects(connection, with_views=with_views)
    tables = [
        one.name
        for one in found
        if one.kind == "table" and one.name.rpartition(".")[2] in VERSION_TABLES
    ]

    def is_record(one: SchemaObject, definition: str) -> bool:
        return SCHEMA in (one.schema, one.name) or any(
            one.name == table
            or one.name.startswith(f"{table}.")
            or f" ON {table} " in definition
            for table in tables
        )

    return {
        one: definition
        for one, definition in found.items()
        if not is_record(one, definition)
    }


def _record(
    connection: Connection, migrations: Migrations, package: str
) -> Record | None:
    """Return what the database's version table says; None if it says nothing clear."""
    files = in_order(migrations)
    with suppress(ReposgenError, psycopg.Error):
        own = [one for one in History(connection, package).records() if not one.running]
        if own:
            return Record(
                table=f"{SCHEMA}.migrations",
                applied=frozenset(one.path for one in own),
            )
        (table,) = foreign_tables(connection) or (None,)
        if table is not None:
            applied = table.adoptable(files, None)
            return Record(
                table=table.relation, applied=frozenset(one.path for one in applied)
            )
    return None
