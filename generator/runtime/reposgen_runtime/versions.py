"""Why a write by version met no row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import ConditionFailed, NotFound, RepositoryError, StaleRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .statement import Optimistic


def conflict_error(
    query: str, optimistic: Optimistic, values: Sequence[Any], found: Sequence[Any]
) -> RepositoryError:
    """The error for a write that met no row.

    Args:
        query: the statement's name.
        optimistic: of the statement.
        values: the arguments of the call.
        found: what the probe returned: the version of the row, if there is one.
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
