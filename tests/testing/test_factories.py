"""Rows of tables of all kinds, as factories make them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
import pytest
from psycopg import RawCursor
from tests.conformance.corpus import CASES

from reposgen.database import read_migrations
from reposgen.database.migrations import apply
from reposgen.diagnostics import ReposgenError
from reposgen.testing.factories.rows import (
    RowMaker,
    insert_statement,
    stage,
    together,
)
from reposgen.testing.factories.tables import read_tables
from reposgen.testing.problems import TestingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reposgen.testing.factories.rows import Row

    Rows: TypeAlias = list[dict[str, Any]]
    Make: TypeAlias = Callable[..., Rows]

MIGRATIONS = Path(__file__).parents[2] / "migrations"
SYSTEMS = ("agents", "collaboration", "control_plane", "flows")


class Maker:
    """Makes rows by the names of tables."""

    def __init__(self, connection: psycopg.Connection[Any], seed: str = "1") -> None:
        self.connection = connection
        self.tables = {t.name: t for t in read_tables(connection).values()}
        by_oid = {t.oid: t for t in self.tables.values()}
        self.maker = RowMaker(connection, by_oid, seed)

    def __call__(self, name: str, count: int = 1, **given: str | None) -> Rows:
        """Insert rows, and return them with their values as texts."""
        table = self.tables[name]
        names = [c.name for c in table.columns]
        returning = ", ".join(f'"{n}"::text' for n in names) or "NULL"

        def fetch(needed: Sequence[Row], rows: Sequence[Row]) -> Rows:
            values: list[str | None] = []
            if needed:
                # Here results go by their names.
                plain = ", ".join(f'"{n}"' for n in names)
                text, values = together(needed, rows, self.connection, plain)
            elif count > 1:
                text = stage(table, self.connection, rows, returning)
            else:
                text = insert_statement(table, self.connection, returning)
                values = [rows[0].values[c.name] for c in table.insertable]
            with RawCursor(self.connection) as cursor:
                found = cursor.execute(text.encode(), values).fetchall()
            return [dict(zip(names, row, strict=False)) for row in found]

        return self.maker.insert(table, count, given, fetch)


@pytest.fixture
def make(make_database: Callable[[str], str]) -> Iterator[Callable[..., Maker]]:
    """Makes rows in a database with a schema."""
    with ExitStack() as stack:

        def open_maker(schema: str, seed: str = "1") -> Maker:
            url = make_database(schema)
            connection = psycopg.connect(url, autocommit=True)
            return Maker(stack.enter_context(connection), seed)

        yield open_maker


@pytest.mark.parametrize("system", SYSTEMS)
def test_all_tables_of_the_systems(make: Callable[..., Maker], system: str) -> None:
    files = sorted((MIGRATIONS / system).glob("*.sql"))
    maker = make("\n".join(file.read_text(encoding="utf-8") for file in files))
    assert len(maker.tables) >= 6
    for name in maker.tables:
        # Beside those before, and many at once.
        for count in (1, 1, 20):
            assert len(maker(name, count)) == count, name


@pytest.mark.skipif(not CASES, reason="the conformance corpus is not there")
def test_all_tables_of_the_corpus(
    make_database: Callable[[str], str], pytestconfig: pytest.Config
) -> None:
    everything = pytestconfig.getoption("--all")
    inserted, told = 0, []
    for case in CASES if everything else CASES[::5]:
        facts = json.loads((case / "case.json").read_text(encoding="utf-8"))
        with psycopg.connect(make_database(""), autocommit=True) as connection:
            try:
                apply(connection, read_migrations(tuple(facts["schema"]), case))
            except ReposgenError:
                # The case is about that, or an extension is not there.
                continue
            maker = Maker(connection)
            for name in maker.tables:
                try:
                    maker(name)
                    maker(name, 3)
                except TestingError as error:
                    assert " needs a value for " in str(error)  # noqa: PT017 -- tells which
                    told.append(f"{case.name}.{name}")
                else:
                    inserted += 1
    assert inserted >= (180 if everything else 30)
    assert told == []


def test_what_a_row_needs_is_made_once(make: Callable[..., Maker]) -> None:
    maker = make("""
        CREATE TABLE tenants (id int PRIMARY KEY);
        CREATE TABLE projects (
            tenant_id int NOT NULL REFERENCES tenants,
            id int, PRIMARY KEY (tenant_id, id));
        CREATE TABLE tasks (
            id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            tenant_id int NOT NULL REFERENCES tenants,
            project_id int NOT NULL,
            parent_id int REFERENCES tasks,
            FOREIGN KEY (tenant_id, project_id) REFERENCES projects);
    """)
    (task,) = maker("tasks")
    assert task["parent_id"] is None
    assert maker.connection.execute("SELECT count(*) FROM tenants").fetchone() == (1,)
    # The key of one row says what the columns beside it must be.
    (other,) = maker(
        "tasks", tenant_id=task["tenant_id"], project_id=task["project_id"]
    )
    assert other["tenant_id"] == task["tenant_id"]
    maker("tasks", 5, tenant_id=task["tenant_id"])
    assert maker.connection.execute("SELECT count(*) FROM tenants").fetchone() == (1,)


def test_cycles(make: Callable[..., Maker]) -> None:
    maker = make("""
        CREATE TABLE nodes (
            id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            root_id int NOT NULL REFERENCES nodes);
        CREATE TABLE teams (id int PRIMARY KEY, leader_id int NOT NULL);
        CREATE TABLE people (
            id int PRIMARY KEY, team_id int NOT NULL REFERENCES teams);
        ALTER TABLE teams ADD FOREIGN KEY (leader_id) REFERENCES people;
    """)
    (node,) = maker("nodes")
    assert node["root_id"] == node["id"]
    assert len(maker("nodes", 3)) == 3
    (team,) = maker("teams")
    row = maker.connection.execute("SELECT id, team_id FROM people").fetchone()
    assert row == (team["leader_id"], team["id"])


@pytest.mark.parametrize(
    "column",
    [
        "value int NOT NULL CHECK (value BETWEEN 40 AND 42)",
        "value int NOT NULL CHECK (value > 1000 AND value % 2 = 0)",
        "value text NOT NULL CHECK (length(value) = 12)",
        "value text NOT NULL CHECK (value IN ('a', 'b'))",
        "value text NOT NULL CHECK (value ~ '^[A-Z]{3}-[0-9]{4,6}$')",
        r"value text NOT NULL UNIQUE CHECK (value ~* '^[a-z0-9.]+@[a-z]+\.(com|org)$')",
        "value text NOT NULL CHECK (value LIKE 'https://%' AND value = lower(value))",
        "value char(2) NOT NULL",
        "value varchar(3) NOT NULL UNIQUE",
        "value numeric(3, 2) NOT NULL CHECK (value <= 5)",
        "value timestamptz NOT NULL CHECK (value > now())",
        "value date NOT NULL CHECK (value < '1990-01-01')",
        "value jsonb NOT NULL CHECK (jsonb_typeof(value) = 'array')",
        "value jsonb NOT NULL CHECK (value ? 'kind' AND value ->> 'kind' <> '')",
        "value text[] NOT NULL CHECK (cardinality(value) BETWEEN 1 AND 3)",
        "value bytea NOT NULL CHECK (octet_length(value) = 16)",
        "value bool CHECK (value IS NOT NULL)",
        "value mood NOT NULL CHECK (value <> 'sad')",
        "value positive NOT NULL",
        "value pair NOT NULL",
        "value int4range NOT NULL CHECK (NOT isempty(value))",
        "value tstzrange NOT NULL, EXCLUDE USING gist (value WITH &&)",
        "value int4multirange NOT NULL",
        "value mood[] NOT NULL",
        "value inet NOT NULL UNIQUE",
        "value interval NOT NULL CHECK (value >= interval '1 day')",
        "value bit(3) NOT NULL",
        "value int, twice int GENERATED ALWAYS AS (value * 2) STORED CHECK (twice = 8)",
        "value text DEFAULT 'new', at date, CHECK ((value = 'new') = (at IS NOT NULL))",
        "value int, other int, CHECK (num_nonnulls(value, other) = 1)",
        "value int, other int REFERENCES parents, CHECK (num_nulls(value, other) = 0)",
        "value int NOT NULL, other int NOT NULL, CHECK (other >= value + 100)",
    ],
)
def test_conditions(make: Callable[..., Maker], column: str) -> None:
    maker = make(f"""
        CREATE TYPE mood AS ENUM ('sad', 'glad');
        CREATE DOMAIN positive AS int CHECK (VALUE > 7);
        CREATE TYPE pair AS (a int, b text);
        CREATE TABLE parents (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
        CREATE TABLE t ({column});
    """)
    assert len(maker("t")) == 1
    assert len(maker("t")) == 1
    assert len(maker("t", 3)) == 3


@pytest.mark.parametrize(
    "partition",
    [
        "LIST (value); CREATE TABLE one PARTITION OF t FOR VALUES IN (77)",
        "RANGE (value); CREATE TABLE one PARTITION OF t FOR VALUES FROM (500) TO (600)",
        """HASH (value);
            CREATE TABLE one PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1)""",
        "LIST (value); CREATE TABLE one PARTITION OF t DEFAULT",
    ],
)
def test_partitions(make: Callable[..., Maker], partition: str) -> None:
    maker = make(f"CREATE TABLE t (value int NOT NULL) PARTITION BY {partition}")
    assert len(maker("t")) == 1
    assert len(maker("t", 3)) == 3
    assert len(maker("one")) == 1


def test_rows_that_a_key_keeps_apart(make: Callable[..., Maker]) -> None:
    maker = make("""
        CREATE TYPE mood AS ENUM ('sad', 'glad');
        CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
        CREATE TABLE settings (user_id int PRIMARY KEY REFERENCES users);
        CREATE TABLE moods (mood mood PRIMARY KEY);
    """)
    assert len({row["user_id"] for row in maker("settings", 10)}) == 10
    assert {maker("moods")[0]["mood"] for _ in range(2)} == {"sad", "glad"}
    with pytest.raises(TestingError, match='key "moods_pkey" needs a value for mood'):
        maker("moods")


def test_check_that_nothing_meets(make: Callable[..., Maker]) -> None:
    maker = make("""
        CREATE TABLE t (
            a int NOT NULL, b text NOT NULL,
            CONSTRAINT odd CHECK (md5(b) = repeat('0', 32)),
            CONSTRAINT fine CHECK (a > 5));
    """)
    with pytest.raises(TestingError) as caught:
        maker("t")
    assert str(caught.value) == (
        "reposgen finds no values for a row of t:\n"
        '  CHECK constraint "odd" needs a value for b:'
        " (md5(b) = repeat('0'::text, 32))"
    )


def test_given_values_are_kept(make: Callable[..., Maker]) -> None:
    maker = make("""
        CREATE TABLE t (state text NOT NULL DEFAULT 'open', closed_at timestamptz,
            CHECK ((state = 'closed') = (closed_at IS NOT NULL)));
    """)
    (row,) = maker("t", state="closed")
    assert row["state"] == "closed"
    assert row["closed_at"] is not None
    (row,) = maker("t")
    assert (row["state"], row["closed_at"]) == ("open", None)
    with pytest.raises(TestingError, match="needs a value for closed_at, state"):
        maker("t", state="open", closed_at="2024-01-01")


def test_the_same_seed_makes_the_same_rows(make: Callable[..., Maker]) -> None:
    schema = "CREATE TABLE t (id uuid DEFAULT gen_random_uuid() PRIMARY KEY, a int);"
    first, second, other = (make(schema, seed) for seed in ("1", "1", "2"))
    assert first("t", 3) == second("t", 3) != other("t", 3)
