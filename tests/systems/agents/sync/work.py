# Derived from ../aio/work.py by derive_sync.py: change that file.
"""What most tests of the system need to begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from generated.agents.models import MessageRole, NewMessage, WorkflowStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    from generated.agents.sync import Database

NOBODY = UUID(int=0)


def new_user(db: Database, name: str = "Ada Ash") -> User:
    """A user with an address made of the name."""
    email = f"{name.replace(' ', '.')}@example.com"
    return db.users.create(email=email, name=name)


def new_agent(db: Database, name: str = "Planner", *, kind: str = "planner") -> Agent:
    """An idle agent."""
    return db.agents.create(
        name=name,
        type=kind,
        description="Breaks work down.",
        configuration={"model": "large", "temperature": 0.2},
    )


def new_tool(db: Database, name: str = "grep", category: str = "search") -> Tool:
    """A tool that can be called."""
    return db.tools.create(
        name=name,
        category=category,
        description=None,
        parameters={"type": "object", "required": ["pattern"]},
    )


def new_workflow(
    db: Database, name: str = "Release", *, active: bool = True
) -> Workflow:
    """A workflow that may be run, or a draft."""
    made = db.workflows.create(
        name=name,
        description=None,
        definition={"steps": ["build", "test", "ship"]},
        created_by=None,
    )
    if not active:
        return made
    return db.workflows.update(id=made.id, status=WorkflowStatus.ACTIVE)


def new_task(
    db: Database,
    title: str,
    *,
    priority: int = 0,
    agent: UUID | None = None,
    workflow: UUID | None = None,
    user: UUID | None = None,
) -> Task:
    """A pending task."""
    return db.tasks.create(
        title=title,
        type="text",
        description=None,
        priority=priority,
        agent_id=agent,
        workflow_id=workflow,
        created_by=user,
        input={"words": 100},
        due_at=None,
    )


def new_playbook(
    db: Database, name: str = "Triage", *, template: bool = False
) -> Playbook:
    """A draft."""
    return db.playbooks.create(
        name=name,
        description="What to do first.",
        category="support",
        is_template=template,
        content={"steps": ["greet", "ask"]},
        tags=["calm", "quick"],
        created_by=None,
    )


def new_conversation(
    db: Database, user: UUID, agent: UUID | None = None, title: str | None = None
) -> Conversation:
    """A conversation in which nothing was said."""
    return db.conversations.create(
        user_id=user, agent_id=agent, title=title, metadata={}
    )


def say(
    db: Database, conversation: UUID, contents: Sequence[str], *, tokens: int = 10
) -> list[Message]:
    """Let user and assistant say things in turn."""
    roles = (MessageRole.USER, MessageRole.ASSISTANT)
    return db.messages.append(
        messages=[
            NewMessage(roles[place % 2], content, tokens, None)
            for place, content in enumerate(contents)
        ],
        conversation_id=conversation,
    )
