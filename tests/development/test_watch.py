"""`generate --watch` asks the development server."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.development.conftest import Db

_BACKENDS = """
    SELECT pid FROM pg_catalog.pg_stat_activity WHERE backend_type = 'checkpointer'
"""
_DATABASES = "SELECT datname FROM pg_catalog.pg_database WHERE datname LIKE 'reposgen%'"


class _Watch:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def said(self, word: str) -> str:
        """Return the next line with a word in it."""
        assert self._process.stderr
        return next(line for line in self._process.stderr if word in line)

    def interrupt(self) -> int:
        """Press Ctrl-C; return the exit status."""
        self._process.send_signal(signal.SIGINT)
        return self._process.wait()


@contextlib.contextmanager
def _watching() -> Iterator[_Watch]:
    with subprocess.Popen(
        [sys.executable, "-m", "reposgen", "generate", "--watch"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        try:
            yield _Watch(process)
        finally:
            process.kill()


def test_the_development_server_is_asked(project: Path, db: Db) -> None:
    schema = next((project / "migrations").glob("*.sql"))
    schema.write_text(f"CREATE ROLE watcher;\n{schema.read_text()}")
    assert db("migrate").exit_code == 0
    url = db("url").stdout.strip()
    with psycopg.connect(url, autocommit=True) as connection:
        server = connection.execute(_BACKENDS).fetchone()
        with _watching() as watch:
            watch.said("wrote")
            watch.said("watching")
            queries = next((project / "queries").glob("*.sql"))
            queries.write_text(
                queries.read_text()
                + "\n-- name: WatchedVersion :one\nSELECT version();\n"
            )
            assert not watch.said("wrote").startswith("wrote 0 ")
            watch.said("watching")
            # The schema as it is on disk counts, not as it was applied.
            schema.write_text(f"{schema.read_text()}\nCREATE TABLE watched (id int);\n")
            watch.said("watching")
            queries.write_text(
                queries.read_text()
                + "\n-- name: WatchedIds :many\nSELECT id FROM watched;\n"
            )
            assert not watch.said("wrote").startswith("wrote 0 ")
            watch.said("watching")
            found = queries.read_text()
            queries.write_text("-- name: Wrong :one\nSELECT x;\n")
            assert "unknown-column" in watch.said("error")
            watch.said("watching")
            queries.write_text(found)
            watch.said("wrote")
            watch.said("watching")
            assert watch.interrupt() == 130
        # It goes on, with nothing left behind.
        assert connection.execute(_BACKENDS).fetchone() == server
        assert connection.execute(_DATABASES).fetchall() == []
        applied = connection.execute("SELECT to_regclass('watched')").fetchone()
        assert applied == (None,)
    assert "def watched_ids" in "".join(
        path.read_text() for path in (project / "generated").rglob("*.py")
    )


@pytest.mark.usefixtures("project")
def test_the_server_is_started(db: Db) -> None:
    assert db("status").exit_code == 1
    with _watching() as watch:
        watch.said("watching")
        assert watch.interrupt() == 130
    assert db("status").exit_code == 0


@pytest.mark.usefixtures("db")
def test_the_schema_is_applied_once(project: Path, db: Db) -> None:
    queries = next((project / "queries").glob("*.sql"))
    schema = next((project / "migrations").glob("*.sql"))
    with _watching() as watch:
        watch.said("watching")
        url = db("url").stdout.strip()
        with psycopg.connect(url, autocommit=True) as connection:
            (first,) = connection.execute(_DATABASES).fetchall()
            for number in range(2):
                added = f"\n-- name: Added{number} :one\nSELECT {number};\n"
                queries.write_text(queries.read_text() + added)
                watch.said("watching")
                assert connection.execute(_DATABASES).fetchall() == [first]
            schema.write_text(f"{schema.read_text()}\nCREATE TABLE more (id int);\n")
            watch.said("watching")
            (second,) = connection.execute(_DATABASES).fetchall()
            assert second != first
            # The database can go at any time.
            connection.execute(f'DROP DATABASE "{second[0]}" WITH (FORCE)')
            queries.write_text("-- name: More :many\nSELECT id FROM more;\n")
            watch.said("watching")
            (third,) = connection.execute(_DATABASES).fetchall()
            assert third != second
            assert watch.interrupt() == 130
            assert connection.execute(_DATABASES).fetchall() == []
    assert "def more" in "".join(
        path.read_text() for path in (project / "generated").rglob("*.py")
    )
