"""One query: everything found out about it, put together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.advice import advise, one_row
from reposgen.analysis.buffering import read_buffering
from reposgen.analysis.classes import read_classes, read_row_name
from reposgen.analysis.commands import check_command
from reposgen.analysis.directives import unsupported
from reposgen.analysis.listening import payload_column, read_channel
from reposgen.analysis.model import (
    Buffering,
    CopyTarget,
    Elements,
    Optimistic,
    RowName,
    TypedQuery,
)
from reposgen.analysis.names import method_name
from reposgen.analysis.optimistic.check import read_optimistic
from reposgen.analysis.parameters import build_parameters
from reposgen.analysis.proofs import prove_query
from reposgen.analysis.replicas import advise_replica, read_replica
from reposgen.analysis.results import build_results
from reposgen.analysis.timeouts import read_timeout
from reposgen.analysis.variants.checks import (
    check_filters,
    check_names,
    check_version,
)
from reposgen.analysis.variants.orders import order_query
from reposgen.diagnostics import Diagnostic, Severity
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from reposgen.analysis.nullability import Definitions
    from reposgen.analysis.variants.vary import Varied

# Of a statement that the server tells no tree of.
_UNKNOWN = ("statement without a tree",)


def build_query(
    varied: Varied,
    definitions: Definitions,
    elements: Elements,
    copy: CopyTarget | Diagnostic | None = None,
    *,
    first_of_many: bool = False,
) -> tuple[TypedQuery | None, list[Diagnostic]]:
    """The typed query, or None where something is wrong with it; and all diagnostics.

    Args:
        varied: the query.
        definitions: of materialized views and functions.
        elements: of the arrays of the schema.
        copy: where `:copyfrom` puts its rows, or why it can't.
        first_of_many: of several rows `:one` returns the first.
    """
    expanded = varied.expanded
    judged, query = expanded.judged, expanded.judged.query
    parameters, mistakes = build_parameters(judged, elements)
    nullable = frozenset(p.number for p in parameters if p.nullable)
    elements = replace(
        elements,
        parameters=frozenset(p.number for p in parameters if p.element_nullable),
    )
    proofs = prove_query(judged, varied.weakest, nullable, definitions, elements)
    results = build_results(expanded, proofs, elements)
    ordered = order_query(varied, results.items)
    optimistic = read_optimistic(judged)
    channel = read_channel(query, judged.text)
    items = results.items
    if query.command is Command.LISTEN:
        items = (payload_column(query, judged.catalog),)
    classes, misfits = read_classes(query, parameters, items)
    row_name = read_row_name(query)
    timeout = read_timeout(query)
    buffer = read_buffering(judged)
    replica = read_replica(query)
    diagnostics = [
        *unsupported(query),
        *mistakes,
        *varied.mistakes,
        *results.diagnostics,
        *ordered.diagnostics,
        *check_command(judged, results.items, expanded.groups),
        *([copy] if isinstance(copy, Diagnostic) else ()),
        *misfits,
        *(
            d
            for d in (optimistic, channel, row_name, timeout, buffer, replica)
            if isinstance(d, Diagnostic)
        ),
        *check_names(varied, parameters),
        *check_version(varied, parameters, optimistic),
    ]
    if any(d.severity is Severity.ERROR for d in diagnostics):
        return None, diagnostics
    takes_first = first_of_many and query.command in (Command.ONE, Command.BATCHONE)
    if not takes_first:
        diagnostics += one_row(judged, proofs)
    diagnostics += [*advise(judged, proofs), *varied.warnings, *check_filters(varied)]
    lineage = proofs.lineage
    why_not = lineage.why_not_read_only if lineage else "it is no query"
    diagnostics += advise_replica(query, why_not)
    built = TypedQuery(
        query=query,
        command=query.command,
        method=method_name(query.name),
        doc=query.doc,
        pieces=ordered.pieces,
        parameters=tuple(
            replace(parameter, optional=varied.optional[parameter.number])
            if parameter.number in varied.optional
            else parameter
            for parameter in parameters
        ),
        results=items,
        hidden=len(expanded.hidden),
        model=results.model,
        cardinality=proofs.cardinality,
        reads=lineage.read_names() if lineage else (),
        writes=lineage.written_names() if lineage else (),
        read_only=lineage is not None and lineage.read_only,
        locks_rows=proofs.locks_rows,
        raises=lineage.refusals if lineage else (),
        unknown_reads=lineage.unknown_reads if lineage else _UNKNOWN,
        unknown_writes=lineage.unknown_writes if lineage else _UNKNOWN,
        ordering=ordered.ordering,
        sorts=ordered.sorts,
        channel=channel if isinstance(channel, str) else None,
        classes=classes,
        row_name=row_name if isinstance(row_name, RowName) else None,
        optimistic=optimistic if isinstance(optimistic, Optimistic) else None,
        copy=copy if isinstance(copy, CopyTarget) else None,
        buffer=buffer if isinstance(buffer, Buffering) else None,
        timeout_ms=timeout if isinstance(timeout, int) else None,
        replica=replica is True,
        takes_first=takes_first,
        diagnostics=tuple(diagnostics),
    )
    return built, diagnostics
