"""Orders of `:page` and `@sort`: the query's own ORDER BY, and the caller's choices."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.model import Ordering, Sort, SortKey
from reposgen.analysis.results import shown_name
from reposgen.analysis.types import operators_of
from reposgen.diagnostics import Diagnostic, did_you_mean, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from reposgen.analysis.model import Column, Nulls
    from reposgen.analysis.variants.clauses import OrderBy
    from reposgen.analysis.variants.requests import Named
    from reposgen.diagnostics import Span
    from reposgen.live_schema.tree.model import Query

    # Proves that no two rows agree in all of some columns. Takes the operator that
    # compares each column, by its index, with 0 for any operator; and the nullable
    # columns.
    TellsApart: TypeAlias = Callable[[Mapping[int, int], Collection[int]], bool]

_OPPOSITE: Mapping[Nulls, Nulls] = {"first": "last", "last": "first"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Sort key that rows can be ordered by.

    Attributes:
        sql: an expression that ORDER BY accepts.
        name: name of the result column, or the expression if it is not a column.
        column: index of the result column, or None.
        descending: True with DESC.
        nulls: position of NULLs; None for PostgreSQL's default.
        span: place in the user's file.
        equality: oid of the operator by which it groups; 0 for a choice.
    """

    sql: str
    name: str
    column: int | None
    descending: bool
    nulls: Nulls | None
    span: Span
    equality: int = 0

    def reversed(self) -> Term:
        """Return the term that sorts in the opposite order, NULLs included."""
        nulls = _OPPOSITE[self.nulls] if self.nulls else None
        return replace(self, descending=not self.descending, nulls=nulls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Order of a query, and the columns that its caller can choose.

    Attributes:
        terms: terms of its own ORDER BY.
        choices: columns that the caller can choose, ascending.
        span: place of all terms in the user's file.
    """

    terms: tuple[Term, ...]
    choices: tuple[Term, ...]
    span: Span


def read_order(
    sql: str,
    order_by: OrderBy,
    *,
    tree: Query,
    names: Sequence[str],
    choices: Sequence[Named],
    place: Callable[[int, int], Span],
) -> Order | tuple[Diagnostic, ...]:
    """Return the order in an ORDER BY, or the errors in it.

    Args:
        sql: the statement with `$n`, as it goes to the server.
        order_by: place of the ORDER BY in `sql`.
        tree: the server's tree of the statement.
        names: names of the result's columns.
        choices: the names in the `@sort` lines.
        place: returns the span in the user's file of a (start, end) range of `sql`.
    """
    first, last = order_by.terms[0].span, order_by.terms[-1].span
    span = place(first[0], last[1])
    if len(tree.sort) < len(order_by.terms):
        return (_repeats_itself(span),)
    if using := next((term for term in order_by.terms if term.using), None):
        return (_uses_operator(place(*using.span)),)
    entries = {t.group: t for t in tree.targets if t.group}
    terms = []
    for clause, term in zip(tree.sort, order_by.terms, strict=True):
        target = entries[clause.group]
        column = next((i for i, t in enumerate(tree.results) if t is target), None)
        expression = sql[slice(*term.span)]
        terms.append(
            Term(
                sql=expression,
                name=expression if column is None else shown_name(names[column]),
                column=column,
                descending=term.descending,
                nulls=term.nulls,
                span=place(*term.span),
                equality=clause.equality,
            )
        )
    chosen = [_choice(name, names, terms) for name in choices]
    mistakes = tuple(c for c in chosen if isinstance(c, Diagnostic))
    return mistakes or Order(
        terms=tuple(terms),
        choices=tuple(c for c in chosen if isinstance(c, Term)),
        span=span,
    )


def _choice(
    wanted: Named, names: Sequence[str], terms: Sequence[Term]
) -> Term | Diagnostic:
    called = [shown_name(name) for name in names]
    found = [index for index, name in enumerate(called) if name == wanted.name]
    if len(found) > 1:
        return error(
            "sort-ambiguous",
            f"@sort {wanted.name}: the result has {len(found)} columns of that name",
            span=wanted.span,
            hint="give one of them another name with AS",
        )
    if not found:
        meant = did_you_mean(wanted.name, called)
        return error(
            "sort-unknown-column",
            f"@sort {wanted.name}: the result has no such column",
            span=wanted.span,
            hint=f"did you mean {meant}?"
            if meant
            else "add it to the select list: @sort takes columns of the result",
        )
    # NULLS FIRST or LAST in the query's ORDER BY applies in both directions.
    own = next((term for term in terms if term.column == found[0]), None)
    quoted = names[found[0]].replace('"', '""')
    return Term(
        sql=f'"{quoted}"',
        name=wanted.name,
        column=found[0],
        descending=False,
        nulls=wanted.nulls or (own.nulls if own else None),
        span=wanted.span,
    )


def unique_tail(
    order: Order, columns: Sequence[Column], unique: TellsApart
) -> int | None:
    """Return how many of the last terms are unique together; None if all are not.

    Args:
        order: the query's order.
        columns: columns of the result, with embeds expanded.
        unique: proves that columns are unique together.
    """
    nullable = _nullable(columns)
    for length in range(1, len(order.terms) + 1):
        compared = {
            term.column: term.equality
            for term in order.terms[-length:]
            if term.column is not None
        }
        if unique(compared, nullable):
            return length
    return None


def _nullable(columns: Sequence[Column]) -> frozenset[int]:
    return frozenset(i for i, column in enumerate(columns) if column.nullable)


def page_ordering(order: Order, columns: Sequence[Column], unique: int) -> Ordering:
    """Return the keys of a page; the last `unique` keys are unique together."""
    return Ordering(
        default=tuple(_keys(order.terms, columns)),
        unique=unique,
        choices=tuple(_keys(order.choices, columns)),
    )


def _keys(terms: Sequence[Term], columns: Sequence[Column]) -> Iterator[SortKey]:
    for term in terms:
        if term.column is not None:
            yield SortKey(
                name=term.name,
                column=term.column,
                descending=term.descending,
                nullable=columns[term.column].nullable,
                nulls=term.nulls,
                operators=operators_of(columns[term.column].type),
            )


def sort_clauses(order: Order, unique: int | None) -> Iterator[Sort]:
    """Yield the ORDER BY of each choice, ascending and descending.

    Args:
        order: the query's order.
        unique: how many of its last terms are unique together; None if unknown.
    """
    behind = order.terms if unique is None else order.terms[-unique:]
    for choice in order.choices:
        for descending in (False, True):
            turn = behind[0].descending is not descending
            terms = [
                replace(choice, descending=descending),
                *(
                    term.reversed() if turn else term
                    for term in behind
                    if term.column is None or term.column != choice.column
                ),
            ]
            yield Sort(
                name=f"-{choice.name}" if descending else choice.name,
                sql=f"\nORDER BY {', '.join(map(_written, terms))}",
            )


def _written(term: Term) -> str:
    direction = " DESC" if term.descending else ""
    return term.sql + direction + (f" NULLS {term.nulls.upper()}" if term.nulls else "")


def not_selected(order: Order) -> Iterator[Diagnostic]:
    """Yield an error for each sort key of a page that is not in the result."""
    for term in order.terms:
        if term.column is None:
            yield error(
                "page-key-not-selected",
                f"pages are ordered by {term.sql}, which is not a column of the result",
                span=term.span,
                hint=f"add {term.sql} to the select list: cursors contain its values",
            )


def not_unique(
    order: Order, columns: Sequence[Column], unique: TellsApart
) -> Diagnostic:
    """Return the error for pages whose rows can have equal sort keys.

    Args:
        order: the query's order.
        columns: columns of the result, with embeds expanded.
        unique: proves that columns are unique together.
    """
    own = {
        term.column: term.equality for term in order.terms if term.column is not None
    }
    nullable = _nullable(columns)
    better = (
        column.name
        for index, column in enumerate(columns)
        if unique({**own, index: 0}, nullable)
    )
    name = next(better, None)
    return error(
        "page-key-not-unique",
        "the ORDER BY of a page must be unique, but two rows can have equal keys",
        span=order.span,
        hint=f"add {name} at the end of ORDER BY"
        if name
        else "select the columns of a primary key and end ORDER BY with them",
    )


def _repeats_itself(span: Span) -> Diagnostic:
    return error(
        "order-by-repeats",
        "ORDER BY has a duplicate term",
        span=span,
        hint="remove it: the second time has no effect",
    )


def _uses_operator(span: Span) -> Diagnostic:
    return error(
        "order-by-using",
        "ORDER BY … USING cannot be reversed",
        span=span,
        hint="write ASC or DESC",
    )
