"""Nullability of columns of FROM items: tables, subqueries, functions and others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.elements import elements_not_null
from reposgen.analysis.nullability.functions import call_value
from reposgen.analysis.nullability.outputs import cte_column
from reposgen.analysis.nullability.proof import (
    Proof,
    all_of,
    may_be_null,
    never_null,
)
from reposgen.analysis.nullability.stored import row_expression
from reposgen.analysis.nullability.tables import table_function_column
from reposgen.live_schema.functions import NullRule
from reposgen.live_schema.model import RelationKind
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import RteKind

if TYPE_CHECKING:
    from reposgen.analysis.nullability.jointree import Side
    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.tree.model import RangeTableEntry

_UNNEST = 2331


def column(var: e.Var, place: ProgramPoint) -> Proof:
    """Return the proof for a column of the place's own query, before grouping."""
    entry = place.query.entry(var.index)
    if entry.kind is RteKind.JOIN and var.column > 0:
        return place.prover.prove(entry.join_columns[var.column - 1], place)
    if entry.kind is RteKind.GROUP:
        return place.prover.prove(entry.group_expressions[var.column - 1], place)
    name = column_name(var, place)
    nullable = place.scope.joins.nullable.get(var.index)
    if nullable is None:
        # The existing row in ON CONFLICT and MERGE.
        if var.index == place.query.result_relation:
            return table_column(var, entry, place, name)
        return may_be_null(f"{name} is of no item of FROM")
    return _joined(
        _present_column(var, entry, place, name), nullable, entry.name, place
    )


def _joined(
    proof: Proof, nullable: frozenset[Side], name: str, place: ProgramPoint
) -> Proof:
    """Return the proof for a column of an item, after outer joins.

    Args:
        proof: proof for the column in the item's own rows.
        nullable: the sides of outer joins that can null the item.
        name: name of the item.
        place: where the column is used.
    """
    left = nullable - place.known.sides
    if left:
        words = place.scope.joins.describe(min(left))
        return may_be_null(f"{name} is on the nullable side of {words}")
    if nullable and proof.not_null:
        words = place.scope.joins.describe(min(nullable))
        found = [
            place.matches[side] for side in sorted(nullable & place.matches.keys())
        ]
        why = f"each row that is left has a match for {name} in {words}"
        return Proof(True, (why, *found[:1], *proof.why))
    return proof


def _present_column(  # noqa: PLR0911 - one return for each kind of entry
    var: e.Var, entry: RangeTableEntry, place: ProgramPoint, name: str
) -> Proof:
    """Return the proof for a column in rows that no outer join has nulled."""
    match entry.kind:
        case RteKind.RELATION:
            return table_column(var, entry, place, name)
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
        case RteKind.TABLE_FUNCTION:
            return table_function_column(var.column, entry, place, name)
        case _:
            return may_be_null(f"nothing is known of {name}")


def table_column(  # noqa: PLR0911 - one return for each kind of column
    var: e.Var, entry: RangeTableEntry, place: ProgramPoint, name: str
) -> Proof:
    """Return the proof for a table's column in a row of the table."""
    number = var.column
    if number == 0:
        return never_null(f"a whole row of {entry.name} is a value")
    if number < 0:
        return never_null(f"{name} is a system column of a row")
    knowledge = place.prover.knowledge
    if entry.relation_kind == RelationKind.MATERIALIZED_VIEW:
        proofs = knowledge.definitions.views.get(entry.relation, ())
        if number <= len(proofs):
            return proofs[number - 1].because(f"{name} is a materialized view's column")
    found = knowledge.column(entry.relation, number)
    if entry.relation_kind == RelationKind.VIEW:
        # Only a view that is written to occurs here; its triggers make the row.
        return may_be_null(f"{name} is what the triggers of a view make it")
    if found and (found.not_null if entry.inherited else found.not_null_only):
        if found.why_not_null:
            return Proof(True, found.why_not_null)
        return never_null(f"{name} is NOT NULL")
    if found and found.expression_tree:
        generated = _generated(var, found.expression_tree, entry, place)
        if generated is not None:
            return generated.because(f"{name} is a generated column")
    return may_be_null(f"{name} is not declared NOT NULL")


def _generated(
    var: e.Var, tree: str, entry: RangeTableEntry, place: ProgramPoint
) -> Proof | None:
    """Return the proof for a generated column from the other columns of its row.

    Returns:
        None if its expression cannot be read or can differ in a child table.
    """
    knowledge = place.prover.knowledge
    relation = knowledge.catalog.relations.get(entry.relation)
    if relation is None or relation.has_children:
        # The generation expressions of children can differ.
        return None
    expression = row_expression(tree, knowledge.catalog.major, var.index, var.returning)
    return None if expression is None else place.prover.prove(expression, place)


def column_name(var: e.Var, place: ProgramPoint) -> str:
    """Return `alias.column`, for reasons."""
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


def _assumed(var: e.Var, place: ProgramPoint) -> frozenset[int]:
    """Return the columns of the same item that are not NULL in the rows that matter."""
    return frozenset(
        value.column
        for value in place.known.values
        if isinstance(value, e.Var)
        and value.index == var.index
        and not value.levels_up
        and value.column > 0
    )


def _function_column(
    var: e.Var, entry: RangeTableEntry, place: ProgramPoint, name: str
) -> Proof:
    width = sum(function.columns for function in entry.functions)
    if entry.ordinality and var.column == width + 1:
        return never_null(f"{name} is the number of the row")
    if len(entry.functions) != 1:
        return may_be_null(f"{name}: a shorter function's rows are filled with NULL")
    call = entry.functions[0].expression
    if width == 1 and var.column == 1:
        if isinstance(call, e.FuncExpr) and call.returns_set:
            return set_value(call, place, var.type)
        return place.prover.prove(call, place)
    return _field_of_row(var, call, place, name)


def _field_of_row(
    var: e.Var, call: e.Expression, place: ProgramPoint, name: str
) -> Proof:
    number = var.column
    if not isinstance(call, e.FuncExpr) or number < 1:
        return may_be_null(f"{name} is a field of what a function gives")
    builtin = place.prover.knowledge.functions.get(call.function)
    if builtin is None:
        return call_value(call.function, call.args, var.type, place, number)
    if builtin.rule is not NullRule.COLUMNS:
        return may_be_null(f"{name} is a field of what a function gives")
    if builtin.columns[number - 1]:
        return never_null(f"{builtin.name} gives no NULL in {name}")
    return may_be_null(f"{builtin.name} can give NULL in {name}")


def set_value(call: e.FuncExpr, place: ProgramPoint, type_: int = 0) -> Proof:
    """Return the proof for the value in each row of a set-returning function.

    Args:
        call: the call of the function.
        place: where the call is.
        type_: oid of the value's type; 0 for the call's type.
    """
    knowledge = place.prover.knowledge
    name = knowledge.function_name(call.function)
    if call.function == _UNNEST:
        return elements_not_null(call.args[0], place).because(
            "unnest gives the array's elements"
        )
    builtin = knowledge.functions.get(call.function)
    if builtin is None:
        return call_value(call.function, call.args, type_ or call.type, place)
    # A strict function that returns a set returns no rows for a NULL argument.
    if builtin.strict and builtin.rule is NullRule.ARGUMENTS:
        return never_null(f"{name} gives no NULL in its rows")
    return may_be_null(f"{name} can give NULL in its rows")
