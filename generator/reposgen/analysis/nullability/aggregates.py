"""Nullability of aggregates and window functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.counting import counts_rows
from reposgen.analysis.nullability.narrowing import plain
from reposgen.analysis.nullability.proof import Proof, all_of, may_be_null, never_null
from reposgen.live_schema.functions import NullRule
from reposgen.live_schema.tree import expressions as e

if TYPE_CHECKING:
    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.tree.model import WindowClause

# PostgreSQL's FRAMEOPTION bits.
_RANGE = 0x2
_STARTS_LATE = 0x80 | 0x2000
_ENDS_EARLY = 0x40 | 0x1000
_OFFSETS = 0x800 | 0x1000 | 0x2000 | 0x4000
_EXCLUDES = 0x8000 | 0x10000  # the current row, or all its peers with it


def aggregate(node: e.Aggref, place: ProgramPoint) -> Proof:
    """Return the proof for an aggregate of the place's own query."""
    knowledge = place.prover.knowledge
    name = knowledge.function_name(node.function)
    rule = knowledge.rule(node.function)
    if rule is NullRule.NEVER:
        return never_null(f"{name} is never NULL")
    if rule is NullRule.MAYBE:
        return may_be_null(f"{name} can be NULL")
    if node.filter is not None:
        return may_be_null(f"{name}: FILTER can leave no row")
    grouping = place.scope.grouping
    if grouping.may_be_empty and not _has_rows(place):
        return may_be_null(f"{name} of no rows is NULL")
    if rule is NullRule.ROWS:
        return never_null(f"{name} of at least one row is a value")
    args = [target.expression for target in node.args]
    if rule is NullRule.FIRST:
        args = args[:1]
    rows = place.rows or place
    return all_of(
        (
            *(place.prover.prove(arg, rows) for arg in args),
            *(place.prover.prove(arg, place) for arg in node.direct_args),
        ),
        f"{name} of at least one row, none of them NULL",
        f"{name} passes over NULLs",
    )


def _has_rows(place: ProgramPoint) -> bool:
    """Return True if HAVING shows that the single group has rows.

    HAVING does so if it rules out that an aggregate is NULL or that a count is 0.
    """
    knowledge = place.prover.knowledge
    return any(
        isinstance(value, e.Aggref)
        and not value.levels_up
        and knowledge.rule(value.function)
        in {NullRule.ARGUMENTS, NullRule.FIRST, NullRule.ROWS}
        for value in place.known.values
    ) or counts_rows(place)


def window_function(node: e.WindowFunc, place: ProgramPoint) -> Proof:
    """Return the proof for a window function, or an aggregate over a window."""
    knowledge = place.prover.knowledge
    name = knowledge.function_name(node.function)
    rule = knowledge.rule(node.function)
    if rule is NullRule.NEVER:
        return never_null(f"{name} is never NULL")
    if rule is NullRule.MAYBE:
        return may_be_null(f"{name} can be NULL")
    if node.filter is not None:
        return may_be_null(f"{name}: FILTER can leave no row")
    window = next((w for w in place.query.windows if w.reference == node.window), None)
    framed = node.aggregate or rule is NullRule.FRAME
    if framed and not (window and _holds_current_row(window)):
        return may_be_null(f"{name}: the frame can have no row")
    if rule is NullRule.ROWS:
        return never_null(f"{name} of at least one row is a value")
    args = node.args[:1] if rule is NullRule.FIRST else node.args
    # The window also contains rows that enclosing queries filter out.
    all_rows = plain(place)
    return all_of(
        (place.prover.prove(arg, all_rows) for arg in args),
        f"{name} of rows none of which has NULL",
        f"{name} of an argument that can be NULL",
    )


def _holds_current_row(window: WindowClause) -> bool:
    if window.frame & (_STARTS_LATE | _ENDS_EARLY | _EXCLUDES):
        return False
    # With a RANGE offset, the frame of an infinite value can exclude the current row.
    return not (window.frame & _RANGE and window.frame & _OFFSETS)
