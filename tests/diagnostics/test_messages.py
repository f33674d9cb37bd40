"""The whole message for each mistake a user can make.

A case is a folder with a project; `expected.txt` is what `reposgen generate` says in
it, and its exit status. `pytest --update-golden` rewrites it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict

from reposgen.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
CASES = sorted(path for path in HERE.iterdir() if (path / "queries").is_dir())
PASSWORD = "hunter2"  # noqa: S105 - the wrong one on purpose

RULES = "SELECT pg_read_file(current_setting('hba_file'))"
WRITE_RULES = """
DO $$ BEGIN
    EXECUTE format('COPY (SELECT unnest(%L::text[])) TO %L',
        string_to_array(current_setting('test.rules'), E'\n'),
        current_setting('hba_file'));
    PERFORM pg_reload_conf();
END $$
"""


@pytest.fixture(scope="module")
def locked_server(server: str) -> Iterator[str]:
    """The server's address for a role that needs a password, with a wrong one."""
    with psycopg.connect(server, autocommit=True) as admin:
        rules = admin.execute(RULES).fetchone()
        assert rules
        admin.execute("CREATE ROLE locked LOGIN PASSWORD 'another'")
        lock = "local all locked scram-sha-256\nhost all locked all scram-sha-256"
        _write_rules(admin, f"{lock}\n{rules[0]}")
        parts = conninfo_to_dict(server)
        host = quote(str(parts.get("host", "localhost")), safe="")
        port = f":{parts['port']}" if "port" in parts else ""
        yield f"postgresql://locked:{PASSWORD}@{host}{port}/postgres"
        _write_rules(admin, rules[0])
        admin.execute("DROP ROLE locked")


def _write_rules(admin: psycopg.Connection[tuple[object, ...]], rules: str) -> None:
    admin.execute("SELECT set_config('test.rules', %s, false)", (rules,))
    admin.execute(WRITE_RULES.encode())


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_message(
    case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    project = tmp_path / "project"
    shutil.copytree(case, project, ignore=shutil.ignore_patterns("expected.txt"))
    monkeypatch.chdir(project)
    before = {path for path in project.rglob("*") if path.is_file()}
    if case.name == "wrong_password":
        locked = request.getfixturevalue("locked_server")
        monkeypatch.setenv("LOCKED_SERVER", locked)
    outcome = CliRunner().invoke(main, ["generate"])
    said = f"{outcome.stderr}exit status {outcome.exit_code}\n"
    if case.name == "wrong_password":
        said = said.replace(str(conninfo_to_dict(locked)["host"]), "HOST")

    assert outcome.stdout == ""
    assert PASSWORD not in said
    if outcome.exit_code != 0:
        assert {path for path in project.rglob("*") if path.is_file()} == before
    expected = case / "expected.txt"
    if request.config.getoption("--update-golden"):
        expected.write_bytes(said.encode())
    assert said == expected.read_bytes().decode()
