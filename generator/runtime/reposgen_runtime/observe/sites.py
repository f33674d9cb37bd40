"""The place in the program that a call comes from."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import FrameType

    from . import Call

# Code that only passes calls on.
_BETWEEN: Final = frozenset(
    {"anyio", "concurrent", "contextlib", "functools", "threading", "trio"}
)
# Where a task begins: what is above has nothing to do with it.
_LOOPS: Final = "asyncio"


def call_site(call: Call, method: str) -> str:
    """Return the place that calls a repository's method: `app/tasks.py:12 in f`.

    Of a coroutine that was handed to the event loop, as `asyncio.gather` does, it is
    the place that made it, if `sys.set_coroutine_origin_tracking_depth` is on.

    Args:
        call: that has just begun, or one that it is part of.
        method: name of the method.
    """
    # The run time that the method runs on: a package can have a copy of its own.
    own = f"{type(call).__module__.rpartition('.')[0]}."
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 -- documented
    # The observer that asks, then the run time, then the generated method.
    while frame is not None and not _module(frame).startswith(own):
        frame = frame.f_back
    while frame is not None and (
        _module(frame).startswith(own) or _root(frame) in _BETWEEN
    ):
        frame = frame.f_back
    if frame is not None and frame.f_code.co_name == method:
        frame = frame.f_back
    while frame is not None and (
        _module(frame).startswith(own) or _root(frame) in _BETWEEN
    ):
        frame = frame.f_back
    if frame is None or _root(frame) == _LOOPS:
        return _origin() or "unknown"
    code = frame.f_code
    return f"{code.co_filename}:{frame.f_lineno} in {code.co_name}"


def _root(frame: FrameType) -> str:
    return _module(frame).partition(".")[0]


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _origin() -> str | None:
    """Return where the coroutine of the running task was made."""
    try:
        task: asyncio.Task[Any] | None = asyncio.current_task()
    except RuntimeError:
        return None
    coroutine = None if task is None else task.get_coro()
    if not isinstance(coroutine, CoroutineType) or coroutine.cr_origin is None:
        return None
    for file, line, function in coroutine.cr_origin:
        if Path(file).parent.name not in _BETWEEN | {_LOOPS}:
            return f"{file}:{line} in {function}"
    return None
