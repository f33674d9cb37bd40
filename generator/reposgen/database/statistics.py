"""Sizes of tables, and what the planner knows of their columns, as a file holds them.

`reposgen stats export` reads them from a production database. They hold no row data
unless values are asked for: most common values and histograms are values of rows.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - pydantic reads annotations
from typing import TYPE_CHECKING, Annotated, Any, Final, LiteralString

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reposgen.diagnostics import ReposgenError, error

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

# Of the settings that the server's administrator chose, those that plans depend on.
_SETTINGS: Final[LiteralString] = """
SELECT name, reset_val AS value
FROM pg_catalog.pg_settings
WHERE (category LIKE 'Query Tuning%' OR name IN ('work_mem', 'hash_mem_multiplier'))
    AND name NOT IN ('plan_cache_mode', 'jit')
    AND vartype <> 'string'
    AND reset_val IS DISTINCT FROM boot_val
ORDER BY name
"""
_RELATIONS: Final[LiteralString] = """
SELECT n.nspname AS schema, c.relname AS name, t.relname AS of,
    c.reltuples AS rows, greatest(c.relpages, 0) AS pages,
    greatest(c.relallvisible, 0) AS visible
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
WHERE c.relkind IN ('r', 'p', 'm', 'f', 'i', 'I')
    AND c.relpersistence <> 't'
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY n.nspname, t.relname NULLS FIRST, c.relname
"""
_COLUMNS: Final[LiteralString] = """
SELECT schemaname AS schema, tablename AS name, attname AS column, inherited,
    null_frac AS null_fraction, avg_width AS width, n_distinct AS distinct, correlation,
    most_common_vals::text AS most_common_vals, most_common_freqs,
    histogram_bounds::text AS histogram_bounds,
    most_common_elems::text AS most_common_elems, most_common_elem_freqs,
    elem_count_histogram
FROM pg_catalog.pg_stats
WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema'
ORDER BY schemaname, tablename, attname, inherited
"""
# Values of rows, and what cannot be used without them.
VALUES: Final = (
    "most_common_vals",
    "most_common_freqs",
    "histogram_bounds",
    "most_common_elems",
    "most_common_elem_freqs",
    "elem_count_histogram",
)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


_Count = Annotated[float, Field(ge=-1)]
_Pages = Annotated[int, Field(ge=0)]


class ColumnStatistics(_Part):
    """What the planner knows of a column, as `pg_stats` shows it.

    Attributes:
        distinct: how many distinct values; negative, as a fraction of the rows.
        most_common_vals: this and all below only if values were asked for.
    """

    null_fraction: Annotated[float, Field(ge=0, le=1)] = 0.0
    width: Annotated[int, Field(ge=0)]
    distinct: Annotated[float, Field(ge=-1)] = 0.0
    correlation: Annotated[float, Field(ge=-1, le=1)] | None = None
    most_common_vals: str | None = None
    most_common_freqs: tuple[float, ...] | None = None
    histogram_bounds: str | None = None
    most_common_elems: str | None = None
    most_common_elem_freqs: tuple[float, ...] | None = None
    elem_count_histogram: tuple[float, ...] | None = None


class IndexStatistics(_Part):
    """The size of an index; the columns are those of its expressions."""

    rows: _Count
    pages: _Pages
    columns: Mapping[str, ColumnStatistics] = Field(default_factory=dict)


class TableStatistics(_Part):
    """The size of a table or materialized view, and what is known of its columns.

    Attributes:
        rows: -1 if the server has never counted them.
        pages: None: as many as that number of rows fills.
        visible: pages that hold only rows that all transactions see; None: all.
        columns: by name, those of the table alone.
        inherited: by name, with the rows of partitions and inheriting tables.
        indexes: by name.
    """

    rows: _Count
    pages: _Pages | None = None
    visible: _Pages | None = None
    columns: Mapping[str, ColumnStatistics] = Field(default_factory=dict)
    inherited: Mapping[str, ColumnStatistics] = Field(default_factory=dict)
    indexes: Mapping[str, IndexStatistics] = Field(default_factory=dict)


class Statistics(_Part):
    """The statistics of a database.

    Attributes:
        server: the server's version as libpq counts it: 180004.
        settings: settings of the planner that are not the server's defaults.
        schemas: tables by schema and name.
    """

    server: int
    settings: Mapping[str, str] = Field(default_factory=dict)
    schemas: Mapping[str, Mapping[str, TableStatistics]] = Field(default_factory=dict)


def export_statistics(
    connection: Connection[Any], *, with_values: bool = False
) -> Statistics:
    """Read the statistics of all tables that are not the system's.

    Args:
        connection: to the database.
        with_values: most common values and histograms too, which are values of rows.
    """
    # The models alone are used by runs that ask no server.
    from psycopg.rows import dict_row  # noqa: PLC0415 - see above

    settings = dict(connection.execute(_SETTINGS).fetchall())
    schemas: dict[str, dict[str, dict[str, Any]]] = {}
    relations: dict[tuple[str, str], dict[str, Any]] = {}
    cursor = connection.cursor(row_factory=dict_row)
    for row in cursor.execute(_RELATIONS).fetchall():
        size = {"rows": row["rows"], "pages": row["pages"]}
        relations[row["schema"], row["name"]] = size
        tables = schemas.setdefault(row["schema"], {})
        if row["of"] is None:
            tables[row["name"]] = {**size, "visible": row["visible"]}
            relations[row["schema"], row["name"]] = tables[row["name"]]
        elif row["of"] in tables:
            tables[row["of"]].setdefault("indexes", {})[row["name"]] = size
    for row in cursor.execute(_COLUMNS).fetchall():
        relation = relations.get((row.pop("schema"), row.pop("name")))
        column, inherited = row.pop("column"), row.pop("inherited")
        if relation is None:
            continue
        kept = {
            key: value
            for key, value in row.items()
            if value is not None and (with_values or key not in VALUES)
        }
        key = "inherited" if inherited else "columns"
        relation.setdefault(key, {})[column] = kept
    return Statistics.model_validate(
        {
            "server": connection.info.server_version,
            "settings": settings,
            "schemas": schemas,
        }
    )


def write_statistics(statistics: Statistics) -> str:
    """Return the text of the file."""
    return statistics.model_dump_json(indent=1, exclude_defaults=True) + "\n"


def read_statistics(path: Path, shown: str) -> Statistics:
    """Return what a file holds.

    Args:
        path: of the file.
        shown: the path as the user wrote it.

    Raises:
        ReposgenError: the file cannot be read, or `reposgen stats export` did not
            write it.
    """
    try:
        return Statistics.model_validate_json(path.read_bytes())
    except OSError as failed:
        message = f"cannot be read: {failed.strerror}"
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        where = f"{place}: " if place else ""
        message = f"not a file of statistics: {where}{first['msg']}"
    raise ReposgenError(
        [
            error(
                "invalid-statistics",
                message,
                path=shown,
                hint=f"write it again: reposgen stats export URL -o {shown}",
            )
        ]
    )
