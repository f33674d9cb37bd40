"""The repository `agents`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from generated.agents import (
    AgentsNameCheckViolation,
    AgentsNameKeyViolation,
    AgentsStateCheckViolation,
    AgentsTypeCheckViolation,
    AgentToolsToolIdFkeyViolation,
    GetAgentMetricsRow,
)
from generated.agents.agents import CreateManyParams
from generated.agents.models import Agent, AgentStatus, ExecutionStatus, Tool
from tests.systems.agents.aio.work import (
    NOBODY,
    new_agent,
    new_conversation,
    new_task,
    new_tool,
    new_user,
)
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.agents import Database


async def test_create_and_get(db: Database) -> None:
    made = await db.agents.create(
        name="Planner",
        type="planner",
        description=None,
        configuration={"model": "large", "stop": ["\n", "\x7f"], "top": 0.5},
    )
    assert (made.name, made.type, made.description) == ("Planner", "planner", None)
    assert made.configuration == {"model": "large", "stop": ["\n", "\x7f"], "top": 0.5}
    assert (made.status, made.state, made.last_active_at) == (
        AgentStatus.IDLE,
        {},
        None,
    )
    assert await db.agents.get_by_id(id=made.id) == made


async def test_what_is_not_there(db: Database) -> None:
    assert await db.agents.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        await db.agents.update(id=NOBODY, name="Nobody")
    with pytest.raises(NotFound):
        await db.agents.update_state(state={}, id=NOBODY)
    with pytest.raises(NotFound):
        await db.agents.get_agent_metrics(agent_id=NOBODY)
    with pytest.raises(NotFound):
        await db.agents.get_with_tools(id=NOBODY)
    assert await db.agents.revoke_tool(agent_id=NOBODY, tool_id=NOBODY) == 0
    assert await db.agents.delete(id=NOBODY) == 0


async def test_what_is_refused(db: Database) -> None:
    agent = await new_agent(db, "Planner")
    with pytest.raises(AgentsNameKeyViolation) as caught:
        await new_agent(db, "Planner")
    assert isinstance(caught.value, AlreadyExists)
    assert "Planner" not in str(caught.value)
    with pytest.raises(AgentsNameCheckViolation):
        await db.agents.update(id=agent.id, name="")
    with pytest.raises(AgentsTypeCheckViolation):
        await new_agent(db, kind="")
    with pytest.raises(AgentsStateCheckViolation):
        await db.agents.update_state(state=[1, 2], id=agent.id)
    with pytest.raises(AgentToolsToolIdFkeyViolation):
        await db.agents.grant_tool(agent_id=agent.id, tool_id=NOBODY)
    assert await db.agents.get_by_id(id=agent.id) == agent


async def test_update_of_what_is_given(db: Database) -> None:
    made = await new_agent(db)
    changed = await db.agents.update(
        id=made.id, status=AgentStatus.ACTIVE, configuration={"model": "small"}
    )
    assert (changed.status, changed.configuration) == (
        AgentStatus.ACTIVE,
        {"model": "small"},
    )
    assert (changed.name, changed.type, changed.description) == (
        made.name,
        made.type,
        made.description,
    )
    assert changed.updated_at > made.updated_at
    forgotten = await db.agents.update(id=made.id, description=None)
    assert (forgotten.description, forgotten.status) == (None, AgentStatus.ACTIVE)
    renamed = await db.agents.update(id=made.id, name="Coder", type="coder")
    assert await db.agents.get_by_id(id=made.id) == renamed


async def test_update_state_merges(db: Database) -> None:
    made = await new_agent(db)
    await db.agents.update_state(state={"step": 1, "plan": ["a", "b"]}, id=made.id)
    changed = await db.agents.update_state(state={"step": 2, "error": None}, id=made.id)
    assert changed.state == {"step": 2, "plan": ["a", "b"], "error": None}
    assert changed.last_active_at == changed.updated_at > made.updated_at
    assert await db.agents.get_by_id(id=made.id) == changed


async def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled, Agent, "SELECT * FROM agents ORDER BY created_at DESC, id DESC"
    )
    first = await db.agents.list(limit=15, total=True)
    rest = await db.agents.list(limit=15, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert (first.total, len(rest.items), rest.next) == (20, 5, None)
    back = await db.agents.list(limit=15, before=rest.previous)
    assert back.items == first.items
    for status in AgentStatus:
        coders = await db.agents.list(type="coder", status=status, sort="name")
        expected = [a for a in everything if (a.type, a.status) == ("coder", status)]
        assert coders.items == sorted(expected, key=lambda agent: agent.name)
        assert await db.agents.count(type="coder", status=status) == len(expected)
    assert await db.agents.count() == 20


async def test_get_by_type(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = rows(
        filled, Agent, "SELECT * FROM agents WHERE type = 'critic' ORDER BY name"
    )
    assert await db.agents.get_by_type(type="critic") == expected != []
    assert await db.agents.get_by_type(type="poet") == []


async def test_get_active_agents(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = rows(
        filled, Agent, "SELECT * FROM agents WHERE status = 'active' ORDER BY name"
    )
    assert await db.agents.get_active_agents() == expected != []


async def test_agent_metrics(db: Database, admin: psycopg.Connection[Any]) -> None:
    agent, tool = await new_agent(db), await new_tool(db)
    untried = GetAgentMetricsRow(agent.id, 0, 0, 0, 0, None, None, 0, 0, None)
    assert await db.agents.get_agent_metrics(agent_id=agent.id) == untried
    for title, outcome in (
        ("one", ExecutionStatus.COMPLETED),
        ("two", ExecutionStatus.COMPLETED),
        ("three", ExecutionStatus.COMPLETED),
        ("four", ExecutionStatus.FAILED),
        ("five", ExecutionStatus.CANCELLED),
        ("six", None),
    ):
        task = await new_task(db, title, agent=agent.id)
        execution = await db.tasks.start_execution(task_id=task.id)
        if outcome is not None:
            await db.tasks.finish_execution(
                status=outcome, output=None, error=None, execution_id=execution.id
            )
    await new_task(db, "seven", agent=agent.id)
    admin.execute(
        "UPDATE task_executions SET completed_at = started_at + interval '3 s'"
        " WHERE completed_at IS NOT NULL"
    )
    for succeeded, duration in ((True, 100), (True, 300), (False, 500)):
        await db.tools.track_usage(
            tool_id=tool.id,
            agent_id=agent.id,
            succeeded=succeeded,
            duration_ms=duration,
            details={},
        )
    assert await db.agents.get_agent_metrics(agent_id=agent.id) == GetAgentMetricsRow(
        agent_id=agent.id,
        open_tasks=2,
        total_executions=6,
        completed_executions=3,
        failed_executions=1,
        success_rate=0.75,
        average_duration=timedelta(seconds=3),
        tool_calls=3,
        failed_tool_calls=1,
        average_tool_duration_ms=300.0,
    )


async def test_grant_and_revoke_tool(db: Database) -> None:
    agent = await new_agent(db)
    sed, grep = await new_tool(db, "sed"), await new_tool(db, "grep")
    assert (await db.agents.get_with_tools(id=agent.id)).tools == []
    for tool in (sed, grep, sed):
        await db.agents.grant_tool(agent_id=agent.id, tool_id=tool.id)
    found = await db.agents.get_with_tools(id=agent.id)
    assert (found.agent, found.tools) == (agent, [grep, sed])
    assert await db.agents.revoke_tool(agent_id=agent.id, tool_id=grep.id) == 1
    assert (await db.agents.get_with_tools(id=agent.id)).tools == [sed]


async def test_list_with_tools(db: Database, filled: psycopg.Connection[Any]) -> None:
    found = await db.agents.list_with_tools()
    assert [row.agent for row in found] == rows(
        filled, Agent, "SELECT * FROM agents ORDER BY name"
    )
    assert sum(len(row.tools) for row in found) > len(found)
    for row in found:
        assert row.tools == rows(
            filled,
            Tool,
            "SELECT tools.* FROM tools JOIN agent_tools ON tool_id = id"
            " WHERE agent_id = %s ORDER BY name",
            row.agent.id,
        )
    one = await db.agents.get_with_tools(id=id_of("agent", 1))
    assert (one.agent, one.tools) == next(
        (row.agent, row.tools) for row in found if row.agent.id == one.agent.id
    )


async def test_create_many(db: Database) -> None:
    params = [
        CreateManyParams(
            id=uuid4(),
            name=f"Agent {number}",
            type="worker" if number % 2 else "watcher",
            status=AgentStatus.ACTIVE,
            description=None if number % 3 else "Works\tat\\night.\n",
            configuration={"number": number},
        )
        for number in range(2000)
    ]
    assert await db.agents.create_many(params) == 2000
    assert await db.agents.count(type="worker", status=AgentStatus.ACTIVE) == 1000
    last = await db.agents.get_by_id(id=params[1998].id)
    assert last is not None
    assert (last.name, last.description) == ("Agent 1998", "Works\tat\\night.\n")
    assert (last.configuration, last.state) == ({"number": 1998}, {})
    with pytest.raises(AlreadyExists):
        await db.agents.create_many(params[:1])


async def test_delete_keeps_what_the_agent_did(db: Database) -> None:
    agent, user, tool = await new_agent(db), await new_user(db), await new_tool(db)
    task = await new_task(db, "Plan", agent=agent.id)
    conversation = await new_conversation(db, user.id, agent.id)
    await db.agents.grant_tool(agent_id=agent.id, tool_id=tool.id)
    assert await db.agents.delete(id=agent.id) == 1
    assert await db.agents.get_by_id(id=agent.id) is None
    kept = await db.tasks.get_by_id(id=task.id)
    assert kept is not None
    assert (kept.title, kept.agent_id) == ("Plan", None)
    spoken = await db.conversations.get_by_id(id=conversation.id)
    assert spoken is not None
    assert spoken.agent_id is None
