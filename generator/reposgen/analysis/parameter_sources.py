"""Tracing of values to the parameters they are made of.

If such a parameter is NULL, so is the value.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.columns import without_casts
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    CommandType,
    RangeTableRef,
    RteKind,
    SetOperation,
)
from reposgen.live_schema.tree.walk import walk
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog
    from reposgen.live_schema.tree.model import Query, RangeTableEntry

_UNNEST = 2331
_ARRAY_CAT = 383
_SUBQUERY_BITS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Parameter or other expression that a value comes from.

    Attributes:
        value: the parameter or expression.
        exact: True if the value is unchanged; False if a function computes it.
        may_be_replaced: True if another value can replace NULL on the way: COALESCE.
        is_element: True if the traced value is an element of this array.
        is_part: True if the traced value is an array that contains this one's elements.
    """

    value: e.Expression
    exact: bool = True
    may_be_replaced: bool = False
    is_element: bool = False
    is_part: bool = False


class Sources:
    """Tracer of values to parameters.

    Args:
        catalog: catalog of the database.
        builtin: the built-in functions of the server's major version.
        alone: True to trace through a function only if its other arguments are
            constants. No caller expects that a NULL parameter makes them all NULL.
    """

    def __init__(
        self, catalog: Catalog, builtin: BuiltinFunctions, *, alone: bool
    ) -> None:
        self._alone = alone
        self._catalog = catalog
        self._builtin = builtin
        # The CTEs being traced, so that a recursive CTE ends the trace.
        self._followed: list[Query] = []

    def of(  # noqa: C901, PLR0912 - one branch for each kind of expression
        self, node: e.Expression, around: Sequence[Query]
    ) -> Iterator[Source]:
        """Yield the sources that a value has in the rows of a statement.

        Args:
            node: the value.
            around: the statements that enclose it, the innermost last.
        """
        value = without_casts(node)
        match value:
            case e.Var(levels_up=levels, column=column) if column > 0:
                if levels < len(around):
                    inside = around[: len(around) - levels]
                    entry = inside[-1].entry(value.index)
                    yield from self._column(entry, column, inside, value)
            case e.Param(kind=e.ParamKind.MULTIPLE):
                yield from self._multiple(value, around)
            case e.SubLink(kind=e.SubLinkType.EXPRESSION, query=query):
                yield from self._result(query, 1, around)
            case e.CaseExpr(whens=whens, default=default):
                for when in whens:
                    yield from self.of(when.result, around)
                if default is not None:
                    yield from self.of(default, around)
            case e.CoalesceExpr(args=args) | e.MinMaxExpr(args=args):
                for arg in args:
                    for source in self.of(arg, around):
                        yield replace(source, may_be_replaced=len(args) > 1)
            case e.NullIfExpr(args=(arg, _)):
                yield from self.of(arg, around)
            case e.Coerce(arg=arg):
                yield from self.of(arg, around)
            case e.SubscriptingRef(container=array, assigned=None):
                yield from _as_elements(self.of(array, around))
            case e.FuncExpr(function=function, args=args) if function == _UNNEST:
                yield from _as_elements(self.of(args[0], around))
            case (
                e.FuncExpr(function=function, args=args)
                | e.OpExpr(function=function, args=args)
            ):
                yield from self._call(value, function, args, around)
            case _:
                yield Source(value=value)

    def _call(
        self,
        node: e.Expression,
        function: int,
        args: Sequence[e.Expression],
        around: Sequence[Query],
    ) -> Iterator[Source]:
        if function == _ARRAY_CAT:
            for arg in args:
                for source in self.of(arg, around):
                    yield replace(source, is_part=True)
        elif self._is_strict(function) and (
            not self._alone or self._is_of_one_parameter(node, around)
        ):
            for arg in args:
                for source in self.of(arg, around):
                    yield replace(source, exact=False)

    def _is_of_one_parameter(self, node: e.Expression, around: Sequence[Query]) -> bool:
        """Return True if a value is made of one parameter and constants.

        `now() + $1` is not.
        """
        numbers: set[int | None] = set()
        for inner in walk(node):
            match inner:
                case e.FuncExpr() | e.OpExpr() if _has_variable(inner):
                    pass
                case e.Const() | e.Coerce() | e.CaseTestExpr() | e.NamedArgExpr():
                    pass
                case e.Var() | e.Param():
                    numbers |= {
                        _number(source.value) for source in self.of(inner, around)
                    }
                case str() | int() | bytes():
                    pass
                case _:
                    return False
        return len(numbers) == 1 and None not in numbers

    def _is_strict(self, function: int) -> bool:
        known = self._catalog.functions.get(function) or self._builtin.get(function)
        return known is not None and known.strict and not known.returns_set

    def _column(
        self,
        entry: RangeTableEntry,
        column: int,
        around: Sequence[Query],
        var: e.Var,
    ) -> Iterator[Source]:
        match entry.kind:
            case RteKind.VALUES:
                for row in entry.values:
                    yield from self.of(row[column - 1], around)
            case RteKind.SUBQUERY if entry.subquery and not entry.relation:
                yield from self._result(entry.subquery, column, around)
            case RteKind.CTE if not entry.self_reference:
                yield from self._cte_column(entry, column, around)
            case RteKind.FUNCTION:
                yield from self._function_column(entry, column, around)
            case RteKind.JOIN:
                yield from self.of(entry.join_columns[column - 1], around)
            case RteKind.GROUP:
                yield from self.of(entry.group_expressions[column - 1], around)
            case _:
                yield Source(value=var)

    def _result(
        self, query: Query, column: int, around: Sequence[Query]
    ) -> Iterator[Source]:
        if query.command is not CommandType.SELECT:
            return
        inside = (*around, query)
        for branch in _branches(query.set_operations):
            if inner := query.entry(branch.index).subquery:
                yield from self._result(inner, column, inside)
        target = query.result_numbers.get(column)
        if target is not None and query.set_operations is None:
            yield from self.of(target.expression, inside)

    def _cte_column(
        self, entry: RangeTableEntry, column: int, around: Sequence[Query]
    ) -> Iterator[Source]:
        home = around[: len(around) - entry.cte_levels_up]
        for cte in home[-1].ctes if home else ():
            if cte.name == entry.cte_name and cte.query not in self._followed:
                self._followed.append(cte.query)
                yield from self._result(cte.query, column, home)
                self._followed.pop()

    def _function_column(
        self, entry: RangeTableEntry, column: int, around: Sequence[Query]
    ) -> Iterator[Source]:
        first = 1
        for function in entry.functions:
            if column == first and function.columns == 1:
                call = function.expression
                if isinstance(call, e.FuncExpr):
                    yield from self.of(call, around)
            first += function.columns

    def _multiple(self, param: e.Param, around: Sequence[Query]) -> Iterator[Source]:
        """Yield the sources of a column in `SET (a, b) = (SELECT …)`."""
        number, column = divmod(param.number, 1 << _SUBQUERY_BITS)
        for target in around[-1].targets:
            match target.expression:
                case e.SubLink(
                    kind=e.SubLinkType.MULTIPLE, number=found, query=query
                ) if found == number:
                    yield from self._result(query, column, around)
                case _:
                    pass


def _branches(node: SetOperation | RangeTableRef | None) -> Iterator[RangeTableRef]:
    match node:
        case SetOperation(left=left, right=right):
            yield from _branches(left)
            yield from _branches(right)
        case RangeTableRef():
            yield node
        case None:
            pass


def _as_elements(sources: Iterator[Source]) -> Iterator[Source]:
    return (replace(source, is_element=True) for source in sources)


def _number(value: e.Expression) -> int | None:
    """Return the number of a parameter; None for other expressions."""
    match value:
        case e.Param(kind=e.ParamKind.EXTERNAL, number=number):
            return number
        case _:
            return None


def _has_variable(node: e.Expression) -> bool:
    return any(isinstance(inner, e.Param | e.Var) for inner in walk(node))
