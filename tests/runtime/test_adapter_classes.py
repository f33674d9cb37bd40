"""Classes of adapters: psycopg keeps each for good, so no Database makes its own."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import psycopg
from psycopg.adapt import Dumper, Loader
from tests.faults import drift

from reposgen_runtime import Settings
from reposgen_runtime.sync import Database, Runner

if TYPE_CHECKING:
    from collections.abc import Callable


def count_classes() -> int:
    """The classes of adapters alive, found from their bases alone."""
    gc.collect()
    found: set[type] = set()
    left: list[type] = [Dumper, Loader]
    while left:
        new: set[type] = set(type.__subclasses__(left.pop())) - found
        found |= new
        left += new
    return len(found)


def read_all_types(conninfo: str) -> None:
    settings = Settings(conninfo=conninfo, min_size=1, max_size=1)
    with Database(settings, package=drift.PACKAGE) as database:
        run = Runner(database, drift.PACKAGE)
        assert run.many(drift.WHOLE, (1,))
        assert run.many(drift.HOMES, (1,))
        assert run.many(drift.BY_MOOD, (drift.Mood.OK,))


def test_another_database_makes_no_other_classes(
    make_database: Callable[[str], str],
) -> None:
    conninfo = make_database("")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET client_min_messages = error")
        connection.execute(drift.SCHEMA)
    read_all_types(conninfo)
    before = count_classes()
    for _ in range(3):
        read_all_types(conninfo)
    assert count_classes() == before
