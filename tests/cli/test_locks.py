"""locks: its formats, what it compares, and squawk's rules."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import jsonschema  # type: ignore[import-untyped] # it has no types of its own
import pytest

from reposgen.squawk import find_squawk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

SCHEMA = "CREATE TABLE tasks (id int PRIMARY KEY, title text NOT NULL);\n"
QUERIES = """-- name: ListTasks :many
SELECT id, title FROM tasks;

-- name: AddTask :exec
INSERT INTO tasks (id, title) VALUES (@id, @title);
"""
ADDED = "ALTER TABLE tasks ADD COLUMN size int;\n"
INDEXED = "CREATE INDEX ON tasks (title);\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str) -> Path:
    """A project in git, with its first migration committed."""
    (tmp_path / "queries").mkdir()
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/0001_tasks.sql").write_text(SCHEMA, encoding="utf-8")
    (tmp_path / "queries/tasks.sql").write_text(QUERIES, encoding="utf-8")
    (tmp_path / "codegen.toml").write_text(
        f'[database]\nurl = "{server}"\n[[package]]\nname = "app"\n'
        'schema = "migrations"\nqueries = "queries"\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", *arguments], check=True)  # noqa: S603, S607 - git alone
    return tmp_path


def migrate(project: Path, name: str, text: str) -> None:
    (project / "migrations" / name).write_text(text, encoding="utf-8")


def test_nothing_new(run: Run, project: Path) -> None:
    del project
    outcome = run("locks")
    assert (outcome.stdout, outcome.exit_code) == ("no new migrations\n", 0)


def test_findings_are_those_of_the_schema(run: Run, project: Path) -> None:
    migrate(project, "0002_size.sql", ADDED + INDEXED)
    outcome = run("locks", "--no-squawk", "--format", "json")
    found = json.loads(outcome.stdout)
    schema = json.loads(run("findings-schema").stdout)
    jsonschema.validate(found, schema)
    assert outcome.exit_code == 1
    (added,) = found
    assert (added["code"], added["table"]) == ("lock-held", "public.tasks")
    assert (added["mode"], added["until"]) == (
        "ACCESS EXCLUSIVE",
        "until the end of its transaction",
    )
    assert added["waiting"] == ["app.tasks.list_tasks", "app.tasks.add_task"]
    assert added["can_wait"] == []
    assert "line 2 scans tasks" in added["message"]


def test_other_formats(run: Run, project: Path) -> None:
    migrate(project, "0002_size.sql", INDEXED)
    github = run("locks", "--no-squawk", "--format", "github").stdout
    assert github.startswith("::warning title=lock-held,file=migrations/0002_size.sql")
    sarif = json.loads(run("locks", "--no-squawk", "--format", "sarif").stdout)
    assert [one["ruleId"] for one in sarif["runs"][0]["results"]] == ["lock-held"]
    markdown = run("locks", "--no-squawk", "--format", "markdown").stdout
    assert "1 migration judged with 2 methods: 1 finding" in markdown
    assert "| `migrations/0002_size.sql:1` | warning `lock-held` |" in markdown


def test_the_code_is_that_which_is_deployed(run: Run, project: Path) -> None:
    """A query that is new as well does not run while the migration is applied."""
    migrate(project, "0002_size.sql", ADDED)
    queries = project / "queries/tasks.sql"
    more = "\n-- name: Sizes :many\nSELECT size FROM tasks;\n"
    queries.write_text(QUERIES + more, encoding="utf-8")
    (found,) = json.loads(run("locks", "--no-squawk", "--format", "json").stdout)
    assert len(found["waiting"]) == 2
    named = run("locks", "migrations/0002_size.sql", "--no-squawk", "--format", "json")
    assert json.loads(named.stdout) == [found]
    assert "1 of 3 queries of app do not run" in named.stderr


def test_severity_and_rows(run: Run, project: Path) -> None:
    migrate(project, "0002_size.sql", INDEXED)
    config = project / "codegen.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(f"{text}[package.rows]\ntasks = 10\n", encoding="utf-8")
    command = ("locks", "--against", ".", "migrations/0002_size.sql", "--no-squawk")
    small = run(*command)
    assert small.exit_code == 0
    assert "note: CREATE INDEX ON tasks (title) takes SHARE" in small.stdout
    rule = '[package.vet]\nlock-held = { rows = 5, severity = "error" }\n'
    config.write_text(f"{text}{rule}[package.rows]\ntasks = 10\n", encoding="utf-8")
    assert "error: CREATE INDEX ON tasks" in run(*command).stdout
    config.write_text(f'{text}[package.vet]\nlock-held = "off"\n', encoding="utf-8")
    assert "CREATE INDEX" not in run(*command).stdout


def test_later_migrations_meet_the_earlier_ones(run: Run, project: Path) -> None:
    migrate(project, "0002_new.sql", "CREATE TABLE notes (task int);\n")
    migrate(
        project,
        "0003_refer.sql",
        "ALTER TABLE notes ADD FOREIGN KEY (task) REFERENCES tasks;\n",
    )
    found = json.loads(run("locks", "--no-squawk", "--format", "json").stdout)
    assert [(one["file"], one["table"], one["mode"]) for one in found] == [
        ("migrations/0003_refer.sql", "public.tasks", "SHARE ROW EXCLUSIVE")
    ]
    assert found[0]["waiting"] == ["app.tasks.add_task"]


def test_passwords_are_not_shown(run: Run, project: Path) -> None:
    text = "LOCK TABLE tasks; SELECT 'password hunter2';\n"
    migrate(project, "0002_secret.sql", text)
    outcome = run("locks", "--no-squawk")
    assert "LOCK TABLE tasks takes ACCESS EXCLUSIVE" in outcome.stdout
    assert "hunter2" not in outcome.output


@pytest.mark.skipif(find_squawk() is None, reason="squawk is not installed")
def test_general_rules(run: Run, project: Path) -> None:
    text = """-- é, of two bytes
-- @vet-ignore squawk-require-lock-timeout the tool sets it
-- @vet-ignore squawk-require-statement-timeout likewise
ALTER TABLE tasks ADD COLUMN "größe" int;
"""
    migrate(project, "0002_size.sql", text)
    found = json.loads(run("locks", "--format", "json").stdout)
    jsonschema.validate(found, json.loads(run("findings-schema").stdout))
    rules = [(one["code"], one["line"], one["column"]) for one in found]
    assert ("squawk-prefer-bigint-over-int", 4, 38) in rules
    assert not {one for one, *_ in rules if one.endswith("timeout")}
    assert "needless-vet-ignore" not in {one for one, *_ in rules}


def test_without_squawk_a_note_says_so(
    run: Run, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reposgen.cli.locks.find_squawk", lambda: None)
    migrate(project, "0002_size.sql", ADDED)
    outcome = run("locks")
    assert "[squawk-missing]" in outcome.stderr
    assert outcome.exit_code == 0
