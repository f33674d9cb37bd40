"""Columns that expressions of the tree are, or are made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from reposgen.live_schema.model import ConstraintKind, DomainType
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import RteKind
from reposgen.live_schema.tree.walk import walk_level
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.live_schema.model import Catalog, Relation, RelationColumn
    from reposgen.live_schema.tree.model import Query, TargetEntry

    # (relation oid, attnum)
    Origin: TypeAlias = tuple[int, int]

_IMPLICIT_CAST = 2
_SYSTEM_COLUMNS = {
    -1: "ctid",
    -2: "xmin",
    -3: "cmin",
    -4: "xmax",
    -5: "cmax",
    -6: "tableoid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnBehind:
    """Column of an item in FROM.

    Attributes:
        name: the name in the statement: the alias, if the column has one.
        origin: the relation's column whose values it has unchanged; None if there is
            none.
    """

    name: str
    origin: Origin | None = None


def without_casts(node: e.Expression) -> e.Expression:
    """Return the expression inside its casts."""
    while True:
        match node:
            case e.Coerce():
                node = node.arg
            case e.FuncExpr(form=form, args=(arg, *_)) if form == _IMPLICIT_CAST:
                node = arg
            case _:
                return node


def column_behind(
    node: e.Expression, around: Sequence[Query], catalog: Catalog
) -> ColumnBehind | None:
    """Return the column that an expression is, casts aside; None for other expressions.

    Args:
        node: the expression.
        around: the statements that enclose it, the innermost last.
        catalog: catalog of the database.
    """
    match node := without_casts(node):
        case e.Var(column=0):
            return None
        case e.Var():
            return _of_variable(node, around, catalog)
        case _:
            return None


def first_column(
    node: e.Expression, around: Sequence[Query], catalog: Catalog
) -> ColumnBehind | None:
    """Return the first column in an expression, such as `bat` in `lower(bat)`."""
    variables = (found for found in walk_level(node) if isinstance(found, e.Var))
    columns = (column_behind(variable, around, catalog) for variable in variables)
    return next((column for column in columns if column), None)


def _of_variable(
    variable: e.Var, around: Sequence[Query], catalog: Catalog
) -> ColumnBehind | None:
    if variable.levels_up >= len(around):
        return None
    level = len(around) - 1 - variable.levels_up
    entry = around[level].entry(variable.index)
    if entry.kind is RteKind.GROUP:
        inner = entry.group_expressions[variable.column - 1]
        return first_column(inner, around[: level + 1], catalog)
    if variable.column < 0:
        return ColumnBehind(name=_SYSTEM_COLUMNS.get(variable.column, ""))
    names = entry.column_names
    name = names[variable.column - 1] if variable.column <= len(names) else ""
    origin = None
    if entry.relation:
        origin = (entry.relation, variable.column)
    elif entry.kind is RteKind.SUBQUERY and entry.subquery:
        target = entry.subquery.results[variable.column - 1]
        origin = (target.table, target.column) if target.table else None
    elif entry.kind is RteKind.JOIN:
        inner = entry.join_columns[variable.column - 1]
        behind = column_behind(inner, around[: level + 1], catalog)
        origin = behind.origin if behind else None
    return ColumnBehind(name=name, origin=origin)


def assigned_column(
    target: TargetEntry, query: Query, catalog: Catalog
) -> tuple[Relation, RelationColumn] | None:
    """Return the table and column that a target of INSERT, UPDATE or MERGE assigns."""
    if target.junk or not query.result_relation:
        return None
    relation = catalog.relations.get(query.entry(query.result_relation).relation)
    column = relation.column(target.number) if relation else None
    return (relation, column) if relation and column else None


def refuses_null(relation: Relation, column: RelationColumn) -> bool:
    """Return True if NULL cannot be written to a column."""
    if isinstance(column.type, DomainType) and column.type.not_null:
        return True
    # A constraint that is not validated still applies to new writes.
    return column.not_null_only or any(
        constraint.kind is ConstraintKind.NOT_NULL
        and constraint.columns == (column.number,)
        for constraint in relation.constraints
    )
