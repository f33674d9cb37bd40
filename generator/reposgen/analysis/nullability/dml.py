"""Nullability of RETURNING columns: rows that a write leaves behind, or removes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.nullability.columns import column, column_name, table_column
from reposgen.analysis.nullability.proof import Proof, all_of, may_be_null
from reposgen.live_schema.model import RelationKind
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    CommandType,
    MergeMatch,
    RangeTableRef,
    RteKind,
)

if TYPE_CHECKING:
    from reposgen.analysis.nullability.program_point import ProgramPoint
    from reposgen.live_schema.tree.model import TargetEntry

_EVENTS = {
    CommandType.INSERT: ("insert",),
    CommandType.UPDATE: ("update",),
    CommandType.DELETE: (),
    CommandType.MERGE: ("insert", "update"),
}


def returned_column(  # noqa: PLR0911 - one return for each command and row
    var: e.Var, place: ProgramPoint
) -> Proof:
    """Return the proof for a column in RETURNING."""
    query = place.query
    if var.index != query.result_relation:
        if query.command is CommandType.MERGE:
            return _source_column(var, place)
        return column(var, place)
    name = column_name(var, place)
    match query.command, var.returning:
        case CommandType.INSERT, e.Returning.OLD:
            return may_be_null(f"{name}: a new row has no old one")
        case CommandType.DELETE, e.Returning.NEW:
            return may_be_null(f"{name}: a deleted row has no new one")
        case (CommandType.DELETE, _) | (CommandType.UPDATE, e.Returning.OLD):
            return _old_column(var, place)
        case CommandType.INSERT, _:
            return _inserted(var, place, name)
        case CommandType.UPDATE, _:
            return _updated(var, place, name)
        case CommandType.MERGE, _:
            return _merged(var, place, name)
        case _:
            return may_be_null(f"nothing is known of {name}")


def excluded_column(var: e.Var, place: ProgramPoint) -> Proof:
    """Return the proof for a column of EXCLUDED, the row proposed for insertion."""
    name = column_name(var, place)
    entry = place.query.entry(var.index)
    declared = table_column(var, entry, place, name)
    if declared.not_null or _may_be_changed(place):
        return declared
    return _assigned(var.column, place.query.targets, place, declared)


def _old_column(var: e.Var, place: ProgramPoint) -> Proof:
    """Return the proof for a column before the write, in rows that WHERE selects."""
    before = e.Var(index=var.index, column=var.column, type=var.type)
    return place.prover.prove(before, place.rows or place)


def _inserted(var: e.Var, place: ProgramPoint, name: str) -> Proof:
    declared = table_column(var, place.query.entry(var.index), place, name)
    if declared.not_null or _may_be_changed(place):
        return declared
    inserted = _assigned(var.column, place.query.targets, place, declared)
    conflict = place.query.on_conflict
    if conflict is None or not conflict.update or not inserted.not_null:
        return inserted
    updated = _assigned(var.column, conflict.assignments, place, declared)
    return all_of(
        (inserted, updated),
        f"{name} is not NULL, inserted or updated",
        f"{name} can be NULL in the row that is there already",
    )


def _updated(var: e.Var, place: ProgramPoint, name: str) -> Proof:
    declared = table_column(var, place.query.entry(var.index), place, name)
    if declared.not_null or _may_be_changed(place):
        return declared
    if any(t.number == var.column for t in place.query.targets):
        return _assigned(var.column, place.query.targets, place, declared)
    if _is_generated(var, place):
        return declared
    return _old_column(var, place)


def _merged(var: e.Var, place: ProgramPoint, name: str) -> Proof:
    actions = [
        a for a in place.query.merge_actions if a.command is not CommandType.NOTHING
    ]
    commands = {a.command for a in actions}
    if var.returning is e.Returning.OLD and CommandType.INSERT in commands:
        return may_be_null(f"{name}: a new row has no old one")
    if var.returning is e.Returning.NEW and CommandType.DELETE in commands:
        return may_be_null(f"{name}: a deleted row has no new one")
    declared = table_column(var, place.query.entry(var.index), place, name)
    if declared.not_null or _may_be_changed(place):
        return declared
    if var.returning is e.Returning.OLD:
        return declared
    return all_of(
        (
            declared
            if a.command is CommandType.DELETE
            else _assigned(var.column, a.targets, place, declared)
            for a in actions
        ),
        f"{name} is not NULL after any action of MERGE",
        f"{name} can be NULL after an action of MERGE",
    )


def _source_column(var: e.Var, place: ProgramPoint) -> Proof:
    matches = {a.match for a in place.query.merge_actions}
    if MergeMatch.NOT_MATCHED_BY_SOURCE in matches:
        return may_be_null("a row not matched by the source has no row of it")
    return column(var, place)


def _assigned(
    number: int, targets: tuple[TargetEntry, ...], place: ProgramPoint, declared: Proof
) -> Proof:
    """Return the proof for a column from the value assigned to it.

    A column without an assignment has the proof `declared`.
    """
    target = next((t for t in targets if t.number == number and not t.junk), None)
    if target is None:
        return declared
    # The assigned expression is evaluated before the row changes.
    proof = place.prover.prove(target.expression, place.rows or place)
    if proof.not_null:
        return proof.because("a value that is not NULL is assigned")
    return proof.because("a value that can be NULL is assigned")


def _is_generated(var: e.Var, place: ProgramPoint) -> bool:
    entry = place.query.entry(var.index)
    found = place.prover.knowledge.column(entry.relation, var.column)
    return found is None or found.generated != ""


def _may_be_changed(place: ProgramPoint) -> bool:
    """Return True if a trigger can write other values than the statement does."""
    entry = place.query.entry(place.query.result_relation)
    relation = place.prover.knowledge.catalog.relations.get(entry.relation)
    if relation is None or relation.kind is not RelationKind.TABLE:
        # Partitions and foreign tables can have other triggers.
        return True
    events = set(_EVENTS[place.query.command])
    if place.query.on_conflict is not None and place.query.on_conflict.update:
        events.add("update")
    return relation.has_children or any(
        trigger.row_level and (trigger.before or trigger.instead_of)
        for trigger in relation.triggers
        if events.intersection(trigger.events)
    )


def always_inserts(place: ProgramPoint) -> bool:
    """Return True if an INSERT of VALUES returns each of its rows."""
    query = place.query
    conflict = query.on_conflict
    if conflict is not None and not (conflict.update and conflict.condition is None):
        return False
    if conflict is not None and any(
        cte.query.command is not CommandType.SELECT for cte in query.ctes
    ):
        # DO UPDATE skips a row that the same statement has already written.
        return False
    if query.join_tree is not None and query.join_tree.condition is not None:
        # A rewrite rule with a condition makes such an INSERT.
        return False
    items = query.join_tree.items if query.join_tree else ()
    listed = all(
        isinstance(item, RangeTableRef)
        and query.entry(item.index).kind is RteKind.VALUES
        for item in items
    )
    # A trigger can skip rows.
    return listed and not _may_be_changed(place)
