"""Rows of other tables that foreign keys change along with a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.contracts.tenant_rules import Omission
from reposgen.live_schema.model import ConstraintKind
from reposgen.live_schema.tree.model import CommandType, Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.contracts.tenant_rules import Rules
    from reposgen.live_schema.model import Constraint, Relation

# `confdeltype`, `confupdtype`: what changes the rows that refer.
CASCADE = "c"
CHANGES = frozenset({CASCADE, "n", "d"})


def cascade_omissions(tree: Query, rules: Rules) -> Iterator[Omission]:
    """Yield the foreign keys by which a statement can reach another tenant's rows."""
    for node in tree.nodes:
        if not isinstance(node, Query) or not node.result_relation:
            continue
        entry = node.entry(node.result_relation)
        table = rules.catalog.relations.get(entry.relation)
        if table is None:
            continue
        seen: dict[str, Omission] = {}
        followed: set[tuple[int, frozenset[int] | None]] = set()
        if deletes_rows(node):
            _follow(table, None, rules, seen, followed)
        if updated := updated_columns(node):
            _follow(table, updated, rules, seen, followed)
        for omission in seen.values():
            yield Omission(
                message=omission.message,
                table=table.name,
                alias=entry.name,
                hint=omission.hint,
            )


def _follow(
    table: Relation,
    updated: frozenset[int] | None,
    rules: Rules,
    found: dict[str, Omission],
    seen: set[tuple[int, frozenset[int] | None]],
) -> None:
    """Judge the foreign keys that refer to a table.

    Args:
        table: whose rows change.
        updated: the `attnum`s of the columns that do; None where rows are deleted.
        rules: of the proof.
        found: takes what is not proved, by the name of the foreign key.
        seen: what was followed.
    """
    if (table.oid, updated) in seen:
        return
    seen.add((table.oid, updated))
    for other, constraint in _references(table, rules):
        action = constraint.on_delete if updated is None else constraint.on_update
        if action not in CHANGES or (
            updated is not None and updated.isdisjoint(constraint.referenced_columns)
        ):
            continue
        _judge(table, other, constraint, rules, found)
        deletes = updated is None and action == CASCADE
        changed = None if deletes else frozenset(constraint.columns)
        _follow(other, changed, rules, found, seen)


def _judge(
    table: Relation,
    other: Relation,
    constraint: Constraint,
    rules: Rules,
    found: dict[str, Omission],
) -> None:
    if other.oid not in rules.columns or _compares(table, other, constraint, rules):
        return
    found[constraint.name] = Omission(
        message=f'foreign key "{constraint.name}" changes rows of table "{other.name}"'
        f' without comparing "{rules.column}"',
        hint=f"add {rules.column} to the foreign key",
    )


def _compares(
    table: Relation, other: Relation, constraint: Constraint, rules: Rules
) -> bool:
    """Return True if rows that a foreign key connects are of one tenant."""
    own, theirs = rules.columns.get(other.oid, 0), rules.columns.get(table.oid, 0)
    pairs = zip(constraint.columns, constraint.referenced_columns, strict=False)
    return theirs > 0 and (own, theirs) in pairs


def _references(table: Relation, rules: Rules) -> Iterator[tuple[Relation, Constraint]]:
    catalog = rules.catalog
    below = catalog.descendants.get(table.oid, ())
    for one in (table, *catalog.ancestors(table), *below):
        for other, constraint in catalog.references.get(one.oid, ()):
            if constraint.kind is ConstraintKind.FOREIGN_KEY:
                yield other, constraint


def deletes_rows(node: Query) -> bool:
    """Return True if a statement deletes rows of the table that it writes."""
    return node.command is CommandType.DELETE or any(
        action.command is CommandType.DELETE for action in node.merge_actions
    )


def updated_columns(node: Query) -> frozenset[int]:
    """Return the `attnum`s of the columns that are assigned in rows that exist."""
    targets = [*node.targets] if node.command is CommandType.UPDATE else []
    for action in node.merge_actions:
        if action.command is CommandType.UPDATE:
            targets += action.targets
    if node.on_conflict is not None:
        targets += node.on_conflict.assignments
    return frozenset(target.number for target in targets if not target.junk)


def distribution_obstacles(rules: Rules) -> Iterator[str]:
    """Yield the keys that tables cannot keep if the column distributes them.

    A unique key of a distributed table must contain the column. A foreign key between
    two of them must compare it; one from a table without the column cannot be kept.
    """
    relations: Mapping[int, Relation] = rules.catalog.relations
    for oid, number in rules.columns.items():
        table = relations[oid]
        if table.parents:
            continue  # Its parent's keys say it.
        for index in table.indexes:
            if index.unique and number not in index.columns:
                yield (
                    f"unique key {index.name} of {table.qualified_name} does not"
                    f" contain {rules.column}"
                )
        for other, constraint in rules.catalog.references.get(oid, ()):
            if other.parents or _compares(table, other, constraint, rules):
                continue
            yield (
                f"foreign key {constraint.name} of {other.qualified_name} to"
                f" {table.qualified_name} does not compare {rules.column}"
            )
