"""Migrations that are killed in the middle, and several at once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.support.pgbouncer import PROGRAM, pooled

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.development.conftest import Db, StartDb

PROJECT = '[[package]]\nname = "demo"\nschema = "migrations"\nqueries = "queries"\n'
# What a migration waits for in the middle: a lock that the test holds.
GATE = 4711
WAIT = f"SELECT pg_advisory_xact_lock({GATE});"
TABLES = b"""
    SELECT relname::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') ORDER BY 1
"""
WAITING = b"""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock'
"""
OTHERS = b"""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "q.sql").touch()
    (tmp_path / "migrations").mkdir()
    (tmp_path / "codegen.toml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "migrations"


@pytest.fixture
def observer(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


def number(observer: psycopg.Connection, query: bytes) -> int:
    row = observer.execute(query).fetchone()
    assert row
    return int(row[0])


def tables(observer: psycopg.Connection) -> list[str]:
    return [name for (name,) in observer.execute(TABLES)]


@contextlib.contextmanager
def closed_gate(database: str) -> Iterator[None]:
    """Keep whoever waits for the gate there for the time of the block."""
    with psycopg.connect(database, autocommit=True) as keeper:
        keeper.execute("SELECT pg_advisory_lock(%s)", (GATE,))
        yield


def await_waiting(observer: psycopg.Connection, process: subprocess.Popen[str]) -> None:
    while not number(observer, WAITING):
        assert process.poll() is None, process.communicate()


def await_alone(observer: psycopg.Connection) -> None:
    while number(observer, OTHERS):
        pass


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_killed_in_a_transaction(
    project: Path,
    database: str,
    observer: psycopg.Connection,
    db: Db,
    start_db: StartDb,
) -> None:
    (project / "1.sql").write_text("CREATE TABLE a ();\n")
    (project / "2.sql").write_text(f"CREATE TABLE b ();\n{WAIT}\nCREATE TABLE c ();\n")
    with closed_gate(database):
        process = start_db("migrate", "--url", database)
        await_waiting(observer, process)
        kill(process)
    await_alone(observer)
    assert tables(observer) == ["a"]
    outcome = db("migrate", "--url", database)
    assert outcome.exit_code == 0
    assert "applied migrations/2.sql" in outcome.stderr
    assert "1.sql" not in outcome.stderr
    assert tables(observer) == ["a", "b", "c"]


def test_killed_between_statements_without_a_transaction(
    project: Path,
    database: str,
    observer: psycopg.Connection,
    db: Db,
    start_db: StartDb,
) -> None:
    (project / "1.sql").write_text(
        "-- reposgen: no-transaction\nCREATE TABLE a ();\n\n"
        f"CREATE TABLE b AS SELECT pg_advisory_xact_lock({GATE})::text;\n"
        "CREATE TABLE c ();\n"
    )
    with closed_gate(database):
        process = start_db("migrate", "--url", database)
        await_waiting(observer, process)
        kill(process)
    await_alone(observer)
    assert tables(observer) == ["a"]
    outcome = db("migrate", "--url", database)
    assert outcome.exit_code == 2
    assert "migrations/1.sql:4:1: error: the file was interrupted" in outcome.stderr
    assert "statement 1 of 3 is done; statement 2 is not done" in outcome.stderr
    assert db("migrate", "--url", database, "--resume", "3").exit_code == 2
    assert db("migrate", "--url", database, "--resume", "2").exit_code == 0
    assert tables(observer) == ["a", "b", "c"]
    assert db("migrate", "--url", database, "--status").exit_code == 0


def test_killed_in_a_statement_that_cannot_run_in_a_transaction(
    project: Path,
    database: str,
    observer: psycopg.Connection,
    db: Db,
    start_db: StartDb,
) -> None:
    (project / "1.sql").write_text("CREATE TABLE a (id int);\n")
    (project / "2.sql").write_text(
        "-- reposgen: no-transaction\nCREATE TABLE b ();\n"
        "CREATE INDEX CONCURRENTLY a_id ON a (id);\nCREATE TABLE c ();\n"
    )
    assert db("migrate", "--url", database, "--to", "1").exit_code == 0
    with psycopg.connect(database) as writer:
        # The index waits for this transaction.
        writer.execute("INSERT INTO a VALUES (1)")
        process = start_db("migrate", "--url", database)
        await_waiting(observer, process)
        kill(process)
    await_alone(observer)
    # The server has finished it all the same, which nobody was told.
    assert tables(observer) == ["a", "a_id", "b"]
    outcome = db("migrate", "--url", database)
    assert outcome.exit_code == 2
    assert "migrations/2.sql:3:1: error: the file was interrupted" in outcome.stderr
    assert "statement 1 of 3 is done" in outcome.stderr
    assert "statement 2 (migrations/2.sql:3) may be done" in outcome.stderr
    assert "--resume 2;" in outcome.stderr
    assert "--resume 3" in outcome.stderr
    assert db("migrate", "--url", database, "--resume", "3").exit_code == 0
    assert tables(observer) == ["a", "a_id", "b", "c"]


def test_killed_in_a_transaction_of_the_files_own(
    project: Path,
    database: str,
    observer: psycopg.Connection,
    db: Db,
    start_db: StartDb,
) -> None:
    (project / "1.sql").write_text(
        "CREATE TABLE a ();\nBEGIN;\nCREATE TABLE b ();\n"
        f"{WAIT}\nCREATE TABLE c ();\nCOMMIT;\nCREATE TABLE d ();\n"
    )
    with closed_gate(database):
        process = start_db("migrate", "--url", database)
        await_waiting(observer, process)
        kill(process)
    await_alone(observer)
    assert tables(observer) == ["a"]
    outcome = db("migrate", "--url", database)
    assert "statement 1 of 7 is done; statement 2 is not done" in outcome.stderr
    assert db("migrate", "--url", database, "--resume", "2").exit_code == 0
    assert tables(observer) == ["a", "b", "c", "d"]


def test_killed_on_the_way_down(
    project: Path,
    database: str,
    observer: psycopg.Connection,
    db: Db,
    start_db: StartDb,
) -> None:
    (project / "1.sql").write_text("CREATE TABLE a ();\n")
    (project / "2.sql").write_text("CREATE TABLE b (); CREATE TABLE c ();\n")
    down = project / "2.down.sql"
    down.write_text(f"DROP TABLE b;\n{WAIT}\nDROP TABLE c;\n")
    assert db("migrate", "--url", database).exit_code == 0
    for text, left in ((down.read_text(), ["a", "b", "c"]), (None, ["a", "c"])):
        if text is None:
            marked = f"-- reposgen: no-transaction\n{down.read_text()}"
            down.write_text(marked)
        with closed_gate(database):
            process = start_db("migrate", "--url", database, "--to", "1")
            await_waiting(observer, process)
            kill(process)
        await_alone(observer)
        assert tables(observer) == left
    outcome = db("migrate", "--url", database)
    assert "the down part was interrupted: statement 1 of 3 is done" in outcome.stderr
    assert "migrations/2.down.sql:3:1" in outcome.stderr
    arguments = ("migrate", "--url", database, "--to", "1", "--resume", "2")
    assert db(*arguments).exit_code == 0
    assert tables(observer) == ["a"]
    assert db("migrate", "--url", database).exit_code == 0
    assert tables(observer) == ["a", "b", "c"]


def test_two_at_once(
    project: Path, database: str, observer: psycopg.Connection, start_db: StartDb
) -> None:
    (project / "1.sql").write_text(f"CREATE TABLE a ();\n{WAIT}\n")
    (project / "2.sql").write_text(
        "-- reposgen: no-transaction\nCREATE TABLE b (id int);\n"
        "CREATE INDEX CONCURRENTLY b_id ON b (id);\n"
    )
    with closed_gate(database):
        first = start_db("migrate", "--url", database)
        await_waiting(observer, first)
        second = start_db("migrate", "--url", database)
        assert second.stderr
        assert second.stderr.readline().startswith(
            "waiting for another migration of the database (pid "
        )
    _, said = first.communicate()
    assert first.returncode == 0, said
    assert said.count("applied ") == 2
    _, said = second.communicate()
    assert second.returncode == 0, said
    assert said == "nothing to do\n"
    assert tables(observer) == ["a", "b", "b_id"]


def test_the_connection_is_lost(
    project: Path,
    database: str,
    observer: psycopg.Connection,
    db: Db,
    start_db: StartDb,
) -> None:
    (project / "1.sql").write_text(f"CREATE TABLE a ();\n{WAIT}\n")
    with closed_gate(database):
        process = start_db("migrate", "--url", database)
        await_waiting(observer, process)
        observer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        _, said = process.communicate()
    assert process.returncode == 2
    assert "[migration-failed]" in said
    assert "Traceback" not in said
    assert tables(observer) == []
    assert db("migrate", "--url", database).exit_code == 0


@pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed")
def test_through_a_pooler(
    project: Path, database: str, observer: psycopg.Connection, db: Db
) -> None:
    (project / "1.sql").write_text("CREATE TABLE a ();\n")
    for mode in ("transaction", "session"):
        with pooled(database, pool_mode=mode) as url:
            outcome = db("migrate", "--url", url)
        assert outcome.exit_code == 2
        assert "[migration-pooler]" in outcome.stderr
    assert tables(observer) == []
