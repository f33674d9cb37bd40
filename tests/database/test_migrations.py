"""Migrations as people write them, and the whole message when one fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from reposgen.database import Migrations, connect
from reposgen.database.migration_files import way_up
from reposgen.database.migrations import apply, role_names
from reposgen.database.model import MigrationFile
from reposgen.diagnostics import ReposgenError, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable

    Migrate = Callable[..., set[str]]
    Complain = Callable[..., str]

TABLES = b"""
    SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i')
"""


def file_of(source: SourceFile) -> MigrationFile:
    return MigrationFile(path=source.path, parts=(way_up(source),))


def as_migrations(*texts: str) -> Migrations:
    return Migrations(
        files=tuple(
            file_of(SourceFile(path=f"migrations/{number}.sql", text=text))
            for number, text in enumerate(texts, 1)
        )
    )


@pytest.fixture
def migrate(database: str) -> Migrate:
    """Applies texts; gives the tables and indexes that are there then."""

    def run(*texts: str) -> set[str]:
        with connect(database) as connection:
            apply(connection, as_migrations(*texts))
            return {name for (name,) in connection.execute(TABLES)}

    return run


@pytest.fixture
def complain(database: str) -> Complain:
    """Applies texts that fail; gives the message."""

    def run(*texts: str) -> str:
        with connect(database) as connection, pytest.raises(ReposgenError) as raised:
            apply(connection, as_migrations(*texts))
        return str(raised.value)

    return run


def test_files_in_their_order(migrate: Migrate) -> None:
    assert migrate(
        "CREATE TABLE a (id int);", "ALTER TABLE a RENAME TO b; CREATE TABLE c ()"
    ) == {"b", "c"}


def test_many_files(database: str) -> None:
    # After a few times psycopg prepares a command, which DISCARD ALL then forgets.
    texts = ["SET search_path = public; CREATE TABLE IF NOT EXISTS a ();"] * 20
    with psycopg.connect(database, autocommit=True) as connection:
        apply(connection, as_migrations(*texts))
        assert connection.execute("SELECT FROM a").fetchall() == []


def test_nothing_to_do(migrate: Migrate) -> None:
    assert migrate("", "-- nothing\n", ";;") == set()


@pytest.mark.parametrize(
    "marker",
    [
        "-- +goose Down",
        "-- +GOOSE DOWN",
        "-- +migrate Down",
        "-- +migrate Down notransaction",
        "---- create above / drop below ----",
        "-- migrate:down",
        "--migrate:down",
        "-- migrate:down transaction:false",
    ],
)
def test_the_way_down_is_left_out(migrate: Migrate, marker: str) -> None:
    text = f"CREATE TABLE a ();\r\n{marker}\r\nDROP TABLE a; 'not SQL"
    assert migrate(text) == {"a"}


def test_a_marker_within_a_line_is_none(migrate: Migrate) -> None:
    assert migrate("SELECT 1; -- see -- +goose Down\nCREATE TABLE a ();") == {"a"}


def test_goose_statements(migrate: Migrate) -> None:
    text = """-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$;
-- +goose StatementEnd
CREATE TABLE a (x int DEFAULT f());
"""
    assert migrate(text) == {"a"}


DUMP = r"""
\restrict cuAx'
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
SET default_table_access_method = heap;
CREATE TABLE public.a (id integer, note text);
ALTER TABLE public.a OWNER TO CURRENT_USER;
\connect other
COPY public.a (id, note) FROM stdin;
1	it's; "so
2	$$
\.

COPY public.a (id, note) FROM stdin WITH (FORMAT text);
\.

CREATE INDEX a_id ON public.a USING btree (id);
\unrestrict cuAx'
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_dump(migrate: Migrate, newline: str) -> None:
    # The next file is not in the session that the dump has set up for itself.
    text = DUMP.replace("\n", newline)
    assert migrate(text, "CREATE TABLE b ();") == {"a", "a_id", "b"}


def test_what_cannot_run_in_a_transaction(migrate: Migrate) -> None:
    assert migrate(
        "CREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY a_id ON a (id);\nVACUUM a;"
    ) == {"a", "a_id"}


def test_a_label_that_is_used_at_once(migrate: Migrate) -> None:
    assert migrate(
        "CREATE TYPE mood AS ENUM ('sad');",
        "ALTER TYPE mood ADD VALUE 'happy';"
        "CREATE TABLE a (mood mood DEFAULT 'happy');"
        "INSERT INTO a DEFAULT VALUES;",
    ) == {"a"}


def test_what_must_run_in_a_transaction(migrate: Migrate) -> None:
    assert migrate(
        "CREATE TEMPORARY TABLE names ON COMMIT DROP AS SELECT 'a' AS name;"
        "CREATE TABLE a AS SELECT name FROM names;"
        "LOCK TABLE a;"
    ) == {"a"}


def test_transactions_of_its_own(migrate: Migrate) -> None:
    assert migrate(
        "BEGIN; CREATE TABLE a (id int); COMMIT;\n"
        "CREATE INDEX CONCURRENTLY a_id ON a (id);\n"
        "START TRANSACTION; CREATE TABLE b (); ROLLBACK;",
    ) == {"a", "a_id"}


def test_a_transaction_left_open(complain: Complain) -> None:
    assert complain("BEGIN;\nCREATE TABLE a ();", "CREATE TABLE b ();") == (
        "migrations/1.sql:1:1: error: the file ends within a transaction"
        " [open-transaction]\n"
        "    1 | BEGIN;\n"
        "      | ^^^^^\n"
        "  hint: add COMMIT; where it is to end"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE DATABASE reposgen_test_beyond",
        "DROP DATABASE postgres WITH (FORCE)",
        "ALTER DATABASE postgres SET search_path = nowhere",
        "ALTER SYSTEM SET work_mem = '1MB'",
        "DROP TABLESPACE IF EXISTS t",
        "GRANT CONNECT, TEMPORARY ON DATABASE theirs TO PUBLIC",
        "COMMENT ON DATABASE theirs IS 'it'",
        "ALTER ROLE postgres SET search_path = nowhere",
        "ALTER USER postgres PASSWORD 'x'",
        "DROP ROLE IF EXISTS postgres",
        "GRANT pg_monitor TO pg_read_all_data",
        "CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1' PUBLICATION p",
    ],
)
def test_the_server_itself_is_left_alone(migrate: Migrate, statement: str) -> None:
    assert migrate(f"CREATE TABLE a ();\n-- why\n{statement};") == {"a"}


def test_roles_by_name() -> None:
    text = """
    CREATE ROLE App; create user "a ""b" LOGIN;
    DO $$ BEGIN IF true THEN CREATE GROUP g1; END IF; END $$;
    CREATE USER MAPPING FOR CURRENT_USER SERVER s;
    """
    assert role_names(as_migrations(text)) >= {"app", 'a "b', "g1"}


def test_the_server_points_at_the_place(complain: Complain) -> None:
    text = "CREATE TABLE a (\r\n\tname text, -- größer 🙂\r\n\tx nosuch\r\n);\r\n"
    assert complain("CREATE TABLE b ();", text) == (
        'migrations/2.sql:3:4: error: type "nosuch" does not exist'
        " (SQLSTATE 42704) [migration-failed]\n"
        "    3 |     x nosuch\n"
        "      |       ^^^^^^"
    )


def test_the_place_is_behind_text_of_several_bytes(complain: Complain) -> None:
    assert complain("CREATE TABLE a (x text DEFAULT 'größer', y nosuch);") == (
        'migrations/1.sql:1:44: error: type "nosuch" does not exist'
        " (SQLSTATE 42704) [migration-failed]\n"
        "    1 | CREATE TABLE a (x text DEFAULT 'größer', y nosuch);\n"
        "      |                                            ^^^^^^"
    )


def test_the_place_is_behind_what_is_left_out(complain: Complain) -> None:
    assert complain(DUMP + "SELEC 1;") == (
        'migrations/1.sql:19:1: error: syntax error at or near "SELEC"'
        " (SQLSTATE 42601) [migration-failed]\n"
        "   19 | SELEC 1;\n"
        "      | ^^^^^"
    )


def test_the_server_names_the_place(complain: Complain) -> None:
    text = 'CREATE TABLE a (b int);\nCREATE INDEX a_c ON a (b, "C d");'
    assert complain(text) == (
        'migrations/1.sql:2:27: error: column "C d" does not exist'
        " (SQLSTATE 42703) [migration-failed]\n"
        '    2 | CREATE INDEX a_c ON a (b, "C d");\n'
        "      |                           ^^^^^"
    )


def test_a_name_that_stands_there_twice(complain: Complain) -> None:
    text = "CREATE TABLE a ();\n  CREATE INDEX c ON a (c);"
    assert complain(text) == (
        'migrations/1.sql:2:3: error: column "c" does not exist'
        " (SQLSTATE 42703) [migration-failed]\n"
        "    2 |   CREATE INDEX c ON a (c);\n"
        "      |   ^^^^^^"
    )


def test_within_a_function(complain: Complain) -> None:
    text = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\n  SELECT nosuch\n$$;"
    assert complain(text) == (
        'migrations/1.sql:2:10: error: column "nosuch" does not exist'
        " (SQLSTATE 42703) [migration-failed]\n"
        "    2 |   SELECT nosuch\n"
        "      |          ^^^^^^"
    )


def test_detail_and_hint_of_the_server(complain: Complain) -> None:
    text = (
        "CREATE TABLE a (id int PRIMARY KEY); CREATE VIEW v AS TABLE a; DROP TABLE a;"
    )
    assert complain(text) == (
        "migrations/1.sql:1:64: error: cannot drop table a because other objects"
        " depend on it (SQLSTATE 2BP01) [migration-failed]\n"
        f"    1 | {text}\n"
        f"      | {' ' * 63}^^^^\n"
        "  hint: view v depends on table a; Use DROP ... CASCADE to drop the dependent"
        " objects too."
    )


def test_a_deferred_constraint(complain: Complain) -> None:
    text = """CREATE TABLE a (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);
INSERT INTO a VALUES (1), (1);
"""
    assert complain(text).startswith(
        "migrations/1.sql:2:1: error: duplicate key value violates unique constraint"
        ' "a_pkey" (SQLSTATE 23505) [migration-failed]\n'
    )


def test_what_never_closes(complain: Complain) -> None:
    assert complain("CREATE TABLE a ();\nSELECT 'open;\n") == (
        "migrations/1.sql:2:8: error: the string is never closed"
        " [unterminated-string]\n"
        "    2 | SELECT 'open;\n"
        "      |        ^\n"
        "  hint: add the closing quote"
    )


def test_an_absent_extension(complain: Complain) -> None:
    text = "CREATE EXTENSION IF NOT EXISTS postgis;"
    message = (
        'migrations/1.sql:1:32: error: the server has no extension "postgis"'
        " [extension-unavailable]\n"
        "    1 | CREATE EXTENSION IF NOT EXISTS postgis;\n"
        "      |                                ^^^^^^^\n"
        "  hint: "
    )
    hint = "set [database] url to a server or a docker image that has it"
    assert complain(text) == message + hint


def test_no_password_in_an_excerpt(complain: Complain) -> None:
    text = "SELECT 1;\nCREATE ROLE pg_app LOGIN PASSWORD 'hunter2';"
    assert complain(text) == (
        'migrations/1.sql:2:13: error: role name "pg_app" is reserved'
        " (SQLSTATE 42939) [migration-failed]\n"
        '  hint: Role names starting with "pg_" are reserved.'
    )


def test_a_connection_that_is_lost(complain: Complain) -> None:
    said = complain(
        "CREATE TABLE a ();\nSELECT pg_terminate_backend(pg_backend_pid());"
    )
    assert said.startswith("migrations/1.sql:1:1: error: the connection was lost")


STORED = """
SET default_tablespace = fast;
SET default_toast_compression = 'lz4';
CREATE TABLE a (
    tablespace text COMPRESSION lz4,
    id int PRIMARY KEY USING INDEX TABLESPACE "Fast"
) TABLESPACE fast;
CREATE INDEX b ON a (tablespace) TABLESPACE fast WHERE id > 0;
CREATE MATERIALIZED VIEW c TABLESPACE fast AS SELECT tablespace fast FROM a;
ALTER TABLE ONLY a ALTER COLUMN tablespace SET COMPRESSION lz4;
ALTER INDEX b SET TABLESPACE fast;
ALTER TABLE a ADD COLUMN compression int;
"""


def test_where_rows_are_stored_does_not_matter(database: str) -> None:
    with connect(database) as connection:
        apply(connection, as_migrations(STORED))
        found = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid IN ('a'::regclass,"
            " 'c'::regclass) AND attnum > 0 ORDER BY attrelid, attnum"
        )
        names = [name for (name,) in found]
    assert names == ["tablespace", "id", "compression", "fast"]


EVENT_TRIGGER = """
CREATE TABLE a ();
CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER reposgen_test ON ddl_command_end EXECUTE FUNCTION f();
ALTER EVENT TRIGGER reposgen_test OWNER TO reposgen_test_x;
"""


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'CREATE DATABASE x'\nWHERE true\\gexec\nCREATE TABLE a ();",
        "CREATE TABLE a ();\nSELECT * FROM a WHERE 1 = $1;\nDELETE FROM b WHERE $1;",
        "CREATE TABLE a ();\nCOPY a FROM '/nowhere.csv' CSV;",
        "CREATE TABLE a ();\nCOPY a (\n) FROM stdin;\n1;\n\\.\n",
        "SET ROLE reposgen_test_x;\nCREATE TABLE a ();\nRESET ROLE;",
        EVENT_TRIGGER,
    ],
    ids=["gexec", "queries", "copy", "data", "role", "owner"],
)
def test_what_has_no_say_in_types(migrate: Migrate, text: str) -> None:
    with_role = (
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO reposgen_test_x;\n{text}"
    )
    assert migrate(with_role) == {"a"}


def test_a_command_of_psql_behind_a_statement(complain: Complain) -> None:
    assert complain("CREATE TABLE a ();\nSELECT 'DROP TABLE a' \\gexec\n") == (
        "migrations/1.sql:2:23: error: psql's \\gexec is not supported here"
        " [psql-command]\n"
        "    2 | SELECT 'DROP TABLE a' \\gexec\n"
        "      |                       ^\n"
        "  hint: write the statements that psql would run"
    )
