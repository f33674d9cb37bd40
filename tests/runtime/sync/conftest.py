"""Fixtures; their twins in aio/ are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.runtime.shop import PACKAGE
from tests.runtime.sync.repositories import Database

from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def db(conninfo: str, use_cursors: bool) -> Iterator[Database]:
    with Database.open(
        conninfo, use_cursors=use_cursors, max_size=4, timeout=20
    ) as database:
        yield database


@pytest.fixture
def run(db: Database) -> Runner:
    """What a generated repository has within."""
    return Runner(db, PACKAGE)
