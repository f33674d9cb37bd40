"""The verdict on one value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a value can be NULL, and why.

    Attributes:
        not_null: it is proved that the value is never NULL. False means that there
            is no proof, not that a NULL was seen.
        why: in plain words, the outermost reason first.
    """

    not_null: bool
    why: tuple[str, ...]

    def because(self, reason: str) -> Proof:
        """The same verdict with a further reason outside."""
        return Proof(self.not_null, (reason, *self.why))


def never_null(reason: str) -> Proof:
    """A verdict that rests on nothing else."""
    return Proof(not_null=True, why=(reason,))


def may_be_null(reason: str) -> Proof:
    """A verdict that rests on nothing else."""
    return Proof(not_null=False, why=(reason,))


def all_of(proofs: Iterable[Proof], proved: str, refuted: str) -> Proof:
    """Not null if all are: `proved` is said of all, `refuted` of the first that isn't.

    Without any proof at all there is nothing that could be NULL.
    """
    first: Proof | None = None
    for proof in proofs:
        if not proof.not_null:
            return proof.because(refuted)
        first = first or proof
    return first.because(proved) if first else never_null(proved)


def any_of(proofs: Iterable[Proof], proved: str, refuted: str) -> Proof:
    """Not null if one is."""
    for proof in proofs:
        if proof.not_null:
            return proof.because(proved)
    return may_be_null(refuted)
