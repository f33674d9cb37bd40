"""Analysed trees of the bodies of SQL functions.

PostgreSQL's validator for SQL functions can be called at any time. It analyses and
rewrites the body like a statement, and the server sends the trees as notices. Nothing
is executed or created. If no notices arrive, the bodies are read from the catalog; for
bodies stored as text, through temporary functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from reposgen.live_schema.function_bodies import read_bodies_of
from reposgen.live_schema.notices import keeping_trees

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from reposgen.live_schema.model import Function

_CHECK_BODIES: LiteralString = "SET LOCAL check_function_bodies = on"
_SEARCH_PATH: LiteralString = "SELECT pg_catalog.set_config('search_path', {}, true)"
_ANALYSE: LiteralString = "SELECT pg_catalog.fmgr_sql_validator({}::pg_catalog.oid)"


def read_sql_functions(
    connection: psycopg.Connection[Any], functions: Sequence[Function]
) -> Mapping[int, str]:
    """Return the text of the tree of each function's last statement, by oid.

    Args:
        connection: a connection that is not in a failed transaction.
        functions: the functions; those in other languages than SQL are skipped.

    Returns:
        Functions that the server does not analyse before a call are missing, such as
        polymorphic ones, whose types it does not know.

    Raises:
        psycopg.OperationalError: the connection is lost.
    """
    asked = [function for function in functions if function.body is not None]
    if not asked:
        return {}
    with (
        keeping_trees(connection) as arrived,
        connection.transaction(force_rollback=True),
    ):
        connection.execute(_CHECK_BODIES)
        trees = {f.oid: _analyse(connection, f, arrived) for f in asked}
    if any(trees.values()):
        # The first tree is that of the statement that called the validator.
        return {oid: found[-1] for oid, found in trees.items() if len(found) > 1}
    return read_bodies_of(connection, asked)


def _analyse(
    connection: psycopg.Connection[Any], function: Function, arrived: list[str]
) -> tuple[str, ...]:
    """Return the trees that arrive while the server analyses a body."""
    path = function.body.search_path if function.body else None
    try:
        with connection.transaction(force_rollback=True):
            if path is not None:
                connection.execute(sql.SQL(_SEARCH_PATH).format(path))
            arrived.clear()
            connection.execute(sql.SQL(_ANALYSE).format(function.oid))
            return tuple(arrived)
    except psycopg.OperationalError:
        raise
    except psycopg.Error:
        return ()
