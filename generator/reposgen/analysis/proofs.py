"""What is proved of a query: by its tree, or by what little else there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.cardinality import cardinality
from reposgen.analysis.lineage import trace
from reposgen.analysis.model import Cardinality
from reposgen.analysis.nullability import prove_rows
from reposgen.analysis.plain import plain_locks, plain_proofs
from reposgen.live_schema.functions import builtin_functions
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reposgen.analysis.judged import Judged
    from reposgen.analysis.lineage import Lineage
    from reposgen.analysis.nullability import Proof
    from reposgen.live_schema.tree.model import Query as Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Proofs:
    """What is proved of one query.

    Attributes:
        columns: of the result.
        null_elements: whether each is an array that the statement puts NULLs into.
        missing: indexes of the range table's entries that a row may lack; None where
            that is not known.
        lineage: None where there is no tree.
        locks_rows: FOR UPDATE and the like, and nothing is written.
    """

    columns: tuple[Proof, ...]
    null_elements: tuple[bool, ...] = ()
    missing: frozenset[int] | None
    cardinality: Cardinality
    lineage: Lineage | None
    locks_rows: bool


def prove_query(
    judged: Judged,
    weakest: Tree | None,
    nullable_parameters: frozenset[int],
    definitions: Mapping[int, Sequence[Proof]],
) -> Proofs:
    """Prove what can be proved.

    Args:
        judged: the query.
        weakest: what holds of its rows by this tree holds of all variants of it.
        nullable_parameters: the numbers of those that may be NULL.
        definitions: proofs of the columns of materialized views, by oid.
    """
    tree, catalog = judged.tree, judged.catalog
    if tree is None:
        return Proofs(
            columns=plain_proofs(judged.text.text, judged.described, catalog),
            missing=None,
            cardinality=Cardinality.MANY
            if judged.described.returns_rows
            else Cardinality.NONE,
            lineage=None,
            locks_rows=plain_locks(judged.text.text),
        )
    functions = builtin_functions(catalog.major)
    lineage = trace(tree, catalog, functions, nullable_parameters)
    # Of EXPLAIN or SHOW the tree does not hold the columns.
    if weakest is None or len(tree.results) != len(judged.described.columns):
        return Proofs(
            columns=plain_proofs(judged.text.text, judged.described, catalog),
            missing=None,
            cardinality=Cardinality.MANY,
            lineage=lineage,
            locks_rows=lineage.locks_rows,
        )
    # Hidden columns follow those of the result.
    shown = len(tree.results)
    rows = prove_rows(weakest, catalog, functions, nullable_parameters, definitions)
    return Proofs(
        columns=rows.columns[:shown],
        null_elements=rows.null_elements[:shown],
        missing=rows.missing,
        cardinality=cardinality(weakest, catalog, functions),
        lineage=lineage,
        locks_rows=lineage.locks_rows,
    )
