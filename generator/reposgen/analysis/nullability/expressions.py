"""Nullability of expressions, from their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability import conditional
from reposgen.analysis.nullability.aggregates import aggregate, window_function
from reposgen.analysis.nullability.columns import column, column_name, set_value
from reposgen.analysis.nullability.dml import excluded_column, returned_column
from reposgen.analysis.nullability.elements import elements_not_null
from reposgen.analysis.nullability.functions import call_value
from reposgen.analysis.nullability.proof import (
    Proof,
    all_of,
    may_be_null,
    never_null,
)
from reposgen.analysis.nullability.subqueries import multiple_assignment, sublink
from reposgen.analysis.nullability.subscripts import subscript
from reposgen.analysis.nullability.tables import json_query
from reposgen.live_schema.functions import NullRule
from reposgen.live_schema.model import DomainType
from reposgen.live_schema.tree import expressions as e

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reposgen.analysis.nullability.program_point import ProgramPoint

_CURRENT_SCHEMA = 14
_XML_ELEMENT = 1
_JSON_OBJECT, _JSON_ARRAY = 1, 2
_JSON_AGGREGATES = {3, 4}
# Functions that return NULL for an infinite date, except for the fields in `_GROWING`.
_EXTRACTIONS = frozenset({"date_part", "extract"})
_GROWING = frozenset({b"century", b"decade", b"epoch", b"millennium", b"year"})


def prove(node: e.Expression, place: ProgramPoint) -> Proof:
    """Return the proof for an expression at a place."""
    if place.known.has(node):
        name = _named(node, place)
        return never_null(f"WHERE, ON or HAVING drops the rows where {name} is NULL")
    nullable = place.scope.grouping.nullable
    if nullable and place.rows is not None and node in nullable:
        return may_be_null("a grouping set without it has NULL there")
    kind = type(node)
    if reason := _NEVER_NULL.get(kind):
        return never_null(reason)
    rule = _RULES.get(kind)
    if rule is not None:
        return rule(node, place)
    return may_be_null(_MAY_BE_NULL.get(kind, "nothing is known of this expression"))


def _var(var: e.Var, place: ProgramPoint) -> Proof:
    if var.levels_up:
        outer = place.outer
        if outer is None:
            return may_be_null("a column of an unknown query around this one")
        moved = e.Var(
            index=var.index,
            column=var.column,
            type=var.type,
            levels_up=var.levels_up - 1,
            returning=var.returning,
        )
        return place.prover.prove(moved, outer)
    if place.returning:
        return returned_column(var, place)
    if place.rows is not None:
        # A column after the grouping step is the same in all rows of its group.
        return place.prover.prove(var, place.rows)
    conflict = place.query.on_conflict
    if conflict is not None and var.index == conflict.excluded:
        return excluded_column(var, place)
    return column(var, place)


def _param(param: e.Param, place: ProgramPoint) -> Proof:
    if param.kind is e.ParamKind.MULTIPLE:
        return multiple_assignment(param, place)
    if param.kind is not e.ParamKind.EXTERNAL:
        return may_be_null("a value that the executor passes")
    knowledge = place.prover.knowledge
    name = knowledge.parameter_name(param.number)
    if param.number in knowledge.nullable_parameters:
        return may_be_null(f"{name} may be NULL")
    return never_null(f"{name} is not NULL")


def _function(call: e.FuncExpr, place: ProgramPoint) -> Proof:
    if not call.returns_set:
        return _call(call, place, variadic=call.variadic)
    if _is_filled_up(place):
        return may_be_null("a shorter set's rows are filled with NULL")
    return set_value(call, place)


def _is_filled_up(place: ProgramPoint) -> bool:
    """Return True if the select list has several sets: NULLs fill shorter ones."""
    return conditional.sets_in_results(place.query) > 1 or place.scope.grouping.sets


def _call(
    call: e.FuncExpr | e.OpExpr, place: ProgramPoint, *, variadic: bool = False
) -> Proof:
    function, args = call.function, call.args
    knowledge = place.prover.knowledge
    if knowledge.functions.get(function) is None:
        return call_value(function, args, call.type, place)
    name = knowledge.called(function)
    rule = knowledge.rule(function)
    if variadic and rule in {NullRule.NEVER, NullRule.FIRST}:
        # In f(VARIADIC NULL), all arguments are NULL.
        rule = NullRule.ARGUMENTS
    if rule is NullRule.NEVER:
        return never_null(f"{name} is never NULL")
    if rule is NullRule.FIRST:
        args = args[:1]
    elif rule is not NullRule.ARGUMENTS and not _grows(function, args, place):
        return may_be_null(f"{name} can be NULL")
    if not args:
        return never_null(f"{name} is never NULL")
    return all_of(
        (place.prover.prove(arg, place) for arg in args),
        f"{name} is NULL only where an argument is",
        f"{name} is NULL where an argument is",
    )


def _grows(function: int, args: tuple[e.Expression, ...], place: ProgramPoint) -> bool:
    """Return True if a date field is extracted that is not NULL for infinity."""
    builtin = place.prover.knowledge.functions.get(function)
    if builtin is None or builtin.name not in _EXTRACTIONS:
        return False
    # The datum of a text starts with a length word of four bytes.
    field = args[0].value if isinstance(args[0], e.Const) else None
    return field is not None and field[4:].lower() in _GROWING


def _coercion(node: e.Coerce, place: ProgramPoint) -> Proof:
    if node.kind is e.Coercion.DOMAIN and _is_not_null_domain(node.type, place):
        return never_null("a cast to a NOT NULL domain refuses NULL")
    return place.prover.prove(node.arg, place)


def _is_not_null_domain(oid: int, place: ProgramPoint) -> bool:
    domain = place.prover.knowledge.catalog.types.get(oid)
    while isinstance(domain, DomainType):
        if domain.not_null:
            return True
        domain = domain.base
    return False


def _field(node: e.FieldSelect, place: ProgramPoint) -> Proof:
    match node.arg:
        case e.RowExpr(args=args) if 0 < node.field <= len(args):
            return place.prover.prove(args[node.field - 1], place)
        case e.Var(column=0) as row:
            return place.prover.prove(
                e.Var(
                    index=row.index,
                    column=node.field,
                    type=node.type,
                    levels_up=row.levels_up,
                    returning=row.returning,
                ),
                place,
            )
        case e.FuncExpr(returns_set=True) if _is_filled_up(place):
            return may_be_null("a shorter set's rows are filled with NULL")
        case e.FuncExpr(function=function, args=args, variadic=False) if (
            place.prover.knowledge.functions.get(function) is None
        ):
            return call_value(function, args, node.type, place, node.field)
        case _:
            return may_be_null("a field of a composite can be NULL")


def _scalar_array(node: e.ScalarArrayOpExpr, place: ProgramPoint) -> Proof:
    knowledge = place.prover.knowledge
    if knowledge.rule(node.function) is not NullRule.ARGUMENTS:
        return may_be_null("the comparison can be NULL")
    left, array = node.args
    return all_of(
        (
            place.prover.prove(left, place),
            place.prover.prove(array, place),
            elements_not_null(array, place),
        ),
        "no part of the comparison is NULL",
        "a part of the comparison can be NULL",
    )


def _json(node: e.JsonConstructor, place: ProgramPoint) -> Proof:
    if node.kind in {_JSON_OBJECT, _JSON_ARRAY}:
        return never_null("a JSON object or array is a value")
    if node.kind in _JSON_AGGREGATES and node.call is not None:
        return place.prover.prove(node.call, place)
    return all_of(
        (place.prover.prove(arg, place) for arg in node.args),
        "JSON of a value is a value",
        "JSON of an argument that can be NULL",
    )


def _constant(node: e.Const, _: ProgramPoint) -> Proof:
    if node.value is None:
        return may_be_null("it is NULL")
    return never_null("it is a constant")


def _operator(node: e.OpExpr, place: ProgramPoint) -> Proof:
    return _call(node, place)


def _named_argument(node: e.NamedArgExpr, place: ProgramPoint) -> Proof:
    return place.prover.prove(node.arg, place)


def _aggregate(node: e.Aggref, place: ProgramPoint) -> Proof:
    home = place.ancestor(node.levels_up)
    return aggregate(node, home) if home else may_be_null("an outer aggregate")


def _coalesce(node: e.CoalesceExpr, place: ProgramPoint) -> Proof:
    return conditional.first_of("COALESCE", node.args, place)


def _min_max(node: e.MinMaxExpr, place: ProgramPoint) -> Proof:
    return conditional.first_of("GREATEST or LEAST", node.args, place)


def _distinct(node: e.DistinctExpr, place: ProgramPoint) -> Proof:
    if place.prover.knowledge.rule(node.function) is NullRule.ARGUMENTS:
        return never_null("IS DISTINCT FROM is true or false, never NULL")
    return may_be_null("the type's equality can be NULL")


def _row_comparison(node: e.RowCompareExpr, place: ProgramPoint) -> Proof:
    return all_of(
        (place.prover.prove(arg, place) for arg in (*node.left, *node.right)),
        "no part of the comparison is NULL",
        "a part of the comparison can be NULL",
    )


def _session_value(node: e.SqlValueFunction, _: ProgramPoint) -> Proof:
    if node.operation == _CURRENT_SCHEMA:
        return may_be_null("there may be no current schema")
    return never_null("the session always has it")


def _is_json(node: e.JsonIsPredicate, place: ProgramPoint) -> Proof:
    proof = place.prover.prove(node.arg, place)
    return proof.because("IS JSON is NULL of NULL alone")


def _json_value(node: e.JsonValue, place: ProgramPoint) -> Proof:
    return place.prover.prove(node.formatted or node.raw, place)


def _xml(node: e.XmlExpr, _: ProgramPoint) -> Proof:
    if node.operation == _XML_ELEMENT:
        return never_null("XMLELEMENT is a value")
    return may_be_null("nothing is known of this XML expression")


def _named(node: e.Expression, place: ProgramPoint) -> str:
    if isinstance(node, e.Var) and not node.levels_up:
        return column_name(node, place)
    return "the expression"


_NEVER_NULL: Mapping[type, str] = {
    e.NullTest: "IS NULL is true or false, never NULL",
    e.BooleanTest: "IS … is true or false, never NULL",
    e.ArrayExpr: "ARRAY[…] is a value",
    e.RowExpr: "ROW(…) is a value",
    e.NextValueExpr: "a sequence gives a number",
    e.GroupingFunc: "GROUPING is a number",
    e.MergeSupportFunc: "merge_action() names an action",
}
_MAY_BE_NULL: Mapping[type, str] = {
    e.NullIfExpr: "NULLIF is NULL where both are equal",
}
_RULES: Mapping[type, Callable[..., Proof]] = {
    e.Var: _var,
    e.Const: _constant,
    e.Param: _param,
    e.FuncExpr: _function,
    e.OpExpr: _operator,
    e.NamedArgExpr: _named_argument,
    e.Coerce: _coercion,
    e.Aggref: _aggregate,
    e.WindowFunc: window_function,
    e.SubLink: sublink,
    e.CaseExpr: conditional.case,
    e.CoalesceExpr: _coalesce,
    e.MinMaxExpr: _min_max,
    e.BoolExpr: conditional.boolean,
    e.DistinctExpr: _distinct,
    e.ScalarArrayOpExpr: _scalar_array,
    e.RowCompareExpr: _row_comparison,
    e.FieldSelect: _field,
    e.SqlValueFunction: _session_value,
    e.JsonIsPredicate: _is_json,
    e.JsonValue: _json_value,
    e.JsonConstructor: _json,
    e.JsonQuery: json_query,
    e.SubscriptingRef: subscript,
    e.XmlExpr: _xml,
}
