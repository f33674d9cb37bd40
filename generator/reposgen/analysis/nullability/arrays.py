"""Which arrays of a result are put together by the statement, NULLs and all.

What a table holds, or a function gives, is taken to be without NULLs, as its owner
means it; an array that the statement itself makes of other values has NULL elements
wherever one of those can be NULL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.elements import elements_not_null
from reposgen.analysis.nullability.facts import Outcome
from reposgen.analysis.nullability.narrowing import after, assume, plain
from reposgen.analysis.nullability.outputs import home_of
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import RteKind

if TYPE_CHECKING:
    from reposgen.analysis.nullability.place import Place
    from reposgen.live_schema.tree.model import Query, RangeTableEntry

_ARRAY_AGG = "array_agg"


def has_null_elements(place: Place, number: int) -> bool:
    """Whether a result column, from 1, can be an array that has NULL elements."""
    query = place.query
    if query.set_operations is not None:
        # The branches stand in the range table before all else that there is.
        return any(
            has_null_elements(place.prover.enter(entry.subquery, place), number)
            for entry in query.range_table
            if entry.kind is RteKind.SUBQUERY and entry.subquery is not None
        )
    target = query.result_numbers.get(number)
    return target is not None and _makes_nulls(target.expression, place)


def _makes_nulls(  # noqa: PLR0911 - one return for each kind of expression
    node: e.Expression, place: Place
) -> bool:
    match node:
        case e.Var(levels_up=0, column=column) if column > 0:
            return _passes_nulls(place.query.entry(node.index), column, place)
        case e.Aggref(function=function, args=args, filter=condition):
            rows = place.rows or place
            collects = not node.levels_up and _is_array_agg(function, place)
            return collects and _has_nulls(args[0].expression, condition, rows)
        case e.WindowFunc(function=function, args=args, filter=condition):
            collects = _is_array_agg(function, place)
            # Rows that the queries around drop later are in the window as well.
            return collects and _has_nulls(args[0], condition, plain(place))
        case e.SubLink(kind=e.SubLinkType.ARRAY) | e.ArrayExpr():
            return not elements_not_null(node, place).not_null
        case e.SubLink(kind=e.SubLinkType.EXPRESSION, query=query):
            return has_null_elements(place.prover.enter(query, place), 1)
        case e.Coerce(arg=arg):
            return _makes_nulls(arg, place)
        case e.CoalesceExpr(args=args):
            return any(_makes_nulls(arg, place) for arg in args)
        case e.CaseExpr(whens=whens, default=default):
            results = [*(when.result for when in whens), default]
            return any(_makes_nulls(one, place) for one in results if one is not None)
        case _:
            return False


def _is_array_agg(function: int, place: Place) -> bool:
    return place.prover.knowledge.function_name(function) == _ARRAY_AGG


def _has_nulls(
    element: e.Expression, condition: e.Expression | None, rows: Place
) -> bool:
    """Whether an expression is NULL in one of the rows that meet a condition."""
    if condition is not None:
        known = after(rows, condition, Outcome.TRUE)
        if known is None:
            return False
        rows = assume(rows, known)
    return not rows.prover.prove(element, rows).not_null


def _passes_nulls(entry: RangeTableEntry, column: int, place: Place) -> bool:
    """The same for a column of something in FROM."""
    match entry.kind:
        case RteKind.SUBQUERY if entry.subquery is not None:
            return has_null_elements(place.prover.enter(entry.subquery, place), column)
        case RteKind.CTE if not entry.self_reference:
            home = home_of(place, entry.cte_levels_up)
            queries: list[Query] = [
                cte.query
                for cte in (home.query.ctes if home else ())
                if cte.name == entry.cte_name and not cte.recursive
            ]
            return any(
                has_null_elements(place.prover.enter(query, home), column)
                for query in queries
            )
        case RteKind.JOIN:
            return _makes_nulls(entry.join_columns[column - 1], place)
        case RteKind.GROUP:
            return _makes_nulls(entry.group_expressions[column - 1], place)
        case _:
            return False
