"""What is allowed and yet seldom meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import Cardinality
from reposgen.diagnostics import warning
from reposgen.live_schema.model import CompositeType
from reposgen.live_schema.tree.expressions import RowExpr
from reposgen.live_schema.tree.model import CommandType
from reposgen.live_schema.tree.walk import walk
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.analysis.judged import Judged
    from reposgen.analysis.proofs import Proofs
    from reposgen.diagnostics import Diagnostic

_ONE_ROW = {Command.ONE, Command.OPT, Command.BATCHONE}


def one_row(judged: Judged, proofs: Proofs) -> Iterator[Diagnostic]:
    """A warning if there may be more rows than the command allows."""
    query = judged.query
    if _is_utility(judged) or proofs.lineage is None:
        return
    if query.command in _ONE_ROW and proofs.cardinality is Cardinality.MANY:
        yield warning(
            "may-return-many",
            f":{query.command} allows one row, and nothing keeps this to one",
            span=query.command_span,
            hint="compare a whole unique key, add LIMIT 1, or use :many",
        )


def advise(judged: Judged, proofs: Proofs) -> Iterator[Diagnostic]:
    """Warnings about a query, as far as its tree shows reasons."""
    if _is_utility(judged) or proofs.lineage is None:
        return
    yield from _made_up_rows(judged, proofs)
    for table in proofs.lineage.unfiltered:
        yield warning(
            "missing-where",
            f"without WHERE this goes through all rows of {table}",
            span=judged.text.source_span(0),
            hint="add WHERE; WHERE true says that all rows are meant",
        )
    for name in proofs.lineage.cartesian:
        yield warning(
            "cartesian-product",
            f"nothing connects {name} with the rest of FROM: each of its rows is"
            " paired with each of theirs",
            span=judged.text.source_span(0),
            hint="add the condition, or write CROSS JOIN where that is meant",
        )


def _is_utility(judged: Judged) -> bool:
    return judged.tree is None or judged.tree.command is CommandType.UTILITY


def _made_up_rows(judged: Judged, proofs: Proofs) -> Iterator[Diagnostic]:
    """Rows of a table's type that lack what rows of the table have."""
    tree = judged.tree
    if tree is None or not any(isinstance(node, RowExpr) for node in tree.nodes):
        return
    for target, real in zip(judged.targets, proofs.real, strict=False):
        for node in walk(target.expression):
            if real or not isinstance(node, RowExpr):
                continue
            type_ = judged.catalog.types.get(node.type)
            relation = (
                judged.catalog.relations.get(type_.relation or 0)
                if isinstance(type_, CompositeType)
                else None
            )
            required = (
                [c.name for c in relation.columns if c.not_null] if relation else []
            )
            if relation and required:
                yield warning(
                    "made-up-row",
                    f"this row of {relation.qualified_name} need not be one of the"
                    f" table's: with NULL in {required[0]} it cannot be read",
                    span=judged.text.source_span(max(node.location, 0)),
                    hint="cast it to a type of its own, made by CREATE TYPE … AS (…)",
                )
