"""Proof that composite values are rows of tables, not made by functions or casts.

NOT NULL constraints of a table hold only in its rows. A function that finds nothing can
return a row of the same type in which all fields are NULL, and a column of that type
can hold such a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.outputs import home_of
from reposgen.live_schema.model import CompositeType
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import RteKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.tree.model import RangeTableEntry

_UNNEST = "unnest"
# Functions, aggregates and window functions whose results consist of argument rows.
_PASSES = frozenset(
    {
        *("array_agg", "max", "min", "any_value", "first_value", "last_value"),
        *("nth_value", "lag", "lead", "array_append", "array_prepend", "array_cat"),
        *("array_remove", "trim_array", "array_sample", "array_shuffle"),
        *("array_reverse", "array_sort", _UNNEST),
    }
)


def holds_real_rows(node: e.Expression, place: ProgramPoint) -> bool:  # noqa: C901, PLR0911, PLR0912 - one return for each kind of expression
    """Return True if a composite value, or each element of an array, is a table's row.

    NULL counts as a row of the table.
    """
    match node:
        case e.Var(levels_up=0):
            return _column(node, place.rows or place)
        case e.Var():
            return place.outer is not None and holds_real_rows(
                e.Var(
                    index=node.index,
                    column=node.column,
                    type=node.type,
                    levels_up=node.levels_up - 1,
                    returning=node.returning,
                ),
                place.outer,
            )
        case e.Const(value=value):
            return value is None
        case e.Param(kind=e.ParamKind.EXTERNAL):
            return True
        case e.Coerce(arg=arg) | e.NamedArgExpr(arg=arg):
            return holds_real_rows(arg, place)
        case e.CaseExpr(whens=whens, default=default):
            results = [*(when.result for when in whens), default]
            return _all((one for one in results if one is not None), place)
        case e.CoalesceExpr(args=args) | e.MinMaxExpr(args=args):
            return _all(args, place)
        case e.NullIfExpr(args=(arg, _)) | e.SubscriptingRef(container=arg):
            return holds_real_rows(arg, place)
        case e.ArrayExpr(elements=elements):
            return _all(elements, place)
        case e.SubLink(kind=e.SubLinkType.EXPRESSION | e.SubLinkType.ARRAY):
            return output_holds_real_rows(place.prover.enter(node.query, place), 1)
        case e.RowExpr():
            return _is_complete(node, place)
        case e.Aggref(function=function, levels_up=0):
            collected = (target.expression for target in node.args)
            return _passes(function, place) and _all(collected, place.rows or place)
        case e.WindowFunc(function=function, args=args):
            return _passes(function, place) and _all(args, place)
        case (
            e.FuncExpr(function=function, args=args)
            | e.OpExpr(function=function, args=args)
        ):
            return _passes(function, place) and _all(args, place)
        case _:
            # An argument that is not a row: lag's offset, a slice's bound.
            return not _is_composite(getattr(node, "type", None), place)


def output_holds_real_rows(place: ProgramPoint, number: int) -> bool:
    """Return True if a result column, counted from 1, contains only rows of tables."""
    query = place.query
    if query.set_operations is not None:
        # The range table of a set operation contains its branches as subqueries.
        return all(
            output_holds_real_rows(place.prover.enter(entry.subquery, place), number)
            for entry in query.range_table
            if entry.kind is RteKind.SUBQUERY and entry.subquery is not None
        )
    target = query.result_numbers.get(number)
    return target is not None and holds_real_rows(target.expression, place)


def _column(var: e.Var, place: ProgramPoint) -> bool:  # noqa: PLR0911 - one return for each kind of entry
    entry = place.query.entry(var.index)
    match entry.kind:
        case RteKind.RELATION:
            return var.column == 0 or not _is_composite(var.type, place)
        case RteKind.SUBQUERY if entry.subquery is not None:
            # A whole row of a subquery or view is a row of it.
            inner = place.prover.enter(entry.subquery, place)
            return var.column == 0 or output_holds_real_rows(inner, var.column)
        case RteKind.CTE:
            return var.column == 0 or _cte_column(entry, var.column, place)
        case RteKind.VALUES:
            return _all((row[var.column - 1] for row in entry.values), place)
        case RteKind.JOIN if var.column > 0:
            return holds_real_rows(entry.join_columns[var.column - 1], place)
        case RteKind.GROUP:
            return holds_real_rows(entry.group_expressions[var.column - 1], place)
        case RteKind.FUNCTION if len(entry.functions) == 1:
            call = entry.functions[0].expression
            return holds_real_rows(call, place)
        case _:
            return False


def _cte_column(entry: RangeTableEntry, number: int, place: ProgramPoint) -> bool:
    home = home_of(place, entry.cte_levels_up)
    for cte in home.query.ctes if home else ():
        if cte.name == entry.cte_name and not cte.recursive:
            return output_holds_real_rows(place.prover.enter(cte.query, home), number)
    return False


def _all(values: Iterable[e.Expression], place: ProgramPoint) -> bool:
    return all(holds_real_rows(value, place) for value in values)


def _passes(function: int, place: ProgramPoint) -> bool:
    builtin = place.prover.knowledge.functions.get(function)
    return builtin is not None and builtin.name in _PASSES


def _is_complete(row: e.RowExpr, place: ProgramPoint) -> bool:
    """Return True if a constructed row satisfies its table's NOT NULL constraints."""
    knowledge = place.prover.knowledge
    type_ = knowledge.catalog.types.get(row.type)
    relation = (
        knowledge.catalog.relations.get(type_.relation or 0)
        if isinstance(type_, CompositeType)
        else None
    )
    if relation is None:
        return True
    columns = {column.number: column for column in relation.columns}
    return all(
        place.prover.prove(value, place).not_null
        for number, value in enumerate(row.args, start=1)
        if number in columns and columns[number].not_null
    )


def _is_composite(type_: int | None, place: ProgramPoint) -> bool:
    if type_ is None:
        return True
    known = place.prover.knowledge.catalog.types.get(type_)
    while known is not None and not isinstance(known, CompositeType):
        known = getattr(known, "element", None) or getattr(known, "base", None)
    return known is not None
