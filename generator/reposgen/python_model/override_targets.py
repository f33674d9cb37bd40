"""Columns, types and parts of queries that overrides apply to."""

from __future__ import annotations

from dataclasses import field, replace
from typing import TYPE_CHECKING

from reposgen.analysis.model import Column
from reposgen.analysis.types import parts
from reposgen.diagnostics import Diagnostic, did_you_mean, error
from reposgen.live_schema.model import (
    ArrayType,
    CompositeType,
    DomainType,
    EnumType,
    PseudoType,
)
from reposgen.models import dataclass
from reposgen.python_model.overrides import (
    USUAL,
    OverrideKind,
    OverrideSpec,
    base_of,
    element_of,
    element_target,
    leaf_of,
    read_override,
)
from reposgen.python_model.registry import flat_columns
from reposgen.python_model.types import usual_names
from reposgen.python_model.user_classes import check_classes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from reposgen.analysis.model import Analysis, Parameter, TypedQuery
    from reposgen.config.model import PackageConfig
    from reposgen.diagnostics import Span
    from reposgen.live_schema.model import Catalog, PgType
    from reposgen.python_model.overrides import Override


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """All overrides, by what they apply to.

    Attributes:
        types: by oid.
        columns: by relation oid and attnum.
        fields: of composite types, by oid and name.
        in_queries: by the names of the query and of its column or parameter.
    """

    types: Mapping[int, Override] = field(default_factory=dict)
    columns: Mapping[tuple[int, int], Override] = field(default_factory=dict)
    fields: Mapping[tuple[int, str], Override] = field(default_factory=dict)
    in_queries: Mapping[tuple[str, str], Override] = field(default_factory=dict)

    def of_column(self, query: str, column: Column) -> Override | None:
        """Return the override of a query's result column, or None."""
        chosen = self.in_queries.get((query, column.name))
        return chosen or self.of_origin(column)

    def of_origin(self, column: Column) -> Override | None:
        """Return the override of a result column's table column, or None."""
        found = self.columns.get(column.table) if column.table else None
        return found if found and _fits(found, column.type) else None

    def of_parameter(self, query: str, parameter: Parameter) -> Override | None:
        """Return the override of a query's parameter; None for the type's default."""
        if chosen := self.in_queries.get((query, parameter.name)):
            return chosen
        if parameter.column is None or not parameter.is_value:
            return None
        found = self.columns.get(parameter.column)
        return found if found and _fits(found, parameter.type) else None


def _is_array(type_: PgType) -> bool:
    while isinstance(type_, DomainType):
        type_ = type_.base
    return isinstance(type_, ArrayType)


def _fits(override: Override, type_: PgType) -> bool:
    return base_of(type_).oid == override.base


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """An object that an override's key can refer to.

    Attributes:
        keys: names that refer to it.
        map: the attribute of `Overrides` that it belongs to.
        key: its key there.
    """

    keys: tuple[str, ...]
    map: str
    key: object
    type: PgType


def read_overrides(
    config: PackageConfig, analysis: Analysis
) -> tuple[Overrides, tuple[Diagnostic, ...]]:
    """Return the overrides in codegen.toml and the queries, and the errors in them."""
    queries = [query for several in analysis.files.values() for query in several]
    if not config.types and not any(query.classes for query in queries):
        return Overrides(), ()
    targets = (*_in_catalog(analysis.catalog, queries), *_in_queries(queries))
    named = _by_key(targets)
    found: dict[str, dict[object, Override]] = {
        name: {} for name in ("types", "columns", "fields", "in_queries")
    }
    diagnostics: list[Diagnostic] = []

    def choose(spec: OverrideSpec, chosen: Sequence[_Target]) -> None:
        for target in chosen:
            override = _override(spec, target, config.root)
            if isinstance(override, Diagnostic):
                diagnostics.append(override)
                return
            if override is not None:
                found[target.map][target.key] = override

    for key, written in config.types.items():
        place = config.place("types", key)
        chosen = named.get(key, ())
        if not chosen:
            diagnostics.append(_unknown(key, targets, place))
        choose(
            OverrideSpec(
                target=written.type,
                load=written.load,
                dump=written.dump,
                place=place,
            ),
            chosen,
        )
    for query in queries:
        for choice in query.classes:
            key = f"{query.name}.{choice.name}"
            own = [t for t in named.get(key, ()) if t.map == "in_queries"]
            choose(OverrideSpec(target=choice.target, place=choice.span), own)
    _add_domains(found["types"], found["columns"], analysis.catalog)
    return Overrides(**found), tuple(dict.fromkeys(diagnostics))  # type: ignore[arg-type] # each map has the keys of its targets


def _by_key(targets: Iterable[_Target]) -> Mapping[str, Sequence[_Target]]:
    named: dict[str, list[_Target]] = {}
    for target in targets:
        for key in dict.fromkeys(target.keys):
            named.setdefault(key, []).append(target)
    return named


def _add_domains(
    types: Mapping[object, Override], columns: dict[object, Override], catalog: Catalog
) -> None:
    """Add overrides of columns with domains, since comparisons use the base type."""
    for relation in catalog.relations.values():
        for column in relation.columns:
            override = types.get(leaf_of(column.type).oid)
            if override and isinstance(leaf_of(column.type), DomainType):
                columns.setdefault((relation.oid, column.number), override)


def _override(
    spec: OverrideSpec, target: _Target, root: Path | None
) -> Override | Diagnostic | None:
    """Return the override; None if it only says whether elements can be NULL."""
    if (element := element_target(spec.target)) and _is_array(target.type):
        # Whether its elements can be NULL, analysis knows.
        if element == USUAL or element in usual_names(target.type):
            return None
        spec = replace(spec, target=element)
    override = read_override(spec, target.type)
    if isinstance(override, Diagnostic):
        return override
    enum = element_of(target.type) if override.kind is OverrideKind.ENUM else None
    wrong = check_classes(override, root, enum if isinstance(enum, EnumType) else None)
    return wrong or override


def _in_catalog(catalog: Catalog, queries: Sequence[TypedQuery]) -> Iterator[_Target]:
    types = dict(catalog.types)
    for query in queries:
        mentioned = [parameter.type for parameter in query.parameters]
        mentioned += [column.type for column in flat_columns(query)]
        types |= {part.oid: part for whole in mentioned for part in parts(whole)}
    for type_ in types.values():
        names = (type_.sql, type_.name, f"{type_.schema}.{type_.name}")
        if not isinstance(type_, (ArrayType, PseudoType)):
            yield _Target(keys=names, map="types", key=type_.oid, type=type_)
        if isinstance(type_, CompositeType) and type_.relation not in catalog.relations:
            for field_ in type_.fields:
                yield _Target(
                    keys=tuple(f"{name}.{field_.name}" for name in names[1:]),
                    map="fields",
                    key=(type_.oid, field_.name),
                    type=field_.type,
                )
    for relation in catalog.relations.values():
        for column in relation.columns:
            yield _Target(
                keys=(
                    f"{relation.name}.{column.name}",
                    f"{relation.qualified_name}.{column.name}",
                ),
                map="columns",
                key=(relation.oid, column.number),
                type=column.type,
            )


def _in_queries(queries: list[TypedQuery]) -> Iterator[_Target]:
    for query in queries:
        columns = tuple(item for item in query.results if isinstance(item, Column))
        several: tuple[Parameter | Column, ...] = (*query.parameters, *columns)
        for one in several:
            yield _Target(
                keys=(f"{query.name}.{one.name}",),
                map="in_queries",
                key=(query.name, one.name),
                type=one.type,
            )


def _unknown(key: str, targets: tuple[_Target, ...], place: Span | None) -> Diagnostic:
    meant = did_you_mean(key, [name for target in targets for name in target.keys])
    return error(
        "unknown-override",
        f'"{key}" is no type, no column, and nothing of a query',
        span=place,
        hint=f"did you mean {meant}?"
        if meant
        else 'a type, "table.column", "schema.table.column", or "Query.name" of a'
        " column or parameter",
    )
