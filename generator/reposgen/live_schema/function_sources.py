"""The sources of functions, and the errors that the server finds in their bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, LiteralString

import psycopg
from psycopg import sql

from reposgen.live_schema.model.functions import FunctionSource

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from psycopg import Connection

    from reposgen.live_schema.model import Catalog

_SOURCES: Final[LiteralString] = """
SELECT p.oid::bigint, l.lanname, p.prosrc
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_language l ON l.oid = p.prolang
WHERE p.oid = ANY (%s::oid[])
"""
_CHECK_BODIES: Final[LiteralString] = "SET LOCAL check_function_bodies = on"
_SEARCH_PATH: Final[LiteralString] = (
    "SELECT pg_catalog.set_config('search_path', {}, true)"
)
_VALIDATE: Final[LiteralString] = (
    "SELECT pg_catalog.fmgr_sql_validator({}::pg_catalog.oid)"
)


def read_sources(
    connection: Connection, catalog: Catalog, names: Collection[str]
) -> Mapping[str, tuple[FunctionSource, ...]]:
    """Return the sources of functions.

    The bodies of SQL functions are checked by the server; nothing is executed.

    Args:
        connection: to the database of the catalog, in autocommit mode.
        catalog: has the functions.
        names: qualified names of functions.

    Returns:
        By name, a source for each function that has it.
    """
    wanted = {
        oid: function
        for oid, function in catalog.functions.items()
        if function.qualified_name in names
    }
    if not wanted:
        return {}
    found: dict[str, tuple[FunctionSource, ...]] = {}
    rows = connection.execute(_SOURCES, ([*wanted],)).fetchall()
    for oid, language, text in rows:
        function = wanted[oid]
        path = function.body.search_path if function.body else None
        refusal = _refusal(connection, oid, path) if language == "sql" else None
        name = function.qualified_name
        source = FunctionSource(language=language, text=text, refusal=refusal)
        found[name] = (*found.get(name, ()), source)
    return found


def _refusal(connection: Connection, oid: int, path: str | None) -> str | None:
    """Return what the server says against the body of an SQL function."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(_CHECK_BODIES)
            if path is not None:
                connection.execute(sql.SQL(_SEARCH_PATH).format(path))
            connection.execute(sql.SQL(_VALIDATE).format(oid))
    except psycopg.OperationalError:
        raise
    except psycopg.Error as refused:
        return refused.diag.message_primary
    return None
