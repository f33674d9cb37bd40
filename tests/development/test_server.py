"""The development server: when it starts and stops, and what survives that."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import create_engine, text

from reposgen.cache.folder import CACHE_VARIABLE
from reposgen.cli.db import as_url

if TYPE_CHECKING:
    from tests.development.conftest import Db, StartDb

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root needs another user for the server"
)
SETTINGS = """
    SELECT current_setting('fsync'), current_setting('synchronous_commit'),
        current_setting('full_page_writes'), current_setting('listen_addresses')
"""


def url_in(db: Db, *arguments: str) -> str:
    outcome = db("url", *arguments)
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout.strip()


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def socket_of(url: str) -> Path:
    return Path(str(conninfo_to_dict(url)["host"]))


def postmaster(url: str) -> int:
    ((data,),) = rows(url, "SHOW data_directory")
    return int(Path(str(data), "postmaster.pid").read_text().splitlines()[0])


def test_a_life(project: Path, db: Db) -> None:
    assert db("status").exit_code == 1
    assert not (project / ".reposgen").exists()
    assert db("stop").stderr == "no server was running\n"
    assert "running, pid" in db("start").stderr
    assert (project / ".reposgen" / ".gitignore").read_text() == "*\n"
    url = url_in(db)
    assert rows(url, SETTINGS) == [("on", "on", "on", "")]
    socket = socket_of(url)
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    found = db("status")
    assert found.exit_code == 0
    assert f"pid {postmaster(url)}" in found.stdout
    assert "databases    app" in found.stdout
    assert db("migrate").exit_code == 0
    rows(url, "INSERT INTO tasks (title) VALUES ('kept')")
    assert db("stop").stderr == "stopped\n"
    assert db("status").exit_code == 1
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    assert url_in(db) == url
    assert rows(url, "SELECT title FROM tasks") == [("kept",)]
    assert db("migrate").stderr == "nothing to do\n"


@pytest.mark.usefixtures("project")
def test_five_starts_at_once(start_db: StartDb, db: Db) -> None:
    processes = [start_db("url") for _ in range(5)]
    urls = set()
    for process in processes:
        said, problems = process.communicate()
        assert process.returncode == 0, problems
        urls.add(said)
    assert len(urls) == 1
    url = urls.pop().strip()
    # There is one server, and the processes that started it are gone.
    assert url_in(db) == url
    assert rows(url, "SELECT count(*) FROM pg_database WHERE datname = 'app'") == [(1,)]


@pytest.mark.usefixtures("project")
def test_a_postmaster_that_was_killed(db: Db) -> None:
    assert db("migrate").exit_code == 0
    url = url_in(db)
    rows(url, "INSERT INTO tasks (title) VALUES ('kept')")
    killed = postmaster(url)
    os.kill(killed, signal.SIGKILL)
    assert url_in(db) == url
    assert postmaster(url) != killed
    assert rows(url, "SELECT title FROM tasks") == [("kept",)]


def test_files_of_a_server_before_the_machine_restarted(project: Path, db: Db) -> None:
    url = url_in(db)
    folder = project / ".reposgen" / "embedded-18"
    lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
    assert db("stop").exit_code == 0
    # Another process has the number by now.
    stale = "\n".join([str(os.getpid()), *lines[1:], ""])
    (folder / "data" / "postmaster.pid").write_text(stale)
    (folder / ".s.PGSQL.5432.lock").write_text(stale)
    assert db("status").exit_code == 1
    assert db("stop").stderr == "no server was running\n"
    assert url_in(db) == url
    assert postmaster(url) != os.getpid()


def test_a_project_that_is_moved(
    project: Path, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert db("migrate").exit_code == 0
    rows(url_in(db), "INSERT INTO tasks (title) VALUES ('kept')")
    moved = project.with_name("moved")
    project.rename(moved)
    monkeypatch.chdir(moved)
    url = url_in(db)
    assert str(moved) in url
    assert rows(url, "SELECT title FROM tasks") == [("kept",)]
    assert db("reset").exit_code == 0
    assert rows(url, "SELECT title FROM tasks") == []


def test_a_long_path(project: Path, db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = project.with_name("long" * 20)
    project.rename(deep)
    monkeypatch.chdir(deep)
    url = url_in(db)
    socket = socket_of(url)
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700
    assert str(socket) in (deep / ".reposgen" / "embedded-18.json").read_text()
    assert db("stop").exit_code == 0
    assert url_in(db) == url
    # Temporary files are removed now and then.
    shutil.rmtree(socket)
    again = url_in(db)
    assert rows(again, "SELECT 1") == [(1,)]


@needs_root
def test_a_project_that_the_servers_user_cannot_get_to(project: Path, db: Db) -> None:
    project.chmod(0o700)
    url = url_in(db)
    cache = os.environ[CACHE_VARIABLE]
    assert socket_of(url).is_relative_to(f"{cache}/projects")
    said = db("status").stdout
    assert f"{cache}/projects/" in said
    assert "the server's user nobody cannot get to the project" in said


@needs_root
def test_neither_the_project_nor_the_cache(
    project: Path, db: Db, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project.chmod(0o700)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv(CACHE_VARIABLE, str(closed))
    assert "[cache-closed]" in db("start").stderr


def test_a_folder_that_cannot_be_written(project: Path, db: Db) -> None:
    (project / ".reposgen").write_text("")
    outcome = db("start")
    assert outcome.exit_code == 2
    assert "[development-folder]" in outcome.stderr
    (project / ".reposgen").unlink()


def test_a_lock_that_cannot_be_opened(project: Path, db: Db) -> None:
    (project / ".reposgen" / "start.lock").mkdir(parents=True)
    for command in ("start", "stop"):
        outcome = db(command)
        assert outcome.exit_code == 2
        assert "[development-folder]" in outcome.stderr
    (project / ".reposgen" / "start.lock").rmdir()


def test_a_server_that_does_not_start(project: Path, db: Db) -> None:
    assert db("start").exit_code == 0
    assert db("stop").exit_code == 0
    control = project / ".reposgen" / "embedded-18" / "data" / "global" / "pg_control"
    data = control.read_bytes()
    control.write_bytes(b"")
    outcome = db("start")
    assert outcome.exit_code == 2
    assert "[embedded-failed]" in outcome.stderr
    # Data that cannot be read are never made anew.
    control.write_bytes(data)
    assert db("start").exit_code == 0


def test_another_kind_of_server_has_other_data(project: Path, db: Db) -> None:
    assert db("migrate").exit_code == 0
    text = (project / "codegen.toml").read_text()
    (project / "codegen.toml").write_text(text.replace('"embedded"', '"embedded:16"'))
    url = url_in(db)
    assert "embedded-16" in url
    ((version,),) = rows(url, "SHOW server_version_num")
    assert str(version).startswith("16")
    assert db("stop").exit_code == 0
    for line in db("status", "--database", "embedded:18").stdout.splitlines()[:1]:
        assert "not running" in line


def test_run(project: Path) -> None:
    code = "import os, sys; print(os.environ['DATABASE_URL']); sys.exit(7)"
    command = [sys.executable, "-m", "reposgen", "db", "run", "--"]
    done = subprocess.run(  # noqa: S603 - our own tool
        [*command, sys.executable, "-c", code],
        cwd=project,
        env={**os.environ, "DATABASE_URL": "postgresql://elsewhere/production"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 7
    assert done.stdout.startswith("postgresql:///app?")
    assert rows(done.stdout.strip(), "SELECT 1") == [(1,)]
    absent = subprocess.run(  # noqa: S603 - our own tool
        [*command, "no-such-program"],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert absent.returncode == 2
    assert "[command-not-run]" in absent.stderr


def test_run_with_several_packages(project: Path) -> None:
    with (project / "codegen.toml").open("a") as file:
        file.write('[[package]]\nname = "more"\nschema = "migrations"\n')
        file.write('queries = "queries"\nsearch_path = ["Own", "public"]\n')
    code = (
        "import os, psycopg; print(sorted(n for n in os.environ if n.startswith("
        "'DATABASE_URL'))); print(psycopg.connect(os.environ['DATABASE_URL_MORE'])"
        ".execute('SHOW search_path').fetchone()[0])"
    )
    for options, names in (
        ([], "['DATABASE_URL_APP', 'DATABASE_URL_MORE']"),
        (
            ["--package", "more"],
            "['DATABASE_URL', 'DATABASE_URL_APP', 'DATABASE_URL_MORE']",
        ),
    ):
        done = subprocess.run(  # noqa: S603 - our own tool
            [
                *(sys.executable, "-m", "reposgen", "db", "run"),
                *(*options, "--", sys.executable, "-Wignore", "-c", code),
            ],
            cwd=project,
            env={**os.environ, "DATABASE_URL": "postgresql://elsewhere/production"},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        assert done.stdout == f'{names}\n"Own", public\n'


def test_psql(project: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own tool
        [
            *(sys.executable, "-m", "reposgen", "db", "psql", "--"),
            *("-XAt", "-c", "SELECT current_database()"),
        ],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == "app\n"


DUMP = r"""
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
ALTER TABLE public.tasks OWNER TO somebody_of_production;
COPY public.tasks (title, note) FROM stdin;
one	it's; "so
two	\N
\.
"""


@pytest.mark.usefixtures("project")
async def test_the_url_for_other_drivers(db: Db) -> None:
    url = url_in(db)
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT current_database()") == "app"
    await connection.close()
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as alchemy:
        assert alchemy.scalar(text("SELECT current_database()")) == "app"
    engine.dispose()


@pytest.mark.parametrize(
    ("conninfo", "url"),
    [
        (
            "host=/a/b user=me port=5433 dbname='x y'",
            "postgresql:///x%20y?user=me&host=/a/b&port=5433",
        ),
        (
            "host=h user=m@e password=p/w dbname=x sslmode=require",
            "postgresql://m%40e:p%2Fw@h/x?sslmode=require",
        ),
        ("host=::1 port=1 dbname=x", "postgresql://[::1]:1/x"),
        ("host=a,b port=1,2 user=u", "postgresql:///?user=u&host=a%2Cb&port=1%2C2"),
    ],
)
def test_connection_strings_as_urls(conninfo: str, url: str) -> None:
    assert as_url(conninfo) == url
    assert conninfo_to_dict(as_url(conninfo)) == conninfo_to_dict(conninfo)


def test_load(project: Path, db: Db) -> None:
    assert db("migrate").exit_code == 0
    (project / "dump.sql").write_text(DUMP)
    assert db("load", "dump.sql").stderr == "ran 4 statements of dump.sql\n"
    query = "SELECT title, note FROM tasks ORDER BY id"
    expected = [("one", "it's; \"so"), ("two", None)]
    assert rows(url_in(db), query) == expected
    (project / "wrong.sql").write_text(f"{DUMP}\nSELECT absent;\n")
    outcome = db("load", "wrong.sql")
    assert outcome.exit_code == 2
    assert "wrong.sql:10:8: error: " in outcome.stderr
    assert rows(url_in(db), query) == expected
    (project / "archive.dump").write_bytes(b"PGDMP\x01\x0f")
    assert "[load-archive]" in db("load", "archive.dump").stderr
    assert db("load", "absent.sql").exit_code == 2


def test_reset(project: Path, db: Db) -> None:
    migrations = project / "migrations"
    (migrations / "0002_role.sql").write_text("CREATE ROLE app_reader;\n")
    assert db("migrate").exit_code == 0
    url = url_in(db)
    rows(url, "INSERT INTO tasks (title) VALUES ('gone')")
    first = migrations / "0001_create_tasks.sql"
    first.write_text(f"{first.read_text()}-- changed\n")
    assert "[migration-changed]" in db("migrate").stderr
    with psycopg.connect(url):
        outcome = db("reset")
    assert outcome.exit_code == 0, outcome.stderr
    assert outcome.stderr.count("applied migrations/") == 2
    assert rows(url, "SELECT * FROM tasks") == []


@pytest.fixture
def own_server(server: str, project: Path) -> str:
    """The project, on a server of the user's own."""
    text = (project / "codegen.toml").read_text()
    (project / "codegen.toml").write_text(text.replace('"embedded" ', f'"{server}" '))
    return server


def test_on_a_server_of_ones_own(own_server: str, project: Path, db: Db) -> None:
    with psycopg.connect(own_server, autocommit=True) as admin:
        try:
            assert "is your own" in db("start").stderr
            assert "is your own" in db("stop").stderr
            assert db("status").exit_code == 0
            assert db("migrate").exit_code == 0
            url = url_in(db)
            assert "reposgen_app" in url
            rows(url, "INSERT INTO tasks (title) VALUES ('gone')")
            assert db("reset").exit_code == 0
            assert rows(url, "SELECT * FROM tasks") == []
            assert not (project / ".reposgen").exists()
        finally:
            admin.execute("DROP DATABASE IF EXISTS reposgen_app WITH (FORCE)")


@pytest.mark.parametrize("comment", [None, "made by reposgen db for /somewhere/else"])
def test_what_reposgen_did_not_make_stays(
    own_server: str, db: Db, comment: str | None
) -> None:
    with psycopg.connect(own_server, autocommit=True) as admin:
        admin.execute("CREATE DATABASE reposgen_app")
        if comment:
            admin.execute(f"COMMENT ON DATABASE reposgen_app IS '{comment}'".encode())
        try:
            url = make_conninfo(own_server, dbname="reposgen_app")
            rows(url, "CREATE TABLE precious ()")
            for command in ("reset", "start", "url", "migrate"):
                outcome = db(command)
                assert outcome.exit_code == 2
                assert "[not-a-development-database]" in outcome.stderr
            assert rows(url, "SELECT * FROM precious") == []
        finally:
            admin.execute("DROP DATABASE reposgen_app WITH (FORCE)")


@pytest.mark.usefixtures("project")
def test_a_database_of_that_name_on_the_private_server(db: Db) -> None:
    url = url_in(db)
    rows(url, "COMMENT ON DATABASE app IS 'mine'")
    outcome = db("reset")
    assert outcome.exit_code == 2
    assert "[not-a-development-database]" in outcome.stderr


@pytest.mark.usefixtures("project")
def test_no_container_engine(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    for command in ("start", "stop", "status", "url"):
        outcome = db(command, "--database", "docker:postgres:17-alpine")
        assert outcome.exit_code == 2
        assert "[docker-unreachable]" in outcome.stderr


@pytest.mark.usefixtures("project")
def test_no_password_in_messages(db: Db) -> None:
    url = "postgresql://me:hunter2@127.0.0.1:1/x"
    for arguments in (
        ("start", "--database", url),
        ("status", "--database", url),
        ("migrate", "--url", url),
        ("migrate", "--url", "postgresql://me:hun@ter2@h/x"),
    ):
        outcome = db(*arguments)
        assert outcome.exit_code == 2
        assert "hunter2" not in outcome.output
        assert "ter2" not in outcome.output


@pytest.mark.parametrize("command", ["url", "psql", "load"])
def test_several_packages_and_none_chosen(project: Path, db: Db, command: str) -> None:
    with (project / "codegen.toml").open("a") as file:
        file.write('[[package]]\nname = "more"\nqueries = "queries"\n')
    (project / "file.sql").touch()
    arguments = ["file.sql"] if command == "load" else []
    outcome = db(command, *arguments)
    assert "--package, one of: app, more" in outcome.stderr
