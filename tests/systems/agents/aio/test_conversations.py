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
from tests.systems.agents.aio.work import (
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
    from generated.agents import Database


async def test_create_and_get(db: Database) -> None:
    user, agent = await new_user(db), await new_agent(db)
    made = await db.conversations.create(
        user_id=user.id, agent_id=agent.id, title="Travel", metadata={"lang": "en"}
    )
    assert (made.user_id, made.agent_id, made.title) == (user.id, agent.id, "Travel")
    assert (made.metadata, made.last_position) == ({"lang": "en"}, 0)
    assert await db.conversations.get_by_id(id=made.id) == made


async def test_what_is_not_there(db: Database) -> None:
    assert await db.conversations.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        await db.conversations.update(id=NOBODY, title="Nothing")
    assert await db.conversations.delete(id=NOBODY) == 0
    found = await db.conversations.list_with_latest_message(user_id=NOBODY, limit=9)
    assert found == []
    assert await db.conversations.advance_positions(ids=[NOBODY]) == 0


async def test_what_is_refused(db: Database) -> None:
    with pytest.raises(ConversationsUserIdFkeyViolation):
        await new_conversation(db, NOBODY)
    user = await new_user(db)
    with pytest.raises(ConversationsAgentIdFkeyViolation):
        await new_conversation(db, user.id, NOBODY)


async def test_update_of_what_is_given(db: Database) -> None:
    user, agent = await new_user(db), await new_agent(db)
    made = await new_conversation(db, user.id, agent.id, "Travel")
    changed = await db.conversations.update(id=made.id, metadata={"pinned": True})
    assert (changed.title, changed.agent_id) == ("Travel", agent.id)
    assert changed.metadata == {"pinned": True}
    changed = await db.conversations.update(id=made.id, title=None, agent_id=None)
    assert (changed.title, changed.agent_id) == (None, None)
    assert changed.updated_at > made.updated_at
    assert await db.conversations.get_by_id(id=made.id) == changed


async def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled,
        Conversation,
        "SELECT * FROM conversations ORDER BY updated_at DESC, id DESC",
    )
    first = await db.conversations.list(limit=6, total=True)
    rest = await db.conversations.list(limit=6, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert (first.total, rest.next) == (10, None)
    user, agent = everything[0].user_id, everything[0].agent_id
    both = [c for c in everything if (c.user_id, c.agent_id) == (user, agent)]
    found = await db.conversations.list(user_id=user, agent_id=agent)
    assert found.items == both
    counted = await db.conversations.count(user_id=user, agent_id=agent)
    assert counted == len(both)
    assert await db.conversations.count(user_id=user) == 2


async def test_list_with_latest_message(db: Database) -> None:
    user, agent = await new_user(db), await new_agent(db)
    silent = await new_conversation(db, user.id)
    travel = await new_conversation(db, user.id, agent.id, "Travel")
    await new_conversation(db, (await new_user(db, "Bob")).id)
    _, asked, answered = await say(db, travel.id, ["Hi!", "Where to?", "To Rome."])
    found = await db.conversations.list_with_latest_message(user_id=user.id, limit=9)
    assert [(row.agent, row.message) for row in found] == [
        (agent, answered),
        (None, None),
    ]
    assert found[0].conversation == await db.conversations.get_by_id(id=travel.id)
    assert found[1].conversation == silent
    # Of what is left after a deletion, the latest.
    await db.messages.delete(id=answered.id)
    (row,) = await db.conversations.list_with_latest_message(user_id=user.id, limit=1)
    assert row.message == asked


async def test_what_changed_last_comes_first(db: Database) -> None:
    user = await new_user(db)
    one, two = [await new_conversation(db, user.id, None, t) for t in ("one", "two")]
    listed = await db.conversations.list(user_id=user.id)
    assert listed.items == [two, one]
    await say(db, one.id, ["Hello?"])
    listed = await db.conversations.list(user_id=user.id)
    assert [conversation.title for conversation in listed.items] == ["one", "two"]


async def test_advance_positions_after_an_import(db: Database) -> None:
    user = await new_user(db)
    travel, weather = (
        await new_conversation(db, user.id),
        await new_conversation(db, user.id),
    )
    await say(db, weather.id, ["Rain?", "No."])
    await db.messages.import_many(
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
    assert await db.conversations.advance_positions(ids=ids) == 1
    assert await db.conversations.advance_positions(ids=ids) == 0
    (said,) = await say(db, travel.id, ["And now?"])
    assert said.position == 1501
    history = await db.messages.get_history(conversation_id=travel.id, limit=1)
    assert history.items == [said]


async def test_delete_takes_messages_along(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    user = await new_user(db)
    travel = await new_conversation(db, user.id)
    await say(db, travel.id, ["Hi!", "Where to?"])
    assert await db.conversations.delete(id=travel.id) == 1
    assert await db.conversations.get_by_id(id=travel.id) is None
    assert admin.execute("SELECT count(*) FROM messages").fetchone() == (0,)
