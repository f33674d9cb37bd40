"""Statements as constants of generated modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.python_model.model.pytype import (
    BUFFERING,
    COPY_INTO,
    FINAL,
    OPTIMISTIC,
    STATEMENT,
    Symbol,
)

if TYPE_CHECKING:
    from reposgen.python_model.model.elements import TypeName
    from reposgen.python_model.model.pytype import PyType
    from reposgen.python_model.model.variants import Variants


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTarget:
    """Where a COPY goes: names quoted for SQL.

    Attributes:
        staged: the table is a temporary one.
    """

    table: str
    columns: tuple[str, ...]
    staged: bool
    maker: Symbol = COPY_INTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffering:
    """How rows wait to be written together; `interval` in seconds."""

    size: int
    interval: float
    limit: int
    drops: bool
    maker: Symbol = BUFFERING


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimistic:
    """How a write that met no row asks why.

    Attributes:
        sql: of the probe; `parameters` and `result` are its types.
        arguments: indexes of the statement's arguments that it takes.
        expected: index of the argument that is the version.
    """

    name: str
    sql: str
    parameters: tuple[TypeName, ...]
    result: TypeName
    arguments: tuple[int, ...]
    expected: int
    inserts: bool
    maker: Symbol = OPTIMISTIC
    statement: Symbol = STATEMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTypes:
    """A constant that holds the types of a row class's columns, in their order."""

    symbol: Symbol
    types: tuple[TypeName, ...]
    final: Symbol = FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementConstant:
    """What the run time knows of a query.

    Attributes:
        name: `tasks.get_task`.
        sql: in one, or cut up.
        result: the statement's type parameter, where `row` does not tell it.
        results: the types of its columns; empty where `column_types` names them.
        column_types: a constant that holds them.
        row: class or builder, called positionally with a row's values.
        arguments: names of the method's, where `fields` does not name them.
        timeout: seconds.
        replica: a replica may run it.
    """

    symbol: Symbol
    name: str
    sql: str | Variants
    result: PyType | None
    parameters: tuple[TypeName, ...]
    results: tuple[TypeName, ...]
    row: Symbol | None
    fields: tuple[str, ...]
    arguments: tuple[str, ...]
    copy: CopyTarget | None
    optimistic: Optimistic | None
    read_only: bool
    locks_rows: bool
    timeout: float | None = None
    replica: bool = True
    buffer: Buffering | None = None
    column_types: Symbol | None = None
    final: Symbol = FINAL
    maker: Symbol = STATEMENT
