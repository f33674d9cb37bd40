"""Base of generated factories: `make.task(title="…")` inserts a valid row.

A factory fills omitted columns with DEFAULTs, with values that satisfy the table's
constraints, and with rows of the tables that its foreign keys refer to.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from psycopg import sql

from reposgen.models import dataclass
from reposgen.testing.factories.rows import (
    RowMaker,
    insert_statement,
    stage,
    together,
)
from reposgen.testing.problems import TestingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import ModuleType

    import psycopg

    from reposgen.testing.factories.rows import Row
    from reposgen.testing.factories.tables import Table

R = TypeVar("R")

__all__ = ["Factories", "Factory", "Session", "Target", "open_factories"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The connection on which factories insert rows, with the tables of its database.

    Attributes:
        connection: a connection in autocommit mode, or in a transaction.
        tables: tables of its database, by oid.
        seed: the same seed makes the same rows.
    """

    connection: psycopg.Connection[Any]
    tables: Mapping[int, Table]
    seed: str


class Target(Generic[R]):
    """The table that a factory inserts into.

    Args:
        schema: schema of the table.
        name: name of the table.
        row: called with the values of one row by position.
        columns: the type name of each column, in the order that `row` takes.
        names: column names by their different names in Python.
    """

    def __init__(
        self,
        schema: str,
        name: str,
        row: Callable[..., R],
        columns: Mapping[str, str],
        names: Mapping[str, str] | None = None,
    ) -> None:
        self.schema = schema
        self.name = name
        self.row = row
        self.columns = columns
        self.names = names or {}


class Factories:
    """The factories of a package.

    Args:
        session: session that rows are inserted with.
        package: the generated `PACKAGE`.
        runner: the run time's `Runner`.
        statement: the run time's `Statement`.
    """

    def __init__(
        self,
        session: Session,
        package: Any,  # noqa: ANN401 -- the run time may be vendored
        runner: Any,  # noqa: ANN401 -- as above
        statement: Any,  # noqa: ANN401 -- as above
    ) -> None:
        self._session = session
        self._package = package
        self._statement = statement
        self._run = runner(session.connection, package)
        self._rows = RowMaker(session.connection, session.tables, session.seed)
        self._statements: dict[tuple[str, str], Any] = {}

    def insert(
        self, target: Target[R], count: int, values: Mapping[str, object]
    ) -> list[R]:
        """Insert rows into a table, and all rows that they need.

        Args:
            target: the table.
            count: number of rows.
            values: values by the columns' names in Python, the same for all rows.

        Raises:
            TestingError: a CHECK needs a value, or the server refuses a needed row.
            RepositoryError: the server refuses a row.
        """
        __tracebackhide__ = True
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        table = self._table(target)
        given = self._as_texts(target, table, values)
        connection = self._session.connection
        returning = ", ".join(
            sql.Identifier(name).as_string(connection) for name in target.columns
        )

        def fetch(needed: Sequence[Row], rows: Sequence[Row]) -> list[R]:
            if needed:
                text, texts = together(needed, rows, connection, returning)
                statement = self._made(target, text, len(texts))
            elif len(rows) > 1:
                texts = []
                text = stage(table, connection, rows, returning)
                statement = self._made(target, text, 0)
            else:
                texts = [rows[0].values[c.name] for c in table.insertable]
                key = (target.schema, target.name)
                if key not in self._statements:
                    text = insert_statement(table, connection, returning)
                    self._statements[key] = self._made(target, text, len(texts))
                statement = self._statements[key]
            found: list[R] = self._run.many(statement, texts)
            return found

        return self._rows.insert(table, count, given, fetch)

    def _made(self, target: Target[Any], text: str, parameters: int) -> Any:  # noqa: ANN401 -- as above
        return self._statement(
            f"factories.{target.name}",
            text,
            parameters=("text",) * parameters,
            results=(*target.columns.values(),),
            row=target.row,
        )

    def _table(self, target: Target[Any]) -> Table:
        for table in self._session.tables.values():
            if (table.schema, table.name) == (target.schema, target.name):
                return table
        raise TestingError(
            f"the database has no table {target.schema}.{target.name}\n"
            "hint: run reposgen generate"
        )

    def _as_texts(
        self, target: Target[Any], table: Table, values: Mapping[str, object]
    ) -> dict[str, str | None]:
        """Return values in PostgreSQL's text format."""
        columns = {column.name: column for column in table.insertable}
        given = {target.names.get(name, name): value for name, value in values.items()}
        unknown = [name for name in given if name not in columns]
        if unknown:
            raise TypeError(
                f"{target.name} has no column {unknown[0]!r} that takes a value: it has"
                f" {', '.join(columns)}"
            )
        if not given:
            return {}
        selected = ", ".join(
            f"(${number}::{columns[name].sql})::text"
            for number, name in enumerate(given, start=1)
        )
        statement = self._statement(
            f"factories.{target.name}",
            f"SELECT ARRAY[{selected}]",
            parameters=tuple(target.columns[name] for name in given),
            results=("text[]",),
        )
        texts: list[str | None] = self._run.one(statement, [*given.values()])
        return dict(zip(given, texts, strict=True))


class Factory(Generic[R]):
    """Factory of one table's rows.

    Args:
        factories: the factories of the package.
    """

    table: ClassVar[Target[Any]]

    def __init__(self, factories: Factories) -> None:
        self._factories = factories

    def insert(self, count: int, values: Mapping[str, object]) -> list[R]:
        """Insert rows with these values, and all rows that they need."""
        __tracebackhide__ = True
        return self._factories.insert(self.table, count, values)


def open_factories(module: ModuleType, session: Session) -> Any:  # noqa: ANN401 -- generated
    """Return the factories of a generated package.

    Raises:
        TestingError: the package was generated without factories.
    """
    name = f"{module.__name__}.factories"
    try:
        made = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if missing.name != name:
            raise
        package = module.__name__.rpartition(".")[2]
        raise TestingError(
            f"package {package} has no factories\n"
            "hint: add factories = true to the package in codegen.toml, and run"
            " reposgen generate"
        ) from None
    return made.Make(session)
