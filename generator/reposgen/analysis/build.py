"""Builder that collects everything known about one query in its `TypedQuery`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.caching.accesses import written_accesses
from reposgen.analysis.caching.model import Access
from reposgen.analysis.classes import repeated_classes
from reposgen.analysis.commands import COUNTED, check_command
from reposgen.analysis.directive_specs import Subject, read_directives
from reposgen.analysis.directives import DIRECTIVES
from reposgen.analysis.evidence import gathered
from reposgen.analysis.lint import lint_query, one_row
from reposgen.analysis.listening import payload_column, read_channel
from reposgen.analysis.model import CopyTarget, TypedQuery
from reposgen.analysis.names import method_name
from reposgen.analysis.parameters import build_parameters
from reposgen.analysis.proofs import prove_query
from reposgen.analysis.results import build_results
from reposgen.analysis.uses import uses_of
from reposgen.analysis.variants.checks import (
    check_defaults,
    check_filters,
    check_names,
    check_version,
)
from reposgen.analysis.variants.orders import order_query
from reposgen.diagnostics import Diagnostic, Severity
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from reposgen.analysis.declarations import Declared
    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.lineage import Lineage
    from reposgen.analysis.model import Elements
    from reposgen.analysis.nullability import Definitions
    from reposgen.analysis.variants.build import QueryVariants

# Unknown reads and writes of a statement without a tree.
_UNKNOWN = ("statement without a tree",)


def build_query(
    described: DescribedQuery,
    variants: QueryVariants,
    definitions: Definitions,
    elements: Elements,
    copy: CopyTarget | Diagnostic | None = None,
    *,
    declared: Declared,
) -> tuple[TypedQuery | None, list[Diagnostic]]:
    """Return the typed query, or None if it has errors; and all diagnostics.

    Args:
        described: the query, with its stars expanded.
        variants: the variants of the query.
        definitions: the definitions of materialized views and functions.
        elements: nullability of the elements of the schema's arrays.
        copy: the table that `:copyfrom` writes to, or why it cannot; None for other
            commands.
        declared: declarations in the package's options.
    """
    query = described.query
    parameters, mistakes = build_parameters(described, elements)
    nullable = frozenset(p.number for p in parameters if p.nullable)
    elements = replace(
        elements,
        parameters=frozenset(p.number for p in parameters if p.element_nullable),
    )
    with gathered() as facts:
        proofs = prove_query(
            described,
            variants.conservative,
            nullable,
            definitions,
            elements,
            defaults=variants.defaults,
        )
        results = build_results(described, proofs, elements)
        ordered = order_query(variants, results.items, described.catalog)
    channel = read_channel(query, described.text)
    items = results.items
    if query.command is Command.LISTEN:
        items = (payload_column(query, described.catalog),)
    lineage = proofs.lineage
    subject = Subject(
        described=described,
        parameters=parameters,
        items=items,
        lineage=lineage,
        definitions=definitions,
        tenant=declared.tenant,
        optional=variants.optional.keys(),
    )
    options = read_directives(DIRECTIVES.values(), subject)
    diagnostics = [
        *mistakes,
        *variants.mistakes,
        *results.diagnostics,
        *ordered.diagnostics,
        *check_command(described, results.items, described.stars),
        *(d for d in (copy, channel) if isinstance(d, Diagnostic)),
        *options.mistakes,
        *repeated_classes(options.values.get("classes", ())),
        *check_names(variants, parameters),
        *check_version(variants, parameters, options.values.get("optimistic")),
        *check_defaults(described, variants, parameters),
    ]
    if any(d.severity is Severity.ERROR for d in diagnostics):
        return None, diagnostics
    takes_first = declared.takes_first and query.command in (
        Command.ONE,
        Command.BATCHONE,
    )
    if not takes_first:
        diagnostics += one_row(described, proofs)
    diagnostics += [
        *lint_query(described, proofs),
        *variants.warnings,
        *check_filters(described, variants),
    ]
    built = TypedQuery(
        query=query,
        command=query.command,
        method=method_name(query.name),
        doc=query.doc,
        pieces=ordered.pieces,
        parameters=tuple(
            (
                replace(parameter, optional=variants.optional[parameter.number])
                if parameter.number in variants.optional
                else parameter
            )
            for parameter in parameters
        ),
        results=items,
        hidden=len(described.hidden),
        model=results.model,
        cardinality=proofs.cardinality,
        reads=lineage.read_names() if lineage else (),
        writes=lineage.written_names() if lineage else (),
        read_only=lineage is not None and lineage.read_only,
        locks_rows=proofs.locks_rows,
        raises=lineage.refusals if lineage else (),
        unknown_reads=lineage.unknown_reads if lineage else _UNKNOWN,
        unknown_writes=lineage.unknown_writes if lineage else _UNKNOWN,
        verb=lineage.verb if lineage else None,
        ordering=ordered.ordering,
        sorts=ordered.sorts,
        channel=channel if isinstance(channel, str) else None,
        copy=copy if isinstance(copy, CopyTarget) else None,
        takes_first=takes_first,
        changes=_changes(described, lineage, variants),
        uses=uses_of(
            described,
            facts if results.items else (),
            one_row=query.command in COUNTED and not takes_first,
        ),
        diagnostics=tuple(diagnostics),
        **options.values,
    )
    return built, diagnostics


def _changes(
    described: DescribedQuery, lineage: Lineage | None, variants: QueryVariants
) -> tuple[Access, ...]:
    """Return the rows that a statement changes."""
    if lineage is None:
        return (Access(table="", why=_UNKNOWN[0]),)
    if lineage.read_only or (lineage.locks_rows and not lineage.unknown_writes):
        return ()
    tree = described.tree
    trees = described.inner if described.utility is not None else described.added
    if tree is not None and described.utility is None:
        trees = (tree, *trees)
    return written_accesses(trees, lineage, described.catalog, variants.optional.keys())
