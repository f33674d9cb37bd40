"""A database whose empty tables are planned on as if they were large.

The planner takes the number of a table's pages from the length of its file, and the
number of rows in a page from `pg_class`. So the files are extended without writing to
them, which takes no room on the disk, and `pg_class` is changed. Such a database is
only planned on, never read, and dropped afterwards. This works on all versions, and
only where the files of the server can be reached.
"""

from __future__ import annotations

import contextlib
import math
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Final, LiteralString, cast

from psycopg import sql
from psycopg.conninfo import make_conninfo

from reposgen.database.connection import connect
from reposgen.database.databases import create_database, drop_database
from reposgen.database.scratch import READ_ONLY, migrated_database
from reposgen.database.signals import signals_blocked
from reposgen.database.statistics import VALUES
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from psycopg import Connection

    from reposgen.database.model import Migrations, Server
    from reposgen.database.statistics import ColumnStatistics, TableStatistics

_HEADER, _TUPLE, _POINTER, _ALIGNED = 24, 24, 4, 8
_INDEX_FILL: Final = 0.9
FIRST_WITH_VALUES: Final = 180000

_RELATIONS: Final[LiteralString] = """
SELECT c.oid::bigint,
    (
        SELECT pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
            a.attname, a.attnum, CASE
            WHEN a.attlen > 0 THEN a.attlen
            WHEN t.typname IN ('varchar', 'bpchar') AND a.atttypmod BETWEEN 5 AND 36
            THEN a.atttypmod - 4
            ELSE 32 END
        ) ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    ),
    pg_catalog.jsonb_build_object(
        'schema', n.nspname, 'name', c.relname, 'of', i.indrelid::bigint,
        'file', pg_catalog.pg_relation_filepath(c.oid), 'method', m.amname,
        'predicate', pg_catalog.pg_get_expr(i.indpred, i.indrelid)
    )
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE c.relkind IN ('r', 'p', 'm', 'f', 'i', 'I')
    AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_DATABASE_SETTINGS: Final[LiteralString] = """
SELECT pg_catalog.set_config(
    pg_catalog.split_part(one, '=', 1),
    pg_catalog.substr(one, pg_catalog.strpos(one, '=') + 1), false
)
FROM pg_catalog.pg_db_role_setting s, unnest(s.setconfig) one
WHERE s.setrole = 0 AND s.setdatabase = (
    SELECT oid FROM pg_catalog.pg_database WHERE datname = %s
)
"""
# A setting that this version does not have is left out.
_SETTING: Final[LiteralString] = """
SELECT pg_catalog.set_config(%(name)s, %(value)s, false)
WHERE pg_catalog.strpos(%(name)s, '.') > 0
    OR EXISTS (SELECT FROM pg_catalog.pg_settings WHERE name = %(name)s)
"""
_LAYOUT: Final[LiteralString] = """
SELECT current_setting('data_directory'), current_setting('block_size')::int,
    pg_catalog.pg_size_bytes(current_setting('segment_size'))
"""
_SIZE: Final[LiteralString] = """
UPDATE pg_catalog.pg_class c
SET relpages = s.pages, reltuples = s.rows, relallvisible = s.visible
FROM unnest(%s::oid[], %s::int[], %s::float4[], %s::int[]) s (oid, pages, rows, visible)
WHERE c.oid = s.oid
"""
_FORGET: Final[LiteralString] = """
DELETE FROM pg_catalog.pg_statistic
USING unnest(%(relations)s::oid[], %(names)s::text[], %(inherited)s::bool[])
    s (oid, name, inherited)
JOIN pg_catalog.pg_attribute a ON a.attrelid = s.oid AND a.attname = s.name
WHERE starelid = s.oid AND staattnum = a.attnum AND stainherit = s.inherited
"""
# With the operator that orders a column, which its correlation is about.
_REMEMBER: Final[LiteralString] = """
INSERT INTO pg_catalog.pg_statistic (
    starelid, staattnum, stainherit, stanullfrac, stawidth, stadistinct,
    stakind1, stakind2, stakind3, stakind4, stakind5,
    staop1, staop2, staop3, staop4, staop5,
    stacoll1, stacoll2, stacoll3, stacoll4, stacoll5, stanumbers1
)
SELECT a.attrelid, a.attnum, s.inherited, s.nulls, s.width, s.distinct_values,
    CASE WHEN s.correlation IS NULL OR o.operator IS NULL THEN 0 ELSE 3 END, 0, 0, 0, 0,
    CASE WHEN s.correlation IS NULL OR o.operator IS NULL THEN 0::oid
        ELSE o.operator END, 0, 0, 0, 0,
    CASE WHEN s.correlation IS NULL OR o.operator IS NULL THEN 0::oid
        ELSE a.attcollation END, 0, 0, 0, 0,
    CASE WHEN s.correlation IS NOT NULL AND o.operator IS NOT NULL
        THEN ARRAY[s.correlation] END
FROM unnest(
    %(relations)s::oid[], %(names)s::text[], %(inherited)s::bool[],
    %(nulls)s::float4[], %(widths)s::int[], %(distinct)s::float4[],
    %(correlations)s::float4[]
) s (oid, name, inherited, nulls, width, distinct_values, correlation)
JOIN pg_catalog.pg_attribute a
    ON a.attrelid = s.oid AND a.attname = s.name AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN LATERAL (
    SELECT p.amopopr AS operator
    FROM pg_catalog.pg_opclass k
    JOIN pg_catalog.pg_amop p
        ON p.amopfamily = k.opcfamily AND p.amopstrategy = 1
        AND p.amoplefttype = k.opcintype AND p.amoprighttype = k.opcintype
    WHERE k.opcmethod = 403 AND k.opcdefault AND k.opcintype = CASE
        WHEN t.typtype = 'e' THEN 'pg_catalog.anyenum'::pg_catalog.regtype
        WHEN t.typcategory = 'A' THEN 'pg_catalog.anyarray'::pg_catalog.regtype
        WHEN t.typname = 'varchar' THEN 'pg_catalog.text'::pg_catalog.regtype
        WHEN t.typtype = 'd' THEN t.typbasetype
        ELSE t.oid END
    LIMIT 1
) o ON true
"""
_RESTORE: Final[LiteralString] = """
SELECT pg_catalog.pg_restore_attribute_stats(
    'schemaname', %(schema)s::text, 'relname', %(name)s::text,
    'attname', %(column)s::text, 'inherited', %(inherited)s::boolean,
    'null_frac', %(null_fraction)s::real, 'avg_width', %(width)s::integer,
    'n_distinct', %(distinct)s::real, 'correlation', %(correlation)s::real,
    'most_common_vals', %(most_common_vals)s::text,
    'most_common_freqs', %(most_common_freqs)s::real[],
    'histogram_bounds', %(histogram_bounds)s::text,
    'most_common_elems', %(most_common_elems)s::text,
    'most_common_elem_freqs', %(most_common_elem_freqs)s::real[],
    'elem_count_histogram', %(elem_count_histogram)s::real[]
)
"""


@contextlib.contextmanager
def sized_database(
    server: Server,
    migrations: Migrations,
    tables: Mapping[tuple[str, str], TableStatistics],
    settings: Mapping[str, str],
) -> Iterator[Connection]:
    """Have a database for the time of the block that statements can be planned in.

    Args:
        server: a private one.
        migrations: applied to it.
        tables: the sizes that tables have, by schema and name; others stay empty.
        settings: settings of the planner, and the user's own.

    Yields:
        A read-only connection.

    Raises:
        ReposgenError: a migration fails.
    """
    with contextlib.ExitStack() as stack:
        made = name = stack.enter_context(migrated_database(server, migrations))
        if server.embedded:
            # It is kept for other runs, so a copy is changed.
            name = f"reposgen_sized_{uuid.uuid4().hex[:16]}"
            stack.callback(_drop, server, name)
            with connect(server.conninfo) as admin:
                create_database(admin, name, template=made, copy_files=True)
        conninfo = make_conninfo(server.conninfo, dbname=name)
        with connect(conninfo) as connection:
            _Sizing(connection, tables).run()
        # Not the connection from before: the planner remembers what it saw.
        with connect(conninfo, options=READ_ONLY) as connection:
            # The settings of a database are not copied with it.
            connection.execute(_DATABASE_SETTINGS, (made,))
            for setting, value in settings.items():
                connection.execute(_SETTING, {"name": setting, "value": value})
            yield connection


def _drop(server: Server, name: str) -> None:
    with signals_blocked(), connect(server.conninfo) as admin:
        drop_database(admin, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relation:
    """A table, or an index of the table `of`.

    Attributes:
        file: below the folder of the server's data; None without one.
        method: the access method.
        columns: name, number and usual width of each.
    """

    oid: int
    schema: str
    name: str
    of: int | None
    file: str | None
    method: str | None
    predicate: str | None
    columns: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """The bytes of a page, and the pages in one file of a table."""

    page: int
    segment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Size:
    pages: int
    rows: float
    visible: int


class _Sizing:
    """Makes the tables of a database look large."""

    def __init__(
        self,
        connection: Connection,
        tables: Mapping[tuple[str, str], TableStatistics],
    ) -> None:
        self._connection = connection
        self._tables = tables
        ((folder, page, segment),) = connection.execute(_LAYOUT).fetchall()
        self._folder = Path(folder)
        self._layout = _Layout(page=page, segment=segment // page)
        self._relations = {
            oid: _Relation(oid=oid, columns=tuple(columns or ()), **parts)
            for oid, columns, parts in connection.execute(_RELATIONS).fetchall()
        }

    def run(self) -> None:
        indexes: dict[int, list[_Relation]] = {}
        for one in self._relations.values():
            if one.of is not None:
                indexes.setdefault(one.of, []).append(one)
        given = [
            (one, table)
            for one in self._relations.values()
            if one.of is None and (table := self._tables.get((one.schema, one.name)))
            if table.rows >= 0
        ]
        self._write_columns(given)
        sizes = {
            one.oid: _table_size(one, table, self._layout.page) for one, table in given
        }
        self._resize(sizes)
        whole, partial = {}, {}
        for one, table in given:
            for index in indexes.get(one.oid, ()):
                known = table.indexes.get(index.name)
                if known is not None and known.rows >= 0:
                    whole[index.oid] = _Size(
                        pages=known.pages, rows=known.rows, visible=0
                    )
                elif index.predicate is None:
                    whole[index.oid] = self._index_size(
                        index, table.rows, sizes[one.oid]
                    )
                else:
                    partial[index.oid] = (index, one)
        self._resize(whole)
        self._resize(
            {
                oid: self._index_size(index, self._rows_of(index, one), sizes[one.oid])
                for oid, (index, one) in partial.items()
            }
        )

    def _index_size(self, index: _Relation, rows: float, table: _Size) -> _Size:
        if index.method == "brin":
            return _Size(pages=3 + table.pages // 10_000, rows=rows, visible=0)
        width = sum(usual for *_, usual in index.columns)
        each = _ALIGNED + _aligned(width) + _POINTER
        pages = 1 + math.ceil(rows * each / (self._layout.page * _INDEX_FILL))
        return _Size(pages=pages, rows=rows, visible=0)

    def _rows_of(self, index: _Relation, table: _Relation) -> float:
        """Return how many rows of the table the planner expects in a partial index."""
        ((plan,),) = self._connection.execute(
            sql.SQL("EXPLAIN (FORMAT JSON) SELECT 1 FROM ONLY {} WHERE {}").format(
                sql.Identifier(table.schema, table.name),
                sql.SQL(cast("LiteralString", index.predicate)),
            )
        ).fetchall()
        return float(plan[0]["Plan"]["Plan Rows"])

    def _resize(self, sizes: Mapping[int, _Size]) -> None:
        for oid, size in sizes.items():
            if file := self._relations[oid].file:
                _extend(self._folder / file, size.pages, self._layout)
        self._connection.execute(
            _SIZE,
            (
                [*sizes],
                [size.pages for size in sizes.values()],
                [size.rows for size in sizes.values()],
                [size.visible for size in sizes.values()],
            ),
        )

    def _write_columns(
        self, given: Sequence[tuple[_Relation, TableStatistics]]
    ) -> None:
        names = {(r.schema, r.name): r for r in self._relations.values()}
        found: list[tuple[_Relation, str, bool, ColumnStatistics]] = []
        for one, table in given:
            found += ((one, name, False, c) for name, c in table.columns.items())
            found += ((one, name, True, c) for name, c in table.inherited.items())
            for index_name, index in table.indexes.items():
                if relation := names.get((one.schema, index_name)):
                    found += ((relation, n, False, c) for n, c in index.columns.items())
        columns = [column for *_, column in found]
        parameters = {
            "relations": [one.oid for one, *_ in found],
            "names": [name for _, name, *_ in found],
            "inherited": [inherited for *_, inherited, _ in found],
            "nulls": [column.null_fraction for column in columns],
            "widths": [column.width for column in columns],
            "distinct": [column.distinct for column in columns],
            "correlations": [column.correlation for column in columns],
        }
        self._connection.execute(_FORGET, parameters)
        self._connection.execute(_REMEMBER, parameters)
        if self._connection.info.server_version < FIRST_WITH_VALUES:
            return
        for one, name, inherited, column in found:
            if any(getattr(column, value) is not None for value in VALUES):
                self._connection.execute(
                    _RESTORE,
                    {
                        **column.model_dump(),
                        **{
                            key: value and [*value]
                            for key, value in column
                            if isinstance(value, tuple)
                        },
                        "schema": one.schema,
                        "name": one.name,
                        "column": name,
                        "inherited": inherited,
                    },
                )


def _aligned(width: float) -> int:
    return math.ceil(width / _ALIGNED) * _ALIGNED


def _table_size(one: _Relation, table: TableStatistics, page: int) -> _Size:
    pages = table.pages
    if pages is None:
        known = table.columns
        width = sum(
            known[name].width if name in known else usual
            for name, _, usual in one.columns
        )
        each = _TUPLE + _aligned(width) + _POINTER
        pages = math.ceil(table.rows / max(1, (page - _HEADER) // each))
    visible = pages if table.visible is None else min(table.visible, pages)
    return _Size(pages=pages, rows=table.rows, visible=visible)


def _extend(file: Path, pages: int, layout: _Layout) -> None:
    """Make a file as long as so many pages are, in as many segments as it takes."""
    owner = file.stat()
    for number in range(max(1, math.ceil(pages / layout.segment))):
        part = file.with_name(f"{file.name}.{number}") if number else file
        if not part.exists():
            part.touch(mode=0o600)
            if os.geteuid() == 0:
                os.chown(part, owner.st_uid, owner.st_gid)
        length = min(pages - number * layout.segment, layout.segment) * layout.page
        # What stands in the file, such as an index's first page, stays.
        if length > part.stat().st_size:
            os.truncate(part, length)
