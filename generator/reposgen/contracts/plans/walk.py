"""How often each node of a plan runs, and how many rows it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reposgen.contracts.plans.conditions import qualifiers_in
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.live_schema.model.plans import PlanNode

# They take all rows before they give the first.
_BLOCKING: Final = ("Sort", "Hash", "Plain Aggregate", "ModifyTable", "SetOp")
_KEEPING: Final = frozenset({"Materialize", "Memoize"})
# They keep what they have made.
_KEPT: Final = ("Sort", "Hash", "Materialize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A node, as the statement reaches it.

    Attributes:
        above: the node that takes its rows, or None.
        loops: how often it runs.
        fraction: of its rows, the share that is taken each time: a LIMIT above stops
            it early.
        below_join: its rows are joined.
    """

    node: PlanNode
    above: PlanNode | None
    loops: float
    fraction: float
    below_join: bool


def visits(plan: PlanNode) -> Iterator[Visit]:
    """Yield all nodes of a plan, those above first."""
    waiting = [Visit(node=plan, above=None, loops=1.0, fraction=1.0, below_join=False)]
    while waiting:
        visit = waiting.pop()
        yield visit
        waiting += reversed([*_below(visit)])


def is_join(node: PlanNode) -> bool:
    """Return True for a node that joins two others."""
    return node.kind.startswith("Nested Loop") or node.kind.endswith(" Join")


def _below(visit: Visit) -> Iterator[Visit]:
    node = visit.node
    joins = visit.below_join or is_join(node)
    outer = next((one.rows for one in node.children if one.role == "Outer"), 1.0)
    for child in node.children:
        loops, fraction = visit.loops, visit.fraction
        match child.role:
            case "InitPlan":
                # It runs when its value is asked for, once.
                loops, fraction = 1.0, _asked_for(child)
            case "SubPlan":
                loops, fraction = _calls(visit, child), _asked_for(child)
            case "Inner" if node.kind.startswith("Nested Loop"):
                fraction = 1.0
                if child.kind not in _KEEPING:
                    loops *= max(1.0, outer * visit.fraction)
            case _:
                if node.kind.startswith(_BLOCKING):
                    fraction = 1.0
                elif node.kind == "Limit":
                    fraction *= _share(node, child)
        if child.kind.startswith(_KEPT) and not _depends_on_others(child):
            # What it has made serves every loop.
            loops = 1.0
        yield Visit(
            node=child, above=node, loops=loops, fraction=fraction, below_join=joins
        )


def _depends_on_others(node: PlanNode) -> bool:
    """Return True if a part of a plan has to run again for each row of another part."""
    own = {one.alias for one in node.nodes if one.alias}
    return any(
        not qualifiers_in(text) <= own for one in node.nodes for _, text in one.details
    )


def _share(limit: PlanNode, child: PlanNode) -> float:
    """Return the share of a node's rows that a LIMIT takes."""
    whole = child.total - child.startup
    taken = limit.total - child.startup
    return min(1.0, max(0.0, taken / whole)) if whole > 0 else 1.0


def _asked_for(subplan: PlanNode) -> float:
    """Return the share of a subplan's rows that is asked for: EXISTS wants one."""
    is_exists = not (subplan.has_output or subplan.name.startswith("CTE"))
    return 1.0 / max(1.0, subplan.rows) if is_exists else 1.0


def _calls(visit: Visit, subplan: PlanNode) -> float:
    """Return how often a subplan runs: once if its result is kept in a hash table."""
    if any(f"hashed {subplan.name}" in text for _, text in visit.node.details):
        return 1.0
    if subplan.name.startswith("CTE"):
        return 1.0
    return max(1.0, visit.loops * visit.node.rows * visit.fraction)
