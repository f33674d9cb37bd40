"""Fixtures; their twins in sync/ are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.runtime.aio.repositories import Database
from tests.runtime.shop import PACKAGE

from reposgen_runtime.aio import Runner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def db(conninfo: str, use_cursors: bool) -> AsyncIterator[Database]:
    async with Database.open(
        conninfo, use_cursors=use_cursors, max_size=4, timeout=20
    ) as database:
        yield database


@pytest.fixture
def run(db: Database) -> Runner:
    """What a generated repository has within."""
    return Runner(db, PACKAGE)
