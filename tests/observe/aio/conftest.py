"""Fixtures; their twins in sync/ are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from psycopg import AsyncConnection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def observed_connection(conninfo: str) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection of the caller's own."""
    connection = await AsyncConnection.connect(conninfo, autocommit=True)
    async with connection:
        yield connection
