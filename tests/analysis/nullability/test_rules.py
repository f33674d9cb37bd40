"""The rules one by one, where the known queries and the random ones don't reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reposgen.analysis.nullability import prove_rows
from reposgen.live_schema.functions import builtin_functions

if TYPE_CHECKING:
    from tests.analysis.nullability.conftest import Schema, Schemas

SCHEMA = """
CREATE TABLE pairs (id int PRIMARY KEY, note text);
CREATE DOMAIN positive AS int NOT NULL CHECK (VALUE > 0);
CREATE TABLE parents (id int PRIMARY KEY, name text NOT NULL, note text, born timestamp
    NOT NULL DEFAULT now(), doc jsonb NOT NULL DEFAULT '{}', tags text[] NOT NULL);
CREATE TABLE children (id int PRIMARY KEY, parent_id int NOT NULL REFERENCES parents,
    friend_id int REFERENCES parents, later_id int NOT NULL REFERENCES parents
    DEFERRABLE, title text NOT NULL, note text, total int GENERATED ALWAYS AS
    (length(note)) STORED);
CREATE TABLE hidden (id int PRIMARY KEY, name text NOT NULL);
ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
CREATE TABLE seen (id int PRIMARY KEY, hidden_id int NOT NULL REFERENCES hidden);
CREATE TABLE watched (id int PRIMARY KEY, note text);
CREATE FUNCTION blank() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN new.note := NULL; RETURN new; END $$;
CREATE TRIGGER blank BEFORE INSERT OR UPDATE ON watched FOR EACH ROW
    EXECUTE FUNCTION blank();
CREATE TABLE parts (id int NOT NULL, note text) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
CREATE MATERIALIZED VIEW counts AS SELECT parent_id, count(*) AS n, max(note) AS note
    FROM children GROUP BY parent_id;
CREATE FUNCTION mine(int) RETURNS int LANGUAGE sql STRICT IMMUTABLE AS 'SELECT $1';
"""


@pytest.fixture(scope="module")
def schema(schemas: Schemas) -> Schema:
    return schemas(SCHEMA)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # A foreign key finds its row, unless something hides or moves it.
        ("SELECT p.name FROM children c LEFT JOIN parents p ON p.id = parent_id", "N"),
        ("SELECT p.name FROM children c LEFT JOIN parents p ON p.id = friend_id", "."),
        ("SELECT p.name FROM children c LEFT JOIN parents p ON p.id = later_id", "."),
        (
            (
                "SELECT p.name FROM children c LEFT JOIN parents p ON p.id = friend_id"
                " WHERE friend_id IS NOT NULL"
            ),
            "N",
        ),
        (
            (
                "SELECT p.name FROM children c LEFT JOIN parents p"
                " ON p.id = parent_id AND p.note = 'x'"
            ),
            ".",
        ),
        (
            (
                "SELECT p.name FROM children c LEFT JOIN parents p ON p.id = parent_id"
                " FOR UPDATE OF c"
            ),
            ".",
        ),
        ("SELECT name FROM seen LEFT JOIN hidden h ON h.id = hidden_id", "."),
        (
            (
                "SELECT (SELECT name FROM parents p WHERE p.id = c.parent_id)"
                " FROM children c"
            ),
            "N",
        ),
        (
            (
                "SELECT (SELECT name FROM parents p WHERE p.id = c.parent_id)"
                " FROM parents x LEFT JOIN children c ON c.id = x.id"
            ),
            ".",
        ),
        # What a row of a subquery says of the query around, and what it does not.
        (
            (
                "SELECT note FROM parents p"
                " WHERE EXISTS (SELECT FROM children c WHERE c.title = p.note)"
            ),
            "N",
        ),
        (
            (
                "SELECT note FROM parents p"
                " WHERE EXISTS (SELECT count(*) FROM children c WHERE c.title = p.note)"
            ),
            ".",
        ),
        (
            (
                "SELECT (SELECT coalesce(max(c.title), p.note) FROM children c"
                " WHERE c.title = p.note) FROM parents p"
            ),
            ".",
        ),
        # A window sees rows that the query around drops.
        (
            (
                "SELECT f FROM (SELECT note, max(note) OVER () f FROM parents) s"
                " WHERE note IS NOT NULL"
            ),
            ".",
        ),
        (
            "SELECT first_value(note) OVER () FROM parents WHERE note IS NOT NULL",
            "N",
        ),
        ("SELECT CASE WHEN note <> '' THEN max(note) OVER () END FROM parents", "."),
        # Conditions decide what their branches see.
        ("SELECT CASE WHEN note IS NULL THEN '' ELSE note END FROM parents", "N"),
        ("SELECT CASE note WHEN 'a' THEN note ELSE '' END FROM parents", "N"),
        ("SELECT CASE WHEN note IS NULL THEN note ELSE '' END FROM parents", "."),
        ("SELECT note IS NOT NULL AND note > 'a' FROM parents", "N"),
        ("SELECT note IS NULL OR note > 'a' FROM parents", "N"),
        ("SELECT note IS NULL AND note > 'a' FROM parents", "."),
        (
            (
                "SELECT note FROM parents"
                " WHERE CASE WHEN note IS NULL THEN false ELSE true END"
            ),
            "N",
        ),
        ("SELECT note FROM parents WHERE (note, name) IS NOT NULL", "N"),
        ("SELECT note FROM parents WHERE NOT ((note, name) IS NULL)", "."),
        # Functions.
        ("SELECT mine(id), mine(friend_id) FROM children", "N."),
        ("SELECT note FROM parents WHERE mine(length(note)) = 1", "N"),
        (
            "SELECT concat(VARIADIC NULL::text[]), num_nulls(VARIADIC '{1}'::int[])",
            ".N",
        ),
        (
            (
                "SELECT extract(year FROM born), extract(month FROM born),"
                " date_part('epoch', born) FROM parents"
            ),
            "N.N",
        ),
        ("SELECT ntile($1) OVER (), ntile(NULL) OVER () FROM parents", "N."),
        ("SELECT unnest(ARRAY['a', 'b']), unnest(ARRAY['a'])", ".."),
        ("SELECT unnest(ARRAY['a', 'b'])", "N"),
        ("SELECT unnest(ARRAY['a', NULL])", "."),
        ("SELECT unnest('{a,b}'::text[])", "N"),
        ("SELECT unnest('{a,NULL}'::text[])", "."),
        ("SELECT unnest(tags) FROM parents", "."),
        ("SELECT e.key, e.value FROM parents, jsonb_each(doc) e", "NN"),
        ("SELECT e.key, e.value FROM parents, jsonb_each_text(doc) e", "N."),
        ("SELECT a, b FROM ROWS FROM (generate_series(1, 2), now()) x(a, b)", ".."),
        ("SELECT a, n FROM generate_series(1, 2) WITH ORDINALITY x(a, n)", "NN"),
        ("SELECT name = ANY (tags), name = ANY ('{a}'::text[]) FROM parents", ".N"),
        (
            (
                "SELECT id IN (SELECT friend_id FROM children),"
                " id IN (SELECT parent_id FROM children) FROM parents"
            ),
            ".N",
        ),
        ("SELECT NULL::int::positive, $1::positive", "NN"),
        # Groups.
        (
            (
                "SELECT name, note FROM parents WHERE note <> ''"
                " GROUP BY GROUPING SETS ((name, note), (name))"
            ),
            "N.",
        ),
        ("SELECT name FROM parents GROUP BY ROLLUP (name) HAVING name <> ''", "N"),
        ("SELECT max(name) FROM parents HAVING 0 < count(*)", "N"),
        ("SELECT max(name) FROM parents HAVING count(*) >= 0", "."),
        ("SELECT sum(id) FROM parents GROUP BY ()", "."),
        ("SELECT max(name) FROM parents HAVING count(*) > NULL", "."),
        ("SELECT max(name) FROM parents HAVING length(max(name)) > 0", "N"),
        # That count is the outer query's: the inner one may have no rows.
        (
            (
                "SELECT (SELECT max(title) FROM children HAVING count(p.id) > 0)"
                " FROM parents p"
            ),
            ".",
        ),
        # NULL as a delimiter is none.
        ("SELECT string_agg(name, note) FROM parents GROUP BY id", "N"),
        ("SELECT string_agg(note, name) FROM parents GROUP BY id", "."),
        # What is not strict is as present as a condition says.
        ("SELECT nullif(note, 'a') FROM parents WHERE nullif(note, 'a') <> 'b'", "N"),
        ("SELECT nullif(note, 'b') FROM parents WHERE nullif(note, 'a') <> 'b'", "."),
        # Views, by their definition.
        ("SELECT parent_id, n, note FROM counts", "NN."),
        # Set operations push what is known of their result into their sides.
        (
            (
                "SELECT b FROM (SELECT note AS a, note AS b FROM parents UNION ALL"
                " SELECT title, title FROM children) s WHERE a IS NOT NULL"
            ),
            "N",
        ),
        # Writes.
        ("INSERT INTO watched VALUES (1, 'x') RETURNING id, note", "N."),
        ("UPDATE watched SET note = 'x' RETURNING id, note", "N."),
        ("DELETE FROM watched WHERE note = 'x' RETURNING note", "N"),
        ("INSERT INTO parts VALUES (1, 'x') RETURNING id, note", "N."),
        ("UPDATE children SET note = '' RETURNING total", "N"),
        ("UPDATE children SET title = '' RETURNING total", "."),
        ("UPDATE children SET title = '' WHERE note <> '' RETURNING total", "N"),
        ("UPDATE parents SET note = note || 'x' RETURNING note", "."),
        ("UPDATE parents SET note = note || 'x' WHERE note <> '' RETURNING note", "N"),
        ("UPDATE parents SET name = 'x' WHERE note <> '' RETURNING note", "N"),
        (
            "UPDATE parents SET (name, note) = (SELECT 'a', count(*)) RETURNING note",
            "N",
        ),
        (
            (
                "INSERT INTO parents (id, name, tags, note) VALUES (1, 'a', '{}', 'b')"
                " ON CONFLICT (id) DO UPDATE SET note = excluded.note RETURNING note"
            ),
            "N",
        ),
        (
            (
                "INSERT INTO parents (id, name, tags, note) VALUES (1, 'a', '{}', 'b')"
                " ON CONFLICT (id) DO UPDATE SET name = 'c' RETURNING note"
            ),
            ".",
        ),
        (
            (
                "WITH w AS (INSERT INTO parents (id, name, tags) VALUES (1, 'a', '{}')"
                " RETURNING id, note) SELECT id, note FROM w"
            ),
            "N.",
        ),
        # Recursion: not null as long as nothing says otherwise.
        (
            (
                "WITH RECURSIVE t(a, b, c) AS (SELECT 1, 1, 1 UNION ALL"
                " SELECT b, nullif(c, 3), c FROM t WHERE a < 9) SELECT a, b, c FROM t"
            ),
            "..N",
        ),
    ],
)
def test_verdicts(schema: Schema, sql: str, expected: str) -> None:
    assert schema.not_null(sql) == expected


def test_parameters_may_be_null(schema: Schema) -> None:
    sql = (
        "INSERT INTO parents (id, name, tags, note) VALUES ($1, $2, $3, $4)"
        " RETURNING id, note"
    )
    assert schema.not_null(sql) == "NN"
    assert schema.not_null(sql, nullable=[4]) == "N."


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("UPDATE parents SET note = 'x' RETURNING old.note, new.note", ".N"),
        ("UPDATE parents SET note = NULL WHERE note = 'x' RETURNING old.note", "N"),
        ("INSERT INTO pairs VALUES (1, 'b') RETURNING old.id, new.note", ".N"),
        ("DELETE FROM parents RETURNING old.id, new.id, id", "N.N"),
        (
            (
                "MERGE INTO parents p USING children c ON c.id = p.id"
                " WHEN MATCHED THEN UPDATE SET note = 'x'"
                " WHEN NOT MATCHED BY SOURCE THEN DELETE"
                " RETURNING merge_action(), p.id, p.note, c.id"
            ),
            "NN..",
        ),
    ],
)
def test_old_and_new_rows(schema: Schema, sql: str, expected: str) -> None:
    if schema.major < 18:
        pytest.skip("RETURNING has no old and new before 18")
    assert schema.not_null(sql) == expected


def test_reasons_go_from_the_outside_in(schema: Schema) -> None:
    (proof,) = schema.proofs(
        "SELECT lower(s.t) FROM (SELECT p.note AS t FROM parents p"
        " LEFT JOIN children c ON c.id = p.id WHERE c.note = p.note) s"
    )
    assert proof.why == (
        "lower is NULL only where an argument is",
        "s.t is a column of a subquery",
        "WHERE, ON or HAVING drops the rows where p.note is NULL",
    )
    (proof,) = schema.proofs(
        "SELECT c.title FROM parents p LEFT JOIN children c ON c.id = p.id"
    )
    assert proof.why == ("c is on the nullable side of a LEFT JOIN",)
    (proof,) = schema.proofs("SELECT name FROM parents")
    assert proof.why == ("parents.name is NOT NULL",)


@pytest.mark.parametrize(
    ("sql", "missing"),
    [
        ("SELECT 1 FROM parents p LEFT JOIN children c ON c.id = p.id", {"c"}),
        ("SELECT 1 FROM parents p JOIN children c ON c.id = p.id", set()),
        ("SELECT 1 FROM parents p FULL JOIN children c ON c.id = p.id", {"p", "c"}),
        (
            (
                "SELECT 1 FROM parents p LEFT JOIN children c ON c.id = p.id"
                " WHERE c.note > ''"
            ),
            set(),
        ),
    ],
)
def test_relations_that_a_row_may_lack(
    schema: Schema, sql: str, missing: set[str]
) -> None:
    tree = schema.trees([sql])[sql]
    functions = builtin_functions(schema.major)
    indexes = prove_rows(tree, schema.catalog, functions).missing
    assert {tree.entry(i).name for i in indexes} == missing
