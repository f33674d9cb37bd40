"""The elements of arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.proof import Proof, all_of, may_be_null, never_null
from reposgen.live_schema.tree import expressions as e

if TYPE_CHECKING:
    from reposgen.analysis.nullability.place import Place

# An array's datum: length word, number of dimensions, offset of the data: 0 where
# there is no bitmap of NULLs.
_OFFSET = slice(8, 12)


def elements_not_null(  # noqa: PLR0911 - one return for each kind of array
    array: e.Expression, place: Place
) -> Proof:
    """Whether an array, where it is not NULL itself, can have NULL elements."""
    match array:
        case e.ArrayExpr(elements=elements, nested=nested):
            prove = elements_not_null if nested else place.prover.prove
            return all_of(
                (prove(element, place) for element in elements),
                "no element of the array is NULL",
                "an element of the array can be NULL",
            )
        case e.Const(value=bytes(value)) if _is_plain(value):
            if any(value[_OFFSET]):
                return may_be_null("an element of the array is NULL")
            return never_null("no element of the array is NULL")
        case e.Coerce(kind=e.Coercion.RELABEL | e.Coercion.COLLATE, arg=arg):
            return elements_not_null(arg, place)
        case e.Coerce(kind=e.Coercion.ARRAY, arg=arg, element=element):
            if not isinstance(element, e.Coerce | e.CaseTestExpr):
                return may_be_null("an element's cast can give NULL")
            return elements_not_null(arg, place)
        case e.SubLink(kind=e.SubLinkType.ARRAY, query=query):
            inner = place.prover.enter(query, place)
            return place.prover.output(inner, 1).because(
                "the array has the subquery's values"
            )
        case _:
            return may_be_null("the array's elements can be NULL")


def _is_plain(value: bytes) -> bool:
    """A datum with a four-byte length, in either byte order."""
    length = len(value)
    return length in {
        int.from_bytes(value[:4], "little") >> 2,
        int.from_bytes(value[:4], "big") & 0x3FFFFFFF,
    }
