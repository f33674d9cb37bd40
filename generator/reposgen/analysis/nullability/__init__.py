"""Proofs that a result column is never NULL, from the server's analysed query tree.

Sound before precise: a column is not null only if that is proved.
"""

from __future__ import annotations

from reposgen.analysis.nullability.proof import Proof
from reposgen.analysis.nullability.proof_context import Body, Definitions
from reposgen.analysis.nullability.prover import (
    RowProofs,
    assignment_prover,
    prove,
    prove_rows,
)

__all__ = [
    "Body",
    "Definitions",
    "Proof",
    "RowProofs",
    "assignment_prover",
    "prove",
    "prove_rows",
]
