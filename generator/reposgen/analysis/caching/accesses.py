"""Rows of each table that a statement depends on, or changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.caching.actions import family
from reposgen.analysis.caching.model import Access, PinnedColumn, ReturnedValue
from reposgen.analysis.caching.pins import WRITES, levels_of
from reposgen.analysis.caching.spelling import kind_of
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import CommandType, RangeTableRef, RteKind

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reposgen.analysis.caching.model import KeyValue
    from reposgen.analysis.caching.pins import Level
    from reposgen.analysis.lineage import Lineage
    from reposgen.live_schema.model import Catalog, Relation
    from reposgen.live_schema.tree.model import Query, RangeTableEntry

# The row, old or new, that does not exist for a command: its columns are NULL.
_MISSING = {
    CommandType.INSERT: e.Returning.OLD,
    CommandType.DELETE: e.Returning.NEW,
}
# Kind of a view. Its rule can leave an entry of the view in FROM that is not read.
_VIEW = "v"


def read_accesses(
    trees: Sequence[Query],
    lineage: Lineage,
    catalog: Catalog,
    optional: Collection[int],
) -> tuple[Access, ...]:
    """Return the rows that the result of a read depends on.

    Args:
        trees: the statement, then the bodies of the functions that it calls.
        lineage: lineage of the statement.
        catalog: catalog of the database.
        optional: numbers of the parameters whose conditions a call can leave out.
    """
    found: dict[Access, None] = {}
    named: set[int] = set()
    for place, tree in enumerate(trees):
        # In a function's body, parameters are the function's arguments: they pin
        # nothing.
        unknown = optional if not place else None
        for level in levels_of(tree, catalog, unknown):
            for index, entry in enumerate(level.query.range_table, 1):
                if entry.kind is RteKind.RELATION and entry.relation_kind != _VIEW:
                    named.add(entry.relation)
                    found[_read(level, index, entry, catalog)] = None
    for oid in lineage.reads:
        if oid not in named and oid in lineage.names:
            found[Access(table=lineage.names[oid], why="row-level security")] = None
    whole = {access.table for access in found if not access.pins}
    return tuple(a for a in found if not a.pins or a.table not in whole)


def written_accesses(
    trees: Sequence[Query],
    lineage: Lineage,
    catalog: Catalog,
    optional: Collection[int],
) -> tuple[Access, ...]:
    """Return the rows that a statement changes.

    Args:
        trees: the statement, then the queries that rewrite rules add to it.
        lineage: lineage of the statement.
        catalog: catalog of the database.
        optional: numbers of the parameters whose conditions a call can leave out.
    """
    found: list[Access] = [Access(table="", why=why) for why in lineage.unknown_writes]
    direct: set[int] = set()
    # Parents and descendants of written tables, and tables of foreign key actions.
    related: set[int] = set()
    acted: set[int] = set()
    for tree in trees:
        for level in levels_of(tree, catalog, optional):
            query = level.query
            if query.command not in WRITES or not query.result_relation:
                continue
            relation = catalog.relations.get(
                query.entry(query.result_relation).relation
            )
            if relation is not None:
                direct.add(relation.oid)
                related |= family(catalog, relation) - {relation.oid}
                pins = {**level.changed(relation), **_returned(tree, level, relation)}
                found.append(_access(relation, pins))
                for other, carried in sorted(level.actions(relation), key=_by_name):
                    acted.add(other.oid)
                    found.append(_access(other, carried, _ACTION))
    found += (
        Access(table=name, why=_WHY)
        for oid, name in lineage.names.items()
        if oid in lineage.writes
        if oid in related or oid not in direct | acted
    )
    found += (Access(table=name) for name in lineage.made)
    # The first reason is enough.
    known: dict[tuple[str, tuple[PinnedColumn, ...], str], Access] = {}
    for access in found:
        why = "" if access.table else access.why
        known.setdefault((access.table, access.pins, why), access)
    return tuple(known.values())


_ACTION = "a foreign key"
_WHY = "a partition or a command"


def _by_name(
    action: tuple[Relation, dict[str, tuple[KeyValue, ...]]],
) -> tuple[str, str]:
    """Return a key for an order that does not depend on oids."""
    relation, pins = action
    return relation.qualified_name, repr(pins)


def _access(
    relation: Relation, pins: dict[str, tuple[KeyValue, ...]], why: str = ""
) -> Access:
    names = {column.number: column.name for column in relation.columns}
    keys = (
        tuple(names[number] for number in index.columns)
        for index in relation.indexes
        if index.unique and all(names.get(n) in pins for n in index.columns)
    )
    return Access(
        table=relation.qualified_name,
        pins=tuple(
            PinnedColumn(column=column, values=values)
            for column, values in sorted(pins.items())
        ),
        keys=tuple(dict.fromkeys(tuple(sorted(key)) for key in keys)),
        why=why,
    )


def _read(level: Level, index: int, entry: RangeTableEntry, catalog: Catalog) -> Access:
    """Return the rows of a table in FROM that the result can depend on."""
    relation = catalog.relations.get(entry.relation)
    if relation is None:
        return Access(table=entry.name)
    return _access(relation, level.of_table(index, relation))


def _returned(
    tree: Query, level: Level, relation: Relation
) -> dict[str, tuple[KeyValue, ...]]:
    """Return, by name, the columns that the statement returns for each changed row."""
    query = level.query
    indexes = _shown(tree, query)
    changing = level.changing(relation)
    if not indexes or changing is None:
        return {}
    known: dict[str, tuple[KeyValue, ...]] = {}
    firm = level.changed(relation)
    for target in query.results:
        var = target.expression
        if (
            isinstance(var, e.Var)
            and var.index == query.result_relation
            and not var.levels_up
            and var.column not in changing
            and var.returning is not _MISSING.get(query.command)
            and target.number in indexes
        ):
            column = relation.column(var.column)
            if column is not None and kind_of(column.type) and column.name not in firm:
                value = ReturnedValue(index=indexes[target.number])
                known.setdefault(column.name, (value,))
    return known


def _shown(tree: Query, query: Query) -> dict[int, int]:
    """Map numbers of a write's RETURNING columns to indexes in the statement's result.

    Returns:
        Empty if the statement does not return each row that the write changes.
    """
    if query is tree:
        return {target.number: i for i, target in enumerate(tree.results)}
    cte = next((c for c in tree.ctes if c.query is query), None)
    join = tree.join_tree
    if (
        cte is None
        or tree.command is not CommandType.SELECT
        or join is None
        or join.condition is not None
        or len(join.items) != 1
        or not isinstance(join.items[0], RangeTableRef)
        or tree.limit is not None
        or tree.offset is not None
        or tree.group
        or tree.grouping_sets
        or tree.having is not None
        or tree.distinct
        or tree.has_aggregates
        or tree.has_set_returning
        or tree.set_operations is not None
    ):
        return {}
    place = join.items[0].index
    entry = tree.entry(place)
    if entry.kind is not RteKind.CTE or entry.cte_levels_up:
        return {}
    if entry.cte_name != cte.name:
        return {}
    return {
        target.expression.column: i
        for i, target in enumerate(tree.results)
        if isinstance(target.expression, e.Var)
        and target.expression.index == place
        and not target.expression.levels_up
    }
