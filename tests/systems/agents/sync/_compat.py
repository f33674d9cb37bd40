"""What differs between async and sync; the twin in aio/ is written by hand."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Call: TypeAlias = Callable[[], T]


def at_once(*calls: Call[T]) -> list[T]:
    """What the calls give, run at the same time."""
    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
