"""Fixtures; their twins in aio/ are written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.runtime.shop import PACKAGE
from tests.runtime.sync.repositories import Database

from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.proxy import Proxy


@pytest.fixture
def db(conninfo: str, *, use_cursors: bool) -> Iterator[Database]:
    with Database.open(
        conninfo, use_cursors=use_cursors, max_size=4, timeout=20
    ) as database:
        yield database


@pytest.fixture
def distant(proxy: Proxy, *, use_cursors: bool) -> Iterator[Database]:
    """The same through the proxy."""
    through = proxy.conninfo
    with Database.open(
        through, use_cursors=use_cursors, max_size=4, timeout=20
    ) as database:
        yield database


@pytest.fixture
def run(db: Database) -> Runner:
    return Runner(db, PACKAGE)
