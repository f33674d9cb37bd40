"""Methods whose generic plan is another one on another schema."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from reposgen.contracts.ignores import apply_ignores
from reposgen.contracts.model import Direction, Effect, EffectKind
from reposgen.contracts.plans.lockfile import node_title, plan_text
from reposgen.contracts.plans.rules import judge_deletes, judge_query
from reposgen.diagnostics import Severity
from reposgen.live_schema.model.plans import PlanNode
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.contracts.plans.judge import Planned
    from reposgen.diagnostics import Diagnostic

    Name = tuple[str, str]
    Plans = Mapping[Name, "QueryPlans"]

# They say the same of a table, and the second one knows why.
_READS: Final = frozenset({"seq-scan", "unindexed-filter"})
# Nodes that a note names on each side.
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPlans:
    """The plans of one query on one schema.

    Attributes:
        findings: what the rules report, by rule and place.
        plans: of the variants, by their labels.
    """

    query: TypedQuery
    findings: Mapping[tuple[str, int], Diagnostic]
    plans: Mapping[str, PlanNode]

    @property
    def rules(self) -> set[str]:
        """The rules that report something."""
        return {rule for rule, _ in self.findings}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStates:
    """The plans of the code of two states on the schemas of both.

    Attributes:
        old: the old code on its own schema; empty if it is not known.
        old_on_new: the old code on the new schema.
        new: the new code on its own schema.
        new_on_old: the new code on the old schema.
    """

    old: Plans
    old_on_new: Plans
    new: Plans
    new_on_old: Plans


def query_plans(planned: Planned, analysis: Analysis) -> Plans:
    """Return the plans of queries by file and name, and what is reported about them.

    Args:
        planned: the plans.
        analysis: of the queries.
    """
    found: dict[Name, QueryPlans] = {}
    for path, several in planned.plans.files.items():
        for one in several:
            reported = [*judge_query(one, planned.rules)]
            reported += judge_deletes(one, planned.rules)
            kept = apply_ignores(analysis, reported, judged=())
            found[path, one.query.name] = QueryPlans(
                query=one.query,
                findings={
                    (_rule(d), d.span.start if d.span else -1): d
                    for d in kept
                    if d.code != "no-plan"
                },
                plans={
                    variant.label: variant.plan
                    for variant in one.variants
                    if isinstance(variant.plan, PlanNode)
                },
            )
    return found


def find_plan_effects(
    states: PlannedStates, broken: Collection[tuple[Direction, str, str]]
) -> Iterator[Effect]:
    """Yield what becomes of the plans of methods.

    Args:
        states: the plans.
        broken: direction, file and query of methods that fail: they have no plan.
    """
    for place, own in states.old.items():
        other = states.old_on_new.get(place)
        if other is None or (Direction.OLD_CODE, *place) in broken:
            continue
        end = states.new.get(place)
        added = other.findings.keys() - own.findings.keys()
        for key in sorted(added):
            lasts = end is not None and key[0] in end.rules
            yield _effect(
                Direction.OLD_CODE, place, own, other.findings[key], lasts=lasts
            )
        if not added and (message := _other_shape(own.plans, other.plans)):
            yield Effect(
                direction=Direction.OLD_CODE,
                kind=EffectKind.PLAN,
                file=place[0],
                query=own.query.name,
                method=own.query.method,
                message=message,
                span=own.query.query.name_span,
                is_note=True,
            )
    for place, own in states.new.items():
        other = states.new_on_old.get(place)
        if other is None or (Direction.NEW_CODE, *place) in broken:
            continue
        before = states.old.get(place)
        known = before.rules if before else set()
        for key in sorted(other.findings.keys() - own.findings.keys()):
            # What was so before the release is not its doing.
            if key[0] not in known:
                yield _effect(Direction.NEW_CODE, place, own, other.findings[key])


def _rule(found: Diagnostic) -> str:
    return "reads" if found.code in _READS else found.code


def _effect(
    direction: Direction,
    place: Name,
    own: QueryPlans,
    found: Diagnostic,
    *,
    lasts: bool = False,
) -> Effect:
    """Return a finding of the rules as an effect."""
    return Effect(
        direction=direction,
        kind=EffectKind.PLAN,
        file=place[0],
        query=own.query.name,
        method=own.query.method,
        message=f"its plan{found.message.removeprefix(own.query.name)}",
        span=found.span,
        hint=found.hint,
        is_note=found.severity is Severity.NOTE,
        lasts=lasts,
    )


def _other_shape(
    own: Mapping[str, PlanNode], other: Mapping[str, PlanNode]
) -> str | None:
    """Return how plans differ: the first that does, and how many others do."""
    changed = [
        label
        for label, plan in own.items()
        if label in other and plan_text(other[label]) != plan_text(plan)
    ]
    if not changed:
        return None
    label, *more = changed
    before, after = (Counter(map(node_title, p[label].nodes)) for p in (own, other))
    gone, come = before - after, after - before
    what = f"its plan ({label})" if label else "its plan"
    if come and gone:
        what += f" has {_listed(come)} in place of {_listed(gone)}"
    elif come:
        what += f" has {_listed(come)} in addition"
    elif gone:
        what += f" is without {_listed(gone)}"
    else:
        what += " has other conditions, or its nodes in another order"
    return f"{what}; {len(more)} other variants differ as well" if more else what


def _listed(nodes: Counter[str]) -> str:
    names = [*nodes.elements()]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
