"""Proofs about a query, from its tree or from its text alone."""

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
    """Proofs about one query.

    Attributes:
        columns: proofs of the result columns.
        elements: proofs of the elements of columns that are arrays; empty without a
            tree.
        real: for each column, True if its composite values are rows of tables; empty
            without a tree.
        shapes: shapes of the JSON documents that the query builds; empty without a
            tree.
        missing: range table indexes of the items that a row can lack; None if unknown.
        cardinality: number of rows.
        lineage: tables read and written; None without a tree.
        locks_rows: True if the statement locks rows (FOR UPDATE) and writes nothing.
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
    """Return the proofs about a query.

    Args:
        described: the query.
        conservative: a tree that proves only what holds for every variant; None without
            a tree.
        nullable_parameters: numbers of the parameters that can be NULL.
        definitions: definitions of materialized views and functions.
        elements: nullability of the elements of the schema's and parameters' arrays.
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
    # The trees of EXPLAIN and SHOW do not contain their result columns.
    if conservative is None or len(tree.results) != len(described.description.columns):
        return Proofs(
            columns=plain_proofs(described.text.text, described.description, catalog),
            missing=None,
            cardinality=Cardinality.MANY,
            lineage=lineage,
            locks_rows=lineage.locks_rows,
        )
    # Hidden columns are behind the columns of the result.
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
