# Derived from ../aio/test_conversations.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `conversations`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from generated.agents import (
    ConversationsAgentIdFkeyViolation,
    ConversationsUserIdFkeyViolation,
    ImportManyParams,
)
from generated.agents.models import Conversation, MessageRole
from tests.systems.agents.sync.work import (
    NOBODY,
    new_agent,
    new_conversation,
    new_user,
    say,
)
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.agents.sync import Database


def test_create_and_get(db: Database) -> None:
    user, agent = new_user(db), new_agent(db)
    made = db.conversations.create(
        user_id=user.id, agent_id=agent.id, title="Travel", metadata={"lang": "en"}
    )
    assert (made.user_id, made.agent_id, made.title) == (user.id, agent.id, "Travel")
    assert (made.metadata, made.last_position) == ({"lang": "en"}, 0)
    assert db.conversations.get_by_id(id=made.id) == made


def test_what_is_not_there(db: Database) -> None:
    assert db.conversations.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        db.conversations.update(id=NOBODY, title="Nothing")
    assert db.conversations.delete(id=NOBODY) == 0
    found = db.conversations.list_with_latest_message(user_id=NOBODY, limit=9)
    assert found == []
    assert db.conversations.advance_positions(ids=[NOBODY]) == 0


def test_what_is_refused(db: Database) -> None:
    with pytest.raises(ConversationsUserIdFkeyViolation):
        new_conversation(db, NOBODY)
    user = new_user(db)
    with pytest.raises(ConversationsAgentIdFkeyViolation):
        new_conversation(db, user.id, NOBODY)


def test_update_of_what_is_given(db: Database) -> None:
    user, agent = new_user(db), new_agent(db)
    made = new_conversation(db, user.id, agent.id, "Travel")
    changed = db.conversations.update(id=made.id, metadata={"pinned": True})
    assert (changed.title, changed.agent_id) == ("Travel", agent.id)
    assert changed.metadata == {"pinned": True}
    changed = db.conversations.update(id=made.id, title=None, agent_id=None)
    assert (changed.title, changed.agent_id) == (None, None)
    assert changed.updated_at > made.updated_at
    assert db.conversations.get_by_id(id=made.id) == changed


def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled,
        Conversation,
        "SELECT * FROM conversations ORDER BY updated_at DESC, id DESC",
    )
    first = db.conversations.list(limit=6, total=True)
    rest = db.conversations.list(limit=6, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert (first.total, rest.next) == (10, None)
    user, agent = everything[0].user_id, everything[0].agent_id
    both = [c for c in everything if (c.user_id, c.agent_id) == (user, agent)]
    found = db.conversations.list(user_id=user, agent_id=agent)
    assert found.items == both
    counted = db.conversations.count(user_id=user, agent_id=agent)
    assert counted == len(both)
    assert db.conversations.count(user_id=user) == 2


def test_list_with_latest_message(db: Database) -> None:
    user, agent = new_user(db), new_agent(db)
    silent = new_conversation(db, user.id)
    travel = new_conversation(db, user.id, agent.id, "Travel")
    new_conversation(db, (new_user(db, "Bob")).id)
    _, asked, answered = say(db, travel.id, ["Hi!", "Where to?", "To Rome."])
    found = db.conversations.list_with_latest_message(user_id=user.id, limit=9)
    assert [(row.agent, row.message) for row in found] == [
        (agent, answered),
        (None, None),
    ]
    assert found[0].conversation == db.conversations.get_by_id(id=travel.id)
    assert found[1].conversation == silent
    # Of what is left after a deletion, the latest.
    db.messages.delete(id=answered.id)
    (row,) = db.conversations.list_with_latest_message(user_id=user.id, limit=1)
    assert row.message == asked


def test_what_changed_last_comes_first(db: Database) -> None:
    user = new_user(db)
    one, two = [new_conversation(db, user.id, None, t) for t in ("one", "two")]
    listed = db.conversations.list(user_id=user.id)
    assert listed.items == [two, one]
    say(db, one.id, ["Hello?"])
    listed = db.conversations.list(user_id=user.id)
    assert [conversation.title for conversation in listed.items] == ["one", "two"]


def test_advance_positions_after_an_import(db: Database) -> None:
    user = new_user(db)
    travel, weather = (
        new_conversation(db, user.id),
        new_conversation(db, user.id),
    )
    say(db, weather.id, ["Rain?", "No."])
    db.messages.import_many(
        ImportManyParams(
            id=uuid4(),
            conversation_id=travel.id,
            position=position,
            role=MessageRole.USER,
            content=f"Message {position}",
            token_count=1,
            metadata={},
            created_at=datetime(2020, 1, 1, tzinfo=UTC),
        )
        for position in range(1, 1501)
    )
    ids = [travel.id, weather.id]
    assert db.conversations.advance_positions(ids=ids) == 1
    assert db.conversations.advance_positions(ids=ids) == 0
    (said,) = say(db, travel.id, ["And now?"])
    assert said.position == 1501
    history = db.messages.get_history(conversation_id=travel.id, limit=1)
    assert history.items == [said]


def test_delete_takes_messages_along(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    user = new_user(db)
    travel = new_conversation(db, user.id)
    say(db, travel.id, ["Hi!", "Where to?"])
    assert db.conversations.delete(id=travel.id) == 1
    assert db.conversations.get_by_id(id=travel.id) is None
    assert admin.execute("SELECT count(*) FROM messages").fetchone() == (0,)
