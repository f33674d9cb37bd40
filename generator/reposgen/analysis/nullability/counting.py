"""Proof from HAVING count(*) > 0 that a group has rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.walk import conjuncts, constant_integer

if TYPE_CHECKING:
    from reposgen.analysis.nullability.program_point import ProgramPoint

_COUNTS = {2147, 2803}  # count(any), count(*)
# For each comparison, the equivalent comparison with exchanged sides.
_MIRRORED = {"gt": "lt", "lt": "gt", "ge": "le", "le": "ge", "eq": "eq", "ne": "ne"}


def counts_rows(place: ProgramPoint) -> bool:
    """Return True if HAVING keeps only groups in which some count is positive."""
    return any(_is_positive(c, place) for c in conjuncts(place.query.having))


def _is_positive(condition: e.Expression, place: ProgramPoint) -> bool:
    match condition:
        case e.OpExpr(args=(e.Aggref() as count, e.Const() as bound)):
            comparison = _comparison(condition, place)
        case e.OpExpr(args=(e.Const() as bound, e.Aggref() as count)):
            comparison = _MIRRORED.get(_comparison(condition, place), "")
        case _:
            return False
    number = constant_integer(bound)
    if number is None or count.function not in _COUNTS or count.levels_up:
        return False
    return (
        (comparison == "gt" and number >= 0)
        or (comparison in {"ge", "eq"} and number > 0)
        or (comparison == "ne" and number == 0)
    )


def _comparison(condition: e.OpExpr, place: ProgramPoint) -> str:
    """Return the comparison of an operator's function: `gt` for int84gt."""
    name = place.prover.knowledge.function_name(condition.function)
    return name[-2:] if name.startswith("int") else ""
