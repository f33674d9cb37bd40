"""What `reposgen db migrate` says, command by command.

A case is a folder with a project and `steps.txt`. Each of its lines is a step: `migrate
…` runs the command on a database of the case's own, `sql …` runs SQL there, `write PATH
TEXT`, `append PATH TEXT` and `remove PATH` change files. `expected.txt` is what the
commands say, and their exit statuses. `pytest --update-golden` rewrites it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from click.testing import CliRunner

from reposgen.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = sorted(Path(__file__).parent.glob("cases/*/"))
STEPS = "steps.txt"
EXPECTED = "expected.txt"
# What differs from run to run.
VARIES = (
    (re.compile(r"\d+\.\d\d s"), "… s"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+\d{4}"), "…"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_messages(
    case: Path,
    tmp_path: Path,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    project = tmp_path / "project"
    ignored = shutil.ignore_patterns(STEPS, EXPECTED)
    shutil.copytree(case, project, ignore=ignored)
    monkeypatch.chdir(project)
    steps = (case / STEPS).read_text(encoding="utf-8").splitlines()
    said = "".join(line for step in steps for line in outcome(step, database))
    for pattern, shown in VARIES:
        said = pattern.sub(shown, said)
    assert not (project / ".reposgen").exists()
    expected = case / EXPECTED
    if request.config.getoption("--update-golden"):
        expected.write_bytes(said.encode())
    assert said == expected.read_bytes().decode()


def outcome(step: str, database: str) -> Iterator[str]:
    word, _, rest = step.partition(" ")
    path, _, text = rest.partition(" ")
    text = text.replace("\\n", "\n")
    match word:
        case "migrate":
            found = CliRunner().invoke(
                main, ["db", "migrate", "--url", database, *rest.split()]
            )
            yield f"$ reposgen db {step}\n{found.stdout}{found.stderr}"
            if found.exit_code:
                yield f"exit status {found.exit_code}\n"
        case "sql":
            with psycopg.connect(database, autocommit=True) as connection:
                rows = connection.execute(rest.encode())
                if rows.description:
                    yield f"{rows.fetchall()}\n"
        case "write":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(f"{text}\n", encoding="utf-8", newline="\n")
        case "append":
            with Path(path).open("a", encoding="utf-8", newline="\n") as file:
                file.write(f"{text}\n")
        case "remove":
            Path(path).unlink()
        case _:
            raise AssertionError(step)
