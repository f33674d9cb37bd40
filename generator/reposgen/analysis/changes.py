"""Effects of a write on one row, by column names, which descendants share."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_expression
from reposgen.live_schema.tree.walk import walk
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reposgen.live_schema.model import Constraint, Relation

WHOLE_ROW = "*"
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Effect of a write on one row, by column names, which descendants share.

    Attributes:
        assigned: the columns that get a value.
        nulls: the assigned columns that get NULL.
        certain: the assigned columns that get a value that is not NULL.
        by: the foreign key whose action makes the change: table oid and constraint
            name; None for the statement's own change.
    """

    assigned: frozenset[str]
    nulls: frozenset[str] = NOTHING
    certain: frozenset[str] = NOTHING
    by: tuple[int, str] | None = None

    def touches(self, names: frozenset[str]) -> bool:
        """Return True if the change can affect what depends on these columns."""
        return bool(names) and (
            WHOLE_ROW in names or not self.assigned.isdisjoint(names)
        )


def with_computed(relation: Relation, change: Change, *, whole: bool) -> Change:
    """Return a change extended by the generated columns that it affects.

    Args:
        relation: the table.
        change: the change.
        whole: True to return a change of all columns.
    """
    if whole:
        return Change(assigned=frozenset(c.name for c in relation.columns))
    generated = {
        column.name
        for column in relation.columns
        if change.touches(names_of(relation, column.generated_from))
    }
    if not generated:
        return change
    return replace(change, assigned=change.assigned | generated)


def is_distinct(
    relation: Relation, constraint: Constraint, nulls: frozenset[str]
) -> bool:
    """Return True if a NULL in a key's columns makes a row distinct from all others."""
    index = next((i for i in relation.indexes if i.name == constraint.name), None)
    return not nulls.isdisjoint(names_of(relation, constraint.columns)) and not (
        index is not None and index.nulls_not_distinct
    )


def can_fail(
    condition: e.Expression | None, place: int, relation: Relation, change: Change
) -> bool:
    """Return True if a row that met a condition can fail it after a change."""
    nodes = list(walk(condition))
    columns = {
        node.column
        for node in nodes
        if isinstance(node, e.Var) and node.index == place and not node.levels_up
    }
    return (
        condition is None
        or any(isinstance(node, e.SubLink | e.Unknown) for node in nodes)
        or change.touches(names_of(relation, columns))
    )


@cache
def catalog_condition(text: str, major: int) -> e.Expression | None:
    """Return an expression from the catalog as a tree; None if it cannot be read."""
    return parse_expression(text, major)


def is_null(value: e.Expression) -> bool:
    """Return True if an expression is a NULL constant, casts aside."""
    match value:
        case e.Coerce(arg=arg):
            return is_null(arg)
        case e.Const(value=datum):
            return datum is None
        case _:
            return False


def name_of(relation: Relation, number: int) -> str:
    """Return the name of a column by its `attnum`; `WHOLE_ROW` if no column has it."""
    column = relation.column(number)
    return WHOLE_ROW if column is None else column.name


def names_of(relation: Relation, numbers: Iterable[int]) -> frozenset[str]:
    """Return the names of columns by their `attnum`s."""
    return frozenset(name_of(relation, number) for number in numbers)


def numbers_of(relation: Relation, names: frozenset[str]) -> frozenset[int]:
    """Return the `attnum`s of columns by their names."""
    return frozenset(c.number for c in relation.columns if c.name in names)
