"""Expressions stored with a table: its generated columns and CHECKs."""

from __future__ import annotations

from functools import cache

from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_expression
from reposgen.live_schema.tree.walk import walk

# A stored expression refers to a single table, which has index 1.
_COLUMN = "{VAR :varno 1 "
_NO_RETURNING = ":varreturningtype 0 "


@cache
def row_expression(
    tree: str,
    major: int,
    index: int = 1,
    returning: e.Returning = e.Returning.DEFAULT,
) -> e.Expression | None:
    """Return an expression over a table's row, in the form that it has in a query.

    Args:
        tree: the text of the expression's tree.
        major: the server's major version.
        index: index of the table in the range table.
        returning: the row, old or new, that the expression refers to.

    Returns:
        None if the text cannot be read or calls a user-defined function: existing rows
        were checked with the function's definition at the time they were written.
    """
    text = tree.replace(_COLUMN, _COLUMN.replace("1", str(index)))
    text = text.replace(_NO_RETURNING, _NO_RETURNING.replace("0", str(int(returning))))
    expression = parse_expression(text, major)
    if expression is None:
        return None
    functions = builtin_functions(major)
    for node in walk(expression):
        function = getattr(node, "function", None)
        if isinstance(node, e.Unknown) or (
            function is not None and functions.get(function) is None
        ):
            return None
    return expression
