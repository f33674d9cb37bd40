"""Nullability of CASE, COALESCE, AND and OR, whose parts count under conditions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.nullability.facts import Outcome
from reposgen.analysis.nullability.jointree import JoinSide, Side
from reposgen.analysis.nullability.narrowing import after, assume
from reposgen.analysis.nullability.proof import (
    Proof,
    all_of,
    any_of,
    may_be_null,
    never_null,
)
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.walk import walk_level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.tree.model import Query


def case(node: e.CaseExpr, place: ProgramPoint) -> Proof:
    """Return the proof for a CASE: each result is proved under its condition.

    The conditions before it are not true in the rows that reach a branch.
    """
    return all_of(
        _branches(node, place),
        "no branch of CASE is NULL",
        "a branch of CASE can be NULL",
    )


def _branches(node: e.CaseExpr, place: ProgramPoint) -> Iterator[Proof]:
    here = place
    for when in node.whens:
        condition = _with_argument(when.condition, node.arg)
        true = after(place, condition, Outcome.TRUE)
        if true is not None:
            yield place.prover.prove(when.result, assume(here, true))
        not_true = after(place, condition, Outcome.NOT_TRUE)
        if not_true is None:
            return
        here = assume(here, not_true)
    if node.default is None:
        yield may_be_null("CASE without ELSE is NULL where no condition is true")
    else:
        yield place.prover.prove(node.default, here)


def _with_argument(node: e.Expression, arg: e.Expression | None) -> e.Expression:
    """Return a WHEN condition with the argument of its CASE inserted."""
    match node:
        case e.CaseTestExpr() if arg is not None:
            return arg
        case e.OpExpr(args=args) | e.FuncExpr(args=args):
            return replace(node, args=tuple(_with_argument(a, arg) for a in args))
        case e.Coerce():
            return replace(node, arg=_with_argument(node.arg, arg))
        case _:
            return node


def first_of(name: str, args: tuple[e.Expression, ...], place: ProgramPoint) -> Proof:
    """Return the proof for an expression that is NULL only if all arguments are."""
    proof = any_of(
        (place.prover.prove(arg, place) for arg in args),
        f"an argument of {name} is never NULL",
        f"all arguments of {name} can be NULL",
    )
    if proof.not_null:
        return proof
    # In a row of a FULL JOIN, at least one side is not nulled.
    for outer in (place.rows or place).scope.joins.outer:
        sides = {Side(outer.side.join, which) for which in JoinSide}
        if outer.side.which is JoinSide.LEFT and sides <= set(place.scope.joins.words):
            cases = [assume(place, frozenset(), frozenset({s})) for s in sorted(sides)]
            if all(
                any(here.prover.prove(arg, here).not_null for arg in args)
                for here in cases
            ):
                return never_null(
                    f"{name}: of a FULL JOIN's sides at least one has a row"
                )
    return proof


def boolean(node: e.BoolExpr, place: ProgramPoint) -> Proof:
    """Return the proof for NOT, AND or OR.

    AND and OR are NULL only if a part is NULL and no other part decides the result.
    """
    if node.operator == "not":
        return place.prover.prove(node.args[0], place)
    # If AND is NULL, none of its parts is false. If OR is NULL, none is true.
    undecided = Outcome.NOT_FALSE if node.operator == "and" else Outcome.NOT_TRUE
    facts = [after(place, arg, undecided) for arg in node.args]
    word = node.operator.upper()
    if any(fact is None for fact in facts):
        return never_null(f"a part of {word} decides it")

    def parts() -> Iterator[Proof]:
        for index, arg in enumerate(node.args):
            others = frozenset[e.Expression]().union(
                *(f for i, f in enumerate(facts) if i != index and f is not None)
            )
            yield place.prover.prove(arg, assume(place, others) if others else place)

    return all_of(
        parts(), f"no part of {word} is NULL", f"a part of {word} can be NULL"
    )


def sets_in_results(query: Query) -> int:
    """Return the number of set-returning calls in a select list."""
    return sum(
        isinstance(node, e.FuncExpr | e.OpExpr) and node.returns_set
        for target in query.targets
        for node in walk_level(target.expression)
    )
