"""Builder of a query's variants, each described by the server before a call runs it."""

from __future__ import annotations

from dataclasses import field, replace
from functools import partial
from typing import TYPE_CHECKING

from reposgen.analysis.described import tree_of, trees_of
from reposgen.analysis.model import Piece
from reposgen.analysis.parameters import build_parameters
from reposgen.analysis.variants.clauses import Clauses
from reposgen.analysis.variants.combinations import joined, selected_variants, variant
from reposgen.analysis.variants.conservative import without_assignments
from reposgen.analysis.variants.optional import cut_optional
from reposgen.analysis.variants.orders import (
    page_statements,
    read_query_order,
    sort_statements,
)
from reposgen.analysis.variants.requests import read_requests
from reposgen.diagnostics import Diagnostic, did_you_mean, error
from reposgen.live_schema.model import Described, ServerError, Statement
from reposgen.models import dataclass
from reposgen.sql_source.model import ParameterUse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.model import OptionalKind, Parameter
    from reposgen.analysis.variants.ordering import Order
    from reposgen.analysis.variants.requests import Named, Requests
    from reposgen.diagnostics import Span
    from reposgen.live_schema.model import Description, ResultColumn
    from reposgen.live_schema.tree.model import Query as Tree

_BOOL = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryVariants:
    """Statements that a query's calls can run.

    Attributes:
        requests: what the query's directives ask for.
        pieces: the statement in pieces.
        conservative: a tree that proves only what holds for every variant; None without
            a tree.
        defaults: the trees of the statement with the DEFAULT of every column that an
            optional value is inserted into: some call has the effects of each default.
        optional: by parameter number, which argument leaves its clauses out.
        order: the ORDER BY of a `:page` or of a query with `@sort`, else None.
        mistakes: errors in the directives.
        warnings: warnings about the directives.
    """

    requests: Requests
    pieces: tuple[Piece, ...]
    conservative: Tree | None
    defaults: tuple[Tree, ...] = ()
    optional: Mapping[int, OptionalKind] = field(default_factory=dict)
    order: Order | None = None
    mistakes: tuple[Diagnostic, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Statement for the server to describe, and the error if the server refuses it."""

    statement: Statement
    objection: Callable[[Description], Diagnostic | None]


def build_variants(
    several: Sequence[DescribedQuery],
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> Iterator[QueryVariants]:
    """Cut the queries into pieces, and have the server describe their variants."""
    cuts = [_cut(described) for described in several]
    questions = [
        [] if variants.mistakes else list(_questions(described, variants))
        for described, (variants, _) in zip(several, cuts, strict=True)
    ]
    asked = [q.statement for group in questions for q in group]
    asked += [statement for _, trees in cuts if trees for statement in trees]
    verdicts = iter(describe(asked) if asked else ())
    objections = [[q.objection(next(verdicts)) for q in group] for group in questions]
    for described, (variants, trees), found in zip(
        several, cuts, objections, strict=True
    ):
        result = variants
        if first := next((o for o in found if o), None):
            result = replace(result, mistakes=(first,))
        if trees:
            verdict = next(verdicts)
            tree = _conservative(described, variants, trees[0], verdict)
            result = replace(result, conservative=tree)
        if trees[1:]:
            verdict = next(verdicts)
            if isinstance(verdict, Described):
                found_trees = trees_of(verdict, trees[1].sql, described.catalog)
                result = replace(result, defaults=found_trees)
        yield result


def _cut(described: DescribedQuery) -> tuple[QueryVariants, tuple[Statement, ...]]:
    """Return the query in pieces, and the statements whose trees are needed.

    The first statement is that of the conservative tree. The second one has all
    defaults.
    """
    text = described.expanded
    requests = read_requests(described)
    variants = QueryVariants(
        requests=requests,
        pieces=(Piece(sql=text.text),),
        conservative=described.tree,
    )
    if not requests.any:
        return variants, ()
    if requests.mistakes:
        return replace(variants, mistakes=requests.mistakes), ()
    clauses = Clauses(text.text)
    order_by = clauses.order_by() if requests.ordered else None
    order = read_query_order(described, requests, clauses, order_by)
    if isinstance(order, tuple):
        return replace(variants, mistakes=order), ()
    numbers = _numbers(requests.optional, build_parameters(described)[0])
    if isinstance(numbers, tuple):
        return replace(variants, mistakes=numbers), ()
    # With DISTINCT ON, the rows of a page depend on ORDER BY, which stays in the query.
    tree = described.tree
    keeps_order = requests.paged and tree is not None and tree.distinct_on
    cut = cut_optional(
        text.text,
        numbers,
        text.source_span,
        (order_by.start, order_by.end) if order_by and not keeps_order else None,
    )
    if isinstance(cut, tuple):
        return replace(variants, mistakes=cut), ()
    oids = described.description.parameter_oids
    statements = []
    if cut.kinds and tree:
        statements.append(Statement(sql=cut.doubtful, parameter_oids=(*oids, _BOOL)))
        given = {n for n, kind in cut.kinds.items() if not kind.has_default}
        if given != cut.kinds.keys():
            # `variant` keeps one item of DO UPDATE if there would be nothing to SET.
            _, sql = variant(cut.pieces, given)
            statements.append(Statement(sql=sql, parameter_oids=oids))
    return (
        replace(
            variants,
            pieces=cut.pieces,
            optional=cut.kinds,
            order=order,
            warnings=cut.warnings,
        ),
        tuple(statements),
    )


def _numbers(
    names: Sequence[Named], parameters: Sequence[Parameter]
) -> Mapping[int, Named] | tuple[Diagnostic, ...]:
    """Return the parameters that `@optional` names, by number, or the unknown names."""
    known = {parameter.name: parameter.number for parameter in parameters}
    unknown = tuple(_unknown(name, known) for name in names if name.name not in known)
    return unknown or {known[name.name]: name for name in names}


def _unknown(name: Named, known: Mapping[str, int]) -> Diagnostic:
    meant = did_you_mean(name.name, known)
    there = f"parameters: {', '.join(known)}" if known else "remove the line"
    return error(
        "optional-unknown-parameter",
        f"@optional {name.name}: the query has no such parameter",
        span=name.span,
        hint=f"did you mean {meant}?" if meant else there,
    )


def _questions(
    described: DescribedQuery, variants: QueryVariants
) -> Iterator[_Question]:
    pieces, optional = variants.pieces, variants.optional
    oids = described.description.parameter_oids
    if optional:
        for given, sql in selected_variants(pieces, sorted(optional)):
            left_out = sorted(optional.keys() - given)
            yield _Question(
                statement=Statement(sql=sql, parameter_oids=oids),
                objection=partial(_variant_objection, described, left_out),
            )
    if variants.order is None:
        return
    hint = "choose other columns"
    if variants.requests.paged:
        hint = "a page selects from the query as a subquery, which must be possible"
        unordered = joined(pieces, optional, ordered=False)
        asked = page_statements(described, variants.order, unordered)
    else:
        asked = sort_statements(described, variants.order, pieces)
    for statement, span in asked:
        objection = partial(_order_objection, span, hint)
        yield _Question(statement=statement, objection=objection)


def _variant_objection(
    described: DescribedQuery, left_out: Sequence[int], verdict: Description
) -> Diagnostic | None:
    before = _columns(described.columns)
    if isinstance(verdict, Described) and _columns(verdict.columns) == before:
        return None
    uses = {
        use.number: use.span
        for use in reversed(described.query.segments)
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
        f"the server refuses the query without {names}: {said}",
        span=uses[left_out[0]] if left_out else described.query.name_span,
        hint="rewrite the clause, or remove the parameter from the @optional line",
    )


def _columns(columns: Sequence[ResultColumn]) -> list[tuple[str, int]]:
    return [(column.name, column.type_oid) for column in columns]


def _order_objection(span: Span, hint: str, verdict: Description) -> Diagnostic | None:
    if isinstance(verdict, Described):
        return None
    return error(
        "order-refused",
        f"the server refuses the query with this order: {verdict.message}",
        span=span,
        hint=verdict.hint or hint,
    )


def _conservative(
    described: DescribedQuery,
    variants: QueryVariants,
    doubtful: Statement,
    verdict: Description,
) -> Tree | None:
    tree = None
    if isinstance(verdict, Described):
        tree = tree_of(verdict, doubtful.sql, described.catalog)
    if tree is None:
        return None
    items = {n for n, kind in variants.optional.items() if kind.is_value}
    return without_assignments(tree, items)
