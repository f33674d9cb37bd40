"""Functions that batches and COPY share, in the asynchronous and synchronous code."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

from .codec import read_first, read_rows
from .errors import NotFound, TooManyRows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg.pq.abc import PGresult

    from .codec import Codec
    from .statement import Statement

T = TypeVar("T")


def arguments_of(statement: Statement[Any]) -> Callable[[Any], Sequence[Any]]:
    """Return a function that maps an item to the statement's arguments."""
    fields = statement.fields
    match len(fields):
        case 0:
            return lambda item: (item,)
        case 1:
            only = attrgetter(*fields)
            return lambda item: (only(item),)
        case _:
            return attrgetter(*fields)


def read_count(_codec: Codec[Any], result: PGresult, _item: int) -> int:
    """Return the number of rows that an item affected."""
    return result.command_tuples or 0


def read_all(codec: Codec[T], result: PGresult, _item: int) -> list[T]:
    """Return the rows of an item."""
    return read_rows(codec, result)


def read_only_row(codec: Codec[T], result: PGresult, item: int) -> T:
    """Return the only row of an item.

    Raises:
        NotFound: the statement returned no row.
        TooManyRows: the statement returned more than one row.
    """
    rows = read_rows(codec, result)
    query = codec.statement.name
    if len(rows) == 1:
        return rows[0]
    if rows:
        raise TooManyRows("more than one row", query=query, item=item)
    raise NotFound("no row", query=query, item=item)


def read_first_row(codec: Codec[T], result: PGresult, item: int) -> T:
    """Return the first row of an item.

    Raises:
        NotFound: the statement returned no row.
    """
    for row in read_first(codec, result):
        return row
    raise NotFound("no row", query=codec.statement.name, item=item)
