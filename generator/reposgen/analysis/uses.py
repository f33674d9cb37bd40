"""What a query uses of the schema: columns, functions, and the facts of its proofs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reposgen.analysis.arbiters import arbiter_columns, inferred
from reposgen.analysis.effects import functions_of
from reposgen.analysis.evidence import key_fact
from reposgen.analysis.facts import FactKind, RelationUse, Uses
from reposgen.live_schema.tree.model import CommandType, Query, RangeTableEntry

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.facts import Fact
    from reposgen.live_schema.model import Catalog, Relation


_OF_ROWS = frozenset({FactKind.UNIQUE, FactKind.UNIQUE_INDEX})
# Objects below that oid came with the server.
_OWN = 16384


@dataclass(slots=True)
class _Columns:
    """The `attnum`s of a relation that a query uses.

    Attributes:
        is_inserted: rows are inserted, with these columns or none.
    """

    read: set[int] = field(default_factory=set[int])
    inserted: set[int] = field(default_factory=set[int])
    updated: set[int] = field(default_factory=set[int])
    is_inserted: bool = False


def uses_of(
    described: DescribedQuery, proved: Iterable[Fact], *, one_row: bool
) -> Uses:
    """Return what a query uses.

    Args:
        described: the query.
        proved: the facts that its proofs rest on.
        one_row: it matters to its callers how many rows there are.
    """
    trees = [*described.added, *described.inner]
    if described.tree is not None and described.utility is None:
        trees.append(described.tree)
    catalog = described.catalog
    nodes = [node for tree in trees for node in tree.nodes]
    found = _columns(nodes, catalog)
    if described.utility is not None:
        for table in described.utility.tables:
            found.setdefault(table.oid, _Columns())
    calls = {oid for node in nodes for oid in functions_of(node)}
    return Uses(
        relations=tuple(
            _use(catalog.relations[oid], columns) for oid, columns in found.items()
        ),
        functions=tuple(sorted(calls & catalog.functions.keys())),
        facts=tuple(
            sorted(
                {
                    *(one for one in proved if one_row or one.kind not in _OF_ROWS),
                    *_arbiters(nodes, catalog),
                },
                key=repr,
            )
        ),
        is_command=described.utility is not None,
        is_unknown=described.tree is None or _is_unread(described),
    )


def _is_unread(described: DescribedQuery) -> bool:
    """Whether a command does what its tree does not show."""
    utility = described.utility
    return utility is not None and (
        bool(utility.unknown) or (utility.inner is not None and not described.inner)
    )


def _columns(nodes: Sequence[object], catalog: Catalog) -> dict[int, _Columns]:
    """Return the columns that are used of each relation, by its oid."""
    found: dict[int, _Columns] = {}
    for node in nodes:
        if isinstance(node, RangeTableEntry) and node.relation >= _OWN:
            if node.relation not in catalog.relations:
                continue
            columns = found.setdefault(node.relation, _Columns())
            if node.permissions is not None:
                columns.read |= node.permissions.selected
                columns.inserted |= node.permissions.inserted
                columns.updated |= node.permissions.updated
    for node in nodes:
        if isinstance(node, Query) and node.command is CommandType.INSERT:
            oid = node.entry(node.result_relation).relation
            if oid in found:
                found[oid].is_inserted = True
    return found


def _use(relation: Relation, columns: _Columns) -> RelationUse:
    inserts = columns.is_inserted or columns.inserted
    return RelationUse(
        relation=relation.oid,
        read=_names(relation, columns.read),
        inserted=_names(relation, columns.inserted) if inserts else None,
        updated=_names(relation, columns.updated),
    )


def _names(relation: Relation, numbers: Collection[int]) -> tuple[str, ...]:
    """Return the names of columns; 0 stands for all of them."""
    return tuple(
        sorted(c.name for c in relation.columns if 0 in numbers or c.number in numbers)
    )


def _arbiters(nodes: Sequence[object], catalog: Catalog) -> Iterator[Fact]:
    """Yield the unique indexes that the target of an ON CONFLICT means."""
    for node in nodes:
        if not isinstance(node, Query) or node.on_conflict is None:
            continue
        conflict = node.on_conflict
        relation = catalog.relations.get(node.entry(node.result_relation).relation)
        if relation is None or not arbiter_columns(conflict, relation, catalog):
            continue
        named = inferred(conflict, relation, catalog.major)
        for index in relation.indexes:
            if index.name in named:
                yield key_fact(
                    relation, index, FactKind.CONFLICT, FactKind.CONFLICT_INDEX
                )
