"""Asks a server what it is and what may be done there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.database import (
    existing_database,
    open_server,
    read_migrations,
    schema_database,
    system_installations,
)
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.model import Described, Statement
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen.config import Config, PackageConfig
    from reposgen.diagnostics import Diagnostic
    from reposgen.live_schema.model import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What a server is and lets its role do.

    Attributes:
        name: `PostgreSQL 18.4 (embedded)`.
        sends_trees: the analysed tree of each statement.
        stand_ins: extensions that are declarations alone there.
        notes: what the user is told about it.
    """

    name: str
    role: str
    superuser: bool
    creates_databases: bool
    sends_trees: bool
    stand_ins: tuple[str, ...]
    notes: tuple[Diagnostic, ...]


def system_servers() -> tuple[tuple[int, str], ...]:
    """Return the servers that are installed on the machine: version and folder."""
    return tuple((one.major, str(one.programs)) for one in system_installations())


def examine_server(config: Config, progress: Callable[[str], None]) -> ServerFacts:
    """Return what the configured server is, and what may be done there.

    Raises:
        ReposgenError: none answers.
    """
    with (
        open_server(config.database.url, progress, config.url_origin) as server,
        existing_database(server) as connection,
    ):
        (judged,) = describe(connection, [Statement(sql="SELECT 1")])
        row = connection.execute(
            "SELECT rolname, rolsuper, rolsuper OR rolcreatedb FROM pg_catalog.pg_roles"
            " WHERE rolname OPERATOR(pg_catalog.=) current_user"
        ).fetchone()
    role, superuser, creates_databases = row or ("", False, False)
    return ServerFacts(
        name=server.name,
        role=role,
        superuser=superuser,
        creates_databases=creates_databases,
        sends_trees=isinstance(judged, Described) and judged.tree is not None,
        stand_ins=server.stand_ins,
        notes=server.notes,
    )


def read_schema(
    config: Config, package: PackageConfig, progress: Callable[[str], None]
) -> Catalog:
    """Return the catalog of a package's schema.

    Raises:
        ReposgenError: a migration fails, or there is no such server.
    """
    schema, path = package.schema_paths, package.search_path or ()
    migrations = read_migrations(schema, config.root, path) if schema else None
    with (
        open_server(config.database.url, progress, config.url_origin) as server,
        schema_database(server, migrations) as connection,
    ):
        return read_catalog(connection)
