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
from tests.systems.agents.aio._compat import at_once
from tests.systems.agents.aio.work import NOBODY, new_agent, new_task, new_workflow
from tests.systems.databases import rows

from reposgen_runtime.errors import CheckFailed

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.agents import Database


async def depend(db: Database, task: Task, *earlier: Task) -> None:
    """Let a task wait for others."""
    for other in earlier:
        await db.tasks.add_dependency(task_id=task.id, depends_on_id=other.id)


async def complete(db: Database, task: Task) -> None:
    """Do a task."""
    execution = await db.tasks.start_execution(task_id=task.id)
    await db.tasks.finish_execution(
        status=ExecutionStatus.COMPLETED,
        output={},
        error=None,
        execution_id=execution.id,
    )


async def ready(db: Database, **filters: UUID) -> list[str]:
    """The titles of the tasks that can run now."""
    found = await db.tasks.get_ready_tasks(limit=10, **filters)
    return [task.title for task in found]


async def test_add_and_remove_dependency(db: Database) -> None:
    plan, do, check = [await new_task(db, title) for title in ("plan", "do", "check")]
    await depend(db, check, do, plan, do)
    assert await db.tasks.get_dependencies(task_id=check.id) == [plan, do]
    removed = await db.tasks.remove_dependency(task_id=check.id, depends_on_id=plan.id)
    assert removed == 1
    removed = await db.tasks.remove_dependency(task_id=check.id, depends_on_id=plan.id)
    assert removed == 0
    assert await db.tasks.get_dependencies(task_id=check.id) == [do]


async def test_dependencies_in_a_cycle_are_refused(db: Database) -> None:
    a, b, c, d = [await new_task(db, title) for title in "abcd"]
    await depend(db, b, a)
    await depend(db, c, b)
    await depend(db, d, a, c)
    for earlier, later in ((a, b), (a, c), (b, d)):
        with pytest.raises(CheckFailed) as caught:
            await depend(db, earlier, later)
        assert caught.value.constraint == "task_dependencies_acyclic"
        assert await db.tasks.get_dependencies(task_id=a.id) == []
    with pytest.raises(TaskDependenciesSelfCheckViolation):
        await depend(db, a, a)
    with pytest.raises(TaskDependenciesDependsOnIdFkeyViolation):
        await db.tasks.add_dependency(task_id=a.id, depends_on_id=NOBODY)
    # Without what closed it, the same is no cycle.
    await db.tasks.remove_dependency(task_id=b.id, depends_on_id=a.id)
    await depend(db, a, b)


async def test_a_cycle_closed_by_two_at_once_is_refused_to_one(db: Database) -> None:
    a, b = await new_task(db, "a"), await new_task(db, "b")

    async def add(task: Task, earlier: Task) -> bool:
        try:
            await depend(db, task, earlier)
        except CheckFailed:
            return False
        return True

    assert sorted(await at_once(lambda: add(a, b), lambda: add(b, a))) == [False, True]


async def test_ready_tasks_in_order(db: Database) -> None:
    agent, workflow = await new_agent(db), await new_workflow(db)
    plan = await new_task(db, "plan", agent=agent.id)
    build = await new_task(db, "build", priority=9, workflow=workflow.id)
    test = await new_task(db, "test", priority=9, agent=agent.id)
    write = await new_task(db, "write", priority=5, workflow=workflow.id)
    await depend(db, build, plan)
    await depend(db, test, build, write)
    assert await ready(db) == ["write", "plan"]
    assert await ready(db, agent_id=agent.id) == ["plan"]
    assert await ready(db, workflow_id=workflow.id) == ["write"]
    await complete(db, plan)
    assert await ready(db) == ["build", "write"]
    first = await db.tasks.get_ready_tasks(limit=1)
    assert [task.title for task in first] == ["build"]
    await complete(db, build)
    assert await ready(db) == ["write"]
    await complete(db, write)
    assert await ready(db) == ["test"]
    await complete(db, test)
    assert await ready(db) == []


async def test_what_failed_keeps_others_waiting(db: Database) -> None:
    plan, do = await new_task(db, "plan"), await new_task(db, "do")
    await depend(db, do, plan)
    await db.tasks.update_status_many(status=TaskStatus.FAILED, ids=[plan.id])
    assert await ready(db) == []


async def test_ready_tasks_agree_with_the_rule(
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
    assert await db.tasks.get_ready_tasks(limit=200) == expected


async def test_resolve_dependencies_level_by_level(db: Database) -> None:
    ship = await new_task(db, "ship")
    test = await new_task(db, "test")
    build = await new_task(db, "build")
    write = await new_task(db, "write", priority=3)
    plan = await new_task(db, "plan", priority=5)
    other = await new_task(db, "other")
    await depend(db, ship, test, build, plan)
    await depend(db, test, build, write)
    await depend(db, build, plan)
    await depend(db, other, ship)
    found = await db.tasks.resolve_dependencies(task_id=ship.id)
    assert [(row.level, row.task) for row in found] == [
        (0, plan),
        (0, write),
        (1, build),
        (2, test),
        (3, ship),
    ]
    alone = await db.tasks.resolve_dependencies(task_id=plan.id)
    assert [(row.level, row.task) for row in alone] == [(0, plan)]


async def test_resolve_a_long_chain(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    chain = [uuid4() for _ in range(100)]
    await db.tasks.create_many(
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
    found = await db.tasks.resolve_dependencies(task_id=chain[-1])
    assert [(row.level, row.task.id) for row in found] == list(enumerate(chain))
