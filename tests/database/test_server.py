"""Servers by url, and what is said when there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from reposgen.database import (
    connect,
    existing_database,
    open_server,
    scratch_database,
)
from reposgen.database import server as server_module
from reposgen.database.embedded import embedded_server
from reposgen.diagnostics import ReposgenError
from reposgen.urls import masked, url_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PASSWORD = "hunter2"  # noqa: S105 - what must never be said
RULES = """
local all postgres trust
local all trusted trust
local all all scram-sha-256
"""
ROLES = """
CREATE ROLE app LOGIN PASSWORD 'the right one';
CREATE ROLE trusted LOGIN;
CREATE DATABASE app;
"""


@pytest.fixture(scope="module")
def locked(shared_cache: Path) -> Iterator[str]:
    """The socket's folder of a server that asks most roles for a password."""
    rules = shared_cache / "rules"
    rules.write_text(RULES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPOSGEN_CACHE_DIR", str(shared_cache))
        server = embedded_server(
            18, progress=list[str]().append, settings={"hba_file": str(rules)}
        )
        with server as conninfo:
            with psycopg.connect(conninfo, autocommit=True) as admin:
                for statement in ROLES.split(";"):
                    admin.execute(statement.encode())
            yield str(conninfo_to_dict(conninfo)["host"])


def complaint(url: str) -> str:
    with pytest.raises(ReposgenError) as raised, open_server(url):
        pass
    assert PASSWORD not in str(raised.value)
    # Neither does a traceback, wherever it may be shown.
    assert raised.value.__context__ is None
    return str(raised.value)


def test_a_url(server: str) -> None:
    with open_server(server) as opened:
        assert opened.conninfo == server
        assert not opened.embedded
        assert opened.name.startswith("PostgreSQL ")


def test_a_password_stays_out_of_repr(locked: str) -> None:
    url = f"postgresql://app:the%20right%20one@{quote(locked, safe='')}/app"
    with open_server(url) as opened:
        assert "right" not in repr(opened)
        assert opened.name.endswith(f" at {locked}, port 5432")


@pytest.mark.parametrize(
    "write",
    [
        lambda host: f"postgresql://app:{PASSWORD}@{quote(host, safe='')}/app",
        lambda host: f"host={host} user=app password={PASSWORD} dbname=app",
    ],
)
def test_a_wrong_password(locked: str, write: Callable[[str], str]) -> None:
    assert complaint(write(locked)) == (
        f"error: the server at {locked}, port 5432 says: password authentication"
        ' failed for user "app" [wrong-password]\n'
        "  hint: check user and password of [database] url and the environment"
        " variables in it"
    )


def test_no_password(locked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSFILE", "/dev/null")
    assert complaint(f"host={locked} user=app dbname=app") == (
        f"error: the server at {locked}, port 5432 says: fe_sendauth: no password"
        " supplied [wrong-password]\n"
        "  hint: check user and password of [database] url and the environment"
        " variables in it"
    )


def test_an_unknown_database(locked: str) -> None:
    assert complaint(f"host={locked} user=trusted dbname=nosuch") == (
        f'error: the server at {locked}, port 5432 says: database "nosuch" does not'
        " exist [unknown-database]\n"
        "  hint: create it, or correct [database] url"
    )


def test_a_refused_connection(locked: str) -> None:
    url = f"host={locked} user=trusted dbname=app password={PASSWORD} options='-c x=y'"
    assert complaint(url) == (
        f"error: the server at {locked}, port 5432 says: unrecognized configuration"
        ' parameter "x" [connection-refused]\n'
        "  hint: check [database] url"
    )


def test_a_server_that_shows_the_password(locked: str) -> None:
    url = f"host={locked} user=trusted dbname={PASSWORD} password={PASSWORD}"
    assert 'says: database "***" does not exist' in complaint(url)


def test_no_right_to_create_databases(locked: str) -> None:
    with (
        open_server(f"host={locked} user=trusted dbname=app") as opened,
        pytest.raises(ReposgenError) as raised,
        scratch_database(opened),
    ):
        pass
    assert str(raised.value) == (
        'error: the user "trusted" may not create the scratch database that the'
        " schema is applied to [may-not-create-database]\n"
        '  hint: ALTER ROLE "trusted" CREATEDB; or leave out schema, and the database'
        " of the url is analysed as it stands"
    )


def test_no_server() -> None:
    assert complaint(f"postgresql://app:{PASSWORD}@127.0.0.1:1/app") == (
        "error: no PostgreSQL answers at 127.0.0.1:1: Connection refused [no-server]\n"
        '  hint: start it, or correct [database] url; "embedded" needs no server'
    )


def test_no_host() -> None:
    said = complaint(f"postgresql://app:{PASSWORD}@nosuch.invalid/app")
    assert said.startswith("error: no PostgreSQL answers at nosuch.invalid:5432: ")


def test_no_connection_string() -> None:
    assert complaint(f"postgresql {PASSWORD}") == (
        '[database] url: error: "postgresql …" is not a PostgreSQL connection string'
        " [invalid-url]\n"
        '  hint: write "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"'
    )


@pytest.mark.parametrize("password", [f"a@{PASSWORD}", f"a/{PASSWORD}"])
def test_a_password_that_ends_the_user_part(password: str) -> None:
    assert complaint(f"postgresql://app:{password}@127.0.0.1/app") == (
        "[database] url: error: the host or database of the url has an @ in it"
        " [invalid-url]\n"
        "  hint: in a user or password write @ as %40, / as %2F, : as %3A"
    )


def test_an_old_server(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "OLDEST_VERSION", 990000)
    with pytest.raises(ReposgenError) as raised, open_server(server):
        pass
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "server-too-old"
    assert diagnostic.message.endswith(" is too old")
    assert diagnostic.hint == (
        'PostgreSQL 99 is the oldest that reposgen can ask; "embedded" is a new one'
    )


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "postgresql://bob:hunter2@h:5/d?sslmode=x",
            "postgresql://bob:***@h:5/d?sslmode=x",
        ),
        ("postgres://bob:hun@ter2/x@h/d", "postgres://bob:***@h/d"),
        ("postgres://hun/ter2:x@h/d", "postgres://***@h/d"),
        ("postgres://bob@h/d", "postgres://***@h/d"),
        ("postgresql+asyncpg://b:hunter2@h/d", "postgresql+asyncpg://b:***@h/d"),
        ("postgres//bob:hunter2@h", "***@h"),
        ("nonsense hunter2", "nonsense …"),
        ("", ""),
        ("postgresql://h/d?password=hunter2&x=y", "postgresql://h/d?password=***&x=y"),
        (r"host=h password='hun\'ter2' user=u", "host=h password=*** user=u"),
        ("host=h PASSWORD = hunter2", "host=h PASSWORD = ***"),
        ("sslpassword=hunter2", "sslpassword=***"),
        ("embedded:16", "embedded:16"),
    ],
)
def test_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        (
            "postgresql+asyncpg://app:hunter2@h/d",
            "postgresql+asyncpg://app:***@h/d",
            'drop +asyncpg: "postgresql://app:***@h/d"',
        ),
        (
            "postgres+psycopg2://app:hunter2@h/d",
            "postgres+psycopg2://app:***@h/d",
            'drop +psycopg2: "postgres://app:***@h/d"',
        ),
        (
            "jdbc:postgresql://h/d?password=hunter2",
            "jdbc:postgresql://h/d?password=***",
            'drop jdbc: "postgresql://h/d?password=***"',
        ),
        (
            "mysql://app:hunter2@h/d",
            "mysql://app:***@h/d",
            (
                'write "embedded", "embedded:16", "system",'
                ' "docker:postgres:17-alpine" or'
                ' "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"'
            ),
        ),
    ],
)
def test_what_names_no_server(url: str, message: str, hint: str) -> None:
    assert url_problem(url) == (
        f'"{message}" does not name a PostgreSQL server',
        hint,
    )


def test_what_names_one() -> None:
    for url in (
        *("embedded", "embedded:16", "system", "system:15", "docker:x"),
        *("postgres://h", "postgresql://h", "host = h", "dbname=d"),
    ):
        assert url_problem(url) is None, url


def test_an_existing_database_is_left_unchanged(
    make_database: Callable[[str], str],
) -> None:
    url = make_database("CREATE TABLE t (a int); CREATE SEQUENCE s")
    with open_server(url) as opened, existing_database(opened) as connection:
        for attempt in (
            "INSERT INTO t VALUES (1)",
            "DROP TABLE t",
            "SELECT nextval('s')",
        ):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                connection.execute(attempt.encode())
        # After an error the connection goes on, and statements that write can be
        # described.
        described = connection.pgconn.prepare(b"", b"INSERT INTO t VALUES ($1)")
        assert described.status == psycopg.pq.ExecStatus.COMMAND_OK
        row = connection.execute("SHOW search_path").fetchone()
        assert row == ('"$user", public',)


def test_options_of_the_url_are_kept(database: str) -> None:
    url = f"{database}&options=-c%20search_path%3Dapp"
    with open_server(url) as opened, existing_database(opened) as connection:
        assert connection.execute("SHOW search_path").fetchone() == ("app",)
        row = connection.execute("SHOW transaction_read_only").fetchone()
        assert row == ("on",)


def test_connect_commits_each_statement(database: str) -> None:
    with connect(database) as connection:
        connection.execute("CREATE TABLE t ()")
        with connect(database) as other:
            other.execute("TABLE t")
