"""Clauses of a query that refer to its target entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.tree.enums import GroupingSetKind
    from reposgen.live_schema.tree.expressions import Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class SortGroupClause:
    """Term of ORDER BY, GROUP BY or DISTINCT.

    Attributes:
        group: the `group` of its target entry.
        equality: oid of the equality operator.
        sort: oid of the ordering operator, or 0.
    """

    group: int
    equality: int
    sort: int
    nulls_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingSet:
    """Term of GROUPING SETS, ROLLUP or CUBE.

    Attributes:
        groups: for a simple set, the `group`s of its target entries.
        content: for other kinds, the sets inside it.
    """

    kind: GroupingSetKind
    groups: frozenset[int] = frozenset()
    content: tuple[GroupingSet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClause:
    """WINDOW clause, or the window of an OVER.

    Attributes:
        reference: number by which window functions refer to it.
        frame: PostgreSQL's FRAMEOPTION bits.
    """

    reference: int
    frame: int
    partition: tuple[SortGroupClause, ...]
    order: tuple[SortGroupClause, ...]
    start: Expression | None
    end: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMark:
    """FOR UPDATE, FOR SHARE etc. on a range table entry.

    Attributes:
        strength: PostgreSQL's `LockClauseStrength`: from 1, FOR KEY SHARE, to 4,
            FOR UPDATE.
        wait_policy: PostgreSQL's `LockWaitPolicy`: 0, 1 for SKIP LOCKED, 2 for NOWAIT.
    """

    index: int
    strength: int
    wait_policy: int = 0
