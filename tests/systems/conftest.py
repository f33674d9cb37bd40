"""Fixtures that the tests of all four systems share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import psycopg
import pytest
from tests.conftest import url_of
from tests.systems.coverage_of_generated import recording
from tests.systems.data import fill
from tests.systems.databases import create_system, drop_system, empty

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.systems.data import System

    UrlOfSystem: TypeAlias = Callable[[System, int], str]


@pytest.fixture(autouse=True)
def coverage_of_generated() -> Iterator[None]:
    """Records which lines of generated/ the test executes, for test_coverage.py."""
    with recording():
        yield


@pytest.fixture(scope="session")
def system_databases(server: str) -> Iterator[UrlOfSystem]:
    """Gives the URL of a system's database with a data set of a size, 0 for none."""
    made: dict[tuple[System, int], str] = {}
    with psycopg.connect(server, autocommit=True) as admin:

        def url(system: System, size: int) -> str:
            name = made.get((system, size))
            if name is None:
                name = made[system, size] = create_system(admin, system)
                if size:
                    with psycopg.connect(url_of(server, name)) as connection:
                        fill(connection, system, size)
            return url_of(server, name)

        yield url
        for name in made.values():
            drop_system(admin, name)


@pytest.fixture
def system_url(system_databases: UrlOfSystem) -> UrlOfSystem:
    """The same; of size 0 empty again, while the others are for reading alone."""

    def url(system: System, size: int) -> str:
        conninfo = system_databases(system, size)
        if not size:
            with psycopg.connect(conninfo) as connection:
                empty(connection)
        return conninfo

    return url
