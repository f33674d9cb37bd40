"""Every repository of an entity satisfies one generic, type-checked protocol."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import pytest
from generated.agents.models import AgentStatus, MessageRole, TaskStatus, WorkflowStatus
from tests.systems.agents.aio.contract import Entity, Repository, everything
from tests.systems.agents.aio.work import (
    NOBODY,
    new_agent,
    new_conversation,
    new_user,
)

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generated.agents import Database
    from generated.agents.models import (
        Agent,
        Conversation,
        Message,
        Playbook,
        Task,
        Tool,
        User,
        Workflow,
    )

    Values = Mapping[str, object]

T = TypeVar("T", bound=Entity)


async def drive(
    repository: Repository[T],
    first: Values,
    second: Values,
    changes: Values,
    filters: Values,
) -> None:
    """Let two entities live and one of them die, by the contract alone.

    Args:
        repository: an empty one.
        first: what one is made with.
        second: and the other.
        changes: of the second.
        filters: which keep the first out then.
    """
    other = await repository.create(**first)
    made = await repository.create(**second)
    assert {name: getattr(made, name) for name in second} == second
    assert await repository.get_by_id(id=made.id) == made
    changed = await repository.update(id=made.id, **changes)
    assert asdict(changed) == {
        **asdict(made),
        **changes,
        **({"updated_at": stamp} if (stamp := updated_at(changed)) else {}),
    }
    assert await repository.get_by_id(id=made.id) == changed
    found = await everything(repository, at_a_time=1)
    assert sorted(found, key=lambda entity: entity.id) == sorted(
        (other, changed), key=lambda entity: entity.id
    )
    assert await everything(repository, at_a_time=1, **filters) == [changed]
    assert (await repository.count(), await repository.count(**filters)) == (2, 1)
    assert await repository.delete(id=made.id) == 1
    assert await repository.delete(id=made.id) == 0
    assert await repository.get_by_id(id=made.id) is None
    assert await everything(repository, at_a_time=9) == [other]
    with pytest.raises(NotFound):
        await repository.update(id=NOBODY, **changes)


def updated_at(entity: Entity) -> object:
    """When an entity of a kind that keeps this was changed."""
    return getattr(entity, "updated_at", None)


async def test_agents(db: Database) -> None:
    agents: Repository[Agent] = db.agents
    agent: Values = {"type": "planner", "description": None, "configuration": {}}
    await drive(
        agents,
        {"name": "Planner", **agent},
        {"name": "Coder", **agent, "type": "coder"},
        {"status": AgentStatus.ACTIVE, "configuration": {"model": "small"}},
        {"type": "coder", "status": AgentStatus.ACTIVE},
    )


async def test_tools(db: Database) -> None:
    tools: Repository[Tool] = db.tools
    tool: Values = {"category": "search", "description": None, "parameters": {}}
    await drive(
        tools,
        {"name": "grep", **tool},
        {"name": "sed", **tool},
        {"category": "files", "available": False},
        {"category": "files", "available": False},
    )


async def test_workflows(db: Database) -> None:
    workflows: Repository[Workflow] = db.workflows
    workflow: Values = {"description": "Ship it.", "definition": {}, "created_by": None}
    await drive(
        workflows,
        {"name": "Release", **workflow},
        {"name": "Rollback", **workflow},
        {"status": WorkflowStatus.PAUSED, "description": None},
        {"status": WorkflowStatus.PAUSED},
    )


async def test_tasks(db: Database) -> None:
    tasks: Repository[Task] = db.tasks
    agent = await new_agent(db)
    task: Values = {
        "type": "text",
        "description": None,
        "priority": 1,
        "agent_id": None,
        "workflow_id": None,
        "created_by": None,
        "input": {"words": 100},
        "due_at": None,
    }
    await drive(
        tasks,
        {"title": "Write it", **task},
        {"title": "Check it", **task},
        {"priority": 5, "agent_id": agent.id},
        {"agent_id": agent.id, "status": [TaskStatus.PENDING]},
    )


async def test_playbooks(db: Database) -> None:
    playbooks: Repository[Playbook] = db.playbooks
    playbook: Values = {
        "description": None,
        "category": "support",
        "is_template": False,
        "content": {},
        "tags": [],
        "created_by": None,
    }
    await drive(
        playbooks,
        {"name": "Triage", **playbook},
        {"name": "Hand over", **playbook},
        {"category": "release", "tags": ["calm", "quick"]},
        {"category": "release", "tags": ["quick"]},
    )


async def test_users(db: Database) -> None:
    users: Repository[User] = db.users
    await drive(
        users,
        {"email": "ada@example.com", "name": "Ada"},
        {"email": "bob@example.com", "name": "Bob"},
        {"active": False},
        {"active": False},
    )


async def test_conversations(db: Database) -> None:
    conversations: Repository[Conversation] = db.conversations
    user, agent = await new_user(db), await new_agent(db)
    conversation: Values = {
        "user_id": user.id,
        "agent_id": None,
        "metadata": {"lang": "en"},
    }
    await drive(
        conversations,
        {"title": "Monday", **conversation},
        {"title": "Tuesday", **conversation},
        {"agent_id": agent.id},
        {"agent_id": agent.id, "user_id": user.id},
    )


async def test_messages(db: Database) -> None:
    messages: Repository[Message] = db.messages
    conversation = await new_conversation(db, (await new_user(db)).id)
    message: Values = {
        "conversation_id": conversation.id,
        "role": MessageRole.USER,
        "token_count": 2,
        "metadata": {},
    }
    await drive(
        messages,
        {"content": "Hello?", **message},
        {"content": "Hallo!", **message, "role": MessageRole.ASSISTANT},
        {"content": "Hello!", "token_count": 3},
        {"role": MessageRole.ASSISTANT, "conversation_id": conversation.id},
    )


async def test_the_type_checker_tells_them_apart(db: Database) -> None:
    # Were one of these accepted, its comment would be refused.
    wrong: Repository[Tool] = db.agents  # type: ignore[assignment] # of other models
    none: Repository[Tool] = db.overview  # type: ignore[assignment] # of no model
    assert hasattr(wrong, "create")
    assert not hasattr(none, "create")
