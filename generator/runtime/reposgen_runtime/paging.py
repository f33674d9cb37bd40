"""Execution of one page: the choice of its statement, and the page made of its rows."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from .cursors import binding_of, decode_cursor, encode_cursor, forged
from .errors import InvalidArgument
from .pages import Page, count_query, page_query
from .variants import unknown_sort

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .errors import RepositoryError
    from .pages import Key
    from .statement import Statement
    from .variants import Variants

T = TypeVar("T")

# The server's context, in its language, for a parameter whose text it cannot read:
# "unnamed portal parameter $3 = '...'".
_PARAMETER: Final = re.compile(r"\$(\d+)(?: = '.*')?\Z", re.DOTALL)


class PageRequest(Generic[T]):
    """A requested page.

    Attributes:
        statement: its rows are pairs of a row and the hidden columns after it.
        values: the statement's arguments.
    """

    def __init__(
        self,
        variants: Variants[T],
        values: Sequence[Any],
        *,
        limit: int,
        after: str | None,
        before: str | None,
        total: bool,
        sort: str | None,
    ) -> None:
        """Choose the statement.

        Raises:
            InvalidArgument: the limit is below 1, the sort is unknown, or there are two
                cursors.
            InvalidCursor: the cursor is damaged, or belongs to another query or sort.
        """
        query = variants.name
        if limit < 1:
            raise InvalidArgument(f"limit is {limit}: it begins at 1", query=query)
        if after is not None and before is not None:
            raise InvalidArgument("after and before exclude each other", query=query)
        ordering = variants.ordering
        keys = ordering.keys(sort)
        if keys is None:
            raise unknown_sort(sort or "", ordering.sorts, query)
        self._variants = variants
        self._given = variants.given(values)
        self._own_values = variants.sent(values)
        self._limit = limit
        self._backwards = before is not None
        self._total = total
        self._keys = len(keys)
        self._binding = binding_of(query, variants.results, keys)
        cursor = before if after is None else after
        self._boundary = (
            None
            if cursor is None
            else decode_cursor(cursor, self._binding, keys, query)
        )
        travel = [key.reversed() for key in keys] if self._backwards else keys
        self.statement = self._page_statement(travel, sort)
        bounds = [value for value in self._boundary or () if value is not None]
        # One additional row shows if there is another page.
        self.values = (*self._own_values, *bounds, limit + 1)

    def _page_statement(
        self, travel: Sequence[Key], sort: str | None
    ) -> Statement[tuple[T, tuple[Any, ...]]]:
        variants, boundary = self._variants, self._boundary
        known = (
            None if boundary is None else tuple(value is not None for value in boundary)
        )
        query = partial(
            page_query,
            parameters=len(variants.parameters),
            results=variants.results,
            keys=travel,
            boundary=known,
            total=self._total,
        )

        def change(attributes: dict[str, Any]) -> None:
            shape = query("")
            attributes["parameters"] += shape.parameters
            attributes["results"] += shape.results
            attributes["row"] = _row(variants.row, len(variants.results))

        key = ("page", self._given, sort, self._backwards, known, self._total)
        return variants.built(key, self._given, lambda: query(self._sql()).sql, change)

    def counting(self) -> tuple[Statement[int], Sequence[Any]]:
        """Return the statement that counts all rows, and its arguments."""

        def change(attributes: dict[str, Any]) -> None:
            attributes |= {"results": ("int8",), "row": None}

        key = ("count", self._given)
        statement = self._variants.built(
            key, self._given, lambda: count_query(self._sql()), change
        )
        return statement, self._own_values

    def blamed(self, error: RepositoryError) -> RepositoryError:
        """Return the statement's error, or `InvalidCursor` if the cursor caused it."""
        cause = error.driver_error
        context = None if cause is None else cause.diag.context
        found = None if context is None else _PARAMETER.search(context)
        own = len(self._own_values)
        if found is None or not own < int(found[1]) < len(self.values):
            return error
        return forged(self._variants.name)

    def _sql(self) -> str:
        return self._variants.sql(self._given, ordered=False)

    def must_count(self, rows: Sequence[object]) -> bool:
        """Return True if the total is requested and the page has no row with it."""
        return self._total and not rows and self._boundary is not None

    def page(
        self, rows: Sequence[tuple[T, tuple[Any, ...]]], counted: int | None
    ) -> Page[T]:
        """Return the page made of the statement's rows.

        Args:
            rows: the statement's rows.
            counted: the total from a separate statement; None if the rows contain it.
        """
        total = counted
        if self._total and counted is None:
            total = rows[0][1][self._keys] if rows else 0
        has_more = len(rows) > self._limit
        shown = rows[: self._limit]
        if self._backwards:
            shown = shown[::-1]
        # On the other side of the boundary there is at least the cursor's row.
        came_from = self._boundary is not None
        ahead, behind = (
            (came_from, has_more) if self._backwards else (has_more, came_from)
        )
        return Page(
            items=[row for row, _ in shown],
            next=self._cursor(shown[-1]) if shown and ahead else None,
            previous=self._cursor(shown[0]) if shown and behind else None,
            total=total,
        )

    def _cursor(self, row: tuple[T, tuple[Any, ...]]) -> str:
        return encode_cursor(self._binding, row[1][: self._keys])


def _row(make: Callable[..., T] | None, width: int) -> Callable[..., Any]:
    """Return a function that splits a result row into the row and hidden columns."""
    if make is None:
        return lambda first, *hidden: (first, hidden)
    return lambda *values: (make(*values[:width]), values[width:])
