"""Rows that foreign key actions, such as ON DELETE CASCADE, change in other tables.

An action changes the rows whose foreign key has a value of the changed key. If the key
is pinned to known values, so is the foreign key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from reposgen.analysis.caching.spelling import kind_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from reposgen.analysis.caching.model import KeyValue
    from reposgen.live_schema.model import Catalog, Constraint, Relation

    Pins: TypeAlias = dict[str, tuple[KeyValue, ...]]
    Reached: TypeAlias = tuple[int, frozenset[tuple[str, tuple[KeyValue, ...]]]]

_ACTS = frozenset({"c", "n", "d"})
_SETS_DEFAULT = "d"


def actions(
    catalog: Catalog,
    relation: Relation,
    known: Mapping[str, tuple[KeyValue, ...]],
    assigned: Collection[int] | None,
) -> Iterator[tuple[Relation, Pins]]:
    """Yield the tables that actions change, each chain as far as it leads.

    Args:
        catalog: catalog of the database.
        relation: the table that a statement writes.
        known: its columns whose values, before and after the change, are known.
        assigned: its columns that change; None if whole rows are deleted.

    Yields:
        A table, and its columns whose values are known in all changed rows.
    """
    waiting = [(relation, known, assigned)]
    seen: set[Reached] = set()
    while waiting:
        parent, pins, columns = waiting.pop()
        for member, child, constraint in _acting(catalog, parent, columns):
            carried = _carried(catalog, member, pins, child, constraint)
            if (state := (child.oid, frozenset(carried.items()))) in seen:
                continue
            seen.add(state)
            waiting.append((child, carried, None))
            for oid in family(catalog, child):
                other = catalog.relations[oid]
                names = {column.name for column in other.columns}
                yield other, carried if carried.keys() <= names else {}


def followed_actions(
    catalog: Catalog, relation: Relation, assigned: Collection[int] | None
) -> set[int]:
    """Return the oids of the tables in which actions change rows.

    Args:
        catalog: catalog of the database.
        relation: the table that a statement writes.
        assigned: its columns that change; None if whole rows are deleted.
    """
    found: set[int] = set()
    waiting = [(relation, assigned)]
    while waiting:
        for _, child, _ in _acting(catalog, *waiting.pop()):
            if child.oid not in found:
                found.add(child.oid)
                waiting.append((child, None))
    return found


def family(catalog: Catalog, relation: Relation) -> set[int]:
    """Return the oids of a table, its parents and its descendants."""
    below = catalog.descendants.get(relation.oid, ())
    return {relation.oid, *(r.oid for r in (*catalog.ancestors(relation), *below))}


def meets_trigger(
    relation: Relation, event: str, assigned: Collection[int] = ()
) -> bool:
    """Return True if a trigger can change a row before it is written."""
    return any(
        trigger.before
        and event in trigger.events
        and not (
            event == "update"
            and trigger.columns
            and set(trigger.columns).isdisjoint(assigned)
        )
        for trigger in relation.triggers
    )


def _acting(
    catalog: Catalog, relation: Relation, assigned: Collection[int] | None
) -> Iterator[tuple[Relation, Relation, Constraint]]:
    """Yield what foreign key actions a change of a table sets off.

    Args:
        catalog: catalog of the database.
        relation: the table.
        assigned: its columns that change; None for all.

    Yields:
        The table, or its parent or descendant, that a foreign key refers to, the table
        that the action changes, and the foreign key.
    """
    changing = None if assigned is None else _names(relation, assigned)
    for oid in family(catalog, relation):
        for child, constraint in catalog.references.get(oid, ()):
            if not {constraint.on_delete, constraint.on_update} & _ACTS:
                continue
            # Columns of partitions can have other numbers.
            member = catalog.relations[oid]
            key = _names(member, constraint.referenced_columns)
            if changing is None or not key.isdisjoint(changing):
                yield member, child, constraint


def _carried(
    catalog: Catalog,
    parent: Relation,
    known: Mapping[str, tuple[KeyValue, ...]],
    child: Relation,
    constraint: Constraint,
) -> Pins:
    """Return the pinned columns of the rows that an action changes.

    The values include those before and those after the change. An action that sets
    NULL adds no value that a key can have.
    """
    events = {constraint.on_delete, constraint.on_update} & _ACTS
    if _SETS_DEFAULT in events or constraint.is_period:
        return {}
    if any(
        meets_trigger(catalog.relations[oid], event, constraint.columns)
        for oid in family(catalog, child)
        for event in ("update", "delete")
    ):
        return {}
    carried: Pins = {}
    pairs = zip(constraint.columns, constraint.referenced_columns, strict=True)
    for own, other in pairs:
        column, key = child.column(own), parent.column(other)
        if column is None or key is None or key.name not in known:
            continue
        kind = kind_of(column.type)
        if kind is None or kind != kind_of(key.type):
            continue
        # The values of a foreign key can differ from those that they are equal to.
        if kind == "text" and catalog.nondeterministic:
            continue
        carried[column.name] = known[key.name]
    return carried


def _names(relation: Relation, numbers: Collection[int]) -> set[str]:
    """Return the names of columns."""
    return {column.name for column in relation.columns if column.number in numbers}
