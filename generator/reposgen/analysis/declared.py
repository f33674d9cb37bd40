"""Table columns that are never NULL although they have no NOT NULL constraint.

A validated CHECK holds for every row, and a generated column has the value of its
expression. Both count as NOT NULL does, for queries and for the classes of tables.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.model import Elements
from reposgen.analysis.nullability import Proof, prove
from reposgen.analysis.nullability.facts import FactFinder, Outcome
from reposgen.analysis.nullability.proof_context import Definitions, ProofContext
from reposgen.analysis.nullability.stored import row_expression
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.model import ConstraintKind, RelationKind
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    CommandType,
    FromExpr,
    Query,
    RangeTableEntry,
    RangeTableRef,
    RteKind,
    TargetEntry,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.live_schema.model import Catalog, Relation, RelationColumn

# PostgreSQL does not enforce the CHECKs of foreign tables.
_CHECKED = (RelationKind.TABLE, RelationKind.PARTITIONED_TABLE)


def with_proved_columns(catalog: Catalog) -> Catalog:
    """Return the catalog, with table columns marked not null if that is proved."""
    own = {
        relation.oid: proved
        for relation in catalog.relations.values()
        if (proved := _checked(relation, catalog))
    }
    if own:
        catalog = _with_columns(catalog, own)
    own = {
        relation.oid: proved
        for relation in catalog.relations.values()
        if (proved := _generated(relation, catalog))
    }
    return _with_columns(catalog, own) if own else catalog


def _checked(relation: Relation, catalog: Catalog) -> Mapping[int, tuple[str, ...]]:
    """Return the columns that a table's CHECKs keep not null: reasons by `attnum`.

    The reasons hold for the table's own rows, not for those of its children.
    """
    if relation.kind not in _CHECKED:
        return {}
    finder = _finder(catalog)
    found: dict[int, tuple[str, ...]] = {}
    for constraint in relation.constraints:
        tree = constraint.check_tree
        if constraint.kind is not ConstraintKind.CHECK or not constraint.validated:
            continue
        condition = row_expression(tree, catalog.major) if tree else None
        if condition is None:
            continue
        # A row satisfies a CHECK if its condition is true or NULL.
        for value in finder.after(condition, Outcome.NOT_FALSE) or ():
            if isinstance(value, e.Var) and value.column > 0:
                reason = (
                    f"the constraint {constraint.name} of {relation.name} keeps it so",
                )
                found.setdefault(value.column, reason)
    return {
        column.number: found[column.number]
        for column in relation.columns
        if column.number in found and not column.not_null_only
    }


def _generated(relation: Relation, catalog: Catalog) -> Mapping[int, tuple[str, ...]]:
    """Return the generated columns that are never NULL: reasons by `attnum`.

    The reasons hold for the table's own rows, not for those of its children.
    """
    found: dict[int, tuple[str, ...]] = {}
    for column in relation.columns:
        if not column.expression_tree or column.not_null_only:
            continue
        expression = row_expression(column.expression_tree, catalog.major)
        if expression is None:
            continue
        proof = _prove(expression, relation, catalog)
        if proof.not_null:
            why = f"{relation.name}.{column.name} is a generated column"
            found[column.number] = proof.because(why).why
    return found


def _prove(expression: e.Expression, relation: Relation, catalog: Catalog) -> Proof:
    """Return the nullability proof of an expression over the rows of one table."""
    entry = RangeTableEntry(
        kind=RteKind.RELATION, name=relation.name, relation=relation.oid
    )
    query = Query(
        command=CommandType.SELECT,
        range_table=(entry,),
        join_tree=FromExpr(items=(RangeTableRef(index=1),), condition=None),
        targets=(TargetEntry(expression=expression, number=1, name=None),),
    )
    (proof,) = prove(query, catalog, builtin_functions(catalog.major))
    return proof


def _finder(catalog: Catalog) -> FactFinder:
    knowledge = ProofContext(
        catalog=catalog,
        functions=builtin_functions(catalog.major),
        nullable_parameters=frozenset(),
        definitions=Definitions(),
        elements=Elements(),
    )
    return FactFinder(knowledge, lambda _: ())


def _with_columns(
    catalog: Catalog, own: Mapping[int, Mapping[int, tuple[str, ...]]]
) -> Catalog:
    """Return the catalog with columns of tables' own rows marked not null.

    Columns of parent tables follow from those of their children.
    """
    relations = {
        oid: _with_own(relation, own.get(oid, {}))
        for oid, relation in catalog.relations.items()
    }
    done: dict[int, Relation] = {}

    def visit(oid: int) -> Relation | None:
        """Return a relation whose columns count the rows of its children too."""
        if oid not in done and oid in relations:
            children = [visit(child) for child in relations[oid].children]
            done[oid] = _with_children(relations[oid], children)
        return done.get(oid)

    for oid in relations:
        visit(oid)
    return replace(catalog, relations=done)


def _with_own(relation: Relation, own: Mapping[int, tuple[str, ...]]) -> Relation:
    if not own:
        return relation
    return replace(
        relation,
        columns=tuple(
            replace(column, not_null_only=True, why_not_null=own[column.number])
            if column.number in own
            else column
            for column in relation.columns
        ),
    )


def _with_children(relation: Relation, children: list[Relation | None]) -> Relation:
    # All rows of a partitioned table are in its children.
    partitioned = relation.kind is RelationKind.PARTITIONED_TABLE

    def column(one: RelationColumn) -> RelationColumn:
        if one.not_null or not one.not_null_only:
            return one
        everywhere = all(
            child is not None
            and any(c.name == one.name and c.not_null for c in child.columns)
            for child in children
        )
        if everywhere or partitioned:
            return replace(one, not_null=everywhere, not_null_only=everywhere)
        return one

    columns = tuple(map(column, relation.columns))
    changed = any(
        new is not old for new, old in zip(columns, relation.columns, strict=True)
    )
    return replace(relation, columns=columns) if changed else relation
