"""Names of parameters, and whether None may be given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = """
CREATE TYPE status AS ENUM ('open', 'done');
CREATE DOMAIN filled AS text NOT NULL;
CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, email text, nick filled);
CREATE TABLE tasks (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text NOT NULL,
    owner_id int REFERENCES users, status status NOT NULL DEFAULT 'open',
    data jsonb, created timestamptz NOT NULL DEFAULT now()
);
CREATE VIEW named AS SELECT id, name FROM users;
CREATE FUNCTION found(min_id int, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION many(VARIADIC words text[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE work(task int, who text) LANGUAGE sql AS 'SELECT 1';
"""


def parameters(judge: Callable[..., Any], sql: str, **options: bool) -> list[str]:
    """The parameters, those that take None with a question mark."""
    analysis = judge(SCHEMA, f"-- name: Q :exec\n{sql}\n", **options)
    assert not [d for d in analysis.diagnostics if d.severity == "error"]
    [query] = analysis.files["queries.sql"]
    return [p.name + "?" * p.nullable for p in query.parameters]


NAMES = [
    ("SELECT 1 FROM users WHERE id = $1", "id"),
    ("SELECT 1 FROM users WHERE $1 < id AND id < $2", "id id_2"),
    ("SELECT 1 FROM users u WHERE lower(u.name) LIKE $1", "name"),
    ("SELECT 1 FROM tasks WHERE data->>'a' = $1", "data"),
    ("SELECT 1 FROM tasks GROUP BY title HAVING max(id) < $1", "id"),
    ("SELECT 1 FROM tasks WHERE created BETWEEN $1 AND $2", "created created_2"),
    ("SELECT 1 FROM users WHERE id IN ($1, $2)", "id id_2"),
    ("SELECT 1 FROM users WHERE id = ANY ($1)", "id"),
    ("SELECT 1 FROM users WHERE (id, name) > ($1, $2)", "id name"),
    ("SELECT 1 FROM users WHERE email IS NOT DISTINCT FROM $1", "email?"),
    ("SELECT 1 FROM users WHERE $1 IN (SELECT name FROM users)", "name"),
    ("SELECT 1 FROM (SELECT id AS key FROM users) s WHERE key = $1", "key"),
    ("SELECT 1 FROM users AS u (a, b) WHERE b = $1", "b"),
    ("SELECT 1 FROM users JOIN tasks USING (id) WHERE id = $1", "id"),
    ("SELECT $1::int FROM users LIMIT $2 OFFSET $3", "dollar_1 limit offset"),
    ("SELECT found($1, $2), many($3, $4)", "min_id found words words_2"),
    ("SELECT make_interval(days => $1), pg_notify($2, 'x')", "days pg_notify"),
    ("SELECT found($2::int, $1::text)", "dollar_1 min_id"),
    ("SELECT $1::text IS NULL OR $2::int = 1", "dollar_1? dollar_2"),
    ("SELECT 1 FROM users WHERE id = $1 AND ctid = $2", "id ctid"),
    ("INSERT INTO users VALUES ($1, $2, $3, $4)", "id name email? nick"),
    (
        "INSERT INTO users (email, id, name) VALUES ($1, $2, $3), ($4, $5, 'a')",
        "email? id name email_2? id_2",
    ),
    (
        "INSERT INTO users (name, id, email) SELECT $1, id, $2 FROM tasks",
        "name email?",
    ),
    ("INSERT INTO named VALUES ($1, $2)", "id name"),
    (
        (
            "INSERT INTO users (id, name) VALUES ($1, $2)"
            " ON CONFLICT (id) DO UPDATE SET email = $3 WHERE users.name <> $4"
        ),
        "id name email? name_2",
    ),
    ("UPDATE users SET email = $1, name = $2 WHERE id = $3", "email? name id"),
    ("UPDATE users SET name = coalesce($1, name)", "name"),
    ("UPDATE users SET (name, email) = ($1, $2)", "name email?"),
    (
        (
            "UPDATE tasks t SET title = v.b"
            " FROM (VALUES ($1::int, $2::text)) v (a, b) WHERE t.id = v.a"
        ),
        "dollar_1 title",
    ),
    (
        (
            "WITH w AS (UPDATE users SET email = $1 WHERE id = $2 RETURNING id)"
            " DELETE FROM tasks USING w WHERE owner_id = w.id AND title = $3"
        ),
        "email? id title",
    ),
    ("CALL work($1, $2)", "task who"),
    ("CALL work(who => $1, task => 1)", "who"),
    # None reaches the column through what passes it on.
    (
        "UPDATE users SET email = CASE WHEN $1 THEN $2 ELSE $3 END",
        "dollar_1 email? email_2?",
    ),
    ("UPDATE users SET email = CASE $1::int WHEN 1 THEN $2 END", "dollar_1 email?"),
    ("UPDATE users SET name = CASE WHEN $1 THEN $2 ELSE name END", "dollar_1 name"),
    ("UPDATE users SET email = nullif($1, '')", "email?"),
    ("UPDATE users SET name = nullif($1, '')", "name"),
    ("UPDATE users SET email = lower(trim(@a))", "a?"),
    ("UPDATE users SET email = @a || '@x'", "a?"),
    ("UPDATE users SET email = 'x' || upper(@a::text) || @a", "a?"),
    ("UPDATE users SET email = @a::int::text", "a?"),
    ("UPDATE users SET email = coalesce(@a, 'x')", "a?"),
    ("UPDATE users SET email = (SELECT @a::text)", "a?"),
    ("UPDATE users SET (email, name) = (SELECT @a::text, @b)", "a? b"),
    ("WITH w AS (SELECT @a::text AS a) UPDATE users SET email = a FROM w", "a?"),
    ("INSERT INTO users (id, name, email) VALUES (@a, lower(@b), lower(@c))", "a b c?"),
    (
        "INSERT INTO users (id, name, email) SELECT 1, @b, CASE WHEN @c THEN @d END",
        "b c d?",
    ),
    (
        (
            "INSERT INTO users (id, name) VALUES (@a, @b)"
            " ON CONFLICT (id) DO UPDATE SET email = nullif(@c, '')"
        ),
        "a b c?",
    ),
    # Not so where something else would be lost, or where it says something else too.
    ("UPDATE users SET email = name || @a", "a"),
    ("UPDATE users SET email = @a || @b", "a b"),
    ("UPDATE tasks SET data = to_jsonb(now() + @a::interval)", "a"),
    ("UPDATE users SET email = concat(@a::text, 'x')", "a"),
    ("UPDATE users SET email = @a WHERE lower(email) = lower(@a)", "a"),
    ("UPDATE users SET email = @a WHERE starts_with(email, @a)", "a"),
    ("UPDATE users SET email = CASE WHEN @a > 'a' THEN @a END", "a"),
    ("UPDATE users SET email = CASE @a WHEN 'a' THEN 'b' ELSE @a END", "a"),
    ("UPDATE users SET email = @a, name = upper(@a)", "a"),
    ("UPDATE users SET email = @a, name = coalesce(@a, name)", "a?"),
    ("UPDATE users SET email = @a WHERE @a::text IS NULL OR email = @a", "a?"),
    # One parameter in two places: the first name counts, and a comparison
    # forbids the NULL that an assignment would allow.
    ("UPDATE users SET email = $1 WHERE email <> $1", "email"),
    ("SELECT 1 FROM users WHERE id = $1 OR id = @id", "id_2 id"),
    ("SELECT 1 FROM users WHERE name = sqlc.narg(x) OR id = @y", "x? y"),
    ("SELECT 1 FROM users WHERE id IN (sqlc.slice(ids))", "ids"),
    ("SELECT 1 FROM pg_class WHERE relkind = $1", "relkind"),
]


@pytest.mark.parametrize(("sql", "names"), NAMES)
def test_names_and_nulls(judge: Callable[..., Any], sql: str, names: str) -> None:
    assert parameters(judge, sql) == names.split()


@pytest.mark.since(15)
def test_parameters_of_merge(judge: Callable[..., Any]) -> None:
    merge = (
        "MERGE INTO users u USING (SELECT $1::int AS id) s ON u.id = s.id"
        " WHEN MATCHED THEN UPDATE SET email = $2"
        " WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, $3)"
    )
    assert parameters(judge, merge) == ["id", "email?", "name"]


def test_without_notices(judge: Callable[..., Any]) -> None:
    # What a write to a view becomes is not told then.
    cases = [case for case in NAMES if "INTO named" not in case[0]]
    text = "".join(f"-- name: Q{i} :exec\n{sql};\n" for i, (sql, _) in enumerate(cases))
    queries = judge(SCHEMA, text, notices=False).files["queries.sql"]
    found = [[p.name + "?" * p.nullable for p in query.parameters] for query in queries]
    assert found == [names.split() for _, names in cases]


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1 FROM users WHERE id = $1 LIMIT $2", "id limit"),
        ("INSERT INTO users (name, email) VALUES ($1, $2)", "name email?"),
        ("SELECT 1 FROM users WHERE lower(name) = $1", "dollar_1"),
        ("SELECT 1 FROM users WHERE name = sqlc.narg(x)", "x?"),
        ("CALL work($1, $2)", "task who"),
    ],
)
def test_without_trees(judge: Callable[..., Any], sql: str, names: str) -> None:
    assert parameters(judge, sql, trees=False) == names.split()


def test_columns_that_overrides_reach(judge: Callable[..., Any]) -> None:
    analysis = judge(
        SCHEMA,
        "-- name: Q :exec\n"
        "UPDATE tasks SET data = $1 WHERE id = $2 AND lower(title) = $3;\n",
    )
    [query] = analysis.files["queries.sql"]
    table = next(r for r in analysis.catalog.relations.values() if r.name == "tasks")
    columns = [
        table.column(p.column[1]).name if p.column else None for p in query.parameters
    ]
    assert columns == ["data", "id", None]
