"""ORDER BY of `:page` and `@sort`: its errors, and the clauses that can replace it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.cardinality import tells_apart
from reposgen.analysis.model import Embed, Ordering, Piece, PieceRole
from reposgen.analysis.types import operators_of, type_of
from reposgen.analysis.variants.ordering import (
    Order,
    not_selected,
    not_unique,
    page_ordering,
    read_order,
    sort_clauses,
    unique_tail,
)
from reposgen.analysis.variants.page_keys import check_keys, page_terms
from reposgen.diagnostics import Diagnostic, error
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.model import ArrayType, Statement
from reposgen.live_schema.tree.model import CommandType, Query
from reposgen.live_schema.tree.walk import walk
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.model import ResultItem
    from reposgen.analysis.variants.build import QueryVariants
    from reposgen.analysis.variants.clauses import Clauses, OrderBy
    from reposgen.analysis.variants.ordering import Term
    from reposgen.analysis.variants.requests import Requests
    from reposgen.diagnostics import Span
    from reposgen.live_schema.model import Catalog, PgType

_INT8 = 20


def read_query_order(
    described: DescribedQuery,
    requests: Requests,
    clauses: Clauses,
    order_by: OrderBy | None,
) -> Order | tuple[Diagnostic, ...] | None:
    """Return the query's order, or the errors in it; None if no directive needs it."""
    if not requests.ordered:
        return None
    what, asking = _asking(described, requests)
    tree = described.tree
    if tree is None:
        return (_no_tree(what, asking),)
    if misuse := _misuse(described, tree, requests, clauses):
        return (misuse,)
    if order_by is None or not tree.sort:
        return (_unordered(what, asking),)
    text = described.expanded

    def place(start: int, end: int) -> Span:
        first, last = text.source_span(start), text.source_span(end - 1)
        return first.source.span(first.start, last.end)

    order = read_order(
        text.text,
        order_by,
        tree=tree,
        names=[column.name for column in described.description.columns],
        choices=requests.sort,
        place=place,
    )
    if not isinstance(order, Order) or not requests.paged:
        return order
    order = page_terms(order, tree)
    mistakes = tuple(not_selected(order))
    return mistakes or tuple(check_keys(described, tree, order, asking)) or order


def _asking(described: DescribedQuery, requests: Requests) -> tuple[str, Span]:
    """Return the name and place of the directive or command that needs an order."""
    query = described.query
    if requests.paged or requests.sort_span is None:
        return f":{query.command}", query.command_span
    return "@sort", requests.sort_span


def _misuse(
    described: DescribedQuery, tree: Query, requests: Requests, clauses: Clauses
) -> Diagnostic | None:
    """Return why the query's rows cannot be put in order; None if they can."""
    what, asking = _asking(described, requests)
    if tree.command is not CommandType.SELECT:
        return _not_select(what, asking)
    limited = tree.limit is not None or tree.offset is not None
    if not requests.paged:
        # With DISTINCT ON, ORDER BY decides which rows are kept.
        if tree.distinct_on:
            return _sorts_distinct_on(asking)
        return _sorts_limited(asking) if limited else None
    if any(isinstance(node, Query) and node.row_marks for node in walk(tree)):
        return _locks(asking)
    limit = clauses.limit()
    if not limited:
        return None
    return _limited(asking if limit is None else described.expanded.source_span(limit))


def page_statements(
    described: DescribedQuery, order: Order, sql: str
) -> Iterator[tuple[Statement, Span]]:
    """Yield the statement of the page after a row, for each order that a call can have.

    Args:
        described: the query.
        order: the query's order.
        sql: text of the query, without its ORDER BY.
    """
    # Imported here, since it loads the whole run time, which only pages need.
    from reposgen_runtime.pages import Key, page_query  # noqa: PLC0415 - lazy

    catalog, oids = described.catalog, described.description.parameter_oids
    pg_types = [type_of(column.type_oid, catalog) for column in described.columns]
    types = [*map(_spelling, pg_types)]

    def key(term: Term) -> Key:
        column = term.column or 0
        return Key(
            term.name,
            column,
            term.descending,
            nulls=term.nulls,
            operators=operators_of(pg_types[column]),
        )

    own = [key(term) for term in order.terms]
    sorts = [(own, order.span)]
    for choice in order.choices:
        behind = [one for one in own if one.column != choice.column]
        sorts.append(([key(choice), *behind], choice.span))
    for keys, span in sorts:
        page = page_query(
            sql,
            parameters=len(oids),
            results=types,
            keys=keys,
            boundary=(True,) * len(keys),
        )
        yield (
            Statement(
                sql=page.sql,
                parameter_oids=(
                    *oids,
                    *(described.columns[key.column].type_oid for key in keys),
                    _INT8,
                ),
            ),
            span,
        )


def sort_statements(
    described: DescribedQuery, order: Order, pieces: Sequence[Piece]
) -> Iterator[tuple[Statement, Span]]:
    """Yield the statement with each order that a call can choose."""
    oids = described.description.parameter_oids
    spans = [choice.span for choice in order.choices for _ in ("ascending", "not")]
    for sort, span in zip(sort_clauses(order, None), spans, strict=True):
        sql = "".join(
            sort.sql if piece.role is PieceRole.ORDER_BY else piece.sql
            for piece in pieces
        )
        yield Statement(sql=sql, parameter_oids=oids), span


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """Pieces of a query, and the orders that its caller can choose.

    Attributes:
        pieces: pieces of the statement.
        ordering: orders of a `:page`; None for other commands.
        sorts: names of the orders that a caller can choose.
        diagnostics: errors.
    """

    pieces: tuple[Piece, ...]
    ordering: Ordering | None = None
    sorts: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def order_query(
    variants: QueryVariants, results: Sequence[ResultItem], catalog: Catalog
) -> Ordered:
    """Prove that pages have a unique order, and write the clauses that can be chosen.

    Args:
        variants: variants of the query.
        results: result items of the query.
        catalog: catalog of the database.
    """
    order, tree = variants.order, variants.conservative
    if order is None or variants.mistakes:
        return Ordered(pieces=variants.pieces)
    columns = [
        column
        for item in results
        for column in (item.columns if isinstance(item, Embed) else (item,))
    ]

    def unique(compared: Mapping[int, int], nullable: Collection[int]) -> bool:
        functions = builtin_functions(catalog.major)
        return tree is not None and tells_apart(
            tree, catalog, functions, compared, nullable
        )

    length = unique_tail(order, columns, unique)
    sorts = tuple(sort_clauses(order, length))
    names = tuple(sort.name for sort in sorts)
    if not variants.requests.paged:
        pieces = (
            replace(piece, sorts=sorts) if piece.role is PieceRole.ORDER_BY else piece
            for piece in variants.pieces
        )
        return Ordered(pieces=tuple(pieces), sorts=names)
    if length is None:
        refusal = not_unique(order, columns, unique)
        return Ordered(pieces=variants.pieces, diagnostics=(refusal,))
    return Ordered(
        pieces=variants.pieces,
        ordering=page_ordering(order, columns, length),
        sorts=names,
    )


def _spelling(type_: PgType) -> str:
    """Return the run time's name of a type, with every part quoted."""
    if isinstance(type_, ArrayType):
        return f"{_spelling(type_.element)}[]"
    schema, name = (part.replace('"', '""') for part in (type_.schema, type_.name))
    return f'"{schema}"."{name}"'


def _no_tree(what: str, span: Span) -> Diagnostic:
    return error(
        "order-unknown",
        f"{what} needs the query tree, which the server does not send",
        span=span,
        hint="connect without a proxy that drops notices",
    )


def _not_select(what: str, span: Span) -> Diagnostic:
    return error(
        "order-of-no-select",
        f"{what} needs a SELECT",
        span=span,
        hint="write the rows with one query, and read them with another",
    )


def _unordered(what: str, span: Span) -> Diagnostic:
    return error(
        "missing-order-by",
        f"{what} needs an ORDER BY",
        span=span,
        hint="end it with the columns of a key: ORDER BY created_at DESC, id DESC",
    )


def _limited(span: Span) -> Diagnostic:
    return error(
        "page-with-limit",
        ":page cannot be combined with LIMIT or OFFSET: the caller chooses the size",
        span=span,
        hint="remove LIMIT and OFFSET",
    )


def _sorts_distinct_on(span: Span) -> Diagnostic:
    return error(
        "sort-with-distinct-on",
        "@sort cannot be combined with DISTINCT ON: ORDER BY decides which row of each"
        " group is kept",
        span=span,
        hint="sort outside of it: SELECT * FROM (SELECT DISTINCT ON …) AS kept"
        " ORDER BY …; or use :page",
    )


def _sorts_limited(span: Span) -> Diagnostic:
    return error(
        "sort-with-limit",
        "@sort cannot be combined with LIMIT or OFFSET: ORDER BY decides which rows are"
        " kept",
        span=span,
        hint="use :page, or sort outside of it: SELECT * FROM (SELECT … LIMIT …)"
        " AS kept ORDER BY …",
    )


def _locks(span: Span) -> Diagnostic:
    return error(
        "page-locks-rows",
        ":page cannot lock rows: it reads more rows than it returns",
        span=span,
        hint="remove FOR UPDATE, or use :many with LIMIT",
    )
