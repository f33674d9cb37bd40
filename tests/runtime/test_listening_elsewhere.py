"""Listeners that are ended from another task or thread."""

from __future__ import annotations

import asyncio
import threading

import pytest
from tests.runtime import shop

from reposgen_runtime import Notification, Statement, aio, sync

EVENTS = Statement[Notification[str]]("events", "LISTEN events")


async def test_a_task_is_cancelled(conninfo: str) -> None:
    listening = asyncio.Event()

    async def listen() -> None:
        async with aio.Listener(conninfo, shop.PACKAGE, EVENTS) as events:
            listening.set()
            async for _ in events:
                pass

    task = asyncio.create_task(listen())
    await listening.wait()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_another_task_closes_it(conninfo: str) -> None:
    events = aio.Listener(conninfo, shop.PACKAGE, EVENTS)
    async with events:
        waiting = asyncio.ensure_future(anext(aiter(events)))
        await asyncio.sleep(0)
        await events.aclose()
        with pytest.raises(StopAsyncIteration):
            await waiting


def test_another_thread_closes_it(conninfo: str) -> None:
    heard: list[object] = []
    with sync.Listener(conninfo, shop.PACKAGE, EVENTS) as events:
        waiting = threading.Thread(target=lambda: heard.extend(events))
        waiting.start()
        events.close()
        waiting.join()
    assert heard == []
