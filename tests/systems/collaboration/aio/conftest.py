"""Fixtures; their twins in sync/ are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generated.collaboration import Database
from tests.systems.data import id_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID


@pytest.fixture
async def db(tenant_url: Callable[[UUID], str]) -> AsyncIterator[Database]:
    """For the first tenant."""
    tenant = id_of("tenant", 1)
    conninfo = tenant_url(tenant)
    async with (
        Database.open(conninfo, max_size=4, timeout=20) as database,
        database.tenant(tenant),
    ):
        yield database


@pytest.fixture
async def other(tenant_url: Callable[[UUID], str]) -> AsyncIterator[Database]:
    """For the second tenant."""
    tenant = id_of("tenant", 2)
    conninfo = tenant_url(tenant)
    async with (
        Database.open(conninfo, max_size=4, timeout=20) as database,
        database.tenant(tenant),
    ):
        yield database


@pytest.fixture
async def owner(url: str) -> AsyncIterator[Database]:
    """For the owner of the tables, who sees all tenants' rows."""
    async with (
        Database.open(url, max_size=4, timeout=20) as database,
        database.tenant(id_of("tenant", 1)),
    ):
        yield database
