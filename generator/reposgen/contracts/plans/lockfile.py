"""The lockfile of plans: one text for each query file, without costs and row counts."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from reposgen.contracts.plans.conditions import quoted
from reposgen.live_schema.model.plans import PlanNode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.contracts.plans.model import PackagePlans, PlannedQuery

HEAD: Final = (
    "# Written by reposgen plans, which compares it with reposgen check --plans."
)
_QUERY: Final = re.compile(r"^-- (.+)$", re.MULTILINE)
# They say what the details of the node do not.
_SHOWN: Final = ("SubPlan", "InitPlan", "CTE")


def lock_texts(plans: PackagePlans) -> Mapping[str, str]:
    """Return the text of each file of the lock, by its name in the package's folder."""
    return {
        f"{PurePosixPath(path).stem}.txt": "\n".join((HEAD, "", *_file(queries)))
        for path, queries in plans.files.items()
    }


def sections(text: str) -> Mapping[str, str]:
    """Return the plan of each variant in a file of the lock, by its title."""
    parts = _QUERY.split(text)
    return {
        title: plan.strip("\n")
        for title, plan in zip(parts[1::2], parts[2::2], strict=True)
    }


def titles(planned: PlannedQuery) -> Iterator[str]:
    """Yield the title of each variant of a query."""
    for variant in planned.variants:
        name = planned.query.name
        yield f"{name}: {variant.label}" if variant.label else name


def plan_text(plan: PlanNode | str) -> str:
    """Return the shape of a plan: nodes and conditions, no numbers that change."""
    return "\n".join(
        _node(plan, 0) if isinstance(plan, PlanNode) else [f"no plan: {plan}"]
    )


def _file(queries: tuple[PlannedQuery, ...]) -> Iterator[str]:
    for planned in queries:
        for title, variant in zip(titles(planned), planned.variants, strict=True):
            yield f"-- {title}"
            yield plan_text(variant.plan)
            yield ""


def node_title(node: PlanNode) -> str:
    """Return the kind of a node, and the index and the table that it is about."""
    title = node.kind
    if node.index:
        title += f" using {quoted(node.index)}"
    if node.relation:
        schema = "" if node.schema == "public" else f"{quoted(node.schema)}."
        title += f" on {schema}{quoted(node.relation)}"
    if node.alias and node.alias != node.relation:
        title += f" {quoted(node.alias)}"
    return f"{node.name}: {title}" if node.name.startswith(_SHOWN) else title


def _node(node: PlanNode, depth: int) -> Iterator[str]:
    indent = "  " * depth
    yield f"{indent}{node_title(node)}"
    for label, text in node.details:
        yield f"{indent}    {label}: {text}"
    for child in node.children:
        yield from _node(child, depth + 1)
