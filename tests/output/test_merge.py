"""Branches that each add a query are merged without a conflict in generated code."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = '[[package]]\nname = "app"\nschema = "schema.sql"\nqueries = "queries"\n'
SCHEMA = "CREATE TABLE tasks (id bigint PRIMARY KEY, title text NOT NULL);\n"
ME = ("-c", "user.name=x", "-c", "user.email=x@example.org")


def query(name: str) -> str:
    return f"-- name: {name} :many\nSELECT * FROM tasks WHERE title > @title;\n"


class Repository:
    """A project in a git repository."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self._server = server
        (folder / "queries").mkdir()
        (folder / "codegen.toml").write_text(CONFIG)
        (folder / "schema.sql").write_text(SCHEMA)
        self.git("init", "-q", "-b", "main", ".")

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - git, and our own interpreter
            command, cwd=self.folder, capture_output=True, text=True, check=False
        )

    def git(self, *words: str) -> str:
        outcome = self.run("git", *ME, *words)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome.stdout

    def generate(self, command: str = "generate") -> None:
        where = ("--database", self._server)
        outcome = self.run(sys.executable, "-m", "reposgen", command, *where)
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr

    def write(self, name: str, *queries: str) -> None:
        text = "\n".join(query(one) for one in queries)
        (self.folder / "queries" / f"{name}.sql").write_text(text)

    def commit(self) -> None:
        self.generate()
        self.git("add", "-A")
        self.git("commit", "-qm", "change")


@pytest.fixture
def repository(tmp_path: Path, server: str) -> Repository:
    made = Repository(tmp_path, server)
    for name in ("a", "b", "c"):
        made.write(name, f"First{name}", f"Second{name}", f"Third{name}")
    made.commit()
    return made


def on_branches(
    repository: Repository, left: tuple[str, ...], right: tuple[str, ...]
) -> None:
    """Commit a change of queries on each of two branches; the right one is current."""
    for branch, (name, *queries) in (("left", left), ("right", right)):
        repository.git("checkout", "-q", "main")
        repository.git("checkout", "-qb", branch)
        repository.write(name, *queries)
        repository.commit()


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (
            ("a", "Added", "Firsta", "Seconda", "Thirda"),
            ("a", "Firsta", "Seconda", "Thirda", "Zeroth"),
        ),
        (
            ("a", "Firsta", "Added", "Seconda", "Thirda"),
            ("c", "Firstc", "Zeroth", "Secondc", "Thirdc"),
        ),
    ],
    ids=["the same file", "different files"],
)
def test_a_query_on_each_branch(
    repository: Repository, left: tuple[str, ...], right: tuple[str, ...]
) -> None:
    on_branches(repository, left, right)
    repository.git("merge", "-q", "--no-edit", "left")
    repository.generate("check")


def test_a_file_on_each_branch(repository: Repository) -> None:
    on_branches(repository, ("d", "Added"), ("e", "Zeroth"))
    # Both put a line into the same place of the list of repositories.
    repository.run("git", *ME, "merge", "left")
    conflicts = repository.git("diff", "--name-only", "--diff-filter=U").split()
    assert "generated/manifest.toml" not in conflicts
    assert all(path.startswith("generated/app/") for path in conflicts)
    repository.generate()
    repository.generate("check")
