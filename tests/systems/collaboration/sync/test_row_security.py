# Derived from ../aio/test_row_security.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""Row-level security: no method shows or changes another tenant's rows, ever.

Every generated method is called by each of two tenants with the ids of the other. What
it gives must be what it gives for ids that nobody has, and no row of the other tenant
may change. That the calls themselves are good is shown by each tenant's own ids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from generated.collaboration import BulkInsertParams, CreateBatchParams
from generated.collaboration.models import (
    AgentStatus,
    MemberRole,
    StageStatus,
    TaskPriority,
    TaskStatus,
    TaskStatusUpdate,
    TaskUpdate,
)
from tests.systems.collaboration.sync.work import (
    NOBODY,
    new_agent,
    new_document,
    new_task,
    new_workflow,
    new_workspace,
)
from tests.systems.data import id_of

from reposgen_runtime.errors import RepositoryError

if TYPE_CHECKING:
    import psycopg
    from generated.collaboration.sync import Database
    from tests.systems.collaboration.sync._compat import Call

MINUTE = timedelta(minutes=1)
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
FAR = datetime(2100, 1, 1, tzinfo=UTC)
FIRST, SECOND = id_of("tenant", 1), id_of("tenant", 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ids:
    """What a tenant has, or what nobody has."""

    tenant: UUID = NOBODY
    waiting: UUID = NOBODY
    assigned: UUID = NOBODY
    delegated: UUID = NOBODY
    leased: tuple[UUID, UUID, UUID] = (NOBODY, NOBODY, NOBODY)
    doomed: tuple[UUID, UUID] = (NOBODY, NOBODY)
    workspace: UUID = NOBODY
    workflow: UUID = NOBODY
    document: UUID = NOBODY


def furnish(db: Database, tenant: UUID) -> Ids:
    """Rows in every table, each with the tenant's name in it."""
    name = "first" if tenant == FIRST else "second"
    workspace = new_workspace(db, f"room, {name}", tenant=tenant)
    workflow = new_workflow(db, f"workflow, {name}", tenant=tenant)
    document = new_document(db, workspace.id)
    new_agent(db, "Bob", tenant=tenant)
    db.workspaces.add_member(
        agent_id="bob",
        role=MemberRole.EDITOR,
        permissions=[],
        workspace_id=workspace.id,
    )
    db.workflows.update_progress(
        stage_index=0, workflow_id=workflow.id, status=StageStatus.RUNNING
    )
    operation(db, document.id)
    ids = [
        (
            new_task(
                db,
                f"task, {name}",
                tenant=tenant,
                assigned_to=agent,
                schedule="nightly",
                deadline=EPOCH,
            )
        ).id
        for agent in (None, "ada", "ada", "ada", "ada", "ada", "ada", "ada")
    ]
    for task in ids[3:6]:
        db.tasks.lock_task_for_execution(agent_id="ada", duration=MINUTE, task_id=task)
    new_task(db, f"subtask, {name}", tenant=tenant, parent=ids[0])
    delegation(db, ids[2], "ada", "bob")
    return Ids(
        tenant=tenant,
        waiting=ids[0],
        assigned=ids[1],
        delegated=ids[2],
        leased=(ids[3], ids[4], ids[5]),
        doomed=(ids[6], ids[7]),
        workspace=workspace.id,
        workflow=workflow.id,
        document=document.id,
    )


def delegation(db: Database, task: UUID, giver: str, taker: str) -> object:
    return db.tasks.create_delegation(
        task_id=task, from_agent=giver, to_agent=taker, reason=None, metadata={}
    )


def operation(db: Database, document: UUID) -> object:
    return db.documents.record_operation(
        document_id=document,
        operation_type="insert",
        path="/1",
        value={"text": "a line"},
        agent_id="ada",
        vector_clock={},
        applied_at=None,
    )


def batch_row(ids: Ids) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "tenant_id": ids.tenant,
        "type": "build",
        "status": TaskStatus.PENDING,
        "priority": TaskPriority.LOW,
        "created_by": "ada",
        "assigned_to": None,
        "parent_task_id": None,
        "title": "smuggled",
        "description": None,
        "parameters": {},
        "max_retries": 0,
        "timeout_seconds": 1,
    }


def whole_row(ids: Ids) -> dict[str, Any]:
    return batch_row(ids) | {
        "result": None,
        "error": None,
        "retry_count": 0,
        "created_at": EPOCH,
        "assigned_at": None,
        "started_at": None,
        "completed_at": None,
        "updated_at": EPOCH,
        "deleted_at": None,
        "version": 1,
        "delegated_from": None,
        "deadline": None,
        "schedule": None,
        "tags": [],
        "capabilities": [],
        "metadata": {},
    }


def streamed(db: Database, ids: Ids) -> object:
    with db.tasks.stream_tasks(tenant_id=ids.tenant) as stream:
        return list(stream)


def report(db: Database, ids: Ids) -> object:
    with db.tasks.generate_task_report(tenant_id=ids.tenant) as export:
        return b"".join([bytes(chunk) for chunk in export])


def report_json(db: Database, ids: Ids) -> object:
    with db.tasks.generate_task_report_json(tenant_id=ids.tenant) as export:
        return b"".join([bytes(chunk) for chunk in export])


def for_update(db: Database, ids: Ids) -> object:
    with db.transaction():
        return db.tasks.get_for_update(id=ids.waiting)


def for_execution(db: Database, ids: Ids) -> object:
    with db.transaction():
        return db.tasks.get_tasks_for_execution(
            tenant_id=ids.tenant, agent_id="ada", limit=100
        )


def reads(db: Database, ids: Ids) -> dict[str, Call[object]]:
    """A call of every method that reads."""
    tenant, task = ids.tenant, ids.waiting
    return {
        "agents.get": lambda: db.agents.get(tenant_id=tenant, id="ada"),
        "agents.list": lambda: db.agents.list(tenant_id=tenant, total=True),
        "documents.get": lambda: db.documents.get(id=ids.document),
        "documents.list_by_workspace": lambda: db.documents.list_by_workspace(
            workspace_id=ids.workspace, total=True
        ),
        "documents.list_operations": lambda: db.documents.list_operations(
            document_id=ids.document, since=0, limit=100
        ),
        "documents.list_pending_operations": lambda: (
            db.documents.list_pending_operations(document_id=ids.document)
        ),
        "tasks.get": lambda: db.tasks.get(id=task),
        "tasks.get_batch": lambda: db.tasks.get_batch(ids=[task, ids.assigned]),
        "tasks.get_for_update": lambda: for_update(db, ids),
        "tasks.list_by_tenant": lambda: db.tasks.list_by_tenant(
            tenant_id=tenant, total=True
        ),
        "tasks.list_by_agent": lambda: db.tasks.list_by_agent(
            tenant_id=tenant, agent_id="ada", total=True
        ),
        "tasks.stream_tasks": lambda: streamed(db, ids),
        "tasks.get_subtasks": lambda: db.tasks.get_subtasks(parent_task_id=task),
        "tasks.get_task_tree": lambda: db.tasks.get_task_tree(
            root_task_id=task, max_depth=9
        ),
        "tasks.get_delegation_history": lambda: db.tasks.get_delegation_history(
            task_id=ids.delegated
        ),
        "tasks.get_delegations_to_agent": lambda: db.tasks.get_delegations_to_agent(
            tenant_id=tenant, agent_id="bob", since=EPOCH
        ),
        "tasks.get_delegation_chain": lambda: db.tasks.get_delegation_chain(
            task_id=ids.delegated
        ),
        "tasks.get_tasks_for_execution": lambda: for_execution(db, ids),
        "tasks.get_overdue_tasks": lambda: db.tasks.get_overdue_tasks(
            tenant_id=tenant, threshold=MINUTE
        ),
        "tasks.get_tasks_by_schedule": lambda: db.tasks.get_tasks_by_schedule(
            tenant_id=tenant, schedule="nightly"
        ),
        "tasks.get_task_stats": lambda: db.tasks.get_task_stats(
            tenant_id=tenant, period=timedelta(days=9)
        ),
        "tasks.get_hourly_task_stats": lambda: db.tasks.get_hourly_task_stats(
            since=EPOCH, until=FAR
        ),
        "tasks.get_agent_workload": lambda: db.tasks.get_agent_workload(
            tenant_id=tenant, agent_ids=["ada", "bob"]
        ),
        "tasks.get_task_timeline": lambda: db.tasks.get_task_timeline(
            task_id=ids.delegated
        ),
        "tasks.generate_task_report": lambda: report(db, ids),
        "tasks.generate_task_report_json": lambda: report_json(db, ids),
        "tasks.search_tasks": lambda: db.tasks.search_tasks(
            query="task", tenant_id=tenant, limit=100, offset=0
        ),
        "tasks.get_similar_tasks": lambda: db.tasks.get_similar_tasks(
            task_id=task, limit=100
        ),
        "tasks.validate_task_integrity": lambda: db.tasks.validate_task_integrity(
            tenant_id=tenant
        ),
        "workflows.get": lambda: db.workflows.get(id=ids.workflow),
        "workflows.get_with_stages": lambda: db.workflows.get_with_stages(
            id=ids.workflow
        ),
        "workflows.list": lambda: db.workflows.list(tenant_id=tenant, total=True),
        "workflows.list_stages": lambda: db.workflows.list_stages(
            workflow_id=ids.workflow
        ),
        "workflows.list_transitions": lambda: db.workflows.list_transitions(
            workflow_id=ids.workflow
        ),
        "workspaces.get": lambda: db.workspaces.get(id=ids.workspace),
        "workspaces.list_by_agent": lambda: db.workspaces.list_by_agent(
            tenant_id=tenant, agent_id="ada"
        ),
        "workspaces.get_member": lambda: db.workspaces.get_member(
            workspace_id=ids.workspace, agent_id="ada"
        ),
        "workspaces.list_members": lambda: db.workspaces.list_members(
            workspace_id=ids.workspace
        ),
        "workspaces.list_activity": lambda: db.workspaces.list_activity(
            workspace_id=ids.workspace, total=True
        ),
    }


def writes(db: Database, ids: Ids) -> dict[str, Call[object]]:
    """A call of every method that writes, in an order in which all of them work."""
    return {**writes_of_tasks(db, ids), **writes_of_others(db, ids)}


def writes_of_tasks(db: Database, ids: Ids) -> dict[str, Call[object]]:
    tenant, task, assigned = ids.tenant, ids.waiting, ids.assigned
    return {
        "tasks.create": lambda: new_task(db, "smuggled", tenant=tenant),
        "tasks.create_batch": lambda: db.tasks.create_batch(
            [CreateBatchParams(**batch_row(ids))]
        ),
        "tasks.bulk_insert": lambda: db.tasks.bulk_insert(
            [BulkInsertParams(**whole_row(ids))]
        ),
        "tasks.update": lambda: db.tasks.update(id=task, title="changed"),
        "tasks.update_with_version": lambda: db.tasks.update_with_version(
            id=task, title="changed", expected_version=2
        ),
        "tasks.assign_to_agent": lambda: db.tasks.assign_to_agent(
            agent_id="ada", task_id=task, assigned_by="bob"
        ),
        "tasks.unassign_task": lambda: db.tasks.unassign_task(
            task_id=task, reason="none"
        ),
        "tasks.update_status": lambda: db.tasks.update_status(
            task_id=task, status=TaskStatus.PENDING, metadata={"by": "bob"}
        ),
        "tasks.bulk_update_status": lambda: db.tasks.bulk_update_status(
            updates=[TaskStatusUpdate(task, TaskStatus.PENDING, {"a": 1})]
        ),
        "tasks.batch_update_status": lambda: db.tasks.batch_update_status(
            task_ids=[task], status=TaskStatus.PENDING
        ),
        "tasks.increment_retry_count": lambda: db.tasks.increment_retry_count(
            task_id=task
        ),
        "tasks.bulk_update": lambda: db.tasks.bulk_update(
            updates=[TaskUpdate(task, {"title": "changed"})]
        ),
        "tasks.create_delegation": lambda: delegation(db, ids.delegated, "bob", "ada"),
        "tasks.lock_task_for_execution": lambda: db.tasks.lock_task_for_execution(
            agent_id="ada", duration=MINUTE, task_id=assigned
        ),
        "tasks.renew_task_lease": lambda: db.tasks.renew_task_lease(
            duration=MINUTE, task_id=ids.leased[0], agent_id="ada"
        ),
        "tasks.complete_task": lambda: db.tasks.complete_task(
            result=None, task_id=ids.leased[0], agent_id="ada"
        ),
        "tasks.fail_task": lambda: db.tasks.fail_task(
            error="none", task_id=ids.leased[1], agent_id="ada"
        ),
        "tasks.claim_tasks": lambda: db.tasks.claim_tasks(
            tenant_id=tenant, agent_id="ada", limit=2, lease=-MINUTE
        ),
        "tasks.reclaim_expired_tasks": lambda: db.tasks.reclaim_expired_tasks(
            tenant_id=tenant, limit=100
        ),
        "tasks.archive_tasks": lambda: db.tasks.archive_tasks(
            tenant_id=tenant, before=FAR
        ),
        "tasks.soft_delete": lambda: db.tasks.soft_delete(id=ids.doomed[0]),
        "tasks.delete": lambda: db.tasks.delete(id=ids.doomed[1]),
    }


def writes_of_others(db: Database, ids: Ids) -> dict[str, Call[object]]:
    tenant = ids.tenant
    return {
        "agents.register": lambda: new_agent(db, "Cleo", tenant=tenant),
        "agents.set_status": lambda: db.agents.set_status(
            status=AgentStatus.PAUSED, tenant_id=tenant, id="cleo"
        ),
        "agents.heartbeat": lambda: db.agents.heartbeat(tenant_id=tenant, id="cleo"),
        "agents.remove": lambda: db.agents.remove(tenant_id=tenant, id="cleo"),
        "documents.create": lambda: new_document(db, ids.workspace),
        "documents.record_operation": lambda: operation(db, ids.document),
        "documents.mark_operations_applied": lambda: (
            db.documents.mark_operations_applied(document_id=ids.document, up_to=9)
        ),
        "documents.acquire_lock": lambda: db.documents.acquire_lock(
            agent_id="ada", duration=MINUTE, id=ids.document
        ),
        "documents.renew_lock": lambda: db.documents.renew_lock(
            duration=MINUTE, id=ids.document, agent_id="ada"
        ),
        "documents.update_with_lock": lambda: db.documents.update_with_lock(
            id=ids.document, lock_owner="ada", expected_version=1, title="changed"
        ),
        "documents.release_lock": lambda: db.documents.release_lock(
            id=ids.document, agent_id="ada"
        ),
        "documents.soft_delete": lambda: db.documents.soft_delete(id=ids.document),
        "workflows.create": lambda: new_workflow(db, "smuggled", tenant=tenant),
        "workflows.update_progress": lambda: db.workflows.update_progress(
            stage_index=1, workflow_id=ids.workflow, status=StageStatus.RUNNING
        ),
        "workflows.cancel": lambda: db.workflows.cancel(id=ids.workflow),
        "workflows.soft_delete": lambda: db.workflows.soft_delete(id=ids.workflow),
        "workspaces.create": lambda: db.workspaces.create(
            tenant_id=tenant,
            name="smuggled",
            description=None,
            owner_id="ada",
            state={},
            metadata={},
        ),
        "workspaces.remove_member": lambda: db.workspaces.remove_member(
            workspace_id=ids.workspace, agent_id="bob"
        ),
        "workspaces.add_member": lambda: db.workspaces.add_member(
            agent_id="bob",
            role=MemberRole.ADMIN,
            permissions=[],
            workspace_id=ids.workspace,
        ),
        "workspaces.record_activity": lambda: db.workspaces.record_activity(
            workspace_id=ids.workspace, agent_id="bob", action="looked", details={}
        ),
        "workspaces.update_state": lambda: db.workspaces.update_state(
            state={"phase": "taken"}, id=ids.workspace, expected_version=1
        ),
        "workspaces.soft_delete": lambda: db.workspaces.soft_delete(id=ids.workspace),
    }


# They concern no tenant's rows: upkeep, which the role may not do in part.
UPKEEP = {
    "tasks.vacuum_tasks",
    "tasks.rebuild_task_indexes",
    "tasks.refresh_task_stats",
}


def outcome(call: Call[object]) -> str:
    """What a call gives or raises, without the ids and times that differ each time."""
    try:
        text = repr(call())
    except RepositoryError as error:
        text = f"{type(error).__name__}: {error}"
    text = re.sub(r"UUID\('[-0-9a-f]+'\)", "UUID", text)
    return re.sub(r"datetime\.datetime\([^)]*\)", "datetime", text)


def rows_of(admin: psycopg.Connection[Any], tenant: UUID) -> dict[str, object]:
    """All rows of a tenant, by table."""
    tables = admin.execute(
        "SELECT table_name FROM information_schema.columns"
        " JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND column_name = 'tenant_id'"
        " AND table_type = 'BASE TABLE'"
    ).fetchall()
    found: dict[str, object] = {}
    for (table,) in tables:
        query = f"SELECT t::text FROM {table} AS t WHERE tenant_id = %s ORDER BY 1"
        found[table] = admin.execute(query.encode(), [tenant]).fetchall()
    return found


def methods(db: Database) -> set[str]:
    """The repositories' public methods."""
    return {
        f"{attribute}.{name}"
        for attribute, repository in vars(db).items()
        if type(repository).__name__.endswith("Repository")
        for name in vars(type(repository))
        if not name.startswith("_")
    }


def test_every_method_is_called(db: Database) -> None:
    calls = {**reads(db, Ids()), **writes(db, Ids())}
    assert set(calls) | UPKEEP == methods(db)


def test_no_foreign_row_is_shown_or_changed(
    db: Database, other: Database, owner: Database, admin: psycopg.Connection[Any]
) -> None:
    tenants = {FIRST: db, SECOND: other}
    ids = {tenant: furnish(base, tenant) for tenant, base in tenants.items()}
    owner.tasks.refresh_task_stats()
    before = {tenant: rows_of(admin, tenant) for tenant in tenants}
    assert all(before[FIRST].values())
    assert len(before[FIRST]) == 12
    for tenant, base in tenants.items():
        foreign = SECOND if tenant == FIRST else FIRST
        theirs = {**reads(base, ids[foreign]), **writes(base, ids[foreign])}
        nobodys = {**reads(base, Ids()), **writes(base, Ids())}
        for name, call in theirs.items():
            assert (name, outcome(call)) == (name, outcome(nobodys[name]))
            assert rows_of(admin, foreign) == before[foreign], name


def test_the_same_calls_work_with_ones_own_ids(
    db: Database, other: Database, owner: Database, admin: psycopg.Connection[Any]
) -> None:
    tenants = {FIRST: db, SECOND: other}
    ids = {tenant: furnish(base, tenant) for tenant, base in tenants.items()}
    owner.tasks.refresh_task_stats()
    for tenant, base in tenants.items():
        foreign, name = (SECOND, "second") if tenant == FIRST else (FIRST, "first")
        untouched = rows_of(admin, foreign)
        # What is deleted in the end is there to be read before.
        calls = {**reads(base, ids[tenant]), **writes(base, ids[tenant])}
        for method, call in calls.items():
            found = call()
            assert getattr(found, "items", found) not in (None, 0, []), method
            text = repr(found)
            assert str(foreign) not in text, method
            assert f", {name}" not in text, method
        assert rows_of(admin, foreign) == untouched


def test_without_a_tenant_there_is_nothing(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    made = new_task(db, "A", tenant=FIRST)
    with db.transaction():
        with db.connection() as connection:
            connection.execute("SELECT set_config('app.tenant_id', '', true)")
        assert db.tasks.get_batch(ids=[made.id]) == []
        found = db.tasks.list_by_tenant(tenant_id=FIRST, total=True)
        assert (found.items, found.total) == ([], 0)
    assert db.tasks.get_batch(ids=[made.id]) == [made]
    assert admin.execute("SELECT count(*) FROM tasks").fetchone() == (1,)


def test_upkeep_is_not_the_tenants(db: Database) -> None:
    with pytest.raises(RepositoryError):
        db.tasks.rebuild_task_indexes()
    # A tenant may have the statistics brought up to date, and see no more for it.
    db.tasks.refresh_task_stats()
