"""Cutting statements around optional clauses, and what the server makes of it."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reposgen.analysis.model import OptionalKind, PieceRole
from reposgen.analysis.variants.clauses import Clauses
from reposgen.analysis.variants.combinations import joined
from reposgen.analysis.variants.optional import Pieces, cut_optional
from reposgen.analysis.variants.requests import Named
from reposgen.diagnostics import SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from reposgen.diagnostics import Diagnostic

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, a int, b int, c int, title text, created date);
CREATE TABLE u (id int PRIMARY KEY, t_id int NOT NULL, tag text);
"""


def cut(
    sql: str, optional: Mapping[int, str]
) -> tuple[Pieces | None, tuple[Diagnostic, ...]]:
    source = SourceFile(path="q.sql", text=sql)
    place = source.span(0, 0)
    named = {number: Named(name=name, span=place) for number, name in optional.items()}
    result = cut_optional(sql, named, lambda at: source.span(at, at + 2))
    return (result, ()) if isinstance(result, Pieces) else (None, result)


def variant(pieces: Pieces, on: Iterable[int]) -> str:
    return joined(pieces.pieces, frozenset(on))


def variants(sql: str, optional: Mapping[int, str]) -> dict[frozenset[int], str]:
    pieces, mistakes = cut(sql, optional)
    assert pieces is not None, mistakes
    found = {}
    for switches in product((False, True), repeat=len(optional)):
        on = frozenset(
            n for n, switch in zip(optional, switches, strict=True) if switch
        )
        found[on] = variant(pieces, on)
    return found


@pytest.mark.parametrize(
    ("sql", "optional", "off"),
    [
        (
            "SELECT * FROM t WHERE a = $1 AND b = $2 ORDER BY id",
            {1: "a"},
            "SELECT * FROM t WHERE b = $2 ORDER BY id",
        ),
        (
            "SELECT * FROM t WHERE a = 1 AND b = $1 ORDER BY id",
            {1: "b"},
            "SELECT * FROM t WHERE a = 1 ORDER BY id",
        ),
        (
            "SELECT * FROM t WHERE b = $1",
            {1: "b"},
            "SELECT * FROM t WHERE TRUE",
        ),
        (
            "SELECT * FROM t WHERE a = 1 AND b BETWEEN $1 AND $2 AND c = 2",
            {1: "low", 2: "high"},
            "SELECT * FROM t WHERE a = 1 AND c = 2",
        ),
        (
            "SELECT * FROM t WHERE a = 1 AND (b = $1 OR c = $1)",
            {1: "x"},
            "SELECT * FROM t WHERE a = 1",
        ),
        (
            "SELECT * FROM t WHERE a = 1 OR b = $1 AND c = 2",
            {1: "x"},
            "SELECT * FROM t WHERE TRUE",
        ),
        (
            "SELECT * FROM t WHERE a = 1 AND (b = $1 AND (c = $2))",
            {1: "b", 2: "c"},
            "SELECT * FROM t WHERE a = 1 AND (TRUE)",
        ),
        (
            "SELECT * FROM t WHERE NOT (a = $1 AND b = 1) AND c = 1",
            {1: "a"},
            "SELECT * FROM t WHERE c = 1",
        ),
        (
            (
                "SELECT * FROM t WHERE EXISTS (SELECT FROM u"
                " WHERE u.t_id = t.id AND u.tag = $1)"
            ),
            {1: "tag"},
            "SELECT * FROM t WHERE EXISTS (SELECT FROM u WHERE u.t_id = t.id)",
        ),
        (
            "SELECT * FROM t WHERE a = 1 AND $1 IN (SELECT tag FROM u WHERE a AND b)",
            {1: "tag"},
            "SELECT * FROM t WHERE a = 1",
        ),
        (
            "SELECT * FROM t JOIN u ON u.t_id = t.id AND u.tag = $1, u AS v",
            {1: "tag"},
            "SELECT * FROM t JOIN u ON u.t_id = t.id, u AS v",
        ),
        (
            "SELECT * FROM t LEFT JOIN u ON u.tag = $1 WHERE left(title, 1) = 'a'",
            {1: "tag"},
            "SELECT * FROM t LEFT JOIN u ON TRUE WHERE left(title, 1) = 'a'",
        ),
        (
            "WITH q AS (SELECT * FROM t WHERE a = $1) SELECT * FROM q WHERE b = 1",
            {1: "a"},
            "WITH q AS (SELECT * FROM t WHERE TRUE) SELECT * FROM q WHERE b = 1",
        ),
        (
            "SELECT a FROM t GROUP BY a HAVING sum(b) > $1 AND count(*) > 1",
            {1: "least"},
            "SELECT a FROM t GROUP BY a HAVING count(*) > 1",
        ),
        (
            "SELECT * FROM t WHERE a IS DISTINCT FROM $1 AND b = 1",
            {1: "a"},
            "SELECT * FROM t WHERE b = 1",
        ),
        (
            "SELECT * FROM t WHERE CASE WHEN a = 1 AND b = 2 THEN c = $1 END AND b = 1",
            {1: "c"},
            "SELECT * FROM t WHERE b = 1",
        ),
        (
            "SELECT * FROM t WHERE title = 'x AND y' -- a AND\n AND a = $1 AND b = 1",
            {1: "a"},
            "SELECT * FROM t WHERE title = 'x AND y' AND b = 1",
        ),
        (
            "UPDATE t SET a = $1, b = 2, c = $2 WHERE id = $3",
            {1: "a", 2: "c"},
            "UPDATE t SET b = 2 WHERE id = $3",
        ),
        (
            (
                "INSERT INTO t (id) VALUES (1) ON CONFLICT (id)"
                " DO UPDATE SET a = 1, b = $1 WHERE t.c = $2"
            ),
            {1: "b", 2: "c"},
            (
                "INSERT INTO t (id) VALUES (1) ON CONFLICT (id)"
                " DO UPDATE SET a = 1 WHERE TRUE"
            ),
        ),
        (
            "INSERT INTO t VALUES ((1), $1, abs($2 + $3), $4), (2, -$1, DEFAULT, 5)",
            {1: "a", 2: "b", 3: "c"},
            (
                "INSERT INTO t VALUES ((1), DEFAULT, DEFAULT, $4),"
                " (2, DEFAULT, DEFAULT, 5)"
            ),
        ),
        (
            (
                "WITH x AS (INSERT INTO t (id) VALUES ($1) RETURNING id)"
                " INSERT INTO u AS values_ (id, t_id) OVERRIDING USER VALUE VALUES"
                " ($2, (SELECT id FROM x WHERE id = $3))"
            ),
            {1: "a", 2: "b", 3: "c"},
            (
                "WITH x AS (INSERT INTO t (id) VALUES (DEFAULT) RETURNING id)"
                " INSERT INTO u AS values_ (id, t_id) OVERRIDING USER VALUE VALUES"
                " (DEFAULT, (SELECT id FROM x WHERE TRUE))"
            ),
        ),
        (
            (
                "MERGE INTO t USING u ON t.id = u.t_id"
                " WHEN NOT MATCHED AND (u.id > 1) THEN INSERT (id, a) VALUES (1, $1)"
                " WHEN MATCHED AND (t.a > 1) THEN DELETE"
            ),
            {1: "a"},
            (
                "MERGE INTO t USING u ON t.id = u.t_id"
                " WHEN NOT MATCHED AND (u.id > 1)"
                " THEN INSERT (id, a) VALUES (1, DEFAULT)"
                " WHEN MATCHED AND (t.a > 1) THEN DELETE"
            ),
        ),
    ],
)
def test_all_off(sql: str, optional: dict[int, str], off: str) -> None:
    found = variants(sql, optional)
    assert found[frozenset()] == off


def test_all_on_is_the_users_sql_when_a_member_lasts() -> None:
    sql = "SELECT *\nFROM t\nWHERE a = 1\n  AND b = $1 -- why\n  AND c = $2\n"
    assert variants(sql, {1: "b", 2: "c"})[frozenset({1, 2})] == sql


def test_an_all_optional_set_list_keeps_its_commas_right() -> None:
    sql = "UPDATE t SET a = $1, b = $2, c = $3 WHERE id = $4"
    found = variants(sql, {1: "a", 2: "b", 3: "c"})
    assert found[frozenset({1, 3})] == "UPDATE t SET a = $1, c = $3 WHERE id = $4"
    assert found[frozenset({3})] == "UPDATE t SET c = $3 WHERE id = $4"
    pieces, _ = cut(sql, {1: "a", 2: "b", 3: "c"})
    assert pieces is not None
    assert [p.any_of for p in pieces.pieces if p.role is PieceRole.REQUIRE_ANY] == [
        ((1,), (2,), (3,))
    ]
    assert pieces.kinds[1] is OptionalKind.SET


@pytest.mark.parametrize(
    ("sql", "optional", "code"),
    [
        ("SELECT $1::int FROM t", {1: "x"}, "optional-outside-clause"),
        ("SELECT * FROM t LIMIT $1", {1: "x"}, "optional-outside-clause"),
        (
            "SELECT count(*) FILTER (WHERE a = $1) FROM t",
            {1: "x"},
            "optional-outside-clause",
        ),
        ("INSERT INTO t (id) SELECT $1::int", {1: "x"}, "optional-outside-clause"),
        ("VALUES ($1::int)", {1: "x"}, "optional-outside-clause"),
        (
            "INSERT INTO t (id) SELECT * FROM (VALUES ($1::int)) v",
            {1: "x"},
            "optional-outside-clause",
        ),
        (
            "INSERT INTO t (id) VALUES (1) UNION VALUES ($1)",
            {1: "x"},
            "optional-outside-clause",
        ),
        (
            "INSERT INTO t (id) VALUES (1) RETURNING (id + $1)",
            {1: "x"},
            "optional-outside-clause",
        ),
        ("SELECT $1::int FROM t WHERE a = $1", {1: "x"}, "optional-outside-clause"),
        ("UPDATE t SET a = $1 WHERE b = $1", {1: "x"}, "optional-filter-and-set"),
        ("SELECT * FROM t WHERE a = $1 + $2", {1: "x"}, "optional-leaves-unused"),
    ],
)
def test_misuse(sql: str, optional: dict[int, str], code: str) -> None:
    _, mistakes = cut(sql, optional)
    assert [m.code for m in mistakes] == [code]


CONDITIONS = (
    "t.a = {}",
    "t.b BETWEEN 1 AND {}",
    "(t.a = {0} OR t.b = {0})",
    "(t.a > 0 AND t.c < {})",
    "NOT (t.c = {} AND t.b = 1)",
    "EXISTS (SELECT FROM u WHERE u.t_id = t.id AND u.id = {})",
    "t.a IS NOT DISTINCT FROM {}",
    "t.b = ANY (SELECT u.id FROM u WHERE u.id > {})",
    "CASE WHEN t.a = 1 AND t.b = 1 THEN t.c = {} ELSE false END",
)

# What is left of those that hold conditions of their own.
ALL_LEFT_OUT = {
    CONDITIONS[3]: "t.a > 0",
    CONDITIONS[5]: "EXISTS (SELECT FROM u WHERE u.t_id = t.id)",
    CONDITIONS[7]: "t.b = ANY (SELECT u.id FROM u)",
}


@pytest.fixture
def filled(make_database: Callable[[str], str]) -> Iterator[psycopg.Connection]:
    """The tables with rows of all kinds in them."""
    with psycopg.connect(make_database(SCHEMA), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO t (id, a, b, c) SELECT row_number() OVER (), a, b, c"
            " FROM unnest(ARRAY[0, 1, 2, NULL]) a, unnest(ARRAY[0, 1, 3, NULL]) b,"
            " unnest(ARRAY[0, 1, 2]) c"
        )
        connection.execute(
            "INSERT INTO u SELECT n, n * 2 FROM generate_series(0, 20) n"
        )
        yield connection


@given(conditions=st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=6))
def test_conjuncts_are_those_that_another_parser_finds(conditions: list[str]) -> None:
    members = ["t.id = $1", *(c.format(f"${i + 2}") for i, c in enumerate(conditions))]
    sql = f"SELECT * FROM t WHERE {' AND '.join(members)} ORDER BY id"
    where = sqlglot.parse_one(sql, read="postgres").args["where"].this
    assert isinstance(where, sqlglot.exp.And)
    found = Clauses(sql).list_around(sql.index("$1"))
    assert found is not None
    assert len(found.members) == len(list(where.flatten(unnest=False)))
    assert [sql[start:end] for start, end in found.members] == members


@given(
    conditions=st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=5),
    lasting=st.lists(st.booleans(), min_size=5, max_size=5),
    nested=st.booleans(),
    on=st.sets(st.integers(min_value=1, max_value=5)),
)
def test_a_variant_is_what_one_would_write(
    conditions: list[str], lasting: list[bool], nested: bool, on: set[int]
) -> None:
    members = [
        "t.id > 0" if lasting[i] else condition.format(f"${i + 1}")
        for i, condition in enumerate(conditions)
    ]
    optional = {i + 1: f"p{i + 1}" for i in range(len(members)) if not lasting[i]}
    where = " AND ".join(members)
    sql = f"SELECT * FROM t WHERE {f'({where}) AND t.id < 9' if nested else where}"
    pieces, mistakes = cut(sql, optional)
    assert pieces is not None, mistakes
    used = variant(pieces, on)
    for number in optional:
        assert (f"${number}" in used) == (number in on)
    assert used.count("(") == used.count(")")
    assert "AND AND" not in used
    assert "WHERE AND" not in used


def test_the_server_accepts_every_variant(
    shared_database: Callable[[str], str],
) -> None:
    conninfo = shared_database(SCHEMA)
    where = " AND ".join(c.format(f"${i + 1}") for i, c in enumerate(CONDITIONS))
    statements = [
        f"SELECT * FROM t WHERE {where}",
        f"SELECT * FROM t WHERE t.id > 0 AND ({where})",
        f"DELETE FROM t WHERE {where} RETURNING *",
        f"SELECT * FROM t FULL JOIN t AS s ON s.id = t.id WHERE {where}",
    ]
    optional = {i + 1: f"p{i + 1}" for i in range(len(CONDITIONS))}
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for sql in statements:
            for text in set(variants(sql, optional).values()):
                types = ", ".join(["int"] * len(CONDITIONS))
                connection.execute(f"PREPARE v ({types}) AS {text}")
                connection.execute("DEALLOCATE v")


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    values=st.lists(
        st.none() | st.integers(0, 3),
        min_size=len(CONDITIONS),
        max_size=len(CONDITIONS),
    ),
    lasting=st.sampled_from(["", "t.id > 1 AND ", "(t.id > 1 OR t.a = 1) AND "]),
)
def test_each_variant_finds_what_one_would_have_written(
    filled: psycopg.Connection, values: list[int | None], lasting: str
) -> None:
    numbered = [c.format(f"${n}") for n, c in enumerate(CONDITIONS, 1)]
    optional = {n: f"p{n}" for n in range(1, len(CONDITIONS) + 1)}
    pieces, mistakes = cut(
        f"SELECT id FROM t WHERE {lasting}{' AND '.join(numbered)}", optional
    )
    assert pieces is not None, mistakes
    types = ", ".join(["int"] * len(values))
    arguments = ", ".join("NULL" if v is None else str(v) for v in values)
    on = [n for n, value in enumerate(values, 1) if value is not None]
    filled.execute(f"PREPARE v ({types}) AS {variant(pieces, on)}".encode())
    found = filled.execute(f"EXECUTE v ({arguments})".encode()).fetchall()
    filled.execute("DEALLOCATE v")
    written = " AND ".join(
        # Of a subquery's conditions one leaves out that one alone.
        condition.format(value)
        if value is not None
        else ALL_LEFT_OUT.get(condition, "TRUE")
        for condition, value in zip(CONDITIONS, values, strict=True)
    )
    expected = filled.execute(f"SELECT id FROM t WHERE {lasting}{written}".encode())
    assert sorted(found) == sorted(expected.fetchall())
