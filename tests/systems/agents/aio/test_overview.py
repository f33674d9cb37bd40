"""The repository `overview`, whose queries span all entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from generated.agents.models import Conversation, Task, TaskStatus
from tests.systems.agents.aio.work import (
    NOBODY,
    new_agent,
    new_conversation,
    new_playbook,
    new_task,
    new_tool,
    new_user,
    new_workflow,
    say,
)
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.agents import Database


async def test_search_everything(db: Database) -> None:
    agent = await new_agent(db, "Release manager")
    tool = await new_tool(db, "releases")
    workflow = await new_workflow(db, "Release")
    task = await new_task(db, "Write the notes of the release")
    playbook = await new_playbook(db, "Releasing on Fridays")
    await new_task(db, "Water the plants")
    found = await db.overview.search_everything(query="release", limit=10)
    assert {(row.kind, row.id, row.name) for row in found} == {
        ("agent", agent.id, "Release manager"),
        ("tool", tool.id, "releases"),
        ("workflow", workflow.id, "Release"),
        ("task", task.id, "Write the notes of the release"),
        ("playbook", playbook.id, "Releasing on Fridays"),
    }
    assert [row.rank for row in found] == sorted((r.rank for r in found), reverse=True)
    assert await db.overview.search_everything(query="release", limit=2) == found[:2]
    # Of the description, too.
    (row,) = await db.overview.search_everything(query="breaks manager", limit=10)
    assert (row.kind, row.id) == ("agent", agent.id)
    assert await db.overview.search_everything(query="nothing", limit=10) == []


async def test_user_overview(db: Database) -> None:
    user, other = await new_user(db), await new_user(db, "Bob")
    found = await db.overview.get_user_overview(
        conversation_limit=2, task_limit=2, user_id=user.id
    )
    assert (found.person, found.preferences) == (user, {})
    assert (found.conversations, found.open_tasks) == ([], [])
    await db.users.set_preferences(user_id=user.id, preferences={"theme": "dark"})
    one, two, three = [await new_conversation(db, user.id) for _ in range(3)]
    await new_conversation(db, other.id)
    await say(db, one.id, ["Hi!"])
    low = await new_task(db, "Sweep", priority=1, user=user.id)
    high = await new_task(db, "Extinguish", priority=9, user=user.id)
    await new_task(db, "Tidy up", user=user.id)
    done = await new_task(db, "Rest", priority=5, user=user.id)
    await db.tasks.update_status_many(status=TaskStatus.COMPLETED, ids=[done.id])
    await new_task(db, "Somebody else's", user=other.id)
    found = await db.overview.get_user_overview(
        conversation_limit=2, task_limit=2, user_id=user.id
    )
    assert found.preferences == {"theme": "dark"}
    assert [c.id for c in found.conversations] == [one.id, three.id]
    assert two not in found.conversations
    assert found.open_tasks == [high, low]
    with pytest.raises(NotFound):
        await db.overview.get_user_overview(
            conversation_limit=1, task_limit=1, user_id=NOBODY
        )


async def test_user_overview_agrees_with_its_parts(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    user = id_of("user", 4)
    found = await db.overview.get_user_overview(
        conversation_limit=1, task_limit=3, user_id=user
    )
    assert found.person == await db.users.get_by_id(id=user)
    assert found.conversations == rows(
        filled,
        Conversation,
        "SELECT * FROM conversations WHERE user_id = %s"
        " ORDER BY updated_at DESC, id DESC LIMIT 1",
        user,
    )
    tasks = rows(
        filled,
        Task,
        "SELECT * FROM tasks WHERE created_by = %s AND status IN ('pending', 'running')"
        " ORDER BY priority DESC, created_at, id LIMIT 3",
        user,
    )
    assert found.open_tasks == tasks
    assert len(tasks) == 3


async def test_system_overview(db: Database, filled: psycopg.Connection[Any]) -> None:
    found = await db.overview.get_system_overview()
    assert (found.agents, found.conversations, found.messages) == (20, 10, 200)
    for counted, query in (
        (found.active_agents, "agents WHERE status = 'active'"),
        (found.available_tools, "tools WHERE available"),
        (
            found.open_workflow_executions,
            "workflow_executions WHERE status IN ('running', 'paused')",
        ),
        (found.pending_tasks, "tasks WHERE status = 'pending'"),
        (found.running_tasks, "tasks WHERE status = 'running'"),
        (found.active_users, "users WHERE active"),
    ):
        row = filled.execute(f"SELECT count(*) FROM {query}").fetchone()
        assert row == (counted,)
