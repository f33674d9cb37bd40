"""Modes of locks, observed of statements and compared with the server's own rules."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

import psycopg
import pytest

from reposgen.live_schema.lock_watch import watch, watched_tables
from reposgen.live_schema.locks import read_locks, read_statement_locks
from reposgen.live_schema.model import Statement
from reposgen.live_schema.model.locks import LockMode, RowLock

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = """
CREATE TABLE tasks (id int PRIMARY KEY, title text);
CREATE INDEX tasks_title_idx ON tasks (title);
CREATE TABLE other (id int);
CREATE MATERIALIZED VIEW titles AS SELECT title FROM tasks;
INSERT INTO tasks VALUES (1, 'a');
"""


def test_modes_conflict_as_the_server_says(
    shared_database: Callable[[str], str],
) -> None:
    url = shared_database(SCHEMA)
    with (
        psycopg.connect(url) as one,
        psycopg.connect(url) as other,
    ):
        for held, wanted in product(LockMode, repeat=2):
            one.execute(f"LOCK TABLE tasks IN {held.sql} MODE".encode())
            try:
                other.execute(f"LOCK TABLE tasks IN {wanted.sql} MODE NOWAIT".encode())
                refused = False
            except psycopg.errors.LockNotAvailable:
                refused = True
            one.rollback()
            other.rollback()
            assert held.conflicts(wanted) is refused, (held, wanted)


def test_rows_conflict_as_the_server_says(
    shared_database: Callable[[str], str],
) -> None:
    url = shared_database(SCHEMA)
    with (
        psycopg.connect(url) as one,
        psycopg.connect(url) as other,
    ):
        for held, wanted in product(RowLock, repeat=2):
            one.execute(f"SELECT FROM tasks {held.sql}".encode())
            try:
                other.execute(f"SELECT FROM tasks {wanted.sql} NOWAIT".encode())
                refused = False
            except psycopg.errors.LockNotAvailable:
                refused = True
            one.rollback()
            other.rollback()
            assert held.conflicts(wanted) is refused, (held, wanted)


def test_locks_of_statements(shared_database: Callable[[str], str]) -> None:
    with psycopg.connect(shared_database(SCHEMA), autocommit=True) as link:
        names = {r.oid: r.name for r in read_locks(link).relations.values()}
        read, write, locked, wrong = read_statement_locks(
            link,
            [
                Statement(
                    sql="SELECT title FROM tasks WHERE id = $1", parameter_oids=(23,)
                ),
                Statement(sql="UPDATE tasks SET title = $1", parameter_oids=(25,)),
                Statement(sql="SELECT FROM tasks FOR UPDATE"),
                Statement(sql="SELECT nothing FROM tasks"),
            ],
        )
    assert isinstance(read, dict)
    assert isinstance(write, dict)
    assert isinstance(locked, dict)
    assert {names[oid] for oid in read} == {"tasks", "tasks_pkey", "tasks_title_idx"}
    assert {mode for modes in read.values() for mode in modes} == {
        LockMode.ACCESS_SHARE
    }
    assert {m for modes in write.values() for m in modes} == {LockMode.ROW_EXCLUSIVE}
    assert {m for modes in locked.values() for m in modes} == {LockMode.ROW_SHARE}
    assert wrong == 'column "nothing" does not exist'


@pytest.mark.parametrize(
    ("statement", "mode"),
    [
        ("CREATE INDEX CONCURRENTLY later ON tasks (title)", "SHARE UPDATE EXCLUSIVE"),
        ("DROP INDEX CONCURRENTLY tasks_title_idx", "SHARE UPDATE EXCLUSIVE"),
        ("REINDEX TABLE CONCURRENTLY tasks", "SHARE UPDATE EXCLUSIVE"),
        ("VACUUM tasks", "SHARE UPDATE EXCLUSIVE"),
        ("VACUUM (FULL) tasks", "ACCESS EXCLUSIVE"),
        ("VACUUM FULL", "ACCESS EXCLUSIVE"),
    ],
)
def test_locks_outside_of_transactions(
    statement: str, mode: str, make_database: Callable[[str], str]
) -> None:
    """What a statement asks for while other sessions are in its way."""
    connect = partial(psycopg.connect, make_database(SCHEMA), autocommit=True)
    with connect() as link:
        relations = read_locks(link).relations
        tables = watched_tables(statement, [*relations.values()])
        assert tables
        _, modes = watch(
            link, connect, tables, partial(link.execute, statement.encode())
        )
    (tasks,) = [one.oid for one in relations.values() if one.name == "tasks"]
    assert max(modes[tasks]).sql == mode
    others = {relations[oid].name for oid in modes if oid in relations}
    assert ("other" in others) is (statement == "VACUUM FULL")


def test_other_statements_are_not_watched() -> None:
    assert watched_tables("ALTER TABLE a DETACH PARTITION b CONCURRENTLY", []) is None
