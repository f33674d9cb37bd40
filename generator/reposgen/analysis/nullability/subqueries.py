"""Nullability of subqueries in expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.proof import Proof, all_of, may_be_null, never_null
from reposgen.analysis.nullability.rows import always_row, why_row
from reposgen.live_schema.functions import NullRule
from reposgen.live_schema.tree import expressions as e

if TYPE_CHECKING:
    from reposgen.analysis.nullability.program_point import ProgramPoint

_SUBQUERY_BITS = 16


def sublink(node: e.SubLink, place: ProgramPoint) -> Proof:
    """Return the proof for EXISTS, IN, ALL, ARRAY, or a subquery as a value."""
    match node.kind:
        case e.SubLinkType.EXISTS:
            return never_null("EXISTS is true or false, never NULL")
        case e.SubLinkType.ARRAY:
            return never_null("ARRAY(…) is a value, be it empty")
        case e.SubLinkType.EXPRESSION:
            return _value(place.prover.enter(node.query, place), 1)
        case e.SubLinkType.ANY | e.SubLinkType.ALL if node.test is not None:
            return _comparison(node.test, place.prover.enter(node.query, place), place)
        case _:
            return may_be_null("a comparison with a subquery's row can be NULL")


def multiple_assignment(param: e.Param, place: ProgramPoint) -> Proof:
    """Return the proof for one column of `SET (a, b) = (SELECT …)`."""
    number, column = divmod(param.number, 1 << _SUBQUERY_BITS)
    for target in place.query.targets:
        match target.expression:
            case e.SubLink(kind=e.SubLinkType.MULTIPLE, number=found, query=query):
                if found == number:
                    return _value(place.prover.enter(query, place), column)
            case _:
                pass
    return may_be_null("nothing is known of what is assigned")


def _value(inner: ProgramPoint, column: int) -> Proof:
    proof = inner.prover.output(inner, column)
    if not proof.not_null:
        return proof.because("a subquery's value can be NULL")
    if not always_row(inner):
        return may_be_null("a subquery without a row is NULL")
    return proof.because(why_row(inner))


def _comparison(test: e.Expression, inner: ProgramPoint, place: ProgramPoint) -> Proof:
    """Return the proof for `left operator ANY (SELECT …)`, or ALL.

    The result is NULL if a comparison is NULL and no other one decides the result.
    """
    match test:
        case e.OpExpr(function=function, args=args):
            if place.prover.knowledge.rule(function) is not NullRule.ARGUMENTS:
                return may_be_null("the comparison can be NULL")
            return all_of(
                (_compared(arg, inner, place) for arg in args),
                "no side of the comparison is NULL",
                "a side of the comparison can be NULL",
            )
        case e.BoolExpr(args=tests):
            return all_of(
                (_comparison(one, inner, place) for one in tests),
                "no side of the comparisons is NULL",
                "a side of the comparisons can be NULL",
            )
        case _:
            return may_be_null("the comparison can be NULL")


def _compared(arg: e.Expression, inner: ProgramPoint, place: ProgramPoint) -> Proof:
    match arg:
        case e.Param(kind=e.ParamKind.SUBLINK, number=number):
            return inner.prover.output(inner, number)
        case e.Coerce(kind=e.Coercion.RELABEL, arg=inside):
            return _compared(inside, inner, place)
        case _:
            return place.prover.prove(arg, place)
