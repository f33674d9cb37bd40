"""Check that a query selects only rows that a partial unique index covers.

Only the simple form is recognised: each term of the index's predicate is itself a term
of WHERE or ON.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_expression, parse_expressions
from reposgen.live_schema.tree.walk import conjuncts, walk

if TYPE_CHECKING:
    from collections.abc import Collection

    from reposgen.live_schema.model import Index
    from reposgen.live_schema.tree.expressions import Expression

# An index's expression refers to a single table, which has index 1.
_FIRST = "{VAR :varno 1 "
# Nodes that mean the same if they are equal. The model of other nodes leaves out
# details: of COLLATE, the collation.
_COMPARABLE = (
    *(e.Var, e.Const, e.NullTest, e.BooleanTest, e.BoolExpr),
    *(e.OpExpr, e.ScalarArrayOpExpr, e.FuncExpr, e.ArrayExpr),
)


def implied(
    index: Index, place: int, conditions: Collection[Expression], major: int
) -> bool:
    """Return True if all rows that meet some conditions are in an index.

    Args:
        index: an index of a table.
        place: index of the table in the range table.
        conditions: conditions that hold for the table's rows.
        major: the server's major version.
    """
    if index.predicate is None:
        return True
    terms = _terms(index.predicate_tree, place, major)
    return bool(terms) and all(term in conditions for term in terms)


def indexed_expressions(
    index: Index, place: int, major: int
) -> tuple[Expression, ...] | None:
    """Return the expressions of an index in the form that they have in a query.

    Returns:
        None if an expression cannot be read or compared.
    """
    return _expressions(index.expressions_tree, place, major)


@cache
def _expressions(
    text: str | None, place: int, major: int
) -> tuple[Expression, ...] | None:
    if text is None:
        return ()
    moved = text.replace(_FIRST, _FIRST.replace("1", str(place)))
    found = parse_expressions(moved, major)
    if not found or not all(_is_comparable(n) for one in found for n in walk(one)):
        return None
    return found


@cache
def _terms(text: str | None, place: int, major: int) -> tuple[Expression, ...]:
    """Return the terms of a predicate in the form that they have in a query.

    Returns:
        Empty if a term cannot be read or compared.
    """
    moved = (text or "").replace(_FIRST, _FIRST.replace("1", str(place)))
    predicate = parse_expression(moved, major) if text else None
    if predicate is None or not all(map(_is_comparable, walk(predicate))):
        return ()
    return conjuncts(predicate)


def _is_comparable(node: object) -> bool:
    if isinstance(node, e.Coerce):
        return node.kind is e.Coercion.RELABEL
    return isinstance(node, (*_COMPARABLE, int))
