"""Warnings about statements that are valid but probably not intended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.commands import FACTS
from reposgen.analysis.model import Cardinality
from reposgen.diagnostics import warning
from reposgen.live_schema.model import CompositeType
from reposgen.live_schema.tree.expressions import RowExpr
from reposgen.live_schema.tree.model import CommandType
from reposgen.live_schema.tree.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.proofs import Proofs
    from reposgen.diagnostics import Diagnostic


def one_row(described: DescribedQuery, proofs: Proofs) -> Iterator[Diagnostic]:
    """Yield a warning if there can be more rows than the command allows."""
    query = described.query
    if _is_utility(described) or proofs.lineage is None:
        return
    if FACTS[query.command].wants_one_row and proofs.cardinality is Cardinality.MANY:
        yield warning(
            "may-return-many",
            f":{query.command} expects one row, but the query can return several",
            span=query.command_span,
            hint="compare a whole unique key, add LIMIT 1, or use :many",
        )


def lint_query(described: DescribedQuery, proofs: Proofs) -> Iterator[Diagnostic]:
    """Yield warnings about a query that its tree gives reasons for."""
    yield from _needless_replica(described, proofs)
    if _is_utility(described) or proofs.lineage is None:
        return
    yield from _made_up_rows(described, proofs)
    for table in proofs.lineage.unfiltered:
        yield warning(
            "missing-where",
            f"the statement has no WHERE: it affects all rows of {table}",
            span=described.text.source_span(0),
            hint="add WHERE, or WHERE true if all rows are intended",
        )
    for name in proofs.lineage.cartesian:
        yield warning(
            "cartesian-product",
            f"no condition joins {name} to the rest of FROM: the result is a"
            " cartesian product",
            span=described.text.source_span(0),
            hint="add the join condition, or write CROSS JOIN if this is intended",
        )


def _is_utility(described: DescribedQuery) -> bool:
    return described.tree is None or described.tree.command is CommandType.UTILITY


def _made_up_rows(described: DescribedQuery, proofs: Proofs) -> Iterator[Diagnostic]:
    """Warn of rows of a table's type that can be NULL in a NOT NULL column."""
    tree = described.tree
    if tree is None or not any(isinstance(node, RowExpr) for node in tree.nodes):
        return
    for target, real in zip(described.targets, proofs.real, strict=False):
        for node in walk(target.expression):
            if real or not isinstance(node, RowExpr):
                continue
            type_ = described.catalog.types.get(node.type)
            relation = (
                described.catalog.relations.get(type_.relation or 0)
                if isinstance(type_, CompositeType)
                else None
            )
            required = (
                [c.name for c in relation.columns if c.not_null] if relation else []
            )
            if relation and required:
                yield warning(
                    "made-up-row",
                    f"the value of type {relation.qualified_name} is not a row of"
                    f" the table: it cannot be read if {required[0]} is NULL",
                    span=described.text.source_span(max(node.location, 0)),
                    hint="cast it to a separate composite type: CREATE TYPE … AS (…)",
                )


def _needless_replica(
    described: DescribedQuery, proofs: Proofs
) -> Iterator[Diagnostic]:
    """Warn of a `@replica` line on a query that no replica would serve anyway."""
    lineage = proofs.lineage
    why_not = lineage.why_not_read_only if lineage else "it is not a query"
    for line in described.query.directives:
        if line.word == "replica" and why_not is not None:
            yield warning(
                "needless-replica",
                f"no replica would serve this query: {why_not}",
                span=line.span,
                hint="remove the line",
            )
