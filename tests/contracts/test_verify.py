# ruff: noqa: ANN401 -- modules that are generated first
"""What `verify` says of changed schemas, and what the generated package does there."""

from __future__ import annotations

import asyncio
import importlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import uvloop
from tests.contracts.calls import outcomes
from tests.faults.drift import CHANGES
from tests.faults.drift import SCHEMA as DRIFT
from tests.runtime.tenancy import unprivileged
from tests.support.pgbouncer import PROGRAM, pooled

from reposgen.config import Overrides, load_config
from reposgen.pipeline import analyse
from reposgen.render.render import render_output
from reposgen_runtime import Package, Settings
from reposgen_runtime.contract import ContractBroken, FindingKind
from reposgen_runtime.errors import RepositoryError, SchemaChanged, Unavailable
from reposgen_runtime.sync import Database as BaseDatabase
from reposgen_runtime.sync.connection import Session
from reposgen_runtime.sync.verifying import find_differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CASE = Path(__file__).parent / "verify"
OUTPUT = "verified"
PACKAGE = f"{OUTPUT}.app"
SCHEMA = (
    DRIFT.replace("DROP SCHEMA IF EXISTS public CASCADE;\n", "")
    .replace("DROP SCHEMA IF EXISTS elsewhere CASCADE;\n", "")
    .replace("CREATE SCHEMA public;\n", "")
    .replace("(1, 7, 'label'", "(7, 7, 'label'")
    + """CREATE TABLE others (id int4 PRIMARY KEY, word text NOT NULL);
CREATE VIEW words AS SELECT word FROM others;
CREATE FUNCTION twice(int4) RETURNS int4 RETURN $1 * 2;
"""
)
# What every run tries; --all tries all.
SAMPLE = {
    "nothing",
    "int4 to int8",
    "int4 to text",
    "enum to text",
    "column dropped",
    "column added",
    "column added that needs a value",
    "column generated",
    "identity",
    "unique key dropped",
    "label added",
    "label renamed",
    "domain of another type",
    "attribute added",
    "attribute of another type",
    "type moved",
    "table dropped",
    "table replaced by a view that can't be written",
}


@pytest.fixture(scope="module")
def package(
    server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Any]]:
    """The modules of a package for the tables of the drift tests, by API."""
    root = tmp_path_factory.mktemp("verify")
    shutil.copytree(CASE, root, dirs_exist_ok=True)
    (root / "schema.sql").write_text(SCHEMA, encoding="utf-8")
    overrides = Overrides(database_url=server)
    config = load_config(root / "codegen.toml", environ={}, overrides=overrides)
    project = analyse(config, (), lambda _: None)
    assert not project.has_errors, [d.render() for d in project.diagnostics]
    for path, text in render_output(project.code).items():
        file = root / OUTPUT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root))
        yield {
            "aio": importlib.import_module(PACKAGE),
            "sync": importlib.import_module(f"{PACKAGE}.sync"),
            "package": importlib.import_module(f"{PACKAGE}.models").PACKAGE,
            "root": root,
        }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function is test_what_breaks_is_found_and_nothing_else:
        everything = metafunc.config.getoption("all")
        metafunc.parametrize(
            "change", [one for one in CHANGES if everything or one in SAMPLE]
        )


# A trigger fills in what the code does not write.
FILLED = """
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN NEW.region := 1; RETURN NEW; END';
CREATE TRIGGER fill BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION fill();
ALTER TABLE items ADD region int;
UPDATE items SET region = 1;
ALTER TABLE items ALTER region SET NOT NULL;
"""


def changed(url: str, change: str) -> None:
    with psycopg.connect(url, autocommit=True) as link:
        for command in CHANGES[change].split(";"):
            link.execute(command.encode())


def found(database: Any, url: str, **options: Any) -> list[tuple[str, FindingKind]]:
    """The findings of opening a synchronous Database."""
    try:
        with database.open(url, verify="error", min_size=1, **options):
            return []
    except ContractBroken as broken:
        return [(one.method, one.kind) for one in broken.findings]


def test_what_breaks_is_found_and_nothing_else(
    change: str, package: Mapping[str, Any], make_database: Callable[[str], str]
) -> None:
    url = make_database(SCHEMA)
    before = outcomes(url, f"{PACKAGE}.sync")
    changed(url, change)
    after = outcomes(url, f"{PACKAGE}.sync")
    findings = found(package["sync"].Database, url)
    broken = {name for name, kind in findings if kind is FindingKind.BREAKS}
    happened = {
        f"{file}.{method}": why
        for (file, method), why in after.items()
        if why and not before[file, method]
    }
    # The columns of a stream are compared when a row arrives.
    if "items.walk" not in happened:
        broken.discard("items.walk")
    assert broken == happened.keys(), (findings, happened)


def test_the_sample_is_of_the_changes() -> None:
    assert len(CHANGES) >= 25
    assert CHANGES.keys() >= SAMPLE


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            "ALTER TABLE others ALTER word DROP NOT NULL",
            {("items.other", FindingKind.NULLABILITY)},
        ),
        (
            "ALTER TABLE others DROP CONSTRAINT others_pkey",
            {("items.other", FindingKind.ROWS)},
        ),
        (
            "ALTER TABLE others ENABLE ROW LEVEL SECURITY",
            {("items.other", FindingKind.ROWS), ("items.words", FindingKind.ROWS)},
        ),
        (
            "ALTER TABLE items ADD CONSTRAINT short CHECK (length(label) < 100)",
            {
                (f"items.{name}", FindingKind.ERRORS)
                for name in (
                    *("add", "add_returning", "add_many", "copy", "copy_plain_types"),
                    *("upsert", "save", "rename"),
                )
            },
        ),
        (
            "DROP TABLE others CASCADE",
            {
                ("items.other", FindingKind.BREAKS),
                ("items.words", FindingKind.BREAKS),
                ("items.clear", FindingKind.BREAKS),
            },
        ),
        ("ALTER TABLE others ALTER word SET DEFAULT 'x'", set()),
        (FILLED, set()),
        ("CREATE INDEX ON others (word)", set()),
        ("CREATE TABLE more (id int4)", set()),
        ("ALTER TABLE others RENAME CONSTRAINT others_pkey TO others_key", set()),
        ("ALTER TABLE items ALTER home SET DEFAULT NULL", set()),
        ("CREATE OR REPLACE FUNCTION twice(int4) RETURNS int4 RETURN $1 * 3", set()),
        (
            "DROP FUNCTION twice; CREATE FUNCTION twice(int4) RETURNS int8 RETURN $1",
            {("items.double", FindingKind.BREAKS)},
        ),
        (
            "DROP VIEW words; CREATE VIEW words AS SELECT 1::int8 AS word",
            {("items.words", FindingKind.BREAKS)},
        ),
    ],
)
def test_what_the_server_accepts(
    change: str,
    expected: set[tuple[str, FindingKind]],
    package: Mapping[str, Any],
    make_database: Callable[[str], str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = make_database(SCHEMA)
    with psycopg.connect(url, autocommit=True) as link:
        link.execute(change.encode())
    with (
        package["sync"].Database.open(url) as db,
        db.connection() as connection,
    ):
        session = Session.of(connection, package["package"], fast=True)
        findings = find_differences(session, package["package"])
    assert {(one.method, one.kind) for one in findings} == expected
    with package["sync"].Database.open(url, verify="warn"):
        pass
    assert bool(expected) == ("do not fit the schema" in caplog.text)


CHANGE = "ALTER TABLE others RENAME word TO name"
MISSING = "column word of public.others does not exist"


@pytest.mark.parametrize("use_cursors", [False, True])
@pytest.mark.parametrize("prepare", ["auto", "never"])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_asynchronous_packages(
    package: Mapping[str, Any],
    make_database: Callable[[str], str],
    loop: Callable[[], asyncio.AbstractEventLoop],
    prepare: str,
    *,
    use_cursors: bool,
) -> None:
    url = make_database(SCHEMA)

    async def opened() -> None:
        async with package["aio"].Database.open(
            url, verify="error", prepare=prepare, use_cursors=use_cursors
        ) as db:
            assert await db.items.count_items() == 1

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(opened())
        with psycopg.connect(url, autocommit=True) as link:
            link.execute(CHANGE)
        with pytest.raises(
            ContractBroken, match=r"items\.other: column .word. does not"
        ):
            runner.run(opened())


@pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")
@pytest.mark.parametrize("use_cursors", [False, True])
def test_behind_pgbouncer(
    package: Mapping[str, Any],
    make_database: Callable[[str], str],
    *,
    use_cursors: bool,
) -> None:
    url = make_database(SCHEMA)
    with pooled(url) as pooler:
        options = {"prepare": "never", "use_cursors": use_cursors}
        assert found(package["sync"].Database, pooler, **options) == []
        with psycopg.connect(url, autocommit=True) as link:
            link.execute(CHANGE)
        assert found(package["sync"].Database, pooler, **options) == [
            ("items.other", FindingKind.BREAKS)
        ]


def test_the_search_path_is_the_connections(
    package: Mapping[str, Any], make_database: Callable[[str], str]
) -> None:
    url = make_database(SCHEMA)
    with psycopg.connect(url, autocommit=True) as link:
        link.execute(
            "CREATE SCHEMA acme; CREATE TABLE acme.others (id int4 PRIMARY KEY);"
            # Operators and functions that nothing may call.
            "CREATE FUNCTION acme.never(text, text) RETURNS bool LANGUAGE plpgsql AS"
            " 'BEGIN RAISE division_by_zero; END';"
            "CREATE FUNCTION acme.never(name, name) RETURNS bool LANGUAGE plpgsql AS"
            " 'BEGIN RAISE division_by_zero; END';"
            "CREATE FUNCTION acme.never(oid, oid) RETURNS bool LANGUAGE plpgsql AS"
            " 'BEGIN RAISE division_by_zero; END';"
            "CREATE OPERATOR acme.= (PROCEDURE = acme.never, LEFTARG = text,"
            " RIGHTARG = text);"
            "CREATE OPERATOR acme.= (PROCEDURE = acme.never, LEFTARG = name,"
            " RIGHTARG = name);"
            "CREATE OPERATOR acme.= (PROCEDURE = acme.never, LEFTARG = oid,"
            " RIGHTARG = oid);"
            "CREATE DOMAIN acme.text AS int4; CREATE DOMAIN acme.name AS int4;"
            "CREATE FUNCTION acme.unnest(anyarray) RETURNS int4 LANGUAGE sql AS"
            " 'SELECT 1 / 0';"
        )
    database = package["sync"].Database
    assert found(database, url) == []
    hostile = f"{url}&options=-csearch_path%3Dacme,pg_catalog,public"
    assert found(database, hostile) == [("items.other", FindingKind.BREAKS)]
    with psycopg.connect(url, autocommit=True) as link:
        link.execute("ALTER TABLE acme.others ADD word pg_catalog.text NOT NULL")
    assert found(database, hostile) == []


def test_a_role_that_may_not_read_a_table(
    package: Mapping[str, Any], make_database: Callable[[str], str]
) -> None:
    url = make_database(SCHEMA)
    with unprivileged(url) as conninfo:
        assert found(package["sync"].Database, conninfo) == []
        with psycopg.connect(url, autocommit=True) as link:
            link.execute(CHANGE)
        assert found(package["sync"].Database, conninfo) == [
            ("items.other", FindingKind.BREAKS)
        ]


def test_a_schema_that_fits_takes_one_round_trip(
    package: Mapping[str, Any], make_database: Callable[[str], str], tmp_path: Path
) -> None:
    url = make_database(SCHEMA)
    trace = tmp_path / "trace"
    with (
        package["sync"].Database.open(url, max_size=1) as db,
        db.connection() as connection,
    ):
        session = Session.of(connection, package["package"], fast=True)
        with trace.open("w") as file:
            connection.pgconn.trace(file.fileno())
            assert find_differences(session, package["package"]) == ()
            connection.pgconn.untrace()
    assert trace.read_text(encoding="utf-8").count("ReadyForQuery") == 1


def test_nothing_is_loaded_or_sent_by_default(package: Mapping[str, Any]) -> None:
    program = (
        "import sys, verified.app.sync as app\n"
        "assert not any('contract' in name for name in sys.modules), sys.modules\n"
        "assert app.PACKAGE.module\n"
    )
    outcome = subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-c", program],
        cwd=package["root"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr


def test_a_server_that_is_not_there(
    package: Mapping[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    options = {"open_timeout": 0.0, "timeout": 0.2, "connect_timeout": 1}
    where = "host=/nowhere"
    with package["sync"].Database.open(where, verify="warn", **options):
        assert "the schema was not verified" in caplog.text
    with (
        pytest.raises(Unavailable),
        package["sync"].Database.open(where, verify="error", **options),
    ):
        pass


def test_a_package_without_a_contract(make_database: Callable[[str], str]) -> None:
    database = BaseDatabase(
        Settings(conninfo=make_database(""), verify="warn"), package=Package("old")
    )
    with pytest.raises(RepositoryError, match="has no contract"), database:
        pass


def test_errors_name_what_differs(
    package: Mapping[str, Any], make_database: Callable[[str], str]
) -> None:
    url = make_database(SCHEMA)
    with (
        psycopg.connect(url, autocommit=True) as link,
        package["sync"].Database.open(url, max_size=1) as db,
    ):
        link.execute("DROP VIEW words; INSERT INTO others VALUES (1, 'x')")
        assert db.items.other(id=1) == "x"
        link.execute("ALTER TABLE others ALTER word TYPE int8 USING 1")
        difference = "column word of public.others was text, is int8"
        with pytest.raises(SchemaChanged) as caught:
            db.items.other(id=1)
        assert caught.value.differences == (difference,)
        assert str(caught.value).endswith(f"; {difference}")
        # In a transaction, after it was rolled back.
        with pytest.raises(SchemaChanged, match=difference), db.transaction():
            db.items.other(id=1)
        link.execute("DROP TABLE others CASCADE")
        db.items.count_items()
        with pytest.raises(SchemaChanged) as caught, db.transaction():
            db.items.clear()
        # What was read a moment ago is used again, so that no storm of errors reads it.
        assert caught.value.differences in {
            (difference,),
            ("public.others does not exist",),
        }
        assert db.items.count_items() == 1


def test_errors_when_the_catalog_cannot_be_read(
    package: Mapping[str, Any], make_database: Callable[[str], str]
) -> None:
    url = make_database(SCHEMA)
    with unprivileged(url) as conninfo, psycopg.connect(url, autocommit=True) as link:
        link.execute(CHANGE)
        link.execute("REVOKE SELECT ON pg_catalog.pg_constraint FROM PUBLIC")
        with package["sync"].Database.open(conninfo, max_size=1) as db:
            with pytest.raises(SchemaChanged, match="does not exist") as caught:
                db.items.other(id=1)
            assert caught.value.differences == ()
            link.execute("GRANT SELECT ON pg_catalog.pg_constraint TO PUBLIC")
            with pytest.raises(SchemaChanged) as caught:
                db.items.other(id=1)
            assert MISSING in caught.value.differences


def test_errors_of_asynchronous_packages(
    package: Mapping[str, Any], make_database: Callable[[str], str]
) -> None:
    url = make_database(SCHEMA)

    async def call() -> None:
        async with package["aio"].Database.open(url, max_size=1) as db:
            assert await db.items.words() == []
            with psycopg.connect(url, autocommit=True) as link:
                link.execute(CHANGE)
            with pytest.raises(SchemaChanged, match=MISSING):
                await db.items.other(id=1)
            with pytest.raises(SchemaChanged, match=MISSING):
                async with db.transaction():
                    await db.items.other(id=1)

    for loop in (asyncio.new_event_loop, uvloop.new_event_loop):
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(call())
        with psycopg.connect(url, autocommit=True) as link:
            link.execute("ALTER TABLE others RENAME name TO word")


def test_pools_hosts_and_roles(
    package: Mapping[str, Any], make_database: Callable[[str], str]
) -> None:
    """A pool that resets sessions, two hosts of which one is dead, and a role."""
    url = make_database(SCHEMA)
    database = package["sync"].Database
    parts = psycopg.conninfo.conninfo_to_dict(url)
    hosts = psycopg.conninfo.make_conninfo(
        url, host=f"/nowhere,{parts['host']}", port=f"1,{parts['port']}"
    )
    with unprivileged(url) as conninfo:
        role = psycopg.conninfo.conninfo_to_dict(conninfo)["user"]
        as_role = psycopg.conninfo.make_conninfo(url, options=f"-c role={role}")
        for where, options in (
            (url, {"reset": True}),
            (as_role, {}),
            (hosts, {}),
        ):
            assert found(database, where, **options) == []
        with psycopg.connect(url, autocommit=True) as link:
            link.execute("ALTER TABLE others ENABLE ROW LEVEL SECURITY")
            link.execute(CHANGE)
        for where, options in (
            (url, {"reset": True}),
            (as_role, {}),
            (hosts, {}),
        ):
            assert found(database, where, **options) == [
                ("items.other", FindingKind.BREAKS),
                ("items.words", FindingKind.ROWS),
            ]
