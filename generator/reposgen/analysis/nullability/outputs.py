"""Nullability of result columns: select lists, set operations, CTEs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.proof import Proof, all_of, any_of, may_be_null
from reposgen.live_schema.tree.model import (
    RangeTableRef,
    SetOperation,
    SetOperator,
)

if TYPE_CHECKING:
    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.tree.model import CommonTableExpr, Query, RangeTableEntry

_NO_COLUMNS: frozenset[int] = frozenset()


def output_column(place: ProgramPoint, number: int) -> Proof:
    """Return the proof for a query's result column, counted from 1."""
    query = place.query
    if query.set_operations is not None:
        return _operation_column(query.set_operations, place, number)
    target = query.result_numbers.get(number)
    if target is None:
        return may_be_null("there is no such column")
    return place.prover.prove(target.expression, place)


def _operation_column(
    node: SetOperation | RangeTableRef, place: ProgramPoint, number: int
) -> Proof:
    if isinstance(node, RangeTableRef):
        query = place.query.entry(node.index).subquery
        if query is None:
            return may_be_null("a side of a set operation is no query")
        inner = place.prover.enter(query, place, place.assumed)
        return place.prover.output(inner, number)
    left = _operation_column(node.left, place, number)
    match node.operator:
        case SetOperator.EXCEPT:
            return left.because("EXCEPT keeps rows of its left side")
        case SetOperator.INTERSECT:
            right = _operation_column(node.right, place, number)
            return any_of(
                (left, right),
                "INTERSECT keeps rows that both sides have",
                "both sides of INTERSECT can be NULL",
            )
        case SetOperator.UNION:
            right = _operation_column(node.right, place, number)
            return all_of(
                (left, right),
                "no side of UNION is NULL",
                "a side of UNION can be NULL",
            )
        case _:
            return may_be_null("an unknown set operation")


def cte_column(
    entry: RangeTableEntry, number: int, assumed: frozenset[int], place: ProgramPoint
) -> Proof:
    """Return the proof for a column of a CTE where `entry` reads it."""
    home = home_of(place, entry.cte_levels_up)
    cte = next(
        (c for c in (home.query.ctes if home else ()) if c.name == entry.cte_name),
        None,
    )
    if home is None or cte is None:
        return may_be_null(f"the CTE {entry.cte_name} was not found")
    prover = place.prover
    key = id(cte.query)
    if key in prover.recursion:
        if number in prover.recursion[key]:
            return Proof(not_null=True, why=("so it is in the rows found before",))
        return may_be_null("it can be NULL in the rows found before")
    if cte.recursive:
        return _recursive_column(cte, number, home)
    return prover.output(prover.enter(cte.query, home, assumed), number)


def home_of(place: ProgramPoint, levels_up: int) -> ProgramPoint | None:
    """Return the query that defines a CTE, without facts about its own rows."""
    found: ProgramPoint | None = place
    for _ in range(levels_up):
        found = found.enclosing if found else None
    return found.prover.home(found) if found else None


def _recursive_column(cte: CommonTableExpr, number: int, home: ProgramPoint) -> Proof:
    """Return the proof for a column of a recursive CTE.

    It searches for the largest set of columns that are not NULL in new rows if they are
    not NULL in the rows before.
    """
    prover = home.prover
    key = id(cte.query)
    cached = home.recursive.get(key)
    if cached is None:
        columns = frozenset(t.number for t in cte.query.results)
        while True:
            prover.recursion[key] = columns
            # `_proofs` drops the proofs made under the previous assumption.
            proofs = _proofs(cte.query, home)
            kept = frozenset(n for n in columns if proofs[n].not_null)
            if kept == columns:
                break
            columns = kept
        del prover.recursion[key]
        home.recursive[key] = cached = proofs
    return cached.get(number) or may_be_null("there is no such column")


def _proofs(query: Query, home: ProgramPoint) -> dict[int, Proof]:
    home.entered.pop((id(query), _NO_COLUMNS), None)
    place = home.prover.enter(query, home)
    proofs = {t.number: home.prover.output(place, t.number) for t in query.results}
    home.entered.pop((id(query), _NO_COLUMNS), None)
    return proofs
