"""Classes that a package needs, and their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from reposgen.analysis.model import Embed, json_scalars
from reposgen.analysis.types import parts
from reposgen.live_schema.model import (
    ArrayType,
    CompositeType,
    DomainType,
    EnumType,
    RelationKind,
)
from reposgen.models import dataclass
from reposgen.python_model.inflection import singular
from reposgen.python_model.model.pytype import Symbol
from reposgen.python_model.names import class_name, pascal_case
from reposgen.python_model.overrides import OverrideKind
from reposgen.python_model.types import TypeMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reposgen.analysis.model import Column, Elements, TypedQuery
    from reposgen.live_schema.model import Catalog, PgType, Relation
    from reposgen.python_model.names import Namespace
    from reposgen.python_model.naming import NamingConfig


_Named = TypeVar("_Named", "Relation", "PgType")
_SYSTEM_SCHEMAS = {"pg_catalog", "information_schema"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Classes in models.py, and the types that they represent.

    Attributes:
        relations: relations of which whole rows occur.
        used_types: enums, domains, composites, and other types that are not built in.
        models: model classes by relation oid.
        class_names: names of all classes that values can have.
    """

    relations: tuple[Relation, ...]
    used_types: tuple[PgType, ...]
    models: Mapping[int, Symbol]
    types: TypeMap
    class_names: frozenset[str]


def uses_model(query: TypedQuery, elements: Elements) -> bool:
    """Return True if a query's rows can be objects of the table's model.

    Args:
        query: the query.
        elements: facts about NULL elements of arrays in tables.
    """
    if query.model is None:
        return False
    known = {c.number: c for c in query.model.columns}
    return all(
        not (column.nullable and own.not_null and not elements.may_be_made_up(own.type))
        and (
            not isinstance(own.type, ArrayType)
            or column.element_nullable == elements.of_column(*column.table, own.type)
        )
        for column in flat_columns(query)
        if column.table and (own := known.get(column.table[1]))
    )


def flat_columns(query: TypedQuery) -> Iterator[Column]:
    """Yield the columns as the server returns them, including those of embeds."""
    for item in query.results:
        if isinstance(item, Embed):
            yield from item.columns
        else:
            yield item


def whole_rows(query: TypedQuery, elements: Elements) -> Iterator[Relation]:
    """Yield the relations whose whole rows are in the result."""
    if query.model is not None and uses_model(query, elements):
        yield query.model
    for item in query.results:
        if isinstance(item, Embed):
            yield item.relation


def build_registry(
    queries: Sequence[TypedQuery],
    catalog: Catalog,
    naming: NamingConfig,
    namespace: Namespace,
    module: str,
    *,
    tables: Iterable[Relation] = (),
) -> Registry:
    """Collect the types and relations that the queries and `tables` use.

    All objects of the database get a name, so that no name depends on what else the
    queries use. `module` is the module of the classes.
    """
    used = (r for q in queries for r in whole_rows(q, naming.elements))
    relations = {r.oid: r for r in (*used, *tables)}
    types = _closure(_mentioned(queries), relations, catalog)

    def symbol(words: str, schema: str, name: str) -> Symbol:
        chosen = naming.renamed(schema, name)
        candidates = (chosen,) if chosen else _candidates(words, schema, catalog)
        return Symbol(module=module, name=namespace.claim(*candidates), generated=True)

    every_relation = _sorted([*relations.values(), *_users_relations(catalog)])
    models = {r.oid: symbol(singular(r.name), r.schema, r.name) for r in every_relation}
    classes = {r.row_type: models[r.oid] for r in every_relation if r.row_type}
    overrides = naming.overrides.types
    for type_ in _sorted([*types, *_users_types(catalog)]):
        chosen = overrides.get(type_.oid)
        named = isinstance(type_, (EnumType, DomainType, CompositeType))
        if chosen and chosen.kind is OverrideKind.ENUM:
            classes[type_.oid] = chosen.symbols[0]
        elif (
            named
            and type_.oid not in classes
            and (chosen is None or not isinstance(type_, DomainType))
        ):
            classes[type_.oid] = symbol(type_.name, type_.schema, type_.name)
    return Registry(
        relations=_sorted(relations.values()),
        used_types=types,
        models=models,
        types=TypeMap(
            classes=classes,
            overrides={
                oid: override
                for oid, override in overrides.items()
                if override.kind is not OverrideKind.ENUM
            },
            json=naming.json,
        ),
        class_names=frozenset(s.name for s in (*classes.values(), *models.values())),
    )


def _candidates(words: str, schema: str, catalog: Catalog) -> tuple[str, ...]:
    qualified = class_name(pascal_case(schema) + pascal_case(words))
    if schema in catalog.search_path:
        return (class_name(words), qualified)
    return (qualified,)


def _mentioned(queries: Iterable[TypedQuery]) -> Iterator[PgType]:
    for query in queries:
        yield from (p.type for p in query.parameters)
        for column in flat_columns(query):
            yield column.type
            yield from (scalar.type for scalar in json_scalars(column.shape))


def _closure(
    types: Iterable[PgType], relations: dict[int, Relation], catalog: Catalog
) -> tuple[PgType, ...]:
    """Return all types that the given types and relations consist of.

    Relations of composite types are added to `relations`.
    """
    found: dict[int, PgType] = {}
    pending = [*types, *(c.type for r in relations.values() for c in r.columns)]
    while pending:
        type_ = pending.pop()
        # Its parts were found with it.
        if type_.oid in found:
            continue
        for part in parts(type_):
            found[part.oid] = part
            if not isinstance(part, CompositeType) or part.relation is None:
                continue
            relation = catalog.relations.get(part.relation)
            if relation and relation.oid not in relations:
                relations[relation.oid] = relation
                pending += [c.type for c in relation.columns]
    return _sorted(found.values())


def _users_relations(catalog: Catalog) -> Iterator[Relation]:
    return (
        relation
        for relation in catalog.relations.values()
        if relation.schema not in _SYSTEM_SCHEMAS
        and relation.kind is not RelationKind.SEQUENCE
    )


def _users_types(catalog: Catalog) -> Iterator[PgType]:
    return (t for t in catalog.types.values() if t.schema not in _SYSTEM_SCHEMAS)


def _sorted(named: Iterable[_Named]) -> tuple[_Named, ...]:
    """Return the objects without duplicates, sorted by schema and name."""
    several = {one.oid: one for one in named}
    return tuple(sorted(several.values(), key=lambda one: (one.schema, one.name)))
