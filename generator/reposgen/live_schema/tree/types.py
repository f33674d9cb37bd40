"""The types of expressions, if their nodes state them."""

from __future__ import annotations

from reposgen.live_schema.tree import expressions as e

_BOOL = 16
_BOOLEANS = (
    *(e.BoolExpr, e.NullTest, e.BooleanTest, e.ScalarArrayOpExpr, e.DistinctExpr),
    *(e.RowCompareExpr, e.JsonIsPredicate),
)
_TRUTH_VALUES = {e.SubLinkType.EXISTS, e.SubLinkType.ANY, e.SubLinkType.ALL}


def expression_type(node: e.Expression) -> int:
    """Return the oid of an expression's type, or 0 if its node does not state it."""
    match node:
        case e.SubLink(kind=e.SubLinkType.EXPRESSION, query=query):
            return expression_type(query.results[0].expression)
        case e.SubLink(kind=kind):
            return _BOOL if kind in _TRUTH_VALUES else 0
        case e.NamedArgExpr(arg=arg):
            return expression_type(arg)
        case _ if isinstance(node, _BOOLEANS):
            return _BOOL
        case _:
            return int(getattr(node, "type", 0))
