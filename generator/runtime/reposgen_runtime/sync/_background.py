"""Background threads; the counterpart in aio/ is written by hand."""

from __future__ import annotations

import os
from contextvars import Context
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ELSEWHERE", "Condition", "Worker", "here", "wait"]

ELSEWHERE: Final = "this Database was opened in another process: open one here"


def here() -> object:
    """Return the current process."""
    return os.getpid()


def wait(condition: Condition, seconds: float | None) -> None:
    """Wait until the condition is notified or the time is over."""
    condition.wait(seconds)


class Worker:
    """A thread that inherits no context from the code that started it."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._thread = Thread(target=Context().run, args=(work,), daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Wait up to `seconds` for the end; return True if the work has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Do nothing, because a thread cannot be stopped from outside."""
