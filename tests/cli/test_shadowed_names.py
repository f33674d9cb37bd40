# ruff: noqa: E501 -- lists in SQL
"""Objects that are called like the server's own: none is ever taken for those."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

import reposgen
from reposgen.live_schema.describe import describe
from reposgen.live_schema.function_bodies import read_function_bodies
from reposgen.live_schema.model import Statement
from reposgen_runtime.positions import PRIMARY_QUERY, REPLICA_QUERY

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

SOURCES: Final = Path(reposgen.__file__).parent
# Whatever word of the sources is the name of something in pg_catalog.
WORDS: Final = frozenset(
    word
    for path in (*SOURCES.rglob("*.py"), *SOURCES.rglob("*.sql"))
    for word in re.findall(r"[a-z_0-9]{2,}", path.read_text(encoding="utf-8"))
)
OPERATORS: Final = ("=", "<>", "<", "<=", ">", ">=", "||", "+", "-", "~~", "->>", "@>")
TYPES: Final = (
    *("int2", "int4", "int8", "oid", "text", "name", '"char"', "bool", "float8"),
    *("timestamptz", "pg_lsn", "numeric", "jsonb", "anyelement", "anyarray"),
    *("int2vector", "oidvector", "regclass"),
)

SCHEMA: Final = """
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE FUNCTION misspelt(mood) RETURNS pg_catalog.text LANGUAGE sql IMMUTABLE
    RETURN 'nonsense';
CREATE CAST (mood AS pg_catalog.text) WITH FUNCTION misspelt(mood) AS ASSIGNMENT;
CREATE TABLE things (
    id integer PRIMARY KEY,
    name pg_catalog.text NOT NULL,
    mood mood NOT NULL DEFAULT 'sad',
    version integer NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX ON things (name) WHERE version > 0;
CREATE VIEW named AS SELECT id, name FROM things;
"""

QUERIES: Final = """
-- name: PageThings :page
SELECT * FROM things ORDER BY mood, id;

-- name: PageDown :page
SELECT id, name FROM things ORDER BY name, id DESC;

-- name: StreamThings :stream
SELECT id FROM named ORDER BY id;

-- name: ExportThings :copyto
SELECT id FROM things WHERE id OPERATOR(pg_catalog.>=) @least ORDER BY id;

-- name: AddThings :copyfrom
INSERT INTO things (id, name, mood) VALUES (@id, @name, @mood);

-- name: PutThings :copyfrom
INSERT INTO things (id, name) VALUES (@id, @name) RETURNING id;

-- name: GetThing :one
-- @timeout 5s
SELECT * FROM things WHERE id OPERATOR(pg_catalog.=) @id;

-- name: FillThings :batchexec
INSERT INTO things (id, name) VALUES (@id, @name);
"""

USE: Final = """
import os
from generated.app.sync import Database
from generated.app import AddThingsParams, FillThingsParams, Mood, PutThingsParams

with Database.open(os.environ["DATABASE_URL"], statement_timeout=20) as db:
    q = db.q
    assert q.add_things(
        AddThingsParams(n, f"n{n}", Mood.GLAD if n % 2 else Mood.SAD) for n in range(6)
    ) == 6
    assert q.put_things([PutThingsParams(6, "n6")]) == [6]
    q.fill_things([FillThingsParams(7, "n7")])
    with db.transaction(timeout=9):
        assert q.get_thing(id=3).mood is Mood.GLAD
    assert q.get_thing(id=3).name == "n3"
    for call, expected in (
        (q.page_things, [0, 2, 4, 6, 7, 1, 3, 5]),
        (q.page_down, [0, 1, 2, 3, 4, 5, 6, 7]),
    ):
        found, after = [], None
        while True:
            page = call(limit=3, after=after, total=True)
            assert page.total == 8, page
            found += [item.id for item in page.items]
            if (after := page.next) is None:
                break
        assert found == expected, found
    assert list(q.stream_things()) == [*range(8)]
    exported = b"".join(q.export_things(least=6, header=False))
    assert exported.split() == [b"6", b"7"], exported
with Database.open(os.environ["DATABASE_URL"], prepare="never", reset=False) as db:
    assert db.q.get_thing(id=3).name == "n3"
print("done")
"""

# All of these fail when used. Not everything can be imitated: what has pseudo-types, or
# a name that is a keyword, is left out.
SHADOW: Final = f"""
CREATE SCHEMA shadow;
DO $do$
DECLARE
    words CONSTANT pg_catalog.text[] := '{{{",".join(sorted(WORDS))}}}';
    types CONSTANT pg_catalog.text[] := ARRAY[{", ".join(f"'{t}'" for t in TYPES)}];
    operators CONSTANT pg_catalog.text[] := ARRAY[{", ".join(f"'{o}'" for o in OPERATORS)}];
    body CONSTANT pg_catalog.text := 'LANGUAGE plpgsql AS $$BEGIN RAISE ''captured''; END$$';
    command pg_catalog.text;
BEGIN
    FOR command IN
        SELECT format('CREATE FUNCTION shadow.%I(%s) RETURNS text %s', p.proname, a, body)
        FROM pg_proc p,
            LATERAL (VALUES (oidvectortypes(p.proargtypes)), ('VARIADIC anyarray')) v(a)
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (words)
        UNION ALL
        SELECT format('CREATE FUNCTION shadow.captured(%s, %s) RETURNS bool %s', l, r, body)
        FROM unnest(types) l, unnest(types) r
        UNION ALL
        SELECT format('CREATE OPERATOR shadow.%s (FUNCTION = shadow.captured,'
                      ' LEFTARG = %s, RIGHTARG = %s)', o, l, r)
        FROM unnest(operators) o, unnest(types) l, unnest(types) r
        UNION ALL
        SELECT format('CREATE TABLE shadow.%I ()', relname)
        FROM pg_class
        WHERE relkind IN ('r', 'v') AND relnamespace = 'pg_catalog'::regnamespace
        UNION ALL
        SELECT format('CREATE DOMAIN shadow.%I AS box', typname)
        FROM pg_type
        WHERE typtype = 'b' AND typelem = 0 AND typname = ANY (words)
          AND typnamespace = 'pg_catalog'::regnamespace
    LOOP
        BEGIN
            EXECUTE command;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
    END LOOP;
END
$do$;
"""
LEAST: Final = 500  # so many functions and operators at least


@pytest.fixture
def shadowed(make_database: Callable[[str], str]) -> str:
    """A database whose search_path finds all of that first, and pg_catalog last."""
    conninfo = make_database(SCHEMA + SHADOW)
    with psycopg.connect(conninfo, autocommit=True) as admin:
        made = admin.execute(
            "SELECT (SELECT count(*) FROM pg_proc p WHERE p.pronamespace = s.oid),"
            " (SELECT count(*) FROM pg_operator o WHERE o.oprnamespace = s.oid),"
            " (SELECT count(*) FROM pg_class c WHERE c.relnamespace = s.oid),"
            " to_regtype('shadow.text') FROM pg_namespace s WHERE s.nspname = 'shadow'"
        ).fetchone()
        assert made
        assert made[0] > LEAST
        assert made[1] > LEAST
        assert made[2]
        assert made[3]
        database = sql.Identifier(str(conninfo_to_dict(conninfo)["dbname"]))
        admin.execute(
            sql.SQL(
                "ALTER DATABASE {} SET search_path = shadow, public, pg_catalog"
            ).format(database)
        )
    return conninfo


def test_a_package_is_generated_and_works(
    shadowed: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run: Callable[..., Result],
) -> None:
    (tmp_path / "q.sql").write_text(QUERIES)
    (tmp_path / "codegen.toml").write_text(
        '[[package]]\nname = "app"\nqueries = "q.sql"\napi = ["async", "sync"]\n'
        f"[database]\nurl = '{shadowed}'\n"
    )
    monkeypatch.chdir(tmp_path)
    made = run("generate")
    assert made.exit_code == 0, made.output
    assert run("doctor").exit_code == 0
    used = subprocess.run(  # noqa: S603 -- our own code
        [sys.executable, "-c", USE],
        cwd=tmp_path,
        env={**os.environ, "DATABASE_URL": shadowed},
        capture_output=True,
        text=True,
        check=False,
    )
    assert used.stdout == "done\n", used.stderr


def test_trees_are_read_without_notices(shadowed: str) -> None:
    statements = [Statement(sql="SELECT * FROM named"), Statement(sql="SELECT $1::int")]
    with psycopg.connect(shadowed, autocommit=True) as connection:
        described = describe(connection, statements)
        bodies = read_function_bodies(connection, statements, described)
    assert None not in bodies


def test_positions_in_the_log(shadowed: str) -> None:
    with psycopg.connect(shadowed, autocommit=True) as connection:
        for query in (PRIMARY_QUERY, REPLICA_QUERY):
            assert connection.execute(query.encode()).fetchone()
