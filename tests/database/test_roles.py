"""The roles that a schema creates or takes for granted."""

from __future__ import annotations

import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from reposgen.database import Migrations, connect, open_server, scratch_database
from reposgen.database.migration_files import way_up
from reposgen.database.model import MigrationFile
from reposgen.database.roles import created_roles, named_roles
from reposgen.diagnostics import ReposgenError, SourceFile
from reposgen.sql_source.statements import split


def migrations(text: str) -> Migrations:
    source = SourceFile(path="schema.sql", text=text)
    return Migrations(files=(MigrationFile(path=source.path, parts=(way_up(source),)),))


@pytest.mark.parametrize(
    ("sql", "roles"),
    [
        ("ALTER TABLE public.t OWNER TO shop_owner", {"shop_owner"}),
        ('ALTER FUNCTION f(integer) OWNER TO "Shop Owner"', {"Shop Owner"}),
        ("ALTER TYPE mood OWNER TO a", {"a"}),
        (
            "GRANT SELECT, INSERT ON t TO reader, GROUP writer, PUBLIC",
            {"reader", "writer"},
        ),
        ("GRANT ALL ON SCHEMA s TO a WITH GRANT OPTION GRANTED BY b", {"a", "b"}),
        ("GRANT SELECT (x, y) ON t TO a", {"a"}),
        (
            "GRANT parent, other TO child WITH ADMIN OPTION",
            {"parent", "other", "child"},
        ),
        ("REVOKE ALL ON FUNCTION f(text) FROM PUBLIC, a", {"a"}),
        (
            "ALTER DEFAULT PRIVILEGES FOR ROLE a, b GRANT SELECT ON TABLES TO c",
            {"a", "b", "c"},
        ),
        ("CREATE POLICY p ON t FOR SELECT TO a, current_user USING (x = 1)", {"a"}),
        ("ALTER POLICY p ON t TO b", {"b"}),
        ("SET ROLE a", {"a"}),
        ("SET LOCAL ROLE 'a'", {"a"}),
        ("SET ROLE NONE", set()),
        ("SET SESSION AUTHORIZATION a", {"a"}),
        ("SET SESSION AUTHORIZATION DEFAULT", set()),
        ("CREATE SCHEMA s AUTHORIZATION a", {"a"}),
        ("REASSIGN OWNED BY a TO b", {"a", "b"}),
        ("COMMENT ON ROLE a IS 'x'", {"a"}),
        ("ALTER TABLE t RENAME TO grantee", set()),
        ("ALTER TABLE t ADD COLUMN owner text", set()),
        ("CREATE POLICY p ON t USING (a IN (SELECT b FROM x))", set()),
        ("SELECT 'GRANT a TO b'", set()),
    ],
)
def test_roles_that_a_statement_names(sql: str, roles: set[str]) -> None:
    found = split(SourceFile(path="a.sql", text=f"{sql};"))
    assert named_roles(found.statements) == roles


def test_roles_that_are_created() -> None:
    text = """
        CREATE ROLE app LOGIN;
        DO $$ BEGIN CREATE USER "a ""b"; END $$;
        CREATE GROUP g1;
    """
    assert created_roles(migrations(text)) == {"app", 'a "b', "g1"}


def test_a_dump_of_another_server_is_applied(server: str) -> None:
    owner, reader = (f"reposgen_role_{uuid.uuid4().hex[:12]}" for _ in range(2))
    dump = migrations(
        f"""
        CREATE TABLE t (id int PRIMARY KEY);
        ALTER TABLE t OWNER TO {owner};
        ALTER TABLE t ENABLE ROW LEVEL SECURITY;
        CREATE POLICY mine ON t TO {reader} USING (true);
        GRANT SELECT ON t TO {reader};
        """
    )
    with (
        open_server(server) as there,
        scratch_database(there, dump) as connection,
    ):
        policy = "SELECT pg_get_userbyid(polroles[1]) FROM pg_policy"
        assert connection.execute(policy).fetchone() == (reader,)
    with connect(server) as admin:
        left = "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)"
        assert admin.execute(left, ([owner, reader],)).fetchall() == []
        with pytest.raises(psycopg.errors.InvalidParameterValue):
            admin.execute(f"SET ROLE {owner}".encode())


def test_a_user_who_may_not_create_roles(server: str) -> None:
    user, missing = (f"reposgen_role_{uuid.uuid4().hex[:12]}" for _ in range(2))
    with connect(server) as admin:
        admin.execute(f"CREATE ROLE {user} LOGIN CREATEDB PASSWORD 'x'".encode())
        limited = make_conninfo(server, user=user, password="x")  # noqa: S106 - a test's
        try:
            for sql, hint in (
                (
                    f"CREATE TABLE t (); GRANT SELECT ON t TO {missing};",
                    f"create it first: CREATE ROLE {missing}",
                ),
                (f"CREATE ROLE {missing};", "the user that connects needs ALTER ROLE"),
            ):
                with (
                    pytest.raises(ReposgenError) as raised,
                    open_server(limited) as there,
                    scratch_database(there, migrations(sql)),
                ):
                    pass
                (diagnostic,) = raised.value.diagnostics
                assert diagnostic.code == "migration-failed"
                assert diagnostic.span
                assert diagnostic.hint
                assert diagnostic.hint.startswith(hint)
        finally:
            admin.execute(f"DROP ROLE {user}".encode())
