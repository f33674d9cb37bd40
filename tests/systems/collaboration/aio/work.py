"""What most tests of the system need to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from generated.collaboration.models import TaskPriority
from tests.systems.data import id_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from generated.collaboration import Database
    from generated.collaboration.models import (
        Agent,
        SharedDocument,
        Task,
        Workflow,
        Workspace,
    )

TENANT = id_of("tenant", 1)
NOBODY = UUID(int=0)


async def new_agent(
    db: Database,
    name: str,
    *,
    capabilities: Sequence[str] = ("python", "sql"),
    max_tasks: int = 4,
    tenant: UUID = TENANT,
) -> Agent:
    """A registered agent, called by its name in lower case."""
    return await db.agents.register(
        tenant_id=tenant,
        id=name.lower(),
        name=name,
        capabilities=capabilities,
        max_tasks=max_tasks,
        metadata={"region": "eu"},
    )


async def new_task(
    db: Database,
    title: str,
    *,
    task_id: UUID | None = None,
    assigned_to: str | None = None,
    parent: UUID | None = None,
    priority: TaskPriority = TaskPriority.NORMAL,
    description: str | None = None,
    max_retries: int = 3,
    deadline: datetime | None = None,
    schedule: str | None = None,
    tags: Sequence[str] = (),
    capabilities: Sequence[str] = (),
    tenant: UUID = TENANT,
) -> Task:
    """A task that the dispatcher created."""
    return await db.tasks.create(
        id=task_id,
        tenant_id=tenant,
        type="review",
        priority=priority,
        created_by="dispatcher",
        assigned_to=assigned_to,
        parent_task_id=parent,
        title=title,
        description=description,
        parameters={"repository": "billing", "depth": 2},
        max_retries=max_retries,
        timeout_seconds=600,
        deadline=deadline,
        schedule=schedule,
        tags=tags,
        capabilities=capabilities,
    )


async def new_workspace(
    db: Database, name: str = "War room", *, tenant: UUID = TENANT
) -> Workspace:
    """A workspace of an agent `ada`, who is registered along with it."""
    await new_agent(db, "Ada", tenant=tenant)
    return await db.workspaces.create(
        tenant_id=tenant,
        name=name,
        description=None,
        owner_id="ada",
        state={"phase": "triage"},
        metadata={},
    )


async def new_document(db: Database, workspace: UUID) -> SharedDocument:
    """A document of a workspace."""
    return await db.documents.create(
        title="Findings",
        content="None so far.",
        content_type="text/markdown",
        vector_clock={"ada": 1},
        created_by="ada",
        workspace_id=workspace,
    )


async def new_workflow(
    db: Database, name: str = "Release 7", *, tenant: UUID = TENANT
) -> Workflow:
    """A workflow of three stages."""
    return await db.workflows.create(
        tenant_id=tenant,
        name=name,
        type="release",
        definition={
            "stages": [
                {"name": "build", "config": {"target": "wheel"}},
                {"name": "test", "type": "suite"},
                {"name": "deploy"},
            ]
        },
        metadata={"branch": "main"},
        created_by="ada",
    )
