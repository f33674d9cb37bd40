"""What is proved of queries that calls leave parts of out, or page through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reposgen.analysis.model import Cardinality, Column, OptionalKind
from reposgen.analysis.variants.combinations import joined, selected_variants
from reposgen.analysis.variants.optional import Pieces, cut_optional
from reposgen.analysis.variants.requests import Named
from reposgen.diagnostics import SourceFile

if TYPE_CHECKING:
    from tests.analysis.conftest import Judge

    from reposgen.analysis.model import TypedQuery

SCHEMA = """
CREATE TABLE t (
    id int PRIMARY KEY, tenant int NOT NULL, a int, b int, name text NOT NULL,
    UNIQUE (tenant, name)
);
CREATE TABLE u (id int PRIMARY KEY, t_id int NOT NULL, tag text, UNIQUE (t_id, tag));
CREATE VIEW named AS SELECT id AS number, name FROM t WHERE a > 0;
"""


def only(judge: Judge, sql: str) -> TypedQuery:
    analysis = judge(SCHEMA, sql)
    errors = [d.render() for d in analysis.diagnostics if d.severity == "error"]
    assert not errors
    ((query,),) = analysis.files.values()
    return query


def nullable(query: TypedQuery) -> dict[str, bool]:
    return {c.name: c.nullable for c in query.results if isinstance(c, Column)}


@pytest.mark.parametrize(
    ("optional", "sql", "expected"),
    [
        # Without its condition, nothing narrows the column.
        ("", "SELECT a, b FROM t WHERE a = @x AND b > 0", {"a": False, "b": False}),
        ("x", "SELECT a, b FROM t WHERE a = @x AND b > 0", {"a": True, "b": False}),
        ("x, y", "SELECT a, b FROM t WHERE a = @x AND b > @y", {"a": True, "b": True}),
        # A join that is narrowed to an inner one by what may not be there.
        (
            "x",
            "SELECT u.t_id FROM t LEFT JOIN u ON u.t_id = t.id WHERE u.tag = @x",
            {"t_id": True},
        ),
        # A join that matches always, unless a condition is given.
        (
            "x",
            "SELECT n FROM t LEFT JOIN (SELECT count(*) AS n FROM u) s ON s.n > @x",
            {"n": True},
        ),
        # Either is there where the other is not: no variant alone shows it.
        (
            "x, y",
            (
                "SELECT coalesce(p.n, q.n) AS n FROM t"
                " LEFT JOIN (SELECT count(*) AS n FROM u) p ON p.n > @x"
                " LEFT JOIN (SELECT count(*) AS n FROM u) q ON q.n > @y"
            ),
            {"n": True},
        ),
        ("x", "SELECT max(id) AS n FROM t GROUP BY a HAVING a > @x", {"n": False}),
        # What is written may be the old value or the new one.
        (
            "x",
            "UPDATE t SET name = 'n', a = @x WHERE a > 0 AND b > 0 RETURNING a, b",
            {"a": True, "b": False},
        ),
        (
            "x",
            "UPDATE t SET name = @x, b = 1 RETURNING name, a, b",
            {"name": False, "a": True, "b": False},
        ),
        (
            "x",
            (
                "WITH w AS (UPDATE t SET name = 'n', a = coalesce(@x, 1)"
                " RETURNING a) SELECT a FROM w"
            ),
            {"a": True},
        ),
    ],
)
def test_nullability_holds_for_all_variants(
    judge: Judge, optional: str, sql: str, expected: dict[str, bool]
) -> None:
    line = f"-- @optional {optional}\n" if optional else ""
    command = "many" if "RETURNING" in sql or sql.startswith("SELECT") else "exec"
    query = only(judge, f"-- name: Q :{command}\n{line}{sql};\n")
    found = [c.nullable for c in query.results if isinstance(c, Column)]
    assert found == list(expected.values())


def test_cardinality_is_that_of_the_weakest_variant(judge: Judge) -> None:
    sql = "SELECT * FROM t WHERE id = @id;\n"
    assert only(judge, f"-- name: Q :one\n{sql}").cardinality is Cardinality.AT_MOST_ONE
    query = only(judge, f"-- name: Q :one\n-- @optional id\n{sql}")
    assert query.cardinality is Cardinality.MANY
    assert "may-return-many" in [d.code for d in query.diagnostics]


def test_kinds_of_parameters(judge: Judge) -> None:
    query = only(
        judge,
        "-- name: Q :exec\n-- @optional a, b\n-- @optional x\n"
        "UPDATE t SET a = @a, b = $2 WHERE name = @x AND id = @id;\n",
    )
    assert [(p.name, p.optional, p.nullable) for p in query.parameters] == [
        ("a", OptionalKind.SET, True),
        ("b", OptionalKind.SET, True),
        ("x", OptionalKind.FILTER, False),
        ("id", None, False),
    ]


def test_without_trees_nothing_is_proved_and_nothing_breaks(judge: Judge) -> None:
    sql = "-- name: Q :many\n-- @optional x\nSELECT a, name FROM t WHERE a = @x;\n"
    ((query,),) = judge(SCHEMA, sql, trees=False).files.values()
    assert nullable(query) == {"a": True, "name": False}
    page = "-- name: P :page\nSELECT id FROM t ORDER BY id;\n"
    analysis = judge(SCHEMA, page, trees=False)
    assert "order-unknown" in [d.code for d in analysis.diagnostics]


def pieces_of(sql: str, count: int) -> Pieces:
    source = SourceFile(path="q.sql", text=sql)
    place = source.span(0, 0)
    names = {n: Named(name=f"p{n}", span=place) for n in range(1, count + 1)}
    found = cut_optional(sql, names, source.span)
    assert isinstance(found, Pieces)
    return found


@pytest.mark.parametrize(("count", "judged"), [(1, 2), (6, 64), (7, 9), (40, 42)])
def test_which_variants_are_judged(count: int, judged: int) -> None:
    where = " AND ".join(f"a <> ${number}" for number in range(1, count + 1))
    pieces = pieces_of(f"SELECT 1 FROM t WHERE {where}", count)
    found = list(selected_variants(pieces.pieces, range(1, count + 1)))
    assert len(found) == judged
    assert found[0][0] == frozenset(range(1, count + 1))
    assert found[-1] == (frozenset(), "SELECT 1 FROM t WHERE TRUE")


@pytest.mark.parametrize("count", [2, 8])
def test_a_variant_that_sets_nothing_is_none(count: int) -> None:
    items = ", ".join(f"a = ${number}" for number in range(1, count + 1))
    pieces = pieces_of(f"UPDATE t SET {items}", count)
    for given, sql in selected_variants(pieces.pieces, range(1, count + 1)):
        assert given
        assert " SET a = $" in sql


def test_items_of_several_parameters() -> None:
    pieces = pieces_of("UPDATE t SET a = $1 + $2, b = $3 WHERE id = 1", 3).pieces
    assert joined(pieces, {1, 3}) == "UPDATE t SET b = $3 WHERE id = 1"
    assert joined(pieces, {1, 2}) == "UPDATE t SET a = $1 + $2 WHERE id = 1"


@pytest.mark.parametrize(
    ("sql", "unique"),
    [
        ("SELECT * FROM t ORDER BY id", 1),
        ("SELECT * FROM t ORDER BY name DESC, id", 1),
        ("SELECT * FROM t WHERE tenant = @tenant ORDER BY a, name", 1),
        ("SELECT * FROM t ORDER BY a, tenant, name", 2),
        ("SELECT u.*, t.name FROM u JOIN t ON t.id = u.t_id ORDER BY t.name, u.id", 1),
        ("SELECT number, name FROM named ORDER BY name, number", 1),
        ("SELECT a, count(*) FROM t WHERE a > 0 GROUP BY a ORDER BY count(*), a", 1),
        ("SELECT DISTINCT name, tenant FROM t ORDER BY tenant, name", 2),
        ("SELECT id FROM t UNION SELECT id FROM u ORDER BY id", 1),
        ("SELECT id, row_number() OVER (ORDER BY a, id) FROM t ORDER BY 2, 1", 1),
        ("WITH q AS (SELECT id AS n FROM t) SELECT n FROM q ORDER BY n", 1),
        ('SELECT id AS "id!" FROM t ORDER BY id', 1),
    ],
)
def test_pages_that_have_an_order(judge: Judge, sql: str, unique: int) -> None:
    query = only(judge, f"-- name: Q :page\n{sql};\n")
    assert query.ordering is not None
    assert query.ordering.unique == unique


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a, id FROM t WHERE a = @a ORDER BY a",
        "SELECT u.id, t.id AS t_id FROM u CROSS JOIN t ORDER BY t.id",
        "SELECT name FROM t ORDER BY name",
        "SELECT t_id, tag FROM u ORDER BY t_id, tag",  # NULLs are many
        "SELECT id FROM t UNION ALL SELECT id FROM u ORDER BY id",
        "SELECT id, generate_series(1, 2) FROM t ORDER BY id",
    ],
)
def test_pages_that_have_none(judge: Judge, sql: str) -> None:
    analysis = judge(SCHEMA, f"-- name: Q :page\n{sql};\n")
    assert [d.code for d in analysis.diagnostics if d.severity == "error"] == [
        "page-key-not-unique"
    ]


def test_a_key_that_an_optional_filter_would_make_unique(judge: Judge) -> None:
    sql = "SELECT * FROM t WHERE tenant = @tenant ORDER BY name;\n"
    assert only(judge, f"-- name: Q :page\n{sql}").ordering is not None
    analysis = judge(SCHEMA, f"-- name: Q :page\n-- @optional tenant\n{sql}")
    [refusal] = [d for d in analysis.diagnostics if d.severity == "error"]
    assert (refusal.code, refusal.hint) == (
        "page-key-not-unique",
        "add id at the end of ORDER BY",
    )


def test_sorts_keep_nulls_where_they_are_put(judge: Judge) -> None:
    query = only(
        judge,
        "-- name: Q :many\n-- @sort a, b nulls first, name\n"
        "SELECT a, b, name FROM t ORDER BY a DESC NULLS LAST, t.id DESC;\n",
    )
    [clause] = [piece for piece in query.pieces if piece.sorts]
    assert {sort.name: sort.sql.strip() for sort in clause.sorts} == {
        "a": 'ORDER BY "a" NULLS LAST, t.id',
        "-a": 'ORDER BY "a" DESC NULLS LAST, t.id DESC',
        "b": 'ORDER BY "b" NULLS FIRST, a NULLS FIRST, t.id',
        "-b": 'ORDER BY "b" DESC NULLS FIRST, a DESC NULLS LAST, t.id DESC',
        "name": 'ORDER BY "name", a NULLS FIRST, t.id',
        "-name": 'ORDER BY "name" DESC, a DESC NULLS LAST, t.id DESC',
    }


def test_pages_keep_nulls_where_they_are_put(judge: Judge) -> None:
    query = only(
        judge,
        "-- name: Q :page\n-- @sort b nulls first, a\n"
        "SELECT * FROM t ORDER BY a DESC NULLS LAST, id DESC;\n",
    )
    assert query.sorts == ("b", "-b", "a", "-a")
    assert query.ordering is not None
    assert [(k.name, k.nulls) for k in query.ordering.choices] == [
        ("b", "first"),
        ("a", "last"),
    ]
    assert [(k.name, k.nulls) for k in query.ordering.default] == [
        ("a", "last"),
        ("id", None),
    ]
