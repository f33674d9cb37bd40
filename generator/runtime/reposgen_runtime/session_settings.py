"""Session settings that determine the text format of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .errors import UnsuitableSession
from .statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A role or a database can have different values.
_RELIED_ON: Final[Mapping[str, str]] = {
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "client_encoding": "UTF8",
}
# Settings that PgBouncer restores for a client on each server connection.
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
    """Return the settings that differ from the expected ones, with expected values.

    Args:
        values: a row of `CURRENT`.
    """
    # If the client encoding is SQL_ASCII, psycopg returns text as bytes.
    texts = (v if isinstance(v, str) else bytes(v).decode() for v in values)
    return {
        name: wanted
        for (name, wanted), value in zip(_RELIED_ON.items(), texts, strict=True)
        if not _is_suited(name, value, wanted)
    }


def _is_suited(name: str, value: str, wanted: str) -> bool:
    match name:
        case "DateStyle":
            # The order of day and month follows, which matters only for input.
            return value.partition(",")[0] == wanted
        case "extra_float_digits":
            return int(value) >= int(wanted)
        case _:
            return value == wanted


def change(settings: Mapping[str, str]) -> str:
    """Return the command that applies settings returned by `unsuited`."""
    calls = (
        f"pg_catalog.set_config('{name}', '{value}', false)"
        for name, value in settings.items()
    )
    return f"SELECT {', '.join(calls)}"


def tracked(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that PgBouncer keeps per client in transaction mode."""
    return {name: value for name, value in settings.items() if name in _TRACKED}


def require_suited(values: Sequence[str | bytes], query: str) -> None:
    """Check that a caller's connection has the expected settings.

    Raises:
        UnsuitableSession: a setting would change values.
    """
    if settings := unsuited(values):
        commands = "; ".join(f"SET {name} TO {to}" for name, to in settings.items())
        raise UnsuitableSession(
            f"the connection's settings change how values are written: run {commands}",
            query=query,
        )
