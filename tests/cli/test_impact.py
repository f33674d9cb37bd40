"""impact and drift, by the order in which a release is to go out."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import jsonschema  # type: ignore[import-untyped] # it has no types of its own
import psycopg
import pytest

from reposgen_runtime.contract import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

SCHEMA = "CREATE TABLE tasks (id int PRIMARY KEY, title text NOT NULL, note text);\n"
QUERIES = """-- name: ListTasks :many
-- List the tasks.
SELECT id, title FROM tasks;

-- name: AddTask :exec
-- Add a task.
INSERT INTO tasks (id, title) VALUES (@id, @title);
"""
ADDED = "ALTER TABLE tasks ADD COLUMN size int;\n"
RENAMED = "ALTER TABLE tasks RENAME COLUMN title TO name;\n"


def write(folder: Path, server: str, schema: str, queries: str) -> None:
    (folder / "queries").mkdir(parents=True, exist_ok=True)
    (folder / "schema.sql").write_text(schema, encoding="utf-8")
    (folder / "queries" / "tasks.sql").write_text(queries, encoding="utf-8")
    text = f"""[database]
url = "{server}"
[[package]]
name = "app"
schema = "schema.sql"
queries = "queries"
"""
    (folder / "codegen.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def states(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: str
) -> Callable[[str, str], None]:
    """Writes the new state into the current folder; the old one is in `old`."""
    write(tmp_path / "old", server, SCHEMA, QUERIES)
    monkeypatch.chdir(tmp_path)

    def new(schema: str, queries: str = QUERIES) -> None:
        write(tmp_path, server, schema, queries)

    return new


def document(
    run: Run, *arguments: str
) -> tuple[str | None, list[tuple[str, str, str]]]:
    """The order, and of each effect the method, its kind and its direction."""
    outcome = run(*arguments, "--format", "json")
    found = json.loads(outcome.stdout)
    effects = [
        (effect["method"], effect["kind"], effect["direction"].partition(" ")[0])
        for package in found["packages"]
        for effect in package["effects"]
    ]
    assert outcome.exit_code == (1 if effects else 0)
    return found["order"], effects


def test_nothing_changed(run: Run, states: Callable[[str, str], None]) -> None:
    states(SCHEMA, QUERIES)
    assert document(run, "impact", "--against", "old") == ("any order", [])


def test_orders(run: Run, states: Callable[..., None]) -> None:
    against = ("impact", "--against", "old")
    # A nullable column that nothing reads.
    states(SCHEMA + ADDED)
    assert document(run, *against) == ("any order", [])
    # One that the new code reads.
    states(SCHEMA + ADDED, QUERIES.replace("id, title FROM", "id, title, size FROM"))
    assert document(run, *against) == (
        "migrate first",
        [("list_tasks", "breaks", "new")],
    )
    # A column that the new code no longer uses.
    states(SCHEMA.replace(", note text", ""))
    assert document(run, *against) == ("any order", [])
    states(
        SCHEMA + "ALTER TABLE tasks ALTER COLUMN title DROP NOT NULL;\n",
        QUERIES.replace("id, title FROM", "id FROM"),
    )
    assert document(run, *against) == (
        "deploy first",
        [("list_tasks", "nullability", "old")],
    )
    # A renamed one.
    states(
        SCHEMA + RENAMED, QUERIES.replace("title", "name").replace("@name", "@title")
    )
    order, effects = document(run, *against)
    assert order == "needs two steps"
    assert sorted(effects) == [
        ("add_task", "breaks", "new"),
        ("add_task", "breaks", "old"),
        ("list_tasks", "breaks", "new"),
        ("list_tasks", "breaks", "old"),
    ]


def test_a_column_that_must_be_written(run: Run, states: Callable[..., None]) -> None:
    states(
        SCHEMA + "ALTER TABLE tasks ADD COLUMN size int NOT NULL;\n",
        QUERIES.replace(
            "(id, title) VALUES (@id,", "(size, id, title) VALUES (1, @id,"
        ),
    )
    order, effects = document(run, "impact", "--against", "old")
    assert order == "needs two steps"
    assert effects == [("add_task", "breaks", "old"), ("add_task", "breaks", "new")]


def test_a_constraint_does_not_decide_the_order(
    run: Run, states: Callable[..., None]
) -> None:
    states(SCHEMA + "ALTER TABLE tasks ADD CHECK (title <> '');\n")
    order, effects = document(run, "impact", "--against", "old")
    assert order == "any order"
    assert effects == [("add_task", "errors", "old")]


def git(*arguments: str) -> None:
    command = ["git", "-c", "user.name=n", "-c", "user.email=e@x", *arguments]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - git


def test_against_a_revision_and_a_dump(run: Run, states: Callable[..., None]) -> None:
    states(SCHEMA)
    git("init", "-q")
    git("add", "schema.sql", "queries", "codegen.toml")
    git("commit", "-qm", "one")
    git("tag", "v1")
    states(
        SCHEMA + RENAMED, QUERIES.replace("title", "name").replace("@name", "@title")
    )
    by_folder = document(run, "impact", "--against", "old")
    assert document(run, "impact") == document(run, "impact", "--against", "v1")
    assert document(run, "impact") == by_folder
    # A dump has no queries: the code is that of the working tree.
    order, effects = document(run, "impact", "--against", "old/schema.sql")
    assert order is None
    assert {direction for *_, direction in effects} == {"new"}
    assert run("impact", "--against", "--output=x").exit_code == 2


SIZES = """
[package.rows]
tasks = 1_000_000
"""


def test_plans_of_a_server_that_is_not_private(
    run: Run, states: Callable[..., None], tmp_path: Path
) -> None:
    states(SCHEMA + ADDED)
    with (tmp_path / "codegen.toml").open("a", encoding="utf-8") as file:
        file.write(SIZES)
    outcome = run("impact", "--against", "old")
    assert outcome.exit_code == 0
    assert "note: queries are not planned" in outcome.stderr


def test_drift_of_a_database(
    run: Run, states: Callable[..., None], make_database: Callable[[str], str]
) -> None:
    states(SCHEMA + ADDED, QUERIES.replace("id, title FROM", "id, title, size FROM"))
    url = make_database(SCHEMA)
    outcome = run("drift", url)
    assert outcome.exit_code == 1
    assert 'column "size" does not exist' in outcome.stdout
    assert "app: 1 of 2 methods affected" in outcome.stdout
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(ADDED.encode())
    assert run("drift", url).exit_code == 0


def test_formats(run: Run, states: Callable[..., None]) -> None:
    states(
        SCHEMA + RENAMED, QUERIES.replace("title", "name").replace("@name", "@title")
    )
    against = ("impact", "--against", "old", "--format")
    markdown = run(*against, "markdown").stdout
    assert markdown.startswith("**Needs two steps**: ")
    assert "| `list_tasks` (queries/tasks.sql:3) | old code" in markdown
    assert "::error" in run(*against, "github").stdout
    sarif = json.loads(run(*against, "sarif").stdout)
    rules = {result["ruleId"] for result in sarif["runs"][0]["results"]}
    assert rules == {"impact-breaks"}


def test_the_two_steps_are_named(run: Run, states: Callable[..., None]) -> None:
    states(
        SCHEMA + RENAMED + "ALTER TABLE tasks ADD COLUMN size int NOT NULL;\n",
        QUERIES.replace("title", "name")
        .replace("@name", "@title")
        .replace("(id, name) VALUES (@id", "(size, id, name) VALUES (1, @id"),
    )
    defaults = (
        "a default for column public.tasks.name, a default for column public.tasks.size"
    )
    steps = [
        (
            "apply a migration that adds a default for column public.tasks.title,"
            " column public.tasks.name, column public.tasks.size, and keeps"
            f" {defaults}, column public.tasks.title"
        ),
        "deploy the code",
        f"apply a migration that removes {defaults}, column public.tasks.title",
    ]
    against = ("impact", "--against", "old", "--format")
    assert json.loads(run(*against, "json").stdout)["steps"] == steps
    for shape in ("text", "markdown"):
        written = run(*against, shape).stdout
        for number, step in enumerate(steps, 1):
            assert f"{number}. {step}" in written


def test_all_findings_have_one_schema(
    run: Run, states: Callable[..., None], make_database: Callable[[str], str]
) -> None:
    queries = QUERIES.replace("title", "name").replace("@name", "@title")
    states(SCHEMA + RENAMED, queries.replace("-- Add a task.\n", ""))
    schema = json.loads(run("findings-schema").stdout)
    validator = jsonschema.Draft7Validator(schema)
    validator.check_schema(schema)
    url = make_database(SCHEMA)
    for command in (
        ("impact", "--against", "old"),
        ("impact", "--against", "old/schema.sql"),
        ("drift", url),
        ("vet",),
        ("check",),
    ):
        found = json.loads(run(*command, "--format", "json").stdout)
        assert found
        validator.validate(found)
    described = json.loads(run("describe", "--format", "json").stdout)
    validator.validate(described["diagnostics"])
    broken = [
        Finding("tasks.list_tasks", kind, "a column is missing").document()
        for kind in FindingKind
    ]
    validator.validate(broken)
    assert list(validator.iter_errors([{"code": "x"}]))


def test_an_unchanged_schema_loads_little(states: Callable[..., None]) -> None:
    states(SCHEMA)
    program = (
        "import sys\n"
        "from reposgen.cli import main\n"
        "main(['impact', '--against', 'old'], standalone_mode=False)\n"
        "slow = {'black', 'jinja2', 'logfire', 'psycopg', 'rich'}\n"
        "assert not slow & sys.modules.keys(), slow & sys.modules.keys()\n"
    )
    outcome = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr
