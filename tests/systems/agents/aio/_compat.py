"""What differs between async and sync; the twin in sync/ is written by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Call: TypeAlias = Callable[[], Awaitable[T]]


async def at_once(*calls: Call[T]) -> list[T]:
    """What the calls give, run at the same time."""
    return await asyncio.gather(*(call() for call in calls))
