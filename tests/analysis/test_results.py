"""Result columns: names, stars, models, embeds, overrides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reposgen.analysis.model import Cardinality, Column, Embed, Violation

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen.analysis.model import TypedQuery

# The version that lets RETURNING tell the old row from the new.
SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text);
CREATE TABLE tasks (id int PRIMARY KEY, title text NOT NULL, owner_id int);
CREATE TABLE "Order" ("Id" int PRIMARY KEY, "select" text, "a ""b" text, "größe" int);
CREATE TABLE loose (a int, b int);
CREATE DOMAIN mail AS text;
CREATE TABLE mails (id int PRIMARY KEY, address mail NOT NULL);
CREATE VIEW people AS SELECT id, name FROM users;
CREATE MATERIALIZED VIEW titles AS SELECT id, title, owner_id FROM tasks;
CREATE TABLE held (one loose, several loose[]);
CREATE FUNCTION find_loose(int) RETURNS loose LANGUAGE sql AS 'SELECT NULL::loose';
CREATE FUNCTION rows() RETURNS SETOF record LANGUAGE sql AS 'SELECT 1, 2';
"""


def judged(judge: Callable[..., Any], sql: str, **options: bool) -> TypedQuery:
    analysis = judge(SCHEMA, f"-- name: Q :many\n{sql}\n", **options)
    errors = [d for d in analysis.diagnostics if d.severity == "error"]
    assert not errors
    query: TypedQuery = analysis.files["queries.sql"][0]
    return query


def shown(query: TypedQuery) -> str:
    return " ".join(
        item.name + "?" * item.nullable
        if isinstance(item, Column)
        else f"<{item.name}{'?' * item.nullable}>"
        for item in query.results
    )


@pytest.mark.parametrize(
    ("sql", "expanded"),
    [
        ("SELECT * FROM users", "SELECT id, name, email FROM users"),
        ("SELECT u.* FROM users u", "SELECT u.id, u.name, u.email FROM users u"),
        (
            "SELECT *, 1 * 2 AS x FROM users, loose",
            "SELECT id, name, email, a, b, 1 * 2 AS x FROM users, loose",
        ),
        (
            "SELECT * FROM users u JOIN tasks t ON t.owner_id = u.id",
            (
                "SELECT u.id, u.name, u.email, t.id, t.title, t.owner_id"
                " FROM users u JOIN tasks t ON t.owner_id = u.id"
            ),
        ),
        (
            "SELECT * FROM users FULL JOIN tasks USING (id)",
            (
                "SELECT id, name, email, title, owner_id"
                " FROM users FULL JOIN tasks USING (id)"
            ),
        ),
        (
            'SELECT "Order" . * FROM "Order"',
            (
                'SELECT "Order" . "Id", "Order" . "select", "Order" . "a ""b",'
                ' "Order" . "größe" FROM "Order"'
            ),
        ),
        (
            "SELECT /* * */ * -- all\n , '*' FROM loose WHERE a * 2 = @x",
            "SELECT /* * */ a, b -- all\n , '*' FROM loose WHERE a * 2 = $1",
        ),
        (
            "(SELECT * FROM loose) UNION SELECT l.* FROM loose l",
            "(SELECT a, b FROM loose) UNION SELECT l.a, l.b FROM loose l",
        ),
        (
            "WITH x AS (SELECT * FROM loose) SELECT x.*, count(*) OVER () FROM x",
            "WITH x AS (SELECT * FROM loose) SELECT x.a, x.b, count(*) OVER () FROM x",
        ),
        (
            "DELETE FROM loose RETURNING *",
            "DELETE FROM loose RETURNING a, b",
        ),
        (
            "SELECT name, * FROM users GROUP BY id",
            "SELECT name, id, name, email FROM users GROUP BY id",
        ),
        (
            "SELECT t.*, u.* FROM tasks t, users u WHERE u.id = 1 GROUP BY u.id, t.id",
            (
                "SELECT t.id, t.title, t.owner_id, u.id, u.name, u.email"
                " FROM tasks t, users u WHERE u.id = 1 GROUP BY u.id, t.id"
            ),
        ),
        (
            "SELECT l.*, count(*) FROM loose l GROUP BY l.a, l.b",
            "SELECT l.a, l.b, count(*) FROM loose l GROUP BY l.a, l.b",
        ),
        # The fields of composite values.
        ("SELECT (l).* FROM loose l", "SELECT (l).a, (l).b FROM loose l"),
        (
            "SELECT 1, ( held . one ) . * , (held).one.*, several[1].* FROM held",
            (
                "SELECT 1, ( held . one ) . a, ( held . one ) . b , (held).one.a,"
                " (held).one.b, several[1].a, several[1].b FROM held"
            ),
        ),
        (
            "SELECT (find_loose(@x)).*, (1 + 2) * 3",
            "SELECT (find_loose($1)).a, (find_loose($1)).b, (1 + 2) * 3",
        ),
        (
            "SELECT (SELECT l FROM loose l WHERE a = @x).*",
            (
                "SELECT (SELECT l FROM loose l WHERE a = $1).a,"
                " (SELECT l FROM loose l WHERE a = $1).b"
            ),
        ),
        (
            (
                "SELECT (x.l).* FROM (SELECT l FROM loose l) x UNION SELECT (z).*"
                " FROM loose z"
            ),
            (
                "SELECT (x.l).a, (x.l).b FROM (SELECT l FROM loose l) x"
                " UNION SELECT (z).a, (z).b FROM loose z"
            ),
        ),
        (
            "SELECT (x.l).*, count(*) FROM (SELECT l FROM loose l) x GROUP BY x.l",
            (
                "SELECT (x.l).a, (x.l).b, count(*) FROM (SELECT l FROM loose l) x"
                " GROUP BY x.l"
            ),
        ),
        (
            "UPDATE loose SET b = 1 RETURNING (loose).*",
            "UPDATE loose SET b = 1 RETURNING (loose).a, (loose).b",
        ),
        # Names that can't tell the two columns apart: the star stays.
        ("SELECT * FROM (SELECT 1 AS a, 2 AS a) s",) * 2,
        ("SELECT count(*) FROM (SELECT * FROM users) s",) * 2,
    ],
)
def test_stars(judge: Callable[..., Any], sql: str, expanded: str) -> None:
    [piece] = judged(judge, sql).pieces
    assert piece.sql == expanded


PLACELESS = [
    ("SELECT * FROM users", "SELECT id, name, email FROM users"),
    ("DELETE FROM loose RETURNING *", "DELETE FROM loose RETURNING a, b"),
    ("SELECT *, 1 FROM loose", "SELECT a, b, 1 FROM loose"),
    (
        "SELECT l.*, 2 * 3, u.* FROM users u, loose AS l",
        "SELECT l.a, l.b, 2 * 3, u.id, u.name, u.email FROM users u, loose AS l",
    ),
    (
        "SELECT DISTINCT * FROM loose ORDER BY a",
        "SELECT DISTINCT a, b FROM loose ORDER BY a",
    ),
    (
        "SELECT (find_loose(@x)).*, 1",
        "SELECT (find_loose($1)).a, (find_loose($1)).b, 1",
    ),
    ("SELECT id FROM (SELECT * FROM users) u",) * 2,
    ("SELECT * FROM loose UNION SELECT * FROM loose",) * 2,
]


@pytest.mark.parametrize("without", ["trees", "notices"])
def test_stars_without_places(judge: Callable[..., Any], without: str) -> None:
    text = "".join(
        f"-- name: Q{i} :many\n{sql};\n" for i, (sql, _) in enumerate(PLACELESS)
    )
    queries = judge(SCHEMA, text, **{without: False}).files["queries.sql"]
    assert [q.pieces[0].sql for q in queries] == [sql for _, sql in PLACELESS]


@pytest.mark.parametrize(
    ("without", "columns"),
    [("trees", "<t?> name? <u?>"), ("notices", "<t> name? <u?>")],
)
def test_embeds_without_places(
    judge: Callable[..., Any], without: str, columns: str
) -> None:
    sql = (
        "SELECT sqlc.embed(t), u.name, sqlc.embed(u)"
        " FROM tasks t LEFT JOIN users u ON u.id = t.owner_id"
    )
    assert shown(judged(judge, sql, **{without: False})) == columns


@pytest.mark.since(16)
def test_views_without_notices(judge: Callable[..., Any]) -> None:
    sql = "SELECT p.*, (SELECT max(title) FROM titles) FROM people p WHERE id = $1"
    told, untold = judged(judge, sql), judged(judge, sql, notices=False)
    assert told == replace(untold, diagnostics=told.diagnostics)
    assert told.reads


@pytest.mark.parametrize(
    ("sql", "model"),
    [
        ("SELECT * FROM users", "users"),
        ("SELECT id, name, email FROM users WHERE id = $1", "users"),
        ("SELECT u.* FROM users u JOIN tasks t ON t.owner_id = u.id", "users"),
        ("UPDATE users SET name = $1 RETURNING *", "users"),
        ("SELECT * FROM people", "people"),
        ("SELECT * FROM titles", "titles"),
        ("SELECT name, id, email FROM users", None),
        ("SELECT id, name FROM users", None),
        ("SELECT id, name, email AS mail FROM users", None),
        ("SELECT id, name, lower(email) AS email FROM users", None),
        ("SELECT u.* FROM tasks t LEFT JOIN users u ON u.id = t.owner_id", None),
        ("SELECT *, 1 AS one FROM users", None),
        ("SELECT * FROM pg_namespace", None),
    ],
)
def test_models(judge: Callable[..., Any], sql: str, model: str | None) -> None:
    query = judged(judge, sql)
    assert (query.model.name if query.model else None) == model


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT id, id, 1, 2 FROM users", "id id ?column? ?column?"),
        ('SELECT email AS "email!", id AS "id?" FROM users', "email id?"),
        ("VALUES (1, NULL)", "column1 column2?"),
        ("SELECT 'a' AS a, NULL AS b, $1 AS c", "a b? c"),
        ("SELECT * FROM rows() AS r (a int, b int)", "a b"),
        ("SELECT a.x FROM (VALUES (1)) AS a (x)", "x"),
        ("SHOW server_version", "server_version?"),
        ("EXPLAIN SELECT 1", "QUERY PLAN?"),
        ("SELECT * FROM titles", "id title owner_id?"),
        ("SELECT nspname FROM pg_namespace", "nspname"),
        ("SELECT table_name FROM information_schema.tables", "table_name"),
        ("SELECT sqlc.embed(t), sqlc.embed(users) FROM tasks t, users", "<t> <users>"),
        (
            (
                "SELECT sqlc.embed(t), u.name, sqlc.embed(u)"
                " FROM tasks t LEFT JOIN users u ON u.id = t.owner_id"
            ),
            "<t> name? <u?>",
        ),
        (
            (
                "SELECT sqlc.embed(u) FROM tasks t"
                " LEFT JOIN users u ON u.id = t.owner_id WHERE u.name = 'x'"
            ),
            "<u>",
        ),
        (
            "SELECT sqlc.embed(l), count(*) FROM loose l GROUP BY l.a, l.b",
            "<l> count",
        ),
        (
            (
                "SELECT sqlc.embed(t), sqlc.embed(u), count(*) FROM tasks t"
                " JOIN users u ON u.id = t.owner_id GROUP BY t.id, u.id"
            ),
            "<t> <u> count",
        ),
    ],
)
def test_columns(judge: Callable[..., Any], sql: str, columns: str) -> None:
    assert shown(judged(judge, sql)) == columns


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("WITH u AS (SELECT * FROM users) SELECT sqlc.embed(u) FROM u", "<u>"),
        (
            """WITH u AS (UPDATE users SET name = 'x' RETURNING *)
            SELECT sqlc.embed(u), sqlc.embed(t)
            FROM u LEFT JOIN tasks t ON t.owner_id = u.id""",
            "<u> <t?>",
        ),
        (
            """WITH a AS (
                SELECT u.* FROM tasks t LEFT JOIN users u ON u.id = t.owner_id
            ), b AS (SELECT * FROM a)
            SELECT sqlc.embed(c) FROM (SELECT * FROM b) c""",
            "<c?>",
        ),
        pytest.param(
            "SELECT sqlc.embed(p) FROM (SELECT * FROM people OFFSET 0) p",
            "<p>",
            # Before it, an expanded view's name is not in the tree.
            marks=pytest.mark.since(16),
        ),
    ],
)
def test_embeds_of_what_has_a_tables_rows(
    judge: Callable[..., Any], sql: str, columns: str
) -> None:
    assert shown(judged(judge, sql)) == columns


@pytest.mark.parametrize(
    "source",
    [
        "(SELECT id, name FROM users)",
        "(SELECT name, id, email FROM users)",
        "(SELECT id, name, lower(email) AS email FROM users)",
        "(SELECT a.id, b.name, a.email FROM users a LEFT JOIN users b ON b.id > a.id)",
        "(SELECT * FROM users UNION SELECT * FROM users)",
        "(VALUES (1, 'a', 'b'))",
    ],
)
def test_embeds_of_what_has_none(judge: Callable[..., Any], source: str) -> None:
    sql = f"SELECT sqlc.embed(x) FROM {source} AS x"
    analysis = judge(SCHEMA, f"-- name: Q :many\n{sql}\n")
    assert [d.code for d in analysis.diagnostics if d.severity == "error"] == [
        "embed-of-no-table"
    ]


@pytest.mark.parametrize(
    ("sql", "nullable"),
    [
        ("SELECT array_agg(name) FROM users", False),
        ("SELECT array_agg(email) FROM users", True),
        ("SELECT array_agg(email) FILTER (WHERE email > '') FROM users", False),
        ("SELECT array_agg(email) FILTER (WHERE name > '') FROM users", True),
        ("SELECT array_agg(email) FILTER (WHERE false) FROM users", False),
        ("SELECT coalesce(array_agg(name), '{}') FROM users", False),
        ("SELECT coalesce(array_agg(name), '{NULL}') FROM users", True),
        ("SELECT coalesce(array_agg(email), '{}') FROM users", True),
        ("SELECT ARRAY(SELECT u FROM users u)", False),
        ("SELECT ARRAY(SELECT email FROM users)", True),
        ("SELECT ARRAY[name, 'x'] FROM users", False),
        ("SELECT ARRAY[name, email] FROM users", True),
        ("SELECT array_agg(u) FROM tasks t JOIN users u ON u.id = t.owner_id", False),
        ("SELECT array_agg(u) FROM tasks t LEFT JOIN users u ON u.id = 1", True),
        ("SELECT x FROM (SELECT array_agg(email) AS x FROM users) s", True),
        ("WITH s AS (SELECT array_agg(email) AS x FROM users) SELECT x FROM s", True),
        ("SELECT array_agg(email) OVER () FROM users", True),
        ("SELECT array_agg(name) OVER () FROM users", False),
        ("SELECT CASE WHEN id > 1 THEN ARRAY[email] END FROM users", True),
        ("SELECT array_agg(name) FROM users UNION SELECT ARRAY[NULL]", True),
        ("SELECT (SELECT array_agg(email) FROM users)", True),
        ("SELECT string_to_array(name, ',') FROM users", False),
        ("SELECT name FROM users", False),
    ],
)
def test_elements(judge: Callable[..., Any], sql: str, nullable: bool) -> None:
    [column] = judged(judge, sql).results
    assert isinstance(column, Column)
    assert column.element_nullable is nullable


@pytest.mark.parametrize(
    ("sql", "results", "hidden"),
    [
        ("SELECT sqlc.embed(l) FROM loose l JOIN users u ON u.id = l.a", "<l>", 0),
        ("SELECT sqlc.embed(l) FROM users LEFT JOIN loose l ON true", "<l?>", 1),
        ("SELECT sqlc.embed(u) FROM loose LEFT JOIN users u ON true", "<u?>", 0),
        (
            (
                'SELECT DISTINCT sqlc.embed("a.""B") FROM (SELECT 1) AS one'
                ' LEFT JOIN LATERAL (SELECT * FROM loose) AS "a.""B" ON true'
            ),
            '<a."B?>',
            1,
        ),
        pytest.param(
            (
                "SELECT sqlc.embed(a), sqlc.embed(b), 1 AS from"
                " FROM loose a FULL JOIN people b ON a.a = b.id"
            ),
            "<a?> <b?> from",
            1,
            marks=pytest.mark.since(16),
        ),
        # WHERE keeps the rows that have it; the column is there for nothing.
        (
            "SELECT sqlc.embed(l) FROM users LEFT JOIN loose l ON true WHERE l.a = $1",
            "<l>",
            1,
        ),
        (
            (
                "UPDATE users SET name = 'x' FROM users o LEFT JOIN loose l ON l.a = 1"
                " WHERE o.id = users.id RETURNING sqlc.embed(l), l.a IS DISTINCT FROM 1"
            ),
            "<l?> ?column?",
            1,
        ),
    ],
)
@pytest.mark.parametrize("notices", [True, False])
def test_an_embed_that_no_column_tells_of(
    judge: Callable[..., Any],
    sql: str,
    results: str,
    hidden: int,
    notices: bool,
) -> None:
    query = judged(judge, sql, notices=notices)
    assert shown(query) == results
    assert query.hidden == hidden
    presences = [i.presence for i in query.results if isinstance(i, Embed)]
    told = [p for p in presences if p is not None]
    assert told == sorted(told)


@pytest.mark.since(18)
@pytest.mark.parametrize(
    ("sql", "results"),
    [
        ("INSERT INTO loose VALUES (1, 2)", "<old?> <new>"),
        ("UPDATE loose SET a = 1", "<old> <new>"),
        ("DELETE FROM loose", "<old> <new?>"),
        (
            "MERGE INTO loose USING users u ON u.id = a WHEN MATCHED THEN DELETE",
            "<old?> <new?>",
        ),
    ],
)
def test_the_changed_rows_of_a_table_without_not_null(
    judge: Callable[..., Any], sql: str, results: str
) -> None:
    query = judged(judge, f"{sql} RETURNING sqlc.embed(old), sqlc.embed(new)")
    assert shown(query) == results


def test_the_probe_of_an_embed(judge: Callable[..., Any]) -> None:
    query = judged(
        judge,
        "SELECT sqlc.embed(l), sqlc.embed(u) FROM loose l LEFT JOIN users u ON true",
    )
    first, second = query.results
    assert isinstance(first, Embed)
    assert isinstance(second, Embed)
    assert (first.nullable, first.probe) == (False, None)
    assert (second.nullable, second.probe) == (True, 0)
    assert [c.name for c in second.columns] == ["id", "name", "email"]


def test_domains_show_through_the_protocol(judge: Callable[..., Any]) -> None:
    query = judged(judge, "SELECT address, lower(address) AS low FROM mails")
    types = [item.type.sql for item in query.results if isinstance(item, Column)]
    assert types == ["mail", "text"]


def test_proofs_are_told(judge: Callable[..., Any]) -> None:
    [column] = judged(judge, "SELECT name FROM users").results
    assert isinstance(column, Column)
    assert column.why == ("users.name is NOT NULL",)
    assert column.table is not None


def test_without_trees_outer_joins_are_not_trusted(judge: Callable[..., Any]) -> None:
    sql = "SELECT u.id FROM tasks t LEFT JOIN users u ON u.id = t.owner_id"
    assert shown(judged(judge, sql, trees=False)) == "id?"
    assert shown(judged(judge, "SELECT id FROM users", trees=False)) == "id"


def test_effects(judge: Callable[..., Any]) -> None:
    query = judged(judge, "SELECT * FROM users WHERE id = $1 FOR UPDATE")
    assert query.cardinality is Cardinality.AT_MOST_ONE
    assert query.reads == ("public.users",)
    assert (query.read_only, query.locks_rows) == (False, True)
    query = judged(judge, "INSERT INTO users VALUES ($1, $2, $3) RETURNING id")
    assert query.writes == ("public.users",)
    assert "users_pkey" in [
        v.constraint.name for v in query.raises if isinstance(v, Violation)
    ]


@pytest.mark.parametrize(
    ("assigned", "known"),
    # The text must leave no doubt which use of a parameter is the comparison.
    [("version + 1", True), ("@version + 1", False)],
)
def test_an_optimistic_write_without_notices(
    judge: Callable[..., Any], assigned: str, *, known: bool
) -> None:
    schema = "CREATE TABLE t (id int PRIMARY KEY, note text, version int NOT NULL);"
    sql = (
        "-- name: Q :execrows\n-- @optimistic version\n"
        f"UPDATE t SET note = @note, version = {assigned}"
        " WHERE version = @version AND id = @id;\n"
    )
    told, untold = judge(schema, sql), judge(schema, sql, notices=False)
    [query] = told.files["queries.sql"]
    assert query.optimistic
    found = [query.optimistic for query in untold.files["queries.sql"]]
    assert found == [query.optimistic] * known
    assert [d.code for d in untold.diagnostics] == ["optimistic-without-key"] * (
        not known
    )
