"""Proofs that queries keep to one tenant: their refusals, and what they promise."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import sql

from reposgen.config.model import TenantConfig
from reposgen.contracts.model import Routing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contracts.conftest import JudgeTenants

    from reposgen.analysis.model import Analysis, TypedQuery

HERE = Path(__file__).parent / "tenants"
SCHEMA, KEPT, OMITTED = (
    (HERE / f"{name}.sql").read_text(encoding="utf-8")
    for name in ("schema", "kept", "omitted")
)
# A unique key without the tenant shows that another tenant has the value.
SHARED_KEYS = {"UpsertWhere"}
TABLES = ("projects", "tasks", "notes", "labels", "slugs", "badges", "events")


def queries_of(analysis: Analysis) -> list[TypedQuery]:
    return [query for several in analysis.files.values() for query in several]


def test_queries_that_keep_to_a_tenant_are_proved(tenants: JudgeTenants) -> None:
    _, tenancy = tenants(SCHEMA, KEPT)
    assert [d.render() for d in tenancy.diagnostics] == []
    assert all(verdict.proved for verdict in tenancy.verdicts)
    assert len(tenancy.verdicts) == KEPT.count("-- name:")


def test_each_omission_is_found_where_it_is(tenants: JudgeTenants) -> None:
    # The comment of each query lists what is to be found in it.
    analysis, tenancy = tenants(SCHEMA, OMITTED)
    queries = queries_of(analysis)
    found: dict[str, set[str]] = {query.name: set() for query in queries}
    for one in tenancy.diagnostics:
        assert one.code == "tenant-not-proved"
        assert one.span is not None
        found[one.message.partition(":")[0]].add(one.span.text)
    assert found == {query.name: {*query.doc.split(", ")} for query in queries}
    assert len(queries) == OMITTED.count("-- name:") >= 50
    assert {v.routing for v in tenancy.verdicts} == {Routing.CROSSES}


def fill(connection: psycopg.Connection[Any], seed: int) -> None:
    """Rows of three tenants; what notes refer to can be another tenant's."""
    chance = random.Random(seed)

    def add(table: str, *values: object) -> None:
        text = sql.SQL("INSERT INTO {} VALUES ({})")
        places = sql.SQL(", ").join(map(sql.Literal, values))
        connection.execute(text.format(sql.Identifier(table), places))

    add("plans", "basic", 1)
    add("plans", "full", 9)
    identifiers = iter(range(1, 500))
    tasks: list[int] = []
    for tenant in (1, 2, 3):
        projects = [next(identifiers) for _ in range(3)]
        for project in projects:
            plan = chance.choice(["basic", "full", None])
            add("projects", tenant, project, f"p{project}", plan)
        own = [next(identifiers) for _ in range(8)]
        for index, task in enumerate(own):
            parent = chance.choice([None, *own[:index]])
            title, done = chance.choice("abmnxyz"), task % 2 == 0
            add("tasks", tenant, task, chance.choice(projects), parent, title, done)
        tasks += own
    for tenant in (1, 2, 3):
        for _ in range(8):
            task, body = chance.choice(tasks), chance.choice("abmx")
            add("notes", tenant, next(identifiers), task, body)
        for name in chance.sample(["red", "a", "b", "m", "x"], 3):
            add("labels", tenant, name, 1)
        add("slugs", tenant, f"s{tenant}", 1)
        for at in chance.sample(range(100), 4):
            add("events", tenant, at, "k")
    connection.execute("REFRESH MATERIALIZED VIEW totals")


def run(
    connection: psycopg.Connection[Any], query: TypedQuery, tenant: int
) -> list[tuple[object, ...]]:
    """The rows of a query for a tenant, in an order of their own."""
    execute = connection.execute
    execute("SELECT set_config('app.tenant_id', %s, true)", (str(tenant),))
    text = "".join(piece.sql for piece in query.pieces)
    assert len(query.parameters) <= 1
    cursor = psycopg.RawCursor(connection)
    cursor.execute(text.encode(), [tenant] * len(query.parameters))
    rows = cursor.fetchall() if cursor.description else []
    return sorted(rows, key=repr)


def foreign_rows(
    connection: psycopg.Connection[Any], tenant: int
) -> list[tuple[str, str]]:
    text = "SELECT {} AS t, x::text FROM {} x WHERE tenant_id <> {}"
    query = sql.SQL(" UNION ALL ").join(
        sql.SQL(text).format(table, sql.Identifier(table), tenant) for table in TABLES
    )
    return sorted(connection.execute(query).fetchall())


def without_foreign(connection: psycopg.Connection[Any], tenant: int) -> None:
    for table in reversed(TABLES):
        text = sql.SQL("DELETE FROM {} WHERE tenant_id <> {}")
        connection.execute(text.format(sql.Identifier(table), tenant))


@pytest.mark.parametrize("secured", [False, True], ids=["owner", "row-security"])
def test_proved_queries_see_and_change_no_foreign_row(
    tenants: JudgeTenants,
    make_database: Callable[[str], str],
    pytestconfig: pytest.Config,
    *,
    secured: bool,
) -> None:
    """A query gives the same whether other tenants have rows or not."""
    queries = queries_of(tenants(SCHEMA, KEPT)[0])
    with psycopg.connect(make_database(SCHEMA), autocommit=True) as connection:
        for seed in range(10 if pytestconfig.getoption("all") else 1):
            with connection.transaction(force_rollback=True):
                fill(connection, seed)
                if secured:
                    secure(connection)
                for query in queries:
                    if secured and query.name in SHARED_KEYS:
                        continue  # Row-level security refuses it.
                    for tenant in (1, 2):
                        compare(connection, query, tenant, secured=secured)


def compare(
    connection: psycopg.Connection[Any],
    query: TypedQuery,
    tenant: int,
    *,
    secured: bool,
) -> None:
    before = foreign_rows(connection, tenant)
    results: list[list[tuple[object, ...]]] = []
    for alone in (False, True):
        with connection.transaction(force_rollback=True):
            if alone:
                without_foreign(connection, tenant)
            if secured:
                connection.execute("SET LOCAL ROLE web")
            results.append(run(connection, query, tenant))
            connection.execute("RESET ROLE")
            if not alone:
                assert foreign_rows(connection, tenant) == before, query.name
    if query.name not in SHARED_KEYS:
        assert results[0] == results[1], query.name


def secure(connection: psycopg.Connection[Any]) -> None:
    connection.execute("CREATE ROLE web")
    connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO web")
    for table in TABLES:
        name = sql.Identifier(table)
        connection.execute(
            sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(name)
        )
        policy = "CREATE POLICY own ON {} USING (tenant_id = current_tenant())"
        connection.execute(sql.SQL(policy).format(name))


SMALL = """
CREATE TABLE tasks (tenant_id int NOT NULL, id int PRIMARY KEY, title text, done bool);
CREATE TABLE codes (code text PRIMARY KEY);
ALTER TABLE tasks ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tasks USING (tenant_id = current_setting('app.tenant_id')::int);
CREATE VIEW every_task AS SELECT * FROM tasks;
"""


def test_optional_parts_are_proved_in_each_combination(tenants: JudgeTenants) -> None:
    _, tenancy = tenants(
        SMALL,
        """
-- name: Kept :many
-- @optional title, done
SELECT * FROM tasks WHERE tenant_id = @tenant_id AND title = @title AND done = @done;
-- name: LeavesOut :many
-- @optional tenant_id
SELECT * FROM tasks WHERE tenant_id = @tenant_id AND done = @done;
-- name: LooksElsewhere :many
-- @optional title with EXISTS
SELECT * FROM tasks t WHERE tenant_id = @tenant_id
AND EXISTS (SELECT 1 FROM tasks o WHERE o.title = @title);
-- name: Sets :exec
-- @optional title, done
UPDATE tasks SET title = @title, done = @done WHERE tenant_id = @tenant_id AND id = @id;
-- name: Moves :exec
-- @optional title, new_tenant
UPDATE tasks SET title = @title, tenant_id = @new_tenant
WHERE tenant_id = @tenant_id AND id = @id;
""",
    )
    proved = {verdict.query: verdict.proved for verdict in tenancy.verdicts}
    assert proved == {
        "Kept": True,
        "LeavesOut": False,
        "LooksElsewhere": False,
        "Sets": True,
        "Moves": False,
    }


def test_row_level_security_counts_if_the_package_relies_on_it(
    tenants: JudgeTenants,
) -> None:
    queries = """
-- name: Listed :many
SELECT id FROM tasks;
-- name: Mixed :many
SELECT t.id FROM tasks t JOIN codes c ON c.code = t.title
WHERE t.tenant_id = @tenant_id;
-- name: Viewed :many
SELECT id FROM every_task;
"""
    relying = TenantConfig(
        column="tenant_id", setting="app.tenant_id", row_security=True
    )
    _, without = tenants(SMALL, queries)
    _, relied = tenants(SMALL, queries, relying)
    assert [v.proved for v in without.verdicts] == [False, True, False]
    # A view reads as its owner, to whom policies need not apply.
    assert [v.proved for v in relied.verdicts] == [True, True, False]
    assert relied.verdicts[0].tenant == "the setting app.tenant_id"
    assert relied.verdicts[1].tenant == "@tenant_id"
    assert relied.verdicts[1].others == ("public.codes",)
    assert relied.verdicts[1].routing is Routing.REFERENCE


def test_what_keeps_tables_from_being_distributed(tenants: JudgeTenants) -> None:
    _, tenancy = tenants(SCHEMA, "-- name: Plans :many\nSELECT code FROM plans;")
    assert "unique key projects_pkey of public.projects does not contain tenant_id" in (
        tenancy.schema
    )
    assert not any("labels_pkey" in one for one in tenancy.schema)
    assert not any("tasks_project_fkey" in one for one in tenancy.schema)
    assert any("badges_slug_fkey" in one for one in tenancy.schema)
    assert tenancy.verdicts[0].routing is Routing.ANYWHERE
