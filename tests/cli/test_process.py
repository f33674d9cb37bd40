"""The command line as a process: streams, signals, exit statuses."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import reposgen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

TOOL = (sys.executable, "-m", "reposgen")


def test_version_and_help(run: Callable[..., Result]) -> None:
    assert run("--version").stdout == f"reposgen, version {reposgen.__version__}\n"
    listed = run("--help")
    assert listed.exit_code == 0
    for command in (
        *("init", "generate", "check", "describe", "why", "vet"),
        *("import-sqlc", "doctor", "db"),
    ):
        assert f"\n  {command} " in listed.stdout
        assert "Example" in run(command, "--help").stdout


def test_wrong_usage(run: Callable[..., Result]) -> None:
    assert run("generat").exit_code == 2
    assert run("generate", "--wach").exit_code == 2
    assert run("generate", "--watch", "--check").exit_code == 2


def test_doctor(project: Path, run: Callable[..., Result]) -> None:
    outcome = run("doctor")
    assert outcome.exit_code == 0, outcome.stderr
    assert reposgen.__version__ in outcome.stdout
    assert "(embedded)" in outcome.stdout
    assert str(project / "codegen.toml") in outcome.stdout
    lost = run("doctor", "--database", "postgresql://u:hunter2@127.0.0.1:1/x")
    assert lost.exit_code == 2
    assert "[no-server]" in lost.stderr
    assert "hunter2" not in lost.output


@pytest.mark.usefixtures("project")
def test_an_unexpected_error_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, run: Callable[..., Result]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the dog ate it")

    monkeypatch.setattr("reposgen.pipeline.analyse", broken)
    outcome = run("generate")
    assert outcome.exit_code == 2
    assert "internal error: RuntimeError: the dog ate it" in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert "Traceback" in run("--traceback", "generate").stderr
    monkeypatch.setenv("REPOSGEN_DEBUG", "1")
    assert "Traceback" in run("generate").stderr


def test_colours_only_where_they_are_wanted(project: Path) -> None:
    (project / "queries" / "tasks.sql").write_text("SELEC;\n")
    environment = {**os.environ, "FORCE_COLOR": "1", "TERM": "xterm"}
    environment.pop("NO_COLOR", None)
    for extra, coloured in ({}, True), ({"NO_COLOR": "1"}, False):
        outcome = subprocess.run(  # noqa: S603 - our own tool
            [*TOOL, "check"],
            cwd=project,
            env={**environment, **extra},
            capture_output=True,
            check=False,
        )
        assert outcome.returncode == 2
        assert (b"\x1b[1;31m" in outcome.stderr) is coloured
