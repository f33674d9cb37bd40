"""Runs after the first: quicker, and the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import psycopg
import pytest

from reposgen import pipeline
from reposgen.cache.folder import cache_directory
from reposgen.cache.project import open_cache
from reposgen.cli.options import find_origin, validated
from reposgen.up_to_date import run_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

GOLDEN = Path(__file__).parent.parent / "golden"
NO_WARNINGS = (
    "-- name: CountOnceMore :one\n-- All of them.\nSELECT count(*) FROM tasks;\n"
)


@pytest.fixture
def generated(project: Path, run: Callable[..., Result]) -> Path:
    """The project, after its first run."""
    assert run("generate").exit_code == 0
    return project


@pytest.fixture
def no_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        pytest.fail("the pipeline runs")

    monkeypatch.setattr(pipeline, "analyse", refuse)


def kept_files(folder: Path) -> list[Path]:
    """What the cache holds of the project in the current folder."""
    origin = find_origin(
        config_path=folder / "codegen.toml", database_url=None, output_directory=None
    )
    project = open_cache(validated(origin)).project
    kept = cache_directory() / "generator"
    return sorted([*kept.glob(f"{project}.*"), kept / run_name(origin)])


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.mark.usefixtures("generated", "no_pipeline")
@pytest.mark.parametrize("command", ["generate", "check"])
def test_a_run_with_nothing_to_do_is_not_made(
    run: Callable[..., Result], command: str
) -> None:
    outcome = run(command)
    assert outcome.exit_code == 0
    assert "wrote 0 files" in outcome.stderr or outcome.stderr == "fresh\n"


def test_a_run_that_is_not_made_tells_its_warnings(
    project: Path, run: Callable[..., Result]
) -> None:
    queries = project / "queries" / "more.sql"
    queries.write_text("-- name: All :one\n-- É, all.\nSELECT * FROM tasks;\n")
    first, second = run("generate"), run("generate")
    assert "[may-return-many]" in first.stderr
    assert first.stderr.split("wrote")[0] == second.stderr.split("wrote")[0]


def edit_query(project: Path) -> None:
    path = project / "queries" / "tasks.sql"
    path.write_text(path.read_text() + "\n" + NO_WARNINGS)


def add_file(project: Path) -> None:
    (project / "queries" / "more.sql").write_text(NO_WARNINGS)


def add_migration(project: Path) -> None:
    (project / "migrations" / "0002.sql").write_text(
        "ALTER TABLE tasks ADD COLUMN extra text;"
    )


def change_option(project: Path) -> None:
    path = project / "codegen.toml"
    path.write_text(path.read_text() + '\nmodels = "pydantic"\n')


def edit_output(project: Path) -> None:
    (project / "generated" / "py.typed").write_text("edited")


def remove_output(project: Path) -> None:
    (project / "generated" / "py.typed").unlink()


def remove_manifest(project: Path) -> None:
    shutil.rmtree(project / "generated")


@pytest.mark.parametrize(
    "change",
    [
        edit_query,
        add_file,
        add_migration,
        change_option,
        edit_output,
        remove_output,
        remove_manifest,
    ],
)
def test_a_run_with_something_to_do_does_what_a_first_one_would(
    generated: Path, run: Callable[..., Result], change: Callable[[Path], None]
) -> None:
    change(generated)
    assert run("check").exit_code == 1
    outcome = run("generate")
    assert outcome.exit_code == 0
    assert "wrote 0 files" not in outcome.stderr
    assert "wrote 0 files" in run("generate", "--no-cache").stderr


def test_a_foreign_file_is_found(generated: Path, run: Callable[..., Result]) -> None:
    (generated / "generated" / "notes.txt").write_text("mine")
    assert "[foreign-file]" in run("generate").stderr


@pytest.mark.usefixtures("generated", "no_pipeline")
def test_without_the_cache_everything_is_done_anew(run: Callable[..., Result]) -> None:
    with pytest.raises(pytest.fail.Exception):
        run("check", "--no-cache")


@pytest.mark.parametrize("damage", [b"", b"damaged", None])
def test_a_damaged_cache_is_made_anew(
    generated: Path, run: Callable[..., Result], damage: bytes | None
) -> None:
    before = contents(generated / "generated")
    kept = kept_files(generated)
    assert len(kept) == 4
    for path in kept:
        path.write_bytes(path.read_bytes()[:-1] if damage is None else damage)
    outcome = run("generate")
    assert outcome.exit_code == 0
    assert contents(generated / "generated") == before
    assert all(path.stat().st_size > 40 for path in kept_files(generated))


def test_runs_beside_each_other_do_each_other_no_harm(
    project: Path, run: Callable[..., Result]
) -> None:
    assert run("generate", "--no-cache").exit_code == 0
    expected = contents(project / "generated")
    shutil.rmtree(project / "generated")
    command = (sys.executable, "-m", "reposgen", "generate")
    running = [subprocess.Popen(command) for _ in range(3)]  # noqa: S603 - ourselves
    assert [one.wait() for one in running] == [0, 0, 0]
    assert contents(project / "generated") == expected
    assert run("check").stderr == "fresh\n"


def test_a_database_that_is_analysed_as_it_stands_is_always_asked(
    project: Path, database: str, run: Callable[..., Result]
) -> None:
    config = project / "codegen.toml"
    config.write_text(
        f'[database]\nurl = "{database}"\n\n[[package]]\nname = "app"\n'
        'queries = "queries/more.sql"\n'
    )
    (project / "queries" / "more.sql").write_text(
        "-- name: Answer :one\n-- What the function says.\nSELECT answer();\n"
    )
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS 'SELECT 42'"
        )
        assert run("generate").exit_code == 0
        connection.execute("DROP FUNCTION answer")
        assert "[unknown-function]" in run("generate").stderr


# What is kept of each kind of thing: statements of all commands, types of all kinds,
# names that packages share, nested rows, variants, blocks.
VARIED = {
    "commands",
    "copies",
    "json_documents",
    "nesting",
    "optimistic",
    "same_names",
    "tenants",
    "types",
    "user_types",
    "variants",
}


@pytest.mark.parametrize(
    "case",
    sorted(path.parent for path in GOLDEN.glob("*/codegen.toml")),
    ids=lambda path: path.name,
)
def test_what_is_kept_changes_nothing(
    case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., Result],
    pytestconfig: pytest.Config,
) -> None:
    if case.name not in VARIED and not pytestconfig.getoption("--all"):
        pytest.skip("run with --all")
    project = tmp_path / "project"
    shutil.copytree(case, project)
    monkeypatch.chdir(project)
    # All but one of the files are then known, and none of the names may change.
    queries = sorted((project / "queries").rglob("*.sql"))
    edited = queries[0].read_text()
    queries[0].write_text(edited + NO_WARNINGS.replace("FROM tasks", ""))
    assert run("generate").exit_code == 0
    queries[0].write_text(edited)
    assert run("generate").exit_code == 0
    kept = contents(project / "generated")
    told = run("generate", "--no-cache").stderr
    assert "wrote 0 files" in told
    assert contents(project / "generated") == kept
    shutil.rmtree(project / "generated")
    assert run("generate").exit_code == 0
    assert contents(project / "generated") == kept


@pytest.mark.usefixtures("generated")
@pytest.mark.parametrize("written", ["${TABLE_NAME}", "$\\u007bTABLE_NAME}"])
def test_a_variable_of_the_configuration_is_an_input(
    project: Path,
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    written: str,
) -> None:
    config = project / "codegen.toml"
    renames = f'\n[package.rename]\n"tasks" = "{written}"\n'
    config.write_text(config.read_text() + renames)
    monkeypatch.setenv("TABLE_NAME", "Duty")
    assert run("generate").exit_code == 0
    assert run("check").exit_code == 0
    monkeypatch.setenv("TABLE_NAME", "Chore")
    assert run("check").exit_code == 1


def test_a_configuration_that_is_no_longer_valid_is_an_error(
    generated: Path, run: Callable[..., Result]
) -> None:
    config = generated / "codegen.toml"
    config.write_text(config.read_text().replace("schema", "no_such_key"))
    assert run("check").exit_code == 2
