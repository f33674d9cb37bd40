"""generate and check: what is written, what is said, and the exit status."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import pytest
    from click.testing import Result

    Run = Callable[..., Result]

SUMMARY = re.compile(
    r"^wrote (\d+) files?, (\d+) unchanged(?:, removed (\d+))? in [\d.]+ s$",
    re.MULTILINE,
)


def counts(outcome: Result) -> tuple[int, int, int]:
    found = SUMMARY.search(outcome.stderr)
    assert found, outcome.stderr
    return int(found[1]), int(found[2]), int(found[3] or 0)


def texts(project: Path) -> Mapping[str, bytes]:
    generated = project / "generated"
    return {
        path.relative_to(generated).as_posix(): path.read_bytes()
        for path in generated.rglob("*")
        if path.is_file()
    }


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_writes_once_and_then_nothing(project: Path, run: Run) -> None:
    first = run("generate")
    assert first.exit_code == 0, first.stderr
    assert first.stdout == ""
    written = texts(project)
    assert counts(first) == (len(written), 0, 0)
    assert "app/tasks.py" in written
    second = run("generate")
    assert counts(second) == (0, len(written), 0)
    assert texts(project) == written
    assert run("check").exit_code == 0


def test_a_change_of_one_file(project: Path, run: Run) -> None:
    run("generate")
    before = texts(project)
    (project / "queries" / "tasks.sql").rename(project / "queries" / "jobs.sql")
    outcome = run("generate")
    after = texts(project)
    assert "app/jobs.py" in after
    assert "app/tasks.py" not in after
    written, unchanged, removed = counts(outcome)
    assert removed == len(before.keys() - after.keys()) == 2
    assert written + unchanged == len(after)


def test_stale(project: Path, run: Run) -> None:
    run("generate")
    before = texts(project)
    edit(project / "queries" / "tasks.sql", "Return one task.", "Return a task.")
    for arguments in (("check",), ("generate", "--check", "--diff")):
        outcome = run(*arguments)
        assert outcome.exit_code == 1
        assert "-        Return one task." in outcome.stdout or (
            '-        """Return one task.' in outcome.stdout
        )
        assert "generated/app/tasks.py: out of date" in outcome.stderr
        assert "reposgen generate" in outcome.stderr
    only_diff = run("generate", "--diff")
    assert only_diff.exit_code == 0
    assert "+++ generated/app/tasks.py" in only_diff.stdout
    only_check = run("generate", "--check")
    assert only_check.exit_code == 1
    assert only_check.stdout == ""
    assert texts(project) == before


def test_errors_keep_the_old_package(project: Path, run: Run) -> None:
    run("generate")
    before = texts(project)
    edit(project / "queries" / "tasks.sql", "SELECT * FROM tasks WHERE id", "SELEC")
    for arguments in (("generate",), ("generate", "--check"), ("check",)):
        outcome = run(*arguments)
        assert outcome.exit_code == 2
        assert "[syntax-error]" in outcome.stderr
        assert outcome.stdout == ""
    assert texts(project) == before


def test_errors_as_annotations(project: Path, run: Run) -> None:
    edit(project / "queries" / "tasks.sql", "SELECT * FROM tasks WHERE id", "SELEC")
    outcome = run("check", "--format", "github")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith(
        "::error title=syntax-error,file=queries/tasks.sql,line=9,col=1::"
    )


def test_a_foreign_file_stays(project: Path, run: Run) -> None:
    run("generate")
    mine = project / "generated" / "mine.py"
    mine.write_text("x = 1\n")
    for command in ("generate", "check"):
        outcome = run(command)
        assert outcome.exit_code == 2
        assert "generated/mine.py: error: " in outcome.stderr
    assert mine.read_text() == "x = 1\n"


SECOND = '\n[[package]]\nname = "second"\nschema = "migrations"\nqueries = "more"\n'


def test_only_one_package(project: Path, run: Run) -> None:
    (project / "more").mkdir()
    (project / "more" / "one.sql").write_text("-- name: One :one\n-- 1.\nSELECT 1;\n")
    with (project / "codegen.toml").open("a") as config:
        config.write(SECOND)
    assert run("generate").exit_code == 0
    before = texts(project)
    edit(project / "queries" / "tasks.sql", "GetTask", "ReadTask")
    edit(project / "more" / "one.sql", "One", "Uno")
    assert counts(run("generate", "second"))[2] == 0
    after = texts(project)
    assert before.keys() == after.keys()
    changed = {path for path in after if before[path] != after[path]}
    assert all(p.startswith("second/") or p == "manifest.toml" for p in changed)
    assert b"def uno" in after["second/one.py"]
    assert run("check").exit_code == 1
    assert run("generate").exit_code == 0
    assert run("check").exit_code == 0
    assert run("generate", "third").exit_code == 2


def test_the_database_as_it_stands_is_left_unchanged(
    project: Path, run: Run, make_database: Callable[[str], str]
) -> None:
    url = make_database((project / "migrations/0001_create_tasks.sql").read_text())
    edit(project / "codegen.toml", 'schema = "migrations"\n', "")
    outcome = run("generate", "--database", url)
    assert outcome.exit_code == 0, outcome.stderr
    assert run("check", "--database", url).exit_code == 0


def test_an_output_elsewhere(project: Path, run: Run) -> None:
    assert run("generate", "--output", "src/db").exit_code == 0
    assert (project / "src" / "db" / "app" / "tasks.py").is_file()
    assert not (project / "generated").exists()


def test_a_wrong_environment_variable_is_named(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.is_dir()
    url = "postgresql+asyncpg://app:hunter2@db.example/app"
    monkeypatch.setenv("REPOSGEN_DATABASE_URL", url)
    for command in ("generate", "check", "doctor", "describe", "vet"):
        outcome = run(command)
        assert outcome.exit_code == 2
        assert outcome.stderr == (
            'REPOSGEN_DATABASE_URL: error: "postgresql+asyncpg://app:***@db.example/app"'
            " does not name a PostgreSQL server [config-invalid-value]\n"
            '  hint: drop +asyncpg: "postgresql://app:***@db.example/app"\n'
        )


def test_an_environment_variable_that_leads_nowhere(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert project.is_dir()
    url = "postgresql://app:hunter2@127.0.0.1:1/app"
    monkeypatch.setenv("REPOSGEN_DATABASE_URL", url)
    outcome = run("generate")
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "REPOSGEN_DATABASE_URL: error: no PostgreSQL answers at 127.0.0.1:1: Connection"
        " refused [no-server]\n"
        "  hint: start it, or correct REPOSGEN_DATABASE_URL;"
        ' "embedded" needs no server\n'
    )
