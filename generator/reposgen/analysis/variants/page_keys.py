"""Check that page keys are values that a cursor can hold from page to page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.types import type_of
from reposgen.analysis.variants.steadiness import Steadiness
from reposgen.diagnostics import error
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.model import (
    ArrayType,
    CompositeType,
    DomainType,
    MultirangeType,
    PseudoType,
    RangeType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.variants.ordering import Order, Term
    from reposgen.diagnostics import Diagnostic, Span
    from reposgen.live_schema.model import PgType
    from reposgen.live_schema.tree.model import Query


def page_terms(order: Order, tree: Query) -> Order:
    """Return the order without terms that do not order the result's rows.

    With DISTINCT ON, the terms behind those of DISTINCT ON only select the rows.
    """
    if not tree.distinct_on:
        return order
    return replace(order, terms=order.terms[: len(tree.distinct)])


def check_keys(
    described: DescribedQuery, tree: Query, order: Order, asking: Span
) -> Iterator[Diagnostic]:
    """Yield an error for each key that can change from one page to the next.

    Args:
        described: the query.
        tree: the server's tree of the statement.
        order: the query's order, and the columns that a caller can choose.
        asking: place of `:page`.
    """
    steadiness = Steadiness(
        catalog=described.catalog,
        functions=builtin_functions(described.catalog.major),
        text=described.text.text if described.has_places else None,
    )
    found = False
    for term in (*order.terms, *order.choices):
        if term.column is None:
            continue
        oid = described.columns[term.column].type_oid
        refused = _refused_type(type_of(oid, described.catalog))
        if refused is None and (unsteady := steadiness.key(tree, term.column)):
            reason = f"which {unsteady.reason}; each page can find another value"
            refused = (reason, unsteady.hint)
        if refused is not None:
            found = True
            yield _unusable(term, *refused)
    unsteady = None if found else steadiness.rows(tree)
    if unsteady is not None:
        yield error(
            "page-rows-not-fixed",
            f"pages can have different rows: {unsteady.reason}",
            span=asking,
            hint=unsteady.hint,
        )


def _unusable(term: Term, reason: str, hint: str) -> Diagnostic:
    return error(
        "page-key-not-fixed",
        f"pages are ordered by {term.name}, {reason}",
        span=term.span,
        hint=hint,
    )


def _refused_type(type_: PgType) -> tuple[str, str] | None:
    """Return why a type cannot be a key's, and a hint; None if it can."""
    match type_:
        case ArrayType(element=inner) | DomainType(base=inner):
            return _refused_type(inner)
        case RangeType(subtype=inner) | MultirangeType(range=inner):
            return _refused_type(inner)
        case CompositeType(fields=fields):
            found = (_refused_type(field.type) for field in fields)
            return next((one for one in found if one is not None), None)
        case _:
            return _refused_base(type_)


def _refused_base(type_: PgType) -> tuple[str, str] | None:
    if isinstance(type_, PseudoType):
        return (
            f"a {type_.sql}: a row of no named type, which no cursor can hold",
            "order by its fields, one by one",
        )
    if type_.schema != "pg_catalog":
        return None
    if type_.name == "money":
        return (
            "of type money, whose text depends on lc_monetary",
            "cast it to numeric in the select list",
        )
    if type_.name.startswith("reg"):
        return (
            f"of type {type_.name}, whose text depends on search_path",
            "cast it to oid in the select list",
        )
    return None
