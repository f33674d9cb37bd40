"""What contenders have in common.

The methods of a contender are the operations; they give what generated ones give,
objects, but for the base of all ratios, which gives tuples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.types.json import Jsonb
from tests.benchmarks.tasks import COLUMNS, Task, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

JSON_COLUMNS: Final = ("parameters", "result")
_JSON_PLACES: Final = tuple(map(COLUMNS.index, JSON_COLUMNS))
# The columns of a page's key.
_CREATED: Final = COLUMNS.index("created_at")
_ID: Final = COLUMNS.index("id")


class Peer:
    """A contender on a database."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo

    def params(self, tasks: Sequence[Task]) -> Sequence[Any]:
        """Tasks as a batch or a COPY takes them; not part of what is timed."""
        return tasks

    def empty(self) -> None:
        """Empty the tables that COPY fills; not timed either."""
        with psycopg.connect(self.conninfo) as connection:
            connection.execute("TRUNCATE tasks_in, points_in")


def psycopg_values(task: Task) -> Sequence[Any]:
    """The row as psycopg wants it: jsonb wrapped."""
    row = list(values_of(task))
    for place in _JSON_PLACES:
        if row[place] is not None:
            row[place] = Jsonb(row[place])
    return row


def as_dict(task: Task) -> dict[str, Any]:
    """The row by its columns' names."""
    return dict(zip(COLUMNS, values_of(task), strict=True))


def key_of(row: Sequence[Any]) -> tuple[Any, Any]:
    """Where the page behind a row begins."""
    return row[_CREATED], row[_ID]
