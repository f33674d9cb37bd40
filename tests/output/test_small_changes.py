"""What a package consists of, and how little of it a change of the schema changes."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import pytest

from reposgen.config import Overrides, load_config
from reposgen.pipeline import analyse, output_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG = '[[package]]\nname = "app"\nschema = "schema.sql"\nqueries = "queries"\n'
SCHEMA = """\
CREATE TABLE tasks (
    id bigint PRIMARY KEY,
    title text NOT NULL UNIQUE,
    done boolean NOT NULL DEFAULT false
);
"""
# Those of a plain repository.
CRUD = """\
-- name: GetTask :one
SELECT * FROM tasks WHERE id = @id;

-- name: ListTasks :many
SELECT * FROM tasks ORDER BY id;

-- name: CreateTask :one
INSERT INTO tasks (id, title) VALUES (@id, @title) RETURNING *;

-- name: RetitleTask :one
UPDATE tasks SET title = @title WHERE id = @id RETURNING *;

-- name: DeleteTask :execrows
DELETE FROM tasks WHERE id = @id;
"""
# More of them: twenty, and all that can return a whole row.
MORE = """
-- name: FindTask :opt
SELECT * FROM tasks WHERE title = @title;

-- name: StreamTasks :stream
SELECT * FROM tasks;

-- name: PageTasks :page
-- @optional done
SELECT * FROM tasks WHERE done = @done ORDER BY title DESC, id;

-- name: SortTasks :many
-- @sort title, id
SELECT * FROM tasks ORDER BY id;

-- name: GetEach :batchone
SELECT * FROM tasks WHERE id = @id;

-- name: ListEach :batchmany
SELECT * FROM tasks WHERE id > @id;

-- name: LockTask :one
SELECT * FROM tasks WHERE id = @id FOR UPDATE;

-- name: UpsertTasks :copyfrom
INSERT INTO tasks (id, title) VALUES (@id, @title)
ON CONFLICT (id) DO UPDATE SET title = excluded.title RETURNING *;

-- name: FinishTask :one
-- @optional title
UPDATE tasks SET done = true, title = @title WHERE id = @id RETURNING *;

-- name: DropTask :one
DELETE FROM tasks WHERE id = @id RETURNING *;

-- name: CountTasks :one
SELECT count(*) FROM tasks;

-- name: Titles :many
SELECT id, title FROM tasks;

-- name: FillTasks :copyfrom
INSERT INTO tasks (id, title) VALUES (@id, @title);

-- name: FinishAll :exec
UPDATE tasks SET done = true WHERE NOT done;

-- name: DeleteEach :batchexec
DELETE FROM tasks WHERE id = @id;
"""


def generated(folder: Path, server: str, schema: str, queries: str) -> dict[str, str]:
    """The files of the output directory but the manifest."""
    (folder / "queries").mkdir(exist_ok=True)
    (folder / "codegen.toml").write_text(CONFIG)
    (folder / "schema.sql").write_text(schema)
    (folder / "queries" / "tasks.sql").write_text(queries)
    overrides = Overrides(database_url=server)
    config = load_config(folder / "codegen.toml", environ={}, overrides=overrides)
    project = analyse(config, (), lambda _: None)
    assert not project.has_errors, [d.render() for d in project.diagnostics]
    return dict(output_files(project))


def hunks(before: str, after: str) -> list[tuple[range, range]]:
    """The stretches of lines that differ, in both texts."""
    old, new = before.splitlines(), after.splitlines()
    return [
        (range(i, j), range(k, m))
        for tag, i, j, k, m in SequenceMatcher(None, old, new, False).get_opcodes()
        if tag != "equal"
    ]


def lines_of_sql(text: str) -> set[int]:
    """The numbers of the lines that stand in a multi-line string."""
    return {
        line
        for found in re.finditer(r'""".*?"""', text, re.DOTALL)
        for line in range(
            text.count("\n", 0, found.start()), text.count("\n", 0, found.end()) + 1
        )
    }


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {path for path in before.keys() | after if before[path] != after[path]}


def test_a_plain_package_has_eight_files(tmp_path: Path, server: str) -> None:
    files = generated(tmp_path, server, SCHEMA, CRUD)
    assert sorted(files) == [
        "__init__.py",
        "app/__init__.py",
        "app/errors.py",
        "app/models.py",
        "app/sync/__init__.py",
        "app/sync/tasks.py",
        "app/tasks.py",
        "py.typed",
    ]  # and manifest.toml


OTHERS = """\
CREATE TABLE notes (
    id bigint PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES tasks,
    body text CONSTRAINT body_is_short CHECK (length(body) < 100)
);
CREATE DOMAIN percent AS int CONSTRAINT is_percent CHECK (VALUE BETWEEN 0 AND 100);
CREATE TABLE goals (id bigint PRIMARY KEY, reached percent);
CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO goals VALUES (1, 1000); RETURN NULL; END';
"""
TRIGGER = "CREATE TRIGGER log AFTER DELETE ON tasks EXECUTE FUNCTION log();"
OF_TASKS = ["TasksPkeyViolation", "TasksTitleKeyViolation"]
EVERY = [
    "GoalsPkeyViolation",
    "BodyIsShortViolation",
    "NotesPkeyViolation",
    "NotesTaskIdFkeyViolation",
    *OF_TASKS,
    "IsPercentViolation",
]


@pytest.mark.parametrize(
    ("schema", "queries", "classes"),
    [
        ("", "SELECT * FROM tasks", []),
        ("", "UPDATE tasks SET done = true", OF_TASKS),
        # What refers to it can refuse this one.
        (
            "",
            "DELETE FROM tasks",
            ["NotesTaskIdFkeyViolation", *OF_TASKS],
        ),
        ("", "SELECT @percent::percent", ["IsPercentViolation"]),
        (
            "",
            "INSERT INTO goals VALUES (1, @reached)",
            ["GoalsPkeyViolation", "IsPercentViolation"],
        ),
        (
            "",
            "WITH gone AS (DELETE FROM notes RETURNING id) SELECT id FROM gone",
            ["BodyIsShortViolation", "NotesPkeyViolation", "NotesTaskIdFkeyViolation"],
        ),
        # Nobody can tell what the function does.
        (TRIGGER, "DELETE FROM tasks", EVERY),
    ],
)
def test_errors_of_what_is_written(
    tmp_path: Path, server: str, schema: str, queries: str, classes: list[str]
) -> None:
    command = ":many" if "SELECT" in queries else ":exec"
    named = f"-- name: Do {command}\n{queries};\n"
    files = generated(tmp_path, server, SCHEMA + OTHERS + schema, named)
    errors = files.get("app/errors.py", "")
    assert re.findall(r"^class (\w+)", errors, re.MULTILINE) == classes


def test_a_column_changes_the_model_its_types_and_sql(
    tmp_path: Path, server: str
) -> None:
    queries = CRUD + MORE
    assert queries.count("-- name:") == 20
    before = generated(tmp_path, server, SCHEMA, queries)
    added = f"{SCHEMA}ALTER TABLE tasks ADD COLUMN note text;\n"
    after = generated(tmp_path, server, added, queries)
    assert changed(before, after) == {"app/models.py", "app/tasks.py"}
    models = "app/models.py"
    # The attribute, and the type.
    assert len(hunks(before[models], after[models])) == 2
    tasks = "app/tasks.py"
    found = hunks(before[tasks], after[tasks])
    assert len(found) == len(
        re.findall(r"^(?:SELECT|.*RETURNING) \*", queries, re.MULTILINE)
    )
    inside = lines_of_sql(after[tasks])
    assert all(line in inside for _, new in found for line in new)
