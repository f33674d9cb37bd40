# Derived from ../aio/test_tasks.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `tasks`: creating, reading, changing, deleting."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from generated.collaboration import (
    BulkInsertParams,
    CreateBatchParams,
    TasksMaxRetriesCheckViolation,
    TasksParentTaskIdFkeyViolation,
    TasksPkeyViolation,
    TasksTitleCheckViolation,
)
from generated.collaboration.models import Task, TaskPriority, TaskStatus, TaskUpdate
from tests.systems.collaboration.sync._compat import at_once
from tests.systems.collaboration.sync.work import NOBODY, TENANT, new_task
from tests.systems.databases import rows

from reposgen_runtime.errors import (
    AlreadyExists,
    CheckFailed,
    NotFound,
    StaleRow,
    TransactionRequired,
)

if TYPE_CHECKING:
    import psycopg
    from generated.collaboration.sync import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def batch_row(number: int) -> CreateBatchParams:
    return CreateBatchParams(
        id=uuid4(),
        tenant_id=TENANT,
        type="build",
        status=TaskStatus.PENDING,
        priority=TaskPriority.HIGH,
        created_by="dispatcher",
        assigned_to=None,
        parent_task_id=None,
        title=f"Build {number}, with ünïcode\tand \\N",
        description=None if number % 2 else "",
        parameters={"number": number},
        max_retries=3,
        timeout_seconds=60,
    )


def whole_row(number: int) -> BulkInsertParams:
    return BulkInsertParams(
        **asdict(batch_row(number)),
        result={"score": number},
        error=None,
        retry_count=1,
        created_at=NOON,
        assigned_at=NOON + timedelta(minutes=1),
        started_at=None,
        completed_at=None,
        updated_at=NOON + timedelta(minutes=2),
        deleted_at=None,
        version=7,
        delegated_from="bob",
        deadline=None,
        schedule="nightly",
        tags=["a", "b,c", '"'],
        capabilities=[],
        metadata={},
    )


def test_create_and_get(db: Database) -> None:
    made = new_task(db, "Check the totals", tags=["urgent"])
    assert (made.tenant_id, made.title, made.tags) == (
        TENANT,
        "Check the totals",
        ["urgent"],
    )
    assert (made.status, made.assigned_to) == (TaskStatus.PENDING, None)
    assert (made.version, made.retry_count, made.metadata) == (1, 0, {})
    assert made.parameters == {"repository": "billing", "depth": 2}
    assert db.tasks.get(id=made.id) == made


def test_create_for_an_agent(db: Database) -> None:
    made = new_task(db, "Check the totals", assigned_to="ada")
    assert (made.status, made.assigned_to) == (TaskStatus.ASSIGNED, "ada")
    assert made.assigned_at == made.created_at


def test_a_repeated_create_is_told_from_a_new_one(db: Database) -> None:
    task_id = uuid4()
    made = new_task(db, "Once", task_id=task_id)
    assert made.id == task_id
    with pytest.raises(TasksPkeyViolation) as caught:
        new_task(db, "Twice", task_id=task_id)
    assert isinstance(caught.value, AlreadyExists)
    assert db.tasks.get(id=task_id) == made


def test_what_is_refused(db: Database) -> None:
    with pytest.raises(TasksTitleCheckViolation):
        new_task(db, "")
    with pytest.raises(TasksMaxRetriesCheckViolation):
        new_task(db, "A", max_retries=-1)
    with pytest.raises(TasksParentTaskIdFkeyViolation):
        new_task(db, "A", parent=NOBODY)


def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound):
        db.tasks.get(id=NOBODY)
    with pytest.raises(NotFound):
        db.tasks.update(id=NOBODY, title="A")
    with pytest.raises(NotFound):
        db.tasks.update_with_version(id=NOBODY, title="A", expected_version=1)
    assert db.tasks.delete(id=NOBODY) == 0
    assert db.tasks.soft_delete(id=NOBODY) == 0


def test_create_batch(db: Database, admin: psycopg.Connection[Any]) -> None:
    batch = [batch_row(number) for number in range(1000)]
    assert db.tasks.create_batch(batch) == 1000
    found = {t.id: t for t in rows(admin, Task, "SELECT * FROM tasks")}
    assert len(found) == 1000
    for row in batch:
        task = asdict(found[row.id])
        assert {name: task[name] for name in asdict(row)} == asdict(row)


def test_bulk_insert_leaves_alone_what_is_there(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    batch = [whole_row(number) for number in range(20)]
    assert db.tasks.bulk_insert(batch[:10]) == 10
    db.tasks.update(id=batch[0].id, title="Changed since")
    assert db.tasks.bulk_insert(batch) == 10
    assert (db.tasks.get(id=batch[0].id)).title == "Changed since"
    found = {t.id: t for t in rows(admin, Task, "SELECT * FROM tasks")}
    for row in batch[1:]:
        task = asdict(found[row.id])
        assert {name: task[name] for name in asdict(row)} == asdict(row)
    assert db.tasks.bulk_insert([]) == 0


def test_get_batch_in_the_order_of_the_ids(db: Database) -> None:
    a, b, c = [new_task(db, title) for title in "abc"]
    db.tasks.soft_delete(id=b.id)
    assert db.tasks.get_batch(ids=[c.id, NOBODY, b.id, a.id]) == [c, a]
    assert db.tasks.get_batch(ids=[]) == []


def test_get_for_update_keeps_others_away(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    made = new_task(db, "Locked")
    with pytest.raises(TransactionRequired):
        db.tasks.get_for_update(id=made.id)
    free = "SELECT id FROM tasks FOR UPDATE SKIP LOCKED"
    with db.transaction():
        assert db.tasks.get_for_update(id=made.id) == made
        assert admin.execute(free).fetchall() == []
    assert admin.execute(free).fetchall() == [(made.id,)]


def test_update_of_what_is_given(db: Database) -> None:
    made = new_task(db, "A", description="Old", deadline=NOON)
    changed = db.tasks.update(id=made.id, title="B", deadline=None)
    assert (changed.title, changed.deadline) == ("B", None)
    assert (changed.description, changed.parameters) == ("Old", made.parameters)
    assert changed.version == 2
    every = db.tasks.update(
        id=made.id,
        type="build",
        priority=TaskPriority.CRITICAL,
        title="C",
        description=None,
        parameters={},
        result=[1, None],
        error="none",
        max_retries=0,
        timeout_seconds=1,
        deadline=NOON,
        schedule="hourly",
        tags=["t"],
        capabilities=["c"],
    )
    assert (every.result, every.tags, every.priority) == (
        [1, None],
        ["t"],
        TaskPriority.CRITICAL,
    )
    assert db.tasks.get(id=made.id) == every
    with pytest.raises(TasksTitleCheckViolation):
        db.tasks.update(id=made.id, title="")


def test_update_of_the_expected_version(db: Database) -> None:
    made = new_task(db, "A")
    changed = db.tasks.update_with_version(id=made.id, expected_version=1, title="B")
    assert (changed.title, changed.version) == ("B", 2)
    with pytest.raises(StaleRow):
        db.tasks.update_with_version(id=made.id, expected_version=1, title="C")
    assert db.tasks.get(id=made.id) == changed


def test_one_of_many_updates_wins(db: Database) -> None:
    made = new_task(db, "A")

    def change(title: str) -> str | None:
        try:
            db.tasks.update_with_version(id=made.id, expected_version=1, title=title)
        except StaleRow:
            return None
        return title

    results = at_once(*(lambda t=title: change(t) for title in "bcde"))
    (winner,) = [title for title in results if title is not None]
    assert (db.tasks.get(id=made.id)).title == winner


def test_delete_for_good(db: Database, admin: psycopg.Connection[Any]) -> None:
    root = new_task(db, "Root")
    child = new_task(db, "Child", parent=root.id, assigned_to="ada")
    db.tasks.create_delegation(
        task_id=child.id, from_agent="ada", to_agent="bob", reason=None, metadata={}
    )
    assert db.tasks.delete(id=root.id) == 1
    left = admin.execute(
        "SELECT (SELECT count(*) FROM tasks), (SELECT count(*) FROM task_delegations),"
        " (SELECT count(*) FROM task_events)"
    ).fetchone()
    assert left == (0, 0, 0)


def test_soft_delete_hides(db: Database) -> None:
    made = new_task(db, "A")
    assert db.tasks.soft_delete(id=made.id) == 1
    with pytest.raises(NotFound):
        db.tasks.get(id=made.id)
    assert db.tasks.soft_delete(id=made.id) == 0


def test_bulk_update_of_different_columns(db: Database) -> None:
    a, b, c = [new_task(db, title, tags=["x"]) for title in "abc"]
    count = db.tasks.bulk_update(
        updates=[
            TaskUpdate(task_id=a.id, changes={"title": "A", "tags": ["y", "z"]}),
            TaskUpdate(task_id=b.id, changes={"priority": "high", "deadline": None}),
            TaskUpdate(task_id=NOBODY, changes={"title": "N"}),
        ]
    )
    assert count == 2
    first, second, third = db.tasks.get_batch(ids=[a.id, b.id, c.id])
    assert (first.title, first.tags, first.version) == ("A", ["y", "z"], 2)
    assert first.priority is TaskPriority.NORMAL
    assert (second.title, second.priority) == ("b", TaskPriority.HIGH)
    assert third == c
    with pytest.raises(CheckFailed):
        db.tasks.bulk_update(
            updates=[TaskUpdate(task_id=a.id, changes={"tenant_id": str(NOBODY)})]
        )


def test_an_update_of_nothing_counts_up(db: Database) -> None:
    made = new_task(db, "A")
    touched = db.tasks.update(id=made.id)
    assert (touched.title, touched.version) == ("A", 2)
