"""Access to a live PostgreSQL, and the databases that reposgen creates on it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from reposgen.database.migration_files import read_migrations
from reposgen.database.model import Migrations, OpenServer, Progress, Server

if TYPE_CHECKING:
    from reposgen.database.connection import connect
    from reposgen.database.scratch import (
        existing_database,
        growing_database,
        migrated_database,
        schema_database,
        scratch_database,
    )
    from reposgen.database.server import is_private, open_server
    from reposgen.database.sized import sized_database
    from reposgen.database.statistics import (
        Statistics,
        export_statistics,
        read_statistics,
        write_statistics,
    )
    from reposgen.database.system import system_installations

__all__ = [
    "Migrations",
    "OpenServer",
    "Progress",
    "Server",
    "Statistics",
    "connect",
    "existing_database",
    "export_statistics",
    "growing_database",
    "is_private",
    "migrated_database",
    "open_server",
    "read_migrations",
    "read_statistics",
    "schema_database",
    "scratch_database",
    "sized_database",
    "system_installations",
    "write_statistics",
]

# Only a run that asks a server loads psycopg.
_WITH_PSYCOPG = {
    "Statistics": "statistics",
    "connect": "connection",
    "existing_database": "scratch",
    "export_statistics": "statistics",
    "growing_database": "scratch",
    "is_private": "server",
    "migrated_database": "scratch",
    "open_server": "server",
    "read_statistics": "statistics",
    "schema_database": "scratch",
    "scratch_database": "scratch",
    "sized_database": "sized",
    "system_installations": "system",
    "write_statistics": "statistics",
}


def __getattr__(name: str) -> object:
    if name not in _WITH_PSYCOPG:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_WITH_PSYCOPG[name]}", __name__), name)
