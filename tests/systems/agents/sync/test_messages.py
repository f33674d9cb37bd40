# Derived from ../aio/test_messages.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
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
from tests.systems.agents.sync._compat import at_once
from tests.systems.agents.sync.work import NOBODY, new_conversation, new_user, say
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime import Notification
from reposgen_runtime.errors import NotFound, NothingToUpdate, NotNullMissing

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.agents.sync import Database

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def conversation_of(db: Database, name: str = "Ada Ash") -> UUID:
    """The id of a conversation of a new user's."""
    return (new_conversation(db, (new_user(db, name)).id)).id


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


def test_create_and_get(db: Database) -> None:
    conversation = conversation_of(db)
    made = db.messages.create(
        conversation_id=conversation,
        role=MessageRole.TOOL,
        content="42 \N{SNOWMAN}",
        token_count=3,
        metadata={"tool": "calculator"},
    )
    assert (made.conversation_id, made.position) == (conversation, 1)
    assert (made.role, made.content) == (MessageRole.TOOL, "42 \N{SNOWMAN}")
    assert (made.token_count, made.metadata) == (3, {"tool": "calculator"})
    assert db.messages.get_by_id(id=made.id) == made
    (second,) = say(db, conversation, ["So?"])
    assert second.position == 2


def test_append_in_order(db: Database) -> None:
    conversation = conversation_of(db)
    first = db.messages.append(
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
    second = say(db, conversation, ["a", "b", "c"])
    assert [message.position for message in second] == [3, 4, 5]
    assert say(db, conversation, []) == []
    history = db.messages.get_history(conversation_id=conversation)
    assert history.items == [*reversed(second), *reversed(first)]


def test_append_a_thousand(db: Database) -> None:
    conversation = conversation_of(db)
    made = say(db, conversation, [f"Message {n}" for n in range(1, 1201)])
    assert [message.position for message in made] == list(range(1, 1201))
    assert all(m.content == f"Message {m.position}" for m in made)
    assert db.messages.count(conversation_id=conversation) == 1200


def test_what_is_appended_at_once_leaves_no_gap(db: Database) -> None:
    conversation = conversation_of(db)
    made = at_once(
        *(
            lambda number=number: say(db, conversation, [f"{number}a", f"{number}b"])
            for number in range(6)
        )
    )
    for first, second in made:
        assert second.position == first.position + 1
    positions = sorted(message.position for pair in made for message in pair)
    assert positions == list(range(1, 13))


def test_what_is_not_there(db: Database) -> None:
    assert db.messages.get_by_id(id=NOBODY) is None
    with pytest.raises(NotFound):
        db.messages.update(id=NOBODY, content="Nothing")
    assert db.messages.delete(id=NOBODY) == 0
    with pytest.raises(NotFound):
        db.messages.create(
            conversation_id=NOBODY,
            role=MessageRole.USER,
            content="Hello?",
            token_count=1,
            metadata={},
        )
    with pytest.raises(MessagesConversationIdFkeyViolation):
        say(db, NOBODY, ["Hello?", "Anybody?"])
    history = db.messages.get_history(conversation_id=NOBODY, total=True)
    assert (history.items, history.total) == ([], 0)


def test_what_is_refused(db: Database) -> None:
    conversation = conversation_of(db)
    (message,) = say(db, conversation, ["Hello?"])
    with pytest.raises(MessagesTokenCountCheckViolation):
        say(db, conversation, ["Hello?"], tokens=-1)
    with pytest.raises(NotNullMissing):
        db.messages.append(
            messages=[NewMessage(MessageRole.USER, None, 1, None)],
            conversation_id=conversation,
        )
    with pytest.raises(MessagesConversationIdPositionKeyViolation):
        db.messages.import_many([imported(conversation, 1)])
    with pytest.raises(NothingToUpdate):
        db.messages.update(id=message.id)
    # A refused message takes no position.
    (second,) = say(db, conversation, ["Well?"])
    assert second.position == 2


def test_update_of_what_is_given(db: Database) -> None:
    (made,) = say(db, conversation_of(db), ["Helo?"])
    changed = db.messages.update(id=made.id, content="Hello?")
    assert (changed.content, changed.token_count) == ("Hello?", 10)
    changed = db.messages.update(id=made.id, token_count=2, metadata={"edited": True})
    assert (changed.content, changed.token_count) == ("Hello?", 2)
    assert changed.metadata == {"edited": True}
    assert db.messages.get_by_id(id=made.id) == changed


def test_delete_keeps_positions(db: Database) -> None:
    conversation = conversation_of(db)
    one, two, three = say(db, conversation, ["one", "two", "three"])
    assert db.messages.delete(id=two.id) == 1
    (four,) = say(db, conversation, ["four"])
    assert four.position == 4
    history = db.messages.get_history(conversation_id=conversation)
    assert history.items == [four, three, one]


def test_list_and_count(db: Database, filled: psycopg.Connection[Any]) -> None:
    everything = rows(
        filled, Message, "SELECT * FROM messages ORDER BY created_at DESC, id DESC"
    )
    first = db.messages.list(limit=120, total=True)
    rest = db.messages.list(limit=120, after=first.next)
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
    found = db.messages.list(
        conversation_id=conversation, role=MessageRole.ASSISTANT, created_after=since
    )
    assert found.items == expected != []
    counted = db.messages.count(
        conversation_id=conversation, role=MessageRole.ASSISTANT, created_after=since
    )
    assert counted == len(expected) < 10


def test_history_page_by_page_both_ways(
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
    latest = history(conversation_id=conversation, limit=8)
    older = history(conversation_id=conversation, limit=8, after=latest.next)
    oldest = history(conversation_id=conversation, limit=8, after=older.next)
    assert [*latest.items, *older.items, *oldest.items] == expected
    assert (latest.previous, oldest.next) == (None, None)
    back = history(conversation_id=conversation, limit=8, before=oldest.previous)
    assert back.items == older.items


def test_history_does_not_shift_while_one_reads(db: Database) -> None:
    conversation = conversation_of(db)
    said = say(db, conversation, [f"Message {number}" for number in range(6)])
    first = db.messages.get_history(conversation_id=conversation, limit=3)
    say(db, conversation, ["News!"])
    db.messages.delete(id=said[4].id)
    second = db.messages.get_history(
        conversation_id=conversation, limit=3, after=first.next
    )
    assert [*first.items, *second.items] == [*reversed(said)]


def test_import_many(db: Database) -> None:
    conversation = conversation_of(db)
    params = [imported(conversation, position) for position in range(1, 2001)]
    assert db.messages.import_many(params) == 2000
    found = db.messages.get_by_id(id=params[1000].id)
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
    assert db.messages.count(created_after=NOON + timedelta(minutes=1990)) == 10


def test_context_window(db: Database) -> None:
    conversation = conversation_of(db)
    said = [
        message
        for tokens in (50, 10, 40, 5, 25)
        for message in say(db, conversation, ["…"], tokens=tokens)
    ]

    def window(tokens: int, messages: int = 9) -> list[Message]:
        return db.messages.get_context_window(
            conversation_id=conversation, max_messages=messages, max_tokens=tokens
        )

    assert window(1000) == said
    assert window(130) == said
    assert window(129) == said[1:]
    # What does not fit ends the window, whatever smaller is behind it.
    assert window(69) == said[3:]
    assert window(24) == []
    assert window(1000, messages=2) == said[3:]
    assert window(29, messages=2) == said[4:]


def test_search_what_a_user_said(db: Database) -> None:
    ada, bob = conversation_of(db, "Ada"), conversation_of(db, "Bob")
    asked, answered, other = say(
        db,
        ada,
        [
            "How do I print the annual report?",
            "You can print reports from the menu; printing takes a while.",
            "Thank you!",
        ],
    )
    say(db, bob, ["Where are the printed reports?"])
    user = db.users.get_by_email(email="ada@example.com")
    assert user is not None
    found = db.messages.search(query="printing report", user_id=user.id, limit=9)
    assert {row.message.id for row in found} == {asked.id, answered.id}
    assert [row.rank for row in found] == sorted((r.rank for r in found), reverse=True)
    headlines = {row.message.id: row.headline for row in found}
    assert headlines[asked.id] == "How do I <b>print</b> the annual <b>report</b>?"
    (best,) = db.messages.search(query="printing report", user_id=user.id, limit=1)
    assert best == found[0]
    by_role = db.messages.search(
        query="print -annual",
        user_id=user.id,
        limit=9,
        conversation_id=ada,
        role=MessageRole.ASSISTANT,
    )
    assert [row.message for row in by_role] == [answered]
    elsewhere = db.messages.search(
        query="print", user_id=user.id, limit=9, conversation_id=bob
    )
    assert elsewhere == []
    assert db.messages.search(query="the", user_id=user.id, limit=9) == []
    (thanks,) = db.messages.search(query='"thank you"', user_id=user.id, limit=9)
    assert thanks.message == other


def test_message_appended_is_told(db: Database) -> None:
    one, two = conversation_of(db, "Ada"), conversation_of(db, "Bob")
    heard: list[str] = []
    with db.messages.message_appended() as events:
        say(db, one, ["Hi!", "Hello!"])
        say(db, two, ["Hey!"])
        for event in events:
            assert isinstance(event, Notification)
            heard.append(event.payload)
            if len(heard) == 2:
                break
    # Of each statement once, however many messages it appended.
    assert heard == [str(one), str(two)]
