"""drift: which migration a database lacks, and what was changed by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest

from reposgen.contracts.schema_state import MigrationState, Record, find_state
from reposgen.live_schema.model.objects import SchemaObject
from reposgen.live_schema.objects import read_objects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

MIGRATIONS = {
    "0001_tasks": """
CREATE TYPE state AS ENUM ('open', 'done');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (first int, second text);
CREATE TYPE span AS RANGE (subtype = int);
CREATE TABLE tasks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    owner bigint, title text DEFAULT 'x', state state NOT NULL DEFAULT 'open'
);
CREATE VIEW titles AS SELECT id, title FROM tasks;
CREATE SEQUENCE numbers;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE AGGREGATE total (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
CREATE STATISTICS tasks_both ON owner, title FROM tasks;
""",
    "0002_index": """
CREATE INDEX tasks_owner_idx ON tasks (owner);
CREATE TRIGGER touched BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION touch();
CREATE POLICY own ON tasks USING (owner = 1);
CREATE RULE quiet AS ON INSERT TO titles DO INSTEAD NOTHING;
""",
    "0003_data": "UPDATE tasks SET title = 'y';",
    "0004_size": """
ALTER TABLE tasks ADD size int;
CREATE TABLE parts (k int, v text) PARTITION BY LIST (k);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
""",
}
QUERY = "-- name: ListTasks :many\n-- List.\nSELECT id, size FROM tasks;\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "tasks.sql").write_text(QUERY, encoding="utf-8")
    for name, sql in MIGRATIONS.items():
        (tmp_path / "migrations" / f"{name}.sql").write_text(sql, encoding="utf-8")
    (tmp_path / "codegen.toml").write_text(
        f'[database]\nurl = "{server}"\n[[package]]\nname = "app"\n'
        'schema = "migrations"\nqueries = "queries"\n',
        encoding="utf-8",
    )
    return tmp_path


def said(outcome: Result) -> list[str]:
    """The lines about migrations."""
    lines = outcome.stdout.splitlines()
    start = next(n for n, one in enumerate(lines) if "methods affected" in one)
    return lines[start + 1 :]


@pytest.mark.usefixtures("project")
def test_the_missing_migration(run: Run, make_database: Callable[[str], str]) -> None:
    *first, last = MIGRATIONS.values()
    url = make_database("".join(first))
    with psycopg.connect(url, autocommit=True) as link:
        # What is nobody's migration: another schema, and a tool's table.
        link.execute("CREATE SCHEMA other; CREATE TABLE other.t (id int)")
        outcome = run("drift", url)
        assert outcome.exit_code == 1
        missing = "migrations/0004_size.sql is missing"
        doubt = "it cannot be told whether migrations/0003_data.sql is applied"
        assert said(outcome) == [
            f"app: the database is at migrations/0002_index.sql; {missing}",
            f"  {doubt}: the schema does not show it",
        ]
        link.execute(
            "CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty bool);"
            "INSERT INTO schema_migrations VALUES (3, false)"
        )
        link.execute(last.encode())
        outcome = run("drift", url)
        at = "app: the database is at migrations/0004_size.sql"
        assert said(outcome) == [f"{at}, the last migration"]


def objects(*names: str) -> dict[SchemaObject, str]:
    return {SchemaObject(schema="s", kind="table", name=name): "" for name in names}


def test_a_version_table_decides_what_the_objects_leave_open() -> None:
    files = ["one", "two", "three"]
    states = [objects(), objects("a"), objects("a"), objects("a", "b")]
    state = find_state(objects("a"), states, files)
    assert (state.applied, state.unknown) == (("one",), ("two",))
    assert state.missing == ("three",)

    def with_record(*applied: str) -> MigrationState:
        record = Record(table="versions", applied=frozenset(applied))
        return find_state(objects("a"), states, files, record)

    state = with_record("one", "two")
    assert (state.applied, state.unknown) == (("one", "two"), ())
    assert (state.missing, state.record) == (("three",), "versions")
    assert with_record("one").missing == ("two", "three")
    # What the objects contradict does not count.
    assert with_record("one", "two", "three").unknown == ("two",)
    assert with_record("two").record is None
    # Undone by a later one.
    undone = [objects(), objects("a"), objects()]
    state = find_state(objects(), undone, ["one", "two"])
    assert (state.applied, state.unknown) == ((), ("one", "two"))
    # Of a database that has none of the states, the closest one, or the recorded one.
    state = find_state(objects("a", "b", "c"), states, files)
    assert state.applied == ("one", "two", "three")
    assert [one.name for one in state.differences] == ["table c"]
    record = Record(table="versions", applied=frozenset({"one"}))
    state = find_state(objects("a", "b", "c"), states, files, record)
    assert (state.applied, state.record) == (("one",), "versions")
    assert [one.name for one in state.differences] == ["table b", "table c"]


@pytest.mark.usefixtures("project")
def test_what_was_changed_by_hand(
    run: Run, make_database: Callable[[str], str]
) -> None:
    url = make_database("".join(MIGRATIONS.values()))
    with psycopg.connect(url, autocommit=True) as link:
        link.execute(
            "ALTER TABLE tasks ALTER size TYPE bigint; CREATE TABLE more (id int);"
            "DROP INDEX tasks_owner_idx;"
            "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN NEW.title := 1; RETURN NEW; END'"
        )
    lines = said(run("drift", url))
    head, *objects = lines
    assert head.startswith("app: no migration leaves the schema that the database has")
    assert head.endswith("after migrations/0004_size.sql, the closest one:")
    assert objects == [
        "  column public.tasks.size is bigint, the migrations say integer",
        "  function public.touch() has another definition",
        "  index public.tasks_owner_idx does not exist",
        "  table public.more is not made by these migrations",
    ]
    found = json.loads(run("drift", url, "--format", "json").stdout)
    state = found["packages"][0]["migrations"]
    assert state["applied"] == [f"migrations/{name}.sql" for name in MIGRATIONS]
    assert state["differences"][0] == {
        "object": "column public.tasks.size",
        "database": "bigint",
        "migrations": "integer",
    }


CHANGES = [
    "ALTER TYPE state ADD VALUE 'late'",
    "ALTER DOMAIN positive SET NOT NULL",
    "ALTER TYPE pair ADD ATTRIBUTE third int",
    "ALTER TABLE tasks ALTER title SET DEFAULT 'z'",
    "ALTER TABLE tasks ALTER owner SET NOT NULL",
    'ALTER TABLE parts ALTER v TYPE text COLLATE "C"',
    "ALTER TABLE tasks ALTER id SET GENERATED BY DEFAULT",
    "ALTER TABLE tasks ADD CONSTRAINT short CHECK (length(title) < 9) NOT VALID",
    "ALTER TABLE tasks ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE tasks DISABLE TRIGGER touched",
    "ALTER POLICY own ON tasks USING (owner = 2)",
    "CREATE OR REPLACE VIEW titles AS SELECT id, 'a' || title AS title FROM tasks",
    "ALTER VIEW titles SET (security_barrier)",
    "ALTER SEQUENCE numbers INCREMENT 2",
    "ALTER TABLE parts DETACH PARTITION parts_1",
    "DROP STATISTICS tasks_both",
    "DROP AGGREGATE total (int)",
    "DROP RULE quiet ON titles",
    "CREATE PROCEDURE go() LANGUAGE sql AS 'SELECT 1'",
]


def test_every_kind_of_change_is_seen(
    make_database: Callable[[str], str],
) -> None:
    url = make_database("".join(MIGRATIONS.values()))
    with psycopg.connect(url, autocommit=True) as link:
        before = read_objects(link)
        for change in CHANGES:
            with link.transaction(force_rollback=True):
                link.execute(change.encode())
                assert read_objects(link) != before, change
        assert read_objects(link) == before
