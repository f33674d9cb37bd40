"""All directives: their words, readers and fields of `TypedQuery`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reposgen.analysis.buffering import read_buffering
from reposgen.analysis.caching.directive import read_cache
from reposgen.analysis.classes import read_class, read_row_name
from reposgen.analysis.commands import FACTS
from reposgen.analysis.directive_specs import DirectiveSpec, Restriction
from reposgen.analysis.optimistic.check import read_optimistic
from reposgen.analysis.replicas import read_replica
from reposgen.analysis.timeouts import read_timeout
from reposgen.analysis.waivers import read_vet_ignore, read_waiver
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Mapping

_SPECS: Final = (
    DirectiveSpec(
        word="optional",
        restrictions=(
            Restriction(
                code="optional-command",
                applies=lambda q: not FACTS[q.query.command].has_variants,
                message="@optional cannot be used with :{command}, which runs the same"
                " statement for all rows",
                hint="remove the line",
            ),
        ),
    ),
    DirectiveSpec(
        word="sort",
        restrictions=(
            Restriction(
                code="sort-command",
                applies=lambda q: not FACTS[q.query.command].is_ordered,
                message="@sort cannot be used with :{command}",
                hint="use :many, :stream, :page or :copyto",
            ),
        ),
    ),
    DirectiveSpec(
        word="optimistic",
        read=read_optimistic,
        field="optimistic",
        repeated="optimistic-argument",
        restrictions=(
            Restriction(
                code="optimistic-command",
                applies=lambda q: not FACTS[q.query.command].writes_one_row,
                message="@optimistic cannot be used with :{command}: it checks the"
                " version of one row",
                hint="use :one, :opt, :exec or :execrows",
                at_command=True,
            ),
        ),
    ),
    DirectiveSpec(
        word="timeout",
        read=read_timeout,
        field="timeout_ms",
        repeated="repeated-timeout",
        restrictions=(
            Restriction(
                code="timeout-of-listen",
                applies=lambda q: q.query.command is Command.LISTEN,
                message="@timeout cannot be used with :listen, which waits until its"
                " caller stops",
                hint="remove the line",
            ),
        ),
    ),
    DirectiveSpec(
        word="replica",
        read=read_replica,
        field="replica",
        repeated="repeated-replica",
    ),
    DirectiveSpec(
        word="across-tenants",
        read=read_waiver,
        field="across_tenants",
        repeated="repeated-across-tenants",
    ),
    DirectiveSpec(word="vet-ignore", read=read_vet_ignore, field="vet_ignores"),
    DirectiveSpec(word="json", read=read_class, field="classes"),
    DirectiveSpec(word="type", read=read_class, field="classes"),
    DirectiveSpec(
        word="row",
        read=read_row_name,
        field="row_name",
        repeated="malformed-row-name",
    ),
    DirectiveSpec(
        word="buffered",
        read=read_buffering,
        field="buffer",
        repeated="repeated-buffered",
        restrictions=(
            Restriction(
                code="buffered-command",
                applies=lambda q: q.query.command is not Command.COPYFROM,
                message="@buffered cannot be used with :{command}, which returns the"
                " result of its statement",
                hint="use :copyfrom with an INSERT of one VALUES row",
            ),
            Restriction(
                code="buffered-returning",
                applies=lambda q: q.description.returns_rows,
                message="@buffered cannot be combined with RETURNING: rows are written"
                " after the call returns",
                hint="remove RETURNING, or @buffered",
            ),
        ),
    ),
    DirectiveSpec(
        word="cache",
        read=read_cache,
        field="cache",
        repeated="repeated-cache",
        restrictions=(
            Restriction(
                code="cache-command",
                applies=lambda q: not FACTS[q.query.command].is_cacheable,
                message="@cache cannot be used with :{command}",
                hint="use :one, :opt, :many or :page",
                at_command=True,
            ),
        ),
    ),
)
DIRECTIVES: Final[Mapping[str, DirectiveSpec]] = {spec.word: spec for spec in _SPECS}
