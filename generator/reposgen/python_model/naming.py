"""Names, types and secrets that codegen.toml configures."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Final

from reposgen.config.model import ModelKind
from reposgen.diagnostics import did_you_mean, error
from reposgen.live_schema.model import CompositeType, DomainType, EnumType
from reposgen.models import dataclass
from reposgen.python_model.model.pytype import JSON_VALUE, Named
from reposgen.python_model.names import snake_case
from reposgen.python_model.override_targets import Overrides, read_overrides

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reposgen.analysis.model import Analysis, Elements
    from reposgen.config.model import PackageConfig
    from reposgen.diagnostics import Diagnostic, Span
    from reposgen.live_schema.model import Catalog, PgType, Relation
    from reposgen.python_model.model.pytype import PyType, Symbol
    from reposgen.python_model.registry import Registry


# In renames: any table, type or query.
EVERYWHERE: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingConfig:
    """The configured names and types, resolved to objects of the database.

    Attributes:
        renames: Python name by name in the database.
        snake_case: True if other names in camelCase become snake_case.
        secrets: columns with secrets, as (relation oid, attnum).
        not_null: fields of composite types that are not NULL, as (type oid, name).
        overrides: Python types that were chosen for values.
        models: kind of the row classes.
        elements: facts about NULL elements of arrays.
        json_classes: True if JSON documents that queries build become classes.
        unknown_labels: True if enums have a member for unknown labels.
    """

    renames: Mapping[str, str]
    snake_case: bool
    secrets: frozenset[tuple[int, int]]
    not_null: frozenset[tuple[int, str]]
    overrides: Overrides
    models: ModelKind
    elements: Elements
    json_classes: bool
    unknown_labels: bool

    @property
    def json(self) -> PyType | None:
        """Type of a JSON document; None for the run time's own alias."""
        # pydantic cannot take an alias of itself apart, and has one of its own.
        return Named(JSON_VALUE) if self.models is ModelKind.PYDANTIC else None

    def renamed(self, schema: str, *path: str) -> str | None:
        """Return the new name of an object in a schema; None if it is not renamed.

        The path is a table or type, or one of its columns, labels or constraints. A
        rename can omit the schema.
        """
        name = ".".join(path)
        return self.renames.get(f"{schema}.{name}") or self.renames.get(name)

    def column(self, name: str) -> str:
        """Return the Python name of a column or parameter with no specific rename."""
        return self.renames.get(f"{EVERYWHERE}.{name}") or self.in_python(name)

    def in_python(self, name: str) -> str:
        """Return a name that is not renamed, in the package's style."""
        return snake_case(name) if self.snake_case and name != name.lower() else name

    def renamed_in_query(self, query: str, name: str) -> str | None:
        """Return the new name of a query's parameter or column; None if not renamed."""
        return self.renames.get(f"{query}.{name}")


def read_naming(
    config: PackageConfig, analysis: Analysis
) -> tuple[NamingConfig, tuple[Diagnostic, ...]]:
    """Return the configuration and the errors in it."""
    catalog = analysis.catalog
    overrides, misfits = read_overrides(config, analysis)
    diagnostics = [*_bad_names(config, analysis), *misfits]
    secrets = set()
    for index, secret in enumerate(config.secrets):
        found = _columns(secret, catalog)
        if not found:
            diagnostics.append(
                error(
                    "unknown-secret",
                    f'no column "{secret}" in the database',
                    span=config.place("secrets", index),
                    hint='name it as "table.column" or "schema.table.column"',
                )
            )
        secrets |= found
    not_null = set()
    for path, place in config.not_null_fields.items():
        fields = _fields(path, catalog)
        if not fields:
            diagnostics.append(_unknown_field(path, catalog, place))
        not_null |= fields
    naming = NamingConfig(
        renames=config.rename,
        snake_case=config.snake_case,
        json_classes=config.json_classes,
        unknown_labels=config.unknown_labels,
        secrets=frozenset(secrets),
        not_null=frozenset(not_null),
        models=config.models,
        overrides=overrides,
        elements=analysis.elements,
    )
    return naming, tuple(diagnostics)


def _columns(path: str, catalog: Catalog) -> set[tuple[int, int]]:
    return {
        (relation.oid, column.number)
        for relation in catalog.relations.values()
        for column in relation.columns
        if path in _paths(relation, column.name)
    }


def _paths(relation: Relation, column: str) -> tuple[str, str]:
    return f"{relation.name}.{column}", f"{relation.qualified_name}.{column}"


def _fields(path: str, catalog: Catalog) -> set[tuple[int, str]]:
    """Return the matching fields of composite types that are not tables' row types."""
    return {
        (type_.oid, field.name)
        for type_ in catalog.types.values()
        if isinstance(type_, CompositeType) and type_.relation not in catalog.relations
        for field in type_.fields
        if path in _paths_of_field(type_, field.name)
    }


def _paths_of_field(type_: CompositeType, field: str) -> tuple[str, str]:
    return f"{type_.name}.{field}", f"{type_.schema}.{type_.name}.{field}"


def _unknown_field(path: str, catalog: Catalog, place: Span | None) -> Diagnostic:
    if _columns(path, catalog):
        hint = 'write NOT NULL in the schema, or AS "column!" in a query'
    else:
        known = [
            name
            for type_ in catalog.types.values()
            if isinstance(type_, CompositeType)
            and type_.relation not in catalog.relations
            for field in type_.fields
            for name in _paths_of_field(type_, field.name)
        ]
        meant = did_you_mean(path, known)
        hint = (
            f"did you mean {meant}?"
            if meant
            else 'name it as "type.field" or "schema.type.field"'
        )
    return error(
        "unknown-field",
        f'no field "{path}" of a composite type in the database',
        span=place,
        hint=hint,
    )


def _bad_names(config: PackageConfig, analysis: Analysis) -> Iterator[Diagnostic]:
    known = set(_names(analysis)) if config.rename else set()
    for old, new in config.rename.items():
        place = config.place("rename", old)
        if not new.isidentifier() or keyword.iskeyword(new) or new.startswith("_"):
            yield error(
                "invalid-rename",
                f'"{new}" for "{old}" is not a valid Python name',
                span=place,
                hint="letters, digits and _, not a keyword, no leading _",
            )
        elif old not in known:
            meant = did_you_mean(old, known)
            yield error(
                "unknown-rename",
                f'there is no "{old}" to rename to "{new}"',
                span=place,
                hint=f"did you mean {meant}?"
                if meant
                else '"table", "table.column", "type", "enum.label",'
                ' "table.constraint", or "Query.name" of a column or parameter',
            )


def check_rename_conflicts(
    config: PackageConfig, registry: Registry
) -> Iterator[Diagnostic]:
    """Yield an error for each new class name that is already taken."""
    types = registry.types.classes
    found: list[tuple[Relation | PgType, Symbol]] = []
    found += [(r, registry.models[r.oid]) for r in registry.relations]
    found += [(t, types[t.oid]) for t in registry.used_types if t.oid in types]
    for renamed, symbol in found:
        for key in (f"{renamed.schema}.{renamed.name}", renamed.name):
            candidate = config.rename.get(key)
            if candidate is not None and symbol.generated and symbol.name != candidate:
                yield error(
                    "rename-taken",
                    f"{candidate} is already the name of something else in the package",
                    span=config.place("rename", key),
                    hint="choose another name",
                )
                break


def _names(analysis: Analysis) -> Iterator[str]:
    """Yield all names that a rename can refer to."""
    for relation in analysis.catalog.relations.values():
        yield from _paths_below(relation, [c.name for c in relation.columns])
        yield from (f"{EVERYWHERE}.{column.name}" for column in relation.columns)
        yield from _paths_below(relation, [c.name for c in relation.constraints])
    for type_ in analysis.catalog.types.values():
        match type_:
            case EnumType():
                yield from _paths_below(type_, type_.labels)
            case CompositeType():
                fields = [field.name for field in type_.fields]
                yield from _paths_below(type_, fields)
                yield from (f"{EVERYWHERE}.{field}" for field in fields)
            case DomainType():
                yield from _paths_below(type_, [check.name for check in type_.checks])
            case _:
                pass
    for queries in analysis.files.values():
        for query in queries:
            for one in (*query.parameters, *query.results):
                yield f"{query.name}.{one.name}"
                yield f"{EVERYWHERE}.{one.name}"


def _paths_below(
    whole: Relation | EnumType | CompositeType | DomainType, parts: Iterable[str]
) -> Iterator[str]:
    for name in (whole.name, f"{whole.schema}.{whole.name}"):
        yield name
        yield from (f"{name}.{part}" for part in parts)
