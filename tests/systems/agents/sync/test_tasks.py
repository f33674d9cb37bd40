# Derived from ../aio/test_tasks.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `tasks`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from generated.agents import (
    TaskExecutionsCompletedAtCheckViolation,
    TasksAgentIdFkeyViolation,
    TasksTitleCheckViolation,
    TasksTypeCheckViolation,
    TasksWorkflowIdFkeyViolation,
)
from generated.agents.models import (
    ExecutionStatus,
    Task,
    TaskExecution,
    TaskStatus,
)
from generated.agents.tasks import CreateManyParams
from tests.systems.agents.sync._compat import at_once
from tests.systems.agents.sync.work import (
    NOBODY,
    new_agent,
    new_task,
    new_user,
    new_workflow,
)
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.agents.sync import Database

DUE = datetime(2026, 3, 1, 12, tzinfo=UTC)


def bulk(number: int) -> CreateManyParams:
    """One of many tasks; every tenth is due."""
    return CreateManyParams(
        id=uuid4(),
        title=f"Task {number}",
        type="text",
        description=None if number % 2 else "Tab\there, \\N there.",
        priority=number,
        agent_id=None,
        workflow_id=None,
        created_by=None,
        input={"number": number},
        due_at=None if number % 10 else DUE + timedelta(hours=number),
    )


def test_create_and_get(db: Database) -> None:
    agent, user = new_agent(db), new_user(db)
    workflow = new_workflow(db)
    made = db.tasks.create(
        title="Write it",
        type="text",
        description="In one page.",
        priority=5,
        agent_id=agent.id,
        workflow_id=workflow.id,
        created_by=user.id,
        input={"words": 300},
        due_at=DUE,
    )
    assert (made.title, made.type, made.description, made.priority) == (
        "Write it",
        "text",
        "In one page.",
        5,
    )
    assert (made.agent_id, made.workflow_id, made.created_by, made.due_at) == (
        agent.id,
        workflow.id,
        user.id,
        DUE,
    )
    assert (made.status, made.output, made.completed_at) == (
        TaskStatus.PENDING,
        None,
        None,
    )
    assert made.input == {"words": 300}
    assert db.tasks.get_by_id(id=made.id) == made


def test_what_is_not_there(db: Database) -> None:
    assert db.tasks.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        db.tasks.update(id=NOBODY, priority=1)
    with pytest.raises(NotFound):
        db.tasks.start_execution(task_id=NOBODY)
    with pytest.raises(NotFound):
        db.tasks.finish_execution(
            status=ExecutionStatus.FAILED,
            output=None,
            error=None,
            execution_id=NOBODY,
        )
    assert db.tasks.delete(id=NOBODY) == 0
    assert db.tasks.delete_many(ids=[]) == 0
    assert db.tasks.update_status_many(status=TaskStatus.FAILED, ids=[]) == []
    assert db.tasks.get_dependencies(task_id=NOBODY) == []
    assert db.tasks.resolve_dependencies(task_id=NOBODY) == []


def test_what_is_refused(db: Database) -> None:
    with pytest.raises(TasksTitleCheckViolation):
        new_task(db, "")
    with pytest.raises(TasksAgentIdFkeyViolation):
        new_task(db, "Plan", agent=NOBODY)
    with pytest.raises(TasksWorkflowIdFkeyViolation):
        new_task(db, "Plan", workflow=NOBODY)
    task = new_task(db, "Plan")
    with pytest.raises(TasksTypeCheckViolation):
        db.tasks.update(id=task.id, type="")


def test_update_of_what_is_given(db: Database) -> None:
    agent, workflow = new_agent(db), new_workflow(db)
    made = new_task(db, "Plan")
    changed = db.tasks.update(
        id=made.id, agent_id=agent.id, workflow_id=workflow.id, due_at=DUE
    )
    assert (changed.agent_id, changed.workflow_id, changed.due_at) == (
        agent.id,
        workflow.id,
        DUE,
    )
    assert (changed.title, changed.input) == (made.title, made.input)
    changed = db.tasks.update(
        id=made.id,
        title="Plan it",
        type="plan",
        description="Well.",
        priority=-1,
        input={},
        agent_id=None,
    )
    assert (changed.title, changed.type, changed.description) == (
        "Plan it",
        "plan",
        "Well.",
    )
    assert (changed.priority, changed.input, changed.agent_id) == (-1, {}, None)
    assert (changed.workflow_id, changed.due_at) == (workflow.id, DUE)
    assert db.tasks.get_by_id(id=made.id) == changed


def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled, Task, "SELECT * FROM tasks ORDER BY created_at DESC, id DESC"
    )
    first = db.tasks.list(limit=150, total=True)
    rest = db.tasks.list(limit=150, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert (first.total, len(rest.items), rest.next) == (200, 50, None)
    agent, workflow, user = id_of("agent", 2), id_of("workflow", 2), id_of("user", 2)
    open_ = [TaskStatus.PENDING, TaskStatus.RUNNING]
    for found, counted, expected in (
        (
            db.tasks.list(agent_id=agent, status=open_, limit=200),
            db.tasks.count(agent_id=agent, status=open_),
            [t for t in everything if t.agent_id == agent and t.status in open_],
        ),
        (
            db.tasks.list(workflow_id=workflow, created_by=user, limit=200),
            db.tasks.count(workflow_id=workflow, created_by=user),
            [
                task
                for task in everything
                if (task.workflow_id, task.created_by) == (workflow, user)
            ],
        ),
        (
            db.tasks.list(type="code", limit=200),
            db.tasks.count(type="code"),
            [task for task in everything if task.type == "code"],
        ),
    ):
        assert found.items == expected != []
        assert counted == len(expected)
    assert (db.tasks.list(status=[])).items == []


def test_list_sorted(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = rows(
        filled,
        Task,
        "SELECT * FROM tasks WHERE type = 'text'"
        " ORDER BY priority DESC, created_at, id LIMIT 60",
    )
    first = db.tasks.list(type="text", sort="-priority", limit=30)
    second = db.tasks.list(type="text", sort="-priority", limit=30, after=first.next)
    priorities = [task.priority for task in (*first.items, *second.items)]
    assert priorities == [task.priority for task in expected]
    assert len({task.id for task in (*first.items, *second.items)}) == 60


def test_create_many(db: Database) -> None:
    params = [bulk(number) for number in range(3000)]
    assert db.tasks.create_many(params) == 3000
    assert db.tasks.count() == 3000
    due = db.tasks.list(due_before=DUE + timedelta(hours=20), sort="priority")
    assert [task.title for task in due.items] == ["Task 0", "Task 10"]
    assert db.tasks.count(due_before=DUE + timedelta(hours=20)) == 2
    found = db.tasks.get_by_id(id=params[20].id)
    assert found is not None
    assert (found.description, found.input) == ("Tab\there, \\N there.", {"number": 20})
    assert found.due_at == DUE + timedelta(hours=20)
    with pytest.raises(AlreadyExists):
        db.tasks.create_many(params[-1:])


def test_update_and_delete_many(db: Database) -> None:
    params = [bulk(number) for number in range(1200)]
    db.tasks.create_many(params)
    ids = [row.id for row in params[:1100]]
    ended = db.tasks.update_status_many(status=TaskStatus.CANCELLED, ids=[*ids, NOBODY])
    assert {task.id for task in ended} == set(ids)
    assert {task.status for task in ended} == {TaskStatus.CANCELLED}
    assert all(task.completed_at is not None for task in ended)
    (again,) = db.tasks.update_status_many(status=TaskStatus.PENDING, ids=ids[:1])
    assert (again.status, again.completed_at) == (TaskStatus.PENDING, None)
    assert db.tasks.count(status=[TaskStatus.PENDING]) == 101
    assert db.tasks.delete_many(ids=[*ids, NOBODY]) == 1100
    assert db.tasks.count() == 100


def test_get_by_agent(db: Database, filled: psycopg.Connection[Any]) -> None:
    agent = id_of("agent", 1)
    expected = rows(
        filled,
        Task,
        "SELECT * FROM tasks WHERE agent_id = %s ORDER BY created_at DESC, id DESC",
        agent,
    )
    first = db.tasks.get_by_agent(agent_id=agent, limit=3)
    rest = db.tasks.get_by_agent(agent_id=agent, after=first.next)
    assert [*first.items, *rest.items] == expected
    assert len(expected) > 3


def test_get_by_status(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = rows(
        filled,
        Task,
        "SELECT * FROM tasks WHERE status = 'completed'"
        " ORDER BY created_at DESC, id DESC",
    )
    first = db.tasks.get_by_status(status=TaskStatus.COMPLETED, limit=80)
    rest = db.tasks.get_by_status(
        status=TaskStatus.COMPLETED, limit=80, after=first.next
    )
    assert [*first.items, *rest.items] == expected
    assert len(expected) > 80


def test_execution_history(db: Database) -> None:
    agent = new_agent(db)
    task = new_task(db, "Plan", agent=agent.id)
    assert db.tasks.get_execution_history(task_id=task.id) == []
    first = db.tasks.start_execution(task_id=task.id)
    assert (first.task_id, first.agent_id, first.attempt) == (task.id, agent.id, 1)
    assert (first.status, first.completed_at) == (ExecutionStatus.RUNNING, None)
    running = db.tasks.get_by_id(id=task.id)
    assert running is not None
    assert running.status is TaskStatus.RUNNING
    failed = db.tasks.finish_execution(
        status=ExecutionStatus.FAILED,
        output=None,
        error="out of ideas",
        execution_id=first.id,
    )
    assert (failed.status, failed.error, failed.attempt) == (
        ExecutionStatus.FAILED,
        "out of ideas",
        1,
    )
    second = db.tasks.start_execution(task_id=task.id)
    assert second.attempt == 2
    completed = db.tasks.finish_execution(
        status=ExecutionStatus.COMPLETED,
        output={"plan": ["a", "b"]},
        error=None,
        execution_id=second.id,
    )
    done = db.tasks.get_by_id(id=task.id)
    assert done is not None
    assert (done.status, done.output) == (TaskStatus.COMPLETED, {"plan": ["a", "b"]})
    assert done.completed_at == completed.completed_at
    history = db.tasks.get_execution_history(task_id=task.id)
    assert history == [failed, completed]


def test_executions_that_are_refused(db: Database) -> None:
    task = new_task(db, "Plan")
    execution = db.tasks.start_execution(task_id=task.id)
    with pytest.raises(NotFound):
        db.tasks.start_execution(task_id=task.id)
    with pytest.raises(TaskExecutionsCompletedAtCheckViolation):
        db.tasks.finish_execution(
            status=ExecutionStatus.PAUSED,
            output=None,
            error=None,
            execution_id=execution.id,
        )
    # A thread that was cancelled meanwhile stays so.
    db.tasks.update_status_many(status=TaskStatus.CANCELLED, ids=[task.id])
    db.tasks.finish_execution(
        status=ExecutionStatus.COMPLETED,
        output={},
        error=None,
        execution_id=execution.id,
    )
    cancelled = db.tasks.get_by_id(id=task.id)
    assert cancelled is not None
    assert (cancelled.status, cancelled.output) == (TaskStatus.CANCELLED, None)
    with pytest.raises(NotFound):
        db.tasks.finish_execution(
            status=ExecutionStatus.COMPLETED,
            output={},
            error=None,
            execution_id=execution.id,
        )


def test_one_of_those_who_start_at_once_wins(db: Database) -> None:
    task = new_task(db, "Plan")

    def start() -> TaskExecution | None:
        try:
            return db.tasks.start_execution(task_id=task.id)
        except NotFound:
            return None

    started = at_once(start, start, start, start)
    winner = [execution for execution in started if execution is not None]
    assert db.tasks.get_execution_history(task_id=task.id) == winner
    assert len(winner) == 1


def test_delete_takes_executions_along(db: Database) -> None:
    task, other = new_task(db, "Plan"), new_task(db, "Do")
    db.tasks.start_execution(task_id=task.id)
    db.tasks.add_dependency(task_id=other.id, depends_on_id=task.id)
    assert db.tasks.delete(id=task.id) == 1
    assert db.tasks.get_execution_history(task_id=task.id) == []
    assert db.tasks.get_dependencies(task_id=other.id) == []
