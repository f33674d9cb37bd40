"""Which classes a package needs, and what each is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import Embed
from reposgen.live_schema.model import CompositeType, DomainType, EnumType
from reposgen.models import dataclass
from reposgen.python_model.inflection import singular
from reposgen.python_model.model.pytype import Symbol
from reposgen.python_model.names import class_name, pascal_case
from reposgen.python_model.overrides import OverrideKind
from reposgen.python_model.types import TypeMap, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reposgen.analysis.model import Column, TypedQuery
    from reposgen.live_schema.model import Catalog, PgType, Relation
    from reposgen.python_model.choices import Choices
    from reposgen.python_model.names import Namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """The classes that models.py gets, and the types they stand for.

    Attributes:
        relations: those that a whole row of occurs.
        proved: (relation oid, attnum) of the columns of views that no query sees a
            NULL in. What the columns of tables hold, the catalog knows.
        used_types: enums, domains and composites, and what else is not built in.
        models: by relation oid.
        class_names: of all classes that values may be of.
    """

    relations: tuple[Relation, ...]
    proved: frozenset[tuple[int, int]]
    used_types: tuple[PgType, ...]
    models: Mapping[int, Symbol]
    types: TypeMap
    class_names: frozenset[str]


def uses_model(query: TypedQuery) -> bool:
    """Whether a row is one of the table's, with no less known to be there."""
    if query.model is None:
        return False
    known = {c.number: c.not_null for c in query.model.columns}
    return all(
        not (column.nullable and column.table and known.get(column.table[1], False))
        for column in flat_columns(query)
    )


def flat_columns(query: TypedQuery) -> Iterator[Column]:
    """The columns as the server returns them, those of embeds spelled out."""
    for item in query.results:
        if isinstance(item, Embed):
            yield from item.columns
        else:
            yield item


def whole_rows(query: TypedQuery) -> Iterator[tuple[Relation, Sequence[Column]]]:
    """The relations whose whole rows are in the result, with their columns."""
    if query.model is not None and uses_model(query):
        yield query.model, tuple(flat_columns(query))
    for item in query.results:
        if isinstance(item, Embed):
            yield item.relation, item.columns


def build_registry(
    queries: Sequence[TypedQuery],
    catalog: Catalog,
    choices: Choices,
    namespace: Namespace,
    module: str,
) -> Registry:
    """Collect what the queries use and name it; `module` is where it will stand."""
    relations = {r.oid: r for q in queries for r, _ in whole_rows(q)}
    types = _closure(_mentioned(queries), relations, catalog)

    def symbol(words: str, schema: str, name: str) -> Symbol:
        chosen = choices.renamed(schema, name)
        wishes = (chosen,) if chosen else _wishes(words, schema, catalog)
        return Symbol(module=module, name=namespace.claim(*wishes), generated=True)

    ordered = sorted(relations.values(), key=lambda r: (r.schema, r.name))
    models = {r.oid: symbol(singular(r.name), r.schema, r.name) for r in ordered}
    classes = {r.row_type: models[r.oid] for r in ordered}
    overrides = choices.overrides.types
    for type_ in types:
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
        relations=tuple(ordered),
        proved=_proved_columns(queries, types),
        used_types=types,
        models=models,
        types=TypeMap(
            classes=classes,
            overrides={
                oid: override
                for oid, override in overrides.items()
                if override.kind is not OverrideKind.ENUM
            },
            json=choices.json,
        ),
        class_names=frozenset(s.name for s in (*classes.values(), *models.values())),
    )


def _wishes(words: str, schema: str, catalog: Catalog) -> tuple[str, ...]:
    qualified = class_name(pascal_case(schema) + pascal_case(words))
    if schema in catalog.search_path:
        return (class_name(words), qualified)
    return (qualified,)


def _mentioned(queries: Iterable[TypedQuery]) -> Iterator[PgType]:
    for query in queries:
        yield from (p.type for p in query.parameters)
        yield from (c.type for c in flat_columns(query))


def _closure(
    types: Iterable[PgType], relations: dict[int, Relation], catalog: Catalog
) -> tuple[PgType, ...]:
    """All types that those and the relations are made of; adds to the relations."""
    found: dict[int, PgType] = {}
    pending = [*types, *(c.type for r in relations.values() for c in r.columns)]
    while pending:
        for part in parts(pending.pop()):
            found[part.oid] = part
            if not isinstance(part, CompositeType) or part.relation is None:
                continue
            relation = catalog.relations.get(part.relation)
            if relation and relation.oid not in relations:
                relations[relation.oid] = relation
                pending += [c.type for c in relation.columns]
    return tuple(sorted(found.values(), key=lambda t: (t.schema, t.name)))


def _proved_columns(
    queries: Iterable[TypedQuery], types: Iterable[PgType]
) -> frozenset[tuple[int, int]]:
    seen_null: dict[tuple[int, int], bool] = {}
    for query in queries:
        for relation, columns in whole_rows(query):
            for attribute, column in zip(relation.columns, columns, strict=True):
                key = relation.oid, attribute.number
                seen_null[key] = column.nullable or seen_null.get(key, False)
    # Of a row inside a value nothing is proved.
    inside = {t.relation for t in types if isinstance(t, CompositeType)}
    return frozenset(
        key for key, null in seen_null.items() if not null and key[0] not in inside
    )
