"""Notifications, in both colours."""

from __future__ import annotations

from typing import assert_never

from golden_output.listening import Database, sync
from golden_output.runtime import Notification, Reconnected


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
