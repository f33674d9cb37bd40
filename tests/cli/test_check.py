"""check: which files are stale and why, in every format."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from tests.cli.test_generate import edit

from reposgen.project import versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]

TASKS = "generated/app/tasks.py"


def git(project: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments]
    subprocess.run(command, cwd=project, check=True, capture_output=True)  # noqa: S603 - git


@pytest.fixture
def committed(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in git with fresh output, on a machine that did not generate it."""
    assert run("generate").exit_code == 0
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message=start")
    # As in CI, no earlier run is known.
    monkeypatch.setenv("REPOSGEN_CACHE", "0")
    return project


def commit(project: Path) -> None:
    git(project, "commit", "--quiet", "--all", "--message=change")


def causes(outcome: Result) -> dict[str, str]:
    """The message about each stale file, by path."""
    assert outcome.exit_code == 1, outcome.output
    return dict(
        line.split(": ", 1)
        for line in outcome.stderr.splitlines()
        if line.startswith("generated/")
    )


def pretend(monkeypatch: pytest.MonkeyPatch, now: dict[str, str]) -> None:
    """Let other versions write code."""
    for module in ("pipeline", "project"):
        monkeypatch.setattr(f"reposgen.{module}.versions", lambda: now)


def schema_file(project: Path) -> Path:
    return min((project / "migrations").glob("*.sql"))


def test_a_query_changed(committed: Path, run: Run) -> None:
    edit(committed / "queries/tasks.sql", "Return one task.", "Return a task.")
    found = causes(run("check"))
    assert found[TASKS] == "out of date: queries/tasks.sql changed"
    commit(committed)
    assert causes(run("check")) == found


def test_a_migration_is_new(committed: Path, run: Run) -> None:
    new = committed / "migrations" / "0900_more.sql"
    new.write_text("ALTER TABLE tasks ADD COLUMN remark text;\n")
    found = causes(run("check"))
    assert found["generated/app/models.py"] == (
        "out of date: migrations/0900_more.sql is new"
    )


def test_a_query_file_is_new(committed: Path, run: Run) -> None:
    (committed / "queries" / "more.sql").write_text(
        "-- name: CountTasks :one\nSELECT count(*) FROM tasks;\n"
    )
    found = causes(run("check"))
    assert found["generated/app/more.py"] == "missing: queries/more.sql is new"


def test_a_key_changed(committed: Path, run: Run) -> None:
    config = committed / "codegen.toml"
    config.write_text(
        re.sub(r"(?m)^queries", 'models = "pydantic"\nqueries', config.read_text())
    )
    found = causes(run("check"))
    assert found[TASKS] == "out of date: codegen.toml: models of app changed"


@pytest.mark.parametrize("is_committed", [True, False])
def test_an_edit(committed: Path, run: Run, *, is_committed: bool) -> None:
    edit(committed / TASKS, "Return one task.", "Mine.")
    if is_committed:
        commit(committed)
    found = causes(run("check"))
    # An edit that is not committed may be what an older version of the tool wrote.
    assert found == {TASKS: "edited by hand" if is_committed else "out of date"}


def test_a_merge(committed: Path, run: Run) -> None:
    path = committed / TASKS
    path.write_text(f"<<<<<<< HEAD\n=======\n>>>>>>> theirs\n{path.read_text()}")
    assert causes(run("check")) == {TASKS: "out of date: it holds a merge conflict"}


def test_another_formatter(
    committed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that changes nothing makes nothing stale."""
    now = versions()
    pretend(monkeypatch, {**now, "black": "99.1"})
    assert run("check").exit_code == 0
    before = (committed / "generated/manifest.toml").read_bytes()
    assert "wrote 0 files" in run("generate").stderr
    assert (committed / "generated/manifest.toml").read_bytes() == before
    path = committed / TASKS
    path.write_text(path.read_text().replace("\n\n\n", "\n\n\n\n"))
    commit(committed)
    was = now["black"]
    found = causes(run("check"))
    assert found[TASKS] == f"out of date: formatted by black {was}, this is black 99.1"


def test_another_version(
    committed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = versions()
    pretend(monkeypatch, {**now, "reposgen": "99.1"})
    edit(committed / TASKS, "Return one task.", "As it was.")
    commit(committed)
    found = causes(run("check"))
    was = now["reposgen"]
    assert found[TASKS] == (
        f"out of date: written by reposgen {was}, this is reposgen 99.1"
    )


def test_a_shallow_clone(
    committed: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(committed / "queries/tasks.sql", "Return one task.", "Return a task.")
    commit(committed)
    clone = tmp_path / "clone"
    git(committed, "clone", "--quiet", "--depth=1", f"file://{committed}", str(clone))
    monkeypatch.chdir(clone)
    found = causes(run("check"))
    assert found[TASKS] == (
        "out of date: the clone is too shallow to tell why (fetch-depth: 0)"
    )


def test_without_git(
    committed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(committed / "queries/tasks.sql", "Return one task.", "Return a task.")
    monkeypatch.setenv("PATH", "")
    assert causes(run("check"))[TASKS] == "out of date"


def test_a_folder_below_the_repository(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("generate").exit_code == 0
    git(project.parent, "init", "--quiet", "--initial-branch=main")
    git(project.parent, "add", "--all")
    git(project.parent, "commit", "--quiet", "--message=start")
    monkeypatch.setenv("REPOSGEN_CACHE", "0")
    edit(project / "queries/tasks.sql", "Return one task.", "Return a task.")
    assert causes(run("check"))[TASKS] == "out of date: queries/tasks.sql changed"


def test_json(committed: Path, run: Run) -> None:
    edit(committed / "queries/tasks.sql", "Return one task.", "Return a task.")
    outcome = run("check", "--format", "json")
    (first, *_) = json.loads(outcome.stdout)
    assert first["code"] == "stale-file"
    assert first["message"] == "out of date: queries/tasks.sql changed"


def test_github(committed: Path, run: Run) -> None:
    edit(committed / "queries/tasks.sql", "Return one task.", "Return a task.")
    lines = run("check", "--format", "github").stdout.splitlines()
    assert lines
    assert all(line.startswith("::error title=stale-file,file=g") for line in lines)


def test_sarif(committed: Path, run: Run) -> None:
    edit(committed / "queries/tasks.sql", "Return one task.", "Return a task.")
    (found,) = json.loads(run("check", "--format", "sarif").stdout)["runs"]
    assert {one["ruleId"] for one in found["results"]} == {"stale-file"}


@pytest.mark.parametrize("command", ["check", "vet"])
def test_junit(committed: Path, run: Run, command: str) -> None:
    def report() -> ET.Element:
        suites = ET.fromstring(run(command, "--format", "junit").stdout)  # noqa: S314 - ours
        (suite,) = suites
        return suite

    fresh = report()
    assert (fresh.get("tests"), fresh.get("failures")) == ("1", "0")
    edit(committed / "queries/tasks.sql", "-- Return one task.\n", "")
    stale = report()
    assert stale.get("failures") == str(len(stale)) != "0"
    assert all(case.find("failure") is not None for case in stale)


def test_the_diff_is_cut(committed: Path, run: Run) -> None:
    path = committed / TASKS
    path.write_text(f"# Generated by reposgen\n{'x = 1' * 1}\n" * 300)
    outcome = run("check")
    assert len(outcome.stdout.splitlines()) == 200
    cut = re.search(r"^(\d+) more lines of the diff: ", outcome.stderr, re.MULTILINE)
    assert cut
    whole = run("check", "--diff")
    assert len(whole.stdout.splitlines()) == 200 + int(cut[1])
    assert "more lines" not in whole.stderr


def test_the_diff_is_coloured(committed: Path, run: Run) -> None:
    from click.testing import CliRunner  # noqa: PLC0415 - for once with colours

    from reposgen.cli import main  # noqa: PLC0415 - as above

    edit(committed / TASKS, "Return one task.", "Mine.")
    outcome = CliRunner().invoke(main, ("check",), color=True)
    assert "\x1b[31m-" in outcome.stdout
    assert "\x1b[32m+" in outcome.stdout
    assert "\x1b" not in run("check").stdout
