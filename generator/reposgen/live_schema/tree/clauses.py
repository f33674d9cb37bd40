"""Clauses of a query that refer to its target entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.tree.enums import GroupingSetKind
    from reposgen.live_schema.tree.expressions import Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class SortGroupClause:
    """A term of ORDER BY, GROUP BY, DISTINCT: the target entry with that `group`.

    Attributes:
        equality: oid of the operator.
    """

    group: int
    equality: int
    sort: int
    nulls_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingSet:
    """A term of GROUPING SETS, ROLLUP, CUBE.

    Attributes:
        groups: of a simple one, the target entries' `group`s.
        content: of the others.
    """

    kind: GroupingSetKind
    groups: frozenset[int] = frozenset()
    content: tuple[GroupingSet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowClause:
    """A WINDOW, named or not.

    Attributes:
        reference: what window functions refer to it by.
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
    """FOR UPDATE and the like on an entry of the range table."""

    index: int
    strength: int
