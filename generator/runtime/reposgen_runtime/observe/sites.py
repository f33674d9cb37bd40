"""The place in the program that a call comes from."""

from __future__ import annotations

import asyncio
import sys
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import FrameType

_OWN: Final = __name__.rpartition(".observe.")[0]
# Code that only passes calls on.
_BETWEEN: Final = frozenset(
    {"anyio", "concurrent", "contextlib", "functools", "threading", "trio"}
)
# Where a task begins: what is above has nothing to do with it.
_LOOPS: Final = "asyncio"


def call_site(method: str) -> str:
    """Return the place that calls a repository's method: `app/tasks.py:12 in f`.

    Of a coroutine that was handed to the event loop, as `asyncio.gather` does, it is
    the place that made it, if `sys.set_coroutine_origin_tracking_depth` is on.

    Args:
        method: name of the method.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 -- documented
    is_generated = False
    while frame is not None:
        name: str = frame.f_globals.get("__name__", "")
        root = name.partition(".")[0]
        if root == _LOOPS:
            break
        if name.startswith(f"{_OWN}.") or root in _BETWEEN:
            frame = frame.f_back
            continue
        code = frame.f_code
        if not is_generated and code.co_name == method:
            # The generated method itself.
            is_generated = True
            frame = frame.f_back
            continue
        return f"{code.co_filename}:{frame.f_lineno} in {code.co_name}"
    return _origin() or "unknown"


def _origin() -> str | None:
    """Return where the coroutine of the running task was made."""
    try:
        task: asyncio.Task[Any] | None = asyncio.current_task()
    except RuntimeError:
        return None
    coroutine = None if task is None else task.get_coro()
    if not isinstance(coroutine, CoroutineType) or coroutine.cr_origin is None:
        return None
    file, line, function = next(iter(coroutine.cr_origin))
    return f"{file}:{line} in {function}"
