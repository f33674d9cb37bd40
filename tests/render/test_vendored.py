"""A package that carries its run time works where the distribution is missing."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from reposgen.config import Overrides, load_config
from reposgen.pipeline import analyse, output_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = """
[output]
runtime = "vendored"
[[package]]
name = "demo"
schema = "schema.sql"
queries = "tasks.sql"
"""
QUERY = "-- name: Remove :execrows\nDELETE FROM tasks WHERE id = @id;\n"
SCHEMA = "CREATE TABLE tasks (id bigint PRIMARY KEY);\n"
USE = """
import sys
sys.modules["reposgen_runtime"] = None
from generated.demo.sync import Database
from generated.runtime.errors import RepositoryError
with Database.open(sys.argv[1]) as db:
    assert db.tasks.remove(id=1) == 0
assert Database.__module__.startswith("generated."), Database.__module__
"""

OBSERVED = """
import sys
from generated.demo.sync import Database
from reposgen_runtime.observe.n_plus_one import RepeatedCallObserver

reports = []
observer = RepeatedCallObserver(2, report=reports.append)
with Database.open(sys.argv[1], observers=[observer]) as db:
    with observer.scope():
        for number in range(3):
            assert db.tasks.remove(id=number) == 0
(report,) = reports
assert (report.package, report.method, report.count) == ("demo", "tasks.remove", 3)
assert report.sites == {f"{__file__}:11 in <module>": 3}, report.sites
"""


@pytest.fixture
def project(tmp_path: Path, server: str) -> Path:
    for name, text in (
        ("codegen.toml", CONFIG),
        ("schema.sql", SCHEMA),
        ("tasks.sql", QUERY),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    config = load_config(
        tmp_path / "codegen.toml",
        environ={},
        overrides=Overrides(database_url=server),
    )
    for path, text in output_files(analyse(config, (), lambda _: None)).items():
        file = tmp_path / "generated" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def run(project: Path, *command: str) -> None:
    outcome = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, *command],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_it_works_without_the_distribution(
    project: Path, make_database: Callable[[str], str]
) -> None:
    (project / "use.py").write_text(USE, encoding="utf-8")
    run(project, "use.py", make_database(SCHEMA))


def test_observers_of_the_distribution_see_its_calls(
    project: Path, make_database: Callable[[str], str]
) -> None:
    (project / "observed.py").write_text(OBSERVED, encoding="utf-8")
    run(project, "observed.py", make_database(SCHEMA))


def test_its_types_are_right(project: Path) -> None:
    run(project, "-m", "mypy", "--strict", "--python-version=3.11", "generated")
