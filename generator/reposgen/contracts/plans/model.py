"""The plans of a package's queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.analysis.model import TypedQuery
    from reposgen.database.statistics import TableStatistics
    from reposgen.diagnostics import Diagnostic
    from reposgen.live_schema.model import Statement
    from reposgen.live_schema.model.plans import PlanNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of the statements that a query can send.

    Attributes:
        label: what the call gives: `with status`, `by -created_at`, `next page`; empty
            for a query that sends one statement alone.
    """

    label: str
    statement: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVariant:
    """A variant with its plan, or why the server makes none."""

    label: str
    plan: PlanNode | str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedQuery:
    """A query with the plan of each variant."""

    query: TypedQuery
    variants: tuple[PlannedVariant, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePlans:
    """The plans of all queries of a package that have one.

    Attributes:
        server: major version of the server.
        sizes: the tables of a known size, by schema and name.
        files: queries by the path of their file, in the file's order.
        diagnostics: what the rules report.
    """

    server: int
    sizes: Mapping[tuple[str, str], TableStatistics]
    files: Mapping[str, tuple[PlannedQuery, ...]]
    diagnostics: tuple[Diagnostic, ...] = ()
