"""The server that is installed on the machine, and what is said when there is none."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from reposgen.database import connect, open_server, scratch_database
from reposgen.database import system as system_module
from reposgen.database.system import find_system_installation, system_installations
from reposgen.diagnostics import ReposgenError

if TYPE_CHECKING:
    from pathlib import Path

needs_system = pytest.mark.skipif(
    not system_installations(), reason="no PostgreSQL is installed on the machine"
)


def fake(folder: Path, version: str) -> Path:
    """Make a folder of programs that tell a version."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    shutil.copy("/bin/true", programs / "postgres")
    (programs / "initdb").touch()
    (programs / "version").write_text(version)
    return programs


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without servers: its root folder."""
    monkeypatch.setattr(system_module, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(
        system_module,
        "_version_text",
        lambda server: (server.parent / "version").read_text(),
    )
    return tmp_path


@needs_system
@pytest.mark.usefixtures("cache")
def test_a_private_server() -> None:
    said: list[str] = []
    installed = system_installations()[0]
    with open_server("system", progress=said.append) as server:
        assert said[-1] == f"starting PostgreSQL {installed.major}"
        assert server.name.startswith(f"PostgreSQL {installed.major}.")
        assert server.name.endswith(" (system)")
        assert (server.private, server.embedded) == (True, False)
        with connect(server.conninfo) as connection:
            row = connection.execute("SHOW listen_addresses").fetchone()
            assert row == ("",)
        with scratch_database(server) as connection:
            connection.execute("CREATE TABLE t (a int)")
    with open_server(f"system:{installed.major}", progress=said.append) as server:
        assert said[-1] == f"starting PostgreSQL {installed.major}"
        with connect(server.conninfo) as connection:
            kept = connection.execute("SELECT count(*) FROM pg_database").fetchone()
            assert kept == (3,)


@needs_system
@pytest.mark.usefixtures("cache")
def test_extensions_of_the_machine() -> None:
    installed = system_installations()[0]
    if not installed.has_extension("pgcrypto"):
        pytest.skip("contrib is not installed on the machine")
    with open_server("system") as server, scratch_database(server) as connection:
        assert server.stand_ins == ()
        connection.execute("CREATE EXTENSION pgcrypto")
        row = connection.execute("SELECT encode(digest('', 'sha1'), 'hex')").fetchone()
        assert row == ("da39a3ee5e6b4b0d3255bfef95601890afd80709",)


def test_no_server_on_the_machine(nothing: Path) -> None:
    assert nothing.is_dir()
    for url in ("system", "system:15"):
        with pytest.raises(ReposgenError) as raised, open_server(url):
            pass
        assert str(raised.value) == (
            "error: no PostgreSQL server is installed on this machine"
            " [system-missing]\n"
            "  hint: install one (Debian: apt-get install postgresql"
            ' postgresql-contrib), or set [database] url = "embedded"'
        )


def test_the_newest_is_taken_and_the_newest_minor_of_a_major(nothing: Path) -> None:
    fake(nothing / "usr/lib/postgresql/15", "postgres (PostgreSQL) 15.3 (Debian 15.3)")
    pgsql = fake(nothing / "usr/pgsql-15", "postgres (PostgreSQL) 15.18")
    mac = "Applications/Postgres.app/Contents/Versions/17"
    newest = fake(nothing / mac, "postgres (PostgreSQL) 17beta1")
    fake(nothing / "opt/homebrew/opt/postgresql@14", "something else")
    found = [(one.major, one.programs) for one in system_installations()]
    assert found == [(17, newest), (15, pgsql)]
    assert find_system_installation(None).major == 17
    assert find_system_installation(15).programs == pgsql


def test_what_is_no_server(nothing: Path) -> None:
    script = fake(nothing / "usr/local/pgsql", "postgres (PostgreSQL) 15.3")
    (script / "postgres").write_text("#!/bin/sh\n")
    clients = fake(nothing / "usr/lib/postgresql/16", "postgres (PostgreSQL) 16.3")
    (clients / "initdb").unlink()
    assert system_installations() == ()


def test_an_absent_version(nothing: Path) -> None:
    fake(nothing / "usr/lib/postgresql/15", "postgres (PostgreSQL) 15.3")
    with pytest.raises(ReposgenError) as raised, open_server("system:12"):
        pass
    assert str(raised.value) == (
        "error: PostgreSQL 12 is not installed on this machine [system-version]\n"
        '  hint: installed: 15; for others use url = "docker:postgres:12-alpine"'
    )


def test_a_server_that_does_not_start(cache: Path, nothing: Path) -> None:
    programs = fake(nothing / "usr/lib/postgresql/15", "postgres (PostgreSQL) 15.3")
    (programs / "initdb").write_text(
        "#!/bin/sh\necho initdb: error: nothing works >&2\nexit 1\n"
    )
    (programs / "initdb").chmod(0o755)
    for folder in (programs, *programs.parents):
        if folder.is_relative_to(nothing.parent.parent.parent) and os.geteuid() == 0:
            folder.chmod(0o755)
    installed = find_system_installation(15)
    with pytest.raises(ReposgenError) as raised, open_server("system:15"):
        pass
    assert str(raised.value) == (
        f"{cache}/postgresql-15-{installed.release}: error: PostgreSQL in {programs}"
        " does not start: initdb: error: nothing works [system-failed]\n"
        "  hint: set [database] url to a server of yours or to a docker image"
    )
