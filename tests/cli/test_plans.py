"""plans and check --plans: which plans changed, and what changed them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

CONFIG = """
[[package]]
name = "app"
schema = "migrations"
queries = "queries"

[package.rows]
tasks = 1_000_000
"""
QUERIES = """
-- name: GetTask :opt
-- One task.
SELECT * FROM tasks WHERE id = @id;

-- name: ListTasks :many
-- Some tasks.
SELECT * FROM tasks WHERE owner = @owner;
"""
CHANGED = re.compile(r"warning: the plan of (\w+) changed by (.*) \[plan-changed\]")


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:
    """A project that keeps its plans, as the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "codegen.toml").write_text(CONFIG)
    (tmp_path / "migrations").mkdir()
    (tmp_path / "queries").mkdir()
    migrate(
        tmp_path,
        "0001_tasks",
        "CREATE TABLE tasks (id bigint PRIMARY KEY, owner bigint, title text);"
        "CREATE INDEX tasks_owner_idx ON tasks (owner);",
    )
    (tmp_path / "queries" / "tasks.sql").write_text(QUERIES)
    assert run("plans").exit_code == 0
    return tmp_path


def migrate(project: Path, name: str, sql: str) -> None:
    (project / "migrations" / f"{name}.sql").write_text(sql)


def causes(outcome: Result) -> dict[str, str]:
    """What changed the plan of each query."""
    assert outcome.exit_code == 1, outcome.output
    return dict(CHANGED.findall(outcome.stderr))


def test_the_migration_that_changed_a_plan_is_named(kept: Path, run: Run) -> None:
    """A star and a column that is new do not hide it."""
    migrate(kept, "0002_size", "ALTER TABLE tasks ADD COLUMN size int;")
    migrate(kept, "0003_owner", "DROP INDEX tasks_owner_idx;")
    migrate(kept, "0004_state", "ALTER TABLE tasks ADD COLUMN state int;")
    assert causes(run("plans", "--check")) == {"ListTasks": "migrations/0003_owner.sql"}


def test_a_query_and_an_edited_migration_are_causes(kept: Path, run: Run) -> None:
    """A query even if there is a new migration."""
    migrate(kept, "0002_size", "ALTER TABLE tasks ADD COLUMN size int;")
    path = kept / "queries" / "tasks.sql"
    path.write_text(QUERIES.replace("owner = @owner", "title = @title"))
    assert causes(run("plans", "--check")) == {"ListTasks": "the query"}
    path.write_text(QUERIES)
    migrate(
        kept,
        "0001_tasks",
        "CREATE TABLE tasks (id bigint PRIMARY KEY, owner bigint, title text);",
    )
    assert causes(run("plans", "--check")) == {"ListTasks": "migrations/0001_tasks.sql"}


def test_sizes_and_the_server_are_causes(kept: Path, run: Run) -> None:
    (kept / "codegen.toml").write_text(CONFIG.replace("1_000_000", "10"))
    lock = kept / "plans" / "app" / "lock.toml"
    version = re.search(r"server = (\d+)", lock.read_text())
    assert version is not None
    lock.write_text(lock.read_text().replace(version[0], "server = 15"))
    assert causes(run("plans", "--check")) == dict.fromkeys(
        ("GetTask", "ListTasks"),
        f"PostgreSQL {version[1]} in place of 15 or the sizes of tables",
    )


def test_check_tells_of_code_and_plans(kept: Path, run: Run) -> None:
    assert run("generate").exit_code == 0
    assert run("check", "--plans").exit_code == 0
    migrate(kept, "0002_owner", "DROP INDEX tasks_owner_idx;")
    assert run("check").exit_code == 0
    assert causes(run("check", "--plans")) == {"ListTasks": "migrations/0002_owner.sql"}
    outcome = run("check", "--plans", "--format", "github")
    assert "::warning title=plan-changed,file=queries/tasks.sql" in outcome.stdout


def test_plans_of_a_file_that_is_gone_are_removed(kept: Path, run: Run) -> None:
    queries = kept / "queries"
    (queries / "tasks.sql").rename(queries / "work.sql")
    notes = kept / "plans" / "app" / "notes.txt"
    notes.write_text("mine")
    outcome = run("plans", "--check")
    assert outcome.exit_code == 1
    assert outcome.stderr.count("[plan-leftover]") == 2
    assert run("plans").exit_code == 0
    assert "wrote 0 files" in run("plans").stderr
    assert "cost" not in (notes.parent / "work.txt").read_text()
    names = sorted(path.name for path in notes.parent.iterdir())
    assert names == ["lock.toml", "notes.txt", "work.txt"]
