# Derived from ../aio/explaining.py by derive_sync.py: change that file.
"""Adds to a SchemaChanged how the schema differs from the package's contract."""

from __future__ import annotations

import json
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import RawCursor
from psycopg.pq import PipelineStatus

from .. import wire
from ..contract_comparison import Comparison
from ..errors import RepositoryError
from ..live_catalog import CATALOG_QUERY, catalog_arguments, live_schema
from .verifying import contract_of

if TYPE_CHECKING:
    from ..errors import SchemaChanged
    from .connection import Session

# The catalog is read once in this many seconds, however many calls fail.
_SECONDS: Final = 1.0
# The error is not to wait for a lock that the next migration holds.
_BEGIN: Final = b"BEGIN READ ONLY; SET LOCAL statement_timeout = 500"


def explain(session: Session, error: SchemaChanged) -> None:
    """Set the differences of an error, if the catalog can be read now.

    Nothing is raised except what ends the task: a package without a contract, a
    connection in a transaction and a catalog that cannot be read leave the error as it
    is.
    """
    pgconn = session.connection.pgconn
    if (
        error.query is None
        or error.differences
        or not session.connection.autocommit
        or session.state.opening
        or not wire.is_idle(pgconn)
        or pgconn.pipeline_status != PipelineStatus.OFF
    ):
        return
    with suppress(psycopg.Error, RepositoryError, ImportError):
        read_at, comparison = session.compared_schema or (0.0, None)
        if comparison is None or monotonic() - read_at > _SECONDS:
            comparison = _compare(session)
            session.compared_schema = monotonic(), comparison
        error.differences = tuple(comparison.differences(error.query))


def _compare(session: Session) -> Comparison:
    contract = contract_of(session.package)
    arguments = catalog_arguments(contract, session.package)
    cursor = RawCursor(session.connection)
    cursor.execute(_BEGIN, prepare=False)
    try:
        cursor.execute(CATALOG_QUERY.encode(), arguments, prepare=False)
        row: Any = cursor.fetchone()
    finally:
        cursor.execute(b"ROLLBACK", prepare=False)
    live = live_schema(json.loads(row[0]), contract, session.package)
    return Comparison(contract, session.package, live)
