"""The repository `workflows`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from generated.collaboration import (
    WorkflowsDefinitionCheckViolation,
    WorkflowsNameCheckViolation,
    WorkflowsTypeCheckViolation,
)
from generated.collaboration.models import StageStatus, Workflow, WorkflowStatus
from tests.systems.collaboration.aio.work import NOBODY, TENANT, new_workflow
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.collaboration import Database

    from reposgen_runtime import JsonInput


async def test_create_with_its_stages(db: Database) -> None:
    made = await new_workflow(db)
    assert (made.tenant_id, made.name, made.type) == (TENANT, "Release 7", "release")
    assert made.status is WorkflowStatus.PENDING
    assert await db.workflows.get(id=made.id) == made
    stages = await db.workflows.list_stages(workflow_id=made.id)
    assert [(s.stage_index, s.name, s.type, s.config) for s in stages] == [
        (0, "build", "task", {"target": "wheel"}),
        (1, "test", "suite", {}),
        (2, "deploy", "task", {}),
    ]
    assert {stage.status for stage in stages} == {StageStatus.PENDING}


async def test_without_stages(db: Database) -> None:
    made = await db.workflows.create(
        tenant_id=TENANT,
        name="Empty",
        type="audit",
        definition={},
        metadata={},
        created_by="ada",
    )
    assert await db.workflows.list_stages(workflow_id=made.id) == []


@pytest.mark.parametrize(
    ("name", "kind", "definition", "error"),
    [
        ("", "audit", {}, WorkflowsNameCheckViolation),
        ("A", "", {}, WorkflowsTypeCheckViolation),
        ("A", "audit", "none", WorkflowsDefinitionCheckViolation),
    ],
)
async def test_what_is_refused(
    db: Database, name: str, kind: str, definition: JsonInput, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await db.workflows.create(
            tenant_id=TENANT,
            name=name,
            type=kind,
            definition=definition,
            metadata={},
            created_by="ada",
        )
    assert (await db.workflows.list(tenant_id=TENANT)).items == []


async def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound):
        await db.workflows.get(id=NOBODY)
    with pytest.raises(NotFound):
        await db.workflows.get_with_stages(id=NOBODY)
    with pytest.raises(NotFound):
        await move(db, NOBODY, 0, StageStatus.RUNNING)
    with pytest.raises(NotFound):
        await db.workflows.cancel(id=NOBODY)
    assert await db.workflows.soft_delete(id=NOBODY) == 0


async def move(
    db: Database, workflow: UUID, stage: int, status: StageStatus
) -> Workflow:
    return await db.workflows.update_progress(
        stage_index=stage, workflow_id=workflow, status=status
    )


async def test_update_progress_of_all_three(db: Database) -> None:
    made = await new_workflow(db)
    running = await move(db, made.id, 0, StageStatus.RUNNING)
    assert (running.status, running.current_stage) == (WorkflowStatus.RUNNING, 0)
    await move(db, made.id, 0, StageStatus.COMPLETED)
    await move(db, made.id, 1, StageStatus.SKIPPED)
    done = await move(db, made.id, 2, StageStatus.COMPLETED)
    assert (done.status, done.current_stage) == (WorkflowStatus.COMPLETED, 2)
    whole = await db.workflows.get_with_stages(id=made.id)
    assert whole.workflow == done
    assert [stage.status for stage in whole.stages] == [
        StageStatus.COMPLETED,
        StageStatus.SKIPPED,
        StageStatus.COMPLETED,
    ]
    assert all(stage.completed_at for stage in whole.stages)
    steps = [(s.from_stage, s.to_stage, s.status) for s in whole.transitions]
    assert steps == [
        (0, 0, StageStatus.RUNNING),
        (0, 0, StageStatus.COMPLETED),
        (0, 1, StageStatus.SKIPPED),
        (1, 2, StageStatus.COMPLETED),
    ]
    assert await db.workflows.list_stages(workflow_id=made.id) == whole.stages
    assert await db.workflows.list_transitions(workflow_id=made.id) == whole.transitions
    # What has ended does not move.
    with pytest.raises(NotFound):
        await move(db, made.id, 2, StageStatus.RUNNING)


async def test_a_stage_that_fails_ends_it(db: Database) -> None:
    made = await new_workflow(db)
    failed = await move(db, made.id, 1, StageStatus.FAILED)
    assert (failed.status, failed.current_stage) == (WorkflowStatus.FAILED, 1)
    with pytest.raises(NotFound):
        await move(db, made.id, 3, StageStatus.RUNNING)


async def test_cancel(db: Database) -> None:
    made = await new_workflow(db)
    assert (await db.workflows.cancel(id=made.id)).status is WorkflowStatus.CANCELLED
    with pytest.raises(NotFound):
        await db.workflows.cancel(id=made.id)


async def test_soft_delete_hides(db: Database) -> None:
    made = await new_workflow(db)
    assert await db.workflows.soft_delete(id=made.id) == 1
    with pytest.raises(NotFound):
        await db.workflows.get(id=made.id)
    assert await db.workflows.soft_delete(id=made.id) == 0


async def test_list(db: Database, admin: psycopg.Connection[Any]) -> None:
    for number in range(7):
        made = await new_workflow(db, f"Release {number}")
        if number % 3 == 0:
            await db.workflows.cancel(id=made.id)
    await db.workflows.create(
        tenant_id=TENANT,
        name="Audit",
        type="audit",
        definition={},
        metadata={},
        created_by="bob",
    )
    everything = rows(
        admin, Workflow, "SELECT * FROM workflows ORDER BY created_at DESC, id DESC"
    )
    first = await db.workflows.list(tenant_id=TENANT, limit=5, total=True)
    rest = await db.workflows.list(tenant_id=TENANT, limit=5, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert first.total == 8
    ended = await db.workflows.list(
        tenant_id=TENANT, status=[WorkflowStatus.CANCELLED], sort="name"
    )
    assert [w.name for w in ended.items] == ["Release 0", "Release 3", "Release 6"]
    audits = await db.workflows.list(tenant_id=TENANT, type="audit")
    assert [w.name for w in audits.items] == ["Audit"]
    bobs = await db.workflows.list(tenant_id=TENANT, created_by="bob")
    assert bobs.items == audits.items
