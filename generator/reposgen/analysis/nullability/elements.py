"""Nullability of array elements, proved from the expressions that make the array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.facts import Outcome
from reposgen.analysis.nullability.narrowing import after, assume, plain
from reposgen.analysis.nullability.outputs import home_of
from reposgen.analysis.nullability.proof import (
    Proof,
    all_of,
    any_of,
    may_be_null,
    never_null,
)
from reposgen.live_schema.model import ArrayType, CompositeType
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    RangeTableRef,
    RteKind,
    SetOperation,
    SetOperator,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.tree.model import RangeTableEntry

# Place of the data offset in an array's datum, behind the length word and the number of
# dimensions. The offset is 0 if the array has no bitmap of NULLs.
_OFFSET = slice(8, 12)
_COLLECTS = "array_agg"
# Aggregates and window functions whose result is one of the argument's values.
_PICKS = frozenset(
    {"max", "min", "any_value", "first_value", "last_value", "nth_value"}
)
_SHIFTS = frozenset({"lag", "lead"})
# Functions that never return NULL elements.
_NEVER = frozenset(
    {
        *("regexp_split_to_array", "tsvector_to_array", "array_positions", "xpath"),
        *("current_schemas", "parse_ident", "enum_range", "pg_blocking_pids"),
        *("pg_safe_snapshot_blocking_pids",),
    }
)
# Functions whose results contain only elements of their first argument.
_KEEPS = frozenset(
    {
        *("array_remove", "trim_array", "array_sample", "array_shuffle"),
        *("array_reverse", "array_sort"),
    }
)


def elements_not_null(array: e.Expression, place: ProgramPoint) -> Proof:
    """Return the proof for the elements of an array that is not NULL itself."""
    rule = _RULES.get(type(array))
    return _unknown(place) if rule is None else rule(array, place)


def output_elements(place: ProgramPoint, number: int) -> Proof:
    """Return the proof for the elements of a query's result column, counted from 1."""
    query = place.query
    if query.set_operations is not None:
        return _operation(query.set_operations, place, number)
    target = query.result_numbers.get(number)
    if target is None:
        return may_be_null("there is no such column")
    return elements_not_null(target.expression, place)


def _unknown(place: ProgramPoint) -> Proof:
    if place.prover.knowledge.elements.default:
        return may_be_null("the array's elements can be NULL")
    return never_null("arrays have no NULL elements, by the package's configuration")


def _operation(
    node: SetOperation | RangeTableRef, place: ProgramPoint, number: int
) -> Proof:
    if isinstance(node, RangeTableRef):
        query = place.query.entry(node.index).subquery
        if query is None:
            return _unknown(place)
        return output_elements(place.prover.enter(query, place), number)
    left = _operation(node.left, place, number)
    if node.operator is SetOperator.EXCEPT:
        return left
    rule = any_of if node.operator is SetOperator.INTERSECT else all_of
    return rule(
        (left, _operation(node.right, place, number)),
        "no side of the set operation has NULL elements",
        "a side of the set operation can have NULL elements",
    )


def _var(var: e.Var, place: ProgramPoint) -> Proof:
    if var.levels_up:
        if place.outer is None:
            return _unknown(place)
        moved = e.Var(
            index=var.index,
            column=var.column,
            type=var.type,
            levels_up=var.levels_up - 1,
            returning=var.returning,
        )
        return _var(moved, place.outer)
    if place.rows is not None:
        return _var(var, place.rows)
    if var.column <= 0:
        return _unknown(place)
    return _column(var, place.query.entry(var.index), place)


def _column(var: e.Var, entry: RangeTableEntry, place: ProgramPoint) -> Proof:  # noqa: PLR0911 - one return for each kind of entry
    match entry.kind:
        case RteKind.RELATION:
            return _table_column(entry, var, place)
        case RteKind.SUBQUERY if entry.subquery is not None:
            inner = place.prover.enter(entry.subquery, place)
            return output_elements(inner, var.column)
        case RteKind.CTE:
            return _cte_column(entry, var.column, place)
        case RteKind.VALUES:
            return _all((row[var.column - 1] for row in entry.values), place)
        case RteKind.JOIN:
            return elements_not_null(entry.join_columns[var.column - 1], place)
        case RteKind.GROUP:
            return elements_not_null(entry.group_expressions[var.column - 1], place)
        case RteKind.FUNCTION if _is_one_value(entry):
            return elements_not_null(entry.functions[0].expression, place)
        case _:
            return _unknown(place)


def _is_one_value(entry: RangeTableEntry) -> bool:
    """Return True if functions in FROM return exactly one column."""
    return [function.columns for function in entry.functions] == [1]


def _table_column(entry: RangeTableEntry, var: e.Var, place: ProgramPoint) -> Proof:
    knowledge = place.prover.knowledge
    column = knowledge.column(entry.relation, var.column)
    if column is None:
        return _unknown(place)
    name = f"{entry.name}.{column.name}"
    elements = knowledge.elements
    if elements.of_column(entry.relation, var.column, column.type):
        return may_be_null(f"nothing keeps NULL out of the arrays in {name}")
    return never_null(f"the arrays in {name} have no NULL elements")


def _cte_column(entry: RangeTableEntry, number: int, place: ProgramPoint) -> Proof:
    home = home_of(place, entry.cte_levels_up)
    cte = next(
        (c for c in (home.query.ctes if home else ()) if c.name == entry.cte_name),
        None,
    )
    if home is None or cte is None:
        return _unknown(place)
    # Induction: a recursive CTE has no NULL elements if its recursive term adds none to
    # arrays without NULL elements.
    assumed = place.prover.assumed_elements
    key = (id(cte.query), number)
    if key in assumed:
        return never_null("so it is in the rows found before")
    assumed.add(key)
    try:
        return output_elements(place.prover.enter(cte.query, home), number)
    finally:
        assumed.discard(key)


def _param(param: e.Param, place: ProgramPoint) -> Proof:
    if param.kind is not e.ParamKind.EXTERNAL:
        return _unknown(place)
    knowledge = place.prover.knowledge
    name = knowledge.parameter_name(param.number)
    if param.number in knowledge.elements.parameters:
        return may_be_null(f"{name} can have NULL elements")
    return never_null(f"{name} has no NULL elements")


def _constant(node: e.Const, place: ProgramPoint) -> Proof:
    match node.value:
        case None:
            return never_null("it is NULL as a whole")
        case value if _is_plain(value):
            if any(value[_OFFSET]):
                return may_be_null("an element of the array is NULL")
            return never_null("no element of the array is NULL")
        case _:
            return _unknown(place)


def _is_plain(value: bytes) -> bool:
    """Return True if a datum has a four-byte length word, in either byte order."""
    length = len(value)
    return length in {
        int.from_bytes(value[:4], "little") >> 2,
        int.from_bytes(value[:4], "big") & 0x3FFFFFFF,
    }


def _constructor(node: e.ArrayExpr, place: ProgramPoint) -> Proof:
    prove = elements_not_null if node.nested else place.prover.prove
    return all_of(
        (prove(element, place) for element in node.elements),
        "no element of the array is NULL",
        "an element of the array can be NULL",
    )


def _coercion(node: e.Coerce, place: ProgramPoint) -> Proof:
    match node.kind:
        case e.Coercion.RELABEL | e.Coercion.COLLATE:
            return elements_not_null(node.arg, place)
        case e.Coercion.DOMAIN:
            knowledge = place.prover.knowledge
            domain = knowledge.catalog.types.get(node.type)
            if domain is not None and not knowledge.elements.of_type(domain):
                return never_null(f"arrays of {domain.sql} have no NULL elements")
            return elements_not_null(node.arg, place)
        case e.Coercion.ARRAY:
            # Only casts by a function can return NULL; these are not function calls.
            if isinstance(node.element, e.Coerce | e.CaseTestExpr):
                return elements_not_null(node.arg, place)
            return may_be_null("an element's cast can give NULL")
        case _:
            return _unknown(place)


def _sublink(node: e.SubLink, place: ProgramPoint) -> Proof:
    match node.kind:
        case e.SubLinkType.ARRAY:
            inner = place.prover.enter(node.query, place)
            return _value(node.query.results[0].expression, inner, 1).because(
                "the array has the subquery's values"
            )
        case e.SubLinkType.EXPRESSION:
            return output_elements(place.prover.enter(node.query, place), 1)
        case _:
            return _unknown(place)


def _value(node: e.Expression, inner: ProgramPoint, number: int) -> Proof:
    """Return the proof for a value in an array; for an array, for its elements."""
    if _is_array(node, inner):
        return output_elements(inner, number)
    return inner.prover.output(inner, number)


def _is_array(node: e.Expression, place: ProgramPoint) -> bool:
    if isinstance(node, e.SubLink):
        if node.kind is not e.SubLinkType.EXPRESSION:
            return node.kind is e.SubLinkType.ARRAY
        return _is_array(node.query.results[0].expression, place)
    type_ = place.prover.knowledge.catalog.types.get(getattr(node, "type", 0))
    return isinstance(type_, ArrayType)


def _function(  # noqa: C901, PLR0911 - one return for each kind of function
    call: e.FuncExpr | e.OpExpr, place: ProgramPoint
) -> Proof:
    knowledge = place.prover.knowledge
    args = call.args
    builtin = knowledge.functions.get(call.function)
    match builtin.name if builtin else "":
        case name if name in _NEVER:
            return never_null(f"{name} gives no NULL elements")
        case "string_to_array" if len(args) < 3 or _is_null(args[2]):  # noqa: PLR2004 - the string that stands for NULL
            return never_null("string_to_array gives no NULL elements")
        case "array_remove" if _is_null(args[1]):
            return never_null("array_remove takes the NULL elements out")
        case name if name in _KEEPS:
            return elements_not_null(args[0], place)
        case "array_append":
            return _both(args[0], args[1], place)
        case "array_prepend":
            return _both(args[1], args[0], place)
        case "array_cat":
            return _all(args, place)
        case "array_replace" if _is_null(args[1]):
            return place.prover.prove(args[2], place)
        case "array_replace":
            return _both(args[0], args[2], place)
        case "array_fill":
            return place.prover.prove(args[0], place)
        case "array_larger" | "array_smaller":
            return _all(args, place)
        case _:
            return _unknown(place)


def _both(array: e.Expression, element: e.Expression, place: ProgramPoint) -> Proof:
    return all_of(
        (elements_not_null(array, place), place.prover.prove(element, place)),
        "neither the array has NULL elements, nor is what is added NULL",
        "the array can have NULL elements, or what is added can be NULL",
    )


def _is_null(node: e.Expression) -> bool:
    while isinstance(node, e.Coerce):
        node = node.arg
    return isinstance(node, e.Const) and node.value is None


def _all(arrays: Iterable[e.Expression], place: ProgramPoint) -> Proof:
    return all_of(
        (elements_not_null(array, place) for array in arrays),
        "none of the arrays has NULL elements",
        "one of the arrays can have NULL elements",
    )


def _aggregate(node: e.Aggref, place: ProgramPoint) -> Proof:
    name = place.prover.knowledge.function_name(node.function)
    if node.levels_up or not node.args:
        return _unknown(place)
    arg = node.args[0].expression
    rows = place.rows or place
    if name == _COLLECTS:
        return _collected(arg, node.filter, rows)
    return elements_not_null(arg, rows) if name in _PICKS else _unknown(place)


def _window_function(node: e.WindowFunc, place: ProgramPoint) -> Proof:
    name = place.prover.knowledge.function_name(node.function)
    # The window also contains rows that enclosing queries filter out.
    rows = plain(place)
    if name == _COLLECTS:
        return _collected(node.args[0], node.filter, rows)
    if name in _PICKS:
        return elements_not_null(node.args[0], rows)
    if name in _SHIFTS:
        return _all((node.args[0], *node.args[2:]), rows)
    return _unknown(place)


def _collected(
    value: e.Expression, condition: e.Expression | None, rows: ProgramPoint
) -> Proof:
    """Return the proof for an expression in the rows that meet a condition.

    If the expression is an array, the proof is for its elements.
    """
    if condition is not None:
        known = after(rows, condition, Outcome.TRUE)
        if known is None:
            return never_null("no row is collected")
        rows = assume(rows, known)
    if _is_array(value, rows):
        return elements_not_null(value, rows)
    return rows.prover.prove(value, rows).because("array_agg collects the values")


def _case(node: e.CaseExpr, place: ProgramPoint) -> Proof:
    results = [when.result for when in node.whens]
    return _all((*results, *([node.default] if node.default else ())), place)


def _subscript(node: e.SubscriptingRef, place: ProgramPoint) -> Proof:
    # A slice has the array's elements. An element that is an array itself is not
    # proved.
    if node.assigned is None and _is_array(node, place):
        return elements_not_null(node.container, place)
    return _unknown(place)


def _field(node: e.FieldSelect, place: ProgramPoint) -> Proof:
    match node.arg:
        case e.RowExpr(args=args) if 0 < node.field <= len(args):
            return elements_not_null(args[node.field - 1], place)
        case e.Var(column=0) as row:
            column = e.Var(
                index=row.index,
                column=node.field,
                type=node.type,
                levels_up=row.levels_up,
                returning=row.returning,
            )
            return elements_not_null(column, place)
        case arg:
            return _field_of(getattr(arg, "type", 0), node.type, place)


def _field_of(composite: int, array: int, place: ProgramPoint) -> Proof:
    """Return the proof for an array field of a composite type.

    The field is found by its type, since field numbers have gaps.
    """
    knowledge = place.prover.knowledge
    type_ = knowledge.catalog.types.get(composite)
    if not isinstance(type_, CompositeType) or type_.relation in (
        knowledge.catalog.relations
    ):
        # A value of a table's row type is not necessarily a row of the table.
        return _unknown(place)
    fields = [field for field in type_.fields if field.type.oid == array]
    if any(knowledge.elements.of_field(composite, f.name, f.type) for f in fields):
        return _unknown(place)
    return never_null(f"the arrays in {type_.sql} have no NULL elements")


def _sequence(node: e.CoalesceExpr | e.MinMaxExpr, place: ProgramPoint) -> Proof:
    return _all(node.args, place)


def _null_if(node: e.NullIfExpr, place: ProgramPoint) -> Proof:
    return elements_not_null(node.args[0], place)


def _named_argument(node: e.NamedArgExpr, place: ProgramPoint) -> Proof:
    return elements_not_null(node.arg, place)


_RULES: Mapping[type, Callable[..., Proof]] = {
    e.Var: _var,
    e.Param: _param,
    e.Const: _constant,
    e.ArrayExpr: _constructor,
    e.Coerce: _coercion,
    e.SubLink: _sublink,
    e.FuncExpr: _function,
    e.OpExpr: _function,
    e.Aggref: _aggregate,
    e.WindowFunc: _window_function,
    e.CaseExpr: _case,
    e.CoalesceExpr: _sequence,
    e.MinMaxExpr: _sequence,
    e.NullIfExpr: _null_if,
    e.SubscriptingRef: _subscript,
    e.FieldSelect: _field,
    e.NamedArgExpr: _named_argument,
}
