"""At which migration a database is, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.contracts.schema_state import Difference, MigrationState

# Objects that are named; and how long a definition is that is shown.
_SHOWN: Final = 20
_LONGEST: Final = 120


def state_lines(states: Mapping[str, MigrationState]) -> Iterator[str]:
    """Yield what is said of databases, by the names of packages."""
    for package, state in states.items():
        lines = _differing(state) if state.differences else _proved(state)
        for number, line in enumerate(lines):
            yield f"  {line}" if number else f"{package}: {line}"


def state_document(state: MigrationState | None) -> object:
    """Return what `findings.schema.json` calls `migrations`."""
    if state is None:
        return None
    return {
        "applied": list(state.applied),
        "unknown": list(state.unknown),
        "missing": list(state.missing),
        "differences": [
            {"object": one.name, "database": one.found, "migrations": one.expected}
            for one in state.differences
        ],
        "record": state.record,
    }


def _proved(state: MigrationState) -> Iterator[str]:
    at = f"is at {state.applied[-1]}" if state.applied else "has no migration"
    if not state.missing and not state.unknown:
        yield f"the database {at}, the last migration"
    elif state.missing:
        yield f"the database {at}; {_listed(state.missing)} missing"
    else:
        yield f"the database {at}"
    if state.unknown:
        yield (
            f"it cannot be told whether {_listed(state.unknown)} applied: the schema"
            " does not show it"
        )


def _differing(state: MigrationState) -> Iterator[str]:
    after = f"after {state.applied[-1]}" if state.applied else "before all migrations"
    why = f", the last one in {state.record}" if state.record else ", the closest one"
    yield (
        "no migration leaves the schema that the database has: it was changed by hand."
        f" Compared with the schema {after}{why}:"
    )
    yield from map(_difference, state.differences[:_SHOWN])
    if len(state.differences) > _SHOWN:
        yield f"and {len(state.differences) - _SHOWN} more objects"


def _difference(one: Difference) -> str:
    if one.found is None:
        return f"{one.name} does not exist"
    if one.expected is None:
        return f"{one.name} is not made by these migrations"
    found, expected = " ".join(one.found.split()), " ".join(one.expected.split())
    if len(found) > _LONGEST or len(expected) > _LONGEST:
        return f"{one.name} has another definition"
    return f"{one.name} is {found or 'plain'}, the migrations say {expected or 'plain'}"


def _listed(files: Sequence[str]) -> str:
    *others, last = files
    if not others:
        return f"{last} is"
    shown = ", ".join(others[:_SHOWN])
    if len(others) > _SHOWN:
        shown += f" and {len(others) - _SHOWN} more"
    return f"{shown} and {last} are"
