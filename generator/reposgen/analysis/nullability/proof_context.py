"""Facts about the database and the parameters that a statement's proofs use."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from reposgen.live_schema.functions import NullRule
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import Query
from reposgen.live_schema.tree.walk import walk
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reposgen.analysis.model import Elements
    from reposgen.analysis.nullability.jointree import Side
    from reposgen.analysis.nullability.proof import Proof
    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog, Function, RelationColumn


@dataclass(frozen=True, slots=True)
class NotNullFacts:
    """Values that are not NULL in every row at a program point.

    Attributes:
        values: expressions that are not NULL.
        sides: sides of outer joins that are not nulled.
    """

    values: frozenset[e.Expression] = frozenset()
    sides: frozenset[Side] = frozenset()

    def has(self, value: e.Expression) -> bool:
        """Return True if a value is known to be not NULL."""
        # Looking up a subquery would hash its whole tree.
        return not isinstance(value, e.SubLink) and value in self.values


NOTHING = NotNullFacts()

_OPERATORS = dict(
    (
        *(("pl", "+"), ("add", "+"), ("mi", "-"), ("sub", "-"), ("mul", "*")),
        *(("div", "/"), ("mod", "%"), ("cat", "||"), ("like", "LIKE")),
        *(("regexeq", "~"), ("eq", "="), ("ne", "<>"), ("lt", "<"), ("le", "<=")),
        *(("gt", ">"), ("ge", ">=")),
    )
)
# Functions of the most common operators: int4pl, textcat, numeric_add.
_BEHIND_OPERATOR = re.compile(
    r"(?:int|float|numeric|text|bpchar|name|bool|date|time|timestamp|timestamptz"
    rf"|interval|uuid|enum|jsonb|bytea|array)\d*_?({'|'.join(_OPERATORS)})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """SQL function with its body.

    Attributes:
        function: the function.
        query: the last statement of the body; the arguments are its parameters.
        defaults: default values of the last arguments.
    """

    function: Function
    query: Query
    defaults: tuple[e.Expression, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Definitions:
    """Definitions of the views and functions that statements use.

    Attributes:
        views: by oid of a materialized view, the proofs of its columns; nothing is
            proved of columns of other materialized views.
        bodies: the SQL functions, by oid.
        declared: the functions that codegen.toml declares not null, by oid: None for
            the result itself and all columns of its rows, else `attnum`s of columns.
    """

    views: Mapping[int, Sequence[Proof]] = field(default_factory=dict)
    bodies: Mapping[int, Body] = field(default_factory=dict)
    declared: Mapping[int, frozenset[int] | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofContext:
    """Facts about the database and the parameters.

    Attributes:
        catalog: catalog of the database.
        functions: the built-in functions of the server's major version.
        nullable_parameters: numbers of the parameters that can be NULL.
        definitions: definitions of materialized views and functions.
        elements: nullability of the elements of the schema's and parameters' arrays.
        arguments: in the body of a function, the names of its arguments; None outside.
    """

    catalog: Catalog
    functions: BuiltinFunctions
    nullable_parameters: frozenset[int]
    definitions: Definitions
    elements: Elements
    arguments: tuple[str, ...] | None = None

    def column(self, relation: int, number: int) -> RelationColumn | None:
        """Return a column of a table; None if the catalog lacks it."""
        table = self.catalog.relations.get(relation)
        return table.column(number) if table else None

    def strict(self, function: int) -> bool:
        """Return True if a NULL argument makes the result NULL, or an empty set."""
        builtin = self.functions.get(function)
        if builtin is not None:
            return builtin.strict
        user = self.catalog.functions.get(function)
        return user is not None and user.strict

    def rule(self, function: int) -> NullRule:
        """Return the null rule of a function; MAYBE for user-defined functions."""
        builtin = self.functions.get(function)
        return NullRule.MAYBE if builtin is None else builtin.rule

    def function_name(self, function: int) -> str:
        """Return a function's name, for reasons."""
        known = self.functions.get(function) or self.catalog.functions.get(function)
        return known.name if known else "an unknown function"

    def parameter_name(self, number: int) -> str:
        """Return a parameter's or argument's name, for reasons."""
        if self.arguments is None:
            return f"the parameter ${number}"
        named = self.arguments[number - 1 : number]
        return f"the argument {named[0] if named and named[0] else f'${number}'}"

    def called(self, function: int) -> str:
        """Return a function's name, or the name of the operator that it implements."""
        name = self.function_name(function)
        behind = _BEHIND_OPERATOR.fullmatch(name)
        return _OPERATORS[behind[1]] if behind else name

    def repeatable(self, expression: e.Expression) -> bool:
        """Return True if an expression has the same value at two places of one row."""
        return all(self._steady(node) for node in walk(expression))

    def _steady(self, node: object) -> bool:
        match node:
            case (
                e.FuncExpr(function=oid)
                | e.OpExpr(function=oid)
                | e.DistinctExpr(function=oid)
                | e.NullIfExpr(function=oid)
                | e.ScalarArrayOpExpr(function=oid)
                | e.Aggref(function=oid)
            ):
                builtin = self.functions.get(oid)
                return builtin is not None and builtin.volatility != "v"
            case (
                e.Unknown()
                | Query()
                | e.NextValueExpr()
                | e.CaseTestExpr()
                | e.WindowFunc()
            ):
                return False
            case e.Param(kind=kind):
                return kind is e.ParamKind.EXTERNAL
            case _:
                return True
