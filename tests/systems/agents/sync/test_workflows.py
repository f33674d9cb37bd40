# Derived from ../aio/test_workflows.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `workflows`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from generated.agents import (
    GetWorkflowMetricsRow,
    WorkflowExecutionsCompletedAtCheckViolation,
    WorkflowExecutionsOpenKeyViolation,
    WorkflowExecutionsStateCheckViolation,
    WorkflowsCreatedByFkeyViolation,
    WorkflowsNameKeyViolation,
)
from generated.agents.models import (
    ExecutionStatus,
    Workflow,
    WorkflowExecution,
    WorkflowStatus,
)
from tests.systems.agents.sync._compat import at_once
from tests.systems.agents.sync.work import NOBODY, new_task, new_user, new_workflow
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.agents.sync import Database


def test_create_and_get(db: Database) -> None:
    user = new_user(db)
    made = db.workflows.create(
        name="Release",
        description=None,
        definition={"steps": ["build", {"retry": 3}]},
        created_by=user.id,
    )
    assert (made.name, made.description, made.created_by) == ("Release", None, user.id)
    assert made.definition == {"steps": ["build", {"retry": 3}]}
    assert made.status is WorkflowStatus.DRAFT
    assert db.workflows.get_by_id(id=made.id) == made


def test_what_is_not_there(db: Database) -> None:
    assert db.workflows.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        db.workflows.update(id=NOBODY, description=None)
    with pytest.raises(NotFound):
        db.workflows.start_execution(state={}, workflow_id=NOBODY)
    with pytest.raises(NotFound):
        db.workflows.get_workflow_metrics(workflow_id=NOBODY)
    with pytest.raises(NotFound):
        db.workflows.get_with_executions(execution_limit=1, id=NOBODY)
    assert db.workflows.delete(id=NOBODY) == 0


def test_what_is_refused(db: Database) -> None:
    new_workflow(db)
    with pytest.raises(WorkflowsNameKeyViolation):
        new_workflow(db)
    with pytest.raises(WorkflowsCreatedByFkeyViolation):
        db.workflows.create(
            name="Rollback", description=None, definition={}, created_by=NOBODY
        )


def test_update_of_what_is_given(db: Database) -> None:
    made = new_workflow(db, active=False)
    changed = db.workflows.update(
        id=made.id, description="Ships.", status=WorkflowStatus.ACTIVE
    )
    assert (changed.description, changed.status) == ("Ships.", WorkflowStatus.ACTIVE)
    assert (changed.name, changed.definition) == (made.name, made.definition)
    changed = db.workflows.update(
        id=made.id, name="Ship", definition={}, description=None
    )
    assert (changed.name, changed.definition) == ("Ship", {})
    assert changed.status is WorkflowStatus.ACTIVE
    assert db.workflows.get_by_id(id=made.id) == changed


def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled, Workflow, "SELECT * FROM workflows ORDER BY created_at DESC, id DESC"
    )
    first = db.workflows.list(limit=6, total=True)
    rest = db.workflows.list(limit=6, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert (first.total, rest.next) == (10, None)
    for status in WorkflowStatus:
        found = db.workflows.list(status=status, sort="-name")
        assert found.items == [
            workflow
            for workflow in sorted(everything, key=lambda w: w.name, reverse=True)
            if workflow.status == status
        ]
        assert db.workflows.count(status=status) == len(found.items)
    assert db.workflows.count(created_by=NOBODY) == 0
    assert (db.workflows.list(created_by=NOBODY)).items == []


def test_get_by_status(db: Database, filled: psycopg.Connection[Any]) -> None:
    for status in WorkflowStatus:
        found = db.workflows.get_by_status(status=status)
        assert found == rows(
            filled,
            Workflow,
            "SELECT * FROM workflows WHERE status = %s::workflow_status ORDER BY name",
            status.value,
        )


def test_an_execution_from_start_to_end(db: Database) -> None:
    workflow = new_workflow(db)
    started = db.workflows.start_execution(
        state={"step": "build", "tries": 1}, workflow_id=workflow.id
    )
    assert (started.workflow_id, started.status) == (
        workflow.id,
        ExecutionStatus.RUNNING,
    )
    assert (started.error, started.completed_at) == (None, None)
    both = db.workflows.update_execution_state(
        state={"step": "test"}, workflow_id=workflow.id
    )
    assert both.workflow == workflow
    assert both.execution.state == {"step": "test", "tries": 1}
    assert both.execution.status is ExecutionStatus.RUNNING
    paused = db.workflows.update_execution_state(
        state={}, workflow_id=workflow.id, status=ExecutionStatus.PAUSED
    )
    assert paused.execution.status is ExecutionStatus.PAUSED
    assert paused.execution.state == both.execution.state
    ended = db.workflows.finish_execution(
        status=ExecutionStatus.FAILED, error="test: 2 failed", workflow_id=workflow.id
    )
    assert (ended.id, ended.state) == (started.id, both.execution.state)
    assert (ended.status, ended.error) == (ExecutionStatus.FAILED, "test: 2 failed")
    assert ended.completed_at is not None
    history = db.workflows.get_execution_history(workflow_id=workflow.id)
    assert history.items == [ended]


def test_executions_that_are_refused(db: Database) -> None:
    draft = new_workflow(db, "Draft", active=False)
    with pytest.raises(NotFound):
        db.workflows.start_execution(state={}, workflow_id=draft.id)
    workflow = new_workflow(db)
    with pytest.raises(WorkflowExecutionsStateCheckViolation):
        db.workflows.start_execution(state=["build"], workflow_id=workflow.id)
    # Nothing runs yet.
    with pytest.raises(NotFound):
        db.workflows.update_execution_state(state={}, workflow_id=workflow.id)
    with pytest.raises(NotFound):
        db.workflows.finish_execution(
            status=ExecutionStatus.COMPLETED, error=None, workflow_id=workflow.id
        )
    db.workflows.start_execution(state={}, workflow_id=workflow.id)
    with pytest.raises(WorkflowExecutionsOpenKeyViolation):
        db.workflows.start_execution(state={}, workflow_id=workflow.id)
    with pytest.raises(WorkflowExecutionsStateCheckViolation):
        db.workflows.update_execution_state(state=1, workflow_id=workflow.id)
    with pytest.raises(WorkflowExecutionsCompletedAtCheckViolation):
        db.workflows.finish_execution(
            status=ExecutionStatus.RUNNING, error=None, workflow_id=workflow.id
        )


def test_one_of_those_who_start_at_once_wins(db: Database) -> None:
    workflow = new_workflow(db)

    def start(number: int) -> WorkflowExecution | None:
        try:
            return db.workflows.start_execution(
                state={"by": number}, workflow_id=workflow.id
            )
        except WorkflowExecutionsOpenKeyViolation:
            return None

    started = at_once(*(lambda n=n: start(n) for n in range(4)))
    (winner,) = [execution for execution in started if execution is not None]
    found = db.workflows.get_with_executions(execution_limit=9, id=workflow.id)
    assert found.executions == [winner]


def test_get_execution_history(db: Database, filled: psycopg.Connection[Any]) -> None:
    workflow = id_of("workflow", 1)
    everything = rows(
        filled,
        WorkflowExecution,
        "SELECT * FROM workflow_executions WHERE workflow_id = %s"
        " ORDER BY started_at DESC, id DESC",
        workflow,
    )
    history = db.workflows.get_execution_history
    first = history(workflow_id=workflow, limit=6)
    rest = history(workflow_id=workflow, limit=6, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert len(everything) == 10
    for status in ("completed", "failed"):
        found = db.workflows.get_execution_history(
            workflow_id=workflow, status=ExecutionStatus(status)
        )
        assert found.items == [e for e in everything if e.status == status]


def test_get_with_executions(db: Database, filled: psycopg.Connection[Any]) -> None:
    workflow = id_of("workflow", 3)
    found = db.workflows.get_with_executions(execution_limit=4, id=workflow)
    assert found.workflow == db.workflows.get_by_id(id=workflow)
    assert found.executions == rows(
        filled,
        WorkflowExecution,
        "SELECT * FROM workflow_executions WHERE workflow_id = %s"
        " ORDER BY started_at DESC, id DESC LIMIT 4",
        workflow,
    )
    assert len(found.executions) == 4


def test_workflow_metrics(db: Database, admin: psycopg.Connection[Any]) -> None:
    workflow = new_workflow(db)
    unused = GetWorkflowMetricsRow(workflow.id, 0, 0, 0, 0, None, None, None, None)
    assert db.workflows.get_workflow_metrics(workflow_id=workflow.id) == unused
    for outcome in (
        ExecutionStatus.COMPLETED,
        ExecutionStatus.COMPLETED,
        ExecutionStatus.COMPLETED,
        ExecutionStatus.FAILED,
        ExecutionStatus.CANCELLED,
    ):
        db.workflows.start_execution(state={}, workflow_id=workflow.id)
        db.workflows.finish_execution(
            status=outcome, error=None, workflow_id=workflow.id
        )
    last = db.workflows.start_execution(state={}, workflow_id=workflow.id)
    admin.execute(
        "UPDATE workflow_executions SET completed_at = started_at + CASE status"
        " WHEN 'completed' THEN interval '10 s' ELSE interval '5 s' END"
        " WHERE completed_at IS NOT NULL"
    )
    found = db.workflows.get_workflow_metrics(workflow_id=workflow.id)
    assert found == GetWorkflowMetricsRow(
        workflow_id=workflow.id,
        total_executions=6,
        open_executions=1,
        completed_executions=3,
        failed_executions=1,
        success_rate=0.75,
        average_duration=timedelta(seconds=8),
        p95_duration=timedelta(seconds=10),
        last_started_at=last.started_at,
    )


def test_delete_takes_executions_and_tasks_along(db: Database) -> None:
    workflow = new_workflow(db)
    task = new_task(db, "Build", workflow=workflow.id)
    db.workflows.start_execution(state={}, workflow_id=workflow.id)
    assert db.workflows.delete(id=workflow.id) == 1
    assert db.tasks.get_by_id(id=task.id) is None
    history = db.workflows.get_execution_history(workflow_id=workflow.id)
    assert history.items == []
