"""Matching of a package's writes with the cached reads that they invalidate.

A cached read depends on rows: all rows of a table, or those with certain keys. A write
with the same key invalidates only the results for its key values. A write without that
key invalidates all results that depend on such a key.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from reposgen.analysis.caching.model import ArgumentValue, LiteralValue, ReturnedValue
from reposgen.models import dataclass
from reposgen.python_model.model.caching import Invalidation
from reposgen.python_model.model.pytype import ARGUMENT, CACHED, EACH_OF, RESULT, ROWS
from reposgen.python_model.model.values import construct
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reposgen.analysis.caching.model import Access, Caching, KeyValue
    from reposgen.analysis.model import TypedQuery
    from reposgen.python_model.model.values import Construct, Value

    Columns = tuple[str, ...]

ANY_TABLE = "*"
# More combinations of literals say no more than that the rows can be any.
_MOST_COMBINATIONS = 20
_DEFAULT_LEVELS = ("l1", "l2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of a table, as the run time names them.

    Attributes:
        columns: columns of the key; empty for the whole table.
        values: values of those columns; empty for any.
        why: the cause of the change, if the statement does not name the table.
    """

    table: str
    columns: tuple[str, ...] = ()
    values: tuple[KeyValue, ...] = ()
    why: str = ""

    def __str__(self) -> str:
        if not self.columns:
            return self.table
        if not self.values:
            return f"{self.table} (any {', '.join(self.columns)})"
        return f"{self.table} (by {', '.join(self.columns)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePlan:
    """Caching attributes of a package's statements.

    Attributes:
        reads: rows that the result of each cached read depends on, by file and name of
            the query.
        writes: rows that each write changes and cached reads depend on, likewise.
    """

    reads: Mapping[tuple[str, str], tuple[Rows, ...]]
    writes: Mapping[tuple[str, str], tuple[Rows, ...]]

    def cached(self, typed: TypedQuery) -> Construct | None:
        """Return the `cache` attribute of a read's statement, or None."""
        caching = typed.cache
        if caching is None:
            return None
        rows = self.reads[_key(typed)]
        levels = caching.levels
        # An empty list is a result like any other.
        is_list = typed.command in (Command.MANY, Command.PAGE)
        negative = caching.negative_ms or (caching.ttl_ms if is_list else 0)
        return construct(
            CACHED,
            ttl=caching.ttl_ms / 1000,
            rows=tuple(_construct(one, typed) for one in rows),
            levels=None if set(levels) == set(_DEFAULT_LEVELS) else levels,
            negative=negative / 1000 if negative else None,
            stale=caching.stale_ms / 1000 if caching.stale_ms else None,
        )

    def changes(self, typed: TypedQuery) -> tuple[Value, ...]:
        """Return the `changes` attribute of a write's statement."""
        rows = self.writes.get(_key(typed), ())
        return tuple(_construct(one, typed) for one in rows)


def plan_caching(files: Iterable[tuple[str, Sequence[TypedQuery]]]) -> CachePlan:
    """Determine which cached reads each write of a package invalidates."""
    queries = [query for _, several in files for query in several]
    cached = [(query, query.cache) for query in queries if query.cache is not None]
    if not cached:
        return CachePlan(reads={}, writes={})
    changes = [access for query in queries for access in query.changes]
    reads = {
        _key(query): tuple(
            dict.fromkeys(
                rows
                for access in caching.depends
                for rows in _read_rows(access, caching, changes)
            )
        )
        for query, caching in cached
    }
    keys: dict[str, dict[Columns, None]] = {}
    for several in reads.values():
        for rows in several:
            keys.setdefault(rows.table, {})[rows.columns] = None
    return CachePlan(
        reads=reads,
        writes={
            _key(query): found
            for query in queries
            if (found := _written_rows(query.changes, keys))
        },
    )


def invalidations(
    files: Iterable[tuple[str, Sequence[TypedQuery]]],
) -> tuple[Invalidation, ...]:
    """Return which write of a package invalidates which cached read, and why."""
    several = [(path, tuple(queries)) for path, queries in files]
    plan = plan_caching(several)
    queries = [query for _, found in several for query in found]
    return tuple(
        Invalidation(
            read=read,
            write=write,
            table=table,
            is_precise=is_precise,
            why=why,
        )
        for read in queries
        if read.cache is not None
        for write in queries
        for table, is_precise, why in _matches(
            plan.reads[_key(read)], plan.writes.get(_key(write), ())
        )
    )


def _matches(
    reads: Sequence[Rows], writes: Sequence[Rows]
) -> Iterator[tuple[str, bool | None, str]]:
    """Yield the tables through which a write invalidates a read.

    Yields:
        The table, `is_precise` and `why` of an Invalidation.
    """
    for change in writes:
        if change.table == ANY_TABLE:
            yield "", False, f"it can write any table by {change.why}"
            return
    seen: set[str] = set()
    for rows in reads:
        for change in writes:
            if (change.table, change.columns) != (rows.table, rows.columns):
                continue
            if rows.table in seen:
                continue
            seen.add(rows.table)
            columns = ", ".join(rows.columns)
            by = f" by {change.why}" if change.why else ""
            if not rows.columns:
                yield rows.table, None, f"it changes {rows.table}{by}"
            elif change.values:
                yield rows.table, True, f"it changes {rows.table} by the same {columns}"
            else:
                yield (
                    rows.table,
                    False,
                    f"it changes {rows.table}{by}, with any {columns}",
                )


def _key(query: TypedQuery) -> tuple[str, str]:
    return query.query.source.path, query.name


def _read_rows(
    access: Access, caching: Caching, changes: Sequence[Access]
) -> Iterator[Rows]:
    """Yield the rows that a cached read depends on, by the most precise key."""
    pinned = {pin.column: pin.values for pin in access.pins}
    candidates: list[Columns] = [(column,) for column in pinned]
    if caching.key and set(caching.key) <= pinned.keys():
        candidates = [tuple(sorted(caching.key))]
    elif access.keys:
        candidates = list(access.keys)
    if not candidates:
        yield Rows(table=access.table)
        return

    def rank(columns: Columns) -> tuple[int, int, Columns]:
        imprecise = sum(
            change.table == access.table
            and not {pin.column for pin in change.pins}.issuperset(columns)
            for change in changes
        )
        return imprecise, len(columns), columns

    columns = min(candidates, key=rank)
    found = _combined(access.table, columns, pinned)
    if found is None:
        yield Rows(table=access.table)
    else:
        yield from found


def _written_rows(
    changes: Iterable[Access], keys: Mapping[str, Iterable[Columns]]
) -> tuple[Rows, ...]:
    """Return the rows that a write changes and cached reads depend on."""
    found: dict[tuple[str, Columns, tuple[KeyValue, ...]], Rows] = {}
    for access in changes:
        if not access.table:
            return (Rows(table=ANY_TABLE, why=access.why),)
        pinned = {pin.column: pin.values for pin in access.pins}
        for columns in keys.get(access.table, ()):
            several: Sequence[Rows] | None = None
            if columns and set(columns) <= pinned.keys():
                several = _combined(access.table, columns, pinned)
            if several is None:
                several = (Rows(table=access.table, columns=columns, why=access.why),)
            for rows in several:
                found.setdefault((rows.table, rows.columns, rows.values), rows)
    # Whoever changes any key changes each.
    every = {(t, c) for t, c, values in found if c and not values}
    return tuple(
        rows
        for (table, columns, values), rows in found.items()
        if not values or (table, columns) not in every
    )


def _combined(
    table: str, columns: Columns, pinned: Mapping[str, tuple[KeyValue, ...]]
) -> tuple[Rows, ...] | None:
    """Return rows for each combination of values; None if too many or none."""
    combinations = list(product(*(pinned[column] for column in columns)))
    if not 0 < len(combinations) <= _MOST_COMBINATIONS:
        return None
    return tuple(
        Rows(table=table, columns=columns, values=values) for values in combinations
    )


def _construct(rows: Rows, typed: TypedQuery) -> Construct:
    index = {p.number: place for place, p in enumerate(typed.parameters)}
    if not rows.columns:
        return construct(ROWS, rows.table)
    if not rows.values:
        return construct(ROWS, rows.table, rows.columns)
    values = tuple(_value(value, index) for value in rows.values)
    return construct(ROWS, rows.table, rows.columns, values)


def _value(value: KeyValue, index: Mapping[int, int]) -> Value:
    match value:
        case ArgumentValue(number=number, is_list=is_list):
            return construct(EACH_OF if is_list else ARGUMENT, index[number])
        case LiteralValue(text=text):
            return text
        case ReturnedValue(index=place):
            return construct(RESULT, place)
