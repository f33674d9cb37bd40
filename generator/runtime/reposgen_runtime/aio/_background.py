"""Background tasks; the counterpart in sync/ is written by hand."""

from __future__ import annotations

import asyncio
import os
from asyncio import Condition
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["ELSEWHERE", "Condition", "Worker", "here", "wait"]

ELSEWHERE: Final = (
    "this Database was opened in another process or event loop: open one here"
)


def here() -> object:
    """Return the current process and event loop."""
    return os.getpid(), asyncio.get_running_loop()


async def wait(condition: Condition, seconds: float | None) -> None:
    """Wait until the condition is notified or the time is over."""
    if seconds is None:
        await condition.wait()
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await condition.wait()


# An event loop has only weak references to its tasks.
_running: Final[set[asyncio.Task[None]]] = set()


class Worker:
    """A task that inherits no context from the code that started it.

    It runs to its end, even if nothing refers to the worker any more.
    """

    def __init__(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._task = asyncio.create_task(work(), context=Context())
        _running.add(self._task)
        self._task.add_done_callback(_running.discard)

    async def join(self, seconds: float) -> bool:
        """Wait up to `seconds` for the end; return True if the work has ended."""
        done, _ = await asyncio.wait([self._task], timeout=seconds)
        return bool(done)

    async def stop(self) -> None:
        """Cancel the work and wait for its end."""
        self._task.cancel()
        await asyncio.wait([self._task])
