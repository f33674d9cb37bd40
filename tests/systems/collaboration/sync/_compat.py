"""What differs between async and sync; the twin in aio/ is written by hand."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Call: TypeAlias = Callable[[], T]


def at_once(*calls: Call[T]) -> list[T]:
    """What the calls give, run at the same time."""
    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        # A thread has no blocks of its own: not the tenant's either.
        futures = [pool.submit(copy_context().run, call) for call in calls]
        return [future.result() for future in futures]
