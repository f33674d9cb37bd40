"""A write that changes what a read returns invalidates it: each pair is executed.

Reads and writes are derived together, as a package would have them. Then each write is
executed with several arguments; each read whose result it changes, with whichever
arguments, must have a tag in common with it.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import RawCursor, sql

from reposgen.analysis.caching.model import ArgumentValue, LiteralValue, ReturnedValue
from reposgen.python_model.caching import plan_caching
from reposgen_runtime import Argument, EachOf, Result, Rows
from reposgen_runtime.caching import tags_of_read, tags_of_write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.python_model.caching import CachePlan
    from reposgen.python_model.caching import Rows as DerivedRows

    Judge = Callable[..., Analysis]

SCHEMA = """
CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, x int, y int, n int,
    UNIQUE (x, y));
CREATE TABLE kept (id int PRIMARY KEY, p_id int REFERENCES p ON DELETE CASCADE,
    n int);
CREATE TABLE coded (id int PRIMARY KEY,
    code text REFERENCES p (code) ON UPDATE CASCADE ON DELETE SET NULL, n int);
CREATE TABLE paired (id int PRIMARY KEY, px bigint, py int, n int,
    FOREIGN KEY (px, py) REFERENCES p (x, y) ON UPDATE CASCADE ON DELETE CASCADE
    DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE half (id int PRIMARY KEY, px int, py int,
    FOREIGN KEY (px, py) REFERENCES p (x, y) ON DELETE SET NULL (py));
CREATE TABLE standard (id int PRIMARY KEY,
    p_id int DEFAULT 2 REFERENCES p ON DELETE SET DEFAULT ON UPDATE SET DEFAULT);
-- Carried on: its key is the foreign key.
CREATE TABLE detail (p_id int PRIMARY KEY REFERENCES p ON DELETE CASCADE
    ON UPDATE CASCADE);
CREATE TABLE note (id int PRIMARY KEY,
    p_id int REFERENCES detail ON DELETE CASCADE ON UPDATE CASCADE);
-- Not carried on: it refers to another column.
CREATE TABLE remark (id int PRIMARY KEY, kept_id int REFERENCES kept
    ON DELETE CASCADE);
CREATE TABLE parts (kind int, p_id int REFERENCES p ON DELETE CASCADE, id int)
    PARTITION BY LIST (kind);
CREATE TABLE parts_one (id int, p_id int, kind int);
ALTER TABLE parts ATTACH PARTITION parts_one FOR VALUES IN (1);
CREATE TABLE parts_two PARTITION OF parts FOR VALUES IN (2);
CREATE TABLE root (id int, kind int, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE root_one (kind int NOT NULL, id int NOT NULL);
ALTER TABLE root ATTACH PARTITION root_one FOR VALUES IN (1);
CREATE TABLE root_two PARTITION OF root FOR VALUES IN (2);
CREATE TABLE of_root (id int PRIMARY KEY, root_id int, kind int,
    FOREIGN KEY (root_id, kind) REFERENCES root ON DELETE CASCADE ON UPDATE CASCADE);
-- They delete each other.
CREATE TABLE one (id int PRIMARY KEY, other_id int);
CREATE TABLE other (id int PRIMARY KEY, one_id int REFERENCES one ON DELETE CASCADE);
ALTER TABLE one ADD FOREIGN KEY (other_id) REFERENCES other ON DELETE CASCADE;
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE);
CREATE TABLE leaf (id int PRIMARY KEY, tree_id int REFERENCES tree ON DELETE CASCADE);
CREATE TABLE q (id int PRIMARY KEY);
CREATE TABLE sly (id int PRIMARY KEY, p_id int REFERENCES q ON UPDATE CASCADE);
CREATE FUNCTION shift() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN new.p_id := 3; RETURN new; END $$;
CREATE TRIGGER shift BEFORE UPDATE ON sly FOR EACH ROW EXECUTE FUNCTION shift();
CREATE TABLE made (id int PRIMARY KEY, n int,
    twice int GENERATED ALWAYS AS (n * 2) STORED);
CREATE VIEW lively AS SELECT * FROM p WHERE n > 0;
CREATE TABLE base (id int, n int);
CREATE TABLE derived (extra int) INHERITS (base);
INSERT INTO p SELECT i, 'c' || i, i, i + 1, i FROM generate_series(1, 4) AS i;
INSERT INTO kept SELECT i, 1 + i % 3, i FROM generate_series(1, 6) AS i;
INSERT INTO coded SELECT i, 'c' || (1 + i % 3), i FROM generate_series(1, 6) AS i;
INSERT INTO paired SELECT i, 1 + i % 3, 2 + i % 3, i FROM generate_series(1, 6) AS i;
INSERT INTO half SELECT i, 1 + i % 3, 2 + i % 3 FROM generate_series(1, 6) AS i;
INSERT INTO standard SELECT i, 1 + i % 3 FROM generate_series(1, 6) AS i;
INSERT INTO detail SELECT i FROM generate_series(1, 3) AS i;
INSERT INTO note SELECT i, 1 + i % 3 FROM generate_series(1, 6) AS i;
INSERT INTO remark SELECT i, i FROM generate_series(1, 6) AS i;
INSERT INTO parts SELECT 1 + i % 2, 1 + i % 3, i FROM generate_series(1, 8) AS i;
INSERT INTO root SELECT i, 1 + i % 2 FROM generate_series(1, 4) AS i;
INSERT INTO of_root SELECT i, 1 + i % 4, 1 + (1 + i % 4) % 2
    FROM generate_series(1, 8) AS i;
INSERT INTO one VALUES (1), (2), (3);
INSERT INTO other VALUES (1, 2), (2, 3), (3, NULL);
UPDATE one SET other_id = id WHERE id < 3;
INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, NULL);
INSERT INTO leaf SELECT i, i FROM generate_series(1, 4) AS i;
INSERT INTO q SELECT i FROM generate_series(1, 4) AS i;
INSERT INTO sly SELECT i, 1 + i % 3 FROM generate_series(1, 4) AS i;
INSERT INTO made SELECT i, i FROM generate_series(1, 4) AS i;
INSERT INTO base SELECT i, i FROM generate_series(1, 3) AS i;
INSERT INTO derived SELECT i, i, i FROM generate_series(2, 5) AS i;
"""
NUMBERS = (1, 2, 3, 9)
CODES = ("c1", "c2", "z")
READS = (
    "SELECT * FROM p WHERE id = $1::int",
    "SELECT * FROM p WHERE code = $1::text",
    "SELECT * FROM p WHERE x = $1::int AND y = $2::int",
    "SELECT * FROM p WHERE id = ANY ($1::int[])",
    "SELECT * FROM kept WHERE p_id = $1::int",
    "SELECT * FROM kept WHERE id = $1::int",
    "SELECT p.id, kept.n FROM p JOIN kept ON kept.p_id = p.id WHERE p.id = $1::int",
    "SELECT p.id, kept.n FROM p LEFT JOIN kept ON p_id = p.id WHERE p.id = $1::int",
    "SELECT * FROM coded WHERE code = $1::text",
    "SELECT count(*) FROM coded WHERE n = $1::int",
    "SELECT * FROM paired WHERE px = $1::int AND py = $2::int",
    "SELECT * FROM paired WHERE px = $1::bigint",
    "SELECT * FROM half WHERE px = $1::int",
    "SELECT * FROM half WHERE py = $1::int",
    "SELECT * FROM standard WHERE p_id = $1::int",
    "SELECT * FROM detail WHERE p_id = $1::int",
    "SELECT * FROM note WHERE p_id = $1::int",
    "SELECT * FROM remark WHERE kept_id = $1::int",
    "SELECT * FROM parts WHERE p_id = $1::int",
    "SELECT * FROM parts_one WHERE p_id = $1::int",
    "SELECT * FROM root WHERE id = $1::int",
    "SELECT * FROM root_two WHERE id = $1::int",
    "SELECT * FROM of_root WHERE root_id = $1::int",
    "SELECT * FROM of_root WHERE root_id = $1::int AND kind = $2::int",
    "SELECT * FROM one WHERE other_id = $1::int",
    "SELECT * FROM other WHERE one_id = $1::int",
    "SELECT * FROM tree WHERE parent = $1::int",
    "SELECT * FROM leaf WHERE tree_id = $1::int",
    "SELECT * FROM sly WHERE p_id = $1::int",
    "SELECT * FROM made WHERE twice = $1::int",
    "SELECT * FROM made WHERE n = $1::int",
    "SELECT * FROM lively WHERE id = $1::int",
    "SELECT * FROM base WHERE id = $1::int",
    "SELECT * FROM derived WHERE id = $1::int",
    "SELECT t.* FROM unnest($1::int[]) AS w (id) JOIN p AS t ON t.id = w.id",
    "SELECT (SELECT count(*) FROM kept WHERE p_id = p.id) FROM p WHERE id = $1::int",
)
WRITES = (
    "DELETE FROM p WHERE id = $1::int",
    "DELETE FROM p WHERE id = ANY ($1::int[])",
    "DELETE FROM p WHERE code = $1::text",
    "DELETE FROM p WHERE code = $1::text RETURNING id",
    "DELETE FROM p WHERE x = $1::int AND y = $2::int",
    "DELETE FROM p WHERE x = $1::int",
    "DELETE FROM p USING kept WHERE kept.p_id = p.id AND kept.id = $1::int",
    "UPDATE p SET code = $2::text WHERE id = $1::int",
    "UPDATE p SET code = $1::text WHERE code = 'c3'",
    "UPDATE p SET x = $2::int WHERE x = $1::int",
    "UPDATE p SET x = x + 10, y = y + 10 WHERE id = $1::int",
    "UPDATE p SET y = $2::int + 10 WHERE x = $1::int RETURNING x, y",
    "UPDATE p SET n = -n WHERE id = $1::int",
    "UPDATE lively SET n = -1 WHERE id = $1::int",
    "UPDATE detail SET p_id = 4 WHERE p_id = $1::int",
    "UPDATE q SET id = $2::int + 10 WHERE id = $1::int",
    "DELETE FROM detail WHERE p_id = $1::int",
    "DELETE FROM kept WHERE p_id = $1::int",
    "DELETE FROM one WHERE id = $1::int",
    "DELETE FROM other WHERE id = $1::int",
    "DELETE FROM tree WHERE id = $1::int",
    "UPDATE parts SET kind = $2::int WHERE id = $1::int",
    "UPDATE parts SET p_id = $2::int WHERE p_id = $1::int",
    "DELETE FROM parts_one WHERE p_id = $1::int",
    "INSERT INTO parts VALUES ($1::int, $2::int, 77)",
    "UPDATE root SET kind = 3 - kind WHERE id = $1::int",
    "UPDATE root SET kind = $2::int WHERE id = $1::int",
    "UPDATE root SET id = $2::int + 10 WHERE id = $1::int AND kind = 1",
    "DELETE FROM root WHERE id = $1::int",
    "DELETE FROM root_one WHERE id = $1::int",
    "DELETE FROM root_two WHERE id = $1::int",
    "UPDATE made SET n = $2::int WHERE id = $1::int",
    "UPDATE base SET n = n + 1 WHERE id = $1::int",
    "UPDATE ONLY base SET id = $2::int WHERE id = $1::int",
    "UPDATE derived SET id = $2::int WHERE id = $1::int",
    """INSERT INTO p (id, code) VALUES ($1::int, 'c2')
    ON CONFLICT (code) DO UPDATE SET n = 5""",
    """INSERT INTO p (id, code) VALUES ($1::int, $2::text)
    ON CONFLICT (id) DO UPDATE SET code = excluded.code""",
    """INSERT INTO p (id, code) SELECT $1::int + 20, $2::text
    ON CONFLICT (code) DO UPDATE SET n = 6 RETURNING id""",
    """MERGE INTO kept USING p ON p.id = kept.p_id AND p.id = $1::int
    WHEN MATCHED AND kept.id > 3 THEN DELETE
    WHEN MATCHED THEN UPDATE SET n = 0""",
    """WITH d AS (DELETE FROM p WHERE id = $1::int RETURNING id)
    UPDATE made SET n = 8 FROM d WHERE made.id = d.id""",
    """WITH u AS (UPDATE kept SET p_id = $2::int WHERE id = $1::int)
    DELETE FROM p WHERE id = $2::int""",
    "TRUNCATE p CASCADE",
    "TRUNCATE kept CASCADE",
)


def run_time(rows: DerivedRows, query: TypedQuery) -> Rows:
    """Rows as the run time has them."""
    index = {p.number: place for place, p in enumerate(query.parameters)}
    values: list[Any] = []
    for value in rows.values:
        match value:
            case ArgumentValue(number=number, is_list=is_list):
                values.append((EachOf if is_list else Argument)(index[number]))
            case LiteralValue(text=text):
                values.append(text)
            case ReturnedValue(index=place):
                values.append(Result(place))
    return Rows(rows.table, rows.columns, tuple(values))


def choices(statement: str) -> Iterator[list[object]]:
    """Yield arguments of a statement."""
    kinds: list[Iterable[object]] = []
    for number in (1, 2):
        if f"${number}::int[]" in statement:
            kinds.append(([1], [2, 9], [3, 1, 1]))
        elif f"${number}::text" in statement:
            kinds.append(CODES)
        elif f"${number}" in statement:
            kinds.append(NUMBERS)
    return (list(one) for one in product(*kinds))


def derived(
    judge: Judge,
) -> tuple[Sequence[TypedQuery], Sequence[TypedQuery], CachePlan]:
    """The reads and writes, and what is derived of them."""
    text = "".join(
        f"-- name: Read{number} :many\n-- @cache ttl=1m\n{read};\n"
        for number, read in enumerate(READS)
    ) + "".join(
        f"-- name: Write{number} :{'many' if 'RETURNING' in write[-14:] else 'exec'}\n"
        f"{write};\n"
        for number, write in enumerate(WRITES)
    )
    analysis = judge(SCHEMA, text)
    assert not [d for d in analysis.diagnostics if d.severity == "error"], analysis
    queries = analysis.files["queries.sql"]
    plan = plan_caching(analysis.files.items())
    return queries[: len(READS)], queries[len(READS) :], plan


CALLS = [(read, arguments) for read in READS for arguments in choices(read)]


def prepare(connection: psycopg.Connection[Any]) -> None:
    """Prepare a statement that makes all calls of the reads."""
    parts = []
    for read, arguments in CALLS:
        for number, argument in enumerate(arguments, 1):
            literal = sql.Literal(argument).as_string(connection)
            read = read.replace(f"${number}", literal)  # noqa: PLW2901 -- in turn
        parts.append(
            f"(SELECT string_agg(found::text, ' ' ORDER BY found::text)"
            f" FROM ({read}) AS found)"
        )
    statement = f"PREPARE calls AS SELECT ARRAY[{', '.join(parts)}]"
    connection.execute(statement.encode())
    connection.commit()


def results(connection: psycopg.Connection[Any]) -> list[str | None]:
    """What each call returns."""
    [(found,)] = connection.execute("EXECUTE calls").fetchall()
    return list(found)


def test_what_changes_is_invalidated(
    judge: Judge, make_database: Callable[[str], str]
) -> None:
    reads, writes, plan = derived(judge)
    tags = []
    for read, arguments in CALLS:
        query = reads[READS.index(read)]
        rows = [run_time(one, query) for one in plan.reads["queries.sql", query.name]]
        tags.append(set(tags_of_read(rows, arguments)))
    missed, spared = [], 0
    with psycopg.connect(make_database(SCHEMA)) as connection:
        prepare(connection)
        before = results(connection)
        for write, query in zip(WRITES, writes, strict=True):
            found = plan.writes.get(("queries.sql", query.name), ())
            changes = [run_time(one, query) for one in found]
            for arguments in choices(write):
                try:
                    returned = executed(connection, write, arguments)
                    after = results(connection)
                except psycopg.errors.IntegrityError:
                    continue
                finally:
                    connection.rollback()
                told = set(tags_of_write(changes, arguments, returned))
                for place, call in enumerate(CALLS):
                    if told & tags[place]:
                        continue
                    if after[place] == before[place]:
                        spared += 1
                    else:
                        missed.append((write, arguments, *call))
    assert missed == []
    # Results that did not change and are kept.
    assert spared > len(CALLS)


def executed(
    connection: psycopg.Connection[Any], write: str, arguments: Sequence[object]
) -> list[list[str | None]] | None:
    """Execute a write; return what it returns, as keys are spelled."""
    cursor = RawCursor(connection)
    cursor.execute(write.encode(), arguments)
    returned = cursor.fetchall() if cursor.description else None
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    if returned is None:
        return None
    return [[None if v is None else str(v) for v in row] for row in returned]
