"""What a call may leave out or choose, judged by the server before any call does."""

from __future__ import annotations

from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from reposgen.analysis.judged import tree_of
from reposgen.analysis.model import OptionalKind, Piece
from reposgen.analysis.parameters import build_parameters
from reposgen.analysis.variants.clauses import Clauses
from reposgen.analysis.variants.combinations import joined, judged_variants
from reposgen.analysis.variants.optional import cut_optional
from reposgen.analysis.variants.orders import (
    page_statements,
    read_query_order,
    sort_statements,
)
from reposgen.analysis.variants.requests import read_requests
from reposgen.analysis.variants.weakest import without_assignments
from reposgen.diagnostics import Diagnostic, did_you_mean, error
from reposgen.live_schema.model import Described, ServerError, Statement
from reposgen.models import dataclass
from reposgen.sql_source.model import ParameterUse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reposgen.analysis.expansion import Expanded
    from reposgen.analysis.model import Parameter
    from reposgen.analysis.variants.ordering import Order
    from reposgen.analysis.variants.requests import Named, Requests
    from reposgen.diagnostics import Span
    from reposgen.live_schema.model import Description, ResultColumn
    from reposgen.live_schema.tree.model import Query as Tree

_BOOL = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Varied:
    """A query, and what its directives make of it.

    Attributes:
        optional: by parameter number, what leaves the parameter's clauses out.
        weakest: a tree of which nothing can be proved that does not hold of all
            variants.
        order: of a query whose ORDER BY matters.
    """

    expanded: Expanded
    requests: Requests
    pieces: tuple[Piece, ...]
    weakest: Tree | None
    optional: Mapping[int, OptionalKind] = field(default_factory=dict)
    order: Order | None = None
    mistakes: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A statement for the server, and what there is to say of its verdict."""

    statement: Statement
    objection: Callable[[Description], Diagnostic | None]


def vary(
    several: Sequence[Expanded],
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> Iterator[Varied]:
    """Cut the queries into pieces, and have the server judge all that they can be."""
    cuts = [_cut(expanded) for expanded in several]
    questions = [[] if c.mistakes else list(_questions(c)) for c, _ in cuts]
    asked = [q.statement for group in questions for q in group]
    asked += [doubtful for _, doubtful in cuts if doubtful]
    verdicts = iter(describe(asked) if asked else ())
    for index, (varied, _) in enumerate(cuts):
        objections = [q.objection(next(verdicts)) for q in questions[index]]
        first = next((o for o in objections if o), None)
        if first is not None:
            cuts[index] = (replace(varied, mistakes=(first,)), cuts[index][1])
    for varied, doubtful in cuts:
        yield _weakened(varied, doubtful, next(verdicts)) if doubtful else varied


def _cut(expanded: Expanded) -> tuple[Varied, Statement | None]:
    """The query in pieces, and what its weakest tree is asked for by."""
    judged, text = expanded.judged, expanded.text
    requests = read_requests(judged.query)
    varied = Varied(
        expanded=expanded,
        requests=requests,
        pieces=(Piece(sql=text.text),),
        weakest=judged.tree,
    )
    if not requests.any:
        return varied, None
    if requests.mistakes:
        return replace(varied, mistakes=requests.mistakes), None
    clauses = Clauses(text.text)
    order_by = clauses.order_by() if requests.ordered else None
    order = read_query_order(expanded, requests, clauses, order_by)
    if isinstance(order, tuple):
        return replace(varied, mistakes=order), None
    numbers = _numbers(requests.optional, build_parameters(judged)[0])
    if isinstance(numbers, tuple):
        return replace(varied, mistakes=numbers), None
    # Under DISTINCT ON a page's rows depend on the order, and it stays inside.
    keeps_order = requests.paged and judged.tree is not None and judged.tree.distinct_on
    cut = cut_optional(
        text.text,
        numbers,
        text.source_span,
        (order_by.start, order_by.end) if order_by and not keeps_order else None,
    )
    if isinstance(cut, tuple):
        return replace(varied, mistakes=cut), None
    doubtful = Statement(
        sql=cut.doubtful,
        parameter_oids=(*judged.described.parameter_oids, _BOOL),
    )
    return (
        replace(
            varied,
            pieces=cut.pieces,
            optional=cut.kinds,
            order=order,
            warnings=cut.warnings,
        ),
        doubtful if cut.kinds and judged.tree else None,
    )


def _numbers(
    names: Sequence[Named], parameters: Sequence[Parameter]
) -> Mapping[int, Named] | tuple[Diagnostic, ...]:
    """The parameters that `@optional` names, by number; or which it cannot mean."""
    known = {parameter.name: parameter.number for parameter in parameters}
    unknown = tuple(_unknown(name, known) for name in names if name.name not in known)
    return unknown or {known[name.name]: name for name in names}


def _unknown(name: Named, known: Mapping[str, int]) -> Diagnostic:
    meant = did_you_mean(name.name, known)
    there = f"its parameters are {', '.join(known)}" if known else "it takes none"
    return error(
        "optional-unknown-parameter",
        f"@optional {name.name}: the query has no such parameter",
        span=name.span,
        hint=f"did you mean {meant}?" if meant else there,
    )


def _questions(varied: Varied) -> Iterator[_Question]:
    pieces, optional = varied.pieces, varied.optional
    oids = varied.expanded.judged.described.parameter_oids
    if optional:
        for given, sql in judged_variants(pieces, sorted(optional)):
            yield _Question(
                statement=Statement(sql=sql, parameter_oids=oids),
                objection=partial(_variant_objection, varied, given),
            )
    if varied.order is None:
        return
    hint = "choose other columns"
    if varied.requests.paged:
        hint = "a page is taken from the query as a subquery: it must be able to be one"
        unordered = joined(pieces, optional, ordered=False)
        asked = page_statements(varied.expanded, varied.order, unordered)
    else:
        asked = sort_statements(varied.expanded, varied.order, pieces)
    for statement, span in asked:
        objection = partial(_order_objection, span, hint)
        yield _Question(statement=statement, objection=objection)


def _variant_objection(
    varied: Varied, given: frozenset[int], verdict: Description
) -> Diagnostic | None:
    before = _columns(varied.expanded.columns)
    if isinstance(verdict, Described) and _columns(verdict.columns) == before:
        return None
    left_out = sorted(varied.optional.keys() - given)
    uses = {
        use.number: use.span
        for use in reversed(varied.expanded.judged.query.segments)
        if isinstance(use, ParameterUse)
    }
    names = ", ".join(uses[number].text for number in left_out)
    said = (
        verdict.message
        if isinstance(verdict, ServerError)
        else "the result has other columns"
    )
    return error(
        "optional-refused",
        f"the query does not work without {names}: {said}",
        span=uses[left_out[0]] if left_out else varied.expanded.judged.query.name_span,
        hint="rewrite the clause, or take the parameter off the @optional line",
    )


def _columns(columns: Sequence[ResultColumn]) -> list[tuple[str, int]]:
    return [(column.name, column.type_oid) for column in columns]


def _order_objection(span: Span, hint: str, verdict: Description) -> Diagnostic | None:
    if isinstance(verdict, Described):
        return None
    return error(
        "order-refused",
        f"the query does not work with its rows in this order: {verdict.message}",
        span=span,
        hint=verdict.hint or hint,
    )


def _weakened(varied: Varied, doubtful: Statement, verdict: Description) -> Varied:
    judged = varied.expanded.judged
    tree = None
    if isinstance(verdict, Described):
        tree = tree_of(verdict, doubtful.sql, judged.catalog)
    if tree is None:
        return replace(varied, weakest=None)
    items = {n for n, kind in varied.optional.items() if kind is OptionalKind.SET}
    return replace(varied, weakest=without_assignments(tree, items))
