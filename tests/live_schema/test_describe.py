from __future__ import annotations

import random
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from reposgen.live_schema.describe import describe
from reposgen.live_schema.model import Described, ServerError, Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reposgen.live_schema.model import Description

    Ask = Callable[..., Description]

SCHEMA = """
CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL, other text);
CREATE TABLE u (id int PRIMARY KEY, name text);
"""


@pytest.fixture
def connection(shared_database: Callable[[str], str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(shared_database(SCHEMA), autocommit=True) as connection:
        yield connection


@pytest.fixture
def ask(connection: psycopg.Connection) -> Ask:
    def ask(sql: str, *parameter_oids: int) -> Description:
        statement = Statement(sql=sql, parameter_oids=parameter_oids)
        [found] = describe(connection, [statement])
        return found

    return ask


def test_types_and_origins(ask: Ask) -> None:
    found = ask("SELECT id, name || $1 AS x FROM t WHERE id = $2")
    assert isinstance(found, Described)
    assert found.parameter_oids == (25, 23)
    first, second = found.columns
    assert (first.name, first.type_oid, first.column_number) == ("id", 23, 1)
    assert (second.name, second.table_oid) == ("x", 0)
    assert found.tree
    assert found.tree.startswith("({QUERY")


def test_given_parameter_types_are_taken(ask: Ask) -> None:
    found = ask("SELECT $1 / 2", 701)
    assert isinstance(found, Described)
    assert found.parameter_oids == (701,)
    assert found.columns[0].type_oid == 701


@pytest.mark.parametrize(
    ("sql", "returns_rows"),
    [
        ("SELECT FROM t", True),
        ("WITH x AS (SELECT 1) SELECT FROM x", True),
        ("VALUES (1)", True),
        ("DELETE FROM t", False),
        ("DELETE FROM t RETURNING id", True),
        ("VACUUM t", False),
        ("REFRESH MATERIALIZED VIEW nowhere", False),
        ("LISTEN channel", False),
        ("SHOW server_version", True),
        ("CREATE TABLE made (a int)", False),
        ("SELECT 1 AS a INTO made", False),
    ],
)
def test_what_returns_rows(ask: Ask, sql: str, returns_rows: bool) -> None:
    found = ask(sql)
    assert isinstance(found, Described)
    assert found.returns_rows is returns_rows


def test_nothing_is_executed(connection: psycopg.Connection) -> None:
    describe(
        connection,
        [
            Statement(sql="INSERT INTO t VALUES (1, 'a') ON CONFLICT (id) DO NOTHING"),
            Statement(sql="DROP TABLE u"),
            Statement(sql="CREATE TABLE made (a int)"),
        ],
    )
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    tables = connection.execute("SELECT to_regclass('u'), to_regclass('made')")
    assert tables.fetchone() == ("u", None)


@pytest.mark.parametrize(
    ("sql", "sqlstate", "pointed_at"),
    [
        ("SELECT nope FROM t", "42703", "nope"),
        ("SELECT '日本語 🦆', 'é', nope FROM t", "42703", "nope"),
        ("SELECT\r\n\t'ü' ,\r\n\t name > id FROM t", "42883", "> id"),
        ("SELECT FROM WHERE", "42601", "WHERE"),
        ("SELECT 'x'::int", "22P02", "'x'::int"),
    ],
)
def test_places_of_errors(ask: Ask, sql: str, sqlstate: str, pointed_at: str) -> None:
    found = ask(sql)
    assert isinstance(found, ServerError)
    assert found.sqlstate == sqlstate
    assert found.position == sql.index(pointed_at)


@pytest.mark.parametrize(
    "sql", ["SELECT $1 IS NULL", "SELECT $2::int WHERE $1 IS NULL"]
)
def test_untyped_parameters_are_named(ask: Ask, sql: str) -> None:
    found = ask(sql)
    assert isinstance(found, ServerError)
    assert (found.sqlstate, found.parameter) == ("42P18", 1)


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("INSERT INTO t VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", "42P10"),
        (
            "SELECT 1 FROM t LEFT JOIN u USING (id) WHERE t.id = $1 FOR UPDATE OF u",
            "0A000",
        ),
        ("SELECT 1 FROM t FULL JOIN u ON t.id < u.id", "0A000"),
        ("SELECT id FROM t WHERE name ~ '('", "2201B"),
    ],
)
def test_the_planner_is_asked_too(ask: Ask, sql: str, sqlstate: str) -> None:
    found = ask(sql)
    assert isinstance(found, ServerError)
    assert found.sqlstate == sqlstate


def test_a_setting_that_is_missing_is_no_error(ask: Ask) -> None:
    sql = "SELECT id FROM t WHERE name = current_setting('app.x') FOR UPDATE"
    assert isinstance(ask(sql), Described)


@pytest.mark.parametrize("autocommit", [True, False])
def test_errors_and_trees_stay_with_their_statements(
    connection: psycopg.Connection, autocommit: bool
) -> None:
    connection.autocommit = autocommit
    chance = random.Random(1)
    kinds = {
        "good": "SELECT {n} AS n{n}, t.* FROM t WHERE id = $1",
        "bad": "SELECT {n}, nope{n} FROM t",
        "utility": "LISTEN c{n}",
        "planned": "INSERT INTO t VALUES ({n}, $1) ON CONFLICT (name) DO NOTHING",
    }
    chosen = [chance.choice(list(kinds)) for _ in range(600)]
    statements = [Statement(sql=kinds[k].format(n=n)) for n, k in enumerate(chosen)]
    found = describe(connection, statements)
    for n, (kind, one) in enumerate(zip(chosen, found, strict=True)):
        match kind, one:
            case "good", Described():
                assert one.columns[0].name == f"n{n}"
                assert f":resname n{n} " in " ".join((one.tree or "").split())
            case "bad", ServerError():
                assert f"nope{n}" in one.message
            case "utility", Described():
                assert ":utilityStmt <>" not in " ".join((one.tree or "").split())
            case "planned", ServerError():
                assert one.sqlstate == "42P10"
            case _:
                pytest.fail(f"{kind}: {one}")


@pytest.mark.parametrize("autocommit", [True, False])
def test_the_session_is_left_as_it_was(
    connection: psycopg.Connection, autocommit: bool
) -> None:
    connection.autocommit = autocommit
    connection.execute("SELECT 1")
    before = connection.info.transaction_status
    describe(connection, [Statement(sql="SELECT nope"), Statement(sql="SELECT 1")])
    assert connection.info.transaction_status == before
    assert before is not TransactionStatus.INERROR
    for setting, value in (
        ("debug_print_rewritten", "off"),
        ("client_min_messages", "notice"),
        ("plan_cache_mode", "auto"),
    ):
        assert connection.execute(f"SHOW {setting}".encode()).fetchone() == (value,)


def test_nothing_to_describe(connection: psycopg.Connection) -> None:
    assert describe(connection, []) == ()
