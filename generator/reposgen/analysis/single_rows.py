"""Which columns of FROM's items are compared with one single value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import Query, RteKind
from reposgen.live_schema.tree.walk import conjuncts, with_depth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.analysis.nullability.jointree import Condition
    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog

# Columns, and the operator families of which the comparison is the equality.
Binding: TypeAlias = "Mapping[int, frozenset[int]]"

_ANYWHERE: frozenset[int] = frozenset()
_SIDES = 2


class BoundColumns:
    """The equalities of a query, and which items of FROM have one row at most.

    Attributes:
        single: indexes of those items found so far.
    """

    def __init__(
        self, query: Query, catalog: Catalog, functions: BuiltinFunctions
    ) -> None:
        self._query = query
        self._catalog = catalog
        self._functions = functions
        self.single: set[int] = set()
        self._always: dict[tuple[int, int], set[int]] = {}
        # For each column: what it is equal to, in which families.
        self._equal: dict[int, list[tuple[int, frozenset[int], e.Expression]]] = {}
        self._terms: list[tuple[frozenset[object], e.Expression]] = []
        self._nulled: Mapping[int, frozenset[object]] = {}

    def bind_outside(self, var: e.Var, families: frozenset[int]) -> None:
        """A column that the query around compares with one value."""
        if not var.levels_up:
            self._always.setdefault((var.index, var.column), set()).update(families)

    def add(
        self, condition: Condition, nulled: Mapping[int, frozenset[object]]
    ) -> None:
        """Take the equalities of a WHERE or ON.

        Args:
            condition: where it stands, the sides of outer joins that it can null or
                stands below.
            nulled: for each item of FROM, the sides that null it.
        """
        self._nulled = nulled
        for conjunct in conjuncts(condition.expression):
            self._terms.append((condition.unless, conjunct))
            for var, families, value in self._equalities(conjunct):
                # An outer join's ON drops rows of its nullable side alone.
                if condition.unless <= nulled.get(var.index, frozenset()):
                    self._equal.setdefault(var.index, []).append(
                        (var.column, families, value)
                    )

    def bound(self, index: int) -> dict[int, frozenset[int]]:
        """The columns of an item that are equal to one value, by operator families."""
        found: dict[int, frozenset[int]] = {
            column: frozenset(families)
            for (owner, column), families in self._always.items()
            if owner == index
        }
        for column, families, value in self._equal.get(index, ()):
            if self._is_one_value(value, index):
                found[column] = found.get(column, _ANYWHERE) | families
        return found

    def terms(self, index: int) -> tuple[e.Expression, ...]:
        """The terms of WHERE and ON that hold of an item's rows."""
        nulled = self._nulled.get(index, frozenset())
        return tuple(term for unless, term in self._terms if unless <= nulled)

    def _equalities(
        self, condition: e.Expression
    ) -> Iterator[tuple[e.Var, frozenset[int], e.Expression]]:
        if not isinstance(condition, e.OpExpr) or len(condition.args) != _SIDES:
            return
        families = self._catalog.operator_equality.get(condition.operator)
        if not families:
            return
        left, right = condition.args
        for side, other in ((left, right), (right, left)):
            column = self.resolved(_unlabelled(side))
            if isinstance(column, e.Var) and not column.levels_up:
                yield column, frozenset(families), other

    def _is_one_value(self, value: e.Expression, index: int) -> bool:
        """Whether an expression is the same for all rows of an item."""
        for node, levels in with_depth(value):
            match node:
                case e.Var(levels_up=up) if up == levels:
                    if not self._is_of_single(node, index):
                        return False
                case (
                    e.FuncExpr(function=oid)
                    | e.OpExpr(function=oid)
                    | e.ScalarArrayOpExpr(function=oid)
                    | e.DistinctExpr(function=oid)
                    | e.NullIfExpr(function=oid)
                    | e.Aggref(function=oid)
                    | e.WindowFunc(function=oid)
                ):
                    if self._is_volatile(oid):
                        return False
                case e.Unknown() | e.NextValueExpr():
                    return False
                case _:
                    pass
        return True

    def _is_of_single(self, var: e.Var, index: int) -> bool:
        column = self.resolved(replace(var, levels_up=0))
        return (
            isinstance(column, e.Var)
            and column.index != index
            and column.index in self.single
        )

    def resolved(self, node: e.Expression) -> e.Expression:
        """A join's or group's column as the column of the item that it is."""
        while isinstance(node, e.Var) and not node.levels_up and node.column > 0:
            entry = self._query.entry(node.index)
            if entry.kind is RteKind.JOIN:
                node = _unlabelled(entry.join_columns[node.column - 1])
            elif entry.kind is RteKind.GROUP:
                node = _unlabelled(entry.group_expressions[node.column - 1])
            else:
                break
        return node

    def _is_volatile(self, function: int) -> bool:
        known = self._functions.get(function) or self._catalog.functions.get(function)
        return known is None or known.volatility == "v"


def _unlabelled(node: e.Expression) -> e.Expression:
    while isinstance(node, e.Coerce) and node.kind is e.Coercion.RELABEL:
        node = node.arg
    return node
