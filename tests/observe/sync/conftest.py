"""Fixtures; their twins in aio/ are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def observed_connection(conninfo: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection of the caller's own."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection
