"""Roles with settings that change how values are written: nobody gets other values."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.runtime.shop import PACKAGE
from tests.runtime.sync.repositories import Database
from tests.support import pgbouncer

from reposgen_runtime import Statement
from reposgen_runtime.errors import Unrepresentable, UnsuitableSession
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Way = Literal["direct", "cursors", "reset", "bouncer"]

SCHEMA: Final = """
CREATE TABLE odd (
    number float8 DEFAULT 0.30000000000000004,
    numbers float8[] DEFAULT '{0.30000000000000004}',
    moment timestamptz DEFAULT '2020-02-03 04:05:06.789+00',
    day date DEFAULT '2020-02-03',
    span interval DEFAULT '1 day -02:03:04.5',
    data bytea DEFAULT '\\x00ff5c27'
)
"""
ROW: Final = (
    0.30000000000000004,
    [0.30000000000000004],
    datetime(2020, 2, 3, 4, 5, 6, 789000, UTC),
    date(2020, 2, 3),
    timedelta(days=1) - timedelta(hours=2, minutes=3, seconds=4.5),
    b"\x00\xff\\'",
)
# `money` keeps the row from coming in binary.
INSERT: Final = Statement[tuple[Any, ...]](
    "insert",
    "INSERT INTO odd DEFAULT VALUES RETURNING *, 1::money",
    results=("float8", "float8[]", "timestamptz", "date", "interval", "bytea", "money"),
    row=lambda *row: row[:-1],
)
PATHS: Final = Statement[str](
    "paths", "SELECT $1::text", parameters=("jsonpath[]",), results=("text",)
)
ROLES: Final = (
    {
        "DateStyle": "German, DMY",
        "IntervalStyle": "iso_8601",
        "extra_float_digits": "-10",
        "bytea_output": "escape",
        "array_nulls": "off",
        "standard_conforming_strings": "off",
        "client_encoding": "LATIN1",
    },
    {
        "DateStyle": "SQL, DMY",
        "IntervalStyle": "sql_standard",
        "extra_float_digits": "0",
        "TimeZone": "America/St_Johns",
        "client_encoding": "SQL_ASCII",
    },
    {"DateStyle": "Postgres", "IntervalStyle": "postgres_verbose"},
)
WAYS: Final[tuple[Way, ...]] = ("direct", "cursors", "reset", "bouncer")


@pytest.fixture(params=ROLES, ids=[role["DateStyle"] for role in ROLES])
def odd(
    request: pytest.FixtureRequest, make_database: Callable[[str], str]
) -> Iterator[str]:
    """Where a role with other settings connects to."""
    conninfo = make_database(SCHEMA)
    role = sql.Identifier("reposgen_odd_role")
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN SUPERUSER").format(role))
        try:
            for name, value in request.param.items():
                admin.execute(
                    sql.SQL("ALTER ROLE {} SET {} = {}").format(
                        role, sql.Identifier(name), sql.Literal(value)
                    )
                )
            yield make_conninfo(conninfo, user="reposgen_odd_role")
        finally:
            admin.execute(sql.SQL("DROP ROLE {}").format(role))


@pytest.mark.parametrize("way", WAYS)
def test_values_are_what_they_are(odd: str, way: Way) -> None:
    options: dict[str, Any] = {"use_cursors": way == "cursors", "reset": way == "reset"}
    with ExitStack() as stack:
        conninfo = odd
        if way == "bouncer":
            if pgbouncer.PROGRAM is None:
                pytest.skip("there is no pgbouncer")
            conninfo = stack.enter_context(pgbouncer.pooled(odd))
            options["prepare"] = "never"
        db = Database.open(conninfo, min_size=2, max_size=2, **options)
        run = Runner(stack.enter_context(db), PACKAGE)
        for _ in range(3):
            assert run.one(INSERT) == ROW
        # None is no "NULL", whatever array_nulls says.
        assert run.one(PATHS, (['$."a"', None],)) == '{"$.\\"a\\"",NULL}'


def test_a_connection_of_the_callers_is_refused(odd: str) -> None:
    with psycopg.connect(odd, autocommit=True) as connection:
        run = Runner(connection, PACKAGE)
        for _ in range(2):
            with pytest.raises(
                UnsuitableSession, match="SET DateStyle TO ISO"
            ) as caught:
                run.one(INSERT)
        # What the message says to run helps.
        connection.execute(str(caught.value).partition("run ")[2].encode())
        assert run.one(INSERT) == ROW
        count = connection.execute("SELECT count(*) FROM odd").fetchone()
        assert count in ((1,), (b"1",))


def test_a_setting_that_is_changed_later_is_no_other_value(
    make_database: Callable[[str], str],
) -> None:
    with psycopg.connect(make_database(SCHEMA), autocommit=True) as connection:
        run = Runner(connection, PACKAGE)
        assert run.one(INSERT) == ROW
        for style in ("German", "SQL, MDY", "Postgres"):
            connection.execute(f"SET DateStyle TO {style}".encode())
            with pytest.raises(Unrepresentable) as caught:
                run.one(INSERT)
            # psycopg prepares statements here, so ours runs by its documented API.
            assert caught.value.done is False
        connection.execute("SET DateStyle TO ISO")
        assert run.one(INSERT) == ROW
