"""The repository `messages`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from generated.agents import (
    ImportManyParams,
    MessagesConversationIdFkeyViolation,
    MessagesConversationIdPositionKeyViolation,
    MessagesTokenCountCheckViolation,
)
from generated.agents.models import Message, MessageRole, NewMessage
from tests.systems.agents.aio._compat import at_once
from tests.systems.agents.aio.work import NOBODY, new_conversation, new_user, say
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime import Notification
from reposgen_runtime.errors import NotFound, NothingToUpdate, NotNullMissing

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.agents import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def conversation_of(db: Database, name: str = "Ada Ash") -> UUID:
    """The id of a conversation of a new user's."""
    return (await new_conversation(db, (await new_user(db, name)).id)).id


def imported(conversation: UUID, position: int) -> ImportManyParams:
    """A message from elsewhere, one a minute."""
    return ImportManyParams(
        id=uuid4(),
        conversation_id=conversation,
        position=position,
        role=MessageRole.USER if position % 2 else MessageRole.ASSISTANT,
        content=f"Message {position}\n\\. \t",
        token_count=position % 7,
        metadata={"position": position},
        created_at=NOON + timedelta(minutes=position),
    )


async def test_create_and_get(db: Database) -> None:
    conversation = await conversation_of(db)
    made = await db.messages.create(
        conversation_id=conversation,
        role=MessageRole.TOOL,
        content="42 \N{SNOWMAN}",
        token_count=3,
        metadata={"tool": "calculator"},
    )
    assert (made.conversation_id, made.position) == (conversation, 1)
    assert (made.role, made.content) == (MessageRole.TOOL, "42 \N{SNOWMAN}")
    assert (made.token_count, made.metadata) == (3, {"tool": "calculator"})
    assert await db.messages.get_by_id(id=made.id) == made
    (second,) = await say(db, conversation, ["So?"])
    assert second.position == 2


async def test_append_in_order(db: Database) -> None:
    conversation = await conversation_of(db)
    first = await db.messages.append(
        messages=[
            NewMessage(MessageRole.SYSTEM, "Be brief.", 2, {"pinned": True}),
            NewMessage(MessageRole.USER, "Who are you?", None, None),
        ],
        conversation_id=conversation,
    )
    assert [(m.position, m.role, m.content, m.token_count) for m in first] == [
        (1, MessageRole.SYSTEM, "Be brief.", 2),
        (2, MessageRole.USER, "Who are you?", 0),
    ]
    assert [message.metadata for message in first] == [{"pinned": True}, {}]
    second = await say(db, conversation, ["a", "b", "c"])
    assert [message.position for message in second] == [3, 4, 5]
    assert await say(db, conversation, []) == []
    history = await db.messages.get_history(conversation_id=conversation)
    assert history.items == [*reversed(second), *reversed(first)]


async def test_append_a_thousand(db: Database) -> None:
    conversation = await conversation_of(db)
    made = await say(db, conversation, [f"Message {n}" for n in range(1, 1201)])
    assert [message.position for message in made] == list(range(1, 1201))
    assert all(m.content == f"Message {m.position}" for m in made)
    assert await db.messages.count(conversation_id=conversation) == 1200


async def test_what_is_appended_at_once_leaves_no_gap(db: Database) -> None:
    conversation = await conversation_of(db)
    made = await at_once(
        *(
            lambda number=number: say(db, conversation, [f"{number}a", f"{number}b"])
            for number in range(6)
        )
    )
    for first, second in made:
        assert second.position == first.position + 1
    positions = sorted(message.position for pair in made for message in pair)
    assert positions == list(range(1, 13))


async def test_what_is_not_there(db: Database) -> None:
    assert await db.messages.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        await db.messages.update(id=NOBODY, content="Nothing")
    assert await db.messages.delete(id=NOBODY) == 0
    with pytest.raises(NotFound):
        await db.messages.create(
            conversation_id=NOBODY,
            role=MessageRole.USER,
            content="Hello?",
            token_count=1,
            metadata={},
        )
    with pytest.raises(MessagesConversationIdFkeyViolation):
        await say(db, NOBODY, ["Hello?", "Anybody?"])
    history = await db.messages.get_history(conversation_id=NOBODY, total=True)
    assert (history.items, history.total) == ([], 0)


async def test_what_is_refused(db: Database) -> None:
    conversation = await conversation_of(db)
    (message,) = await say(db, conversation, ["Hello?"])
    with pytest.raises(MessagesTokenCountCheckViolation):
        await say(db, conversation, ["Hello?"], tokens=-1)
    with pytest.raises(NotNullMissing):
        await db.messages.append(
            messages=[NewMessage(MessageRole.USER, None, 1, None)],
            conversation_id=conversation,
        )
    with pytest.raises(MessagesConversationIdPositionKeyViolation):
        await db.messages.import_many([imported(conversation, 1)])
    with pytest.raises(NothingToUpdate):
        await db.messages.update(id=message.id)
    # A refused message takes no position.
    (second,) = await say(db, conversation, ["Well?"])
    assert second.position == 2


async def test_update_of_what_is_given(db: Database) -> None:
    (made,) = await say(db, await conversation_of(db), ["Helo?"])
    changed = await db.messages.update(id=made.id, content="Hello?")
    assert (changed.content, changed.token_count) == ("Hello?", 10)
    changed = await db.messages.update(
        id=made.id, token_count=2, metadata={"edited": True}
    )
    assert (changed.content, changed.token_count) == ("Hello?", 2)
    assert changed.metadata == {"edited": True}
    assert await db.messages.get_by_id(id=made.id) == changed


async def test_delete_keeps_positions(db: Database) -> None:
    conversation = await conversation_of(db)
    one, two, three = await say(db, conversation, ["one", "two", "three"])
    assert await db.messages.delete(id=two.id) == 1
    (four,) = await say(db, conversation, ["four"])
    assert four.position == 4
    history = await db.messages.get_history(conversation_id=conversation)
    assert history.items == [four, three, one]


async def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled, Message, "SELECT * FROM messages ORDER BY created_at DESC, id DESC"
    )
    first = await db.messages.list(limit=120, total=True)
    rest = await db.messages.list(limit=120, after=first.next)
    assert [*first.items, *rest.items] == everything
    assert (first.total, rest.next) == (200, None)
    conversation, since = id_of("conversation", 2), everything[-30].created_at
    expected = [
        message
        for message in everything
        if message.conversation_id == conversation
        and message.role == "assistant"
        and message.created_at > since
    ]
    found = await db.messages.list(
        conversation_id=conversation, role=MessageRole.ASSISTANT, created_after=since
    )
    assert found.items == expected != []
    counted = await db.messages.count(
        conversation_id=conversation, role=MessageRole.ASSISTANT, created_after=since
    )
    assert counted == len(expected) < 10


async def test_history_page_by_page_both_ways(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    conversation = id_of("conversation", 3)
    expected = rows(
        filled,
        Message,
        "SELECT * FROM messages WHERE conversation_id = %s ORDER BY position DESC",
        conversation,
    )
    history = db.messages.get_history
    latest = await history(conversation_id=conversation, limit=8)
    older = await history(conversation_id=conversation, limit=8, after=latest.next)
    oldest = await history(conversation_id=conversation, limit=8, after=older.next)
    assert [*latest.items, *older.items, *oldest.items] == expected
    assert (latest.previous, oldest.next) == (None, None)
    back = await history(conversation_id=conversation, limit=8, before=oldest.previous)
    assert back.items == older.items


async def test_history_does_not_shift_while_one_reads(db: Database) -> None:
    conversation = await conversation_of(db)
    said = await say(db, conversation, [f"Message {number}" for number in range(6)])
    first = await db.messages.get_history(conversation_id=conversation, limit=3)
    await say(db, conversation, ["News!"])
    await db.messages.delete(id=said[4].id)
    second = await db.messages.get_history(
        conversation_id=conversation, limit=3, after=first.next
    )
    assert [*first.items, *second.items] == [*reversed(said)]


async def test_import_many(db: Database) -> None:
    conversation = await conversation_of(db)
    params = [imported(conversation, position) for position in range(1, 2001)]
    assert await db.messages.import_many(params) == 2000
    found = await db.messages.get_by_id(id=params[1000].id)
    assert found == Message(
        id=params[1000].id,
        conversation_id=conversation,
        position=1001,
        role=MessageRole.USER,
        content="Message 1001\n\\. \t",
        token_count=0,
        metadata={"position": 1001},
        created_at=NOON + timedelta(minutes=1001),
    )
    assert await db.messages.count(created_after=NOON + timedelta(minutes=1990)) == 10


async def test_context_window(db: Database) -> None:
    conversation = await conversation_of(db)
    said = [
        message
        for tokens in (50, 10, 40, 5, 25)
        for message in await say(db, conversation, ["…"], tokens=tokens)
    ]

    async def window(tokens: int, messages: int = 9) -> list[Message]:
        return await db.messages.get_context_window(
            conversation_id=conversation, max_messages=messages, max_tokens=tokens
        )

    assert await window(1000) == said
    assert await window(130) == said
    assert await window(129) == said[1:]
    # What does not fit ends the window, whatever smaller is behind it.
    assert await window(69) == said[3:]
    assert await window(24) == []
    assert await window(1000, messages=2) == said[3:]
    assert await window(29, messages=2) == said[4:]


async def test_search_what_a_user_said(db: Database) -> None:
    ada, bob = await conversation_of(db, "Ada"), await conversation_of(db, "Bob")
    asked, answered, other = await say(
        db,
        ada,
        [
            "How do I print the annual report?",
            "You can print reports from the menu; printing takes a while.",
            "Thank you!",
        ],
    )
    await say(db, bob, ["Where are the printed reports?"])
    user = await db.users.get_by_email(email="ada@example.com")
    assert user is not None
    found = await db.messages.search(query="printing report", user_id=user.id, limit=9)
    assert {row.message.id for row in found} == {asked.id, answered.id}
    assert [row.rank for row in found] == sorted((r.rank for r in found), reverse=True)
    headlines = {row.message.id: row.headline for row in found}
    assert headlines[asked.id] == "How do I <b>print</b> the annual <b>report</b>?"
    (best,) = await db.messages.search(
        query="printing report", user_id=user.id, limit=1
    )
    assert best == found[0]
    by_role = await db.messages.search(
        query="print -annual",
        user_id=user.id,
        limit=9,
        conversation_id=ada,
        role=MessageRole.ASSISTANT,
    )
    assert [row.message for row in by_role] == [answered]
    elsewhere = await db.messages.search(
        query="print", user_id=user.id, limit=9, conversation_id=bob
    )
    assert elsewhere == []
    assert await db.messages.search(query="the", user_id=user.id, limit=9) == []
    (thanks,) = await db.messages.search(query='"thank you"', user_id=user.id, limit=9)
    assert thanks.message == other


async def test_message_appended_is_told(db: Database) -> None:
    one, two = await conversation_of(db, "Ada"), await conversation_of(db, "Bob")
    heard: list[str] = []
    async with db.messages.message_appended() as events:
        await say(db, one, ["Hi!", "Hello!"])
        await say(db, two, ["Hey!"])
        async for event in events:
            assert isinstance(event, Notification)
            heard.append(event.payload)
            if len(heard) == 2:
                break
    # Of each statement once, however many messages it appended.
    assert heard == [str(one), str(two)]
