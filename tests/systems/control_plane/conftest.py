"""Fixtures of the asynchronous and synchronous tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.systems.data import System


@pytest.fixture
def url(
    request: pytest.FixtureRequest, filled_system: Callable[[System, int], str]
) -> str:
    """An empty system, or that of `filled`."""
    if "filled" in request.fixturenames:
        return filled_system("control_plane", 100)
    url: str = request.getfixturevalue("empty_system")
    return url


@pytest.fixture
def admin(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection beside the package: to arrange what it can't, and to check."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def filled(admin: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """`admin`, with 2 organizations, their 40 users, and 100 requests in the tables.

    For tests that read: others find the same rows.
    """
    return admin
