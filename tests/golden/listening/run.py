"""Notifications, asynchronous and synchronous."""

from __future__ import annotations

from typing import assert_never

from golden_output.listening import Database, sync
from reposgen_runtime import InvalidPayload, Notification, Reconnected
from golden_overrides import Code, Limits


async def run_async(url: str) -> None:
    async with Database.open(url) as db:
        heard: list[str] = []
        async with db.events.task_events() as events:
            await db.events.announce(payload="one")
            await db.events.announce(payload="two")
            async for event in events:
                match event:
                    case Notification(payload):
                        heard.append(payload)
                    case Reconnected():
                        raise AssertionError
                    case _:
                        assert_never(event)
                if len(heard) == 2:
                    break
        assert heard == ["one", "two"]


async def run_documents(url: str) -> None:
    async with Database.open(url) as db:
        limits: list[Limits | str] = []
        async with db.events.limit_events() as documents:
            for text in ('{"daily": 3}', '{"daily": "three"}', "{}"):
                await db.events.announce_elsewhere(channel="limit_events", payload=text)
            async for document in documents:
                match document:
                    case Notification(payload=limit):
                        limits.append(limit)
                    case InvalidPayload(text=text, error=error):
                        assert "three" not in str(error)
                        limits.append(text)
                    case Reconnected():
                        raise AssertionError
                    case _:
                        assert_never(document)
                if len(limits) == 3:
                    break
        assert limits == [Limits(3), '{"daily": "three"}', Limits()]


def run_sync(url: str) -> None:
    with sync.Database.open(url) as db:
        with db.events.task_events() as events:
            db.events.announce(payload="one")
            for event in events:
                assert isinstance(event, Notification)
                assert event.payload == "one"
                break
        with db.events.odd_events():
            pass
        with db.events.code_events() as codes:
            db.events.announce_elsewhere(channel="code_events", payload="A")
            for code in codes:
                assert isinstance(code, Notification)
                assert code.payload == Code("A")
                assert isinstance(code.payload, Code)
                break
