# Derived from ../aio/test_database.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""What hands out all repositories, and lets them work in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from generated.agents.models import ExecutionStatus, MessageRole
from tests.systems.agents.sync.work import (
    NOBODY,
    new_agent,
    new_conversation,
    new_task,
    new_user,
    say,
)

from reposgen_runtime.errors import ForeignKeyMissing

if TYPE_CHECKING:
    from uuid import UUID

    from generated.agents.sync import (
        AgentRepositoryProtocol,
        ConversationRepositoryProtocol,
        Database,
        MessageRepositoryProtocol,
        OverviewRepositoryProtocol,
        PlaybookRepositoryProtocol,
        TaskRepositoryProtocol,
        ToolRepositoryProtocol,
        UserRepositoryProtocol,
        WorkflowRepositoryProtocol,
    )


@dataclass(frozen=True, kw_only=True)
class Office:
    """An application that knows repositories by their protocols alone."""

    agents: AgentRepositoryProtocol
    conversations: ConversationRepositoryProtocol
    messages: MessageRepositoryProtocol
    overview: OverviewRepositoryProtocol
    playbooks: PlaybookRepositoryProtocol
    tasks: TaskRepositoryProtocol
    tools: ToolRepositoryProtocol
    users: UserRepositoryProtocol
    workflows: WorkflowRepositoryProtocol

    def answer(self, task: UUID, conversation: UUID, text: str) -> None:
        """Do a task by saying something in a conversation."""
        execution = self.tasks.start_execution(task_id=task)
        message = self.messages.create(
            conversation_id=conversation,
            role=MessageRole.ASSISTANT,
            content=text,
            token_count=len(text.split()),
            metadata={"task": str(task)},
        )
        self.tasks.finish_execution(
            status=ExecutionStatus.COMPLETED,
            output={"message": str(message.id)},
            error=None,
            execution_id=execution.id,
        )


def office_of(db: Database) -> Office:
    """An application over a database's repositories."""
    return Office(
        agents=db.agents,
        conversations=db.conversations,
        messages=db.messages,
        overview=db.overview,
        playbooks=db.playbooks,
        tasks=db.tasks,
        tools=db.tools,
        users=db.users,
        workflows=db.workflows,
    )


def test_a_transaction_spans_the_repositories(db: Database) -> None:
    office = office_of(db)
    user, agent = new_user(db), new_agent(db)
    conversation = new_conversation(db, user.id, agent.id)
    task = new_task(db, "Answer", agent=agent.id, user=user.id)
    say(db, conversation.id, ["What is six times seven?"])

    def answer_and_fail() -> None:
        with db.transaction():
            office.answer(task.id, conversation.id, "Forty-one.")
            say(db, NOBODY, ["Lost."])

    with pytest.raises(ForeignKeyMissing):
        answer_and_fail()
    untouched = db.tasks.get_by_id(id=task.id)
    assert untouched == task
    with db.transaction():
        office.answer(task.id, conversation.id, "Forty-two.")
    (said,) = (
        office.messages.list(
            conversation_id=conversation.id, role=MessageRole.ASSISTANT
        )
    ).items
    assert (said.position, said.content) == (2, "Forty-two.")
    (execution,) = office.tasks.get_execution_history(task_id=task.id)
    assert execution.output == {"message": str(said.id)}
    overview = office.overview.get_system_overview()
    assert (overview.messages, overview.pending_tasks) == (2, 0)


def test_every_repository_is_handed_out(db: Database) -> None:
    office = office_of(db)
    assert office.agents.count() == 0
    assert office.playbooks.get_templates() == []
    assert office.tools.get_available_tools() == []
    assert office.users.count() == 0
    assert (office.workflows.list()).items == []
    assert (office.conversations.list()).items == []
