"""The system `collaboration`: all its cached reads, and all writes of what they read.

A trigger stamps each version of a row with a number that no other version has, in a
column that all reads return. Another notes the version, as part of its transaction.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, LiteralString
from uuid import UUID, uuid5

from generated.collaboration.models import (
    AgentStatus,
    MemberRole,
    StageStatus,
    TaskPriority,
    TaskStatus,
    TaskStatusUpdate,
    TaskUpdate,
)
from generated.collaboration.tasks import BulkInsertParams, CreateBatchParams

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

STAMPS: Final[LiteralString] = """
CREATE SCHEMA checker;
CREATE SEQUENCE checker.numbers;
CREATE TABLE checker.versions (
    place bigint NOT NULL DEFAULT nextval('checker.numbers'),
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind text NOT NULL,
    key text NOT NULL,
    parent text,
    tenant uuid NOT NULL,
    stamp bigint,
    shown boolean NOT NULL
);
CREATE INDEX ON checker.versions (transaction);

-- Arguments: the column that is stamped.
CREATE FUNCTION checker.stamp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    before jsonb := to_jsonb(NEW) -> TG_ARGV[0];
    number bigint := nextval('checker.numbers');
    after jsonb;
BEGIN
    IF jsonb_typeof(before) = 'array' THEN
        after := jsonb_build_array('v' || number);
    ELSE
        after := before || jsonb_build_object('v', number);
    END IF;
    NEW := jsonb_populate_record(NEW, jsonb_build_object(TG_ARGV[0], after));
    RETURN NEW;
END $$;

-- Arguments: the columns of the key, that of the parent, the one that is stamped.
-- A version gets its place when those before it are committed: its row is locked.
CREATE FUNCTION checker.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    version jsonb := to_jsonb(coalesce(NEW, OLD));
    value jsonb := version -> TG_ARGV[2];
BEGIN
    INSERT INTO checker.versions (kind, key, parent, tenant, stamp, shown) VALUES (
        TG_TABLE_NAME,
        (SELECT string_agg(version ->> name, '/' ORDER BY place)
         FROM string_to_table(TG_ARGV[0], ',') WITH ORDINALITY AS names (name, place)),
        version ->> TG_ARGV[1],
        (version ->> 'tenant_id')::uuid,
        CASE jsonb_typeof(value) WHEN 'object' THEN (value ->> 'v')::bigint
            WHEN 'array' THEN substr(value ->> 0, 2)::bigint ELSE 0 END,
        TG_OP <> 'DELETE' AND version ->> 'deleted_at' IS NULL
    );
    RETURN NULL;
END $$;

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN VALUES
        ('agents', 'tenant_id,id', '', 'metadata'),
        ('tasks', 'id', 'parent_task_id', 'metadata'),
        ('workflows', 'id', '', 'metadata'),
        ('workflow_stages', 'id', 'workflow_id', 'config'),
        ('workflow_transitions', 'id', 'workflow_id', ''),
        ('workspaces', 'id', '', 'metadata'),
        ('workspace_members', 'workspace_id,agent_id', '', 'permissions'),
        ('shared_documents', 'id', '', 'vector_clock')
    LOOP
        EXECUTE format('CREATE TRIGGER zz_note AFTER INSERT OR UPDATE OR DELETE ON %I'
            ' FOR EACH ROW EXECUTE FUNCTION checker.note(%L, %L, %L)',
            one.column1, one.column2, one.column3, one.column4);
        IF one.column4 <> '' THEN
            EXECUTE format('CREATE TRIGGER zz_stamp BEFORE INSERT OR UPDATE ON %I'
                ' FOR EACH ROW EXECUTE FUNCTION checker.stamp(%L)',
                one.column1, one.column4);
        END IF;
    END LOOP;
END $$;
"""
_NAMES: Final = UUID("9a4a3bd2-7b34-4a43-a9f8-5a1c3b8f6f10")
TENANTS: Final = tuple(uuid5(_NAMES, f"tenant {n}") for n in (1, 2))
AGENTS: Final = ("owner", "ada", "bob")
_HOUR: Final = timedelta(hours=1)

# What a read returns: the stamps of rows, by kind and key.
Stamps = dict[str, int]


class Picks:
    """Picks arguments: few of them, so that processes meet."""

    def __init__(self, seed: int, tenant: UUID) -> None:
        self.random = random.Random(seed)
        self.tenant = tenant
        number = TENANTS.index(tenant)
        self.tasks = [uuid5(_NAMES, f"task {number} {n}") for n in range(4)]
        # What is there, as far as is known.
        self.workflows: list[UUID] = []
        self.workspaces: list[UUID] = []
        self.documents: list[UUID] = []
        self.versions: dict[UUID, int] = {}

    def one(self, of: Sequence[Any]) -> Any:  # noqa: ANN401 -- of what is given
        """Pick one; something that is not there if there is none."""
        return self.random.choice(of) if of else _NAMES

    def few_tasks(self) -> list[UUID]:
        """Pick some tasks."""
        return self.random.sample(self.tasks, self.random.randint(1, 3))

    def parent(self, task: UUID) -> UUID | None:
        """Return a task's parent: the last ones are subtasks of the first."""
        return self.tasks[0] if task in self.tasks[2:] else None


def _task(p: Picks, **more: object) -> dict[str, Any]:
    task = p.one(p.tasks)
    return {
        "id": task,
        "tenant_id": p.tenant,
        "type": "review",
        "priority": TaskPriority.NORMAL,
        "created_by": "owner",
        "assigned_to": p.one((None, "ada")),
        "parent_task_id": p.parent(task),
        "title": "a task",
        "description": None,
        "parameters": {},
        "max_retries": 2,
        "timeout_seconds": 60,
        **more,
    }


def _whole_task(p: Picks) -> BulkInsertParams:
    now = datetime.now(UTC)
    return BulkInsertParams(
        **_task(
            p,
            status=TaskStatus.PENDING,
            result=None,
            error=None,
            retry_count=0,
            created_at=now,
            assigned_at=None,
            started_at=None,
            completed_at=None,
            updated_at=now,
            deleted_at=None,
            version=1,
            delegated_from=None,
            deadline=None,
            schedule=None,
            tags=[],
            capabilities=[],
            metadata={},
        )
    )


def _changed(p: Picks, **more: object) -> dict[str, Any]:
    task = p.one(p.tasks)
    return {"id": task, "title": p.one(("this", "that")), **more}


def _versioned(p: Picks, name: str, found: Sequence[UUID]) -> dict[str, Any]:
    row = p.one(found)
    return {"id": row, name: p.versions.get(row, 1)}


# Arguments of each write, by repository and method; a list holds those by position.
Arguments = "dict[str, Any] | list[Any]"
WRITES: Final[Mapping[str, Callable[[Picks], dict[str, Any] | list[Any]]]] = {
    "agents.register": lambda p: {
        "tenant_id": p.tenant,
        "id": p.one(AGENTS),
        "name": "an agent",
        "capabilities": [],
        "max_tasks": 3,
        "metadata": {},
    },
    "agents.set_status": lambda p: {
        "tenant_id": p.tenant,
        "id": p.one(AGENTS),
        "status": p.one([*AgentStatus]),
    },
    "agents.heartbeat": lambda p: {"tenant_id": p.tenant, "id": p.one(AGENTS)},
    "agents.remove": lambda p: {"tenant_id": p.tenant, "id": p.one(AGENTS)},
    "documents.create": lambda p: {
        "title": "a document",
        "content": "",
        "content_type": "text/plain",
        "vector_clock": {},
        "created_by": "owner",
        "workspace_id": p.one(p.workspaces),
    },
    "documents.update_with_lock": lambda p: {
        **_versioned(p, "expected_version", p.documents),
        "lock_owner": p.one(AGENTS),
        "content": p.one(("this", "that")),
    },
    "documents.record_operation": lambda p: {
        "document_id": p.one(p.documents),
        "operation_type": "insert",
        "path": "/1",
        "value": None,
        "agent_id": "ada",
        "vector_clock": {},
        "applied_at": None,
    },
    "documents.mark_operations_applied": lambda p: {
        "document_id": p.one(p.documents),
        "up_to": 1_000_000,
    },
    "documents.acquire_lock": lambda p: {
        "agent_id": p.one(AGENTS),
        "duration": timedelta(milliseconds=50),
        "id": p.one(p.documents),
    },
    "documents.renew_lock": lambda p: {
        "agent_id": p.one(AGENTS),
        "duration": timedelta(milliseconds=50),
        "id": p.one(p.documents),
    },
    "documents.release_lock": lambda p: {
        "agent_id": p.one(AGENTS),
        "id": p.one(p.documents),
    },
    "documents.soft_delete": lambda p: {"id": p.one(p.documents)},
    "tasks.create": lambda p: _task(
        p, deadline=None, schedule=None, tags=[], capabilities=[]
    ),
    "tasks.create_batch": lambda p: [
        [CreateBatchParams(**_task(p, status=TaskStatus.PENDING))]
    ],
    "tasks.bulk_insert": lambda p: [[_whole_task(p)]],
    "tasks.update": _changed,
    "tasks.update_with_version": lambda p: {
        **_versioned(p, "expected_version", p.tasks),
        "description": "changed",
    },
    "tasks.delete": lambda p: {"id": p.one(p.tasks)},
    "tasks.soft_delete": lambda p: {"id": p.one(p.tasks)},
    "tasks.assign_to_agent": lambda p: {
        "task_id": p.one(p.tasks),
        "agent_id": p.one(AGENTS),
        "assigned_by": "owner",
    },
    "tasks.unassign_task": lambda p: {"task_id": p.one(p.tasks), "reason": "none"},
    "tasks.update_status": lambda p: {
        "task_id": p.one(p.tasks),
        "status": p.one([*TaskStatus]),
        "metadata": {},
    },
    "tasks.bulk_update_status": lambda p: {
        "updates": [
            TaskStatusUpdate(task_id=task, status=p.one([*TaskStatus]), metadata=None)
            for task in p.few_tasks()
        ]
    },
    "tasks.batch_update_status": lambda p: {
        "task_ids": p.few_tasks(),
        "status": p.one([*TaskStatus]),
    },
    "tasks.increment_retry_count": lambda p: {"task_id": p.one(p.tasks)},
    "tasks.bulk_update": lambda p: {
        "updates": [
            TaskUpdate(task_id=task, changes={"title": "in bulk"})
            for task in p.few_tasks()
        ]
    },
    "tasks.archive_tasks": lambda p: {
        "tenant_id": p.tenant,
        "before": datetime.now(UTC) - timedelta(seconds=2),
    },
    "tasks.create_delegation": lambda p: {
        "to_agent": "bob",
        "from_agent": "ada",
        "task_id": p.one(p.tasks),
        "reason": None,
        "metadata": {},
    },
    "tasks.claim_tasks": lambda p: {
        "tenant_id": p.tenant,
        "agent_id": p.one(AGENTS),
        "limit": 2,
        "lease": timedelta(seconds=1),
    },
    "tasks.lock_task_for_execution": lambda p: {
        "agent_id": p.one(AGENTS),
        "duration": timedelta(seconds=1),
        "task_id": p.one(p.tasks),
    },
    "tasks.renew_task_lease": lambda p: {
        "duration": _HOUR,
        "task_id": p.one(p.tasks),
        "agent_id": p.one(AGENTS),
    },
    "tasks.complete_task": lambda p: {
        "result": {},
        "task_id": p.one(p.tasks),
        "agent_id": p.one(AGENTS),
    },
    "tasks.fail_task": lambda p: {
        "error": "none",
        "task_id": p.one(p.tasks),
        "agent_id": p.one(AGENTS),
    },
    "tasks.reclaim_expired_tasks": lambda p: {"tenant_id": p.tenant, "limit": 2},
    "workflows.create": lambda p: {
        "tenant_id": p.tenant,
        "name": "a workflow",
        "type": "release",
        "definition": {"stages": [{"name": "build"}, {"name": "test"}]},
        "metadata": {},
        "created_by": "owner",
    },
    "workflows.update_progress": lambda p: {
        "stage_index": p.random.randint(0, 1),
        "workflow_id": p.one(p.workflows),
        "status": p.one((StageStatus.RUNNING, StageStatus.RUNNING, *StageStatus)),
    },
    "workflows.cancel": lambda p: {"id": p.one(p.workflows)},
    "workflows.soft_delete": lambda p: {"id": p.one(p.workflows)},
    "workspaces.create": lambda p: {
        "tenant_id": p.tenant,
        "name": "a workspace",
        "description": None,
        "owner_id": "owner",
        "state": {},
        "metadata": {},
    },
    "workspaces.add_member": lambda p: {
        "agent_id": p.one(AGENTS),
        "role": MemberRole.EDITOR,
        "permissions": [],
        "workspace_id": p.one(p.workspaces),
    },
    "workspaces.remove_member": lambda p: {
        "workspace_id": p.one(p.workspaces),
        "agent_id": p.one(AGENTS),
    },
    "workspaces.record_activity": lambda p: {
        "workspace_id": p.one(p.workspaces),
        "agent_id": p.one(AGENTS),
        "action": "look",
        "details": {},
    },
    "workspaces.update_state": lambda p: {
        **_versioned(p, "expected_version", p.workspaces),
        "state": {},
    },
    "workspaces.soft_delete": lambda p: {"id": p.one(p.workspaces)},
}
# Those that end what other writes work on are seldom drawn; a workflow or workspace
# that is hidden does not come back.
RARE: Final = frozenset(
    {
        *("workflows.soft_delete", "workspaces.soft_delete", "documents.soft_delete"),
        *("workflows.cancel", "workflows.create", "workspaces.create"),
        *("documents.create", "agents.remove"),
    }
)
# Maintenance, which changes no row that a cached read returns.
LEFT_OUT: Final = frozenset({"tasks.refresh_task_stats"})

READS: Final[Mapping[str, Callable[[Picks], dict[str, Any]]]] = {
    "agents.get": lambda p: {"tenant_id": p.tenant, "id": p.one(AGENTS)},
    "documents.get": lambda p: {"id": p.one(p.documents)},
    "tasks.get": lambda p: {"id": p.one(p.tasks)},
    "tasks.get_batch": lambda p: {"ids": p.few_tasks()},
    "tasks.get_subtasks": lambda p: {"parent_task_id": p.tasks[0]},
    "workflows.get": lambda p: {"id": p.one(p.workflows)},
    "workflows.get_with_stages": lambda p: {"id": p.one(p.workflows)},
    "workspaces.get": lambda p: {"id": p.one(p.workspaces)},
    "workspaces.get_member": lambda p: {
        "workspace_id": p.one(p.workspaces),
        "agent_id": p.one(AGENTS),
    },
}


def stamps(  # noqa: PLR0911 -- one for each read
    read: str,
    result: Any,  # noqa: ANN401 -- of nine reads
) -> Stamps:
    """Return the versions of the rows that a read has returned; None for no row."""
    if result is None:
        return {}
    match read:
        case "agents.get":
            return {f"agents {result.tenant_id}/{result.id}": result.metadata["v"]}
        case "documents.get":
            return {f"shared_documents {result.id}": result.vector_clock["v"]}
        case "tasks.get":
            return {f"tasks {result.id}": result.metadata["v"]}
        case "tasks.get_batch" | "tasks.get_subtasks":
            return {f"tasks {row.id}": row.metadata["v"] for row in result}
        case "workflows.get":
            return {f"workflows {result.id}": result.metadata["v"]}
        case "workspaces.get":
            return {f"workspaces {result.id}": result.metadata["v"]}
        case "workspaces.get_member":
            key = f"workspace_members {result.workspace_id}/{result.agent_id}"
            return {key: int(result.permissions[0][1:])}
        case "workflows.get_with_stages":
            return {
                f"workflows {result.workflow.id}": result.workflow.metadata["v"],
                **{f"workflow_stages {s.id}": s.config["v"] for s in result.stages},
                **{f"workflow_transitions {t.id}": 0 for t in result.transitions},
            }
        case _:
            raise AssertionError(read)


def scope(  # noqa: PLR0911 -- one for each kind of read
    read: str, arguments: Mapping[str, str | list[str]]
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the rows that decide what a call returns.

    Returns:
        Rows by kind and key; rows by kind and parent, which count if the first one of
        the others is there.
    """
    one = arguments.get("id", "")
    match read:
        case "agents.get":
            return [f"agents {arguments['tenant_id']}/{one}"], []
        case "documents.get":
            return [f"shared_documents {one}"], []
        case "tasks.get_batch":
            return [f"tasks {key}" for key in arguments["ids"]], []
        case "tasks.get_subtasks":
            return [], [("tasks", str(arguments["parent_task_id"]))]
        case "workspaces.get_member":
            member = f"{arguments['workspace_id']}/{arguments['agent_id']}"
            return [f"workspace_members {member}"], []
        case "workflows.get_with_stages":
            kinds = ("workflow_stages", "workflow_transitions")
            return [f"workflows {one}"], [(kind, str(one)) for kind in kinds]
        case _:
            return [f"{read.split('.', maxsplit=1)[0]} {one}"], []
