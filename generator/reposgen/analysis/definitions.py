"""Proofs of the columns of materialized views, which trees do not see through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability import prove
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.model import Described, RelationKind, Statement
from reposgen.live_schema.tree import parse_tree
from reposgen.live_schema.tree.model import RangeTableEntry
from reposgen.live_schema.tree.walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reposgen.analysis.nullability import Proof
    from reposgen.live_schema.model import Catalog, Description
    from reposgen.live_schema.tree.model import Query


def prove_definitions(
    trees: Iterable[Query],
    catalog: Catalog,
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> Mapping[int, Sequence[Proof]]:
    """Proofs for each materialized view that the statements read, by oid.

    Views over views are proved from the bottom up; none can contain itself.
    """
    views = {
        relation.oid: relation
        for relation in catalog.relations.values()
        if relation.kind is RelationKind.MATERIALIZED_VIEW and relation.view_definition
    }
    if not views:
        return {}
    definitions: dict[int, Query] = {}
    pending = _read_by(trees) & views.keys()
    while pending:
        asked = {oid: views[oid].view_definition or "" for oid in sorted(pending)}
        verdicts = describe([Statement(sql=sql) for sql in asked.values()])
        for (oid, sql), verdict in zip(asked.items(), verdicts, strict=True):
            if isinstance(verdict, Described) and verdict.tree:
                tree = parse_tree(verdict.tree, catalog.major, sql)
                if tree is not None:
                    definitions[oid] = tree
        found = _read_by(definitions[oid] for oid in asked if oid in definitions)
        pending = (found & views.keys()) - definitions.keys() - pending
    return _proved(definitions, catalog)


def _proved(
    definitions: Mapping[int, Query], catalog: Catalog
) -> Mapping[int, Sequence[Proof]]:
    functions = builtin_functions(catalog.major)
    proofs: dict[int, Sequence[Proof]] = {}

    def visit(oid: int) -> None:
        if oid in proofs or oid not in definitions:
            return
        for inner in _read_by([definitions[oid]]):
            visit(inner)
        proofs[oid] = prove(
            definitions[oid], catalog, functions, definitions=dict(proofs)
        )

    for oid in definitions:
        visit(oid)
    return proofs


def _read_by(trees: Iterable[Query]) -> set[int]:
    return {
        node.relation
        for tree in trees
        for node in walk(tree)
        if isinstance(node, RangeTableEntry)
        and node.relation_kind == RelationKind.MATERIALIZED_VIEW
    }
