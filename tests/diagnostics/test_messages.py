"""The whole message for each mistake a user can make.

A case is a folder with a project; `expected.txt` is what `reposgen generate` says in
it, or the command in `arguments.txt`, and its exit status. `pytest --update-golden`
rewrites it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from reposgen.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
CASES = sorted(path for path in HERE.iterdir() if (path / "queries").is_dir())
SUMMARY = re.compile(r"^wrote \d+ files.*", re.MULTILINE)
# What SERVER stands for in the configuration of some cases.
SERVERS = {
    "may_not_create_databases": "limited_server",
    "unknown_database": "empty_server",
    "wrong_password": "locked_server",
}
# Commands that write what they find to stdout.
FINDING = {"impact", "locks", "plans", "vet", "why"}
# What is run in a case, if it is not `generate`.
ARGUMENTS = "arguments.txt"
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


@pytest.fixture(scope="module")
def limited_server(server: str) -> Iterator[str]:
    """The server's address for a role that may create nothing."""
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute("CREATE ROLE limited LOGIN")
        yield make_conninfo(server, user="limited")
        admin.execute("DROP ROLE limited")


@pytest.fixture(scope="module")
def empty_server(server: str) -> str:
    """The server's address with a database that it does not have."""
    return make_conninfo(server, dbname="nowhere")


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
    ignored = shutil.ignore_patterns("expected.txt", ARGUMENTS)
    shutil.copytree(case, project, ignore=ignored)
    monkeypatch.chdir(project)
    before = {path for path in project.rglob("*") if path.is_file()}
    host = None
    if fixture := SERVERS.get(case.name):
        address = request.getfixturevalue(fixture)
        monkeypatch.setenv("SERVER", address)
        host = str(conninfo_to_dict(address).get("host", "localhost"))
    other = case / ARGUMENTS
    arguments = other.read_text().split() if other.exists() else ["generate"]
    outcome = CliRunner().invoke(main, arguments)
    # What these find is what was asked for; all others have nothing but messages.
    found = outcome.stdout if arguments[0] in FINDING else ""
    said = f"{found}{outcome.stderr}exit status {outcome.exit_code}\n"
    said = SUMMARY.sub("wrote …", said)
    if host:
        said = said.replace(host, "HOST")

    assert outcome.stdout == found
    assert PASSWORD not in said
    if outcome.exit_code != 0:
        assert {path for path in project.rglob("*") if path.is_file()} == before
    expected = case / "expected.txt"
    if request.config.getoption("--update-golden"):
        expected.write_bytes(said.encode())
    assert said == expected.read_bytes().decode()
