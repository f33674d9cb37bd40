"""Mapping of a partition's constraint to that of its partitioned table.

PostgreSQL names the partition and its constraint in an error. A package knows only the
constraint of the partitioned table, because partitions come and go later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from . import wire

if TYPE_CHECKING:
    import psycopg
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn

    from .statement import Package

# Schema, table or domain, constraint.
Key: TypeAlias = tuple[str, str, str]

# Constraints of the parent tables, the topmost first. The query locks no tables.
_QUERY: Final = """
WITH RECURSIVE start AS (
    SELECT c.oid
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1::pg_catalog.name AND c.relname = $2::pg_catalog.name
),
foreign_key(oid, depth) AS (
    SELECT k.oid, 0
    FROM start JOIN pg_catalog.pg_constraint k ON k.conrelid = start.oid
    WHERE k.contype = 'f' AND k.conname = $3::pg_catalog.name
    UNION ALL
    SELECT k.conparentid, f.depth + 1
    FROM foreign_key f JOIN pg_catalog.pg_constraint k ON k.oid = f.oid
),
unique_index(oid, depth) AS (
    SELECT i.indexrelid, 0
    FROM start JOIN pg_catalog.pg_index i ON i.indrelid = start.oid
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    WHERE c.relname = $3::pg_catalog.name
    UNION ALL
    SELECT h.inhparent, u.depth + 1
    FROM unique_index u JOIN pg_catalog.pg_inherits h ON h.inhrelid = u.oid
),
inherited(relation, depth) AS (
    SELECT k.conrelid, 0
    FROM start JOIN pg_catalog.pg_constraint k ON k.conrelid = start.oid
    WHERE k.contype = 'c' AND k.conname = $3::pg_catalog.name
    UNION ALL
    SELECT p.conrelid, d.depth + 1
    FROM inherited d
    JOIN pg_catalog.pg_inherits h ON h.inhrelid = d.relation
    JOIN pg_catalog.pg_constraint p ON p.conrelid = h.inhparent
    WHERE p.contype = 'c' AND p.conname = $3::pg_catalog.name AND NOT p.connoinherit
)
SELECT n.nspname, c.relname, found.name
FROM (
    SELECT k.conrelid AS relation, k.conname AS name, f.depth
    FROM foreign_key f JOIN pg_catalog.pg_constraint k ON k.oid = f.oid
    UNION ALL
    SELECT i.indrelid, c.relname, u.depth
    FROM unique_index u JOIN pg_catalog.pg_index i ON i.indexrelid = u.oid
    JOIN pg_catalog.pg_class c ON c.oid = u.oid
    UNION ALL
    SELECT relation, $3::pg_catalog.name, depth FROM inherited
) found
JOIN pg_catalog.pg_class c ON c.oid = found.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
ORDER BY found.depth DESC
"""
# Independent of operators in the search_path.
_ROOTS: Final = (
    _QUERY.replace(" = ", " OPERATOR(pg_catalog.=) ")
    .replace(" + ", " OPERATOR(pg_catalog.+) ")
    .encode()
)


def unknown_constraint(error: psycopg.Error, package: Package) -> Key | None:
    """Return the constraint in an error if the package does not know it, else None."""
    diag = error.diag
    if not (diag.constraint_name and diag.table_name and package.constraints):
        return None
    key = (diag.schema_name or "", diag.table_name, diag.constraint_name)
    return None if key in package.constraints else key


def ask_for_roots(pgconn: PGconn, key: Key) -> PQGen[list[Key]]:
    """Query the server for a constraint and its ancestors, the topmost first."""
    encoding = "utf-8"
    pgconn.send_query_params(_ROOTS, [part.encode(encoding) for part in key])
    result = wire.check((yield from wire.answer(pgconn)))
    found = []
    for row in range(result.ntuples):
        schema, table, name = (
            (result.get_value(row, column) or b"").decode(encoding)
            for column in range(result.nfields)
        )
        found.append((schema, table, name))
    return found
