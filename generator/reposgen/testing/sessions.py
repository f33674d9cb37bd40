"""The generated package's Database, opened for a test."""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Any

import psycopg

from reposgen.testing.problems import TestingError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType

    from reposgen.testing.run import Template


@contextlib.asynccontextmanager
async def open_async(template: Template, url: str) -> AsyncIterator[Any]:
    """Open the package's asynchronous Database on a test's database."""
    async with database_class(template.imported(), "async").open(url) as database:
        yield database


@contextlib.contextmanager
def open_sync(template: Template, url: str) -> Iterator[Any]:
    """Open the package's synchronous Database on a test's database."""
    with database_class(template.imported(), "sync").open(url) as database:
        yield database


@contextlib.asynccontextmanager
async def begin_async(template: Template, url: str) -> AsyncIterator[Any]:
    """Bind the package's asynchronous repositories to one transaction."""
    own = database_class(template.imported(), "async")
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with connection, connection.transaction(force_rollback=True):
        yield TransactionDatabase(connection, own.open(url))


@contextlib.contextmanager
def begin_sync(template: Template, url: str) -> Iterator[Any]:
    """Bind the package's synchronous repositories to one transaction."""
    own = database_class(template.imported(), "sync")
    with (
        psycopg.connect(url, autocommit=True) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield TransactionDatabase(connection, own.open(url))


class TransactionDatabase:
    """A package's repositories on one connection, in a transaction that is rolled back.

    It has the repositories of the generated Database under the same names.

    Attributes:
        connection: the psycopg connection of all repositories.
    """

    def __init__(self, connection: Any, unopened: Any) -> None:  # noqa: ANN401 -- of either API
        self.connection = connection
        for name, value in vars(unopened).items():
            if is_repository(type(value)):
                setattr(self, name, type(value)(connection))

    def transaction(self) -> Any:  # noqa: ANN401 -- of either API
        """Return psycopg's block for a savepoint, which an error rolls back."""
        return self.connection.transaction()

    def blocking(self) -> psycopg.Connection[Any]:
        """Return the connection for synchronous use."""
        if isinstance(self.connection, psycopg.Connection):
            return self.connection
        # The same session: nothing else uses it while a test's own code runs.
        connection = psycopg.Connection(self.connection.pgconn)
        # A name that it prepared could be one that the other prepares.
        connection.prepare_threshold = None
        connection._autocommit = True  # noqa: SLF001 -- asking the server needs no BEGIN
        return connection


def is_repository(kind: type) -> bool:
    """Return True if a class is a generated repository."""
    return "_run" in getattr(kind, "__slots__", ())


def database_class(module: ModuleType, api: str) -> Any:  # noqa: ANN401 -- generated
    """Return the Database of one API of a generated package.

    Raises:
        TestingError: the package was generated without that API.
    """
    method = "__aenter__" if api == "async" else "__enter__"
    if hasattr(module.Database, method):
        return module.Database
    if api == "sync":
        with contextlib.suppress(ModuleNotFoundError):
            return importlib.import_module(f"{module.__name__}.sync").Database
    raise TestingError(
        f"package {module.__name__} has no {api} API\n"
        f'hint: add "{api}" to the package\'s api in codegen.toml'
    )
