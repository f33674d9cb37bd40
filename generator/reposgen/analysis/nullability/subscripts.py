"""Nullability of array elements selected by a subscript."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.narrowing import plain
from reposgen.analysis.nullability.proof import Proof, may_be_null
from reposgen.analysis.nullability.rows import always_row
from reposgen.live_schema.model import ArrayType, DomainType
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.types import expression_type
from reposgen.live_schema.tree.walk import constant_integer

if TYPE_CHECKING:
    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.tree.model import Query

# array_agg(anynonarray); array_agg(anyarray) adds a dimension.
_ARRAY_AGG = 2335
_NO_ELEMENT = "there may be no such element"


def subscript(  # noqa: PLR0911 - one return for each kind of array
    node: e.SubscriptingRef, place: ProgramPoint
) -> Proof:
    """Return the proof for `container[…]`."""
    number = constant_integer(node.subscripts[0]) if len(node.subscripts) == 1 else None
    if number is None or node.slices or node.assigned is not None:
        return may_be_null(_NO_ELEMENT)
    container = node.container
    while isinstance(container, e.Coerce) and container.kind is e.Coercion.RELABEL:
        container = container.arg
    match container:
        case e.ArrayExpr(elements=elements, nested=False):
            if not 0 < number <= len(elements):
                return may_be_null(_NO_ELEMENT)
            return place.prover.prove(elements[number - 1], place).because(
                "the array has that element"
            )
        case _ if number != 1:
            return may_be_null(_NO_ELEMENT)
        case e.Aggref(function=function, levels_up=0) if function == _ARRAY_AGG:
            element = container.args[0].expression
            return _first(container, element, place, place.rows or place)
        case e.WindowFunc(function=function) if function == _ARRAY_AGG:
            # The window also contains rows that enclosing queries filter out.
            return _first(container, container.args[0], place, plain(place))
        case e.SubLink(kind=e.SubLinkType.ARRAY, query=query):
            inner = place.prover.enter(query, place)
            if not (always_row(inner) and _is_no_array(query, place)):
                return may_be_null(_NO_ELEMENT)
            return place.prover.output(inner, 1).because(
                "the array has the subquery's values"
            )
        case _:
            return may_be_null(_NO_ELEMENT)


def _first(
    call: e.Aggref | e.WindowFunc,
    element: e.Expression,
    place: ProgramPoint,
    rows: ProgramPoint,
) -> Proof:
    """Return the proof for the first element of an array_agg; NULL without rows."""
    collected = place.prover.prove(call, place)
    if not collected.not_null:
        return collected
    return rows.prover.prove(element, rows).because(
        "array_agg of at least one row has a first element"
    )


def _is_no_array(query: Query, place: ProgramPoint) -> bool:
    """Return True if the elements of an ARRAY(…) are not arrays themselves."""
    oid = expression_type(query.results[0].expression)
    found = place.prover.knowledge.catalog.types.get(oid)
    while isinstance(found, DomainType):
        found = found.base
    return found is not None and not isinstance(found, ArrayType)
