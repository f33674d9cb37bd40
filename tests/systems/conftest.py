"""Fixtures that the tests of all four systems share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import psycopg
import pytest
from tests.systems.coverage_of_generated import recording
from tests.systems.data import fill
from tests.systems.databases import create_system, drop_system, empty

from reposgen.testing.databases import url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.systems.data import System

    FilledSystem: TypeAlias = Callable[[System, int], str]


HERE: Final = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell the project's pytest plugin the package whose database a test gets.

    One database for all tests of a process: a clone for each would take longer than
    most of them.
    """
    for item in items:
        if item.path.is_relative_to(HERE) and item.path.parent != HERE:
            system = item.path.relative_to(HERE).parts[0]
            item.add_marker(pytest.mark.reposgen(package=system, mode="transaction"))


@pytest.fixture(autouse=True)
def coverage_of_generated() -> Iterator[None]:
    """Records which lines of generated/ the test executes, for test_coverage.py."""
    with recording():
        yield


@pytest.fixture(scope="session")
def filled_system(server: str) -> Iterator[FilledSystem]:
    """Gives the URL of a system's database with a data set of a size, to be read."""
    made: dict[tuple[System, int], str] = {}
    with psycopg.connect(server, autocommit=True) as admin:

        def url(system: System, size: int) -> str:
            name = made.get((system, size))
            if name is None:
                name = made[system, size] = create_system(admin, system)
                with psycopg.connect(url_of(server, name)) as connection:
                    fill(connection, system, size)
            return url_of(server, name)

        yield url
        for name in made.values():
            drop_system(admin, name)


@pytest.fixture
def empty_system(reposgen_url: str) -> str:
    """The URL of the database that the plugin made, with no rows."""
    with psycopg.connect(reposgen_url) as connection:
        empty(connection)
    return reposgen_url
