"""Proof that a value is never NULL, or the reasons why it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Proof:
    """Result of proving a value: whether it can be NULL, and why.

    Attributes:
        not_null: True if it is proved that the value is never NULL. False means that
            there is no proof, not that a NULL was seen.
        why: reasons in words, the outermost first.
    """

    not_null: bool
    why: tuple[str, ...]

    def because(self, reason: str) -> Proof:
        """Return the same result with a further reason in front."""
        return Proof(self.not_null, (reason, *self.why))


def never_null(reason: str) -> Proof:
    """Return a positive proof with a single reason."""
    return Proof(not_null=True, why=(reason,))


def may_be_null(reason: str) -> Proof:
    """Return a negative proof with a single reason."""
    return Proof(not_null=False, why=(reason,))


def all_of(proofs: Iterable[Proof], proved: str, refuted: str) -> Proof:
    """Return a positive proof if all proofs are positive, also if there are none.

    Args:
        proofs: the proofs.
        proved: reason for a positive proof.
        refuted: reason for a negative proof, in front of the first negative one's.
    """
    first: Proof | None = None
    for proof in proofs:
        if not proof.not_null:
            return proof.because(refuted)
        first = first or proof
    return first.because(proved) if first else never_null(proved)


def any_of(proofs: Iterable[Proof], proved: str, refuted: str) -> Proof:
    """Return a positive proof if at least one proof is positive.

    Args:
        proofs: the proofs.
        proved: reason for a positive proof, in front of the first positive one's.
        refuted: reason for a negative proof.
    """
    for proof in proofs:
        if proof.not_null:
            return proof.because(proved)
    return may_be_null(refuted)
