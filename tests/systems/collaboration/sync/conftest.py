"""Fixtures; their twins in aio/ are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generated.collaboration.sync import Database
from tests.systems.data import id_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID


@pytest.fixture
def db(tenant_url: Callable[[UUID], str]) -> Iterator[Database]:
    """For the first tenant."""
    tenant = id_of("tenant", 1)
    conninfo = tenant_url(tenant)
    with (
        Database.open(conninfo, max_size=4, timeout=20) as database,
        database.tenant(tenant),
    ):
        yield database


@pytest.fixture
def other(tenant_url: Callable[[UUID], str]) -> Iterator[Database]:
    """For the second tenant."""
    tenant = id_of("tenant", 2)
    conninfo = tenant_url(tenant)
    with (
        Database.open(conninfo, max_size=4, timeout=20) as database,
        database.tenant(tenant),
    ):
        yield database


@pytest.fixture
def owner(url: str) -> Iterator[Database]:
    """For the owner of the tables, who sees all tenants' rows."""
    with (
        Database.open(url, max_size=4, timeout=20) as database,
        database.tenant(id_of("tenant", 1)),
    ):
        yield database
