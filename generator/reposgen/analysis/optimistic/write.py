"""Write of one table, with the conditions that identify the written row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.agreement import Agreement, bare, equalities
from reposgen.analysis.cardinality import covered_key
from reposgen.analysis.columns import without_casts
from reposgen.analysis.parameter_uses import uses_in_text
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.walk import conjuncts, walk
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.live_schema.model import Relation, RelationColumn
    from reposgen.live_schema.tree.model import OnConflict, Query
    from reposgen.sql_source.model import Directive

_SIDES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """Conjunct `column = value` on the table that is written.

    Attributes:
        column: `attnum` of the column.
        agreement: agreement of the rows that the conjunct selects.
        value: the expression that the column is compared with.
        location: offset of the operator in the text, or of the parameter it compares
            with; -1 if neither the tree nor the text determines it.
    """

    column: int
    agreement: Agreement
    value: e.Expression
    location: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Statement that writes one table with a version column.

    Attributes:
        described: the query.
        tree: its analysed tree.
        directive: the `@optimistic` line.
        relation: the table.
        version: the version column.
    """

    described: DescribedQuery
    tree: Query
    directive: Directive
    relation: Relation
    version: RelationColumn

    @property
    def conflict(self) -> OnConflict | None:
        """The ON CONFLICT DO UPDATE of an INSERT; None for other statements."""
        return self.tree.on_conflict

    @property
    def conditions(self) -> tuple[e.Expression, ...]:
        """The conjuncts of WHERE that an existing row must satisfy."""
        if self.conflict:
            return conjuncts(self.conflict.condition)
        return conjuncts(self.tree.join_tree.condition if self.tree.join_tree else None)

    def assigned(self, number: int) -> e.Expression | None:
        """Return the expression that a column is assigned, or None."""
        targets = self.conflict.assignments if self.conflict else self.tree.targets
        found = (t.expression for t in targets if t.number == number and not t.junk)
        return next(found, None)

    def is_column(self, node: e.Expression, number: int) -> bool:
        """Return True if a node is the given column of the existing row."""
        match without_casts(node):
            case e.Var(index=index, column=column, levels_up=0):
                return (index, column) == (self.tree.result_relation, number)
            case _:
                return False


def read_equalities(write: Write) -> Iterator[Equality]:
    """Yield the conjuncts that compare a column of the table with one value."""
    catalog = write.described.catalog
    for condition in write.conditions:
        if not isinstance(condition, e.OpExpr) or len(condition.args) != _SIDES:
            continue
        found = equalities(catalog, condition.operator, condition.input_collation)
        left, right = condition.args
        for side, other in ((left, right), (right, left)) if found else ():
            column = bare(side)
            if (
                isinstance(column, e.Var)
                and column.column > 0
                and write.is_column(column, column.column)
                and _is_one_value(other, write.described)
            ):
                yield Equality(
                    column=column.column,
                    agreement=Agreement(equalities=found),
                    value=other,
                    location=_location(condition, other, write.described),
                )


def _location(
    condition: e.OpExpr, value: e.Expression, described: DescribedQuery
) -> int:
    if described.has_places:
        return condition.location
    match uses_in_text(described.text.text).get(parameter(value)):
        case [only]:
            return only
        case _:
            return -1


def _is_one_value(value: e.Expression, described: DescribedQuery) -> bool:
    """Return True if an expression depends on no row and is not volatile."""
    functions = builtin_functions(described.catalog.major)
    for node in walk(value):
        match node:
            case e.FuncExpr(function=oid) | e.OpExpr(function=oid):
                known = functions.get(oid) or described.catalog.functions.get(oid)
                if known is None or known.volatility == "v":
                    return False
            case e.Var() | e.SubLink() | e.NextValueExpr() | e.Unknown():
                return False
            case _:
                pass
    return True


def parameter(value: e.Expression) -> int:
    """Return the number of the parameter that an expression is, or 0."""
    match without_casts(value):
        case e.Param(kind=e.ParamKind.EXTERNAL, number=number):
            return number
        case _:
            return 0


def identifying(write: Write, found: Sequence[Equality]) -> list[Equality]:
    """Return the conjuncts that identify the row, apart from its contents.

    These are the equalities of a unique key and of columns that the statement does not
    change, such as a tenant's id: a row that differs in them is another row. The list
    is empty if there is no unique key among the equalities.
    """
    bound: dict[int, Agreement] = {}
    for one in found:
        known = bound.get(one.column, one.agreement)
        bound[one.column] = known | one.agreement
    entry = write.tree.entry(write.tree.result_relation)
    key = covered_key(write.relation, entry, bound)
    if key is None:
        return []
    return [
        one
        for one in found
        if one.column in key.columns or write.assigned(one.column) is None
    ]


def arbiter_parameters(write: Write) -> tuple[tuple[RelationColumn, int], ...] | None:
    """Return the columns of ON CONFLICT's key, each with its inserted parameter.

    Returns:
        None if a column of the key is not inserted as a parameter.
    """
    conflict = write.conflict
    if conflict is None or conflict.arbiter_condition is not None:
        return None
    wanted = conflict.constraint
    constraints = (c for c in write.relation.constraints if c.oid == wanted != 0)
    named = next(constraints, None)
    numbers = named.columns if named else tuple(map(_column_of, conflict.arbiters))
    inserted = {t.number: parameter(t.expression) for t in write.tree.targets}
    found = []
    for number in numbers:
        column = write.relation.column(number)
        if column is None or not inserted.get(number):
            return None
        found.append((column, inserted[number]))
    return tuple(found) or None


def _column_of(arbiter: e.Expression) -> int:
    """Return the column that a term of the conflict target is; 0 for an expression."""
    match arbiter:
        case e.InferenceElement(expression=e.Var(column=number)):
            return number
        case _:
            return 0
