"""Fixtures; their twins in sync/ are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generated.agents import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    async with Database.open(url, max_size=4, timeout=20) as database:
        yield database
