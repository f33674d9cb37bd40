"""The repository `tasks`: lists, trees, streams, reports and searches."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from generated.collaboration.models import Task, TaskPriority, TaskStatus
from tests.systems.collaboration.aio.work import TENANT, new_task
from tests.systems.databases import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import psycopg
    from generated.collaboration import Database

MIDNIGHT = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def tasks_of_tenant(connection: psycopg.Connection[Any]) -> list[Task]:
    """The tenant's tasks, the newest first."""
    return rows(
        connection,
        Task,
        "SELECT * FROM tasks WHERE tenant_id = %s AND deleted_at IS NULL"
        " ORDER BY created_at DESC, id DESC",
        TENANT,
    )


def parents(tasks: list[Task]) -> Collection[object]:
    """The ids that are some task's parent."""
    return {task.parent_task_id for task in tasks} - {None}


FILTERS: list[tuple[dict[str, Any], Callable[[Task, Collection[object]], bool]]] = [
    (
        {"status": [TaskStatus.PENDING, TaskStatus.FAILED]},
        lambda t, _: t.status in {TaskStatus.PENDING, TaskStatus.FAILED},
    ),
    (
        {"priority": [TaskPriority.HIGH]},
        lambda t, _: t.priority == TaskPriority.HIGH,
    ),
    ({"types": ["build", "deploy"]}, lambda t, _: t.type in {"build", "deploy"}),
    ({"created_by": "agent-3"}, lambda t, _: t.created_by == "agent-3"),
    (
        {"created_after": MIDNIGHT + HOUR, "created_before": MIDNIGHT + 2 * HOUR},
        lambda t, _: MIDNIGHT + HOUR < t.created_at < MIDNIGHT + 2 * HOUR,
    ),
    (
        {"updated_after": MIDNIGHT + 2 * HOUR},
        lambda t, _: t.updated_at > MIDNIGHT + 2 * HOUR,
    ),
    ({"has_subtasks": True}, lambda t, having: t.id in having),
    ({"has_subtasks": False}, lambda t, having: t.id not in having),
    (
        {"tags": ["urgent", "customer"]},
        lambda t, _: {"urgent", "customer"} <= {*t.tags},
    ),
    ({"capabilities": ["sql"]}, lambda t, _: "sql" in t.capabilities),
    (
        {"status": [TaskStatus.COMPLETED], "types": ["review"], "has_subtasks": False},
        lambda t, having: (
            t.status == TaskStatus.COMPLETED
            and t.type == "review"
            and t.id not in having
        ),
    ),
]


@pytest.mark.parametrize(("given", "fits"), FILTERS)
async def test_filters(
    db: Database,
    filled: psycopg.Connection[Any],
    given: dict[str, Any],
    fits: Callable[[Task, Collection[object]], bool],
) -> None:
    tasks = tasks_of_tenant(filled)
    expected = [task for task in tasks if fits(task, parents(tasks))]
    assert expected
    page = await db.tasks.list_by_tenant(tenant_id=TENANT, limit=200, **given)
    assert page.items == expected
    async with db.tasks.stream_tasks(tenant_id=TENANT, **given) as stream:
        assert [task async for task in stream] == expected[::-1]
    agent = next(task.assigned_to for task in expected if task.assigned_to)
    own = await db.tasks.list_by_agent(
        tenant_id=TENANT, agent_id=agent, limit=200, **given
    )
    assert own.items == [task for task in expected if task.assigned_to == agent]
    assigned = await db.tasks.list_by_tenant(
        tenant_id=TENANT, assigned_to=agent, limit=200, **given
    )
    assert assigned.items == own.items


async def test_list_by_tenant_page_by_page(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    expected = tasks_of_tenant(filled)
    found: list[Task] = []
    cursor = None
    while True:
        page = await db.tasks.list_by_tenant(
            tenant_id=TENANT, limit=13, after=cursor, total=True
        )
        assert page.total == len(expected)
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    assert found == expected


@pytest.mark.parametrize(
    "column", ["created_at", "updated_at", "priority", "status", "deadline", "title"]
)
@pytest.mark.parametrize("descending", ["", "-"])
async def test_every_sort_has_every_row_once(
    db: Database, filled: psycopg.Connection[Any], column: str, descending: str
) -> None:
    found: list[Task] = []
    cursor = None
    sort: Any = f"{descending}{column}"
    while True:
        page = await db.tasks.list_by_tenant(
            tenant_id=TENANT, limit=17, after=cursor, sort=sort
        )
        found += page.items
        cursor = page.next
        if cursor is None:
            break
    expected = tasks_of_tenant(filled)
    assert len(found) == len(expected)
    assert {task.id for task in found} == {task.id for task in expected}
    order: dict[object, int] = {
        label: place
        for enum in (TaskStatus, TaskPriority)
        for place, label in enumerate(enum)
    }
    values = [getattr(task, column) for task in found]
    keys = [order.get(value, value) for value in values if value is not None]
    assert keys == sorted(keys, reverse=bool(descending))


async def test_list_by_agent(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = [t for t in tasks_of_tenant(filled) if t.assigned_to == "agent-2"]
    assert expected
    first = await db.tasks.list_by_agent(
        tenant_id=TENANT, agent_id="agent-2", limit=2, total=True
    )
    assert first.items == expected[:2]
    assert first.total == len(expected)


async def test_subtasks(db: Database, filled: psycopg.Connection[Any]) -> None:
    tasks = tasks_of_tenant(filled)
    parent = next(task for task in tasks if task.id in parents(tasks))
    found = await db.tasks.get_subtasks(parent_task_id=parent.id)
    assert found == [t for t in tasks[::-1] if t.parent_task_id == parent.id]
    by_filter = await db.tasks.list_by_tenant(
        tenant_id=TENANT, parent_task_id=parent.id
    )
    assert by_filter.items == found[::-1]
    async with db.tasks.stream_tasks(
        tenant_id=TENANT, parent_task_id=parent.id
    ) as stream:
        assert [task async for task in stream] == found
    own = await db.tasks.list_by_agent(
        tenant_id=TENANT, agent_id="agent-1", parent_task_id=parent.id
    )
    assert own.items == [t for t in found[::-1] if t.assigned_to == "agent-1"]


async def test_task_tree_down_to_a_depth(db: Database) -> None:
    root = await new_task(db, "root")
    left = await new_task(db, "left", parent=root.id)
    right = await new_task(db, "right", parent=root.id)
    leaf = await new_task(db, "leaf", parent=left.id)
    gone = await new_task(db, "gone", parent=left.id)
    await db.tasks.soft_delete(id=gone.id)
    tree = await db.tasks.get_task_tree(root_task_id=root.id, max_depth=9)
    assert [(row.task.title, row.depth) for row in tree] == [
        ("root", 0),
        ("left", 1),
        ("leaf", 2),
        ("right", 1),
    ]
    assert [row.task for row in tree] == [root, left, leaf, right]
    shallow = await db.tasks.get_task_tree(root_task_id=root.id, max_depth=1)
    assert [row.task.title for row in shallow] == ["root", "left", "right"]


async def test_stream_and_leave_early(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    oldest = tasks_of_tenant(filled)[-1]
    async with db.tasks.stream_tasks(tenant_id=TENANT) as stream:
        async for task in stream:
            assert task == oldest
            break
    assert await db.tasks.get(id=oldest.id) == oldest


async def test_overdue_tasks(db: Database) -> None:
    now = datetime.now(UTC)
    late = await new_task(db, "late", deadline=now - 2 * HOUR)
    later = await new_task(db, "later", deadline=now - 3 * HOUR, assigned_to="ada")
    await new_task(db, "a little", deadline=now - 0.5 * HOUR)
    await new_task(db, "in time", deadline=now + HOUR)
    await new_task(db, "whenever")
    done = await new_task(db, "done", deadline=now - 9 * HOUR)
    await db.tasks.update_status(
        task_id=done.id, status=TaskStatus.COMPLETED, metadata={}
    )
    found = await db.tasks.get_overdue_tasks(tenant_id=TENANT, threshold=HOUR)
    assert found == [later, late]


async def test_tasks_by_schedule(db: Database) -> None:
    a = await new_task(db, "a", schedule="nightly")
    await new_task(db, "b", schedule="hourly")
    c = await new_task(db, "c", schedule="nightly")
    found = await db.tasks.get_tasks_by_schedule(tenant_id=TENANT, schedule="nightly")
    assert found == [a, c]


async def test_report_as_csv(db: Database, filled: psycopg.Connection[Any]) -> None:
    tasks = tasks_of_tenant(filled)[::-1]
    async with db.tasks.generate_task_report(tenant_id=TENANT) as export:
        text = b"".join([bytes(chunk) async for chunk in export]).decode()
    report = list(csv.DictReader(io.StringIO(text)))
    assert [(row["id"], row["title"], row["status"]) for row in report] == [
        (str(task.id), task.title, task.status) for task in tasks
    ]
    async with db.tasks.generate_task_report(
        tenant_id=TENANT,
        status=[TaskStatus.COMPLETED],
        priority=[TaskPriority.LOW, TaskPriority.NORMAL],
        types=["review", "build"],
        assigned_to="agent-2",
        created_after=MIDNIGHT,
        created_before=MIDNIGHT + 24 * HOUR,
        header=False,
    ) as export:
        some = b"".join([bytes(chunk) async for chunk in export]).decode()
    assert [row[0] for row in csv.reader(io.StringIO(some))] == [
        str(task.id)
        for task in tasks
        if task.status == TaskStatus.COMPLETED
        and task.priority in {TaskPriority.LOW, TaskPriority.NORMAL}
        and task.type in {"review", "build"}
        and task.assigned_to == "agent-2"
    ]


async def test_report_as_json(db: Database, filled: psycopg.Connection[Any]) -> None:
    tasks = tasks_of_tenant(filled)[::-1]
    failed = [task for task in tasks if task.status == TaskStatus.FAILED]
    assert failed
    async with db.tasks.generate_task_report_json(
        tenant_id=TENANT, status=[TaskStatus.FAILED], copy_format="text"
    ) as export:
        text = b"".join([bytes(chunk) async for chunk in export]).decode()
    report = [json.loads(line) for line in text.splitlines()]
    assert [(row["id"], row["tags"], row["parameters"]) for row in report] == [
        (str(task.id), task.tags, task.parameters) for task in failed
    ]


async def test_search(db: Database, filled: psycopg.Connection[Any]) -> None:
    tasks = tasks_of_tenant(filled)
    matching = [t for t in tasks if "payment" in t.title]
    assert matching
    found = await db.tasks.search_tasks(
        tenant_id=TENANT, query="payments", limit=3, offset=0
    )
    assert found.total_count == len(matching)
    assert len(found.hits) == min(3, len(matching))
    ids = {task.id for task in matching}
    for hit in found.hits:
        assert hit.task is not None
        assert hit.task.id in ids
        assert hit.highlights is not None
        assert "<b>payment</b>" in (hit.highlights[0] or "")
    ranks = [hit.rank or 0 for hit in found.hits]
    assert ranks == sorted(ranks, reverse=True)
    assert {c.status: c.count for c in found.by_status} == {
        status: sum(t.status == status for t in matching)
        for status in {t.status for t in matching}
    }
    assert sum(c.count or 0 for c in found.by_priority) == len(matching)
    assert {c.type for c in found.by_type} == {t.type for t in matching}


async def test_search_among_some(db: Database, filled: psycopg.Connection[Any]) -> None:
    completed = [
        t
        for t in tasks_of_tenant(filled)
        if "payment" in t.title and t.status == TaskStatus.COMPLETED
    ]
    assert completed
    one = completed[0]
    found = await db.tasks.search_tasks(
        tenant_id=TENANT,
        query="payment",
        limit=10,
        offset=0,
        status=[TaskStatus.COMPLETED],
        priority=[one.priority],
        types=[one.type],
        assigned_to=one.assigned_to,
        created_after=one.created_at - HOUR,
        created_before=one.created_at + HOUR,
        tags=one.tags,
        capabilities=one.capabilities,
    )
    hits = [hit.task for hit in found.hits]
    assert one in hits
    assert all(task in completed for task in hits)
    none = await db.tasks.search_tasks(
        tenant_id=TENANT, query="zebra", limit=10, offset=0
    )
    assert (none.total_count, none.hits, none.by_type) == (0, [], [])


async def test_similar_tasks(db: Database) -> None:
    one = await new_task(db, "Repair the billing export")
    close = await new_task(db, "Repair the export of billing data")
    far = await new_task(db, "Review the billing page")
    await new_task(db, "Feed the cat")
    found = await db.tasks.get_similar_tasks(task_id=one.id, limit=5)
    assert found == [close, far]
    assert await db.tasks.get_similar_tasks(task_id=one.id, limit=1) == [close]
