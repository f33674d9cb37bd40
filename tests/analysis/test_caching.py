"""Which rows cached reads depend on, and which rows writes change.

What is missing here is served stale. So most of these cases are about what must not be
taken for a pin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from reposgen.analysis.caching.model import ArgumentValue, LiteralValue, ReturnedValue
from reposgen.analysis.declarations import Declared

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen.analysis.caching.model import Access, KeyValue
    from reposgen.analysis.model import Analysis, TypedQuery

    Judge = Callable[..., Analysis]

OLD_AND_NEW = 180000
SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE DOMAIN key AS int;
CREATE TABLE a (id int PRIMARY KEY, b_id int, slug text UNIQUE, mood mood, n numeric,
    plain text COLLATE "C", key key, flag boolean);
CREATE TABLE b (id int PRIMARY KEY, a_id int, slug varchar, big bigint);
CREATE TABLE pair (x int, y uuid, z text, PRIMARY KEY (x, y));
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE);
CREATE TABLE leaf (id int PRIMARY KEY, tree_id int REFERENCES tree ON DELETE CASCADE
    ON UPDATE CASCADE);
CREATE TABLE boss (id int PRIMARY KEY, code text UNIQUE, x int, y int, UNIQUE (x, y));
CREATE TABLE worker (id int PRIMARY KEY,
    boss_id int REFERENCES boss ON DELETE CASCADE ON UPDATE CASCADE,
    code varchar REFERENCES boss (code) ON DELETE SET NULL);
CREATE TABLE tool (id int PRIMARY KEY, worker_id int REFERENCES worker
    ON DELETE CASCADE);
CREATE TABLE desk (id int PRIMARY KEY, x int, y bigint,
    FOREIGN KEY (x, y) REFERENCES boss (x, y) ON DELETE CASCADE);
CREATE TABLE parts (id int, kind int) PARTITION BY LIST (kind);
CREATE TABLE parts_one PARTITION OF parts FOR VALUES IN (1);
CREATE TABLE noisy (id int PRIMARY KEY, n int);
CREATE FUNCTION noise() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RETURN new; END $$;
CREATE TRIGGER noise AFTER UPDATE ON noisy FOR EACH ROW EXECUTE FUNCTION noise();
CREATE TABLE sly (id int PRIMARY KEY, n int);
CREATE TRIGGER sly BEFORE UPDATE ON sly FOR EACH ROW
    EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TABLE made (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED);
CREATE VIEW a_of_b AS SELECT a.*, b.slug AS b_slug FROM a JOIN b ON b.id = a.b_id;
CREATE MATERIALIZED VIEW counts AS SELECT b_id, count(*) FROM a GROUP BY 1;
CREATE TABLE ruled (id int);
CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO b (id) VALUES (new.id);
CREATE FUNCTION of_a(int) RETURNS text STABLE LANGUAGE sql
    BEGIN ATOMIC SELECT slug FROM a WHERE id = $1; END;
CREATE FUNCTION tenant() RETURNS text STABLE LANGUAGE sql
    RETURN current_setting('app.tenant', true);
CREATE TABLE guarded (id int PRIMARY KEY, tenant text);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON guarded USING (tenant = tenant()
    AND id IN (SELECT a_id FROM b));
"""


def the_query(
    judge: Judge, sql: str, command: str = "many", tenant: str | None = None
) -> TypedQuery:
    options = Declared(tenant=tenant)
    analysis = judge(SCHEMA, f"-- name: Q :{command}\n{sql};\n", declared=options)
    assert not [d for d in analysis.diagnostics if d.severity == "error"], analysis
    [query] = analysis.files["queries.sql"]
    return query


def spelled(value: KeyValue) -> str:
    match value:
        case ArgumentValue(number=number, is_list=is_list):
            return f"each ${number}" if is_list else f"${number}"
        case LiteralValue(text=text):
            return repr(text)
        case ReturnedValue(index=index):
            return f"result {index}"


def shown(accesses: tuple[Access, ...]) -> list[str]:
    """Each access as `a id=$1`; what can be anything as `* why`."""
    return sorted(
        " ".join(
            (
                one.table.removeprefix("public.") or f"* {one.why}",
                *(
                    f"{pin.column}={'|'.join(map(spelled, pin.values))}"
                    for pin in one.pins
                ),
            )
        )
        for one in accesses
    )


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 AS x", []),
        ("SELECT * FROM a", ["a"]),
        ("SELECT * FROM a WHERE id = $1", ["a id=$1"]),
        ("SELECT * FROM a WHERE $1 = id AND flag", ["a id=$1"]),
        ("SELECT * FROM a WHERE id = 3", ["a id='3'"]),
        ("SELECT * FROM a WHERE slug = 'x'", ["a slug='x'"]),
        ("SELECT * FROM a WHERE mood = $1", ["a mood=$1"]),
        ("SELECT * FROM a WHERE key = $1", ["a key=$1"]),
        ("SELECT * FROM a WHERE id = $1::int AND slug = $2", ["a id=$1 slug=$2"]),
        ("SELECT * FROM b WHERE slug = $1", ["b slug=$1"]),
        ("SELECT * FROM b WHERE big = $1::int", ["b big=$1"]),
        ("SELECT * FROM pair WHERE x = $1 AND y = $2", ["pair x=$1 y=$2"]),
        ("SELECT * FROM a WHERE id = ANY($1::int[])", ["a id=each $1"]),
        ("SELECT * FROM a WHERE id IN (1, $1)", ["a id='1'|$1"]),
        # What is equal in more than one way has more than one spelling.
        ("SELECT * FROM a WHERE n = $1", ["a"]),
        ("SELECT * FROM a WHERE plain = $1", ["a plain=$1"]),
        ("SELECT * FROM a WHERE id = $1::numeric", ["a"]),
        ("SELECT * FROM b WHERE slug = $1::varchar::bpchar", ["b"]),
        (
            (
                "SELECT a.id FROM a JOIN b ON b.slug::bpchar = a.slug::varchar::bpchar"
                " WHERE a.slug = $1"
            ),
            ["a slug=$1", "b"],
        ),
        ("SELECT * FROM a WHERE id + 1 = $1", ["a"]),
        ("SELECT * FROM made WHERE twice = $1", ["made"]),
        # Not every row satisfies these.
        ("SELECT * FROM a WHERE id = $1 OR flag", ["a"]),
        ("SELECT * FROM a WHERE NOT id = $1", ["a"]),
        ("SELECT * FROM a WHERE id <> $1", ["a"]),
        ("SELECT * FROM a WHERE id > $1", ["a"]),
        ("SELECT * FROM a WHERE id <> ALL($1::int[])", ["a"]),
        ("SELECT * FROM a WHERE (id = $1) IS NOT FALSE", ["a"]),
        ("SELECT count(*) FILTER (WHERE id = $1) FROM a", ["a"]),
        ("SELECT id = $1 AS same FROM a", ["a"]),
        # Joins hand pins on, from the side whose rows can be missing only to it.
        (
            "SELECT a.* FROM a JOIN b ON b.a_id = a.id WHERE a.id = $1",
            ["a id=$1", "b a_id=$1"],
        ),
        ("SELECT a.* FROM a JOIN b ON b.a_id = a.id AND b.id = $1", ["a", "b id=$1"]),
        (
            "SELECT a.* FROM a, b WHERE a.id = b.a_id AND b.a_id = $1",
            ["a id=$1", "b a_id=$1"],
        ),
        (
            "SELECT a.* FROM a LEFT JOIN b ON b.a_id = a.id WHERE a.id = $1",
            ["a id=$1", "b a_id=$1"],
        ),
        ("SELECT a.* FROM a LEFT JOIN b ON b.a_id = a.id AND a.id = $1", ["a", "b"]),
        ("SELECT a.* FROM a LEFT JOIN b ON b.id = $1", ["a", "b id=$1"]),
        ("SELECT a.* FROM b RIGHT JOIN a ON b.id = $1 AND a.id = $2", ["a", "b id=$1"]),
        ("SELECT a.id FROM a FULL JOIN b ON b.a_id = a.id AND b.a_id = $1", ["a", "b"]),
        (
            "SELECT a.id FROM a FULL JOIN b ON b.a_id = a.id WHERE a.id = $1",
            ["a id=$1", "b"],
        ),
        (
            "SELECT x.id FROM a AS x JOIN a AS y ON y.b_id = x.id WHERE x.id = $1",
            ["a b_id=$1", "a id=$1"],
        ),
        ("SELECT x.id FROM a AS x, a AS y WHERE x.id = $1", ["a"]),
        # Subqueries, CTEs and views.
        (
            (
                "SELECT (SELECT max(id) FROM b WHERE b.a_id = a.id) AS m"
                " FROM a WHERE id = $1"
            ),
            ["a id=$1", "b a_id=$1"],
        ),
        (
            (
                "SELECT * FROM a WHERE id = $1"
                " AND EXISTS (SELECT FROM b WHERE a_id = a.id)"
            ),
            ["a id=$1", "b a_id=$1"],
        ),
        (
            "SELECT * FROM a WHERE NOT EXISTS (SELECT FROM b WHERE b.id = $1)",
            ["a", "b id=$1"],
        ),
        (
            "SELECT * FROM a WHERE id IN (SELECT a_id FROM b WHERE b.id = $1)",
            ["a", "b id=$1"],
        ),
        (
            (
                "WITH c AS (SELECT * FROM a WHERE id = $1) SELECT b.id FROM c"
                " JOIN b ON b.a_id = c.id"
            ),
            ["a id=$1", "b a_id=$1"],
        ),
        ("SELECT * FROM (SELECT * FROM a) AS s WHERE id = $1", ["a"]),
        (
            "SELECT id FROM a WHERE id = $1 UNION SELECT id FROM b WHERE id = $2",
            ["a id=$1", "b id=$2"],
        ),
        ("SELECT * FROM a_of_b WHERE id = $1", ["a", "b"]),
        ("SELECT * FROM counts WHERE b_id = $1", ["counts b_id=$1"]),
        (
            (
                "WITH RECURSIVE t AS (SELECT * FROM tree WHERE id = $1 UNION ALL"
                " SELECT c.* FROM t JOIN tree AS c ON c.parent = t.id) SELECT id FROM t"
            ),
            ["tree"],
        ),
        ("SELECT of_a(1) AS slug", ["a"]),
        # Whoever writes a partition or the whole changes both.
        ("SELECT * FROM parts WHERE id = $1", ["parts id=$1"]),
        ("SELECT * FROM parts_one WHERE id = $1", ["parts", "parts_one id=$1"]),
    ],
)
def test_reads(judge: Judge, sql: str, expected: list[str]) -> None:
    query = the_query(judge, f"-- @cache ttl=1m\n{sql}")
    assert query.cache
    assert shown(query.cache.depends) == expected


def test_optional_conditions_pin_nothing(judge: Judge) -> None:
    sql = (
        "-- @cache ttl=1m\n-- @optional slug\n"
        "SELECT * FROM a WHERE id = @id AND slug = @slug"
    )
    query = the_query(judge, sql)
    assert query.cache
    assert shown(query.cache.depends) == ["a id=$1"]


def test_a_policy_of_the_tenant(judge: Judge) -> None:
    sql = "-- @cache ttl=1m\nSELECT * FROM guarded WHERE id = $1"
    query = the_query(judge, sql, tenant="app.tenant")
    assert query.cache
    assert shown(query.cache.depends) == ["b", "guarded id=$1"]
    other = judge(
        SCHEMA, f"-- name: Q :many\n{sql};\n", declared=Declared(tenant="x.y")
    )
    assert [d.code for d in other.diagnostics] == ["cache-refused"]


@pytest.mark.parametrize(
    ("command", "sql", "expected"),
    [
        ("many", "SELECT * FROM a", []),
        ("exec", "SELECT * FROM a FOR UPDATE", []),
        ("exec", "UPDATE a SET flag = true", ["a"]),
        ("exec", "UPDATE a SET flag = true WHERE id = $1", ["a id=$1"]),
        (
            "exec",
            "UPDATE a SET flag = true WHERE id = ANY($1::int[])",
            ["a id=each $1"],
        ),
        # Old and new key; a new one that is not known makes it any.
        ("exec", "UPDATE a SET b_id = $2 WHERE id = $1", ["a id=$1"]),
        ("exec", "UPDATE a SET id = $2::int WHERE id = $1::int", ["a id=$1|$2"]),
        ("exec", "UPDATE a SET id = id + 1 WHERE id = $1", ["a"]),
        (
            "exec",
            "UPDATE a SET flag = true FROM b WHERE a.id = b.a_id AND b.a_id = $1",
            ["a id=$1"],
        ),
        ("exec", "UPDATE a SET flag = true FROM b WHERE b.id = $1", ["a"]),
        ("exec", "DELETE FROM a WHERE id = $1", ["a id=$1"]),
        (
            "exec",
            "DELETE FROM a USING b WHERE a.id = b.a_id AND b.a_id = $1",
            ["a id=$1"],
        ),
        ("exec", "INSERT INTO a (id, slug) VALUES ($1, $2)", ["a id=$1 slug=$2"]),
        (
            "exec",
            "INSERT INTO a (id, slug) VALUES ($1, 'x'), ($2, 'y')",
            ["a id=$1|$2 slug='x'|'y'"],
        ),
        (
            "exec",
            "INSERT INTO a (id, slug) SELECT $1, slug FROM b WHERE slug = $2",
            ["a id=$1 slug=$2"],
        ),
        # What is returned of each row that changes.
        ("many", "UPDATE a SET flag = true WHERE flag RETURNING id", ["a id=result 0"]),
        ("many", "UPDATE a SET id = 7 WHERE flag RETURNING id", ["a"]),
        (
            "many",
            "DELETE FROM a WHERE flag RETURNING slug, id",
            ["a id=result 1 slug=result 0"],
        ),
        ("many", "UPDATE a SET flag = true WHERE flag RETURNING id + 1 AS next", ["a"]),
        (
            "many",
            (
                "WITH c AS (UPDATE a SET flag = true WHERE flag RETURNING id)"
                " SELECT * FROM c"
            ),
            ["a id=result 0"],
        ),
        (
            "many",
            (
                "WITH c AS (UPDATE a SET flag = true WHERE flag RETURNING id)"
                " SELECT * FROM c WHERE id > 3"
            ),
            ["a"],
        ),
        (
            "many",
            (
                "WITH c AS (UPDATE a SET flag = true WHERE flag RETURNING id)"
                " SELECT * FROM c LIMIT 1"
            ),
            ["a"],
        ),
        (
            "many",
            (
                "WITH c AS (UPDATE a SET flag = true WHERE flag RETURNING id)"
                " SELECT c.id FROM c JOIN b ON b.a_id = c.id"
            ),
            ["a"],
        ),
        (
            "exec",
            (
                "WITH c AS (UPDATE a SET flag = true WHERE id = $1 RETURNING id)"
                " INSERT INTO b (id, a_id) SELECT 1, id FROM c"
            ),
            ["a id=$1", "b a_id=$1 id='1'"],
        ),
        # A row that is in the way has the same key, and nothing else.
        (
            "exec",
            "INSERT INTO a (id, slug) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            ["a id=$1 slug=$2"],
        ),
        (
            "exec",
            (
                "INSERT INTO a (id, slug) VALUES ($1, $2)"
                " ON CONFLICT (id) DO UPDATE SET slug = excluded.slug"
            ),
            ["a id=$1"],
        ),
        (
            "exec",
            (
                "INSERT INTO a (id, slug) VALUES ($1, $2)"
                " ON CONFLICT (slug) DO UPDATE SET flag = true"
            ),
            ["a slug=$2"],
        ),
        (
            "exec",
            (
                "INSERT INTO a (id, slug) VALUES ($1, $2)"
                " ON CONFLICT (id) DO UPDATE SET id = 7"
            ),
            ["a"],
        ),
        (
            "many",
            (
                "INSERT INTO a (id, slug) VALUES ($1, $2)"
                " ON CONFLICT (slug) DO UPDATE SET flag = true RETURNING id"
            ),
            ["a id=result 0 slug=$2"],
        ),
        (
            "exec",
            (
                "MERGE INTO a USING b ON a.id = b.a_id AND a.id = 1"
                " WHEN MATCHED THEN DELETE"
            ),
            ["a"],
        ),
        # Foreign keys: other rows of the same table, and other tables.
        ("exec", "DELETE FROM tree WHERE id = $1", ["leaf", "tree"]),
        ("exec", "UPDATE tree SET parent = $2 WHERE id = $1", ["tree id=$1"]),
        ("exec", "UPDATE tree SET id = $2::int WHERE id = $1::int", ["leaf", "tree"]),
        # What they change is known by the deleted key; what that sets off is not.
        (
            "exec",
            "DELETE FROM boss WHERE id = $1",
            ["boss id=$1", "desk", "tool", "worker", "worker boss_id=$1"],
        ),
        (
            "exec",
            "DELETE FROM boss WHERE id = $1 AND code = $2 AND x = $3",
            [
                *("boss code=$2 id=$1 x=$3", "desk x=$3", "tool"),
                *("worker boss_id=$1", "worker code=$2"),
            ],
        ),
        (
            "exec",
            "UPDATE boss SET id = $2::int WHERE id = $1::int",
            ["boss id=$1|$2", "tool", "worker boss_id=$1|$2"],
        ),
        (
            "exec",
            "DELETE FROM worker WHERE id = $1",
            ["tool worker_id=$1", "worker id=$1"],
        ),
        # Several writes of a statement, one of which reaches rows of the other's table.
        (
            "exec",
            "WITH d AS (DELETE FROM tree WHERE id = $1) DELETE FROM leaf WHERE id = $2",
            ["leaf", "leaf id=$2", "tree"],
        ),
        (
            "exec",
            (
                "WITH d AS (DELETE FROM parts_one WHERE id = $1)"
                " UPDATE parts SET kind = 1 WHERE id = $2"
            ),
            ["parts", "parts id=$2", "parts_one", "parts_one id=$1"],
        ),
        (
            "exec",
            (
                "WITH n AS (INSERT INTO tree (id) VALUES ($1))"
                " INSERT INTO leaf (id) VALUES ($2)"
            ),
            ["leaf id=$2", "tree id=$1"],
        ),
        # Triggers: a function can write anything, and change the row.
        (
            "exec",
            "UPDATE noisy SET n = 1 WHERE id = $1",
            ["* trigger public.noisy.noise", "noisy id=$1"],
        ),
        ("exec", "UPDATE sly SET n = 1 WHERE id = $1", ["sly"]),
        ("exec", "DELETE FROM sly WHERE id = $1", ["sly id=$1"]),
        ("exec", "INSERT INTO ruled VALUES ($1)", ["b id=$1", "ruled id=$1"]),
        ("exec", "UPDATE parts SET id = 2 WHERE id = $1", ["parts id=$1|'2'"]),
        ("exec", "DELETE FROM parts_one WHERE id = $1", ["parts", "parts_one id=$1"]),
        ("exec", "TRUNCATE a", ["a"]),
        ("exec", "REFRESH MATERIALIZED VIEW counts", ["counts"]),
        ("exec", "DO 'BEGIN END'", ["* DO block"]),
        ("exec", "VACUUM a", []),
    ],
)
def test_writes(judge: Judge, command: str, sql: str, expected: list[str]) -> None:
    assert shown(the_query(judge, sql, command).changes) == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("DELETE FROM a WHERE flag RETURNING old.id, new.slug", "a id=result 0"),
        (
            (
                "INSERT INTO a (id, slug) VALUES ($1, $2) ON CONFLICT (slug)"
                " DO UPDATE SET flag = true RETURNING old.id, new.mood"
            ),
            "a mood=result 1 slug=$2",
        ),
        (
            "UPDATE a SET flag = true WHERE flag RETURNING old.id, new.slug",
            "a id=result 0 slug=result 1",
        ),
    ],
)
def test_old_and_new_rows(judge: Judge, server: str, sql: str, expected: str) -> None:
    with psycopg.connect(server) as connection:
        if connection.info.server_version < OLD_AND_NEW:
            pytest.skip("RETURNING has no old and new rows")
    assert shown(the_query(judge, sql).changes) == [expected]


def test_without_a_tree_anything_changes(judge: Judge) -> None:
    sql = "-- name: Q :exec\nUPDATE a SET flag = true WHERE id = $1;\n"
    analysis = judge(SCHEMA, sql, trees=False)
    [query] = analysis.files["queries.sql"]
    assert shown(query.changes) == ["* statement without a tree"]
    cached = judge(
        SCHEMA, "-- name: Q :many\n-- @cache ttl=1m\nSELECT * FROM a;\n", trees=False
    )
    assert "cache-refused" in [d.code for d in cached.diagnostics]
