"""Where the parameters of a statement stand in its tree, and what that says of them."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import cached_property
from typing import TYPE_CHECKING

from reposgen.analysis.columns import (
    assigned_column,
    column_behind,
    first_column,
    refuses_null,
    without_casts,
)
from reposgen.analysis.stars import output_queries
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    CommandType,
    OnConflict,
    Query,
    RteKind,
    TargetEntry,
)
from reposgen.live_schema.tree.walk import children
from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.columns import Origin
    from reposgen.live_schema.model import Catalog, Relation, RelationColumn


# FuncExpr's forms: f(x), and what SQL spells otherwise, EXTRACT(… FROM x).
_CALLS = {0, 3}
_CAST = re.compile(r"\$\d+\s*::")


class Demand(Enum):
    """What a place says of NULL."""

    NOT_NULL = auto()  # compared, or assigned to a column that refuses NULL
    TAKES_NULL = auto()  # assigned to a column that takes NULL
    ASKS_NULL = auto()  # IS NULL, IS DISTINCT FROM: NULL means something here
    SILENT = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterPlace:
    """One place of a parameter.

    Attributes:
        location: offset in the text.
        name: what to call the parameter, as far as this place tells.
        origin: the column that it is compared with or assigned to.
        is_value: it is assigned to that column, or equal to it: a value of the column.
    """

    number: int
    location: int
    name: str | None
    demand: Demand
    origin: Origin | None = None
    is_value: bool = False


def parameter_places(
    tree: Query, sql: str, catalog: Catalog
) -> tuple[ParameterPlace, ...]:
    """All places of all parameters, in the order of the text."""
    finder = _Finder(sql, catalog)
    finder.visit(tree)
    return tuple(sorted(finder.places, key=lambda place: place.location))


def uses_in_text(sql: str) -> dict[int, list[int]]:
    """Where in the text each parameter stands."""
    found: dict[int, list[int]] = {}
    for token in tokenize(sql):
        if token.kind is TokenKind.PARAMETER:
            found.setdefault(int(token.text[1:]), []).append(token.start)
    return found


def assignment(relation: Relation, column: RelationColumn) -> Demand:
    """What an assignment to the column says."""
    return Demand.NOT_NULL if refuses_null(relation, column) else Demand.TAKES_NULL


class _Finder:
    """One walk over a tree, the statements around the current node on a stack."""

    def __init__(self, sql: str, catalog: Catalog) -> None:
        self.places: list[ParameterPlace] = []
        self._sql = sql
        self._builtin = builtin_functions(catalog.major)
        self._catalog = catalog
        self._around: list[Query] = []
        # The subqueries whose test is being walked, the innermost last.
        self._tested: list[Query] = []

    def visit(self, node: object) -> None:
        match node:
            case TargetEntry():
                self.visit(node.expression)
            case e.Var() | e.Const() | str() | int() | None:
                pass
            case Query():
                self._around.append(node)
                self._query(node)
                self._children(node)
                self._around.pop()
            case e.SubLink():
                self._tested.append(node.query)
                self.visit(node.test)
                self._tested.pop()
                self.visit(node.query)
            case e.Param():
                self._found(node, None, Demand.SILENT)
            case _:
                self._note(node)
                self._children(node)

    def _note(self, node: object) -> None:
        """What a node says of the parameters directly in it."""
        for left, right, demand in _comparisons(node):
            self._compare(left, right, demand, is_value=self._is_equality(node))
        match node:
            case OnConflict():
                self._assignments(node.assignments)
            case e.CoalesceExpr() | e.MinMaxExpr():
                self._beside(node.args)
            case e.NullTest():
                self._found(node.arg, None, Demand.ASKS_NULL)
            case e.FuncExpr(form=form) if form in _CALLS:
                self._arguments(node.function, node.args)
            case e.WindowFunc():
                self._arguments(node.function, node.args)
            case e.Aggref():
                args = (*node.direct_args, *(t.expression for t in node.args))
                self._arguments(node.function, args)

    def _is_equality(self, node: object) -> bool:
        match node:
            case (
                e.OpExpr(operator=operator)
                | e.ScalarArrayOpExpr(operator=operator)
                | e.DistinctExpr(operator=operator)
                | e.NullIfExpr(operator=operator)
            ):
                return operator in self._catalog.operator_equality
            case _:
                return False

    def _children(self, node: object) -> None:
        for child in children(node):
            self.visit(child)

    def _query(self, query: Query) -> None:
        self._found(query.limit, "limit", Demand.NOT_NULL)
        self._found(query.offset, "offset", Demand.NOT_NULL)
        if query.command in (CommandType.INSERT, CommandType.UPDATE):
            self._assignments(query.targets)
        for action in query.merge_actions:
            self._assignments(action.targets)

    def _assignments(self, targets: Sequence[TargetEntry]) -> None:
        for target in targets:
            assigned = assigned_column(target, self._around[-1], self._catalog)
            if assigned is None:
                continue
            relation, column = assigned
            origin = (relation.oid, column.number)
            for value in _values(target.expression, self._around[-1]):
                demand = assignment(relation, column)
                self._found(value, column.name, demand, origin, is_value=True)

    def _compare(
        self,
        left: e.Expression,
        right: e.Expression,
        demand: Demand,
        *,
        is_value: bool,
    ) -> None:
        for one, other in ((left, right), (right, left)):
            match without_casts(other):
                case e.Param(kind=e.ParamKind.SUBLINK, number=number) if self._tested:
                    target = self._tested[-1].results[number - 1]
                    origin = (target.table, target.column) if target.table else None
                    self._found(one, target.name, demand, origin, is_value=is_value)
                case _:
                    column = first_column(other, self._around, self._catalog)
                    exact = column_behind(other, self._around, self._catalog)
                    self._found(
                        one,
                        column.name if column else None,
                        demand,
                        exact.origin if exact else None,
                        is_value=is_value,
                    )

    def _beside(self, args: Sequence[e.Expression]) -> None:
        """Name parameters after the column that they stand beside in COALESCE."""
        columns = (first_column(arg, self._around, self._catalog) for arg in args)
        name = next((column.name for column in columns if column), None)
        for arg in args:
            self._found(arg, name, Demand.SILENT)

    def _arguments(self, oid: int, args: Sequence[e.Expression]) -> None:
        function = self._catalog.functions.get(oid) or self._builtin.get(oid)
        if function is None:
            return
        names = function.argument_names
        for index, arg in enumerate(args):
            if isinstance(arg, e.NamedArgExpr):
                self._found(arg.arg, arg.name, Demand.SILENT)
                continue
            name = names[min(index, len(names) - 1)] if names else ""
            # The arguments of a VARIADIC one arrive as an array.
            for part in arg.elements if isinstance(arg, e.ArrayExpr) else (arg,):
                # A cast would say more than the function's name does.
                other = None if self._is_cast(part) else function.name
                self._found(part, name or other, Demand.SILENT)

    def _is_cast(self, arg: e.Expression) -> bool:
        value = without_casts(arg)
        return isinstance(value, e.Param) and (
            _CAST.match(self._sql, self._place(value)) is not None
        )

    def _place(self, parameter: e.Param) -> int:
        if parameter.location >= 0:
            return parameter.location
        # Where the tree tells no places, the first use counts.
        return self._uses[parameter.number][0]

    @cached_property
    def _uses(self) -> dict[int, list[int]]:
        return uses_in_text(self._sql)

    def _found(
        self,
        node: e.Expression | None,
        name: str | None,
        demand: Demand,
        origin: Origin | None = None,
        *,
        is_value: bool = False,
    ) -> None:
        value = without_casts(node) if node else None
        if isinstance(value, e.Param) and value.kind is e.ParamKind.EXTERNAL:
            self.places.append(
                ParameterPlace(
                    number=value.number,
                    location=self._place(value),
                    name=name or None,
                    demand=demand,
                    origin=origin,
                    is_value=is_value,
                )
            )


def _comparisons(
    node: object,
) -> Iterator[tuple[e.Expression, e.Expression, Demand]]:
    """What a node compares with what."""
    match node:
        case e.OpExpr(args=(left, right)) | e.NullIfExpr(args=(left, right)):
            yield left, right, Demand.NOT_NULL
        case e.DistinctExpr(args=(left, right)):
            yield left, right, Demand.ASKS_NULL
        case e.ScalarArrayOpExpr(args=(left, right)):
            listed = without_casts(right)
            several = listed.elements if isinstance(listed, e.ArrayExpr) else (right,)
            for value in several:
                yield left, value, Demand.NOT_NULL
        case e.RowCompareExpr():
            for left, right in zip(node.left, node.right, strict=False):
                yield left, right, Demand.NOT_NULL


def _values(node: e.Expression, query: Query) -> Iterator[e.Expression]:
    """What an assigned expression is: of VALUES and SELECT, that in each row."""
    value = without_casts(node)
    if isinstance(value, e.Var) and value.levels_up == 0 and value.column > 0:
        entry = query.entry(value.index)
        if entry.kind is RteKind.VALUES:
            for row in entry.values:
                yield row[value.column - 1]
            return
        if entry.kind is RteKind.SUBQUERY and entry.subquery and not entry.relation:
            for branch in output_queries(entry.subquery):
                yield from _values(branch.results[value.column - 1].expression, branch)
            return
    yield node
