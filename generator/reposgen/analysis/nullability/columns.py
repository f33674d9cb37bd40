"""Columns: of tables, subqueries, functions, and whatever else stands in FROM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.elements import elements_not_null
from reposgen.analysis.nullability.outputs import cte_column
from reposgen.analysis.nullability.proof import all_of, may_be_null, never_null
from reposgen.live_schema.functions import NullRule
from reposgen.live_schema.model import RelationKind
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import RteKind

if TYPE_CHECKING:
    from reposgen.analysis.nullability.jointree import Side
    from reposgen.analysis.nullability.place import Place
    from reposgen.analysis.nullability.proof import Proof
    from reposgen.live_schema.tree.model import RangeTableEntry

_UNNEST = 2331


def column(var: e.Var, place: Place) -> Proof:
    """Whether a column of the place's own query can be NULL, before grouping."""
    entry = place.query.entry(var.index)
    if entry.kind is RteKind.JOIN and var.column > 0:
        return place.prover.prove(entry.join_columns[var.column - 1], place)
    if entry.kind is RteKind.GROUP:
        return place.prover.prove(entry.group_expressions[var.column - 1], place)
    name = column_name(var, place)
    nulled = place.scope.joins.nulled.get(var.index)
    if nulled is None:
        # The row that is there already, for ON CONFLICT and MERGE.
        if var.index == place.query.result_relation:
            return table_column(var.column, entry, place, name)
        return may_be_null(f"{name} is of no item of FROM")
    return _joined(_present_column(var, entry, place, name), nulled, entry.name, place)


def _joined(proof: Proof, nulled: frozenset[Side], name: str, place: Place) -> Proof:
    """What is proved of an item's rows, as outer joins leave it."""
    left = nulled - place.known.sides
    if left:
        words = place.scope.joins.describe(min(left))
        return may_be_null(f"{name} is on the nullable side of {words}")
    if nulled and proof.not_null:
        words = place.scope.joins.describe(min(nulled))
        return proof.because(f"each row that is left has a match for {name} in {words}")
    return proof


def _present_column(  # noqa: PLR0911 - one return for each kind of entry
    var: e.Var, entry: RangeTableEntry, place: Place, name: str
) -> Proof:
    """The same for a row that no outer join made up."""
    match entry.kind:
        case RteKind.RELATION:
            return table_column(var.column, entry, place, name)
        case RteKind.SUBQUERY if entry.subquery is not None:
            if var.column == 0:
                return never_null(f"a whole row of {entry.name} is a value")
            inner = place.prover.enter(entry.subquery, place, _assumed(var, place))
            kind = "view" if entry.relation_kind == RelationKind.VIEW else "subquery"
            return place.prover.output(inner, var.column).because(
                f"{name} is a column of a {kind}"
            )
        case RteKind.CTE:
            if var.column == 0:
                return never_null(f"a whole row of {entry.name} is a value")
            return cte_column(entry, var.column, _assumed(var, place), place).because(
                f"{name} is a column of a CTE"
            )
        case RteKind.VALUES if var.column > 0:
            return all_of(
                (
                    place.prover.prove(row[var.column - 1], place)
                    for row in entry.values
                ),
                f"{name} is not NULL in any row of VALUES",
                f"{name} can be NULL in a row of VALUES",
            )
        case RteKind.FUNCTION:
            return _function_column(var, entry, place, name)
        case RteKind.JOIN:
            return never_null(f"a whole row of {entry.name} is a value")
        case _:
            return may_be_null(f"nothing is known of {name}")


def table_column(number: int, entry: RangeTableEntry, place: Place, name: str) -> Proof:
    """Whether a table's column can be NULL in a row of the table."""
    if number == 0:
        return never_null(f"a whole row of {entry.name} is a value")
    if number < 0:
        return never_null(f"{name} is a system column of a row")
    knowledge = place.prover.knowledge
    if entry.relation_kind == RelationKind.MATERIALIZED_VIEW:
        proofs = knowledge.definitions.get(entry.relation, ())
        if number <= len(proofs):
            return proofs[number - 1].because(f"{name} is a materialized view's column")
    found = knowledge.column(entry.relation, number)
    if found and (found.not_null if entry.inherited else found.not_null_only):
        return never_null(f"{name} is NOT NULL")
    return may_be_null(f"{name} is not declared NOT NULL")


def column_name(var: e.Var, place: Place) -> str:
    """`alias.column`, for reasons."""
    entry = place.query.entry(var.index)
    if var.column == 0:
        return entry.name
    found = (
        place.prover.knowledge.column(entry.relation, var.column)
        if entry.kind is RteKind.RELATION
        else None
    )
    if found is not None:
        return f"{entry.name}.{found.name}"
    names = entry.column_names
    if 0 < var.column <= len(names):
        return f"{entry.name}.{names[var.column - 1]}"
    return f"a column of {entry.name}"


def _assumed(var: e.Var, place: Place) -> frozenset[int]:
    """The columns of that entry that are not NULL in the rows that matter."""
    return frozenset(
        value.column
        for value in place.known.values
        if isinstance(value, e.Var)
        and value.index == var.index
        and not value.levels_up
        and value.column > 0
    )


def _function_column(
    var: e.Var, entry: RangeTableEntry, place: Place, name: str
) -> Proof:
    width = sum(function.columns for function in entry.functions)
    if entry.ordinality and var.column == width + 1:
        return never_null(f"{name} is the number of the row")
    if len(entry.functions) != 1:
        return may_be_null(f"{name}: a shorter function's rows are filled with NULL")
    call = entry.functions[0].expression
    if width == 1 and var.column == 1:
        if isinstance(call, e.FuncExpr) and call.returns_set:
            return set_value(call, place)
        return place.prover.prove(call, place)
    return _field_of_row(var.column, call, place, name)


def _field_of_row(number: int, call: e.Expression, place: Place, name: str) -> Proof:
    builtin = (
        place.prover.knowledge.functions.get(call.function)
        if isinstance(call, e.FuncExpr)
        else None
    )
    if builtin is None or number < 1 or builtin.rule is not NullRule.COLUMNS:
        return may_be_null(f"{name} is a field of what a function gives")
    if builtin.columns[number - 1]:
        return never_null(f"{builtin.name} gives no NULL in {name}")
    return may_be_null(f"{builtin.name} can give NULL in {name}")


def set_value(call: e.FuncExpr, place: Place) -> Proof:
    """Whether the value in each row of a set-returning function can be NULL."""
    knowledge = place.prover.knowledge
    name = knowledge.function_name(call.function)
    if call.function == _UNNEST:
        return elements_not_null(call.args[0], place).because(
            "unnest gives the array's elements"
        )
    builtin = knowledge.functions.get(call.function)
    # Given NULL, a strict function gives no rows.
    if builtin is not None and builtin.strict and builtin.rule is NullRule.ARGUMENTS:
        return never_null(f"{name} gives no NULL in its rows")
    return may_be_null(f"{name} can give NULL in its rows")
