"""Access to a live PostgreSQL, and the databases that reposgen creates on it."""

from reposgen.database.connection import connect
from reposgen.database.migration_files import read_migrations
from reposgen.database.model import Migrations, OpenServer, Progress, Server
from reposgen.database.scratch import (
    existing_database,
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
