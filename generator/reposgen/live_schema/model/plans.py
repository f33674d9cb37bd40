"""The server's plan of a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNode:
    """A node of a plan, with the nodes that it takes rows from.

    Attributes:
        kind: `Index Scan`, `Sort`; for joins with the type: `Hash Left Join`.
        role: what it is to the node above: `Outer`, `Inner`, `Member`, `SubPlan`,
            `InitPlan`; empty for the topmost node.
        name: of a subplan: `SubPlan 1`, `CTE recent`; else empty.
        schema: of the relation, or empty.
        relation: name of the table that is scanned or written, or empty.
        alias: the relation's name in the statement, or empty.
        index: name of the index that is scanned, or empty.
        has_output: its rows have columns; those of EXISTS have none.
        rows: how many the server expects.
        startup: the cost up to the first row.
        total: the cost of all rows.
        details: conditions, keys and the like: `Index Cond` → `(id = $1)`.
    """

    kind: str
    role: str
    name: str
    schema: str
    relation: str
    alias: str
    index: str
    has_output: bool
    rows: float
    startup: float
    total: float
    details: tuple[tuple[str, str], ...]
    children: tuple[PlanNode, ...]

    def detail(self, label: str) -> str | None:
        """Return the detail with that label."""
        return next((text for name, text in self.details if name == label), None)

    @property
    def nodes(self) -> Iterator[PlanNode]:
        """The node itself and all nodes below it."""
        yield self
        for child in self.children:
            yield from child.nodes
