"""Modules, and the package that they make."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.python_model.model.pytype import COMPOSITE, FINAL, PACKAGE, Symbol

if TYPE_CHECKING:
    from reposgen.diagnostics import Diagnostic
    from reposgen.python_model.model.elements import (
        ConstraintError,
        DomainType,
        EnumClass,
        Protocol,
        Query,
        Repository,
        RowClass,
        TypeName,
    )
    from reposgen.python_model.model.statements import ColumnTypes


def _testing(name: str) -> Symbol:
    return Symbol(module="reposgen.testing.factories", name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A file.

    Attributes:
        path: its place in the output directory: `demo.sync.tasks`, `demo.__init__`.
        origin: the file it was made from, for the header line; or empty.
        doc: the docstring.
    """

    path: str
    origin: str = ""
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsModule(Module):
    """models.py.

    Attributes:
        domains: each after those that it is a domain over.
        row_domains: those over composite types, whose classes must come first.
        column_types: of the classes that statements return.
    """

    enums: tuple[EnumClass, ...]
    domains: tuple[DomainType, ...]
    rows: tuple[RowClass, ...]
    row_domains: tuple[DomainType, ...]
    column_types: tuple[ColumnTypes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsModule(Module):
    """errors.py."""

    errors: tuple[ConstraintError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeEntry:
    """A PostgreSQL type and what stands for it."""

    type: str
    symbol: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeEntry(TypeEntry):
    """A composite type, what stands for it, and its attributes' names and types."""

    fields: tuple[tuple[str, TypeName], ...]
    maker: Symbol = COMPOSITE


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintEntry:
    """A constraint and its exception."""

    key: tuple[str, str, str]
    symbol: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredFields:
    """The fields of a table's rows that are never None, by their names there."""

    type: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaModule(Module):
    """schema.py.

    Attributes:
        symbol: of the constant `PACKAGE`.
        name: the package's.
        composites: with what builds their values.
        required: of the row types of tables among them, the fields that are never
            None in their class.
        types: the other types of the user's that statements mention.
        tenant: the setting that row-level security reads.
    """

    symbol: Symbol
    name: str
    enums: tuple[TypeEntry, ...]
    composites: tuple[CompositeEntry, ...]
    required: tuple[RequiredFields, ...]
    types: tuple[str, ...]
    constraints: tuple[ConstraintEntry, ...]
    tenant: str | None = None
    final: Symbol = FINAL
    maker: Symbol = PACKAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class QueriesModule(Module):
    """The queries of one .sql file.

    Attributes:
        queries: empty where they are imported from the module of the other colour.
        column_types: of the classes that several of the statements return.
    """

    queries: tuple[Query, ...]
    repository: Repository
    column_types: tuple[ColumnTypes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolsModule(Module):
    """protocols.py."""

    protocols: tuple[Protocol, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAttribute:
    """`self.tasks = TaskRepository(self)`."""

    name: str
    repository: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class InitModule(Module):
    """__init__.py.

    Attributes:
        symbol: of the class `Database`.
        settings: the class that it is made from.
        exports: what else the package offers, by name.
    """

    symbol: Symbol
    base: Symbol
    settings: Symbol
    package: Symbol
    attributes: tuple[DatabaseAttribute, ...]
    exports: tuple[Symbol, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """`__all__`."""
        return tuple(sorted({self.symbol.name, *(s.name for s in self.exports)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """What makes rows of one table, for tests.

    Attributes:
        attribute: of the factories as a whole.
        values: the class of what a call may give.
        columns: the columns' names and types.
        names: names in Python and in the database, where they differ.
        constructor: makes a row of its values.
    """

    symbol: Symbol
    attribute: str
    values: RowClass
    row: Symbol
    constructor: Symbol
    schema: str
    table: str
    columns: tuple[tuple[str, TypeName], ...]
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoriesModule(Module):
    """factories.py.

    Attributes:
        symbol: of the class that has all of them.
    """

    symbol: Symbol
    factories: tuple[Factory, ...]
    package: Symbol
    runner: Symbol
    statement: Symbol
    base: Symbol = _testing("Factories")
    factory: Symbol = _testing("Factory")
    session: Symbol = _testing("Session")
    target: Symbol = _testing("Target")
    unpack: Symbol = Symbol(module="typing", name="Unpack")


AnyModule = (
    ModelsModule
    | ErrorsModule
    | SchemaModule
    | QueriesModule
    | ProtocolsModule
    | InitModule
    | FactoriesModule
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One generated package.

    Attributes:
        diagnostics: mistakes that came to light here; the queries concerned are
            left out.
    """

    name: str
    modules: tuple[AnyModule, ...]
    diagnostics: tuple[Diagnostic, ...] = field(default=())
