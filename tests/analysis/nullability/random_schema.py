"""A small schema for random queries, and random states that keep its constraints."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random
    from typing import LiteralString

SCHEMA = """
CREATE TABLE p (id int PRIMARY KEY, name text NOT NULL, note text, score int,
                flag boolean NOT NULL, tags text[] NOT NULL,
                size int GENERATED ALWAYS AS (length(name)) STORED,
                half text GENERATED ALWAYS AS (note || name) STORED);
CREATE TABLE c (id int PRIMARY KEY, p_id int NOT NULL REFERENCES p,
                q_id int REFERENCES p, title text NOT NULL, sub text, amount int,
                ok boolean, sure text DEFAULT 'a' CHECK (sure IS NOT NULL OR false),
                spare text, CHECK (spare IS NOT NULL OR amount > 0),
                UNIQUE (title, p_id));
CREATE TABLE l (c_id int NOT NULL REFERENCES c, tag text NOT NULL, weight int,
                note text, PRIMARY KEY (c_id, tag));
CREATE VIEW v AS SELECT p.id AS pid, p.name, c.id AS cid, c.title, c.sub, c.amount
    FROM p LEFT JOIN c ON c.p_id = p.id;
CREATE VIEW w AS SELECT pid, count(*)::int AS n, max(sub) AS m, min(title) AS t
    FROM v GROUP BY pid;
CREATE VIEW x AS SELECT * FROM v WHERE cid IS NOT NULL;
CREATE VIEW y AS SELECT p.id AS p_id, name, size, half, count(c.id)::int AS n
    FROM p LEFT JOIN c ON c.q_id = p.id GROUP BY p.id;
CREATE VIEW z AS SELECT c.id AS cid, p_id, sure, spare, p.name FROM c
    JOIN p ON p.id = c.p_id;
CREATE TABLE base (id int, kind text CHECK (kind IS NOT NULL), word text,
    CHECK (word IS NOT NULL) NO INHERIT);
CREATE TABLE derived (more int) INHERITS (base);
CREATE TABLE d (id int, kind text, p_id int NOT NULL REFERENCES p, note text,
    PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE d_a PARTITION OF d (CHECK (note IS NOT NULL)) FOR VALUES IN ('a');
CREATE TABLE d_rest PARTITION OF d DEFAULT;
CREATE TABLE g (d_id int NOT NULL, d_kind text NOT NULL, word text,
    FOREIGN KEY (d_id, d_kind) REFERENCES d);
CREATE TABLE h (id int PRIMARY KEY, word text NOT NULL);
CREATE TABLE k (h_id int NOT NULL REFERENCES h, word text NOT NULL);
ALTER TABLE h ENABLE ROW LEVEL SECURITY;
CREATE POLICY later_ones ON h USING (id > 1);
CREATE VIEW seen WITH (security_invoker) AS SELECT id, word FROM h;
CREATE TABLE e (id int NOT NULL, span int4range NOT NULL, word text NOT NULL);
CREATE TABLE i (e_id int NOT NULL, span int4range NOT NULL);
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        CREATE EXTENSION btree_gist;
        EXECUTE 'ALTER TABLE e ADD PRIMARY KEY (id, span WITHOUT OVERLAPS)';
        EXECUTE 'ALTER TABLE i ADD FOREIGN KEY (e_id, PERIOD span) REFERENCES e';
    END IF;
END $$;
GRANT ALL ON ALL TABLES IN SCHEMA public TO pg_monitor;
CREATE FUNCTION f_add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql RETURN a + b;
CREATE FUNCTION f_or(t text) RETURNS text LANGUAGE sql AS 'SELECT coalesce(t, ''-'')';
CREATE FUNCTION f_one(t text) RETURNS int LANGUAGE sql STRICT AS 'SELECT 1';
CREATE FUNCTION f_score(k int) RETURNS int LANGUAGE sql STABLE
    AS 'SELECT score FROM p WHERE id = k';
CREATE FUNCTION f_size(k int) RETURNS int LANGUAGE sql STABLE
    AS 'SELECT count(*)::int FROM c WHERE p_id = k';
CREATE FUNCTION f_rows(k int) RETURNS TABLE (cid int, title text, sub text)
    LANGUAGE sql STABLE AS 'SELECT id, title, sub FROM c WHERE id >= k OR k IS NULL';
CREATE FUNCTION f_first(k int) RETURNS c LANGUAGE sql STABLE
    AS 'SELECT * FROM c WHERE id = k';
"""
# Policies hold for that role, and not for the one that fills the tables.
ROLE: LiteralString = "pg_monitor"

INT, TEXT, BOOL = "int", "text", "boolean"
# Columns that conditions of joins alone name.
SPAN = "int4range"

COLUMNS: dict[str, dict[str, str]] = {
    "p": {"id": INT, "name": TEXT, "note": TEXT, "score": INT, "flag": BOOL},
    "c": {
        "id": INT,
        "p_id": INT,
        "q_id": INT,
        "title": TEXT,
        "sub": TEXT,
        "amount": INT,
        "ok": BOOL,
    },
    "l": {"c_id": INT, "tag": TEXT, "weight": INT, "note": TEXT},
    "v": {
        "pid": INT,
        "name": TEXT,
        "cid": INT,
        "title": TEXT,
        "sub": TEXT,
        "amount": INT,
    },
    "w": {"pid": INT, "n": INT, "m": TEXT, "t": TEXT},
    "x": {"pid": INT, "cid": INT, "title": TEXT, "sub": TEXT, "amount": INT},
    "y": {"p_id": INT, "name": TEXT, "size": INT, "half": TEXT, "n": INT},
    "z": {"cid": INT, "p_id": INT, "sure": TEXT, "spare": TEXT, "name": TEXT},
    "base": {"id": INT, "kind": TEXT, "word": TEXT},
    "ONLY base": {"id": INT, "kind": TEXT, "word": TEXT},
    "d": {"id": INT, "kind": TEXT, "p_id": INT, "note": TEXT},
    "d_a": {"id": INT, "kind": TEXT, "p_id": INT, "note": TEXT},
    "d_rest": {"id": INT, "kind": TEXT, "p_id": INT, "note": TEXT},
    "g": {"d_id": INT, "d_kind": TEXT, "word": TEXT},
    "h": {"id": INT, "word": TEXT},
    "seen": {"id": INT, "word": TEXT},
    "k": {"h_id": INT, "word": TEXT},
    "e": {"id": INT, "span": SPAN, "word": TEXT},
    "i": {"e_id": INT, "span": SPAN},
}
# What foreign keys compare: the child's column, the parent's.
KEYS = (
    (("p_id", "id"),),
    (("q_id", "id"),),
    (("c_id", "id"),),
    (("h_id", "id"),),
    (("d_id", "id"), ("d_kind", "kind")),
    (("e_id", "id"), ("span", "span")),
)
# What no two rows have in common.
UNIQUE: tuple[tuple[dict[str, str], tuple[str, ...]], ...] = (
    (COLUMNS["p"], ("id",)),
    (COLUMNS["c"], ("id",)),
    (COLUMNS["c"], ("title", "p_id")),
    (COLUMNS["l"], ("c_id", "tag")),
    (COLUMNS["d"], ("id", "kind")),
    (COLUMNS["h"], ("id",)),
    (COLUMNS["e"], ("id", "span")),
)
TABLES = ("p", "c", "l")
AGGREGATES: dict[str, tuple[tuple[str, str], ...]] = {
    INT: (
        ("count({})", INT),
        ("sum({})::int", INT),
        ("max({})", INT),
        ("min({})", INT),
        ("avg({})::int", INT),
        ("stddev_pop({})::int", INT),
        ("var_samp({})::int", INT),
        ("cardinality(array_agg({}))", INT),
        ("length(json_agg({})::text)", INT),
        ("count(DISTINCT {})", INT),
        ("mode() WITHIN GROUP (ORDER BY {})", INT),
        ("percentile_disc(0.5) WITHIN GROUP (ORDER BY {})", INT),
    ),
    TEXT: (
        ("max({})", TEXT),
        ("string_agg({}, ',')", TEXT),
        ("string_agg({}, NULL)", TEXT),
        ("(array_agg({}))[1]", TEXT),
    ),
    BOOL: (("bool_and({})", BOOL), ("bool_or({})", BOOL), ("every({})", BOOL)),
}
WINDOWS: dict[str, tuple[tuple[str, str], ...]] = {
    INT: (
        ("row_number()", INT),
        ("rank()", INT),
        ("ntile({})", INT),
        ("lag({})", INT),
        ("lag({0}, 1, {0})", INT),
        ("lead({0}, 1, 0)", INT),
        ("first_value({})", INT),
        ("last_value({})", INT),
        ("nth_value({}, 2)", INT),
        ("sum({})", INT),
        ("count({})", INT),
        ("max({})", INT),
    ),
    TEXT: (
        ("first_value({})", TEXT),
        ("lag({}, 1, 'z')", TEXT),
        ("max({})", TEXT),
        ("string_agg({}, '')", TEXT),
    ),
    BOOL: (("bool_or({})", BOOL), ("first_value({})", BOOL)),
}
FRAMES = (
    "",
    " ORDER BY {o}",
    " PARTITION BY {o}",
    " ORDER BY {o} ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
    " ORDER BY {o} ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING",
    " ORDER BY {o} ROWS BETWEEN 2 PRECEDING AND 1 PRECEDING",
    " ORDER BY {o} ROWS BETWEEN CURRENT ROW AND CURRENT ROW EXCLUDE CURRENT ROW",
    " ORDER BY {o} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE TIES",
)

TESTS = ("TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "UNKNOWN", "NOT UNKNOWN")


@dataclass(frozen=True)
class Item:
    """Something that columns can be named of."""

    alias: str
    columns: dict[str, str]


@dataclass
class Scope:
    """What an expression may refer to."""

    items: list[Item]
    outer: list[Item] = field(default_factory=list)

    def named(self, kind: str, *, outer: bool) -> list[str]:
        items = self.items + (self.outer if outer else [])
        return [
            f"{item.alias}.{name}"
            for item in items
            for name, of in item.columns.items()
            if of == kind
        ]


def random_state(random: Random) -> str:
    """SQL that fills the emptied tables."""

    def null_or(value: object) -> str:
        if random.random() < 0.5:
            return "NULL"
        return f"'{value}'" if isinstance(value, str) else str(value)

    def text() -> str:
        return random.choice(("a", "ab", "b", ""))

    parents = range(1, random.choice((0, 1, 2, 3)) + 1)
    children = range(1, random.choice((0, 1, 2, 4)) + 1) if parents else range(0)
    rows = [
        f"INSERT INTO p VALUES ({i}, '{text()}', {null_or(text())},"
        f" {null_or(random.randint(0, 3))}, {random.random() < 0.5}, '{{}}')"
        for i in parents
    ]
    for i in children:
        other = null_or(random.choice(parents))
        rows.append(
            f"INSERT INTO c (id, p_id, q_id, title, sub, amount, ok, spare)"
            f" VALUES ({i}, {random.choice(parents)}, {other},"
            f" '{text()}{i}', {null_or(text())}, {null_or(random.randint(0, 3))},"
            f" {random.choice(('NULL', 'true', 'false'))}, {null_or(text())})"
        )
    links = {(i, text()) for i in children for _ in range(2) if random.random() < 0.6}
    rows += [
        f"INSERT INTO l VALUES ({i}, '{tag}', {null_or(random.randint(0, 3))},"
        f" {null_or(text())})"
        for i, tag in sorted(links)
    ]
    for i in children:
        table = random.choice(("base", "derived"))
        word = f"'{text()}'" if table == "base" else null_or(text())
        rows.append(f"INSERT INTO {table} VALUES ({i}, '{text()}', {word})")
    for i in parents:
        kind, last = random.choice("abc"), random.choice((5, 9))
        rows += [
            f"INSERT INTO d VALUES ({i}, '{kind}', {i}, {null_or(text())})",
            f"INSERT INTO g VALUES ({i}, '{kind}', {null_or(text())})",
            f"INSERT INTO h VALUES ({i}, '{text()}')",
            f"INSERT INTO k VALUES ({i}, '{text()}')",
            f"INSERT INTO e VALUES ({i}, '[0,5)', 'a'), ({i}, '[5,9)', 'b')",
            f"INSERT INTO i VALUES ({i}, int4range({random.randint(0, 5)}, {last}))",
        ]
    # A row that a CHECK refuses is left out alone.
    guarded = [
        f"DO $$ BEGIN {row}; EXCEPTION WHEN integrity_constraint_violation THEN END $$"
        if row[12] in "cldgi"
        else row
        for row in rows
    ]
    return "; ".join(["TRUNCATE p, c, l, base, d, g, h, k, e, i", *guarded])
