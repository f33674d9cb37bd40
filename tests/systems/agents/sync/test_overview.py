# Derived from ../aio/test_overview.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `overview`, whose queries span all entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from generated.agents.models import Conversation, Task, TaskStatus
from tests.systems.agents.sync.work import (
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
    from generated.agents.sync import Database


def test_search_everything(db: Database) -> None:
    agent = new_agent(db, "Release manager")
    tool = new_tool(db, "releases")
    workflow = new_workflow(db, "Release")
    task = new_task(db, "Write the notes of the release")
    playbook = new_playbook(db, "Releasing on Fridays")
    new_task(db, "Water the plants")
    found = db.overview.search_everything(query="release", limit=10)
    assert {(row.kind, row.id, row.name) for row in found} == {
        ("agent", agent.id, "Release manager"),
        ("tool", tool.id, "releases"),
        ("workflow", workflow.id, "Release"),
        ("task", task.id, "Write the notes of the release"),
        ("playbook", playbook.id, "Releasing on Fridays"),
    }
    assert [row.rank for row in found] == sorted((r.rank for r in found), reverse=True)
    assert db.overview.search_everything(query="release", limit=2) == found[:2]
    # Of the description, too.
    (row,) = db.overview.search_everything(query="breaks manager", limit=10)
    assert (row.kind, row.id) == ("agent", agent.id)
    assert db.overview.search_everything(query="nothing", limit=10) == []


def test_user_overview(db: Database) -> None:
    user, other = new_user(db), new_user(db, "Bob")
    found = db.overview.get_user_overview(
        conversation_limit=2, task_limit=2, user_id=user.id
    )
    assert (found.person, found.preferences) == (user, {})
    assert (found.conversations, found.open_tasks) == ([], [])
    db.users.set_preferences(user_id=user.id, preferences={"theme": "dark"})
    one, two, three = [new_conversation(db, user.id) for _ in range(3)]
    new_conversation(db, other.id)
    say(db, one.id, ["Hi!"])
    low = new_task(db, "Sweep", priority=1, user=user.id)
    high = new_task(db, "Extinguish", priority=9, user=user.id)
    new_task(db, "Tidy up", user=user.id)
    done = new_task(db, "Rest", priority=5, user=user.id)
    db.tasks.update_status_many(status=TaskStatus.COMPLETED, ids=[done.id])
    new_task(db, "Somebody else's", user=other.id)
    found = db.overview.get_user_overview(
        conversation_limit=2, task_limit=2, user_id=user.id
    )
    assert found.preferences == {"theme": "dark"}
    assert [c.id for c in found.conversations] == [one.id, three.id]
    assert two not in found.conversations
    assert found.open_tasks == [high, low]
    with pytest.raises(NotFound):
        db.overview.get_user_overview(
            conversation_limit=1, task_limit=1, user_id=NOBODY
        )


def test_user_overview_agrees_with_its_parts(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    user = id_of("user", 4)
    found = db.overview.get_user_overview(
        conversation_limit=1, task_limit=3, user_id=user
    )
    assert found.person == db.users.get_by_id(id=user)
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


def test_system_overview(db: Database, filled: psycopg.Connection[Any]) -> None:
    found = db.overview.get_system_overview()
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
