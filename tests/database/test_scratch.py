"""Scratch databases: gone afterwards, whatever happened; kept copies are sound."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, NoReturn

import psycopg
import pytest

from reposgen.database import Migrations, connect, open_server, scratch_database
from reposgen.database import database_cache as kept_module
from reposgen.database.migration_files import way_up
from reposgen.database.model import MigrationFile
from reposgen.diagnostics import ReposgenError, SourceFile

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from psycopg import Connection

    from reposgen.database import Server

    Start = Callable[..., subprocess.Popen[str]]

SCRATCH = "reposgen_scratch_"

SET_FOR_THIS_DATABASE = """
DO $$ BEGIN
    EXECUTE format('ALTER DATABASE %I SET search_path = nowhere', current_database());
END $$;
"""

HOLD = """
import sys
from reposgen.database import open_server, scratch_database
with open_server(sys.argv[1]) as server, scratch_database(server) as connection:
    print(connection.info.dbname, flush=True)
    connection.execute("SELECT pg_sleep(600)")
"""


def file_of(source: SourceFile) -> MigrationFile:
    return MigrationFile(path=source.path, parts=(way_up(source),))


def migrations(*texts: str) -> Migrations:
    return Migrations(
        files=tuple(
            file_of(SourceFile(path=f"{number}.sql", text=text))
            for number, text in enumerate(texts)
        )
    )


def databases(conninfo: str) -> set[str]:
    with connect(conninfo) as connection:
        return {
            name for (name,) in connection.execute("SELECT datname FROM pg_database")
        }


def roles(conninfo: str) -> set[str]:
    with connect(conninfo) as connection:
        # Tests beside this one make others.
        mine = "SELECT rolname FROM pg_roles WHERE rolname ~ '^reposgen'"
        return {name for (name,) in connection.execute(mine)}


def one(connection: Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    assert row
    return row[0]


@pytest.fixture
def url(server: str) -> Iterator[Server]:
    """The server of all tests, as a user's own."""
    with open_server(server) as opened:
        yield opened


@pytest.fixture
def embedded(cache: Path) -> Iterator[Server]:
    """An embedded server of this module's own."""
    assert cache.is_dir()
    with open_server("embedded") as opened:
        yield opened


def test_it_is_empty_and_then_gone(url: Server) -> None:
    with scratch_database(url) as connection:
        name = connection.info.dbname
        assert name.startswith(SCRATCH)
        assert one(connection, "SHOW server_encoding") == "UTF8"
        connection.execute("CREATE TABLE t ()")
        assert name in databases(url.conninfo)
    assert name not in databases(url.conninfo)


def interrupt(url: Server, first: Connection, others: list[Connection]) -> NoReturn:
    others.append(psycopg.connect(url.conninfo, dbname=first.info.dbname))
    raise KeyboardInterrupt


def test_gone_after_an_exception_and_under_open_connections(url: Server) -> None:
    others: list[Connection] = []
    with pytest.raises(KeyboardInterrupt), scratch_database(url) as connection:
        interrupt(url, connection, others)
    (other,) = others
    assert other.info.dbname not in databases(url.conninfo)
    other.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_gone_after_a_signal(url: Server, start: Start, number: int) -> None:
    run = start(HOLD, url.conninfo)
    assert run.stdout
    name = run.stdout.readline().strip()
    assert name in databases(url.conninfo)
    run.send_signal(number)
    assert run.wait() != 0
    assert name not in databases(url.conninfo)


def test_gone_when_a_migration_fails(url: Server) -> None:
    broken = migrations("DO $$ BEGIN RAISE 'in %', current_database(); END $$;")
    with pytest.raises(ReposgenError) as failed, scratch_database(url, broken):
        pass
    (name,) = re.findall(r"in (reposgen_scratch_\w+)", str(failed.value.diagnostics))
    assert name not in databases(url.conninfo)


def test_sessions_begin_anew_after_the_migrations(url: Server) -> None:
    dump = "SELECT set_config('search_path', '', false); CREATE TABLE public.t ();"
    with scratch_database(url, migrations(dump, "CREATE TABLE u ()")) as connection:
        assert one(connection, "SHOW search_path") == '"$user", public'
        assert (
            one(
                connection, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            )
            == 2
        )


def test_roles_that_migrations_create(url: Server) -> None:
    made = migrations(
        "CREATE ROLE reposgen_test_one; CREATE TABLE t ();"
        "GRANT SELECT ON t TO reposgen_test_one;",
        'DO $$ BEGIN CREATE USER "reposgen ""two"; END $$;',
    )
    before = roles(url.conninfo)
    with connect(url.conninfo) as connection, scratch_database(url, made):
        new = roles(url.conninfo) - before
        assert new == {"reposgen_test_one", 'reposgen "two'}
        connection.execute("CREATE ROLE reposgen_test_other")
    assert roles(url.conninfo) - before == {"reposgen_test_other"}
    with connect(url.conninfo) as connection:
        connection.execute("DROP ROLE reposgen_test_other")


def test_a_role_that_is_there_is_left_there(url: Server) -> None:
    with connect(url.conninfo) as connection:
        connection.execute("CREATE ROLE reposgen_test_there")
        made = migrations("CREATE ROLE reposgen_test_there; CREATE TABLE t ();")
        with scratch_database(url, made) as scratch:
            assert one(scratch, "SELECT count(*) FROM t") == 0
        assert "reposgen_test_there" in roles(url.conninfo)
        connection.execute("DROP ROLE reposgen_test_there")


def test_nothing_is_kept_on_a_server_of_the_users(url: Server) -> None:
    with scratch_database(url, migrations("CREATE TABLE t ()")) as connection:
        name = connection.info.dbname
    assert name not in databases(url.conninfo)


def test_what_is_migrated_is_only_read(url: Server, embedded: Server) -> None:
    for server in (url, embedded):
        with scratch_database(server, migrations("CREATE TABLE t ()")) as connection:
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                connection.execute("DROP TABLE t")
            assert one(connection, "SELECT count(*) FROM t") == 0


def test_the_second_time_the_migrations_are_not_run(embedded: Server) -> None:
    moment = migrations("CREATE TABLE t AS SELECT clock_timestamp() AS at")
    seen = []
    for _ in range(2):
        with scratch_database(embedded, moment) as connection:
            seen.append(one(connection, "TABLE t"))
    assert seen[0] == seen[1]


def test_kept_from_one_run_to_the_next(cache: Path) -> None:
    assert cache.is_dir()
    moment = migrations("CREATE TABLE u AS SELECT clock_timestamp()")
    seen = []
    for _ in range(2):
        with (
            open_server("embedded") as server,
            scratch_database(server, moment) as connection,
        ):
            seen.append(one(connection, "TABLE u"))
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "changed",
    [
        ["CREATE TABLE a ();", "CREATE TABLE c ();"],
        ["CREATE TABLE a ();CREATE TABLE b ();"],
        ["CREATE TABLE b ();", "CREATE TABLE a ();"],
        ["CREATE TABLE a ();"],
    ],
)
def test_the_digest_tells_schemas_apart(changed: list[str]) -> None:
    first = migrations("CREATE TABLE a ();", "CREATE TABLE b ();")
    assert first.digest == migrations(*(f.parts[0].text for f in first.files)).digest
    assert first.digest != migrations(*changed).digest


@pytest.mark.parametrize(
    "beyond",
    [
        "CREATE ROLE reposgen_test_kept;",
        "DO 'BEGIN ALTER ROLE postgres SET search_path = elsewhere; END';",
        SET_FOR_THIS_DATABASE,
    ],
)
def test_what_would_be_missing_later_is_not_kept(embedded: Server, beyond: str) -> None:
    before = databases(embedded.conninfo)
    with scratch_database(embedded, migrations(beyond, "CREATE TABLE t ()")):
        assert len(databases(embedded.conninfo) - before) == 1
    assert databases(embedded.conninfo) == before
    with connect(embedded.conninfo) as connection:
        connection.execute("ALTER ROLE postgres RESET ALL")


def test_a_failed_schema_is_not_kept(embedded: Server) -> None:
    broken = migrations("CREATE TABLE t ();", "CREATE TABLE t ();")
    before = databases(embedded.conninfo)
    for _ in range(2):
        with pytest.raises(ReposgenError), scratch_database(embedded, broken):
            pass
    assert databases(embedded.conninfo) == before


def test_the_oldest_make_room(
    embedded: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "LIMIT", 2)
    names = []
    for number in range(3):
        made = migrations(f"CREATE TABLE t{number} ()")
        with scratch_database(embedded, made) as connection:
            names.append(connection.info.dbname)
    left = databases(embedded.conninfo)
    assert [name in left for name in names] == [False, True, True]
