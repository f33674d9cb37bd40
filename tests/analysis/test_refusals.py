"""What the server can refuse a statement for: documented, and really refused.

Each statement is executed with arguments that violate something, once for each of its
documented refusals, and nothing that is not documented may come.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import RawCursor

from reposgen.analysis.lineage import trace
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.model import Described, Statement
from reposgen.live_schema.tree import parse_trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reposgen.live_schema.model import Catalog

SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY);
CREATE TABLE sales (id int, region text NOT NULL, code text NOT NULL,
    amount int CONSTRAINT amount_positive CHECK (amount > 0),
    customer int CONSTRAINT of_customer REFERENCES customers,
    CONSTRAINT sales_key PRIMARY KEY (id, region),
    CONSTRAINT sales_code UNIQUE (code, region)) PARTITION BY LIST (region);
CREATE TABLE north PARTITION OF sales (CONSTRAINT north_small CHECK (amount < 100))
    FOR VALUES IN ('north');
CREATE TABLE south (amount int CONSTRAINT amount_positive CHECK (amount > 0),
    region text NOT NULL, customer int, id int NOT NULL, code text NOT NULL,
    CONSTRAINT south_key PRIMARY KEY (id, region),
    CONSTRAINT south_u UNIQUE (code, region),
    CONSTRAINT south_customer FOREIGN KEY (customer) REFERENCES customers);
ALTER TABLE sales ATTACH PARTITION south FOR VALUES IN ('south');
CREATE TABLE returns (sale int, region text,
    CONSTRAINT of_sale FOREIGN KEY (sale, region) REFERENCES sales ON DELETE RESTRICT);
INSERT INTO customers VALUES (1);
INSERT INTO sales VALUES (1, 'north', 'a', 5, 1), (2, 'south', 'b', 500, 1);
INSERT INTO returns VALUES (1, 'north'), (2, 'south');

CREATE TABLE defaults (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE defaults_rest PARTITION OF defaults DEFAULT;
CREATE TABLE hashed (id int PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO defaults VALUES (1);
INSERT INTO hashed VALUES (1);

CREATE TABLE parents (id int PRIMARY KEY, v int CONSTRAINT v_positive CHECK (v > 0),
    w text);
CREATE TABLE kids (CONSTRAINT kid_once UNIQUE (w)) INHERITS (parents);
INSERT INTO parents VALUES (1, 1, 'p');
INSERT INTO kids VALUES (2, 1, 'k'), (3, 1, 'l');

CREATE DOMAIN positive AS int CONSTRAINT is_positive CHECK (VALUE > 0);
CREATE DOMAIN needed AS positive NOT NULL;
CREATE DOMAIN present AS text CONSTRAINT is_present CHECK (VALUE IS NOT NULL);
CREATE TYPE pair AS (a int, b positive);
CREATE TABLE values_ (id int PRIMARY KEY, a positive, b positive[], c pair);
CREATE TABLE needs (id int PRIMARY KEY, a needed, b present);

CREATE VIEW large AS SELECT id FROM customers WHERE id > 5 WITH CASCADED CHECK OPTION;
CREATE TABLE grid (x int, y int, CONSTRAINT grid_key PRIMARY KEY (x, y));
CREATE TABLE cells (x int, y int,
    CONSTRAINT whole FOREIGN KEY (x, y) REFERENCES grid MATCH FULL);
CREATE TABLE old (id int PRIMARY KEY, n int, m int);
INSERT INTO old VALUES (1, -5, 0);
ALTER TABLE old ADD CONSTRAINT old_n CHECK (n > 0) NOT VALID;
CREATE TABLE booked (r int4range,
    CONSTRAINT booked_once EXCLUDE USING gist (r WITH &&));
INSERT INTO booked VALUES ('[1,5)');
CREATE TABLE doubled (a int PRIMARY KEY, twice int GENERATED ALWAYS AS (a * 2) STORED
    CONSTRAINT twice_once UNIQUE CONSTRAINT twice_small CHECK (twice < 100));
INSERT INTO doubled VALUES (1), (2);
CREATE TABLE mails (id int PRIMARY KEY, email text, active bool, n int);
CREATE UNIQUE INDEX mail_once ON mails (lower(email));
CREATE UNIQUE INDEX active_once ON mails (n) WHERE active;
INSERT INTO mails VALUES (1, 'a', true, 1), (2, 'b', false, 1);

CREATE TABLE orgs (id int PRIMARY KEY);
CREATE TABLE users (id int PRIMARY KEY, org int NOT NULL REFERENCES orgs,
    UNIQUE (org, id));
CREATE TABLE logs (id int PRIMARY KEY, org int NOT NULL REFERENCES orgs, who int,
    CONSTRAINT logs_who FOREIGN KEY (org, who) REFERENCES users (org, id)
        ON DELETE SET NULL (who));
CREATE TABLE notes (org int NOT NULL, who int,
    CONSTRAINT notes_who FOREIGN KEY (org, who) REFERENCES users (org, id)
        ON DELETE SET NULL);
INSERT INTO orgs VALUES (1);
INSERT INTO users VALUES (1, 1);
INSERT INTO logs VALUES (1, 1, 1);
INSERT INTO notes VALUES (1, 1);

CREATE TABLE nodes (id int PRIMARY KEY, up int CONSTRAINT up_there REFERENCES nodes
    DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE timed (id int PRIMARY KEY, n int, until timestamptz);
INSERT INTO timed VALUES (1, 1, now());
ALTER TABLE timed ADD CONSTRAINT future CHECK (until > now()) NOT VALID;
"""

GAP = "partition of public.sales"

# For each statement its documented refusals, and arguments that each comes of.
CASES: dict[str, dict[str, Sequence[object] | None]] = {
    "INSERT INTO sales VALUES ($1, $2, $3, $4, $5)": {
        "sales_key": (1, "north", "z", 1, None),
        "sales_code": (9, "south", "b", 1, None),
        "amount_positive": (9, "south", "z", -1, None),
        "of_customer": (9, "south", "z", 1, 77),
        "north_small": (9, "north", "z", 1000, None),
        GAP: (9, "west", "z", 1, None),
    },
    "INSERT INTO sales VALUES ($1, $2, $3, 1, NULL)"
    " ON CONFLICT (id, region) DO NOTHING": {
        "sales_code": (9, "north", "a"),
        "amount_positive": None,
        "north_small": None,
        GAP: (9, "west", "z"),
    },
    "INSERT INTO south (id, region, code) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING": {
        "amount_positive": None,
        "partition of public.south": (9, "north", "z"),
    },
    "UPDATE sales SET amount = $1 WHERE id = $2": {
        "amount_positive": (-1, 2),
        "north_small": (1000, 1),
    },
    "UPDATE sales SET region = $1 WHERE id = 2": {
        "north_small": ("north",),
        "sales_key": None,
        "sales_code": None,
        "of_sale": None,
        GAP: ("west",),
    },
    "DELETE FROM sales WHERE id = $1": {"of_sale": (1,)},
    "DELETE FROM south WHERE id = $1": {"of_sale": (2,)},
    "UPDATE customers SET id = $1": {"customers_pkey": None, "of_customer": (5,)},
    "INSERT INTO defaults VALUES ($1)": {"defaults_pkey": (1,)},
    "INSERT INTO hashed VALUES ($1)": {"hashed_pkey": (1,)},
    "INSERT INTO parents VALUES ($1, $2, $3)": {
        "parents_pkey": (1, 1, "x"),
        "v_positive": (9, -1, "x"),
    },
    "UPDATE parents SET w = $1": {"kid_once": ("same",)},
    "UPDATE ONLY parents SET w = $1": {},
    "UPDATE kids SET v = $1": {"v_positive": (-1,)},
    "INSERT INTO values_ VALUES ($1, $2, $3::text::positive[], $4::text::pair)": {
        "values__pkey": None,
        "is_positive": (9, 1, "{1,-1}", None),
    },
    "INSERT INTO needs VALUES ($1, nullif($2::int, 0)::needed, $3::present)": {
        "needs_pkey": None,
        "is_positive": (9, -1, "x"),
        "not null of public.needed": (9, 0, "x"),
        "is_present": (9, 1, None),
    },
    "INSERT INTO needs (id, a) VALUES ($1, 1)": {
        "needs_pkey": None,
        "is_positive": None,
        "is_present": (9,),
    },
    "SELECT $1::int::positive": {"is_positive": (-1,)},
    "SELECT jsonb_populate_record(NULL::pair, $1::jsonb)": {
        "is_positive": ('{"b": -1}',)
    },
    "INSERT INTO large VALUES ($1)": {
        "customers_pkey": None,
        "check option of large": (2,),
    },
    "INSERT INTO cells (x, y) VALUES ($1, NULL)": {"whole": (1,)},
    "INSERT INTO cells (x, y) VALUES (NULL, NULL)": {},
    "UPDATE old SET m = $1": {"old_n": (1,)},
    "UPDATE timed SET n = $1": {"future": (1,)},
    "INSERT INTO booked VALUES ($1)": {"booked_once": ("[2,3)",)},
    "INSERT INTO booked VALUES ($1) ON CONFLICT DO NOTHING": {},
    "UPDATE doubled SET a = $1 WHERE a = 1": {
        "doubled_pkey": None,
        "twice_once": None,
        "twice_small": (70,),
    },
    "UPDATE mails SET active = true": {"active_once": ()},
    "INSERT INTO mails VALUES ($1, $2, $3, $4) ON CONFLICT (lower(email)) DO NOTHING": {
        "mails_pkey": (1, "z", False, 9),
        "active_once": (9, "z", True, 1),
    },
    "INSERT INTO mails VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (n) WHERE active DO NOTHING": {
        "mails_pkey": (1, "z", False, 9),
        "mail_once": (9, "A", True, 5),
    },
    "DELETE FROM users WHERE id = $1": {"notes_org_not_null": (1,)},
    "WITH gone AS (DELETE FROM sales WHERE id = $1 RETURNING customer)"
    " SELECT customer FROM gone": {"of_sale": (1,)},
    "MERGE INTO customers c USING (VALUES ($1::int, $2::int)) s (old, new)"
    " ON c.id = s.old WHEN MATCHED THEN UPDATE SET id = s.new": {
        "customers_pkey": None,
        "customers_id_not_null": None,
        "of_customer": (1, 5),
    },
    "INSERT INTO nodes VALUES ($1, $2)": {"nodes_pkey": None, "up_there": (9, 77)},
}


@pytest.fixture
def connection(
    shared_database: Callable[[str], str],
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(shared_database(SCHEMA), autocommit=True) as opened:
        yield opened


def documented(
    connection: psycopg.Connection[tuple[object, ...]], catalog: Catalog, sql: str
) -> set[str]:
    (found,) = describe(connection, [Statement(sql=sql)])
    assert isinstance(found, Described), found
    trees = parse_trees(found.tree or "", catalog.major, sql)
    functions = builtin_functions(catalog.major)
    return {str(refusal) for refusal in trace(trees, catalog, functions).refusals}


def refused(error: psycopg.Error, catalog: Catalog) -> str:
    """What a refusal that came is documented as."""
    diag = error.diag
    match error.sqlstate:
        case "44000":
            return "check option of large"
        case "23502" if diag.datatype_name:
            return f"not null of {diag.schema_name}.{diag.datatype_name}"
        case "23502":
            return f"{diag.table_name}_{diag.column_name}_not_null"
        case "23514" if not diag.constraint_name:
            return f"partition of {diag.schema_name}.{diag.table_name}"
        case _ if diag.datatype_name:
            return diag.constraint_name or ""
        case _:
            pass
    (relation,) = (
        one
        for one in catalog.relations.values()
        if (one.schema, one.name) == (diag.schema_name, diag.table_name)
    )
    constraint = relation.constraint(diag.constraint_name or "")
    assert constraint is not None
    return catalog.root(relation, constraint)[1].name


def run(
    connection: psycopg.Connection[tuple[object, ...]],
    sql: str,
    arguments: Sequence[object],
) -> None:
    """Run a statement, and undo it."""
    with connection.transaction(force_rollback=True):
        RawCursor(connection).execute(sql.encode(), arguments)
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.since(15)
@pytest.mark.parametrize("sql", CASES)
def test_what_is_documented_is_what_comes(
    connection: psycopg.Connection[tuple[object, ...]], sql: str
) -> None:
    catalog = read_catalog(connection)
    expected = CASES[sql]
    assert documented(connection, catalog, sql) == expected.keys()
    for name, arguments in expected.items():
        if arguments is None:
            continue
        with pytest.raises(psycopg.Error) as caught:
            run(connection, sql, arguments)
        assert refused(caught.value, catalog) == name


PERIODS = """
CREATE TABLE stays (room int4range, during daterange,
    CONSTRAINT stays_key PRIMARY KEY (room, during WITHOUT OVERLAPS));
INSERT INTO stays VALUES ('[1,2)', '[2020-01-01,2020-02-01)');
"""


@pytest.mark.since(18)
def test_without_overlaps(shared_database: Callable[[str], str]) -> None:
    with psycopg.connect(shared_database(PERIODS), autocommit=True) as connection:
        catalog = read_catalog(connection)
        sql = "INSERT INTO stays VALUES ($1, $2)"
        found = documented(connection, catalog, sql)
        assert found == {"stays_key", "empty range in stays_key"}
        for during in ("[2020-01-05,2020-01-06)", "empty"):
            with pytest.raises(
                (psycopg.errors.ExclusionViolation, psycopg.errors.CheckViolation)
            ):
                RawCursor(connection).execute(sql.encode(), ("[1,2)", during))


POLICIES = """
CREATE TABLE secrets (id int PRIMARY KEY, owner text NOT NULL, note text);
ALTER TABLE secrets ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON secrets USING (owner = current_user);
"""


@pytest.mark.parametrize(
    ("sql", "is_possible"),
    [
        ("INSERT INTO secrets VALUES (1, $1)", True),
        ("UPDATE secrets SET owner = $1", True),
        ("UPDATE secrets SET note = $1", False),
        ("DELETE FROM secrets", False),
    ],
)
def test_policies(
    shared_database: Callable[[str], str], sql: str, *, is_possible: bool
) -> None:
    with psycopg.connect(shared_database(POLICIES), autocommit=True) as connection:
        found = documented(connection, read_catalog(connection), sql)
        assert ("row-level security of public.secrets" in found) is is_possible
