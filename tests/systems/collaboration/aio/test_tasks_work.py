"""The repository `tasks`: assignment, delegation, execution, statistics, upkeep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from generated.collaboration import TaskDelegationsToAgentCheckViolation
from generated.collaboration.models import (
    AgentStatus,
    TaskEventType,
    TaskPriority,
    TaskStatus,
    TaskStatusUpdate,
)
from tests.systems.collaboration.aio._compat import at_once
from tests.systems.collaboration.aio.work import NOBODY, TENANT, new_agent, new_task

from reposgen_runtime.errors import NotFound, RepositoryError, TransactionRequired

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.collaboration import Database

MINUTE = timedelta(minutes=1)
EXPIRE = "UPDATE tasks SET lease_expires_at = now() - interval '1s' WHERE id = ANY (%s)"


async def events(db: Database, task: UUID) -> list[tuple[TaskEventType, str | None]]:
    timeline = await db.tasks.get_task_timeline(task_id=task)
    return [(event.event_type, event.agent_id) for event in timeline]


async def test_assign_and_unassign(db: Database) -> None:
    made = await new_task(db, "A")
    assigned = await db.tasks.assign_to_agent(
        task_id=made.id, agent_id="ada", assigned_by="boss"
    )
    assert (assigned.status, assigned.assigned_to) == (TaskStatus.ASSIGNED, "ada")
    assert (assigned.version, assigned.assigned_at) == (2, assigned.updated_at)
    free = await db.tasks.unassign_task(task_id=made.id, reason="on leave")
    assert (free.status, free.assigned_to) == (TaskStatus.PENDING, None)
    timeline = await db.tasks.get_task_timeline(task_id=made.id)
    assert [(e.event_type, e.agent_id, e.details) for e in timeline] == [
        (TaskEventType.CREATED, "dispatcher", {}),
        (TaskEventType.ASSIGNED, "ada", {"assigned_by": "boss"}),
        (TaskEventType.UNASSIGNED, "ada", {"reason": "on leave"}),
    ]
    with pytest.raises(NotFound):
        await db.tasks.unassign_task(task_id=made.id, reason="again")
    with pytest.raises(NotFound):
        await db.tasks.assign_to_agent(
            task_id=NOBODY, agent_id="ada", assigned_by="boss"
        )
    assert len(await db.tasks.get_task_timeline(task_id=made.id)) == 3


async def test_update_status_merges_metadata(db: Database) -> None:
    made = await new_task(db, "A", assigned_to="ada")
    await db.tasks.update_status(
        task_id=made.id, status=TaskStatus.IN_PROGRESS, metadata={"host": "a", "n": 1}
    )
    done = await db.tasks.update_status(
        task_id=made.id, status=TaskStatus.COMPLETED, metadata={"n": 2}
    )
    assert done.metadata == {"host": "a", "n": 2}
    assert done.started_at is not None
    assert done.completed_at is not None
    timeline = await db.tasks.get_task_timeline(task_id=made.id)
    assert timeline[-1].details == {
        "from": "in_progress",
        "to": "completed",
        "metadata": {"n": 2},
    }
    with pytest.raises(NotFound):
        await db.tasks.update_status(
            task_id=NOBODY, status=TaskStatus.FAILED, metadata={}
        )


async def test_bulk_update_status_each_its_own(db: Database) -> None:
    a, b, c = [await new_task(db, title) for title in "abc"]
    count = await db.tasks.bulk_update_status(
        updates=[
            TaskStatusUpdate(task_id=a.id, status=TaskStatus.FAILED, metadata={"x": 1}),
            TaskStatusUpdate(task_id=b.id, status=TaskStatus.CANCELLED, metadata=None),
            TaskStatusUpdate(task_id=NOBODY, status=TaskStatus.FAILED, metadata=None),
        ]
    )
    assert count == 2
    found = await db.tasks.get_batch(ids=[a.id, b.id, c.id])
    assert [(t.status, t.metadata) for t in found] == [
        (TaskStatus.FAILED, {"x": 1}),
        (TaskStatus.CANCELLED, {}),
        (TaskStatus.PENDING, {}),
    ]
    assert (TaskEventType.STATUS_CHANGED, None) in await events(db, a.id)
    assert await db.tasks.bulk_update_status(updates=[]) == 0


async def test_batch_update_status(db: Database) -> None:
    tasks = [await new_task(db, title, assigned_to="ada") for title in "abc"]
    ids = [task.id for task in tasks[:2]]
    assert (
        await db.tasks.batch_update_status(
            task_ids=[*ids, NOBODY], status=TaskStatus.IN_PROGRESS
        )
        == 2
    )
    found = await db.tasks.get_batch(ids=[task.id for task in tasks])
    assert [t.status for t in found] == [
        TaskStatus.IN_PROGRESS,
        TaskStatus.IN_PROGRESS,
        TaskStatus.ASSIGNED,
    ]
    for task in found[:2]:
        assert await events(db, task.id) == [
            (TaskEventType.CREATED, "dispatcher"),
            (TaskEventType.STATUS_CHANGED, "ada"),
        ]


async def test_retries_are_counted_by_everybody(db: Database) -> None:
    made = await new_task(db, "A")
    counts = await at_once(
        *(lambda: db.tasks.increment_retry_count(task_id=made.id) for _ in range(6))
    )
    assert sorted(counts) == [1, 2, 3, 4, 5, 6]
    assert len(await events(db, made.id)) == 7
    with pytest.raises(NotFound):
        await db.tasks.increment_retry_count(task_id=NOBODY)


async def test_archive_what_ended_long_ago(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    old, fresh, open_ = [await new_task(db, title) for title in "abc"]
    for task in (old, fresh):
        await db.tasks.update_status(
            task_id=task.id, status=TaskStatus.COMPLETED, metadata={}
        )
    admin.execute(
        "UPDATE tasks SET completed_at = now() - interval '1 day' WHERE id = %s",
        [old.id],
    )
    before = datetime.now(UTC) - timedelta(hours=1)
    assert await db.tasks.archive_tasks(tenant_id=TENANT, before=before) == 1
    assert await db.tasks.archive_tasks(tenant_id=TENANT, before=before) == 0
    left = await db.tasks.get_batch(ids=[old.id, fresh.id, open_.id])
    assert [task.id for task in left] == [fresh.id, open_.id]
    assert (await events(db, old.id))[-1] == (TaskEventType.ARCHIVED, None)


async def delegate(db: Database, task: UUID, *way: str) -> None:
    for giver, taker in pairwise(way):
        made = await db.tasks.create_delegation(
            task_id=task,
            from_agent=giver,
            to_agent=taker,
            reason=f"{taker} knows more",
            metadata={"by": giver},
        )
        assert (made.from_agent, made.to_agent) == (giver, taker)


async def test_delegation(db: Database) -> None:
    made = await new_task(db, "A", assigned_to="ada")
    since = made.created_at
    await delegate(db, made.id, "ada", "bob", "cleo", "ada", "dora")
    found = await db.tasks.get(id=made.id)
    assert (found.assigned_to, found.delegated_from) == ("dora", "ada")
    history = await db.tasks.get_delegation_history(task_id=made.id)
    assert [link.to_agent for link in history] == ["bob", "cleo", "ada", "dora"]
    assert history[0].metadata == {"by": "ada"}
    chain = await db.tasks.get_delegation_chain(task_id=made.id)
    assert [(link.depth, link.to_agent) for link in chain] == [
        (1, "bob"),
        (2, "cleo"),
        (3, "ada"),
        (4, "dora"),
    ]
    assert chain[-1].agents == ["ada", "bob", "cleo", "ada", "dora"]
    to_bob = await db.tasks.get_delegations_to_agent(
        tenant_id=TENANT, agent_id="bob", since=since
    )
    assert to_bob == history[:1]
    assert not await db.tasks.get_delegations_to_agent(
        tenant_id=TENANT, agent_id="bob", since=datetime.now(UTC) + MINUTE
    )
    assert (TaskEventType.DELEGATED, "dora") in await events(db, made.id)


async def test_delegation_is_the_holders_alone(db: Database) -> None:
    made = await new_task(db, "A", assigned_to="ada")
    with pytest.raises(NotFound):
        await delegate(db, made.id, "bob", "cleo")
    with pytest.raises(TaskDelegationsToAgentCheckViolation):
        await delegate(db, made.id, "ada", "ada")
    assert await db.tasks.get_delegation_chain(task_id=made.id) == []


async def test_tasks_for_execution_pass_over_locked_ones(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    await new_agent(db, "Ada", capabilities=["python"])
    low = await new_task(db, "low", priority=TaskPriority.LOW)
    high = await new_task(db, "high", priority=TaskPriority.HIGH)
    await new_task(db, "another's", assigned_to="bob")
    await new_task(db, "too hard", capabilities=["python", "rust"])
    own = await new_task(db, "own", assigned_to="ada", capabilities=["python"])
    with pytest.raises(TransactionRequired):
        await db.tasks.get_tasks_for_execution(
            tenant_id=TENANT, agent_id="ada", limit=9
        )
    async with db.transaction():
        found = await db.tasks.get_tasks_for_execution(
            tenant_id=TENANT, agent_id="ada", limit=9
        )
        assert found == [high, own, low]
    with admin.transaction():
        admin.execute("SELECT FROM tasks WHERE id = %s FOR UPDATE", [high.id])
        async with db.transaction():
            found = await db.tasks.get_tasks_for_execution(
                tenant_id=TENANT, agent_id="ada", limit=1
            )
            assert found == [own]
    await db.agents.set_status(status=AgentStatus.PAUSED, tenant_id=TENANT, id="ada")
    async with db.transaction():
        assert not await db.tasks.get_tasks_for_execution(
            tenant_id=TENANT, agent_id="ada", limit=9
        )


async def test_claimed_by_one_agent_each(db: Database) -> None:
    agents = [(await new_agent(db, f"Agent-{n}")).id for n in range(4)]
    tasks = [await new_task(db, f"task {n}") for n in range(10)]
    claimed = await at_once(
        *(
            lambda agent=agent: db.tasks.claim_tasks(
                tenant_id=TENANT, agent_id=agent, limit=2, lease=MINUTE
            )
            for agent in agents
        )
    )
    assert [len(batch) for batch in claimed] == [2, 2, 2, 2]
    ids = [task.id for batch in claimed for task in batch]
    assert len(set(ids)) == 8
    assert set(ids) < {task.id for task in tasks}
    for agent, batch in zip(agents, claimed, strict=True):
        for task in batch:
            assert (task.status, task.lease_owner) == (TaskStatus.IN_PROGRESS, agent)
            assert task.assigned_to == agent
            assert task.started_at is not None
    assert not await db.tasks.claim_tasks(
        tenant_id=TENANT, agent_id="stranger", limit=2, lease=MINUTE
    )


async def test_a_lease_has_one_holder(db: Database) -> None:
    made = await new_task(db, "A")
    leased = await db.tasks.lock_task_for_execution(
        agent_id="ada", duration=MINUTE, task_id=made.id
    )
    assert leased is not None
    assert (leased.status, leased.lease_owner) == (TaskStatus.IN_PROGRESS, "ada")
    assert (
        await db.tasks.lock_task_for_execution(
            agent_id="bob", duration=MINUTE, task_id=made.id
        )
        is None
    )
    until = await db.tasks.renew_task_lease(
        duration=2 * MINUTE, task_id=made.id, agent_id="ada"
    )
    assert until is not None
    assert leased.lease_expires_at is not None
    assert until > leased.lease_expires_at
    assert (
        await db.tasks.renew_task_lease(
            duration=MINUTE, task_id=made.id, agent_id="bob"
        )
        is None
    )


async def test_complete_a_task(db: Database) -> None:
    made = await new_task(db, "A")
    await db.tasks.lock_task_for_execution(
        agent_id="ada", duration=MINUTE, task_id=made.id
    )
    assert (
        await db.tasks.complete_task(result={}, task_id=made.id, agent_id="bob") is None
    )
    done = await db.tasks.complete_task(
        result={"lines": 3}, task_id=made.id, agent_id="ada"
    )
    assert done is not None
    assert (done.status, done.result) == (TaskStatus.COMPLETED, {"lines": 3})
    assert (done.lease_owner, done.completed_at) == (None, done.updated_at)
    assert await events(db, made.id) == [
        (TaskEventType.CREATED, "dispatcher"),
        (TaskEventType.STARTED, "ada"),
        (TaskEventType.STATUS_CHANGED, "ada"),
    ]


async def test_fail_until_no_retry_is_left(db: Database) -> None:
    made = await new_task(db, "A", max_retries=1)
    for status, count in ((TaskStatus.PENDING, 1), (TaskStatus.FAILED, 1)):
        await db.tasks.lock_task_for_execution(
            agent_id="ada", duration=MINUTE, task_id=made.id
        )
        failed = await db.tasks.fail_task(
            error="exit status 1", task_id=made.id, agent_id="ada"
        )
        assert failed is not None
        assert (failed.status, failed.retry_count) == (status, count)
        assert (failed.error, failed.lease_owner) == ("exit status 1", None)
    assert (
        await db.tasks.fail_task(error="again", task_id=made.id, agent_id="ada") is None
    )


async def test_reclaim_what_was_lost(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    retried = await new_task(db, "A", max_retries=1)
    lost = await new_task(db, "B", max_retries=0)
    held = await new_task(db, "C")
    for task in (retried, lost):
        await db.tasks.lock_task_for_execution(
            agent_id="ada", duration=MINUTE, task_id=task.id
        )
    admin.execute(EXPIRE, [[retried.id, lost.id]])
    await db.tasks.lock_task_for_execution(
        agent_id="ada", duration=MINUTE, task_id=held.id
    )
    assert (
        await db.tasks.complete_task(result={}, task_id=lost.id, agent_id="ada") is None
    )
    found = await db.tasks.reclaim_expired_tasks(tenant_id=TENANT, limit=10)
    assert [(t.id, t.status, t.retry_count) for t in found] == [
        (retried.id, TaskStatus.PENDING, 1),
        (lost.id, TaskStatus.TIMED_OUT, 0),
    ]
    assert (await events(db, lost.id))[-1] == (TaskEventType.LEASE_EXPIRED, "ada")
    assert await db.tasks.reclaim_expired_tasks(tenant_id=TENANT, limit=10) == []


async def test_task_stats(db: Database, admin: psycopg.Connection[Any]) -> None:
    for number in range(1, 5):
        task = await new_task(db, f"task {number}", assigned_to=f"agent-{number % 2}")
        await db.tasks.update_status(
            task_id=task.id, status=TaskStatus.COMPLETED, metadata={}
        )
        admin.execute(
            "UPDATE tasks SET completed_at = created_at + %s WHERE id = %s",
            [number * MINUTE, task.id],
        )
    failed = await new_task(db, "fails", priority=TaskPriority.HIGH)
    await db.tasks.update_status(
        task_id=failed.id, status=TaskStatus.FAILED, metadata={}
    )
    stats = await db.tasks.get_task_stats(tenant_id=TENANT, period=timedelta(days=1))
    assert (stats.total_count, stats.completed_count, stats.failed_count) == (5, 4, 1)
    assert stats.average_completion == 2.5 * MINUTE
    assert stats.p95_completion == 3.85 * MINUTE
    assert stats.p99_completion == 3.97 * MINUTE
    assert [(c.status, c.count) for c in stats.by_status] == [
        (TaskStatus.COMPLETED, 4),
        (TaskStatus.FAILED, 1),
    ]
    assert [(c.priority, c.count) for c in stats.by_priority] == [
        (TaskPriority.NORMAL, 4),
        (TaskPriority.HIGH, 1),
    ]
    assert [(c.agent_id, c.count) for c in stats.by_agent] == [
        ("agent-0", 2),
        ("agent-1", 2),
    ]
    none = await db.tasks.get_task_stats(tenant_id=NOBODY, period=timedelta(days=1))
    assert (none.total_count, none.average_completion, none.by_agent) == (0, None, [])


async def test_hourly_stats_as_of_the_last_refresh(
    db: Database, other: Database
) -> None:
    made = await new_task(db, "A")
    await new_task(db, "B", priority=TaskPriority.HIGH)
    hour = made.created_at.replace(minute=0, second=0, microsecond=0)
    since, until = hour, hour + timedelta(hours=2)
    await db.tasks.refresh_task_stats()
    stats = await db.tasks.get_hourly_task_stats(since=since, until=until)
    assert [(s.status, s.priority, s.count) for s in stats] == [
        (TaskStatus.PENDING, TaskPriority.NORMAL, 1),
        (TaskStatus.PENDING, TaskPriority.HIGH, 1),
    ]
    assert not await other.tasks.get_hourly_task_stats(since=since, until=until)
    await new_task(db, "C")
    assert await db.tasks.get_hourly_task_stats(since=since, until=until) == stats


async def test_agent_workload(db: Database) -> None:
    await new_agent(db, "Ada", max_tasks=2)
    await new_agent(db, "Bob")
    await new_task(db, "waits", assigned_to="ada")
    for title in ("runs", "done"):
        task = await new_task(db, title, assigned_to="ada")
        await db.tasks.lock_task_for_execution(
            agent_id="ada", duration=MINUTE, task_id=task.id
        )
    await db.tasks.complete_task(result=None, task_id=task.id, agent_id="ada")
    ada, bob = await db.tasks.get_agent_workload(
        tenant_id=TENANT, agent_ids=["bob", "ada", "nobody"]
    )
    assert (ada.agent_id, ada.pending_count, ada.active_count) == ("ada", 1, 1)
    assert ada.completed_today == 1
    assert ada.average_time is not None
    assert ada.current_capacity == 0.5
    assert (bob.agent_id, bob.current_capacity, bob.average_time) == ("bob", 1, None)


async def test_integrity(db: Database, admin: psycopg.Connection[Any]) -> None:
    await new_agent(db, "Ada")
    parent = await new_task(db, "parent")
    orphan = await new_task(db, "orphan", parent=parent.id)
    stranger = await new_task(db, "stranger's", assigned_to="bob")
    odd = await new_task(db, "odd")
    await new_task(db, "fine", assigned_to="ada")
    await db.tasks.soft_delete(id=parent.id)
    admin.execute("UPDATE tasks SET completed_at = now() WHERE id = %s", [odd.id])
    found = await db.tasks.validate_task_integrity(tenant_id=TENANT)
    assert found.checked_count == 4
    assert found.orphaned_tasks == [orphan.id]
    assert found.invalid_statuses == [odd.id]
    assert found.missing_relations == [stranger.id]


async def test_upkeep_is_the_owners(owner: Database) -> None:
    await owner.tasks.vacuum_tasks()
    await owner.tasks.rebuild_task_indexes()
    with pytest.raises(RepositoryError, match="transaction"):
        async with owner.transaction():
            await owner.tasks.vacuum_tasks()
