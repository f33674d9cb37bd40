"""Nullability of JSON_QUERY and its like, JSON_TABLE and XMLTABLE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.proof import (
    Proof,
    all_of,
    may_be_null,
    never_null,
)
from reposgen.live_schema.tree import expressions as e

if TYPE_CHECKING:
    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.tree.model import RangeTableEntry

_EXISTS, _QUERY = 0, 1
_NULL, _UNKNOWN, _DEFAULT = 0, 5, 8
_JSON_TYPES = {114, 3802}


def json_query(node: e.JsonQuery, place: ProgramPoint) -> Proof:
    """Return the proof for JSON_EXISTS, JSON_QUERY or JSON_VALUE."""
    value = _json_value(node, place)
    if not value.not_null:
        return value
    return all_of(
        (place.prover.prove(arg, place) for arg in node.args),
        value.why[0],
        "JSON of an argument that can be NULL",
    )


def _json_value(node: e.JsonQuery, place: ProgramPoint) -> Proof:
    """Return the proof for a JSON function none of whose arguments is NULL."""
    if node.operation == _EXISTS:
        error = node.on_error
        if error is not None and error.kind in {_NULL, _UNKNOWN}:
            return may_be_null("an error makes it NULL")
        return never_null("JSON_EXISTS is true or false, never NULL")
    # JSON_VALUE and casts to other types turn the JSON value null into NULL.
    if node.operation != _QUERY or node.type not in _JSON_TYPES:
        return may_be_null("there may be nothing, or null, at the path")
    return all_of(
        (
            _behavior(behavior, words, place)
            for behavior, words in (
                (node.on_empty, "nothing at the path makes it NULL"),
                (node.on_error, "an error makes it NULL"),
            )
        ),
        "JSON is given for whatever is at the path",
        "there may be nothing at the path",
    )


def _behavior(
    behavior: e.JsonBehavior | None, words: str, place: ProgramPoint
) -> Proof:
    if behavior is None or behavior.kind in {_NULL, _UNKNOWN}:
        return may_be_null(words)
    if behavior.kind == _DEFAULT:
        if behavior.default is None:
            return may_be_null(words)
        return place.prover.prove(behavior.default, place)
    return never_null("an error, or an empty value, stands for what is not there")


def table_function_column(
    number: int, entry: RangeTableEntry, place: ProgramPoint, name: str
) -> Proof:
    """Return the proof for a column of JSON_TABLE or XMLTABLE."""
    match entry.other:
        case (e.TableFunc() as table,) if number > 0:
            if table.is_json:
                return _json_column(number - 1, table, place, name)
            return _xml_column(number - 1, table, place, name)
        case _:
            return may_be_null(f"nothing is known of {name}")


def _json_column(
    index: int, table: e.TableFunc, place: ProgramPoint, name: str
) -> Proof:
    if not index <= table.outermost:
        return may_be_null(f"{name} is NULL where its NESTED path finds nothing")
    value = table.values[index] if index < len(table.values) else None
    if value is None:
        return never_null(f"{name} is the number of the row")
    if not isinstance(value, e.JsonQuery):
        return may_be_null(f"nothing is known of {name}")
    return _json_value(value, place).because(f"{name} is a column of JSON_TABLE")


def _xml_column(
    index: int, table: e.TableFunc, place: ProgramPoint, name: str
) -> Proof:
    if index == table.ordinality:
        return never_null(f"{name} is the number of the row")
    if index in table.not_nulls:
        return never_null(f"{name} is NOT NULL: XMLTABLE refuses NULL")
    default = table.defaults[index] if index < len(table.defaults) else None
    if default is None:
        return may_be_null(f"{name} is NULL where its path finds nothing")
    return place.prover.prove(default, place).because(
        f"{name} is its default where its path finds nothing"
    )
