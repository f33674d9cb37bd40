"""Random queries over random states: all pages together are the query's rows.

REPOSGEN_FUZZ_PAGES, REPOSGEN_FUZZ_STATES and REPOSGEN_FUZZ_SEED ask for more, or for
others.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final, LiteralString

import psycopg
from tests.analysis.variants.random_pages import (
    FOLDED,
    Queries,
    canonical,
    random_state,
    schema,
)

from reposgen.analysis.analyse import analyse
from reposgen.analysis.model import Column, PieceRole
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.sql_functions import read_sql_functions
from reposgen.sql_source.reader import read_query_files
from reposgen_runtime.pages import Key, Ordering
from reposgen_runtime.paging import PageRequest
from reposgen_runtime.variants import OrderBy, Variants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pytest

    from reposgen.analysis.model import Analysis, SortKey, TypedQuery

    Row = tuple[str | None, ...]

_QUERIES: Final = int(os.environ.get("REPOSGEN_FUZZ_PAGES", "250"))
_STATES: Final = int(os.environ.get("REPOSGEN_FUZZ_STATES", "3"))
_SEED: Final = int(os.environ.get("REPOSGEN_FUZZ_SEED", "20"))
_SIZES: Final = (1, 2, 3, 7)
_MOST_PAGES: Final = 200
_TEXT: Final = 25
_SETTINGS: LiteralString = "SET synchronous_commit = off; SET jit = off"
# Where columns beside the keys need not be the same in two runs.
_UNSETTLED: Final = ("DISTINCT", "OVER", "GROUP", "now()")


@dataclass
class Walk:
    """A query, as generated code pages through it."""

    query: TypedQuery
    sql: str
    variants: Variants[Row] = field(init=False)
    unordered: str = field(init=False)

    def __post_init__(self) -> None:
        ordering = self.query.ordering
        assert ordering is not None
        pieces = [
            OrderBy(piece.sql) if piece.role is PieceRole.ORDER_BY else piece.sql
            for piece in self.query.pieces
        ]
        self.unordered = "".join(p for p in pieces if isinstance(p, str))
        self.variants = Variants(
            self.query.name,
            tuple(pieces),
            results=tuple(_type_name(item) for item in self.query.results),
            row=lambda *values: values,
            ordering=Ordering(
                default=tuple(map(_key, ordering.default)),
                unique=ordering.unique,
                choices=tuple(map(_key, ordering.choices)),
            ),
        )

    @property
    def sorts(self) -> list[str | None]:
        return [None, *self.variants.ordering.sorts]

    def whole(self, connection: psycopg.Connection, sort: str | None) -> list[Row]:
        """What the pages of a sort are cut from."""
        if sort is None:
            return _rows(connection, self.sql, ())
        terms = []
        for key in self.variants.ordering.keys(sort) or ():
            direction = "DESC" if key.descending else "ASC"
            nulls = "FIRST" if key.nulls_first else "LAST"
            terms.append(f"{key.column + 1} {direction} NULLS {nulls}")
        return _rows(
            connection,
            f"SELECT * FROM ({self.unordered}) AS x ORDER BY {', '.join(terms)}",
            (),
        )

    def page(
        self,
        connection: psycopg.Connection,
        sort: str | None,
        limit: int,
        *,
        after: str | None = None,
        before: str | None = None,
    ) -> tuple[list[Row], str | None, str | None]:
        """A page's rows, and the cursors of the next and the one before."""
        request = PageRequest(
            self.variants,
            (),
            limit=limit,
            after=after,
            before=before,
            total=False,
            sort=sort,
        )
        width = len(self.variants.results)
        rows = _rows(connection, request.statement.sql, request.values)
        page = request.page([(row[:width], row[width:]) for row in rows], None)
        return page.items, page.next, page.previous

    def comparable(self, rows: Sequence[Row], sort: str | None) -> list[Row]:
        """The rows as far as the query settles them: all of them, or their keys."""
        columns: Sequence[int] = range(len(self.variants.results))
        if any(word in self.sql for word in _UNSETTLED):
            columns = [key.column for key in self.variants.ordering.keys(sort) or ()]
        types = self.variants.results
        return [tuple(canonical(types[c], row[c]) for c in columns) for row in rows]


def test_pages_together_are_the_query(
    make_database: Callable[[str], str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    random = Random(_SEED)
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    with psycopg.connect(make_database(""), autocommit=True) as connection:
        has_icu = FOLDED.is_there(connection)
        connection.execute(schema(connection.info.server_version, icu=has_icu).encode())
        connection.execute(_SETTINGS)
        queries = Queries(random, icu=has_icu)
        written = [queries.query() for _ in range(_QUERIES)]
        walks = list(_walks(connection, written, tmp_path, counts))
        for _ in range(_STATES):
            connection.execute(random_state(random).encode())
            for walk in walks:
                for sort in walk.sorts:
                    for limit in random.sample(_SIZES, 2):
                        counts["walks"] += 1
                        found = _compare(connection, walk, sort, limit, counts)
                        if found:
                            wrong.append(f"{walk.sql}\n{sort=} {limit=}: {found}")
    with capsys.disabled():
        sys.stdout.write(f"\npages: {dict(counts)}, collations by ICU: {has_icu}\n")
    assert "\n\n".join(wrong) == ""
    # A run in which hardly anything can be paged shows nothing.
    assert counts["accepted"] > _QUERIES * 0.3
    assert counts["page-key-not-unique"] > _QUERIES * 0.02
    assert counts["rows"] > counts["walks"] * 2


def _walks(
    connection: psycopg.Connection,
    written: Sequence[str],
    folder: Path,
    counts: Counter[str],
) -> Iterator[Walk]:
    (folder / "queries.sql").write_text(
        "\n".join(
            f"-- name: Q{number} :page\n{sql}" for number, sql in enumerate(written)
        )
    )
    analysis: Analysis = analyse(
        read_query_files(["queries.sql"], folder),
        read_catalog(connection),
        describe=partial(describe, connection),
        read_system=partial(read_catalog, connection),
        read_functions=partial(read_sql_functions, connection),
    )
    for diagnostic in analysis.diagnostics:
        counts[diagnostic.code] += 1
    for several in analysis.files.values():
        for query in several:
            counts["accepted"] += 1
            text = written[int(query.name[1:])]
            _, _, sql = text.rpartition("\n-- ")
            yield Walk(query, sql.partition("\n")[2].rstrip(";"))


def _compare(
    connection: psycopg.Connection,
    walk: Walk,
    sort: str | None,
    limit: int,
    counts: Counter[str],
) -> str:
    """What is wrong with the pages, in words."""
    whole = walk.comparable(walk.whole(connection, sort), sort)
    rows, following, _ = walk.page(connection, sort, limit)
    pages = [rows]
    previous = None
    while following and len(pages) < _MOST_PAGES:
        rows, following, previous = walk.page(connection, sort, limit, after=following)
        pages.append(rows)
    counts["rows"] += len(whole)
    counts["pages"] += len(pages)
    forward = walk.comparable([row for page in pages for row in page], sort)
    if forward != whole:
        return f"forwards {forward}, not {whole}"
    back: list[list[Row]] = [pages[-1]]
    while previous and len(back) < _MOST_PAGES:
        rows, _, previous = walk.page(connection, sort, limit, before=previous)
        back.insert(0, rows)
        counts["pages"] += 1
    backward = walk.comparable([row for page in back for row in page], sort)
    return "" if backward == whole else f"backwards {backward}, not {whole}"


def _rows(
    connection: psycopg.Connection, sql: str, values: Sequence[object]
) -> list[Row]:
    """The rows as the server writes them."""
    result = connection.pgconn.exec_params(
        sql.encode(),
        [str(value).encode() for value in values],
        [_TEXT if isinstance(value, str) else 20 for value in values],
    )
    if result.status != psycopg.pq.ExecStatus.TUPLES_OK:
        raise AssertionError(f"{result.error_message.decode()}\n{sql}")
    return [
        tuple(
            None if (value := result.get_value(row, column)) is None else value.decode()
            for column in range(result.nfields)
        )
        for row in range(result.ntuples)
    ]


def _key(key: SortKey) -> Key:
    return Key(
        key.name,
        key.column,
        descending=key.descending,
        nullable=key.nullable,
        nulls=key.nulls,
    )


def _type_name(item: object) -> str:
    assert isinstance(item, Column)
    schema_name, name = item.type.schema, item.type.name
    return name if schema_name == "pg_catalog" else f"{schema_name}.{name}"
