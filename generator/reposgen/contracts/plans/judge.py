"""The plans of a package's queries, and what the rules report of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.contracts.plans.conditions import normalised
from reposgen.contracts.plans.indexes import judge_indexes
from reposgen.contracts.plans.lookups import lookups_of
from reposgen.contracts.plans.model import PackagePlans, PlannedQuery, PlannedVariant
from reposgen.contracts.plans.rules import Rules, judge_deletes, judge_query
from reposgen.contracts.plans.variants import variants_of
from reposgen.diagnostics import sorted_diagnostics
from reposgen.live_schema.model.plans import PlanNode
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.config.model import PackageConfig
    from reposgen.contracts.plans.sizes import Sizes
    from reposgen.diagnostics import Diagnostic, SourceFile
    from reposgen.live_schema.model import Statement

    ReadPlans = Callable[[Sequence[Statement]], Sequence[PlanNode | str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is read of a database's indexes and extended statistics.

    Attributes:
        expressions: that the server has statistics of, by schema and name of a table.
        uncertain: schema and name of indexes that are partial or no btrees.
    """

    expressions: Mapping[tuple[str, str], tuple[str, ...]]
    uncertain: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The plans of a package, and what its rules need to know."""

    plans: PackagePlans
    rules: Rules


def plan_queries(
    analysis: Analysis,
    options: PackageConfig,
    sizes: Sizes,
    read_plans: ReadPlans,
    facts: Facts,
    *,
    generated: Analysis | None = None,
) -> Planned:
    """Have the server plan all variants of all queries.

    Args:
        analysis: of the package.
        options: of the package.
        sizes: of the tables.
        read_plans: has a server plan statements on tables of these sizes.
        facts: about the indexes of the database.
        generated: the queries as the code was generated, if that was for another
            schema: its statements are planned.
    """
    sent = _by_name(generated) if generated else {}
    queries = [q for several in analysis.files.values() for q in several]
    variants = [
        (query, variant)
        for query in queries
        for variant in variants_of(sent.get(_name(query), query))
    ]
    lookups = [*lookups_of(analysis.catalog, sizes)]
    found = read_plans(
        [variant.statement for _, variant in variants] + [s for _, s in lookups]
    )
    plans: dict[int, list[PlannedVariant]] = {}
    for (query, variant), plan in zip(variants, found, strict=False):
        plans.setdefault(id(query), []).append(
            PlannedVariant(label=variant.label, plan=plan)
        )
    files = {
        path: tuple(
            PlannedQuery(query=query, variants=tuple(plans[id(query)]))
            for query in several
            if id(query) in plans
        )
        for path, several in analysis.files.items()
    }
    rules = Rules(
        catalog=analysis.catalog,
        tables={(r.schema, r.name): r for r in analysis.catalog.relations.values()},
        sizes=sizes,
        options=options.vet,
        expressions={
            table: tuple(map(normalised, several))
            for table, several in facts.expressions.items()
        },
        uncertain=facts.uncertain,
        lookups={
            key: plan
            for (key, _), plan in zip(lookups, found[len(variants) :], strict=True)
            if isinstance(plan, PlanNode)
        },
    )
    return Planned(
        plans=PackagePlans(
            server=analysis.catalog.major,
            sizes=sizes,
            files={path: several for path, several in files.items() if several},
        ),
        rules=rules,
    )


def _by_name(analysis: Analysis) -> Mapping[tuple[str, str], TypedQuery]:
    return {_name(q): q for several in analysis.files.values() for q in several}


def _name(query: TypedQuery) -> tuple[str, str]:
    return query.query.source.path, query.name


def judge_plans(
    planned: Planned, others: Iterable[Planned], schema: Sequence[SourceFile] | None
) -> PackagePlans:
    """Return the plans of a package with what the rules report.

    Args:
        planned: the package.
        others: the other packages with the same schema.
        schema: the files of the migrations; None if not all packages that have the
            schema were planned, so that an index can be used elsewhere.
    """
    rules = planned.rules
    queries = [q for several in planned.plans.files.values() for q in several]
    found: list[Diagnostic] = []
    for query in queries:
        found += judge_query(query, rules)
        found += judge_deletes(query, rules)
    if schema is not None:
        used = [
            q
            for other in others
            for several in other.plans.files.values()
            for q in several
        ]
        found += judge_indexes([*queries, *used], rules, schema)
    return replace(planned.plans, diagnostics=sorted_diagnostics(found))
