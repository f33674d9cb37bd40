"""What is proved of texts depends on what equal means: on collations.

REPOSGEN_FUZZ_QUERIES, REPOSGEN_FUZZ_STATES and REPOSGEN_FUZZ_SEED ask for more, or for
others.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final

import psycopg
import pytest

from reposgen.analysis.analyse import analyse
from reposgen.analysis.model import Cardinality, Column
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.sql_functions import read_sql_functions
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.analysis.conftest import Judge

    from reposgen.analysis.model import Analysis

_QUERIES: Final = int(os.environ.get("REPOSGEN_FUZZ_QUERIES", "300"))
_STATES: Final = int(os.environ.get("REPOSGEN_FUZZ_STATES", "8"))
_SEED: Final = int(os.environ.get("REPOSGEN_FUZZ_SEED", "20"))

_COLLATIONS: Final = """
CREATE COLLATION folded
    (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE COLLATION bare
    (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
"""
_VALUES: Final = ("a", "A", "\u00e1", "b", "B", "")

PLAIN: Final = """
CREATE TABLE p (w text COLLATE "C" PRIMARY KEY, v varchar(9) NOT NULL,
    c char(4) UNIQUE);
CREATE UNIQUE INDEX ON p (v COLLATE "POSIX");
CREATE TABLE q (w text COLLATE "POSIX" REFERENCES p, n integer PRIMARY KEY);
CREATE UNIQUE INDEX ON q (w text_pattern_ops);
"""


UNITED: Final = "(SELECT w AS t FROM p UNION SELECT v FROM p) AS x"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # Under any deterministic collation, equal texts are the same bytes.
        ("SELECT v FROM p WHERE w = @x", Cardinality.AT_MOST_ONE),
        ('SELECT v FROM p WHERE w = @x COLLATE "POSIX"', Cardinality.AT_MOST_ONE),
        ('SELECT v FROM p WHERE w COLLATE "POSIX" = @x', Cardinality.AT_MOST_ONE),
        ("SELECT w FROM p WHERE v = @x", Cardinality.AT_MOST_ONE),
        ("SELECT n FROM q WHERE w = @x", Cardinality.AT_MOST_ONE),
        ("SELECT v FROM p WHERE c = @x", Cardinality.AT_MOST_ONE),
        # Other equalities: of text without trailing blanks, of lower case, of patterns.
        ("SELECT v FROM p WHERE w::char(4) = @x", Cardinality.MANY),
        ("SELECT v FROM p WHERE c::text = @x", Cardinality.MANY),
        ('SELECT v FROM p WHERE lower(w) COLLATE "C" = @x', Cardinality.MANY),
        ("SELECT v FROM p WHERE w LIKE @x", Cardinality.MANY),
        (f"SELECT * FROM {UNITED} WHERE t::bpchar = @x", Cardinality.MANY),
        (f"SELECT * FROM {UNITED} WHERE t = @x", Cardinality.AT_MOST_ONE),
    ],
)
def test_texts(judge: Judge, sql: str, expected: Cardinality) -> None:
    ((query,),) = judge(PLAIN, f"-- name: Find :many\n{sql};\n").files.values()
    assert query.cardinality is expected


@pytest.fixture
def folding(
    make_database: Callable[[str], str],
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(make_database(""), autocommit=True) as connection:
        if not connection.execute(
            "SELECT 1 FROM pg_collation WHERE collname = 'und-x-icu'"
        ).fetchone():
            pytest.skip("the server has no ICU, so no non-deterministic collations")
        connection.execute(_COLLATIONS)
        yield connection


def judged(
    connection: psycopg.Connection[tuple[object, ...]], folder: Path, sql: str
) -> Analysis:
    (folder / "q.sql").write_text(sql, encoding="utf-8")
    return analyse(
        read_query_files(["q.sql"], folder),
        read_catalog(connection),
        describe=partial(describe, connection),
        read_system=partial(read_catalog, connection),
        read_functions=partial(read_sql_functions, connection),
    )


def test_a_foreign_key_that_folds_case(
    folding: psycopg.Connection[tuple[object, ...]], tmp_path: Path
) -> None:
    """The row that it points to need not be equal by another collation."""
    folding.execute(
        """
        CREATE TABLE k (w text COLLATE folded PRIMARY KEY, n integer NOT NULL);
        CREATE TABLE r (id integer PRIMARY KEY, w text COLLATE folded NOT NULL
            REFERENCES k);
        INSERT INTO k VALUES ('a', 1);
        INSERT INTO r VALUES (1, 'A');
        """
    )
    analysis = judged(
        folding,
        tmp_path,
        "-- name: Folded :many\n"
        "SELECT k.n FROM r LEFT JOIN k ON k.w = r.w;\n\n"
        "-- name: Exact :many\n"
        'SELECT k.n FROM r LEFT JOIN k ON k.w = r.w COLLATE "C";\n',
    )
    ((folded, exact),) = analysis.files.values()
    found = [query.results[0] for query in (folded, exact)]
    nullable = [isinstance(c, Column) and c.nullable for c in found]
    assert nullable == [False, True]
    found_row = folding.execute(exact.pieces[0].sql.encode()).fetchone()
    assert found_row == (None,)


class Comparisons:
    """Random tables with a key each, and queries that compare texts."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.tables = [f"t{number}" for number in range(6)]

    def schema(self) -> str:
        statements = []
        for table in self.tables:
            key = self._random.choice(
                ("w COLLATE ?", "w", "w COLLATE ?, n", "v COLLATE ?, w")
            )
            columns = (
                f"w text COLLATE {self._collation()},"
                f" v text COLLATE {self._collation()} NOT NULL, n integer"
            )
            key = key.replace("?", self._collation())
            statements += [
                f"CREATE TABLE {table} ({columns})",
                f"CREATE UNIQUE INDEX ON {table} ({key})",
            ]
        return ";".join(statements)

    def state(self) -> str:
        statements = []
        for table in self.tables:
            statements.append(f"TRUNCATE {table}")
            for _ in range(12):
                row = f"{self._value()}, {self._value()}, {self._random.randint(1, 2)}"
                statements.append(
                    f"INSERT INTO {table} VALUES ({row}) ON CONFLICT DO NOTHING"
                )
        return ";".join(statements)

    def query(self) -> str:
        random = self._random
        table, other = random.choice(self.tables), random.choice(self.tables)
        where = f"x.w = {self._collated(self._value())}"
        if random.random() < 0.5:
            where += f" AND x.v = {self._collated(self._value())}"
        if random.random() < 0.5:
            where += " AND x.n = 1"
        column, value = self._collated("x.w"), self._collated(self._value())
        united = f"(SELECT w FROM {table} UNION SELECT w FROM {other}) AS x"
        grouped = f"(SELECT {column} AS w FROM {table} AS x GROUP BY 1) AS x"
        joined = f"{table} AS x JOIN {other} AS y ON y.w = {column}"
        forms = (
            f"SELECT x.w FROM {table} AS x WHERE {where}",
            f"SELECT DISTINCT x.w FROM {table} AS x WHERE {where}",
            f"SELECT {column} AS w FROM {table} AS x WHERE {where} GROUP BY 1",
            f"SELECT y.w FROM {joined} WHERE {where} AND y.n = 1",
            f"SELECT * FROM {united} WHERE x.w = {value}",
            f"SELECT * FROM {grouped} WHERE x.w = {value}",
        )
        return random.choice(forms)

    def _collation(self) -> str:
        return self._random.choice(("folded", "bare", '"C"', '"POSIX"', '"und-x-icu"'))

    def _collated(self, text: str) -> str:
        if self._random.random() < 0.5:
            return text
        return f"{text} COLLATE {self._collation()}"

    def _value(self) -> str:
        return f"'{self._random.choice(_VALUES)}'"


def test_one_row_is_one_row(
    folding: psycopg.Connection[tuple[object, ...]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Random keys and comparisons: what is said to find one row finds no second."""
    comparisons = Comparisons(Random(_SEED))
    folding.execute(comparisons.schema().encode())
    sql = "\n".join(
        f"-- name: Q{n} :many\n{comparisons.query()};" for n in range(_QUERIES)
    )
    ((*queries,),) = judged(folding, tmp_path, sql).files.values()
    counts: Counter[str] = Counter()
    wrong = []
    for _ in range(_STATES):
        folding.execute(comparisons.state().encode())
        for query in queries:
            text = query.pieces[0].sql
            try:
                rows = folding.execute(text.encode()).fetchall()
            except psycopg.errors.IndeterminateCollation:
                continue
            counts[query.cardinality] += 1
            if query.cardinality is not Cardinality.MANY and len(rows) > 1:
                wrong.append((text, rows))
    with capsys.disabled():
        sys.stdout.write(f"\ncollations: {dict(counts)}\n")
    assert wrong == []
    assert counts[Cardinality.AT_MOST_ONE] > _STATES * _QUERIES * 0.1
    assert counts[Cardinality.MANY] > _STATES * _QUERIES * 0.1
