"""Agreement of rows in a column: the basis of proofs that rows are unique."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.tree import expressions as e
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeAlias

    from reposgen.live_schema.model import Catalog

    # An operator family and its collation. 0 stands for all deterministic collations:
    # values that are equal under one of them have equal bytes, so they are equal under
    # all.
    Equality: TypeAlias = tuple[int, int]
    # By the `attnum` of a column, or the number of a target.
    Binding: TypeAlias = Mapping[int, "Agreement"]

# Functions that cast an integer type to a wider one, which keeps equality.
_WIDENING = frozenset({313, 481, 754})
_UNKNOWN = -1
# Families of `char(n)`, which ignore trailing blanks.
_PADDED = frozenset({426, 427, 2097, 2231})
_FIRST_OF_EXTENSIONS = 16384


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Fact that all rows of a set have equal values in one column.

    Attributes:
        equalities: the equalities by which the values are equal.
        or_null: True if the values can all be NULL instead.
        same: True if the values are equal by every operator.
    """

    equalities: frozenset[Equality] = frozenset()
    or_null: bool = False
    same: bool = False

    def implies(self, families: Iterable[int], collation: int) -> bool:
        """Return True if the values are equal by one of the operator families."""
        return self.same or any(
            (family, 0) in self.equalities or (family, collation) in self.equalities
            for family in families
        )

    def __or__(self, other: Agreement) -> Agreement:
        """Return the agreement that follows if both agreements hold."""
        return Agreement(
            equalities=self.equalities | other.equalities,
            or_null=self.or_null and other.or_null,
            same=self.same or other.same,
        )


def equalities(catalog: Catalog, operator: int, collation: int) -> frozenset[Equality]:
    """Return the equalities that an operator implements; empty for other operators.

    Args:
        catalog: catalog of the database.
        operator: oid of the operator.
        collation: oid of the collation, as returned by `collation_of`.
    """
    if collation == _UNKNOWN and catalog.nondeterministic:
        return frozenset()
    if collation not in catalog.nondeterministic:
        collation = 0
    return frozenset(
        (family, collation) for family in catalog.operator_equality.get(operator, ())
    )


def same_without_casts(families: Iterable[int], args: Iterable[e.Expression]) -> bool:
    """Return True if values that are equal are also equal without their casts.

    Casts from text to `char(n)` or to a type of an extension keep each value as it is,
    but these types can compare two different texts as equal.

    Args:
        families: operator families of the equality.
        args: the compared expressions.
    """
    return any(
        family < _FIRST_OF_EXTENSIONS and family not in _PADDED for family in families
    ) or all(
        getattr(bare(arg), "type", None) == getattr(arg, "type", None) for arg in args
    )


def collation_of(node: object) -> int:
    """Return the oid of an expression's collation.

    Returns:
        0 if the type has no collation, -1 if the node does not record its collation.
    """
    match node:
        case e.NamedArgExpr(arg=arg):
            return collation_of(arg)
        case e.SubLink(query=query):
            results = query.results
            return collation_of(results[0].expression) if results else 0
        case (
            e.Const()
            | e.Param()
            | e.Unknown()
            | e.CaseTestExpr()
            | e.ReturningExpr()
            | e.DomainValue()
            | e.JsonConstructor()
            | e.JsonQuery()
        ):
            return _UNKNOWN
        case _:
            return int(getattr(node, "collation", 0))


def bare(node: e.Expression) -> e.Expression:
    """Return an expression without the casts and COLLATEs that keep values distinct."""
    while True:
        match node:
            case e.Coerce(kind=e.Coercion.RELABEL | e.Coercion.COLLATE, arg=arg):
                node = arg
            case e.FuncExpr(function=function, args=(arg,)) if function in _WIDENING:
                node = arg
            case _:
                return node
