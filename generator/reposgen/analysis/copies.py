"""Targets of `:copyfrom`: the table to copy into, or an INSERT from a staging table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.inserts import find_relation, read_insert
from reposgen.analysis.model import CopyTarget
from reposgen.analysis.parameters import build_parameters
from reposgen.analysis.staging import misplaced_parameter, read_values, stage
from reposgen.diagnostics import Diagnostic, error
from reposgen.live_schema.model import RelationKind, ServerError, Statement
from reposgen.models import dataclass
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.inserts import PlainInsert
    from reposgen.live_schema.model import Description
    from reposgen.sql_source.model import Query

_COPIED_INTO = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """Target that is valid if the server accepts the INSERT made for it."""

    target: CopyTarget
    judge: Statement


def copy_targets(
    several: Sequence[DescribedQuery],
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> Iterator[CopyTarget | Diagnostic | None]:
    """Yield for each query its COPY target, or the error that prevents COPY.

    Yields None for other commands than `:copyfrom`.

    Args:
        several: the queries.
        describe: has the server describe statements.
    """
    found = [_target(described) for described in several]
    candidates = [one for one in found if isinstance(one, _Candidate)]
    verdicts = iter(describe([one.judge for one in candidates]) if candidates else ())
    for described, one in zip(several, found, strict=True):
        if not isinstance(one, _Candidate):
            yield one
            continue
        verdict = next(verdicts)
        if isinstance(verdict, ServerError):
            yield _refused(described.query, verdict.message)
        elif verdict.columns != described.description.columns:
            yield _refused(described.query, "RETURNING gives other columns")
        else:
            yield one.target


def _refused(query: Query, why: str) -> Diagnostic:
    return error(
        "copyfrom-staging",
        f"the server refuses the INSERT from a staging table: {why}",
        span=query.command_span,
        hint="use :batchexec",
    )


def _target(described: DescribedQuery) -> CopyTarget | _Candidate | Diagnostic | None:
    query, sql = described.query, described.expanded.text
    if query.command is not Command.COPYFROM:
        return None
    plain = read_insert(sql, described.catalog)
    if plain is not None and _can_be_copied(plain):
        in_order = sorted(plain.values, key=lambda value: value.number)
        return CopyTarget(
            table=plain.table,
            columns=tuple(value.column.name for value in in_order),
        )
    insert = read_values(sql)
    relation = find_relation(insert.table, described.catalog) if insert else None
    if insert is None or relation is None:
        return error(
            "copyfrom-shape",
            ":copyfrom needs an INSERT of one VALUES row",
            span=query.command_span,
            hint="write INSERT INTO table (a, b) VALUES (@a, @b), or use :batchexec",
        )
    if not described.description.parameter_oids:
        return error(
            "copyfrom-without-parameters",
            ":copyfrom needs an INSERT with parameters",
            span=query.command_span,
            hint="use :exec",
        )
    misplaced = misplaced_parameter(sql, insert)
    if misplaced is not None:
        return error(
            "copyfrom-parameter",
            "a :copyfrom parameter cannot be used outside of VALUES",
            span=described.expanded.source_span(misplaced),
            hint="in ON CONFLICT, write excluded.column for the row's value, or use"
            " :batchexec",
        )
    parameters, _ = build_parameters(described)
    names = {parameter.number: parameter.name for parameter in parameters}
    staged = stage(sql, insert, relation, names, described.catalog.keywords)
    return _Candidate(
        target=CopyTarget(
            table=insert.table,
            columns=tuple(parameter.name for parameter in parameters),
            staging=staged.run,
        ),
        judge=Statement(
            sql=staged.judge, parameter_oids=described.description.parameter_oids
        ),
    )


def _can_be_copied(insert: PlainInsert) -> bool:
    """Return True if COPY alone has the same effect as the INSERT."""
    numbers = [value.number for value in insert.values]
    return (
        not insert.has_more
        and len(set(numbers)) == len(numbers)
        and insert.relation.kind in _COPIED_INTO
        # PostgreSQL rejects COPY FROM for a table with row-level security.
        and not insert.relation.row_security
    )
