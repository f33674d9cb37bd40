"""Columns of FROM items that are compared with a single value."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.agreement import Agreement, bare, equalities
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import Query, RteKind
from reposgen.live_schema.tree.walk import conjuncts, with_depth

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.analysis.agreement import Equality
    from reposgen.analysis.nullability.jointree import Condition
    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog

_SIDES = 2


class BoundColumns:
    """Equalities of a query, and the FROM items that have at most one row.

    Attributes:
        single: range table indexes of the single-row items found so far.
    """

    def __init__(
        self, query: Query, catalog: Catalog, functions: BuiltinFunctions
    ) -> None:
        self._query = query
        self._catalog = catalog
        self._functions = functions
        self.single: set[int] = set()
        self._always: dict[tuple[int, int], Agreement] = {}
        # By item: the column, the equalities, and the expression that it is equal to.
        self._equal: dict[int, list[tuple[int, frozenset[Equality], e.Expression]]] = {}
        self._terms: list[tuple[frozenset[object], e.Expression]] = []
        self._nullable: Mapping[int, frozenset[object]] = {}

    def bind_outside(self, node: e.Expression, agreement: Agreement) -> None:
        """Add a column in which all rows agree that the enclosing query selects."""
        var = bare(self.resolved(bare(node)))
        if isinstance(var, e.Var) and not var.levels_up:
            place = (var.index, var.column)
            known = self._always.get(place)
            self._always[place] = agreement if known is None else known | agreement

    def add(
        self, condition: Condition, nullable: Mapping[int, frozenset[object]]
    ) -> None:
        """Add the equalities of a WHERE or ON.

        Args:
            condition: the condition, with the sides of outer joins that it depends on.
            nullable: for each item of FROM, the sides that null it.
        """
        self._nullable = nullable
        for conjunct in conjuncts(condition.expression):
            self._terms.append((condition.unless, conjunct))
            for var, found, value in self._equalities(conjunct):
                # The ON of an outer join filters only rows of its nullable side.
                if condition.unless <= nullable.get(var.index, frozenset()):
                    self._equal.setdefault(var.index, []).append(
                        (var.column, found, value)
                    )

    def bound(self, index: int) -> dict[int, Agreement]:
        """Return the columns of an item that are equal to one value, by `attnum`."""
        found = {
            column: agreement
            for (owner, column), agreement in self._always.items()
            if owner == index
        }
        for column, equal, value in self._equal.get(index, ()):
            if self._is_one_value(value, index):
                agreement = Agreement(equalities=equal)
                known = found.get(column)
                found[column] = agreement if known is None else known | agreement
        return found

    def is_fixed(self, node: e.Expression) -> bool:
        """Return True if an expression is a column of an item with at most one row."""
        column = self.resolved(node)
        return (
            isinstance(column, e.Var)
            and not column.levels_up
            and column.index in self.single
        )

    def terms(self, index: int) -> tuple[e.Expression, ...]:
        """Return the terms of WHERE and ON that hold for an item's rows."""
        nullable = self._nullable.get(index, frozenset())
        return tuple(term for unless, term in self._terms if unless <= nullable)

    def _equalities(
        self, condition: e.Expression
    ) -> Iterator[tuple[e.Var, frozenset[Equality], e.Expression]]:
        if not isinstance(condition, e.OpExpr) or len(condition.args) != _SIDES:
            return
        found = equalities(self._catalog, condition.operator, condition.input_collation)
        if not found:
            return
        left, right = condition.args
        for side, other in ((left, right), (right, left)):
            column = bare(self.resolved(bare(side)))
            if isinstance(column, e.Var) and not column.levels_up:
                yield column, found, other

    def _is_one_value(self, value: e.Expression, index: int) -> bool:
        """Return True if an expression has the same value for all rows of an item."""
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
                case e.Unknown() | e.NextValueExpr() | e.TableSample(repeatable=None):
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
        """Return the column of an item that a join's or group's column is."""
        while isinstance(node, e.Var) and not node.levels_up and node.column > 0:
            entry = self._query.entry(node.index)
            if entry.kind is RteKind.JOIN:
                node = bare(entry.join_columns[node.column - 1])
            elif entry.kind is RteKind.GROUP:
                node = bare(entry.group_expressions[node.column - 1])
            else:
                break
        return node

    def _is_volatile(self, function: int) -> bool:
        known = self._functions.get(function) or self._catalog.functions.get(function)
        return known is None or known.volatility == "v"
