"""Expressions that a table keeps: of its generated columns, and of its CHECKs."""

from __future__ import annotations

from functools import cache

from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_expression
from reposgen.live_schema.tree.walk import walk

# In such an expression a column is one of the only table that there is.
_COLUMN = "{VAR :varno 1 "
_NO_RETURNING = ":varreturningtype 0 "


@cache
def row_expression(
    tree: str,
    major: int,
    index: int = 1,
    returning: e.Returning = e.Returning.DEFAULT,
) -> e.Expression | None:
    """An expression over a table's row, as a query has it.

    Args:
        tree: the text of its tree.
        major: the server's version.
        index: of the table in the range table.
        returning: which row of RETURNING it is about.

    Returns:
        None where the text cannot be read, or where a function of the user's is in it:
        the rows that are there were judged by what it was when they were written.
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
