"""Errors of writes by version that affected no row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ConditionFailed, NotFound, RepositoryError, StaleRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .statement import Optimistic


def conflict_error(
    query: str, optimistic: Optimistic, values: Sequence[Any], found: Sequence[Any]
) -> RepositoryError:
    """Return the error for a write that affected no row.

    Args:
        query: the statement's name.
        optimistic: the statement's probe.
        values: the arguments of the call.
        found: the probe's result: the version of the row, or empty if there is none.
    """
    expected = values[optimistic.expected]
    if not found and not optimistic.inserts:
        return NotFound("no row", query=query)
    actual = found[0] if found else None
    if actual is not None and actual == expected:
        return ConditionFailed(
            "the row is there in this version, but another condition refuses it",
            query=query,
        )
    return StaleRow(
        "the row was changed since it was read",
        query=query,
        expected=expected,
        actual=actual,
    )
