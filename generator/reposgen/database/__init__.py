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
from reposgen.database.server import open_server
from reposgen.database.system import system_installations

__all__ = [
    "Migrations",
    "OpenServer",
    "Progress",
    "Server",
    "connect",
    "existing_database",
    "migrated_database",
    "open_server",
    "read_migrations",
    "schema_database",
    "scratch_database",
    "system_installations",
]
