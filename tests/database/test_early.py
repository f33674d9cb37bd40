"""A server that starts and stops while something else is done."""

from __future__ import annotations

import psycopg
import pytest

from reposgen.database import open_server
from reposgen.database.early import opened_early
from reposgen.diagnostics import ReposgenError

NOWHERE = "host=/nowhere/at-all dbname=postgres"


def say_nothing(_: str) -> None:
    pass


def test_the_server_is_there_when_it_is_asked_for() -> None:
    with opened_early(open_server, "embedded", say_nothing, "url") as serve:
        with (
            serve("", say_nothing, "") as server,
            psycopg.connect(server.conninfo) as connection,
        ):
            assert connection.execute("SELECT 1").fetchone() == (1,)
        conninfo = server.conninfo
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(conninfo)


def test_a_server_that_is_not_asked_for_is_stopped() -> None:
    seen: list[str] = []
    with opened_early(open_server, "embedded", seen.append, "url"):
        pass
    assert seen
    # Its folder is free again.
    with open_server("embedded") as server:
        assert server.embedded


def test_a_server_that_cannot_be_opened_is_an_error_where_it_is_asked_for() -> None:
    with (
        opened_early(open_server, NOWHERE, say_nothing, "url") as serve,
        pytest.raises(ReposgenError),
        serve("", say_nothing, ""),
    ):
        pytest.fail("there is no server")


def test_the_first_error_counts() -> None:
    with (
        pytest.raises(ZeroDivisionError),
        opened_early(open_server, NOWHERE, say_nothing, "url"),
    ):
        raise ZeroDivisionError


def test_an_error_in_the_block_stops_the_server() -> None:
    with (
        pytest.raises(ZeroDivisionError),
        opened_early(open_server, "embedded", say_nothing, "url") as serve,
        serve("", say_nothing, "") as server,
    ):
        raise ZeroDivisionError
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.conninfo)
