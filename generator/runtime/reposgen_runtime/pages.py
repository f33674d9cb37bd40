"""Keyset pages: the SQL of a page, and the keys of its cursors.

A page selects from the query, without its ORDER BY, as a subquery. This is correct for
every query (DISTINCT, GROUP BY, UNION, window functions). PostgreSQL flattens a simple
subquery, so that an index serves the boundary as if it were part of the query.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Final, Generic, Literal, TypeVar

from .catalog import parse_name, sql_type
from .conversions import AsText

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")

_BUILT_IN: Final = "pg_catalog"
_TIMES: Final = frozenset({"date", "timestamp", "timestamptz"})


class Written(AsText):
    """Name of a type whose values are given in PostgreSQL's text format."""

    __slots__ = ()

    whole: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of an ordered result.

    Attributes:
        items: rows in the requested order, whichever way the page was reached.
        next: the `after` of the following page; None if this is the last.
        previous: the `before` of the preceding page; None if this is the first.
        total: number of rows on all pages; None if it was not requested.
    """

    items: list[T]
    next: str | None
    previous: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """A result column that rows are sorted by.

    Attributes:
        name: the name in `sort=`.
        column: its index in the result.
        nullable: True if the column can be NULL.
        nulls: position of NULLs; None for PostgreSQL's default, which is last in
            ascending and first in descending order.
        operators: the schema of the comparison operators. It prevents operators of the
            same name on the `search_path` from being used.
    """

    name: str
    column: int
    descending: bool = False
    nullable: bool = False
    nulls: Literal["first", "last"] | None = None
    operators: str = _BUILT_IN

    @property
    def nulls_first(self) -> bool:
        """True if NULLs come before all values."""
        return self.descending if self.nulls is None else self.nulls == "first"

    def reversed(self) -> Key:
        """Return the key for the reverse order, including NULLs."""
        nulls = self.nulls
        if nulls is not None:
            nulls = "last" if nulls == "first" else "first"
        return replace(self, descending=not self.descending, nulls=nulls)


@dataclass(frozen=True, slots=True)
class Ordering:
    """The orders that a query's rows can have.

    Attributes:
        default: the query's own ORDER BY.
        unique: number of trailing keys that are unique together.
        choices: keys that `sort=` can name, ascending; a leading `-` sorts descending.
    """

    default: tuple[Key, ...]
    unique: int = 1
    choices: tuple[Key, ...] = ()

    @property
    def sorts(self) -> Iterable[str]:
        """All values that `sort=` accepts."""
        return (f"{sign}{key.name}" for key in self.choices for sign in ("", "-"))

    def keys(self, sort: str | None) -> tuple[Key, ...] | None:
        """Return the keys of a sort; None if the query does not offer it.

        Args:
            sort: `created_at`, `-created_at`, or None for the default.
        """
        if sort is None:
            return self.default
        name = sort.removeprefix("-")
        chosen = next((key for key in self.choices if key.name == name), None)
        if chosen is None:
            return None
        chosen = replace(chosen, descending=sort != name)
        # The tie-breaker runs with the chosen column, so that one index serves both.
        unique = self.default[-self.unique :]
        turn = unique[0].descending is not chosen.descending
        behind = (key.reversed() if turn else key for key in unique)
        return (chosen, *(key for key in behind if key.column != chosen.column))


@dataclass(frozen=True, slots=True)
class PageQuery:
    """SQL of one page; its last parameter is the number of rows.

    Attributes:
        sql: each row has the statement's columns, then the keys as text, then the
            total number of rows if it is requested.
        parameters: type names of the parameters after the statement's own.
        results: type names of the columns after the statement's own.
    """

    sql: str
    parameters: tuple[str, ...]
    results: tuple[str, ...]


def page_query(
    sql: str,
    *,
    parameters: int,
    results: Sequence[str],
    keys: Sequence[Key],
    boundary: Sequence[bool] | None,
    total: bool = False,
) -> PageQuery:
    """Return the SQL of the rows after a boundary, or of the first rows.

    Args:
        sql: the query without its ORDER BY.
        parameters: number of the query's own parameters.
        results: type names of its columns.
        keys: keys to sort by, in the direction of paging.
        boundary: for each key, True if it is not NULL in the boundary row, whose values
            are parameters; None for the first rows.
        total: True to count all rows as well.
    """
    names = ", ".join(f"c{index}" for index in range(len(results)))
    hidden = [f"{_written(key, results)} AS key{n}" for n, key in enumerate(keys)]
    if total:
        hidden.append(f"({count_query(sql)})")
    given = (
        [key for key, known in zip(keys, boundary, strict=True) if known]
        if boundary
        else []
    )
    values = {
        key.column: f"${parameters + n}::{sql_type(results[key.column])}"
        for n, key in enumerate(given, start=1)
    }
    return PageQuery(
        sql="\n".join(
            (
                f"SELECT page.*, {', '.join(hidden)} FROM (",
                sql.strip(),
                f") AS page({names})",
                *((f"WHERE {_behind(keys, values)}",) if boundary else ()),
                f"ORDER BY {', '.join(map(_term, keys))}",
                f"LIMIT ${parameters + len(given) + 1}",
            )
        ),
        parameters=(*(_bound(str(results[key.column])) for key in given), "int8"),
        results=("text",) * len(keys) + (("int8",) if total else ()),
    )


def count_query(sql: str) -> str:
    """Return the SQL that counts a query's rows."""
    return f"SELECT {_BUILT_IN}.count(*) FROM (\n{sql.strip()}\n) AS page"


@cache
def _bound(type_name: str) -> Written:
    # Adapters are kept for each object, so there is one object per type.
    return Written(type_name, str)


def _written(key: Key, results: Sequence[str]) -> str:
    """Return the SQL of a key's value as text that every session reads alike."""
    column = f"c{key.column}"
    parsed = parse_name(results[key.column])
    if parsed.schema == _BUILT_IN and parsed.name in _TIMES and not parsed.is_array:
        # JSON's times are ISO 8601, whatever DateStyle is.
        return f"{_BUILT_IN}.to_json({column}) OPERATOR({_BUILT_IN}.#>>) '{{}}'"
    # `format` is independent of user-defined casts; a row is a value, even if all its
    # fields are NULL.
    text = f"{_BUILT_IN}.format('%s', {column})"
    if not key.nullable:
        return text
    return f"CASE WHEN {column} IS DISTINCT FROM NULL THEN {text} END"


def _operator(name: str, key: Key) -> str:
    schema = key.operators.replace('"', '""')
    return f'OPERATOR("{schema}".{name})'


def _term(key: Key) -> str:
    direction = " DESC" if key.descending else ""
    nulls = f" NULLS {key.nulls.upper()}" if key.nulls else ""
    return f"c{key.column}{direction}{nulls}"


def _behind(keys: Sequence[Key], values: dict[int, str]) -> str:
    """Return the condition for rows after the boundary; a missing value means NULL."""
    alike = {(key.descending, key.operators) for key in keys}
    if len(alike) == 1 and not any(key.nullable for key in keys):
        columns = ", ".join(f"c{key.column}" for key in keys)
        bounds = ", ".join(values[key.column] for key in keys)
        operator = _operator("<" if keys[0].descending else ">", keys[0])
        return f"({columns}) {operator} ({bounds})"
    condition = _chain(keys, values)
    first = keys[0]
    if first.column in values and not first.nullable:
        # A bound for an index, which cannot use the chain of ORs.
        operator = _operator("<=" if first.descending else ">=", first)
        condition = (
            f"c{first.column} {operator} {values[first.column]} AND ({condition})"
        )
    return condition


def _chain(keys: Sequence[Key], values: dict[int, str]) -> str:
    key, rest = keys[0], keys[1:]
    column = f"c{key.column}"
    value = values.get(key.column)
    if value is None:
        # A row is a value, even if all its fields are NULL, for which IS NULL is true.
        beyond = f"{column} IS DISTINCT FROM NULL" if key.nulls_first else "FALSE"
        equal = f"{column} IS NOT DISTINCT FROM NULL"
    else:
        beyond = f"{column} {_operator('<' if key.descending else '>', key)} {value}"
        if key.nullable and not key.nulls_first:
            beyond += f" OR {column} IS NOT DISTINCT FROM NULL"
        equal = f"{column} {_operator('=', key)} {value}"
    if not rest:
        return beyond
    return f"{beyond} OR ({equal} AND ({_chain(rest, values)}))"
