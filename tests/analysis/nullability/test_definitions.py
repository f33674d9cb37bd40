"""What is proved by what stands behind names: functions, views, CHECKs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reposgen.analysis.nullability import Definitions, prove
from reposgen.analysis.trusted import trusted_functions
from reposgen.live_schema.functions import builtin_functions

if TYPE_CHECKING:
    from tests.analysis.nullability.conftest import Schema, Schemas

SCHEMA = """
CREATE TABLE teams (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE owners (id int PRIMARY KEY, name text NOT NULL, note text,
    team_id int NOT NULL REFERENCES teams, boss_id int REFERENCES teams,
    code varchar(9) NOT NULL UNIQUE, gone boolean NOT NULL DEFAULT false);
CREATE TABLE tasks (id int PRIMARY KEY, title text NOT NULL, note text,
    owner_id int NOT NULL REFERENCES owners, helper_id int REFERENCES owners,
    owner_code varchar(9) NOT NULL REFERENCES owners (code));
CREATE VIEW all_owners AS SELECT name, id, note, code FROM owners;
CREATE VIEW all_again AS SELECT id AS key, name AS title FROM all_owners ORDER BY name;
CREATE VIEW present AS SELECT id, name FROM owners WHERE NOT gone;
CREATE VIEW with_team AS SELECT o.id, o.name, t.name AS team
    FROM owners o JOIN teams t ON t.id = o.team_id;
CREATE VIEW with_boss AS SELECT o.id, o.name, t.name AS boss
    FROM owners o JOIN teams t ON t.id = o.boss_id;
CREATE VIEW maybe_boss AS SELECT o.id, o.name, t.name AS boss
    FROM owners o LEFT JOIN teams t ON t.id = o.boss_id;
CREATE VIEW counted AS SELECT o.id, o.name, count(t.id) AS n
    FROM owners o LEFT JOIN tasks t ON t.owner_id = o.id GROUP BY o.id;
CREATE VIEW first_ten AS SELECT id, name FROM owners ORDER BY id LIMIT 10;
CREATE VIEW titled AS SELECT title, owner_id, helper_id FROM tasks;

CREATE TABLE regions (id int PRIMARY KEY, name text NOT NULL) PARTITION BY RANGE (id);
CREATE TABLE region PARTITION OF regions DEFAULT;
CREATE TABLE places (id int PRIMARY KEY, region_id int NOT NULL REFERENCES regions);
CREATE TABLE checked (id int PRIMARY KEY, a text CHECK (a IS NOT NULL),
    b text, c int, d int, e text CHECK (e <> ''), f text,
    CONSTRAINT bc CHECK (b IS NOT NULL AND c > 0), CHECK (d IS NOT NULL OR c > 0));
ALTER TABLE checked ADD CHECK (f IS NOT NULL) NOT VALID;
CREATE TABLE parent (id int PRIMARY KEY, a text CHECK (a IS NOT NULL),
    b text, CHECK (b IS NOT NULL) NO INHERIT, g text GENERATED ALWAYS AS (a) STORED);
CREATE TABLE child (extra text) INHERITS (parent);
CREATE TABLE parted (id int NOT NULL, a text CHECK (a IS NOT NULL))
    PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parted DEFAULT;
CREATE TABLE made (id int PRIMARY KEY, a text NOT NULL, b text,
    ab text GENERATED ALWAYS AS (a || coalesce(b, '')) STORED,
    bb text GENERATED ALWAYS AS (b || b) STORED,
    n int GENERATED ALWAYS AS (nullif(length(a), 3)) STORED);

CREATE FUNCTION added(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT a + b';
CREATE FUNCTION added(a text, b text) RETURNS text LANGUAGE sql AS 'SELECT NULL::text';
CREATE FUNCTION atomic(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql
    BEGIN ATOMIC SELECT a + b; END;
CREATE FUNCTION nothing(a int DEFAULT NULL) RETURNS int LANGUAGE sql RETURN a;
CREATE FUNCTION careful(a int, b int) RETURNS int LANGUAGE sql STRICT RETURN 1;
CREATE FUNCTION title_of(wanted int) RETURNS text LANGUAGE sql STABLE
    AS 'SELECT title FROM tasks WHERE id = wanted';
CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT count(*) FROM tasks';
CREATE FUNCTION longest() RETURNS int LANGUAGE sql STABLE
    AS 'SELECT max(length(title)) FROM tasks';
CREATE FUNCTION last_counts() RETURNS bigint LANGUAGE sql
    AS 'SELECT NULL::bigint; SELECT count(*) FROM tasks;';
CREATE FUNCTION titles() RETURNS SETOF text LANGUAGE sql STABLE
    AS 'SELECT title FROM tasks';
CREATE FUNCTION notes() RETURNS SETOF text LANGUAGE sql STABLE
    AS 'SELECT note FROM tasks';
CREATE FUNCTION rows_of(o int) RETURNS TABLE (id int, title text, note text)
    LANGUAGE sql STABLE AS 'SELECT id, title, note FROM tasks WHERE owner_id = o';
CREATE FUNCTION of_strict(o int) RETURNS TABLE (o2 int, n bigint)
    LANGUAGE sql STABLE STRICT AS 'SELECT o, count(*) FROM tasks';
CREATE FUNCTION whole() RETURNS SETOF tasks LANGUAGE sql STABLE
    AS 'SELECT * FROM tasks';
CREATE FUNCTION one_whole(k int) RETURNS tasks LANGUAGE sql STABLE
    AS 'SELECT * FROM tasks WHERE id = k';
CREATE FUNCTION as_row() RETURNS SETOF tasks LANGUAGE sql STABLE
    AS 'SELECT t FROM tasks t';
CREATE FUNCTION outs(a int, OUT b int, OUT c text) LANGUAGE sql
    AS 'SELECT a, NULL::text';
CREATE FUNCTION listed(VARIADIC v int[]) RETURNS int LANGUAGE sql
    AS 'SELECT cardinality(v)';
CREATE FUNCTION calls() RETURNS int LANGUAGE sql RETURN atomic(1) + added(2, 3);
CREATE FUNCTION endless(n int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE OR REPLACE FUNCTION endless(n int) RETURNS int LANGUAGE sql
    AS 'SELECT CASE WHEN n > 0 THEN endless(n - 1) ELSE 1 END';
CREATE FUNCTION nowhere() RETURNS void LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION written(k int) RETURNS int LANGUAGE sql
    AS $$ INSERT INTO teams VALUES (k, 'a') RETURNING id $$;
CREATE FUNCTION updated(k int) RETURNS int LANGUAGE sql
    AS $$ UPDATE teams SET name = 'a' WHERE id = k RETURNING id $$;
CREATE FUNCTION timed(t timestamptz) RETURNS time LANGUAGE sql AS 'SELECT t';
CREATE FUNCTION proc() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';
CREATE SCHEMA other;
CREATE TABLE other.teams (id int, name text);
CREATE FUNCTION elsewhere() RETURNS SETOF text LANGUAGE sql SET search_path = other
    AS 'SELECT name FROM teams';
CREATE FUNCTION team_names() RETURNS SETOF text LANGUAGE sql
    AS 'SELECT name FROM teams';
CREATE FUNCTION moved() RETURNS SETOF text LANGUAGE sql SET search_path = other, public
    AS 'SELECT team_names()';
"""


@pytest.fixture(scope="module")
def schema(schemas: Schemas) -> Schema:
    return schemas(SCHEMA)


TASKS = "FROM tasks t LEFT JOIN"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # A view that leaves out no row of the parent shows the one pointed to.
        (f"SELECT o.name, o.note {TASKS} all_owners o ON o.id = t.owner_id", "N."),
        (f"SELECT o.title {TASKS} all_again o ON t.owner_id = o.key", "N"),
        (f"SELECT o.name {TASKS} present o ON o.id = t.owner_id", "."),
        (f"SELECT o.name {TASKS} all_owners o ON o.id = t.helper_id", "."),
        (f"SELECT o.name {TASKS} all_owners o ON o.name = t.title", "."),
        (f"SELECT o.name, o.team {TASKS} with_team o ON o.id = t.owner_id", "NN"),
        (f"SELECT o.name, o.boss {TASKS} with_boss o ON o.id = t.owner_id", ".."),
        (f"SELECT o.name, o.boss {TASKS} maybe_boss o ON o.id = t.owner_id", "N."),
        (f"SELECT o.name, o.n {TASKS} counted o ON o.id = t.owner_id", "NN"),
        (f"SELECT o.name {TASKS} first_ten o ON o.id = t.owner_id", "."),
        (f"SELECT o.name {TASKS} owners o ON o.code = t.owner_code", "N"),
        (f"SELECT o.name {TASKS} owners o ON o.code = t.owner_code AND o.gone", "."),
        (
            (
                f"SELECT o.name, m.name {TASKS} (owners o JOIN teams m"
                " ON m.id = o.team_id) ON o.id = t.owner_id"
            ),
            "NN",
        ),
        (
            (
                f"SELECT o.name, m.name {TASKS} (owners o JOIN teams m"
                " ON m.id = o.boss_id) ON o.id = t.owner_id"
            ),
            "..",
        ),
        ("SELECT o.name FROM titled t LEFT JOIN owners o ON o.id = t.owner_id", "N"),
        ("SELECT o.name FROM titled t LEFT JOIN owners o ON o.id = t.helper_id", "."),
        (
            (
                "WITH o AS (SELECT id, name FROM owners), t AS (SELECT * FROM tasks)"
                " SELECT o.name FROM t LEFT JOIN o ON o.id = t.owner_id"
            ),
            "N",
        ),
        (
            (
                "SELECT (SELECT o.name FROM all_owners o WHERE o.id = t.owner_id),"
                " (SELECT o.name FROM present o WHERE o.id = t.owner_id) FROM tasks t"
            ),
            "N.",
        ),
        (
            (
                "SELECT (SELECT name FROM owners o WHERE o.id = t.owner_id)"
                " FROM tasks t GROUP BY t.owner_id"
            ),
            "N",
        ),
        (
            (
                "SELECT (SELECT name FROM owners o WHERE o.id = t.owner_id)"
                " FROM tasks t GROUP BY ROLLUP (t.owner_id)"
            ),
            ".",
        ),
        ("SELECT r.name FROM places p LEFT JOIN regions r ON r.id = p.region_id", "N"),
        ("SELECT r.name FROM places p LEFT JOIN region r ON r.id = p.region_id", "."),
        # A row finds itself.
        ("SELECT o.name FROM owners t LEFT JOIN counted o ON o.id = t.id", "N"),
        ("SELECT o.name FROM owners t LEFT JOIN present o ON o.id = t.id", "."),
        (f"SELECT o.title {TASKS} tasks o ON o.note = t.note", "."),
        (f"SELECT o.title {TASKS} tasks o ON o.owner_id = t.helper_id", "."),
        ("SELECT o.a FROM parent t LEFT JOIN ONLY parent o ON o.id = t.id", "."),
        ("SELECT o.a FROM ONLY parent t LEFT JOIN parent o ON o.id = t.id", "N"),
        # What a validated CHECK keeps out, but not what it lets pass as NULL.
        ("SELECT a, b, c, d, e, f FROM checked", "NN...."),
        ("SELECT a, b, g FROM parent", "N.N"),
        ("SELECT a, b, g FROM ONLY parent", "NNN"),
        ("SELECT a, b FROM child", "N."),
        ("SELECT a FROM parted", "N"),
        ("INSERT INTO checked (id, a) VALUES (1, $1) RETURNING a, b, f", "NN."),
        # Generated columns are as their expressions.
        ("SELECT ab, bb, n FROM made", "N.."),
        ("SELECT bb, n FROM made WHERE b IS NOT NULL", "N."),
        ("SELECT m.ab FROM tasks t LEFT JOIN made m ON m.id = t.id", "."),
        ("INSERT INTO made (id, a, b) VALUES (1, 'a', 'b') RETURNING ab, bb", "NN"),
        ("INSERT INTO made (id, a) VALUES (1, 'a') RETURNING ab, bb", "N."),
        ("UPDATE made SET b = NULL WHERE b <> '' RETURNING bb", "."),
        ("DELETE FROM made WHERE b <> '' RETURNING bb", "N"),
        # Functions in SQL are as their bodies.
        (
            "SELECT added(id, 1), added(helper_id, 1), added(title, '') FROM tasks",
            "N..",
        ),
        (
            "SELECT atomic(id), atomic(b => 1, a => id), atomic(1, NULL) FROM tasks",
            "NN.",
        ),
        ("SELECT nothing(), nothing(1), nothing(helper_id) FROM tasks", ".N."),
        (
            "SELECT careful(1, 2), careful(1, NULL), careful(1, helper_id) FROM tasks",
            "N..",
        ),
        ("SELECT title_of(1), how_many(), longest(), last_counts()", ".N.N"),
        ("SELECT t FROM titles() t", "N"),
        ("SELECT titles()", "N"),
        ("SELECT titles(), titles()", ".."),
        ("SELECT t FROM notes() t", "."),
        ("SELECT id, title, note FROM rows_of(1)", "NN."),
        ("SELECT r.title FROM tasks t LEFT JOIN rows_of(t.id) r ON true", "."),
        ("SELECT r.title FROM tasks t CROSS JOIN LATERAL rows_of(t.id) r", "N"),
        ("SELECT (r).title, (r).note FROM (SELECT rows_of(1) AS r) s", ".."),
        ("SELECT (rows_of(1)).title", "N"),
        ("SELECT o2, n FROM of_strict(NULL)", "NN"),
        ("SELECT id, title, note FROM whole()", "NN."),
        ("SELECT id, title, note FROM as_row()", "NN."),
        ("SELECT id, title, note FROM one_whole(1)", "..."),
        ("SELECT (one_whole(1)).id", "."),
        ("SELECT b, c FROM outs(1)", "N."),
        ("SELECT b FROM outs(NULL)", "."),
        ("SELECT listed(1, 2), listed(VARIADIC NULL)", "N."),
        ("SELECT calls()", "N"),
        ("SELECT endless(3)", "."),
        ("SELECT nowhere()", "."),
        ("SELECT written(1), updated(1)", "N."),
        ("SELECT timed(now())", "."),
        ("SELECT proc()", "."),
        ("SELECT n FROM elsewhere() n", "."),
        ("SELECT n FROM team_names() n", "N"),
        ("SELECT n FROM moved() n", "."),
        # Elements that are there.
        ("SELECT (array_agg(title ORDER BY id))[1] FROM tasks GROUP BY owner_id", "N"),
        ("SELECT (array_agg(title ORDER BY id))[2] FROM tasks GROUP BY owner_id", "."),
        ("SELECT (array_agg(title))[1:1] FROM tasks GROUP BY owner_id", "."),
        ("SELECT (array_agg(title))[1][1] FROM tasks GROUP BY owner_id", "."),
        ("SELECT (array_agg(note))[1] FROM tasks GROUP BY owner_id", "."),
        ("SELECT (array_agg(ARRAY[title]))[1] FROM tasks GROUP BY owner_id", "."),
        ("SELECT (array_agg(title))[1] FROM tasks", "."),
        (
            (
                "SELECT (array_agg(title) FILTER (WHERE id > 1))[1] FROM tasks"
                " GROUP BY owner_id"
            ),
            ".",
        ),
        (
            "SELECT (array_agg(note))[1] FROM tasks WHERE note <> '' GROUP BY owner_id",
            "N",
        ),
        ("SELECT (array_agg(title) OVER (PARTITION BY owner_id))[1] FROM tasks", "N"),
        ("SELECT (ARRAY[1, NULL])[1], (ARRAY[1, NULL])[2], (ARRAY[1])[2]", "N.."),
        ("SELECT (ARRAY(SELECT 1))[1], (ARRAY(SELECT id FROM tasks))[1]", "N."),
        ("SELECT (ARRAY(SELECT ARRAY[1]))[1]", "."),
        ("SELECT unnest($1::int[])", "N"),
    ],
)
def test_verdicts(schema: Schema, sql: str, expected: str) -> None:
    assert schema.not_null(sql) == expected


def test_functions_that_are_declared_not_null(schema: Schema) -> None:
    names = {"proc": None, "public.rows_of.note": None, "no_such": None}
    declared, mistakes = trusted_functions(names, schema.catalog)
    assert [mistake.code for mistake in mistakes] == ["unknown-function"]
    sql = "SELECT proc(), r.note, o.note FROM rows_of(1) r, whole() o"
    tree = schema.trees([sql])[sql]
    proofs = prove(
        tree,
        schema.catalog,
        builtin_functions(schema.major),
        definitions=Definitions(declared=declared),
    )
    assert [proof.not_null for proof in proofs] == [True, True, False]
    assert proofs[0].why == ("codegen.toml says that proc is not NULL",)


def test_the_foreign_key_is_named(schema: Schema) -> None:
    (proof,) = schema.proofs(
        "SELECT o.name FROM tasks t LEFT JOIN all_owners o ON o.id = t.owner_id"
    )
    assert proof.why == (
        "each row that is left has a match for o in a LEFT JOIN",
        "the foreign key tasks_owner_id_fkey has its row there",
        "o.name is a column of a view",
        "owners.name is NOT NULL",
    )


def test_periods_are_covered_not_equal(schemas: Schemas) -> None:
    schema = schemas(
        """
        CREATE TABLE plain (id int4range PRIMARY KEY, name text NOT NULL);
        CREATE TABLE points (id int PRIMARY KEY, plain_id int4range NOT NULL
            REFERENCES plain);
        """
    )
    join = "LEFT JOIN plain p ON p.id = k.plain_id"
    assert schema.not_null(f"SELECT p.name FROM points k {join}") == "N"
    if schema.major < 18:
        pytest.skip("PERIOD came with 18")
    schema = schemas(
        """
        CREATE TABLE stays (room int4range, during tstzrange, who text NOT NULL,
            PRIMARY KEY (room, during WITHOUT OVERLAPS));
        CREATE TABLE uses (id int PRIMARY KEY, room int4range NOT NULL,
            during tstzrange NOT NULL,
            FOREIGN KEY (room, PERIOD during) REFERENCES stays (room, PERIOD during));
        """
    )
    join = "LEFT JOIN stays s ON s.room = u.room AND s.during = u.during"
    assert schema.not_null(f"SELECT s.who FROM uses u {join}") == "."
    assert not any(
        index.unique
        for relation in schema.catalog.relations.values()
        for index in relation.indexes
        if relation.name == "stays"
    )


def test_json_table(schemas: Schemas) -> None:
    schema = schemas("CREATE TABLE docs (id int PRIMARY KEY, doc jsonb NOT NULL);")
    if schema.major < 17:
        pytest.skip("JSON_TABLE came with 17")
    columns = {
        "a FOR ORDINALITY": "N",
        "a boolean EXISTS PATH '$.a'": "N",
        "a boolean EXISTS PATH 'strict $.a' UNKNOWN ON ERROR": ".",
        "a text PATH '$.a'": ".",
        "a text PATH '$.a' DEFAULT 'x' ON EMPTY DEFAULT 'x' ON ERROR": ".",
        "a jsonb PATH '$.a' ERROR ON EMPTY ERROR ON ERROR": "N",
        "a jsonb PATH '$.a' EMPTY ARRAY ON EMPTY": ".",
        "a jsonb PATH '$.a' EMPTY ARRAY ON EMPTY EMPTY OBJECT ON ERROR": "N",
        "a jsonb PATH '$.a' DEFAULT NULL ON EMPTY ERROR ON ERROR": ".",
        "NESTED '$.n[*]' COLUMNS (a FOR ORDINALITY)": ".",
        "b int PATH '$.b', NESTED '$.n[*]' COLUMNS (a boolean EXISTS)": ".",
        "NESTED '$.n[*]' COLUMNS (b FOR ORDINALITY), a FOR ORDINALITY": "N",
    }
    found = {
        column: schema.not_null(
            f"SELECT a FROM docs, JSON_TABLE(doc, '$[*]' COLUMNS ({column}))"
        )
        for column in columns
    }
    assert found == columns


def test_virtual_columns_and_checks_that_are_not_enforced(schemas: Schemas) -> None:
    schema = schemas("SELECT 1")
    if schema.major < 18:
        pytest.skip("both came with 18")
    schema = schemas(
        """
        CREATE TABLE made (id int PRIMARY KEY, a text NOT NULL, b text,
            ab text GENERATED ALWAYS AS (a || '!') VIRTUAL,
            bb text GENERATED ALWAYS AS (b || '!') VIRTUAL,
            c text CHECK (c IS NOT NULL) NOT ENFORCED);
        """
    )
    assert schema.not_null("SELECT ab, bb, c FROM made") == "N.."
    assert schema.not_null("UPDATE made SET b = 'b' RETURNING ab, bb") == "NN"
