"""The databases that the pytest plugin gives to tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.database.conftest import open_folder

if TYPE_CHECKING:
    from tests.testing.conftest import Project

SYNC = """
import psycopg

def test_one(reposgen_database_sync, reposgen_url):
    db = reposgen_database_sync
    added = db.customers.add_customer(email="a@b")
    assert db.customers.get_customer(id=added.id) == added
    with psycopg.connect(reposgen_url) as connection:
        assert connection.execute("SELECT count(*) FROM customers").fetchone() == (1,)

def test_two(reposgen_database_sync):
    assert reposgen_database_sync.customers.count_customers() == 0
    reposgen_database_sync.customers.add_customer(email="a@b")
"""
ASYNC = """
import {plugin}
import pytest

{mark}

@{fixture}
async def customer(reposgen_database):
    async with reposgen_database.transaction():
        return await reposgen_database.customers.add_customer(email="a@b")

async def test_one(reposgen_database, customer):
    assert await reposgen_database.customers.get_customer(id=customer.id) == customer

async def test_two(reposgen_database):
    assert await reposgen_database.customers.count_customers() == 0
    await reposgen_database.customers.add_customer(email="a@b")
"""
STRICT = ASYNC.format(
    plugin="pytest_asyncio",
    mark="pytestmark = pytest.mark.asyncio",
    fixture="pytest_asyncio.fixture",
)


def append(path: str, text: str) -> None:
    """Add to a file of the project, whose folder is the current one."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(text)


def left_over(server: str) -> list[str]:
    """Databases of runs that have ended; that which this test is part of goes on."""
    with psycopg.connect(server) as connection:
        rows = connection.execute(
            r"SELECT datname FROM pg_database"
            r" WHERE datname ~ '^reposgen_test_[0-9a-f]{12}_'"
            # A template that is kept has a comment.
            r" AND shobj_description(oid, 'pg_database') IS NULL"
            # A run that goes on has a connection of its name.
            r" AND left(datname, 26) NOT IN"
            r" (SELECT application_name FROM pg_stat_activity)"
        )
        return [name for (name,) in rows]


def test_synchronous(project: Project, server: str) -> None:
    project(SYNC).assert_outcomes(passed=2)
    assert left_over(server) == []


def test_asyncio_strict(project: Project) -> None:
    project(STRICT, "-p", "no:anyio", asyncio_mode="strict").assert_outcomes(passed=2)


def test_asyncio_auto(project: Project) -> None:
    tests = ASYNC.format(plugin="pytest_asyncio", mark="", fixture="pytest.fixture")
    project(tests, asyncio_mode="auto").assert_outcomes(passed=2)


def test_asyncio_with_a_loop_for_several_tests(project: Project) -> None:
    scope = "module"
    tests = ASYNC.format(
        plugin="pytest_asyncio",
        mark=f'pytestmark = pytest.mark.asyncio(loop_scope="{scope}")',
        fixture=f'pytest_asyncio.fixture(loop_scope="{scope}")',
    )
    project(tests, asyncio_mode="strict").assert_outcomes(passed=2)


def test_asyncio_with_a_default_loop_for_several_tests(project: Project) -> None:
    tests = ASYNC.format(plugin="pytest_asyncio", mark="", fixture="pytest.fixture")
    project(
        tests,
        asyncio_mode="auto",
        asyncio_default_test_loop_scope="session",
        asyncio_default_fixture_loop_scope="session",
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize("options", [(), ("-p", "no:asyncio")])
def test_anyio(project: Project, options: tuple[str, ...]) -> None:
    tests = ASYNC.format(
        plugin="anyio",
        mark="pytestmark = pytest.mark.anyio\n\n"
        '@pytest.fixture\ndef anyio_backend():\n    return "asyncio"',
        fixture="pytest.fixture",
    )
    project(tests, *options).assert_outcomes(passed=2)


def test_no_event_loop(project: Project) -> None:
    result = project(
        "def test_one(reposgen_database): pass", "-p", "no:asyncio", "-p", "no:anyio"
    )
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*reposgen_database needs an event loop: mark *"])


def test_workers_share_server_and_template(project: Project, server: str) -> None:
    tests = """
import pytest, psycopg

@pytest.mark.parametrize("number", range(8))
def test_many(reposgen_database_sync, reposgen_url, reposgen_server, number):
    db = reposgen_database_sync
    assert db.customers.count_customers() == 0
    db.customers.add_customer(email="a@b")
    with psycopg.connect(reposgen_server) as connection:
        names = connection.execute(
            "SELECT datname FROM pg_database"
            " WHERE starts_with(datname, 'reposgen_test_') AND datname LIKE '%shop'"
        ).fetchall()
    assert len(names) == 1
"""
    project(tests, "-n", "2").assert_outcomes(passed=8)
    assert left_over(server) == []


def test_databases_of_dead_runs_are_dropped(project: Project, server: str) -> None:
    result = project("import os\ndef test_one(reposgen_url): os.kill(os.getpid(), 9)")
    assert result.ret != 0
    assert len(left_over(server)) == 2
    project(SYNC).assert_outcomes(passed=2)
    assert left_over(server) == []


def test_databases_of_crashed_workers_are_dropped(
    project: Project, server: str
) -> None:
    tests = """
import os
def test_one(reposgen_url): os.kill(os.getpid(), 9)
def test_two(reposgen_url): pass
"""
    project(tests, "-n", "1").assert_outcomes(passed=1, failed=1)
    assert left_over(server) == []


def test_databases_of_living_runs_stay(project: Project, server: str) -> None:
    tests = """
import subprocess, sys, psycopg

def test_outer(reposgen_url, pytestconfig):
    command = [sys.executable, "-m", "pytest", "-q", "test_inner.py"]
    assert subprocess.run(command, cwd=pytestconfig.rootpath).returncode == 0
    with psycopg.connect(reposgen_url) as connection:
        assert connection.execute("SELECT count(*) FROM customers").fetchone() == (0,)
"""
    Path("test_inner.py").write_text(
        "def test_inner(reposgen_url): pass\n", encoding="utf-8"
    )
    project(tests, "test_shop.py").assert_outcomes(passed=1)
    assert left_over(server) == []


def test_a_run_without_databases_imports_nothing(project: Project) -> None:
    tests = """
import sys

def test_one():
    assert "reposgen.testing.plugin" in sys.modules
    loaded = [name for name in sys.modules if name.startswith("reposgen.")]
    assert sorted(loaded) == ["reposgen.testing", "reposgen.testing.plugin"]
    assert "psycopg" not in sys.modules
"""
    project(tests).assert_outcomes(passed=1)


def test_a_server_that_is_not_there(project: Project) -> None:
    result = project(
        "def test_one(reposgen_url): pass\ndef test_two(reposgen_url): pass",
        "--reposgen-server=postgresql://me:geheim@localhost:1/x",
    )
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*no PostgreSQL answers at localhost:1: *"])
    output = result.stdout.str() + result.stderr.str()
    assert "geheim" not in output
    assert "Traceback" not in output
    assert "run.py" not in output


def test_a_migration_that_fails(project: Project, server: str) -> None:
    append("schema.sql", "CREATE TABLE lines (order_id int REFERENCES order_);\n")
    result = project("def test_one(reposgen_url): pass")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ['schema.sql:13:*: error: relation "order_" does not exist*']
    )
    assert "run.py" not in result.stdout.str()
    assert left_over(server) == []


def test_settings_that_are_wrong(project: Project) -> None:
    result = project("def test_one(): pass", reposgen_mode="rollback")
    result.stderr.fnmatch_lines(
        ['ERROR: reposgen_mode must be "clone" or "transaction", got \'rollback\'']
    )
    result = project("def test_one(reposgen_url): pass", reposgen_package="store")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ['codegen.toml has no package "store"', "hint: available packages: shop"]
    )


def test_several_packages(project: Project) -> None:
    append(
        "codegen.toml",
        '[[package]]\nname = "other"\nschema = "other.sql"\nqueries = "others"\n',
    )
    append("other.sql", "CREATE TABLE others ();")
    Path("others").mkdir()
    tests = """
import psycopg, pytest

def tables(url):
    with psycopg.connect(url) as connection:
        query = "SELECT relname FROM pg_stat_user_tables ORDER BY 1"
        return [name for (name,) in connection.execute(query)]

def test_one(reposgen_url):
    pass

@pytest.mark.reposgen(package="other")
def test_two(reposgen_url):
    assert tables(reposgen_url) == ["others"]
"""
    result = project(tests)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["codegen.toml has several packages, *: shop, other"])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no embedded server")
def test_embedded_servers_keep_the_template(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    tests = """
import psycopg

def test_one(reposgen_url, reposgen_server):
    with psycopg.connect(reposgen_server) as connection:
        query = (
            "SELECT datname FROM pg_database WHERE oid >= 16384"
            " AND shobj_description(oid, 'pg_database') IS NOT NULL ORDER BY 1"
        )
        kept = [name for (name,) in connection.execute(query)]
    with open("kept", "a") as file:
        print(*kept, file=file)
"""
    # Runs at the same time have other folders: this one is the project's own.
    with open_folder() as cache:
        monkeypatch.setenv("REPOSGEN_CACHE_DIR", str(cache))
        for _ in range(2):
            project(tests, "--reposgen-server=embedded").assert_outcomes(passed=1)
    first, second = Path("kept").read_text(encoding="utf-8").splitlines()
    assert first == second != ""
