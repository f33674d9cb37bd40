"""Several packages: what they share, and what they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

from reposgen import schemas as schema_databases
from reposgen.database import connect, scratch
from reposgen.live_schema.catalog import read_catalog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

QUERY = "-- name: GetTask :opt\n-- The task.\nSELECT * FROM tasks WHERE id = @id;\n"
PACKAGE = """
[[package]]
name = "{name}"
schema = "{schema}"
queries = "{name}.sql"
"""


def write_packages(folder: Path, schemas: dict[str, str], more: str = "") -> None:
    """Write a package for each name, with the schema of that file, in this order."""
    tables = []
    for name, schema in schemas.items():
        (folder / f"{name}.sql").write_text(QUERY)
        tables.append(PACKAGE.format(name=name, schema=schema) + more)
    (folder / "codegen.toml").write_text("".join(tables))


def test_packages_with_one_schema_share_a_database(project: Path, run: Run) -> None:
    (project / "tasks.sql").write_text("CREATE TABLE tasks (id int PRIMARY KEY);\n")
    (project / "copy.sql").write_text("CREATE TABLE tasks (id int PRIMARY KEY);\n")
    (project / "text.sql").write_text("CREATE TABLE tasks (id text PRIMARY KEY);\n")
    schemas = {"a": "tasks.sql", "b": "text.sql", "c": "tasks.sql", "d": "copy.sql"}
    write_packages(project, schemas)
    with (
        patch.object(scratch, "connect", wraps=connect) as connected,
        patch.object(schema_databases, "read_catalog", wraps=read_catalog) as read,
    ):
        outcome = run("generate", "--no-cache")
    assert outcome.exit_code == 0, outcome.stderr
    assert read.call_count == len({"tasks", "text"})
    assert connected.called
    for name, type_ in {"a": "int", "b": "str", "c": "int", "d": "int"}.items():
        written = (project / "generated" / name / f"{name}.py").read_text()
        assert f"id: {type_}" in written
    assert run("check").exit_code == 0


def test_order_of_packages_does_not_depend_on_their_schemas(
    project: Path, run: Run
) -> None:
    (project / "x.sql").write_text("CREATE TABLE tasks (id int PRIMARY KEY);\n")
    (project / "y.sql").write_text("CREATE TABLE tasks (id text PRIMARY KEY);\n")
    write_packages(project, {"a": "x.sql", "b": "y.sql", "c": "x.sql"})
    assert run("generate").exit_code == 0
    described = run("describe").stdout
    assert described.index("a.sql") < described.index("b.sql")
    assert described.index("b.sql") < described.index("c.sql")


def test_search_path_is_the_packages_own(project: Path, run: Run) -> None:
    (project / "schema.sql").write_text(
        'CREATE SCHEMA one; CREATE SCHEMA two; CREATE SCHEMA "odd, \'name";\n'
        "CREATE TABLE one.tasks (id int PRIMARY KEY);\n"
        "CREATE TABLE two.tasks (id text PRIMARY KEY);\n"
        'CREATE TABLE "odd, \'name".tasks (id uuid PRIMARY KEY);\n'
    )
    tables = []
    for name, path in {"a": "one", "b": "two", "c": "odd, 'name"}.items():
        (project / f"{name}.sql").write_text(QUERY)
        tables.append(PACKAGE.format(name=name, schema="schema.sql"))
        tables.append(f'search_path = ["{path}", "public"]\n')
    (project / "codegen.toml").write_text("".join(tables))
    for _ in range(2):  # the second time with databases that were kept
        outcome = run("generate", "--no-cache")
        assert outcome.exit_code == 0, outcome.stderr
        for name, type_ in {"a": "int", "b": "str", "c": "UUID"}.items():
            written = (project / "generated" / name / f"{name}.py").read_text()
            assert f"id: {type_}" in written


def test_search_path_holds_while_the_schema_is_applied(project: Path, run: Run) -> None:
    (project / "schema.sql").write_text(
        "CREATE SCHEMA app;\nCREATE TABLE tasks (id int PRIMARY KEY);\n"
    )
    write_packages(project, {"a": "schema.sql"}, 'search_path = "app"\n')
    (project / "a.sql").write_text(QUERY.replace("FROM tasks", "FROM app.tasks"))
    outcome = run("generate")
    assert outcome.exit_code == 0, outcome.stderr


def test_files_that_differ_in_case_only(
    project: Path, run: Callable[..., Result], server: str
) -> None:
    # Not a case of tests/diagnostics: not every disk can hold both.
    for name in ("userTasks.sql", "usertasks.sql"):
        (project / "queries" / name).write_text("-- name: A :one\nSELECT 1;\n")
    outcome = run("generate", "--database", server)
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith(
        "queries/usertasks.sql: error: queries/userTasks.sql and queries/usertasks.sql"
        " differ in case only: many disks hold one of them [file-names-alike]\n"
    )
