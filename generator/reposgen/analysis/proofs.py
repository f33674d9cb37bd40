"""What is proved of a query: by its tree, or by what little else there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.cardinality import cardinality
from reposgen.analysis.lineage import trace, trace_utility
from reposgen.analysis.model import Cardinality
from reposgen.analysis.nullability import prove_rows
from reposgen.analysis.plain import plain_locks, plain_proofs
from reposgen.live_schema.functions import builtin_functions
from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.lineage import Lineage
    from reposgen.analysis.model import Elements, JsonShape
    from reposgen.analysis.nullability import Definitions, Proof
    from reposgen.live_schema.tree.model import Query as Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What is proved of one query.

    Attributes:
        columns: of the result.
        elements: of each column that is an array, whether its elements can be NULL;
            empty where there is no tree.
        real: whether the composite values in each column are rows of tables; empty as
            well.
        shapes: of the JSON documents that the query builds; empty as well.
        missing: indexes of the range table's entries that a row may lack; None where
            that is not known.
        lineage: None where there is no tree.
        locks_rows: FOR UPDATE and the like, and nothing is written.
    """

    columns: tuple[Proof, ...]
    elements: tuple[Proof, ...] = ()
    real: tuple[bool, ...] = ()
    shapes: tuple[JsonShape | None, ...] = ()
    missing: frozenset[int] | None
    cardinality: Cardinality
    lineage: Lineage | None
    locks_rows: bool


def prove_query(
    described: DescribedQuery,
    conservative: Tree | None,
    nullable_parameters: frozenset[int],
    definitions: Definitions,
    elements: Elements,
    *,
    defaults: tuple[Tree, ...] = (),
) -> Proofs:
    """Prove what can be proved.

    Args:
        described: the query.
        conservative: a tree that proves only what holds for every variant.
        nullable_parameters: the numbers of those that may be NULL.
        definitions: of materialized views and functions.
        elements: of the arrays of the schema and of the query's parameters.
        defaults: the trees of a variant in which columns take their defaults.
    """
    tree, catalog = described.tree, described.catalog
    functions = builtin_functions(catalog.major)
    if tree is None:
        lineage = None
        if described.added:
            lineage = trace(
                described.added,
                catalog,
                functions,
                nullable_parameters,
                elements=elements,
            )
        return Proofs(
            columns=plain_proofs(described.text.text, described.description, catalog),
            missing=None,
            cardinality=(
                Cardinality.MANY
                if described.description.returns_rows
                else Cardinality.NONE
            ),
            lineage=lineage,
            locks_rows=plain_locks(described.text.text),
        )
    lineage = (
        trace(
            (tree, *described.added, *defaults),
            catalog,
            functions,
            nullable_parameters,
            elements=elements,
        )
        if described.utility is None
        else trace_utility(
            described.utility,
            described.inner,
            catalog,
            functions,
            nullable_parameters,
            elements=elements,
        )
    )
    # Of EXPLAIN or SHOW the tree does not hold the columns.
    if conservative is None or len(tree.results) != len(described.description.columns):
        return Proofs(
            columns=plain_proofs(described.text.text, described.description, catalog),
            missing=None,
            cardinality=Cardinality.MANY,
            lineage=lineage,
            locks_rows=lineage.locks_rows,
        )
    # Hidden columns follow those of the result.
    shown = len(tree.results)
    rows = prove_rows(
        conservative,
        catalog,
        functions,
        nullable_parameters,
        definitions,
        elements=elements,
    )
    return Proofs(
        columns=rows.columns[:shown],
        elements=rows.elements[:shown],
        real=rows.real[:shown],
        shapes=rows.shapes[:shown],
        missing=rows.missing,
        cardinality=cardinality(conservative, catalog, functions),
        lineage=lineage,
        locks_rows=lineage.locks_rows,
    )
