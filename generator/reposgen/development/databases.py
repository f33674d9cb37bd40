"""Development databases of a project: one for each package."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from reposgen.database.connection import connect
from reposgen.database.databases import create_database, drop_database
from reposgen.diagnostics import ReposgenError, error

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

    from reposgen.config import Config, PackageConfig

# What every server has, or may have.
_TAKEN: Final = frozenset({"postgres", "template0", "template1"})
# PostgreSQL cuts longer names.
_NAME_BYTES: Final = 63

_LOCK: LiteralString = "SELECT pg_catalog.pg_advisory_lock(%s)"
_LOCK_KEY: Final = 0x7265706F73646276
_COMMENT: LiteralString = """
    SELECT pg_catalog.shobj_description(oid, 'pg_database')
    FROM pg_catalog.pg_database WHERE datname OPERATOR(pg_catalog.=) %s
"""
_SETTINGS: LiteralString = """
    SELECT setting FROM pg_catalog.pg_db_role_setting s
    JOIN pg_catalog.pg_database d ON d.oid OPERATOR(pg_catalog.=) s.setdatabase
    CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS setting
    WHERE d.datname OPERATOR(pg_catalog.=) %s
        AND s.setrole OPERATOR(pg_catalog.=) 0
        AND pg_catalog.starts_with(setting, 'search_path=')
"""


class Databases:
    """The development databases of a project on one server."""

    def __init__(self, config: Config, conninfo: str, *, private: bool) -> None:
        """Set the server of the databases.

        Args:
            config: configuration of the project.
            conninfo: connection string of a role that can create databases.
            private: True if only this project has databases on the server.
        """
        self._root = config.root
        self._conninfo = conninfo
        self._private = private
        self._origin = config.url_origin

    def name(self, package: PackageConfig) -> str:
        """Return the name of a package's database."""
        if self._private and package.name not in _TAKEN:
            return package.name[:_NAME_BYTES]
        return f"reposgen_{package.name}"[:_NAME_BYTES]

    def conninfo(self, package: PackageConfig) -> str:
        """Return the connection string of a package's database."""
        return make_conninfo(self._conninfo, dbname=self.name(package))

    def ensure(self, package: PackageConfig) -> None:
        """Create a package's database if it is missing.

        Raises:
            ReposgenError: another database has its name, or it cannot be created.
        """
        with connect(self._conninfo, origin=self._origin) as admin:
            admin.execute(_LOCK, (_LOCK_KEY,))
            self._ensure(admin, package)

    def reset(self, package: PackageConfig) -> None:
        """Replace a package's database by an empty one.

        Raises:
            ReposgenError: the existing database was not created by reposgen.
        """
        name = self.name(package)
        with connect(self._conninfo, origin=self._origin) as admin:
            admin.execute(_LOCK, (_LOCK_KEY,))
            if self._exists(admin, name):
                drop_database(admin, name)
            self._ensure(admin, package)

    def _ensure(self, admin: Connection, package: PackageConfig) -> None:
        name = self.name(package)
        if not self._exists(admin, name):
            self._create(admin, name)
        self._set_search_path(admin, name, package.search_path or ())

    def _exists(self, admin: Connection, name: str) -> bool:
        """Return True if reposgen has created the database for this project."""
        row = admin.execute(_COMMENT, (name,)).fetchone()
        if row is None:
            return False
        if row[0] != _marker(self._root) and not (
            # A project may have been moved, with its server.
            self._private and str(row[0]).startswith(_MARKER)
        ):
            raise ReposgenError(
                [
                    error(
                        "not-a-development-database",
                        f'the database "{name}" exists, and reposgen did not create it'
                        " for this project",
                        path=self._origin,
                        hint="use another server for development, or rename that"
                        " database",
                    )
                ]
            )
        return True

    def _create(self, admin: Connection, name: str) -> None:
        # It bears its mark before it bears its name.
        temporary = f"reposgen_new_{uuid.uuid4().hex}"
        try:
            create_database(admin, temporary)
        except psycopg.errors.InsufficientPrivilege:
            user = admin.info.user
            raise ReposgenError(
                [
                    error(
                        "may-not-create-database",
                        f'the user "{user}" may not create development databases',
                        hint=f'ALTER ROLE "{user}" CREATEDB',
                    )
                ]
            ) from None
        for command in (
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                sql.Identifier(temporary), sql.Literal(_marker(self._root))
            ),
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                sql.Identifier(temporary), sql.Identifier(name)
            ),
        ):
            admin.execute(command)

    def _set_search_path(
        self, admin: Connection, name: str, schemas: tuple[str, ...]
    ) -> None:
        row = admin.execute(_SETTINGS, (name,)).fetchone()
        current = str(row[0]).partition("=")[2] if row else ""
        identifiers = sql.SQL(", ").join(map(sql.Identifier, schemas))
        if schemas and current != identifiers.as_string(admin):
            command = sql.SQL("ALTER DATABASE {} SET search_path = {}")
            admin.execute(command.format(sql.Identifier(name), identifiers))
        elif current and not schemas:
            command = sql.SQL("ALTER DATABASE {} RESET search_path")
            admin.execute(command.format(sql.Identifier(name)))


_MARKER: Final = "made by reposgen db for "


def _marker(root: Path) -> str:
    return f"{_MARKER}{root}"
