"""How many rows a statement returns, what it touches, and what can go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest

from reposgen.analysis.cardinality import at_most_one, cardinality
from reposgen.analysis.lineage import trace
from reposgen.analysis.model import Cardinality, Violation
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.model import Catalog, Described, Statement
from reposgen.live_schema.tree import parse_tree, parse_trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.analysis.conftest import Judge

    from reposgen.analysis.lineage import Lineage
    from reposgen.live_schema.tree.model import Query

SCHEMA = """
CREATE TABLE parents (id int PRIMARY KEY, slug text NOT NULL UNIQUE, note text,
    CONSTRAINT note_long CHECK (length(note) > 1));
CREATE TABLE children (id int PRIMARY KEY,
    parent_id int NOT NULL CONSTRAINT parent REFERENCES parents,
    other_id int CONSTRAINT other REFERENCES parents ON DELETE SET NULL
        ON UPDATE CASCADE,
    kind text NOT NULL CONSTRAINT kind_known CHECK (kind IN ('a', 'b')), rank int,
    CONSTRAINT one_rank UNIQUE (parent_id, rank));
CREATE TABLE toys (id int PRIMARY KEY,
    child_id int NOT NULL CONSTRAINT of_child REFERENCES children ON DELETE CASCADE);
CREATE TABLE marks (toy_id int CONSTRAINT of_toy REFERENCES toys);
CREATE UNIQUE INDEX note_once ON parents (note) WHERE id > 0;
CREATE TABLE places (id int PRIMARY KEY, rank int, parent_id int, other_id int,
    kind varchar);
CREATE UNIQUE INDEX rank_once ON places (rank) WHERE other_id IS NULL;
CREATE UNIQUE INDEX kind_once ON places (parent_id)
    WHERE kind = 'a' AND rank IS NOT NULL;
CREATE UNIQUE INDEX slug_folded ON parents (lower(slug));
CREATE VIEW family AS SELECT p.id, p.slug, c.id AS child_id FROM parents p
    LEFT JOIN children c ON c.parent_id = p.id;
CREATE VIEW slugs AS SELECT id, slug FROM parents;
CREATE MATERIALIZED VIEW totals AS SELECT parent_id, count(*) FROM children GROUP BY 1;
CREATE TABLE times (at timestamp PRIMARY KEY, day date UNIQUE,
    zoned timestamptz UNIQUE);
CREATE TABLE base (id int PRIMARY KEY);
CREATE TABLE derived () INHERITS (base);
CREATE TABLE split (id int, kind int) PARTITION BY LIST (kind);
CREATE TABLE split_one PARTITION OF split FOR VALUES IN (1) PARTITION BY LIST (id);
CREATE TABLE split_rest PARTITION OF split_one DEFAULT;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RETURN new; END $$;
CREATE TRIGGER emptied AFTER TRUNCATE ON toys EXECUTE FUNCTION touch();
CREATE TRIGGER touched BEFORE UPDATE ON toys FOR EACH ROW EXECUTE FUNCTION touch();
CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SEQUENCE numbers;
CREATE TABLE ruled (id int);
CREATE RULE also AS ON INSERT TO ruled DO ALSO INSERT INTO marks VALUES (new.id);
CREATE TABLE guarded (id int);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY marked ON guarded USING (id IN (SELECT toy_id FROM marks));

CREATE FUNCTION noting(int) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO marks VALUES (NULL); RETURN $1; END $$;
CREATE FUNCTION checking(int) RETURNS bool LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO marks VALUES (NULL); RETURN true; END $$;
CREATE FUNCTION alike(int, int) RETURNS bool LANGUAGE plpgsql AS
    $$ BEGIN RETURN $1 = $2; END $$;
CREATE FUNCTION looking() RETURNS bigint STABLE LANGUAGE sql AS
    'SELECT count(*) FROM marks';
CREATE FUNCTION adding(int, int) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO marks VALUES (NULL); RETURN $1 + $2; END $$;
CREATE AGGREGATE noted_sum (int) (SFUNC = adding, STYPE = int, INITCOND = '0');
CREATE AGGREGATE noted_end (int)
    (SFUNC = int4pl, STYPE = int, FINALFUNC = noting, INITCOND = '0');
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = alike);
CREATE DOMAIN checked AS int CHECK (checking(VALUE));
CREATE DOMAIN counted AS int CHECK (VALUE < nextval('numbers'));
CREATE DOMAIN plain AS int CHECK (VALUE > 0);
CREATE TYPE holder AS (a int, b checked);
CREATE TABLE held (id int, c checked);
CREATE TABLE watched (id int);
ALTER TABLE watched ENABLE ROW LEVEL SECURITY;
CREATE POLICY noted ON watched FOR SELECT USING (checking(id));
CREATE VIEW noting_view AS SELECT noting(id) AS id FROM parents;
CREATE PROCEDURE work() LANGUAGE sql AS 'DELETE FROM marks';
CREATE FUNCTION seen(int, int) RETURNS bool STABLE LANGUAGE sql AS
    'SELECT EXISTS (SELECT FROM marks WHERE toy_id = $1 + $2)';
CREATE OPERATOR ==== (LEFTARG = int, RIGHTARG = int, FUNCTION = seen);
CREATE TABLE examined (id int, CHECK (checking(id)), CHECK (id ==== 1));
CREATE TABLE roots (id int PRIMARY KEY);
CREATE TABLE examined_too (root int REFERENCES roots ON DELETE SET NULL,
    CHECK (checking(root)));
"""


@dataclass(frozen=True)
class Server:
    """A database that statements are judged on."""

    connection: psycopg.Connection[tuple[object, ...]]
    catalog: Catalog

    def tree(self, sql: str) -> Query:
        (found,) = describe(self.connection, [Statement(sql=sql)])
        assert isinstance(found, Described), found
        assert found.tree is not None
        tree = parse_tree(found.tree, self.catalog.major, sql)
        assert tree is not None
        return tree

    def trees(self, sql: str) -> tuple[Query, ...]:
        (found,) = describe(self.connection, [Statement(sql=sql)])
        assert isinstance(found, Described), found
        return parse_trees(found.tree or "", self.catalog.major, sql)

    def trace(self, sql: str) -> Lineage:
        functions = builtin_functions(self.catalog.major)
        return trace(self.trees(sql), self.catalog, functions)

    def raises(self, sql: str) -> set[str]:
        return {
            str(found)
            for found in self.trace(sql).refusals
            if not (isinstance(found, Violation) and found.constraint.kind.value == "n")
        }


@pytest.fixture
def on_server(shared_database: Callable[[str], str]) -> Iterator[Server]:
    with psycopg.connect(shared_database(SCHEMA), autocommit=True) as connection:
        yield Server(connection, read_catalog(connection))


ONE, AT_MOST_ONE = Cardinality.ONE, Cardinality.AT_MOST_ONE
MANY, NONE = Cardinality.MANY, Cardinality.NONE

COUNTS = {
    "SELECT * FROM parents WHERE id = $1": AT_MOST_ONE,
    "SELECT * FROM parents WHERE $1 = slug": AT_MOST_ONE,
    "SELECT * FROM parents WHERE slug = $1::varchar": AT_MOST_ONE,
    "SELECT * FROM parents WHERE id = 1 OR slug = 'x'": MANY,
    "SELECT * FROM parents WHERE id = ANY ($1)": MANY,
    "SELECT * FROM parents WHERE id > $1": MANY,
    "SELECT * FROM parents WHERE note = $1": MANY,
    "SELECT * FROM parents WHERE lower(slug) = $1": MANY,
    "SELECT * FROM parents WHERE id = (random() * 9)::int": MANY,
    "SELECT * FROM parents WHERE id = (SELECT max(id) FROM children)": AT_MOST_ONE,
    "SELECT * FROM children WHERE parent_id = $1": MANY,
    "SELECT * FROM children WHERE parent_id = $1 AND rank = $2": AT_MOST_ONE,
    "SELECT * FROM places WHERE rank = $1": MANY,
    "SELECT * FROM places WHERE rank = $1 AND other_id IS NULL": AT_MOST_ONE,
    "SELECT * FROM places WHERE rank = $1 AND other_id IS NOT NULL": MANY,
    "SELECT * FROM places WHERE rank = $1 AND parent_id IS NULL": MANY,
    "SELECT * FROM places WHERE rank = 1 AND (other_id IS NULL OR $1)": MANY,
    "SELECT * FROM places WHERE parent_id = $1 AND kind = 'a'": MANY,
    "SELECT * FROM places WHERE parent_id = $1 AND kind = 'a'"
    " AND rank IS NOT NULL": AT_MOST_ONE,
    "SELECT * FROM places WHERE parent_id = $1 AND kind = 'b'"
    " AND rank IS NOT NULL": MANY,
    "SELECT * FROM places WHERE parent_id = $1 AND kind = 'a' COLLATE \"C\""
    " AND rank IS NOT NULL": MANY,
    "SELECT * FROM parents p LEFT JOIN places c ON c.rank = p.id"
    " AND c.other_id IS NULL WHERE p.id = 1": AT_MOST_ONE,
    "SELECT * FROM parents p LEFT JOIN places c ON c.rank = p.id"
    " WHERE p.id = 1 AND c.other_id IS NULL": AT_MOST_ONE,
    "SELECT * FROM places c JOIN places d ON d.rank = 1 AND c.other_id IS NULL"
    " WHERE c.id = 1": MANY,
    # In time zones that leave an hour out, two timestamps are the same instant.
    "SELECT * FROM times WHERE at = $1::timestamptz": MANY,
    "SELECT * FROM times WHERE day = $1::timestamptz": MANY,
    "SELECT * FROM times WHERE at = $1::date": AT_MOST_ONE,
    "SELECT * FROM times WHERE at = $1": AT_MOST_ONE,
    "SELECT * FROM times WHERE zoned = $1": AT_MOST_ONE,
    "SELECT * FROM parents LIMIT 1": AT_MOST_ONE,
    "SELECT * FROM parents LIMIT $1": MANY,
    "SELECT * FROM parents ORDER BY note FETCH FIRST ROW WITH TIES": MANY,
    "SELECT count(*) FROM parents": ONE,
    "SELECT count(*) FROM parents HAVING count(*) > 1": AT_MOST_ONE,
    "SELECT count(*), unnest('{1,2}'::int[]) FROM parents": MANY,
    "SELECT count(*) FROM parents GROUP BY note": MANY,
    "SELECT count(*) FROM parents WHERE note = 'x' GROUP BY note": AT_MOST_ONE,
    "SELECT count(*) FROM parents GROUP BY ROLLUP (note)": MANY,
    "SELECT DISTINCT note FROM parents WHERE note = 'x'": AT_MOST_ONE,
    "SELECT 1": ONE,
    "SELECT 1 WHERE $1": AT_MOST_ONE,
    "SELECT generate_series(1, 2)": MANY,
    "VALUES (1)": ONE,
    "VALUES (1), (2)": MANY,
    "SELECT 1 UNION SELECT 2": MANY,
    "SELECT 1 INTERSECT SELECT id FROM parents": AT_MOST_ONE,
    "SELECT 1 EXCEPT SELECT id FROM parents": AT_MOST_ONE,
    "SELECT id FROM parents EXCEPT SELECT 1": MANY,
    "SELECT 1 FROM children c JOIN parents p ON p.id = parent_id"
    " WHERE c.id = 1": AT_MOST_ONE,
    "SELECT * FROM children c JOIN parents p ON p.id = parent_id WHERE p.id = 1": MANY,
    "SELECT 1 FROM children c LEFT JOIN parents p ON p.id = other_id"
    " WHERE c.id = 1": AT_MOST_ONE,
    "SELECT * FROM parents p LEFT JOIN children c ON c.parent_id = p.id"
    " WHERE p.id = 1": MANY,
    "SELECT * FROM parents p LEFT JOIN children c ON p.id = 1 AND c.id = 1": MANY,
    "SELECT * FROM parents p FULL JOIN children c ON c.id = p.id WHERE p.id = 1": MANY,
    "SELECT * FROM parents p JOIN children c USING (id) WHERE id = 1": AT_MOST_ONE,
    "SELECT * FROM slugs WHERE id = $1": AT_MOST_ONE,
    "SELECT * FROM family WHERE id = $1": MANY,
    "SELECT * FROM (SELECT note, count(*) FROM parents GROUP BY note) s"
    " WHERE note = $1": AT_MOST_ONE,
    "WITH s AS (SELECT * FROM parents) SELECT * FROM s WHERE slug = 'x'": AT_MOST_ONE,
    "WITH s AS (SELECT * FROM parents LIMIT 1) SELECT * FROM s": AT_MOST_ONE,
    "WITH RECURSIVE s AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM s WHERE n < 9)"
    " SELECT * FROM s WHERE n = 1": MANY,
    "SELECT * FROM base WHERE id = 1": MANY,
    "SELECT * FROM ONLY base WHERE id = 1": AT_MOST_ONE,
    "SELECT * FROM generate_series(1, 2)": MANY,
    "SELECT * FROM now()": ONE,
    "INSERT INTO parents VALUES (1, 'a') RETURNING id": ONE,
    "INSERT INTO parents VALUES (1, 'a'), (2, 'b') RETURNING id": MANY,
    "INSERT INTO parents SELECT id, slug FROM parents RETURNING id": MANY,
    "INSERT INTO parents VALUES (1, 'a') ON CONFLICT DO NOTHING"
    " RETURNING id": AT_MOST_ONE,
    "INSERT INTO parents VALUES (1, 'a') ON CONFLICT (id) DO UPDATE"
    " SET note = 'x' RETURNING id": ONE,
    # The row that the same statement has written before is left alone.
    "WITH u AS (INSERT INTO parents VALUES (1, 'b') ON CONFLICT (id) DO UPDATE"
    " SET note = 'x' RETURNING id)"
    " INSERT INTO parents VALUES (1, 'a') ON CONFLICT (id) DO UPDATE"
    " SET note = (SELECT 'y' || id FROM u) RETURNING id": AT_MOST_ONE,
    "WITH u AS (DELETE FROM toys RETURNING id)"
    " INSERT INTO parents VALUES (1, 'a') RETURNING id": ONE,
    "INSERT INTO parents VALUES (1, 'a')": NONE,
    "UPDATE parents SET note = 'x' WHERE id = 1 RETURNING id": AT_MOST_ONE,
    "UPDATE parents SET note = 'x' WHERE note = 'y' RETURNING id": MANY,
    "DELETE FROM parents WHERE slug = 'x' RETURNING id": AT_MOST_ONE,
    "DELETE FROM parents": NONE,
}


@pytest.mark.parametrize(("sql", "expected"), COUNTS.items())
def test_cardinality(on_server: Server, sql: str, expected: Cardinality) -> None:
    functions = builtin_functions(on_server.catalog.major)
    tree = on_server.tree(sql)
    assert cardinality(tree, on_server.catalog, functions) is expected


def test_at_most_one_row_is_affected(on_server: Server) -> None:
    functions = builtin_functions(on_server.catalog.major)
    one = on_server.tree("DELETE FROM parents WHERE id = 1")
    assert at_most_one(one, on_server.catalog, functions)
    many = on_server.tree("DELETE FROM parents WHERE note = 'x'")
    assert not at_most_one(many, on_server.catalog, functions)


@pytest.mark.parametrize(
    ("sql", "reads", "writes"),
    [
        ("SELECT slug FROM family", {"parents", "children"}, set()),
        ("SELECT * FROM totals", {"totals"}, set()),
        (
            (
                "WITH c AS (SELECT * FROM children) SELECT 1 FROM parents"
                " WHERE id IN (SELECT id FROM c)"
            ),
            {"parents", "children"},
            set(),
        ),
        ("INSERT INTO parents VALUES (1, 'a') RETURNING *", set(), {"parents"}),
        (
            (
                "INSERT INTO parents VALUES (1, 'a') ON CONFLICT (id) DO UPDATE"
                " SET note = parents.note"
            ),
            {"parents"},
            {"parents"},
        ),
        (
            "INSERT INTO toys SELECT id, id FROM children",
            {"children"},
            {"toys"},
        ),
        (
            (
                "WITH d AS (DELETE FROM toys RETURNING child_id)"
                " UPDATE children SET rank = 1 FROM d WHERE id = child_id"
            ),
            {"toys", "children"},
            {"toys", "children"},
        ),
        ("UPDATE slugs SET slug = 'x'", {"parents"}, {"parents"}),
        # Foreign keys and rules reach further.
        ("DELETE FROM children WHERE id = 1", {"children"}, {"children", "toys"}),
        ("UPDATE parents SET id = 1", {"parents"}, {"parents", "children"}),
        ("INSERT INTO ruled VALUES (1)", {"ruled"}, {"ruled", "marks"}),
        ("SELECT id FROM guarded", {"guarded", "marks"}, set()),
        # What is written to a part is read with the whole.
        ("SELECT id FROM split", {"split"}, set()),
        ("SELECT id FROM split_one", {"split", "split_one"}, set()),
        (
            "INSERT INTO split_rest VALUES (1, 1)",
            set(),
            {"split", "split_one", "split_rest"},
        ),
        ("UPDATE derived SET id = 1", {"base", "derived"}, {"base", "derived"}),
    ],
)
def test_tables_read_and_written(
    on_server: Server, sql: str, reads: set[str], writes: set[str]
) -> None:
    lineage = on_server.trace(sql)
    assert set(lineage.read_names()) == {f"public.{name}" for name in reads}
    assert set(lineage.written_names()) == {f"public.{name}" for name in writes}


def test_columns_read_and_written(on_server: Server) -> None:
    lineage = on_server.trace("UPDATE parents SET note = slug WHERE id = 1")
    ((table, columns),) = lineage.reads.items()
    assert columns == {1, 2}
    assert lineage.writes == {table: {3}}
    assert lineage.names[table] == "public.parents"


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("SELECT random(), now(), gen_random_uuid() FROM parents", None),
        ("SELECT * FROM parents FOR SHARE", "it locks rows of parents"),
        ("SELECT nextval('numbers')", "it calls nextval, which is volatile"),
        ("SELECT writes()", "it calls writes, which is volatile"),
        ("SELECT * FROM writes() w", "it calls writes, which is volatile"),
        ("SELECT txid_current()", "it calls txid_current"),
        (
            "SELECT noted_sum(id) FROM parents",
            "it calls adding, which is volatile",
        ),
        (
            "SELECT noted_sum(id) OVER () FROM parents",
            "it calls adding, which is volatile",
        ),
        (
            "SELECT noted_end(id) FROM parents",
            "it calls noting, which is volatile",
        ),
        (
            "SELECT $1::checked",
            "domain public.checked calls checking, which is volatile",
        ),
        (
            "SELECT $1::checked[]",
            "domain public.checked calls checking, which is volatile",
        ),
        (
            "SELECT ($1::text::holder).a",
            "domain public.checked calls checking, which is volatile",
        ),
        (
            "SELECT r.a FROM jsonb_to_record($1) AS r (a checked)",
            "domain public.checked calls checking, which is volatile",
        ),
        (
            "SELECT id::counted FROM parents",
            "domain public.counted calls nextval, which is volatile",
        ),
        (
            "SELECT id::plain FROM parents",
            None,
        ),
        (
            "SELECT c FROM held",
            None,
        ),
        (
            "SELECT id FROM watched",
            "row-level security of public.watched calls checking, which is volatile",
        ),
        (
            "SELECT id FROM noting_view",
            "it calls noting, which is volatile",
        ),
        (
            "SELECT 1 FROM parents WHERE id === $1",
            "it calls alike, which is volatile",
        ),
        (
            "SELECT looking()",
            None,
        ),
        (
            "SELECT set_config('a.b', '1', false)",
            "it calls set_config, which is volatile",
        ),
        (
            "SELECT pg_notify('a', 'b')",
            "it calls pg_notify, which is volatile",
        ),
        (
            "SELECT pg_advisory_xact_lock(1)",
            "it calls pg_advisory_xact_lock, which is volatile",
        ),
        (
            "SELECT lo_create(0)",
            "it calls lo_create, which is volatile",
        ),
        (
            "SELECT currval('numbers')",
            "it calls currval, which is volatile",
        ),
        (
            "VALUES (1)",
            None,
        ),
        (
            "TABLE parents",
            None,
        ),
        (
            "SELECT * FROM parents TABLESAMPLE bernoulli (10) REPEATABLE (1)",
            None,
        ),
        (
            "SELECT x.a FROM XMLTABLE('/a' PASSING ($1::text::xml) COLUMNS a int) x",
            None,
        ),
        (
            (
                "WITH RECURSIVE s AS (SELECT id, parent_id FROM children UNION ALL"
                " SELECT c.id, c.parent_id FROM children c"
                " JOIN s ON s.id = c.parent_id)"
                " SEARCH DEPTH FIRST BY id SET o CYCLE id SET y USING p"
                " SELECT id FROM s ORDER BY o"
            ),
            None,
        ),
        ("DELETE FROM toys", "it writes toys"),
        (
            "WITH d AS (DELETE FROM toys RETURNING id) SELECT id FROM d",
            "it writes toys",
        ),
    ],
)
def test_reading_only(on_server: Server, sql: str, why: str | None) -> None:
    lineage = on_server.trace(sql)
    assert lineage.why_not_read_only == why
    assert lineage.read_only is (why is None)
    assert lineage.locks_rows is ("FOR SHARE" in sql)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "INSERT INTO children VALUES ($1, $2, $3, $4, $5)",
            {"children_pkey", "parent", "other", "kind_known", "one_rank"},
        ),
        (
            "INSERT INTO children (id, parent_id, kind) VALUES ($1, $2, $3)",
            {"children_pkey", "parent", "kind_known", "one_rank"},
        ),
        (
            (
                "INSERT INTO children (id, parent_id, kind) VALUES (1, 2, 'a')"
                " ON CONFLICT DO NOTHING"
            ),
            {"parent", "kind_known"},
        ),
        (
            (
                "INSERT INTO children (id, parent_id, kind) VALUES (1, 2, 'a')"
                " ON CONFLICT (rank, parent_id) DO UPDATE SET kind = 'b'"
            ),
            {"children_pkey", "parent", "kind_known"},
        ),
        (
            (
                "INSERT INTO children (id, parent_id, kind) VALUES (1, 2, 'a')"
                " ON CONFLICT ON CONSTRAINT one_rank DO NOTHING"
            ),
            {"children_pkey", "parent", "kind_known"},
        ),
        ("UPDATE children SET rank = 1", {"one_rank"}),
        ("UPDATE children SET kind = 'a'", {"kind_known"}),
        (
            "UPDATE parents SET slug = 'x'",
            {"parents_slug_key", "slug_folded"},
        ),
        # The key is referred to: refused by one, passed on by the other.
        (
            "UPDATE parents SET id = 1",
            {"parents_pkey", "note_once", "parent"},
        ),
        ("DELETE FROM parents", {"parent"}),
        # The toys go too, and with them what must not lose its toy.
        ("DELETE FROM children", {"of_toy"}),
        ("DELETE FROM marks", set()),
    ],
)
def test_violations(on_server: Server, sql: str, expected: set[str]) -> None:
    assert on_server.raises(sql) == expected


def test_not_null_constraints_where_a_value_may_be_null(on_server: Server) -> None:
    lineage = on_server.trace(
        "INSERT INTO parents (id, slug) SELECT id, note FROM parents"
    )
    names = {str(found) for found in lineage.refusals}
    assert "parents_slug_not_null" in names
    lineage = on_server.trace("INSERT INTO parents (id, slug) VALUES ($1, 'a')")
    names = {str(found) for found in lineage.refusals}
    assert not any(name.endswith("_not_null") for name in names)


def test_triggers(on_server: Server) -> None:
    update = on_server.trace("UPDATE toys SET child_id = 1 WHERE id = 2")
    assert update.triggers == ("public.toys.touched",)
    assert on_server.trace("DELETE FROM toys WHERE id = 2").triggers == ()


@pytest.mark.parametrize(
    ("sql", "unfiltered", "cartesian"),
    [
        ("DELETE FROM toys", ("toys",), ()),
        ("UPDATE toys t SET child_id = 1", ("t",), ()),
        ("DELETE FROM toys WHERE id = 1", (), ()),
        ("SELECT 1 FROM parents p, children c", (), ("c",)),
        ("SELECT 1 FROM parents p, children c WHERE c.parent_id = p.id", (), ()),
        ("SELECT 1 FROM parents p CROSS JOIN children c", (), ()),
        ("SELECT 1 FROM parents p, LATERAL (SELECT p.id) s", (), ()),
        ("SELECT 1 FROM parents p, unnest(ARRAY[1]) u", (), ()),
        (
            (
                "SELECT 1 FROM parents p, children c"
                " WHERE EXISTS (SELECT FROM toys t WHERE t.id = c.id AND t.id = p.id)"
            ),
            (),
            (),
        ),
        (
            "SELECT 1 FROM parents p, children c, toys t WHERE t.child_id = c.id",
            (),
            ("c",),
        ),
    ],
)
def test_what_to_warn_of(
    on_server: Server,
    sql: str,
    unfiltered: tuple[str, ...],
    cartesian: tuple[str, ...],
) -> None:
    lineage = on_server.trace(sql)
    assert lineage.unfiltered == unfiltered
    assert lineage.cartesian == cartesian


@pytest.mark.since(17)
def test_json_table_only_reads(on_server: Server) -> None:
    sql = "SELECT a FROM JSON_TABLE($1::jsonb, '$[*]' COLUMNS (a int PATH '$.a')) t"
    assert on_server.trace(sql).read_only


@pytest.mark.parametrize(
    ("sql", "reads", "writes"),
    [
        ("SELECT noting(1)", ("function public.noting",), ("function public.noting",)),
        ("SELECT looking()", ("function public.looking",), ()),
        ("DELETE FROM toys", (), ()),
        # A foreign key writes a table whose CHECK calls.
        (
            "DELETE FROM roots",
            ("function public.checking",),
            ("function public.checking",),
        ),
        (
            "UPDATE toys SET id = 1",
            ("trigger public.toys.touched",),
            ("trigger public.toys.touched",),
        ),
        (
            "INSERT INTO examined VALUES (1)",
            ("function public.checking", "function public.seen"),
            ("function public.checking",),
        ),
        ("SELECT 1 ==== 2", ("function public.seen",), ()),
        (
            "SELECT query_to_xml('DELETE FROM marks', true, true, '')",
            ("function pg_catalog.query_to_xml",),
            ("function pg_catalog.query_to_xml",),
        ),
    ],
)
def test_what_may_do_anything(
    on_server: Server, sql: str, reads: tuple[str, ...], writes: tuple[str, ...]
) -> None:
    lineage = on_server.trace(sql)
    assert lineage.unknown_reads == reads
    assert lineage.unknown_writes == writes


NOTHING: set[str] = set()
# Whether a command only reads, which tables it writes, and what may write others.
COMMANDS: dict[str, tuple[bool, set[str], set[str]]] = {
    "SHOW work_mem": (True, NOTHING, NOTHING),
    "EXPLAIN SELECT * FROM family WHERE id = 1": (True, NOTHING, NOTHING),
    "EXPLAIN DELETE FROM children": (True, NOTHING, NOTHING),
    "EXPLAIN (ANALYZE false, COSTS off) DELETE FROM children": (True, NOTHING, NOTHING),
    "EXPLAIN ANALYZE SELECT * FROM parents": (True, NOTHING, NOTHING),
    "EXPLAIN (ANALYZE) SELECT noting(1)": (False, NOTHING, {"function public.noting"}),
    "EXPLAIN (COSTS off, ANALYZE) DELETE FROM children": (
        False,
        {"children", "toys"},
        NOTHING,
    ),
    "TRUNCATE marks": (False, {"marks"}, NOTHING),
    "TRUNCATE TABLE ONLY base, marks RESTART IDENTITY": (
        False,
        {"base", "derived", "marks"},
        NOTHING,
    ),
    "TRUNCATE parents CASCADE": (
        False,
        {"parents", "children", "toys", "marks"},
        {"trigger public.toys.emptied"},
    ),
    "REFRESH MATERIALIZED VIEW totals": (False, {"totals"}, NOTHING),
    "REFRESH MATERIALIZED VIEW CONCURRENTLY totals": (False, {"totals"}, NOTHING),
    "LOCK TABLE parents": (False, NOTHING, NOTHING),
    "CREATE TABLE made AS SELECT * FROM slugs WITH NO DATA": (False, {"made"}, NOTHING),
    "SELECT id INTO made FROM parents WHERE id = 1": (False, {"made"}, NOTHING),
    "CALL work()": (False, NOTHING, {"procedure work"}),
    "DO $$ BEGIN END $$": (False, NOTHING, {"DO block"}),
    "COPY marks FROM '/tmp/marks'": (False, {"marks"}, NOTHING),
    "COPY (DELETE FROM toys RETURNING id) TO '/tmp/toys'": (False, {"toys"}, NOTHING),
    "DROP TABLE marks": (False, NOTHING, {"DROP command"}),
    "SET work_mem = '1MB'": (False, NOTHING, NOTHING),
}


@pytest.mark.parametrize("sql", COMMANDS)
def test_commands(judge: Judge, sql: str) -> None:
    analysis = judge(SCHEMA, f"-- name: Run :exec\n{sql};\n")
    ((query,),) = analysis.files.values()
    read_only, writes, unknown = COMMANDS[sql]
    assert query.read_only is read_only
    assert set(query.writes) == {f"public.{name}" for name in writes}
    assert set(query.unknown_writes) == unknown
