"""What code needs of a schema that is not its own, and that schema lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.model import EnumType, Generated

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reposgen.analysis.facts import RelationUse
    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.contracts.model import Effect
    from reposgen.live_schema.model import Catalog, Relation


def lacking(
    code: Analysis, other: Catalog, effects: Iterable[Effect]
) -> tuple[str, ...]:
    """Return what code needs of the schema and another schema does not have.

    Args:
        code: the queries on the schema that they were written for.
        other: the other schema.
        effects: what becomes of the methods there: only those are looked at.
    """
    affected = {(one.file, one.query) for one in effects if one.decides_order}
    found: dict[str, None] = {}
    for path, queries in code.files.items():
        for query in queries:
            if (path, query.name) in affected:
                found.update(dict.fromkeys(_lacking(query, code.catalog, other)))
    return tuple(sorted(found))


def _lacking(query: TypedQuery, own: Catalog, other: Catalog) -> Iterator[str]:
    theirs = {r.qualified_name: r for r in other.relations.values()}
    for use in query.uses.relations:
        relation = own.relations[use.relation]
        found = theirs.get(relation.qualified_name)
        if found is None:
            yield f"table {relation.qualified_name}"
        else:
            yield from _columns(use, relation, found)
    functions = {f.qualified_name for f in other.functions.values()}
    for oid in query.uses.functions:
        if (name := own.functions[oid].qualified_name) not in functions:
            yield f"function {name}"
    types = {type_.sql: type_ for type_ in other.types.values()}
    for type_ in own.types.values():
        there = types.get(type_.sql)
        if isinstance(type_, EnumType) and isinstance(there, EnumType):
            used = any(p.type.sql == type_.sql for p in query.parameters)
            for label in type_.labels if used else ():
                if label not in there.labels:
                    yield f"label {label} of {type_.sql}"


def _columns(use: RelationUse, own: Relation, other: Relation) -> Iterator[str]:
    name = own.qualified_name
    theirs = {column.name: column for column in other.columns}
    used = {*use.read, *use.updated, *(use.inserted or ())}
    for column in own.columns:
        there = theirs.get(column.name)
        if column.name not in used:
            continue
        if there is None:
            yield f"column {name}.{column.name}"
        elif there.type.sql != column.type.sql:
            yield f"column {name}.{column.name} of type {column.type.sql}"
        elif column.not_null and not there.not_null:
            yield f"NOT NULL of column {name}.{column.name}"
    if use.inserted is None:
        return
    for column in other.columns:
        needs_value = (
            column.not_null
            and not column.has_default
            and column.generated is Generated.NO
        )
        if needs_value and column.name not in use.inserted:
            yield f"a default for column {name}.{column.name}"
