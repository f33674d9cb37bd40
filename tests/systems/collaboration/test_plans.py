"""Lists of many tasks: they are whole, and found by indexes, not by reading a table.

Plans are those for a tenant's role: row-level security keeps the server from using
some indexes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from generated.collaboration.models import Task
from generated.collaboration.sync import TaskRepository
from psycopg.conninfo import make_conninfo
from tests.systems.data import MEDIUM, id_of
from tests.systems.databases import rows
from tests.systems.plans import plan_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.systems.data import System

    from reposgen_runtime.sync import Source

TENANT = id_of("tenant", 1)
# The data set's last tasks were created a little before.
LATE = datetime(2024, 1, 7, tzinfo=UTC)


@pytest.fixture(scope="module")
def owners_url(filled_system: Callable[[System, int], str]) -> str:
    """The system with 10,000 tasks, for the tables' owner."""
    url = filled_system("collaboration", MEDIUM)
    with psycopg.connect(url, autocommit=True) as connection:
        # As autovacuum leaves it: an index can tell by itself which rows are there.
        connection.execute("VACUUM (ANALYZE) tasks")
    return url


@pytest.fixture(scope="module")
def owners(owners_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the tables' owner."""
    with psycopg.connect(owners_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def tenants(
    owners_url: str, app_role: Callable[[str], str]
) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the first tenant's."""
    conninfo = make_conninfo(app_role(owners_url), options=f"-c app.tenant_id={TENANT}")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


LISTS: list[tuple[str, dict[str, Any]]] = [
    ("idx_tasks_tenant_created", {}),
    ("idx_tasks_tenant_created", {"sort": "created_at"}),
    ("idx_tasks_updated", {"sort": "-updated_at"}),
    ("idx_tasks_priority", {"sort": "-priority"}),
    ("idx_tasks_deadline", {"sort": "deadline"}),
    ("idx_tasks_created_by", {"created_by": "agent-3"}),
    ("idx_tasks_assigned_to", {"assigned_to": "agent-3"}),
    ("idx_tasks_tenant_created", {"has_subtasks": True}),
]


@pytest.mark.parametrize(("index", "given"), LISTS)
def test_every_page_once_and_by_its_index(
    owners: psycopg.Connection[Any],
    tenants: psycopg.Connection[Any],
    index: str,
    given: dict[str, Any],
) -> None:
    tasks = TaskRepository(tenants)
    page = tasks.list_by_tenant(tenant_id=TENANT, limit=10, total=True, **given)
    total, found = page.total, list(page.items)
    for after in (None, page.next):
        assert_ordered_by(index, tenants, {**given, "after": after})
    while page.next is not None:
        page = tasks.list_by_tenant(
            tenant_id=TENANT, limit=250, after=page.next, **given
        )
        found += page.items
    back = list(page.items)
    while page.previous is not None:
        page = tasks.list_by_tenant(
            tenant_id=TENANT, limit=250, before=page.previous, **given
        )
        back = page.items + back
    assert back == found
    assert len(found) == total
    assert len(found) > 10
    everything = rows(
        owners,
        Task,
        "SELECT * FROM tasks WHERE tenant_id = %s AND deleted_at IS NULL",
        TENANT,
    )
    parents = {task.parent_task_id for task in everything}
    expected = {
        task.id
        for task in everything
        if given.get("created_by") in {None, task.created_by}
        and given.get("assigned_to") in {None, task.assigned_to}
        and ("has_subtasks" not in given or task.id in parents)
    }
    assert len(found) == len(expected)
    assert {task.id for task in found} == expected


def assert_ordered_by(
    index: str, tenants: psycopg.Connection[Any], given: dict[str, Any]
) -> None:
    def call(source: Source) -> object:
        tasks = TaskRepository(source)
        return tasks.list_by_tenant(tenant_id=TENANT, limit=10, **given)

    plan = plan_of(tenants, call)
    assert index in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan


CALLS: dict[str, tuple[str, Callable[[TaskRepository], object]]] = {
    "by agent": (
        "idx_tasks_assigned_to",
        lambda tasks: tasks.list_by_agent(
            tenant_id=TENANT, agent_id="agent-2", limit=10
        ),
    ),
    "changed lately": (
        "idx_tasks_updated",
        lambda tasks: tasks.list_by_tenant(tenant_id=TENANT, updated_after=LATE),
    ),
    "subtasks": (
        "idx_tasks_parent",
        lambda tasks: tasks.get_subtasks(parent_task_id=id_of("task", 1)),
    ),
    "tree": (
        "idx_tasks_parent",
        lambda tasks: tasks.get_task_tree(root_task_id=id_of("task", 1), max_depth=5),
    ),
    "overdue": (
        "idx_tasks_deadline",
        lambda tasks: tasks.get_overdue_tasks(
            tenant_id=TENANT, threshold=timedelta(days=36500)
        ),
    ),
    "by schedule": (
        "idx_tasks_schedule",
        lambda tasks: tasks.get_tasks_by_schedule(tenant_id=TENANT, schedule="nightly"),
    ),
    "workload": (
        "Index Only Scan using idx_tasks_assigned_to",
        lambda tasks: tasks.get_agent_workload(tenant_id=TENANT, agent_ids=["agent-2"]),
    ),
    "archive": (
        "idx_tasks_completed",
        lambda tasks: tasks.archive_tasks(
            tenant_id=TENANT, before=datetime(2024, 1, 1, 12, tzinfo=UTC)
        ),
    ),
    "search": (
        "Function Scan on matching_tasks",
        lambda tasks: tasks.search_tasks(
            tenant_id=TENANT, query="payment", limit=10, offset=0
        ),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_indexes_serve(tenants: psycopg.Connection[Any], name: str) -> None:
    index, call = CALLS[name]
    plan = plan_of(tenants, lambda source: call(TaskRepository(source)))
    assert index in plan
    assert "Seq Scan on tasks" not in plan


MATCHING = "SELECT * FROM matching_tasks(websearch_to_tsquery('english', 'payment'))"


def test_search_uses_its_index_and_keeps_to_the_tenant(
    owners: psycopg.Connection[Any], tenants: psycopg.Connection[Any]
) -> None:
    found = {task for (task,) in tenants.execute(MATCHING)}
    own = owners.execute(
        "SELECT id, title || coalesce(description, '') FROM tasks"
        " WHERE tenant_id = %s AND deleted_at IS NULL",
        [TENANT],
    )
    assert found == {task for task, text in own if "payment" in text}
    assert found
    # Nobody's tasks for who works for nobody, be it the owner.
    assert owners.execute(MATCHING).fetchall() == []
    # What the function does by itself.
    with owners.transaction():
        owners.execute("SELECT set_config('app.tenant_id', %s, true)", [str(TENANT)])
        plan = owners.execute(
            "EXPLAIN SELECT id FROM tasks"
            " WHERE tenant_id = current_tenant() AND deleted_at IS NULL"
            " AND task_document(title, description) @@ to_tsquery('english', '9991')"
        ).fetchall()
    assert any("idx_tasks_search" in line for (line,) in plan)


def test_deleting_a_task_finds_its_subtasks(owners: psycopg.Connection[Any]) -> None:
    # What the foreign key does: deleted subtasks go as well.
    plan = owners.execute(
        "EXPLAIN DELETE FROM tasks WHERE %s = tenant_id AND %s = parent_task_id",
        [TENANT, id_of("task", 1)],
    )
    assert any("idx_tasks_parent" in line for (line,) in plan)
