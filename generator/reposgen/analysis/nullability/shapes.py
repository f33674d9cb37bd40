"""Shapes of the JSON documents that a query builds, read from its tree.

A shape holds for every row. Documents without a known shape can be any JSON.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.model import (
    JsonField,
    JsonList,
    JsonObject,
    JsonScalar,
)
from reposgen.analysis.nullability.elements import elements_not_null
from reposgen.analysis.nullability.facts import Outcome
from reposgen.analysis.nullability.narrowing import after, assume
from reposgen.analysis.nullability.outputs import home_of
from reposgen.live_schema.model import ArrayType, BaseType, DomainType, EnumType
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import RteKind
from reposgen.live_schema.tree.types import expression_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reposgen.analysis.model import JsonShape
    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.model import Catalog, PgType
    from reposgen.live_schema.tree.model import RangeTableEntry

_TEXT, _UNKNOWN = 25, 705
_JSON_TYPES = frozenset({114, 3802})
_OBJECTS = frozenset({"json_build_object", "jsonb_build_object"})
_ARRAYS = frozenset({"json_build_array", "jsonb_build_array"})
_WRAPPERS = frozenset({"to_json", "to_jsonb", "row_to_json"})
_STRICT = frozenset({"json_agg_strict", "jsonb_agg_strict"})
_LISTS = frozenset({"json_agg", "jsonb_agg"}) | _STRICT
# `JsonConstructorType`.
_JSON_OBJECT, _JSON_ARRAYAGG = 1, 4
# Types converted to a JSON boolean, a number, an ISO 8601 date, or the value's text.
_SCALARS = frozenset(
    {
        *("bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric"),
        *("text", "varchar", "bpchar", "name", "uuid", "bytea", "inet", "cidr"),
        *("date", "time", "timetz", "timestamp", "timestamptz", "interval"),
    }
)
# Content of a text or jsonb datum, behind a length word of four bytes.
_CONTENT = slice(4, None)
# Contents of an empty array: jsonb in both byte orders, and json.
_EMPTY = frozenset({b"\x00\x00\x00\x40", b"\x40\x00\x00\x00", b"[]"})


def output_shape(place: ProgramPoint, number: int) -> JsonShape | None:
    """Return the shape of a query's result column, from 1; None for any JSON."""
    target = place.query.result_numbers.get(number)
    if target is None or place.query.set_operations is not None:
        return None
    if expression_type(target.expression) not in _JSON_TYPES:
        return None
    return _document(target.expression, place)


def _document(node: e.Expression, place: ProgramPoint) -> JsonShape | None:  # noqa: PLR0911 - one return for each kind of node
    """Return the shape of an expression of a JSON type."""
    match node:
        case e.Var():
            return _variable(node, place)
        case e.Coerce(kind=e.Coercion.RELABEL, arg=arg):
            return _document(arg, place)
        case e.SubLink(kind=e.SubLinkType.EXPRESSION, query=query):
            return output_shape(place.prover.enter(query, place), 1)
        case e.CoalesceExpr(args=args):
            return _first_of(args, place)
        case e.FuncExpr(variadic=False):
            return _call(node, place)
        case e.Aggref():
            return _aggregate(node, place)
        case e.JsonConstructor(coercion=None):
            return _constructor(node, place)
        case _:
            return None


def _first_of(args: Sequence[e.Expression], place: ProgramPoint) -> JsonShape | None:
    """Return the shape of a COALESCE; the constant `'[]'` fits every list."""
    others = [arg for arg in args if not _is_empty(arg)]
    shape = _same(_document(arg, place) for arg in others)
    is_one = len(others) == len(args) or isinstance(shape, JsonList)
    return shape if is_one else None


def _is_empty(node: e.Expression) -> bool:
    """Return True if an expression is the constant `'[]'`."""
    return (
        isinstance(node, e.Const)
        and node.value is not None
        and node.value[_CONTENT] in _EMPTY
    )


def _same(shapes: Iterable[JsonShape | None]) -> JsonShape | None:
    """Return the shape that all shapes are equal to, or None."""
    found = list(shapes)
    return found[0] if found and all(one == found[0] for one in found) else None


def _call(call: e.FuncExpr, place: ProgramPoint) -> JsonShape | None:
    name = _builtin(call.function, place)
    if name in _OBJECTS:
        return _object(call.args, place, absent=False)
    if name in _ARRAYS:
        element = _same(_value(arg, place) for arg in call.args)
        proofs = (place.prover.prove(arg, place) for arg in call.args)
        nullable = not all(proof.not_null for proof in proofs)
        return element and JsonList(element=element, nullable=nullable)
    if name in _WRAPPERS:
        return _value(call.args[0], place)
    return None


def _builtin(function: int, place: ProgramPoint) -> str:
    """Return the name of a built-in function; empty for user-defined functions."""
    found = place.prover.knowledge.functions.get(function)
    return found.name if found else ""


def _aggregate(call: e.Aggref, place: ProgramPoint) -> JsonShape | None:
    name = _builtin(call.function, place)
    if call.levels_up or name not in _LISTS:
        return None
    rows = place.rows or place
    if call.filter is not None:
        known = after(rows, call.filter, Outcome.TRUE)
        if known is None:
            return None
        rows = assume(rows, known)
    value = call.args[0].expression
    element = _value(value, rows)
    not_null = name in _STRICT or rows.prover.prove(value, rows).not_null
    return element and JsonList(element=element, nullable=not not_null)


def _constructor(node: e.JsonConstructor, place: ProgramPoint) -> JsonShape | None:
    if node.kind == _JSON_OBJECT and node.type in _JSON_TYPES:
        return _object(node.args, place, absent=node.absent_on_null)
    if node.kind == _JSON_ARRAYAGG and isinstance(node.call, e.Aggref):
        shape = _aggregate(node.call, place)
        if isinstance(shape, JsonList) and node.absent_on_null:
            return replace(shape, nullable=False)
        return shape
    return None


def _object(
    args: Sequence[e.Expression], place: ProgramPoint, *, absent: bool
) -> JsonShape | None:
    keys = [_text(key, place) for key in args[::2]]
    values = args[1::2]
    names = [key for key in keys if key is not None]
    if len(names) < len(keys) or len(set(names)) < len(names) or not names:
        return None
    return JsonObject(
        fields=tuple(
            _field(name, value, place, absent=absent)
            for name, value in zip(names, values, strict=True)
        )
    )


def _text(node: e.Expression, place: ProgramPoint) -> str | None:
    """Return the text of a constant; None for other expressions."""
    while isinstance(node, e.Coerce) and node.kind is e.Coercion.RELABEL:
        node = node.arg
    if not isinstance(node, e.Const) or node.value is None:
        return None
    if node.type not in (_TEXT, _UNKNOWN):
        return None
    value = node.value
    content = value[_CONTENT] if node.type == _TEXT else value.removesuffix(b"\0")
    # The bytes are in the database's encoding.
    return content.decode() if content.isascii() else _utf8(content, place)


def _utf8(content: bytes, place: ProgramPoint) -> str | None:
    is_utf8 = place.prover.knowledge.catalog.encoding == "UTF8"
    return content.decode() if is_utf8 else None


def _field(
    key: str, value: e.Expression, place: ProgramPoint, *, absent: bool = False
) -> JsonField:
    return JsonField(
        key=key,
        shape=_value(value, place),
        nullable=not place.prover.prove(value, place).not_null,
        absent=absent,
    )


def _value(node: e.Expression, place: ProgramPoint) -> JsonShape | None:
    """Return the shape of the JSON that PostgreSQL converts a value to."""
    while isinstance(node, e.JsonValue):
        if node.formatted is not None:
            return None
        node = node.raw
    if isinstance(node, e.Var) and node.column == 0:
        return _row(node, place)
    oid = expression_type(node)
    if oid == _UNKNOWN:
        oid = _TEXT
    if oid in _JSON_TYPES:
        return _document(node, place)
    type_ = place.prover.knowledge.catalog.types.get(oid)
    if type_ is None:
        return None
    nullable = isinstance(type_, ArrayType) and (
        not elements_not_null(node, place).not_null
    )
    catalog = place.prover.knowledge.catalog
    return _of_type(type_, _origin(node, place), catalog, element_nullable=nullable)


def _of_type(
    type_: PgType,
    table: tuple[int, int] | None,
    catalog: Catalog,
    *,
    element_nullable: bool,
) -> JsonShape | None:
    if isinstance(type_, ArrayType):
        element = _of_type(type_.element, table, catalog, element_nullable=False)
        return element and JsonList(
            element=element, nullable=element_nullable, of_array=True
        )
    base: PgType = type_
    while isinstance(base, DomainType):
        base = base.base
    match base:
        case EnumType() if base.oid not in catalog.json_casts:
            return JsonScalar(type=type_, table=table)
        case BaseType(schema="pg_catalog", name=name) if name in _SCALARS:
            return JsonScalar(type=type_, table=table)
        case _:
            return None


def _variable(var: e.Var, place: ProgramPoint) -> JsonShape | None:
    """Return the shape of a JSON column of a subquery, CTE or join."""
    found = _home(var, place)
    if found is None or var.column <= 0:
        return None
    home, entry = found
    match entry.kind:
        case RteKind.JOIN:
            return _document(entry.join_columns[var.column - 1], home)
        case RteKind.GROUP:
            return _document(entry.group_expressions[var.column - 1], home)
        case _:
            inner = _inside(entry, home)
            return output_shape(inner, var.column) if inner else None


def _origin(node: e.Expression, place: ProgramPoint) -> tuple[int, int] | None:
    """Return the table's column that an expression is, traced through subqueries.

    Returns:
        Relation oid and `attnum`, or None.
    """
    while isinstance(node, e.Coerce) and node.kind is e.Coercion.RELABEL:
        node = node.arg
    found = _home(node, place) if isinstance(node, e.Var) else None
    if found is None or not isinstance(node, e.Var) or node.column <= 0:
        return None
    home, entry = found
    match entry.kind:
        case RteKind.RELATION:
            return (entry.relation, node.column)
        case RteKind.JOIN:
            return _origin(entry.join_columns[node.column - 1], home)
        case RteKind.GROUP:
            return _origin(entry.group_expressions[node.column - 1], home)
        case _:
            inner = _inside(entry, home)
            target = inner and inner.query.result_numbers.get(node.column)
            if not inner or not target or inner.query.set_operations is not None:
                return None
            return _origin(target.expression, inner)


def _home(
    var: e.Var, place: ProgramPoint
) -> tuple[ProgramPoint, RangeTableEntry] | None:
    """Return the place and range table entry that a variable refers to."""
    home: ProgramPoint | None = place
    for _ in range(var.levels_up):
        home = home.outer if home else None
    if home is None:
        return None
    home = home.rows or home
    return home, home.query.entry(var.index)


def _inside(entry: RangeTableEntry, home: ProgramPoint) -> ProgramPoint | None:
    """Return the place of the query that a subquery or CTE entry is."""
    if entry.kind is RteKind.SUBQUERY and entry.subquery is not None:
        return home.prover.enter(entry.subquery, home)
    if entry.kind is not RteKind.CTE:
        return None
    defined = home_of(home, entry.cte_levels_up)
    if defined is None:
        return None
    cte = next((c for c in defined.query.ctes if c.name == entry.cte_name), None)
    if cte is None or cte.recursive:
        return None
    return home.prover.enter(cte.query, defined)


def _row(var: e.Var, place: ProgramPoint) -> JsonShape | None:
    """Return the shape of a whole row of a table or subquery."""
    found = _home(var, place)
    if found is None:
        return None
    home, entry = found
    names = entry.column_names
    if entry.kind is RteKind.RELATION:
        fields = list(_table_fields(entry, home))
        # With column aliases, the keys would be the aliases.
        known = [name for name in names if name]
        if [field.key for field in fields] != known:
            return None
    else:
        inner = _inside(entry, home)
        if inner is None or inner.query.set_operations is not None:
            return None
        results = inner.query.results
        if len(names) != len(results) or not all(names):
            return None
        fields = [
            JsonField(
                key=name,
                shape=_value(target.expression, inner),
                nullable=not inner.prover.output(inner, target.number).not_null,
            )
            for name, target in zip(names, results, strict=True)
        ]
    keys = {field.key for field in fields}
    if len(keys) < len(fields) or not fields:
        return None
    return JsonObject(fields=tuple(fields))


def _table_fields(entry: RangeTableEntry, place: ProgramPoint) -> Iterator[JsonField]:
    knowledge = place.prover.knowledge
    relation = knowledge.catalog.relations.get(entry.relation)
    for column in relation.columns if relation else ():
        table = (entry.relation, column.number)
        yield JsonField(
            key=column.name,
            shape=_of_type(
                column.type,
                table,
                knowledge.catalog,
                element_nullable=knowledge.elements.of_column(*table, column.type),
            ),
            nullable=not column.not_null,
        )
