"""describe, why, vet: what they say about known queries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

DIAGNOSTIC = {"severity", "file", "line", "column", "code", "message", "hint"}


@pytest.mark.usefixtures("project")
def test_document(run: Run) -> None:
    outcome = run("describe", "--format", "json")
    assert outcome.exit_code == 0, outcome.stderr
    found = json.loads(outcome.stdout)
    assert found.keys() == {"packages", "diagnostics"}
    (package,) = found["packages"]
    assert package.keys() == {
        *("name", "queries", "enums", "composites", "domains", "models")
    }
    assert package["name"] == "app"
    queries = {query["name"]: query for query in package["queries"]}
    get_task = queries["GetTask"]
    sql = get_task.pop("sql")
    assert sql.startswith("SELECT id, title, status, note, created_at FROM tasks")
    assert sql.endswith("WHERE id = $1")
    columns = {column["name"]: column for column in get_task.pop("columns")}
    assert list(columns) == ["id", "title", "status", "note", "created_at"]
    assert columns["note"]["nullable"] is True
    assert columns["note"]["python"] == "str | None"
    why = columns["title"].pop("why")
    assert why
    assert columns["title"] == {
        "name": "title",
        "type": "text",
        "python": "str",
        "nullable": False,
        "table": "public.tasks",
        "column": "title",
    }
    for fact in ("cardinality", "reads", "read_only", "raises", "diagnostics"):
        del get_task[fact]
    assert get_task.pop("unknown_reads") == get_task.pop("unknown_writes") == []
    assert get_task.pop("caching") is None
    assert get_task.pop("tenant") is None
    assert get_task.pop("locks") == [
        {"table": "public.tasks", "mode": "ACCESS SHARE", "always": True}
    ]
    assert get_task.pop("row_locks") == []
    assert get_task == {
        "name": "GetTask",
        "method": "get_task",
        "command": "one",
        "file": "queries/tasks.sql",
        "line": 7,
        "doc": "Return one task.",
        "parameters": [
            {
                "name": "id",
                "type": "bigint",
                "python": "int",
                "nullable": False,
                "optional": False,
            }
        ],
        "row": "Task",
        "writes": [],
    }
    assert queries["CountTasks"]["row"] == "CountTasksRow"
    assert queries["FinishTask"]["row"] is None
    assert queries["FinishTask"]["columns"] == []
    assert [enum["labels"] for enum in package["enums"]] == [["open", "done"]]
    assert [model["name"] for model in package["models"]] == ["Task"]


def test_an_embed_and_a_scalar(project: Path, run: Run) -> None:
    (project / "queries" / "more.sql").write_text(
        "-- name: Pairs :many\n-- Pairs.\n"
        "SELECT sqlc.embed(a), b.title AS other FROM tasks a\n"
        "JOIN tasks b ON b.id = a.id + 1;\n\n"
        "-- name: Titles :many\n-- Titles.\nSELECT title FROM tasks;\n"
    )
    outcome = run("describe", "--format", "json")
    assert outcome.exit_code == 0, outcome.stderr
    (package,) = json.loads(outcome.stdout)["packages"]
    queries = {query["name"]: query for query in package["queries"]}
    embed, other = queries["Pairs"]["columns"]
    assert embed["name"] == "a"
    assert embed["embed"] == "public.tasks"
    assert embed["nullable"] is False
    assert embed["python"] == "Task"
    assert [column["name"] for column in embed["columns"]][:2] == ["id", "title"]
    assert other["python"] == "str"
    assert queries["Titles"]["row"] is None
    assert queries["Titles"]["columns"][0]["python"] == "str"


def test_with_errors_the_others_are_described(project: Path, run: Run) -> None:
    (project / "queries" / "wrong.sql").write_text(
        "-- name: Wrong :many\n-- Wrong.\nSELECT titel FROM tasks;\n"
    )
    outcome = run("describe", "--format", "json")
    assert outcome.exit_code == 2
    found = json.loads(outcome.stdout)
    assert len(found["packages"][0]["queries"]) == 5
    (diagnostic,) = [d for d in found["diagnostics"] if d["severity"] == "error"]
    assert diagnostic.keys() == DIAGNOSTIC
    assert diagnostic["file"] == "queries/wrong.sql"
    assert (diagnostic["line"], diagnostic["column"]) == (3, 8)
    assert diagnostic["code"] == "unknown-column"
    assert "queries/wrong.sql:3:8" in outcome.stderr


@pytest.mark.usefixtures("project")
def test_as_text(run: Run) -> None:
    outcome = run("describe")
    assert outcome.exit_code == 0
    assert "app: queries/tasks.sql\n" in outcome.stdout
    assert "    → note: text or null" in outcome.stdout
    assert "    locks public.tasks ROW EXCLUSIVE\n" in outcome.stdout
    assert "rows, in order: public.tasks FOR NO KEY UPDATE (one row)" in outcome.stdout


@pytest.mark.usefixtures("project")
def test_why(run: Run) -> None:
    for name in ("ListTasks.note", "list_tasks.note"):
        outcome = run("why", name)
        assert outcome.exit_code == 0
        assert outcome.stdout.startswith("ListTasks.note: text, can be null\n")
    outcome = run("why", "ListTasks.titel")
    assert outcome.exit_code == 2
    assert "did you mean title?" in outcome.stderr
    outcome = run("why", "ListTask.title")
    assert outcome.exit_code == 2
    assert "did you mean ListTasks?" in outcome.stderr


def test_queries_of_one_name(project: Path, run: Run) -> None:
    (project / "queries" / "other.sql").write_text(
        "-- name: GetTask :many\n-- Others.\nSELECT 1 AS title, 2 AS two;\n"
    )
    outcome = run("why", "GetTask.title")
    assert outcome.exit_code == 2
    assert "in queries/other.sql, queries/tasks.sql" in outcome.stderr
    assert "other.GetTask.title" in outcome.stderr
    assert run("why", "tasks.GetTask.title").stdout.startswith("GetTask.title: text")
    assert run("why", "other.get_task.two").stdout.startswith("GetTask.two: integer")
    (package,) = json.loads(run("describe", "--format", "json").stdout)["packages"]
    rows = {q["file"]: q["row"] for q in package["queries"] if q["name"] == "GetTask"}
    assert rows == {
        "queries/tasks.sql": "Task",
        "queries/other.sql": "GetTaskRow",
    }


def test_vet(project: Path, run: Run) -> None:
    (project / "queries" / "tasks.sql").write_text(
        "-- name: Nothing :one\nSELECT 1;\n\n"
        "SELECT 'a statement without a name is skipped';\n"
    )
    found = json.loads(run("vet", "--format", "json").stdout)
    assert {one["severity"] for one in found} == {"warning"}
    assert "missing-doc" in {one["code"] for one in found}
    text = run("vet")
    assert text.exit_code == 1
    assert "queries/tasks.sql:4:1: warning: " in text.stdout
    github = run("vet", "--format", "github").stdout
    assert len(github.splitlines()) == len(found)
    assert github.startswith("::warning title=")
    sarif = json.loads(run("vet", "--format", "sarif").stdout)
    assert sarif["version"] == "2.1.0"
    results = sarif["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == [one["code"] for one in found]
    place = results[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "queries/tasks.sql"
    assert place["region"]["startLine"] == found[0]["line"]
    (project / "queries" / "tasks.sql").write_text("SELEC;\n")
    assert run("vet").exit_code == 2
