"""Reads what pg_stat_statements knows of the methods of generated packages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import psycopg

from reposgen.database import connect
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

URL: Final = "the URL"
# How statements end that say which method they are: `/* shop.users.get_user */`.
_NAME: Final = re.compile(r"/\* (\w+(?:\.\w+){2}) \*/\s*\Z")
_EXTENSION: Final = """
SELECT n.nspname
FROM pg_catalog.pg_extension e
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements'
"""
_STATISTICS: Final = """
SELECT query, calls, total_exec_time, rows, shared_blks_hit, shared_blks_read
FROM {schema}.pg_stat_statements
WHERE dbid = (
    SELECT oid FROM pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database()
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodStatistics:
    """What the server counted of one method's statements.

    Attributes:
        method: `shop.users.get_user`.
        calls: how often they ran.
        total_ms: how long that took in total.
        rows: how many rows they returned or affected.
        hits: blocks that were in the server's cache.
        reads: blocks that were not.
    """

    method: str
    calls: int
    total_ms: float
    rows: int
    hits: int
    reads: int

    @property
    def mean_ms(self) -> float:
        """How long one took."""
        return self.total_ms / self.calls if self.calls else 0.0

    @property
    def hit_ratio(self) -> float | None:
        """Share of the blocks that were in the cache; None if none was needed."""
        blocks = self.hits + self.reads
        return self.hits / blocks if blocks else None


def read_statistics(url: str) -> Sequence[MethodStatistics]:
    """Return the methods that the server has statistics of, by total time.

    Raises:
        ReposgenError: the server cannot be reached, or has no pg_stat_statements.
    """
    with connect(url, origin=URL) as connection:
        schema = connection.execute(_EXTENSION.encode()).fetchone()
        if schema is None:
            raise _missing("the database has no extension pg_stat_statements")
        query = psycopg.sql.SQL(_STATISTICS).format(
            schema=psycopg.sql.Identifier(*schema)
        )
        try:
            rows = connection.execute(query).fetchall()
        except psycopg.errors.ObjectNotInPrerequisiteState:
            raise _missing("the server does not load pg_stat_statements") from None
    found: dict[str, MethodStatistics] = {}
    for text, calls, total, count, hits, reads in rows:
        name = _NAME.search(text)
        if name is None:
            continue
        before = found.get(name[1])
        found[name[1]] = MethodStatistics(
            method=name[1],
            calls=calls + (before.calls if before else 0),
            total_ms=total + (before.total_ms if before else 0.0),
            rows=count + (before.rows if before else 0),
            hits=hits + (before.hits if before else 0),
            reads=reads + (before.reads if before else 0),
        )
    return sorted(found.values(), key=lambda one: (-one.total_ms, one.method))


def _missing(text: str) -> ReposgenError:
    return ReposgenError(
        [
            error(
                "no-statement-statistics",
                text,
                path=URL,
                hint="add pg_stat_statements to shared_preload_libraries, restart the"
                " server, and run CREATE EXTENSION pg_stat_statements",
            )
        ]
    )
