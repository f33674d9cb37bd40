"""factories.py: factories of each table's rows, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.config.model import ModelKind
from reposgen.live_schema.model import Generated, RelationKind
from reposgen.python_model.classes import constructor, field_names, is_nullable
from reposgen.python_model.model.elements import Field, RowClass
from reposgen.python_model.model.modules import FactoriesModule, Factory
from reposgen.python_model.model.pytype import Symbol, nullable, runtime, testing
from reposgen.python_model.model.values import Entries, construct
from reposgen.python_model.names import snake_case, unique
from reposgen.python_model.types import Direction

if TYPE_CHECKING:
    from reposgen.live_schema.model import Catalog, Relation, RelationColumn
    from reposgen.python_model.model.pytype import PyType
    from reposgen.python_model.modules import Parts

TARGET = testing("Target")
TYPED_DICT = Symbol(module="typing", name="TypedDict")
_TABLES = (RelationKind.TABLE, RelationKind.PARTITIONED_TABLE)
_COMPUTED = (Generated.ALWAYS_STORED, Generated.ALWAYS_VIRTUAL)
_SYSTEM_SCHEMAS = {"pg_catalog", "information_schema"}


def made_tables(catalog: Catalog) -> tuple[Relation, ...]:
    """Return the tables that get a factory: all but partitions, by schema and name."""
    return tuple(
        sorted(
            (
                relation
                for relation in catalog.relations.values()
                if relation.kind in _TABLES
                and relation.partition_bound is None
                and relation.schema not in _SYSTEM_SCHEMAS
            ),
            key=lambda relation: (relation.schema, relation.name),
        )
    )


def factories_module(parts: Parts) -> FactoriesModule:
    """Return factories.py."""
    path = f"{parts.name}.factories"
    tables = made_tables(parts.context.catalog)
    models = parts.context.registry.models
    attributes = unique(
        (snake_case(models[table.oid].name) for table in tables), {"insert"}
    )
    return FactoriesModule(
        path=path,
        doc=f"Makes rows of package {parts.name}, for tests.",
        symbol=Symbol(module=path, name="Make", generated=True),
        factories=tuple(
            _factory(table, attribute, path, parts)
            for table, attribute in zip(tables, attributes, strict=True)
        ),
        package=parts.package,
        runner=runtime("Runner", "runtime.sync"),
        statement=runtime("Statement"),
    )


def _factory(table: Relation, attribute: str, path: str, parts: Parts) -> Factory:
    registry, naming = parts.context.registry, parts.context.naming
    row = registry.models[table.oid]
    names = field_names(
        (
            naming.renamed(table.schema, table.name, column.name) or column.name
            for column in table.columns
        ),
        registry,
        naming,
    )
    named = [*zip(names, table.columns, strict=True)]
    renamed = tuple((name, c.name) for name, c in named if name != c.name)
    return Factory(
        symbol=Symbol(module=path, name=f"{row.name}Factory", generated=True),
        attribute=attribute,
        values=RowClass(
            symbol=Symbol(module=path, name=f"{row.name}Values", generated=True),
            doc=f"Values of columns of {table.name}.",
            fields=tuple(
                Field(name=name, type=_given_type(table, column, parts))
                for name, column in named
                if column.generated not in _COMPUTED
            ),
            kind=ModelKind.DATACLASS,
            maker=TYPED_DICT,
        ),
        row=row,
        table=table.name,
        target=construct(
            TARGET,
            table.schema,
            table.name,
            constructor(table, registry, naming),
            Entries(
                tuple(
                    (
                        column.name,
                        registry.types.name(
                            column.type,
                            naming.overrides.columns.get((table.oid, column.number)),
                        ),
                    )
                    for column in table.columns
                )
            ),
            *([Entries(renamed)] if renamed else []),
        ),
    )


def _given_type(table: Relation, column: RelationColumn, parts: Parts) -> PyType:
    """Return the type of a value that a test passes; secrets are passed unwrapped."""
    naming = parts.context.naming
    key = (table.oid, column.number)
    type_ = parts.context.registry.types.python_type(
        column.type,
        Direction.PARAMETER,
        element_nullable=naming.elements.of_column(*key, column.type),
        override=naming.overrides.columns.get(key),
    )
    return nullable(type_) if is_nullable(column, naming) else type_
