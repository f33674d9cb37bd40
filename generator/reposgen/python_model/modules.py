"""Assembly of a package's modules from the built queries and classes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reposgen.analysis.types import parts as type_parts
from reposgen.live_schema.model import (
    ArrayType,
    CompositeType,
    DomainType,
    EnumType,
    PseudoType,
)
from reposgen.models import dataclass
from reposgen.python_model.classes import (
    composite_class,
    domain_type,
    enum_class,
    is_nullable,
    model_class,
)
from reposgen.python_model.contract import contract_module
from reposgen.python_model.model.elements import Protocol, Repository
from reposgen.python_model.model.modules import (
    DatabaseAttribute,
    ErrorsModule,
    InitModule,
    ModelsModule,
    QueriesModule,
)
from reposgen.python_model.model.pytype import (
    COMPOSITE,
    HIDDEN,
    MODULE_NAME,
    PACKAGE,
    PROTOCOL,
    Symbol,
    runtime,
)
from reposgen.python_model.model.values import Constant, Entries, construct
from reposgen.python_model.types import spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reposgen.python_model.column_types import NamedTypes
    from reposgen.python_model.commands import ApiFlavor
    from reposgen.python_model.context import Context
    from reposgen.python_model.layout import FileLayout
    from reposgen.python_model.model.elements import (
        ConstraintError,
        RowClass,
    )
    from reposgen.python_model.model.modules import AnyModule
    from reposgen.python_model.model.values import Construct, TypeName, Value
    from reposgen.python_model.queries import BuiltQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything that the modules are assembled from.

    Attributes:
        name: the package's name.
        tenant: the setting that row-level security reads.
        names_statements: True if statements end with their names in a comment.
        has_migration: True if it exports the run time's `RepositoryMigration`.
        has_contract: True if it carries what `verify` compares.
        files: for each .sql file, its names and its built queries.
        named: constants for column types.
    """

    name: str
    tenant: str | None
    names_statements: bool
    has_migration: bool
    has_contract: bool
    context: Context
    errors: tuple[ConstraintError, ...]
    files: tuple[tuple[FileLayout, tuple[BuiltQuery, ...]], ...]
    named: NamedTypes

    @property
    def package(self) -> Symbol:
        """The constant PACKAGE in models.py."""
        return self.symbol("models", "PACKAGE")

    def symbol(self, module: str, name: str) -> Symbol:
        """Return a name in a module of the package."""
        return Symbol(module=f"{self.name}.{module}", name=name, generated=True)


def shared_modules(parts: Parts) -> Iterator[AnyModule]:
    """Yield models.py, and schema_contract.py and errors.py if the package has them."""
    yield models_module(parts)
    if parts.has_contract:
        layouts = [layout for layout, _ in parts.files]
        yield contract_module(parts.name, layouts, parts.context.catalog)
    if parts.errors:
        yield ErrorsModule(
            path=f"{parts.name}.errors",
            doc=f"The constraints of package {parts.name} as exceptions.",
            errors=parts.errors,
        )


def models_module(parts: Parts) -> ModelsModule:
    """Return models.py."""
    registry, naming = parts.context.registry, parts.context.naming
    types = registry.used_types
    tables = (model_class(r, registry, naming) for r in registry.relations)
    composites = (
        composite_class(t, registry, naming)
        for t in types
        if isinstance(t, CompositeType) and t.relation not in registry.models
    )
    domains = sorted(
        (
            t
            for t in types
            if isinstance(t, DomainType) and t.oid in registry.types.classes
        ),
        key=lambda t: (sum(1 for _ in type_parts(t)), t.name),
    )
    return ModelsModule(
        path=f"{parts.name}.models",
        doc=f"The rows and types of package {parts.name}.",
        enums=tuple(
            enum_class(t, registry, naming)
            for t in types
            if isinstance(t, EnumType) and registry.types.classes[t.oid].generated
        ),
        domains=tuple(
            domain_type(t, registry, naming) for t in domains if not _holds_rows(t)
        ),
        rows=_ordered((*composites, *tables)),
        row_domains=tuple(
            domain_type(t, registry, naming) for t in domains if _holds_rows(t)
        ),
        column_types=parts.named.of_models,
        package=_package(parts),
    )


def _holds_rows(type_: DomainType) -> bool:
    return any(isinstance(part, CompositeType) for part in type_parts(type_))


def _ordered(rows: tuple[RowClass, ...]) -> tuple[RowClass, ...]:
    return tuple(sorted(rows, key=lambda row: row.symbol.name))


def _package(parts: Parts) -> Constant[Construct]:
    """Return the description of the database for the run time."""
    registry = parts.context.registry
    enums: list[tuple[Value, Value]] = []
    composites: list[tuple[Value, Value]] = []
    others = []
    for type_ in registry.used_types:
        name = spelling(type_)
        match type_:
            case EnumType():
                enums.append((name, registry.types.classes[type_.oid]))
            case CompositeType():
                composites.append((name, _composite(type_, parts)))
            case ArrayType() | PseudoType():
                pass
            case _ if type_.schema != "pg_catalog":
                others.append(name)
            case _:
                pass
    constraints = [(key, error.symbol) for error in parts.errors for key in error.keys]
    return Constant(
        symbol=parts.package,
        value=construct(
            PACKAGE,
            parts.name,
            enums=_entries(enums),
            composites=_entries(composites),
            required=_entries(_required_fields(parts)),
            types=tuple(others),
            constraints=_entries(constraints),
            tenant=parts.tenant,
            names_statements=parts.names_statements or None,
            module=MODULE_NAME if parts.has_contract else None,
        ),
    )


def _entries(items: Iterable[tuple[Value, Value]]) -> Entries | None:
    """Return a dict; None if it would be empty."""
    found = tuple(items)
    return Entries(found) if found else None


def _required_fields(parts: Parts) -> Iterator[tuple[Value, Value]]:
    """Yield the fields of tables' rows that are never None, by their database names."""
    registry, naming = parts.context.registry, parts.context.naming
    for type_ in registry.used_types:
        relation = (
            parts.context.catalog.relations.get(type_.relation or 0)
            if isinstance(type_, CompositeType)
            else None
        )
        if relation is None or relation.oid not in registry.models:
            continue
        fields = tuple(
            column.name
            for column in relation.columns
            if not is_nullable(column, naming)
        )
        if fields:
            yield spelling(type_), fields


def _composite(type_: CompositeType, parts: Parts) -> Construct:
    fields = tuple(_fields(type_, parts.context))
    symbol = parts.context.registry.types.classes[type_.oid]
    return construct(COMPOSITE, symbol, Entries(fields))


def _fields(type_: CompositeType, context: Context) -> Iterator[tuple[str, TypeName]]:
    """Yield the attributes' names and types, as the run time matches them."""
    naming, types = context.naming, context.registry.types
    relation = context.catalog.relations.get(type_.relation or 0)
    numbers = (
        {c.name: (relation.oid, c.number) for c in relation.columns} if relation else {}
    )
    for field in type_.fields:
        key = numbers.get(field.name, (0, 0))
        override = naming.overrides.columns.get(key) or naming.overrides.fields.get(
            (type_.oid, field.name)
        )
        name = types.name(field.type, override)
        if key in naming.secrets:
            name = construct(HIDDEN, name)
        yield field.name, name


def flavor_modules(
    parts: Parts, flavor: ApiFlavor, below: str, *, first: bool
) -> Iterator[AnyModule]:
    """Yield the modules of one flavor.

    Args:
        parts: parts of the package.
        flavor: async or sync.
        below: package of the modules: `demo`, `demo.sync`.
        first: True if the statements and classes are defined in these modules.
    """
    of_files = parts.named.of_files
    for (layout, built), types in zip(parts.files, of_files, strict=True):
        doc = f"Queries of {layout.path}."
        yield QueriesModule(
            path=f"{below}.{layout.module}",
            origin=layout.path,
            doc=doc,
            queries=tuple(b.query for b in built) if first else (),
            column_types=types if first else (),
            repository=Repository(
                symbol=_in(f"{below}.{layout.module}", layout.repository),
                doc=doc,
                methods=tuple(b.call(flavor) for b in built),
                runner=_runner(built, flavor),
                source=runtime("Source", flavor.runtime),
                package=parts.package,
            ),
            protocols=_protocols(layout, built, flavor, below),
        )
    yield _init_module(parts, flavor, below, first=first)


def _protocols(
    layout: FileLayout, built: Sequence[BuiltQuery], flavor: ApiFlavor, below: str
) -> tuple[Protocol, ...]:
    """Return the protocols of a repository: of its reads, its writes, and both."""
    module = f"{below}.{layout.module}"
    reads, writes = (
        Protocol(
            symbol=_in(module, name),
            doc=f"{which} of {layout.repository}.",
            methods=tuple(b.signature(flavor) for b in built if b.only_reads is reads),
        )
        for name, which, reads in (
            (layout.read_protocol, "Reads", True),
            (layout.write_protocol, "Writes", False),
        )
    )
    whole = Protocol(
        symbol=_in(module, layout.protocol),
        doc=f"Interface of {layout.repository}.",
        bases=(reads.symbol, writes.symbol, PROTOCOL),
    )
    return (reads, writes, whole)


def _init_module(
    parts: Parts, flavor: ApiFlavor, below: str, *, first: bool
) -> InitModule:
    exports = []
    if parts.has_migration:
        exports.append(runtime("RepositoryMigration", f"{flavor.runtime}.migration"))
    for layout, built in parts.files:
        exports.append(_in(f"{below}.{layout.module}", layout.repository))
        protocols = layout.protocol, layout.read_protocol, layout.write_protocol
        exports += [_in(f"{below}.{layout.module}", name) for name in protocols]
        if first:
            rows = (
                c
                for b in built
                for c in (*b.query.nested, b.query.row, b.query.params)
                if c
            )
            exports += [row.symbol for row in rows]
    if first:
        # What several files call alike has to be imported from their modules.
        called = Counter(symbol.name for symbol in exports)
        exports = [symbol for symbol in exports if called[symbol.name] == 1]
        registry = parts.context.registry
        exports += [registry.models[r.oid] for r in registry.relations]
        classes = registry.types.classes
        used = (classes[t.oid] for t in registry.used_types if t.oid in classes)
        exports += {symbol for symbol in used if symbol.generated}
        exports += [error.symbol for error in parts.errors]
    return InitModule(
        path=f"{below}.__init__",
        doc=f"The repositories of package {below}.",
        symbol=_in(below, "Database"),
        base=_base(parts, flavor),
        settings=runtime("Settings"),
        package=parts.package,
        protocol=_in(below, "DatabaseProtocol"),
        protocol_bases=(
            runtime("TransactionSource", f"{flavor.runtime}.protocols"),
            PROTOCOL,
        ),
        attributes=tuple(
            DatabaseAttribute(
                name=layout.attribute,
                repository=_in(f"{below}.{layout.module}", layout.repository),
                protocol=_in(f"{below}.{layout.module}", layout.protocol),
            )
            for layout, _ in parts.files
        ),
        exports=tuple(sorted(set(exports), key=lambda symbol: symbol.name)),
    )


def _runner(built: Sequence[BuiltQuery], flavor: ApiFlavor) -> Symbol:
    if any(query.typed.buffer for query in built):
        return runtime("BufferedRunner", f"{flavor.runtime}.buffered")
    return runtime("Runner", flavor.runtime)


def _base(parts: Parts, flavor: ApiFlavor) -> Symbol:
    if any(query.typed.buffer for _, built in parts.files for query in built):
        return runtime("BufferedDatabase", f"{flavor.runtime}.buffered")
    return runtime("Database", flavor.runtime)


def _in(module: str, name: str) -> Symbol:
    return Symbol(module=module, name=name, generated=True)
