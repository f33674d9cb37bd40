"""Modules, and the package that they make."""

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
        package: what the run time must know of the database.
    """

    enums: tuple[EnumClass, ...]
    domains: tuple[DomainType, ...]
    rows: tuple[RowClass, ...]
    row_domains: tuple[DomainType, ...]
    package: Constant[Construct]
    column_types: tuple[Constant[tuple[Value, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorsModule(Module):
    """errors.py."""

    errors: tuple[ConstraintError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueriesModule(Module):
    """The queries of one .sql file.

    Attributes:
        queries: empty where they are imported from the module of the other flavor.
        column_types: of the classes that several of the statements return.
    """

    queries: tuple[Query, ...]
    repository: Repository
    protocols: tuple[Protocol, ...]
    column_types: tuple[Constant[tuple[Value, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseAttribute:
    """`self.tasks = TaskRepository(self)`."""

    name: str
    repository: Symbol
    protocol: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class InitModule(Module):
    """__init__.py.

    Attributes:
        symbol: of the class `Database`.
        settings: the class that it is made from.
        protocol: the interface of `Database`.
        protocol_bases: its base classes.
        exports: what else the package offers, by name.
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
        """`__all__`."""
        return tuple(
            sorted(
                {self.symbol.name, self.protocol.name, *(s.name for s in self.exports)}
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Factory:
    """What makes rows of one table, for tests.

    Attributes:
        attribute: of the factories as a whole.
        values: the class of what a call may give.
        table: the table's name.
        target: what the factory inserts into, and how rows are made of its values.
    """

    symbol: Symbol
    attribute: str
    values: RowClass
    row: Symbol
    table: str
    target: Construct


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
    base: Symbol = testing("Factories")
    factory: Symbol = testing("Factory")
    session: Symbol = testing("Session")
    unpack: Symbol = Symbol(module="typing", name="Unpack")


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractModule(Module):
    """schema_contract.py."""

    contract: Constant[Construct]


AnyModule = (
    ModelsModule
    | ErrorsModule
    | QueriesModule
    | InitModule
    | FactoriesModule
    | ContractModule
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One generated package.

    Attributes:
        diagnostics: mistakes that came to light here; the queries concerned are
            left out.
        invalidations: which write invalidates which cached read.
    """

    name: str
    modules: tuple[AnyModule, ...]
    invalidations: tuple[Invalidation, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = field(default=())
