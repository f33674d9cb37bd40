"""The statements that a query can send, with the values that plans depend on most."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from reposgen.analysis.model import Embed, Piece, PieceRole
from reposgen.analysis.variants.combinations import joined, variant
from reposgen.contracts.plans.model import Variant
from reposgen.live_schema.model import ArrayType, DomainType, Statement
from reposgen.sql_source.lexer import TokenKind, tokenize
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.analysis.model import Ordering, SortKey, TypedQuery
    from reposgen.live_schema.model import PgType

# A generic plan takes LIMIT $1 for a tenth of all rows, which no call asks for: the
# server itself then uses a plan for the value. So this is what it is planned with.
ROWS: Final = 100
_LIMITS: Final = frozenset({"limit", "offset", "first", "next"})
_INT8: Final = 20


def variants_of(query: TypedQuery) -> Iterator[Variant]:
    """Yield the statements of a query: plain, with each choice, and with all of them.

    Utility commands and COPY have no plan.
    """
    if query.verb is None or query.command is Command.LISTEN or query.copy:
        return
    oids = parameter_oids(query)
    seen: set[str] = set()
    for label, given in _given(query):
        switched_on, sql = variant(query.pieces, given)
        if query.ordering is not None:
            sql = joined(query.pieces, switched_on, ordered=False)
            found = _pages(query, query.ordering, sql, oids, full=not given)
        else:
            found = _sorts(query, sql, switched_on, oids, full=not given)
        for inner, statement in found:
            if statement.sql not in seen:
                seen.add(statement.sql)
                named = ", ".join(part for part in (label, inner) if part)
                yield Variant(label=named, statement=statement)


def _given(query: TypedQuery) -> Iterator[tuple[str, frozenset[int]]]:
    optional = [p for p in query.parameters if p.optional]
    yield "", frozenset()
    for one in optional:
        yield f"with {one.name}", frozenset({one.number})
    if len(optional) > 1:
        yield "with all", frozenset(one.number for one in optional)


def _sorts(
    query: TypedQuery,
    sql: str,
    given: frozenset[int],
    oids: tuple[int, ...],
    *,
    full: bool,
) -> Iterator[tuple[str, Statement]]:
    yield "", _statement(sql, oids)
    clause = next((p for p in query.pieces if p.role is PieceRole.ORDER_BY), None)
    if clause is None or not full:
        return
    for sort in clause.sorts:
        pieces = [
            piece if piece is not clause else Piece(sql=sort.sql)
            for piece in query.pieces
        ]
        yield f"by {sort.name}", _statement(joined(pieces, given), oids)


def _pages(
    query: TypedQuery,
    ordering: Ordering,
    sql: str,
    oids: tuple[int, ...],
    *,
    full: bool,
) -> Iterator[tuple[str, Statement]]:
    # It brings the whole run time with it, which only pages are worth.
    from reposgen_runtime.pages import Key, page_query  # noqa: PLC0415 - as said
    from reposgen_runtime.pages import Ordering as Order  # noqa: PLC0415 - as said

    columns: list[PgType] = []
    for item in query.results:
        columns += (
            [c.type for c in item.columns] if isinstance(item, Embed) else [item.type]
        )
    types = [*map(_spelling, columns), *("pg_catalog.bool",) * query.hidden]

    def key(one: SortKey) -> Key:
        return Key(
            one.name,
            one.column,
            one.descending,
            nullable=one.nullable,
            nulls=one.nulls,
            operators=one.operators,
        )

    order = Order(
        tuple(map(key, ordering.default)),
        ordering.unique,
        tuple(map(key, ordering.choices)),
    )
    for sort in (None, *(order.sorts if full else ())):
        keys = order.keys(sort) or ()
        by = f"by {sort}" if sort else ""
        for boundary in (None, (True,) * len(keys)):
            page = page_query(
                sql,
                parameters=len(oids),
                results=types,
                keys=keys,
                boundary=boundary,
            )
            bounds = [_base(columns[k.column]).oid for k in keys] if boundary else []
            label = ", ".join(filter(None, (by, "next page" if boundary else "")))
            yield label, _statement(page.sql, (*oids, *bounds, _INT8))


def parameter_oids(query: TypedQuery) -> tuple[int, ...]:
    """Return the types of a query's parameters, in the order of their numbers."""
    known = {one.number: _base(one.type).oid for one in query.parameters}
    return tuple(known.get(n, 0) for n in range(1, max(known, default=0) + 1))


def _base(type_: PgType) -> PgType:
    """Return the type below domains: no NULL can be given for a domain NOT NULL."""
    while isinstance(type_, DomainType):
        type_ = type_.base
    return type_


def _spelling(type_: PgType) -> str:
    if isinstance(type_, ArrayType):
        return f"{_spelling(type_.element)}[]"
    schema, name = (part.replace('"', '""') for part in (type_.schema, type_.name))
    return f'"{schema}"."{name}"'


def _statement(sql: str, oids: tuple[int, ...]) -> Statement:
    return Statement(sql=_with_limits(sql), parameter_oids=oids)


def _with_limits(sql: str) -> str:
    """Return the statement with a number in place of the parameters of LIMIT."""
    tokens = [t for t in tokenize(sql) if not t.is_blank]
    for before, token in reversed([*pairwise(tokens)]):
        if (
            token.kind is TokenKind.PARAMETER
            and before.kind is TokenKind.WORD
            and before.text.lower() in _LIMITS
        ):
            sql = f"{sql[: token.start]}{ROWS}{sql[token.end :]}"
    return sql
