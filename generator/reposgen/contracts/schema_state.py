"""At which migration a database is, told from its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reposgen.live_schema.model.objects import SchemaObject

    Objects = Mapping[SchemaObject, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An object that a database has otherwise than the migrations make it.

    Attributes:
        name: `column public.tasks.title`.
        found: its definition in the database; None if it does not exist there.
        expected: that of the migrations; None if they do not make it.
    """

    name: str
    found: str | None
    expected: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationState:
    """At which migration a database is.

    Attributes:
        applied: those that the database has, in order; where there are differences,
            those that make the schema that is most like it, or that it has a record of.
        unknown: those that it can have or lack: with or without them, the schema is the
            same in the end.
        missing: those that it lacks.
        differences: from the schema that the applied ones make; empty if the database
            has it, and all of this is proved.
        record: the version table that says which of those in doubt were applied.
    """

    applied: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    record: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What a version table says.

    Attributes:
        table: its name.
        applied: the migrations that it lists.
    """

    table: str
    applied: frozenset[str]


def find_state(
    live: Objects,
    states: Sequence[Objects],
    files: Sequence[str],
    record: Record | None = None,
) -> MigrationState:
    """Return at which migration a database is.

    Only objects in schemas that a migration makes objects in are compared.

    Args:
        live: the objects of the database.
        states: the objects after no migration, after the first one, and so on.
        files: the migrations.
        record: what a version table says: it counts where the objects leave a doubt.
    """
    known = {one for state in states for one in state}
    schemas = {one.schema for one in known}
    own = {
        one: definition
        for one, definition in live.items()
        if one.schema in schemas and (one.kind != "extension" or one in known)
    }
    listed = _listed(files, record)
    same = [number for number, state in enumerate(states) if state == own]
    if same and listed is not None and same[0] <= listed <= same[-1]:
        same = [listed]
    elif same:
        record = None
    if same:
        return MigrationState(
            applied=tuple(files[: same[0]]),
            unknown=tuple(files[same[0] : same[-1]]),
            missing=tuple(files[same[-1] :]),
            record=record.table if record else None,
        )
    closest = listed
    if closest is None:
        record = None
        closest = min(range(len(states)), key=lambda n: (_distance(own, states[n]), -n))
    return MigrationState(
        applied=tuple(files[:closest]),
        missing=tuple(files[closest:]),
        differences=differences(own, states[closest]),
        record=record.table if record else None,
    )


def _listed(files: Sequence[str], record: Record | None) -> int | None:
    """Return how many of the first migrations a version table lists, and no others."""
    if record is None:
        return None
    count = sum(file in record.applied for file in files)
    return count if record.applied.issuperset(files[:count]) else None


def differences(live: Objects, state: Objects) -> tuple[Difference, ...]:
    """Return the objects that differ, without the parts of those that are missing."""
    found = [
        (one, live.get(one), state.get(one))
        for one in {**live, **state}
        if live.get(one) != state.get(one)
    ]
    whole = {
        f"{one.name}."
        for one, here, there in found
        if here is None or there is None
        if one.kind in {"table", "view", "materialized view", "foreign table", "type"}
    }
    return tuple(
        Difference(name=str(one), found=here, expected=there)
        for one, here, there in sorted(found, key=lambda each: str(each[0]))
        if not any(one.name.startswith(name) for name in whole)
    )


def _distance(live: Objects, state: Objects) -> int:
    return sum(live.get(one) != state.get(one) for one in {**live, **state})
