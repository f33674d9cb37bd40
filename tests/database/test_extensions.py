"""Extensions: which server has one, and declarations that stand in for two."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest

from reposgen.database import (
    Migrations,
    connect,
    open_server,
    scratch_database,
)
from reposgen.database.extensions import extension_hint
from reposgen.database.installation import embedded_installations
from reposgen.database.migration_files import way_up
from reposgen.database.model import MigrationFile
from reposgen.database.system import system_installations
from reposgen.diagnostics import ReposgenError, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import LiteralString

    from reposgen.database import Server

STAND_INS = ("pgcrypto", "uuid-ossp")
FUNCTIONS: LiteralString = """
    SELECT extname, proname, pg_get_function_arguments(p.oid),
        pg_get_function_result(p.oid), provolatile, proisstrict, proparallel,
        proretset, prorows, procost, proleakproof, prosecdef, prokind
    FROM pg_proc p
    JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
    JOIN pg_extension e ON e.oid = d.refobjid AND d.deptype = 'e'
    WHERE extname <> 'plpgsql'
"""
MEMBERS: LiteralString = """
    SELECT DISTINCT classid::regclass::text FROM pg_depend
    JOIN pg_extension e ON e.oid = refobjid AND deptype = 'e'
    WHERE extname <> 'plpgsql'
"""
# What 18 has more than older servers.
ONLY_IN_18 = {("pgcrypto", "fips_mode")}


def has_real_ones() -> bool:
    installed = system_installations()
    return bool(installed) and all(map(installed[0].has_extension, STAND_INS))


needs_real_ones = pytest.mark.skipif(
    not has_real_ones(), reason="the machine has no server with contrib"
)


@pytest.fixture(scope="module")
def cache(shared_cache: object) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REPOSGEN_CACHE_DIR", str(shared_cache))
        yield


@pytest.fixture(scope="module")
def embedded(cache: None) -> Iterator[Server]:
    assert cache is None
    with open_server("embedded") as server:
        yield server


@pytest.fixture
def connection(
    embedded: Server,
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with scratch_database(embedded) as connection:
        connection.execute('CREATE EXTENSION pgcrypto; CREATE EXTENSION "uuid-ossp"')
        yield connection


def functions(connection: psycopg.Connection[tuple[object, ...]]) -> set[object]:
    rows = connection.execute(FUNCTIONS).fetchall()
    return {row for row in rows if (row[0], row[1]) not in ONLY_IN_18}


@needs_real_ones
def test_declared_as_the_real_functions(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    with open_server("system") as server, scratch_database(server) as real:
        real.execute('CREATE EXTENSION pgcrypto; CREATE EXTENSION "uuid-ossp"')
        expected = functions(real)
        assert functions(connection) == expected
        assert len(expected) == 46
        assert real.execute(MEMBERS).fetchall() == [("pg_proc",)]
        assert connection.execute(MEMBERS).fetchall() == [("pg_proc",)]
        controls: LiteralString = (
            "SELECT name, relocatable, trusted, superuser, requires"
            " FROM pg_available_extension_versions v WHERE name = ANY(%s)"
            " AND version IN ('1.3', '1.1') AND (name, version) <> ('pgcrypto', '1.1')"
            " ORDER BY 1"
        )
        rows = connection.execute(controls, ([*STAND_INS],)).fetchall()
        assert rows == real.execute(controls, ([*STAND_INS],)).fetchall()
        for expression in (
            "uuid_generate_v3(uuid_ns_dns(), 'www.example.com')",
            "uuid_generate_v3(uuid_ns_url(), '')",
            "uuid_generate_v3(uuid_ns_oid(), 'ünïcödé')",
            "uuid_nil()",
            "uuid_ns_x500()",
            "uuid_generate_v3(NULL, 'a')",
        ):
            query = f"SELECT {expression}".encode()
            assert (
                connection.execute(query).fetchone() == real.execute(query).fetchone()
            ), expression


def test_what_18_has_more(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    row = connection.execute(
        "SELECT pg_get_function_result(oid), provolatile, proisstrict, proparallel"
        " FROM pg_proc WHERE proname = 'fips_mode'"
    ).fetchone()
    assert row == ("boolean", "v", True, "s")


@pytest.mark.parametrize("version", [1, 4])
def test_random_ids(
    connection: psycopg.Connection[tuple[object, ...]], version: int
) -> None:
    names = {1: ("v1", "v1mc"), 4: ("v4",)}
    for name in names[version]:
        rows = connection.execute(
            f"SELECT uuid_generate_{name}(), clock_timestamp()"
            " FROM generate_series(1, 100)".encode()
        ).fetchall()
        made = [row[0] for row in rows]
        assert len(set(made)) == 100
        for one in made:
            assert isinstance(one, UUID)
            assert one.version == version
            if version == 1:
                # A random node is marked as no address of a card.
                assert one.node >> 40 & 1
    if version == 1:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        assert row
        last = made[-1]
        assert isinstance(last, UUID)
        when = (last.time - 0x01B21DD213814000) / 1e7
        assert abs(row[0].timestamp() - when) < 60  # type: ignore[attr-defined] # a datetime


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("crypt('a', 'b')", "crypt of pgcrypto"),
        ("gen_random_bytes(8)", "gen_random_bytes of pgcrypto"),
        ("(pgp_armor_headers('a')).key", "pgp_armor_headers of pgcrypto"),
        ("fips_mode()", "fips_mode of pgcrypto"),
        ("uuid_generate_v5(uuid_nil(), 'a')", "uuid_generate_v5 of uuid-ossp"),
    ],
)
def test_what_cannot_be_computed(
    connection: psycopg.Connection[tuple[object, ...]], call: str, name: str
) -> None:
    with pytest.raises(psycopg.errors.FeatureNotSupported) as raised:
        connection.execute(f"SELECT {call}".encode())
    assert raised.value.diag.message_primary == (
        f"{name} is not available on the embedded server"
    )
    assert raised.value.diag.message_hint == (
        'set [database] url to "system" or to a docker image that has it'
    )


def test_another_schema_and_version(embedded: Server) -> None:
    with scratch_database(embedded) as connection:
        connection.execute(
            "CREATE SCHEMA extensions;"
            'CREATE EXTENSION "uuid-ossp" SCHEMA extensions;'
            "CREATE EXTENSION pgcrypto SCHEMA extensions VERSION '1.3'"
        )
        connection.execute(
            "SELECT extensions.uuid_generate_v3(extensions.uuid_nil(),'')"
        )
        connection.execute("SELECT extensions.gen_random_uuid()")
        connection.execute("ALTER EXTENSION pgcrypto UPDATE")
        connection.execute("ALTER EXTENSION pgcrypto SET SCHEMA public")
        connection.execute("DROP EXTENSION pgcrypto")


def test_a_note_says_so(embedded: Server) -> None:
    assert embedded.stand_ins == STAND_INS
    assert not embedded.notes_for(["citext", "plpgsql"])
    [found] = embedded.notes_for(["citext", "pgcrypto"])
    assert (found.code, found.severity) == ("stand-in-extension", "note")


def test_older_servers_have_none(cache: None) -> None:
    assert cache is None
    with open_server("embedded:16") as server:
        assert server.stand_ins == ()


@needs_real_ones
def test_where_an_extension_is() -> None:
    usual = "set [database] url to a server or a docker image that has it"
    system = system_installations()[0]
    assert extension_hint("nosuch") == usual
    assert extension_hint("../../etc/passwd") == usual
    assert extension_hint("vector").startswith(
        'set [database] url = "embedded" or "embedded:16"'
    )
    assert extension_hint("citext").startswith('set [database] url = "embedded" or ')
    assert extension_hint("pgcrypto") == (
        f'set [database] url = "embedded" or "system:{system.major}", which has it'
    )
    assert extension_hint("sslinfo") == (
        f'set [database] url = "system:{system.major}", which has it'
    )


@pytest.mark.usefixtures("cache")
def test_a_migration_that_needs_what_an_older_server_lacks() -> None:
    source = SourceFile(path="1.sql", text="CREATE EXTENSION citext;")
    migrations = Migrations(
        files=(MigrationFile(path="1.sql", parts=(way_up(source),)),)
    )
    with (
        open_server("embedded:16") as server,
        pytest.raises(ReposgenError) as raised,
        scratch_database(server, migrations),
    ):
        pass
    [found] = raised.value.diagnostics
    assert found.code == "extension-unavailable"
    assert found.hint
    assert found.hint.startswith('set [database] url = "embedded"')


def test_all_that_is_said_to_be_there_is_there() -> None:
    for installation in (*embedded_installations(), *system_installations()):
        url = f"{installation.origin}:{installation.major}"
        with open_server(url) as server, connect(server.conninfo) as connection:
            rows = connection.execute(
                "SELECT name FROM pg_available_extensions"
            ).fetchall()
        for (name,) in rows:
            known = installation.has_extension(name) or name in server.stand_ins
            assert known, name
