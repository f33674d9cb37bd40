"""The types of expressions, as far as their nodes tell."""

from __future__ import annotations

from reposgen.live_schema.tree import expressions as e

_BOOL = 16
_BOOLEANS = (
    *(e.BoolExpr, e.NullTest, e.BooleanTest, e.ScalarArrayOpExpr, e.DistinctExpr),
    *(e.RowCompareExpr, e.JsonIsPredicate),
)
_TRUTH_VALUES = {e.SubLinkType.EXISTS, e.SubLinkType.ANY, e.SubLinkType.ALL}


def expression_type(node: e.Expression) -> int:
    """The oid of an expression's type, 0 where its node does not tell."""
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
