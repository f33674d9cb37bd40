# Derived from ../aio/test_tasks_dependencies.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `tasks`: which task waits for which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from generated.agents import (
    TaskDependenciesDependsOnIdFkeyViolation,
    TaskDependenciesSelfCheckViolation,
)
from generated.agents.models import ExecutionStatus, Task, TaskStatus
from generated.agents.tasks import CreateManyParams
from tests.systems.agents.sync._compat import at_once
from tests.systems.agents.sync.work import NOBODY, new_agent, new_task, new_workflow
from tests.systems.databases import rows

from reposgen_runtime.errors import CheckFailed

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.agents.sync import Database


def depend(db: Database, task: Task, *earlier: Task) -> None:
    """Let a task wait for others."""
    for other in earlier:
        db.tasks.add_dependency(task_id=task.id, depends_on_id=other.id)


def complete(db: Database, task: Task) -> None:
    """Do a task."""
    execution = db.tasks.start_execution(task_id=task.id)
    db.tasks.finish_execution(
        status=ExecutionStatus.COMPLETED,
        output={},
        error=None,
        execution_id=execution.id,
    )


def ready(db: Database, **filters: UUID) -> list[str]:
    """The titles of the threads that can run now."""
    found = db.tasks.get_ready_tasks(limit=10, **filters)
    return [task.title for task in found]


def test_add_and_remove_dependency(db: Database) -> None:
    plan, do, check = [new_task(db, title) for title in ("plan", "do", "check")]
    depend(db, check, do, plan, do)
    assert db.tasks.get_dependencies(task_id=check.id) == [plan, do]
    removed = db.tasks.remove_dependency(task_id=check.id, depends_on_id=plan.id)
    assert removed == 1
    removed = db.tasks.remove_dependency(task_id=check.id, depends_on_id=plan.id)
    assert removed == 0
    assert db.tasks.get_dependencies(task_id=check.id) == [do]


def test_dependencies_in_a_cycle_are_refused(db: Database) -> None:
    a, b, c, d = [new_task(db, title) for title in "abcd"]
    depend(db, b, a)
    depend(db, c, b)
    depend(db, d, a, c)
    for earlier, later in ((a, b), (a, c), (b, d)):
        with pytest.raises(CheckFailed) as caught:
            depend(db, earlier, later)
        assert caught.value.constraint == "task_dependencies_acyclic"
        assert db.tasks.get_dependencies(task_id=a.id) == []
    with pytest.raises(TaskDependenciesSelfCheckViolation):
        depend(db, a, a)
    with pytest.raises(TaskDependenciesDependsOnIdFkeyViolation):
        db.tasks.add_dependency(task_id=a.id, depends_on_id=NOBODY)
    # Without what closed it, the same is no cycle.
    db.tasks.remove_dependency(task_id=b.id, depends_on_id=a.id)
    depend(db, a, b)


def test_a_cycle_closed_by_two_at_once_is_refused_to_one(db: Database) -> None:
    a, b = new_task(db, "a"), new_task(db, "b")

    def add(task: Task, earlier: Task) -> bool:
        try:
            depend(db, task, earlier)
        except CheckFailed:
            return False
        return True

    assert sorted(at_once(lambda: add(a, b), lambda: add(b, a))) == [False, True]


def test_ready_tasks_in_order(db: Database) -> None:
    agent, workflow = new_agent(db), new_workflow(db)
    plan = new_task(db, "plan", agent=agent.id)
    build = new_task(db, "build", priority=9, workflow=workflow.id)
    test = new_task(db, "test", priority=9, agent=agent.id)
    write = new_task(db, "write", priority=5, workflow=workflow.id)
    depend(db, build, plan)
    depend(db, test, build, write)
    assert ready(db) == ["write", "plan"]
    assert ready(db, agent_id=agent.id) == ["plan"]
    assert ready(db, workflow_id=workflow.id) == ["write"]
    complete(db, plan)
    assert ready(db) == ["build", "write"]
    first = db.tasks.get_ready_tasks(limit=1)
    assert [task.title for task in first] == ["build"]
    complete(db, build)
    assert ready(db) == ["write"]
    complete(db, write)
    assert ready(db) == ["test"]
    complete(db, test)
    assert ready(db) == []


def test_what_failed_keeps_others_waiting(db: Database) -> None:
    plan, do = new_task(db, "plan"), new_task(db, "do")
    depend(db, do, plan)
    db.tasks.update_status_many(status=TaskStatus.FAILED, ids=[plan.id])
    assert ready(db) == []


def test_ready_tasks_agree_with_the_rule(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    tasks = {task.id: task for task in rows(filled, Task, "SELECT * FROM tasks")}
    dependencies = filled.execute(
        "SELECT task_id, depends_on_id FROM task_dependencies"
    ).fetchall()
    waiting = {
        task
        for task, earlier in dependencies
        if tasks[earlier].status != TaskStatus.COMPLETED
    }
    pending = [t for t in tasks.values() if t.status == TaskStatus.PENDING]
    expected = sorted(
        (task for task in pending if task.id not in waiting),
        key=lambda task: (-task.priority, task.created_at, task.id),
    )
    assert 0 < len(expected) < len(pending)
    assert db.tasks.get_ready_tasks(limit=200) == expected


def test_resolve_dependencies_level_by_level(db: Database) -> None:
    ship = new_task(db, "ship")
    test = new_task(db, "test")
    build = new_task(db, "build")
    write = new_task(db, "write", priority=3)
    plan = new_task(db, "plan", priority=5)
    other = new_task(db, "other")
    depend(db, ship, test, build, plan)
    depend(db, test, build, write)
    depend(db, build, plan)
    depend(db, other, ship)
    found = db.tasks.resolve_dependencies(task_id=ship.id)
    assert [(row.level, row.task) for row in found] == [
        (0, plan),
        (0, write),
        (1, build),
        (2, test),
        (3, ship),
    ]
    alone = db.tasks.resolve_dependencies(task_id=plan.id)
    assert [(row.level, row.task) for row in alone] == [(0, plan)]


def test_resolve_a_long_chain(db: Database, admin: psycopg.Connection[Any]) -> None:
    chain = [uuid4() for _ in range(100)]
    db.tasks.create_many(
        CreateManyParams(
            id=task,
            title="link",
            type="text",
            description=None,
            priority=0,
            agent_id=None,
            workflow_id=None,
            created_by=None,
            input={},
            due_at=None,
        )
        for task in chain
    )
    with admin.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO task_dependencies VALUES (%s, %s)",
            list(zip(chain[1:], chain, strict=False)),
        )
    found = db.tasks.resolve_dependencies(task_id=chain[-1])
    assert [(row.level, row.task.id) for row in found] == list(enumerate(chain))
