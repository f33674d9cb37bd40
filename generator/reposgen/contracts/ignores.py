"""`@vet-ignore RULE REASON`: what need not be reported of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reposgen.config.model import PlanRule
from reposgen.diagnostics import Severity, did_you_mean, error, warning

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.analysis.vet_ignore import VetIgnore
    from reposgen.diagnostics import Diagnostic

# Warnings about a query that its author can mean: all of them but those that say how
# to write the same in fewer words.
QUERY_WARNINGS: Final = frozenset(
    {
        "absolute-value",
        "cartesian-product",
        "made-up-row",
        "may-return-many",
        "missing-doc",
        "missing-where",
        "optional-drops-more",
        "optional-excluded",
        "optional-in-except",
        "optional-in-outer-join",
        "optional-in-subquery",
        "optional-where",
        "placeholder-in-string",
        "star-in-copyto",
    }
)
PLAN_RULES: Final = frozenset(rule.value for rule in PlanRule)
RULES: Final = QUERY_WARNINGS | PLAN_RULES
# Reported by `vet` alone.
DOC_RULES: Final = frozenset({"missing-doc"})


def check_ignores(analysis: Analysis) -> Iterator[Diagnostic]:
    """Yield an error for each `@vet-ignore` that names no rule."""
    for _, ignore in _ignores(analysis):
        if ignore.rule not in RULES:
            close = did_you_mean(ignore.rule, RULES)
            yield error(
                "invalid-vet-ignore",
                f'there is no rule "{ignore.rule}"',
                span=ignore.span,
                hint=f"did you mean {close}?"
                if close
                else f"rules: {', '.join(sorted(RULES))}",
            )


def apply_ignores(
    analysis: Analysis, found: Iterable[Diagnostic], judged: Collection[str]
) -> tuple[Diagnostic, ...]:
    """Return the diagnostics that no query ignores, and a warning for idle lines.

    Args:
        analysis: of a package.
        found: what is reported about it.
        judged: the rules that were applied.
    """
    ignores = [*_ignores(analysis)]
    if not ignores:
        return tuple(found)
    used: set[int] = set()
    kept = []
    for one in found:
        matching = [i for q, i in ignores if _covers(q, i, one)]
        used.update(map(id, matching))
        if not matching:
            kept.append(one)
    kept += (
        warning(
            "needless-vet-ignore",
            f"{ignore.rule} reports nothing about {query.name}",
            span=ignore.span,
            hint="remove the line",
        )
        for query, ignore in ignores
        if id(ignore) not in used and ignore.rule in judged
    )
    return tuple(kept)


def judged_rules(*, plans: bool) -> frozenset[str]:
    """Return the rules that are applied in every run.

    Args:
        plans: the queries were planned.
    """
    rules = QUERY_WARNINGS - DOC_RULES
    return rules | PLAN_RULES if plans else rules


def _ignores(analysis: Analysis) -> Iterator[tuple[TypedQuery, VetIgnore]]:
    for queries in analysis.files.values():
        for query in queries:
            for ignore in query.vet_ignores:
                yield query, ignore


def _covers(query: TypedQuery, ignore: VetIgnore, found: Diagnostic) -> bool:
    span = found.span
    return (
        span is not None
        and found.code == ignore.rule
        # A rule that must not be broken can still be waived, where it says so.
        and (found.severity is not Severity.ERROR or found.code in PLAN_RULES)
        and span.source.path == query.query.source.path
        and query.query.span.start <= span.start < query.query.span.end
    )
