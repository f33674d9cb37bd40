"""Unique indexes that the conflict target of an ON CONFLICT infers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.partial_indexes import implied, indexed_expressions
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.walk import conjuncts, walk

if TYPE_CHECKING:
    from reposgen.live_schema.model import Catalog, Index, Relation
    from reposgen.live_schema.tree.model import OnConflict


def inferred(conflict: OnConflict, relation: Relation, major: int) -> frozenset[str]:
    """Return the names of the unique indexes that an ON CONFLICT target infers.

    Args:
        conflict: an ON CONFLICT whose target lists columns or expressions.
        relation: the table that is inserted into.
        major: the server's major version.

    Returns:
        Empty if several indexes match and the tree does not tell which one is used.
    """
    elements = [x for x in conflict.arbiters if isinstance(x, e.InferenceElement)]
    unique = [index for index in relation.indexes if index.unique]
    alike = [index for index in unique if _has_columns(index, elements)]
    fitting = [x for x in alike if _fits(x, elements, conflict, major)]
    # The server found at least one index. A collation or operator class in the target
    # selects among the indexes that match otherwise.
    fitting = fitting or alike
    chosen = any(x.collation or x.operator_class for x in elements)
    if len(fitting) > 1 and (chosen or fitting is alike):
        return frozenset()
    return frozenset(index.name for index in fitting)


def arbiter_columns(
    conflict: OnConflict, relation: Relation, catalog: Catalog
) -> set[int]:
    """Return the columns in which the existing row equals the row to insert.

    Args:
        conflict: the ON CONFLICT of the INSERT.
        relation: the table that is inserted into.
        catalog: catalog of the database.
    """
    found = {
        number
        for constraint in relation.constraints
        if conflict.constraint and constraint.oid == conflict.constraint
        for number in constraint.columns
    }
    for node in conflict.arbiters:
        column = node.expression if isinstance(node, e.InferenceElement) else node
        if isinstance(column, e.Var):
            found.add(column.column)
    # Under a nondeterministic collation of an index, different texts can be equal.
    loose = {
        number
        for index in relation.indexes
        for number, collation in zip(index.columns, index.collations, strict=False)
        if index.unique and collation in catalog.nondeterministic
    }
    return found - loose


def _has_columns(index: Index, elements: list[e.InferenceElement]) -> bool:
    columns = {x.expression.column for x in elements if isinstance(x.expression, e.Var)}
    return {n for n in index.columns if n} == columns and (
        index.expressions_tree is not None
    ) == any(not isinstance(x.expression, e.Var) for x in elements)


def _fits(
    index: Index,
    elements: list[e.InferenceElement],
    conflict: OnConflict,
    major: int,
) -> bool:
    variables = (n for x in elements for n in walk(x) if isinstance(n, e.Var))
    place = next((variable.index for variable in variables), 1)
    wanted = [x.expression for x in elements if not isinstance(x.expression, e.Var)]
    expressions = indexed_expressions(index, place, major)
    return (
        expressions is not None
        and all(one in wanted for one in expressions)
        and all(one in expressions for one in wanted)
        and implied(index, place, conjuncts(conflict.arbiter_condition), major)
    )
