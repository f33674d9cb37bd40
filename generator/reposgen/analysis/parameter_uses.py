"""Places of a statement's parameters in its tree: their names and NULL handling."""

from __future__ import annotations

import re
from enum import Enum, auto
from functools import cached_property
from typing import TYPE_CHECKING

from reposgen.analysis.arrays import is_array
from reposgen.analysis.columns import (
    assigned_column,
    column_behind,
    first_column,
    refuses_null,
    without_casts,
)
from reposgen.analysis.parameter_sources import Sources
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.forms import CaseWhen
from reposgen.live_schema.tree.model import (
    CommandType,
    FromExpr,
    JoinExpr,
    MergeAction,
    OnConflict,
    Query,
    TargetEntry,
)
from reposgen.live_schema.tree.walk import children
from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.columns import Origin
    from reposgen.analysis.model import Elements
    from reposgen.live_schema.model import Catalog, Relation, RelationColumn


_BOOL = 16
# Functions of `&&`, `@>` and `<@`.
_MATCHES = frozenset({"arrayoverlap", "arraycontains", "arraycontained"})
# Forms of a FuncExpr: f(x), and special SQL syntax such as EXTRACT(… FROM x).
_CALLS = {0, 3}
_CAST = re.compile(r"\$\d+\s*::")


class NullHandling(Enum):
    """Handling of NULL at the place of a parameter."""

    NOT_NULL = auto()  # compared, or assigned to a column that refuses NULL
    TAKES_NULL = auto()  # assigned to a column that takes NULL
    TESTS_NULL = auto()  # IS NULL, IS DISTINCT FROM: NULL means something here
    UNSPECIFIED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterPlace:
    """One place of a parameter.

    Attributes:
        number: number of the parameter.
        location: offset in the text.
        name: name that this place suggests for the parameter; None without one.
        handling: how NULL is handled here.
        origin: the column that it is compared with or assigned to, or None.
        is_value: True if it is assigned to that column or compared with it for
            equality, so that it is a value of the column.
        of_elements: True if `handling` is about the elements of an array.
    """

    number: int
    location: int
    name: str | None
    handling: NullHandling
    origin: Origin | None = None
    is_value: bool = False
    of_elements: bool = False


def parameter_places(
    tree: Query, sql: str, catalog: Catalog, elements: Elements
) -> tuple[ParameterPlace, ...]:
    """Return all places of all parameters, in the order of the text."""
    finder = _Finder(sql, catalog, elements)
    finder.visit(tree)
    return tuple(sorted(finder.places, key=lambda place: place.location))


def uses_in_text(sql: str) -> dict[int, list[int]]:
    """Return the offsets of each parameter in the text, by number."""
    found: dict[int, list[int]] = {}
    for token in tokenize(sql):
        if token.kind is TokenKind.PARAMETER:
            found.setdefault(int(token.text[1:]), []).append(token.start)
    return found


def assignment(relation: Relation, column: RelationColumn) -> NullHandling:
    """Return how an assignment to a column handles NULL."""
    return (
        NullHandling.NOT_NULL
        if refuses_null(relation, column)
        else NullHandling.TAKES_NULL
    )


def element_assignment(
    relation: Relation, column: RelationColumn, elements: Elements
) -> NullHandling:
    """Return how an assignment of an array to a column handles NULL elements."""
    nullable = elements.of_column(relation.oid, column.number, column.type)
    return NullHandling.TAKES_NULL if nullable else NullHandling.NOT_NULL


class _Finder:
    """Walker over a tree, with the enclosing statements on a stack."""

    def __init__(self, sql: str, catalog: Catalog, elements: Elements) -> None:
        self.places: list[ParameterPlace] = []
        self._elements = elements
        self._sql = sql
        self._builtin = builtin_functions(catalog.major)
        self._sources = Sources(catalog, self._builtin, alone=True)
        self._needed = Sources(catalog, self._builtin, alone=False)
        self._catalog = catalog
        self._around: list[Query] = []
        # The subqueries whose test is being visited, the innermost last.
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
                self._found(node, None, NullHandling.UNSPECIFIED)
            case _:
                self._note(node)
                self._children(node)

    def _note(  # noqa: C901 - one branch for each kind of node
        self, node: object
    ) -> None:
        """Add the places of the parameters directly inside a node."""
        for left, right, handling in _comparisons(node):
            self._compare(left, right, handling, is_value=self._is_equality(node))
        match node:
            case e.ScalarArrayOpExpr(args=(_, array)):
                self._found(array, None, NullHandling.NOT_NULL, of_elements=True)
            case e.OpExpr(function=function, args=args) if self._matches_elements(
                function
            ):
                for arg in args:
                    self._found(arg, None, NullHandling.NOT_NULL, of_elements=True)
            case OnConflict():
                self._assignments(node.assignments)
                self._condition(node.condition)
            case e.CaseExpr(arg=arg) if arg is not None:
                self._refuse_null(arg)
            case e.CoalesceExpr() | e.MinMaxExpr():
                self._beside(node.args)
            case e.NullTest():
                self._found(node.arg, None, NullHandling.TESTS_NULL)
            case FromExpr() | JoinExpr() | CaseWhen() | MergeAction():
                self._condition(node.condition)
            case e.FuncExpr(form=form) if form in _CALLS:
                self._arguments(node.function, node.args)
            case e.WindowFunc():
                self._arguments(node.function, node.args)
            case e.Aggref():
                args = (*node.direct_args, *(t.expression for t in node.args))
                self._arguments(node.function, args)

    def _matches_elements(self, function: int) -> bool:
        """Return True if an operator compares array elements: NULL equals none."""
        builtin = self._builtin.get(function)
        return builtin is not None and builtin.name in _MATCHES

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
        self._found(query.limit, "limit", NullHandling.NOT_NULL)
        self._found(query.offset, "offset", NullHandling.NOT_NULL)
        if query.command in (CommandType.INSERT, CommandType.UPDATE):
            self._assignments(query.targets)
        self._condition(query.having)
        self._condition(query.merge_condition)
        for action in query.merge_actions:
            self._assignments(action.targets)

    def _assignments(self, targets: Sequence[TargetEntry]) -> None:
        for target in targets:
            assigned = assigned_column(target, self._around[-1], self._catalog)
            if assigned is None:
                continue
            relation, column = assigned
            handling = assignment(relation, column)
            sources = (
                self._needed if handling is NullHandling.NOT_NULL else self._sources
            )
            for source in sources.of(target.expression, self._around):
                if is_array(column.type) and not source.is_element:
                    self._found(
                        source.value,
                        None,
                        element_assignment(relation, column, self._elements),
                        of_elements=True,
                    )
                if source.is_part:
                    continue
                known = source.exact
                self._found(
                    source.value,
                    column.name if known and not source.is_element else None,
                    NullHandling.UNSPECIFIED
                    if source.may_be_replaced and handling is NullHandling.NOT_NULL
                    else handling,
                    (relation.oid, column.number) if known else None,
                    is_value=known,
                    of_elements=source.is_element,
                )

    def _condition(self, node: e.Expression | None) -> None:
        """Add the parameters that make a condition fail if they are NULL."""
        match node:
            case e.BoolExpr(args=args):
                for arg in args:
                    self._condition(arg)
            case e.FuncExpr() | e.Param():
                self._refuse_null(node)
            case _:
                pass

    def _refuse_null(self, node: e.Expression) -> None:
        """Add the parameters that make an expression NULL if they are NULL."""
        for source in self._needed.of(node, self._around):
            if not source.may_be_replaced and not source.is_part:
                self._found(
                    source.value,
                    None,
                    NullHandling.NOT_NULL,
                    of_elements=source.is_element,
                )

    def _compare(
        self,
        left: e.Expression,
        right: e.Expression,
        handling: NullHandling,
        *,
        is_value: bool,
    ) -> None:
        if handling is NullHandling.NOT_NULL:
            self._refuse_null(left)
            self._refuse_null(right)
        for one, other in ((left, right), (right, left)):
            match without_casts(other):
                case e.Param(kind=e.ParamKind.SUBLINK, number=number) if self._tested:
                    target = self._tested[-1].results[number - 1]
                    origin = (target.table, target.column) if target.table else None
                    self._found(one, target.name, handling, origin, is_value=is_value)
                case _:
                    column = first_column(other, self._around, self._catalog)
                    exact = column_behind(other, self._around, self._catalog)
                    origin = exact.origin if exact else None
                    self._found(
                        one,
                        column.name if column else None,
                        handling,
                        origin,
                        is_value=is_value,
                    )
                    if origin is not None and is_value:
                        self._compared_arrays(one, origin)

    def _compared_arrays(self, one: e.Expression, origin: Origin) -> None:
        """Add an array that equals a column's array: it can have the same NULLs."""
        relation = self._catalog.relations.get(origin[0])
        column = relation.column(origin[1]) if relation else None
        if relation and column and is_array(column.type):
            handling = element_assignment(relation, column, self._elements)
            if handling is NullHandling.TAKES_NULL:
                self._found(one, None, handling, of_elements=True)

    def _beside(self, args: Sequence[e.Expression]) -> None:
        """Name parameters after the column that stands beside them in COALESCE."""
        columns = (first_column(arg, self._around, self._catalog) for arg in args)
        name = next((column.name for column in columns if column), None)
        for arg in args:
            self._found(arg, name, NullHandling.UNSPECIFIED)

    def _arguments(self, oid: int, args: Sequence[e.Expression]) -> None:
        function = self._catalog.functions.get(oid) or self._builtin.get(oid)
        if function is None:
            return
        names = function.argument_names
        for index, arg in enumerate(args):
            if isinstance(arg, e.NamedArgExpr):
                self._found(arg.arg, arg.name, NullHandling.UNSPECIFIED)
                continue
            name = names[min(index, len(names) - 1)] if names else ""
            # The arguments for a VARIADIC parameter are an array in the tree.
            for part in arg.elements if isinstance(arg, e.ArrayExpr) else (arg,):
                # A parameter with a cast is not named after the function.
                other = None if self._is_cast(part) else function.name
                self._found(part, name or other, NullHandling.UNSPECIFIED)

    def _is_cast(self, arg: e.Expression) -> bool:
        value = without_casts(arg)
        return isinstance(value, e.Param) and (
            _CAST.match(self._sql, self._place(value)) is not None
        )

    def _place(self, parameter: e.Param) -> int:
        if parameter.location >= 0:
            return parameter.location
        # Without locations in the tree, all uses have the offset of the first use.
        return self._uses[parameter.number][0]

    @cached_property
    def _uses(self) -> dict[int, list[int]]:
        return uses_in_text(self._sql)

    def _found(
        self,
        node: e.Expression | None,
        name: str | None,
        handling: NullHandling,
        origin: Origin | None = None,
        *,
        is_value: bool = False,
        of_elements: bool = False,
    ) -> None:
        value = without_casts(node) if node else None
        if isinstance(value, e.Param) and value.kind is e.ParamKind.EXTERNAL:
            self.places.append(
                ParameterPlace(
                    number=value.number,
                    location=self._place(value),
                    name=name or None,
                    handling=handling,
                    origin=origin,
                    is_value=is_value,
                    of_elements=of_elements,
                )
            )


def _comparisons(
    node: object,
) -> Iterator[tuple[e.Expression, e.Expression, NullHandling]]:
    """Yield the pairs of expressions that a node compares, and its handling of NULL."""
    match node:
        case e.OpExpr(type=type_, args=(left, right)):
            # An operator that returns no boolean is not a comparison: NULL is allowed.
            yield (
                left,
                right,
                NullHandling.NOT_NULL if type_ == _BOOL else NullHandling.UNSPECIFIED,
            )
        case e.NullIfExpr(args=(left, right)):
            yield left, right, NullHandling.UNSPECIFIED
        case e.DistinctExpr(args=(left, right)):
            yield left, right, NullHandling.TESTS_NULL
        case e.ScalarArrayOpExpr(args=(left, right)):
            listed = without_casts(right)
            several = listed.elements if isinstance(listed, e.ArrayExpr) else (right,)
            for value in several:
                yield left, value, NullHandling.NOT_NULL
        case e.RowCompareExpr():
            for left, right in zip(node.left, node.right, strict=False):
                yield left, right, NullHandling.NOT_NULL
