"""Databases with the schemas of packages, and their catalogs: for one run or many."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

import psycopg
from psycopg.conninfo import make_conninfo

from reposgen.database import connect, migrated_database, schema_database
from reposgen.database.migrations import role_names
from reposgen.database.scratch import READ_ONLY
from reposgen.diagnostics import ReposgenError
from reposgen.live_schema.catalog import read_catalog
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from psycopg import Connection

    from reposgen.database import Migrations, Server
    from reposgen.live_schema.model import Catalog

    Schema: TypeAlias = tuple[Connection, Catalog]
    OpenSchema: TypeAlias = Callable[
        [Server, Migrations | None], AbstractContextManager[Schema]
    ]


@contextmanager
def open_schema(server: Server, migrations: Migrations | None) -> Iterator[Schema]:
    """Provide a database with a schema during the block.

    Args:
        server: the server that the database is on.
        migrations: migrations to apply; None for the server's own database.

    Yields:
        A connection that only reads, and the catalog.

    Raises:
        ReposgenError: a migration fails, or the database cannot be used.
    """
    with schema_database(server, migrations) as connection:
        yield connection, read_catalog(connection)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A database that is kept.

    Attributes:
        block: what drops the database when it is closed.
    """

    block: ExitStack
    conninfo: str
    catalog: Catalog

    def close(self) -> None:
        # The server can be gone, and the database with it.
        with suppress(ReposgenError, psycopg.Error):
            self.block.close()


class KeptSchemas:
    """The databases of `generate --watch`, kept for as long as their migrations last.

    A database that is the user's own, or whose migrations create roles, is opened for
    each run: other programs can change the one, and see the roles of the other.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._used: set[tuple[str, str]] = set()

    @contextmanager
    def open(self, server: Server, migrations: Migrations | None) -> Iterator[Schema]:
        """Provide a database as `open_schema` does; it can be that of an earlier run.

        Raises:
            ReposgenError: a migration fails, or the database cannot be used.
        """
        key = server.conninfo, migrations.digest if migrations else ""
        found = self._kept.get(key)
        connection = _connection(found) if found else None
        if found is None or connection is None:
            self._forget(key)
            if migrations is None or role_names(migrations):
                with open_schema(server, migrations) as schema:
                    yield schema
                return
            found = self._kept[key] = _make(server, migrations)
            connection = connect(found.conninfo, options=READ_ONLY)
        self._used.add(key)
        with connection:
            yield connection, found.catalog

    def drop_unused(self) -> None:
        """Drop the databases that were not opened since the last call, if any was."""
        if self._used:
            for key in self._kept.keys() - self._used:
                self._forget(key)
        self._used.clear()

    def close(self) -> None:
        """Drop all databases."""
        for key in [*self._kept]:
            self._forget(key)

    def _forget(self, key: tuple[str, str]) -> None:
        if found := self._kept.pop(key, None):
            found.close()


def _connection(kept: _Kept) -> Connection | None:
    with suppress(ReposgenError):
        return connect(kept.conninfo, options=READ_ONLY)
    return None


def _make(server: Server, migrations: Migrations) -> _Kept:
    with ExitStack() as block:
        name = block.enter_context(migrated_database(server, migrations))
        conninfo = make_conninfo(server.conninfo, dbname=name)
        with connect(conninfo, options=READ_ONLY) as connection:
            catalog = read_catalog(connection)
        return _Kept(block=block.pop_all(), conninfo=conninfo, catalog=catalog)
