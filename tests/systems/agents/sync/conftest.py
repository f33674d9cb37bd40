"""Fixtures; their twins in aio/ are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generated.agents.sync import Database

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    with Database.open(url, max_size=4, timeout=20) as database:
        yield database
