"""Outer joins that can null the items of FROM.

They are read from the join tree, not from the nulling relations that the server writes
into columns, which differ between its versions.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from reposgen.live_schema.tree.model import (
    FromExpr,
    JoinExpr,
    JoinType,
    RangeTableRef,
)
from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.tree.expressions import Expression
    from reposgen.live_schema.tree.model import FromItem, Query


class JoinSide(StrEnum):
    """Side of a join."""

    LEFT = "left"
    RIGHT = "right"


class Side(NamedTuple):
    """Side of an outer join that is nulled where the other side finds no match."""

    join: int
    which: JoinSide


class Condition(NamedTuple):
    """Condition that holds wherever none of the sides in `unless` is nulled."""

    unless: frozenset[Side]
    expression: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class OuterJoin:
    """Outer join.

    Attributes:
        side: the side that is nulled where there is no match.
        join: the join in the tree.
        above: the sides of other joins that null the whole join.
    """

    side: Side
    join: JoinExpr
    above: frozenset[Side]

    @property
    def nullable(self) -> FromItem:
        """The FROM item that is nulled where there is no match."""
        return self.join.right if self.side.which is JoinSide.RIGHT else self.join.left


@dataclass(slots=True)
class JoinTree:
    """Join tree of one query.

    Attributes:
        nullable: for each range table index in FROM, the sides that null it.
        conditions: WHERE, and ON of every join.
        outer: the outer joins; a FULL join is in the list once for each side.
        words: for each side, its join in words.
    """

    nullable: dict[int, frozenset[Side]] = field(default_factory=dict)
    conditions: list[Condition] = field(default_factory=list)
    outer: list[OuterJoin] = field(default_factory=list)
    words: dict[Side, str] = field(default_factory=dict)

    def describe(self, side: Side) -> str:
        """Return the join of a side, such as `a LEFT JOIN`, for reasons."""
        return self.words[side]


_NOWHERE: frozenset[Side] = frozenset()
_WORDS = {
    JoinType.LEFT: "a LEFT JOIN",
    JoinType.RIGHT: "a RIGHT JOIN",
    JoinType.FULL: "a FULL JOIN",
}


def read_join_tree(query: Query) -> JoinTree:
    """Return the join tree of a query."""
    tree = JoinTree()
    if query.join_tree is not None:
        _visit(query.join_tree, _NOWHERE, tree)
    return tree


def _visit(item: FromItem, above: frozenset[Side], tree: JoinTree) -> None:
    match item:
        case RangeTableRef(index=index):
            tree.nullable[index] = above
        case FromExpr(items=items, condition=condition):
            for one in items:
                _visit(one, above, tree)
            if condition is not None:
                tree.conditions.append(Condition(above, condition))
        case JoinExpr():
            _visit_join(item, above, tree)


def _visit_join(join: JoinExpr, above: frozenset[Side], tree: JoinTree) -> None:
    number = len(tree.words) + 1
    nulls_left = join.type not in {JoinType.INNER, JoinType.LEFT}
    nulls_right = join.type not in {JoinType.INNER, JoinType.RIGHT}
    below_left, below_right, matched = above, above, above
    # An unknown type of join is treated as a FULL join, which proves least.
    words = _WORDS.get(join.type or JoinType.FULL, "a join")
    if nulls_left:
        side = Side(number, JoinSide.LEFT)
        tree.outer.append(OuterJoin(side=side, join=join, above=above))
        tree.words[side] = words
        below_left |= {side}
        matched |= {side}
    if nulls_right:
        side = Side(number, JoinSide.RIGHT)
        tree.outer.append(OuterJoin(side=side, join=join, above=above))
        tree.words[side] = words
        below_right |= {side}
        matched |= {side}
    if join.index:
        tree.nullable[join.index] = above
    _visit(join.left, below_left, tree)
    _visit(join.right, below_right, tree)
    if join.condition is not None:
        tree.conditions.append(Condition(matched, join.condition))
