"""Modules of a generated package."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.python_model.model.pytype import PROPERTY, Symbol, testing

if TYPE_CHECKING:
    from reposgen.diagnostics import Diagnostic
    from reposgen.python_model.model.caching import Invalidation
    from reposgen.python_model.model.elements import (
        ConstraintError,
        DomainType,
        EnumClass,
        Protocol,
        Query,
        Repository,
        RowClass,
    )
    from reposgen.python_model.model.values import Constant, Construct, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A generated module.

    Attributes:
        path: its path in the output directory: `demo.sync.tasks`, `demo.__init__`.
        origin: the file it was generated from, for the header line; can be empty.
        doc: the docstring.
    """

    path: str
    origin: str = ""
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsModule(Module):
    """The module models.py.

    Attributes:
        domains: domains; each follows the domains that it is based on.
        row_domains: domains over composite types, whose classes must come first.
        column_types: constants for the column types of row classes.
        package: description of the database for the run time.
    """

    enums: tuple[EnumClass, ...]
    domains: tuple[DomainType, ...]
    rows: tuple[RowClass, ...]
    row_domains: tuple[DomainType, ...]
    package: Constant[Construct]
    column_types: tuple[Constant[tuple[Value, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsModule(Module):
    """The module errors.py."""

    errors: tuple[ConstraintError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueriesModule(Module):
    """The module with the queries of one .sql file.

    Attributes:
        queries: the queries; empty if they are imported from the other flavor's module.
        column_types: constants for the column types of row classes that several
            statements return.
    """

    queries: tuple[Query, ...]
    repository: Repository
    protocols: tuple[Protocol, ...]
    column_types: tuple[Constant[tuple[Value, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAttribute:
    """An attribute of Database: `self.tasks = TaskRepository(self)`."""

    name: str
    repository: Symbol
    protocol: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class InitModule(Module):
    """The module __init__.py.

    Attributes:
        symbol: the class `Database`.
        settings: class of the settings that it is made from.
        protocol: the protocol of `Database`.
        protocol_bases: base classes of the protocol.
        exports: other names that the package exports.
    """

    symbol: Symbol
    base: Symbol
    settings: Symbol
    package: Symbol
    protocol: Symbol
    protocol_bases: tuple[Symbol, ...]
    attributes: tuple[DatabaseAttribute, ...]
    exports: tuple[Symbol, ...]
    decorator: Symbol = PROPERTY

    @property
    def all(self) -> tuple[str, ...]:
        """Names in `__all__`."""
        return tuple(
            sorted(
                {self.symbol.name, self.protocol.name, *(s.name for s in self.exports)}
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """A factory of one table's rows, for tests.

    Attributes:
        attribute: its attribute in the class of all factories.
        values: class of the values that a call can pass.
        table: the table's name.
        target: the table to insert into, and how rows are built from values.
    """

    symbol: Symbol
    attribute: str
    values: RowClass
    row: Symbol
    table: str
    target: Construct


@dataclass(frozen=True, slots=True, kw_only=True)
class FactoriesModule(Module):
    """The module factories.py.

    Attributes:
        symbol: the class that has all factories.
    """

    symbol: Symbol
    factories: tuple[Factory, ...]
    package: Symbol
    runner: Symbol
    statement: Symbol
    base: Symbol = testing("Factories")
    factory: Symbol = testing("Factory")
    session: Symbol = testing("Session")
    unpack: Symbol = Symbol(module="typing", name="Unpack")


AnyModule = ModelsModule | ErrorsModule | QueriesModule | InitModule | FactoriesModule


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A generated package.

    Attributes:
        diagnostics: errors found while building the package; the affected queries are
            left out.
        invalidations: which write invalidates which cached read.
    """

    name: str
    modules: tuple[AnyModule, ...]
    invalidations: tuple[Invalidation, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = field(default=())
