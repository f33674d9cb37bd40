"""`reposgen init`: writes a project, overwrites nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.testing import CliRunner

from reposgen.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

STARTER = [
    ".gitattributes",
    "codegen.toml",
    "migrations/0001_create_tasks.sql",
    "queries/tasks.sql",
]


def written(folder: Path) -> list[str]:
    return sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file()
    )


def test_writes_a_project_and_says_what_is_next(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "demo"
    outcome = CliRunner().invoke(main, ["init", str(target)])
    assert outcome.exit_code == 0
    assert outcome.stdout == ""
    assert written(target) == STARTER
    assert f"cd {target}\n" in outcome.stderr
    assert "reposgen generate" in outcome.stderr
    assert "reposgen db migrate" in outcome.stderr


def test_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = CliRunner().invoke(main, ["init"])
    assert outcome.exit_code == 0
    assert written(tmp_path) == STARTER
    assert "cd " not in outcome.stderr


def test_overwrites_nothing(tmp_path: Path) -> None:
    queries = tmp_path / "queries" / "tasks.sql"
    queries.parent.mkdir()
    queries.write_text("-- mine\n")
    outcome = CliRunner().invoke(main, ["init", str(tmp_path)])
    assert outcome.exit_code == 2
    assert "[init-exists]" in outcome.stderr
    assert written(tmp_path) == ["queries/tasks.sql"]
    assert queries.read_text() == "-- mine\n"


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    outcome = CliRunner().invoke(main, ["init", str(tmp_path / "file" / "demo")])
    assert outcome.exit_code == 2
    assert "[init-unwritable]" in outcome.stderr
