"""The settings of a session that values are written by, where they go as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .errors import UnsuitableSession
from .statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A role or a database can have others than these.
_RELIED_ON: Final[Mapping[str, str]] = {
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "client_encoding": "UTF8",
}
# What PgBouncer gives back to a client on whatever connection that gets.
_TRACKED: Final = frozenset({"DateStyle", "standard_conforming_strings"})

CURRENT: Final = Statement[tuple[str | bytes, ...]](
    "settings",
    "SELECT "
    + ", ".join(f"pg_catalog.current_setting('{name}')" for name in _RELIED_ON),
    results=("text",) * len(_RELIED_ON),
    row=lambda *values: values,
    read_only=True,
)


def unsuited(values: Sequence[str | bytes]) -> dict[str, str]:
    """The settings that are not what is relied on, with what they should be.

    Args:
        values: a row of `CURRENT`.
    """
    # Where the client's encoding is SQL_ASCII, psycopg gives bytes for text.
    texts = (v if isinstance(v, str) else bytes(v).decode() for v in values)
    return {
        name: wanted
        for (name, wanted), value in zip(_RELIED_ON.items(), texts, strict=True)
        if not _is_suited(name, value, wanted)
    }


def _is_suited(name: str, value: str, wanted: str) -> bool:
    match name:
        case "DateStyle":
            # Behind it is the order of day and month, which only input asks for.
            return value.partition(",")[0] == wanted
        case "extra_float_digits":
            return int(value) >= int(wanted)
        case _:
            return value == wanted


def change(settings: Mapping[str, str]) -> str:
    """The command that gives a session these settings of `unsuited`."""
    calls = (
        f"pg_catalog.set_config('{name}', '{value}', false)"
        for name, value in settings.items()
    )
    return f"SELECT {', '.join(calls)}"


def tracked(settings: Mapping[str, str]) -> dict[str, str]:
    """Those of the settings that a session keeps in PgBouncer's transaction mode."""
    return {name: value for name, value in settings.items() if name in _TRACKED}


def require_suited(values: Sequence[str | bytes], query: str) -> None:
    """Refuse a connection of the caller's that would change values.

    Raises:
        UnsuitableSession: it would.
    """
    if settings := unsuited(values):
        commands = "; ".join(f"SET {name} TO {to}" for name, to in settings.items())
        raise UnsuitableSession(
            f"the connection's settings change how values are written: run {commands}",
            query=query,
        )
