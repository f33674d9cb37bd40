"""Search for values that satisfy a table's conditions, as evaluated by the server."""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reposgen.testing.factories.tables import Column, Table

# How many combinations the server is to look at, at most.
MOST = 60_000
FIRST_TO_JUDGE_INPUT = 160000
_VALUE = re.compile(r"'(?:[^']|'')*'|\bVALUE\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition that rows must satisfy.

    Attributes:
        name: name for messages: `CHECK constraint "tasks_check"`.
        text: its SQL for messages.
        sql: an expression that is true or NULL if a row satisfies it.
        columns: columns that it can depend on.
    """

    name: str
    text: str
    sql: str
    columns: frozenset[str]


def conditions_of(
    table: Table, connection: psycopg.Connection[Any]
) -> tuple[Condition, ...]:
    """Return all conditions of a table, including its unique keys."""
    found = [
        Condition(
            name=f'CHECK constraint "{name}"',
            text=text,
            sql=text,
            columns=table.mentioned(text),
        )
        for name, text in table.checks
    ]
    for column in table.columns:
        own = sql.Identifier(column.name).as_string(connection)
        found += [
            Condition(
                name=f'CHECK constraint "{name}" of the domain of {column.name}',
                text=text,
                sql=_of_value(text, own),
                columns=frozenset({column.name}),
            )
            for name, text in column.domain_checks
        ]
    if table.partitions is not None:
        found.append(
            Condition(
                name="a partition for the row",
                text=table.partitions,
                sql=table.partitions,
                columns=table.mentioned(table.partitions),
            )
        )
    name = sql.Identifier(table.schema, table.name).as_string(connection)
    for key in table.keys:
        where = key.predicate or "true"
        texts = " ".join((*key.expressions, key.predicate or ""))
        numbered = [*enumerate(key.expressions)]
        existing = ", ".join(f"({text}) AS k{i}" for i, text in numbered)
        agree = " AND ".join(
            f"existing.k{i} {operator} candidate.k{i}"
            for i, operator in enumerate(key.operators)
        )
        found.append(
            Condition(
                name=f'key "{key.name}"',
                text=", ".join(key.expressions),
                sql=f"NOT ({where}) OR NOT EXISTS (SELECT FROM"
                f" (SELECT {existing} FROM {name} WHERE {where}) AS existing,"
                f" (SELECT {existing}) AS candidate WHERE {agree})",
                columns=table.mentioned(texts),
            )
        )
    return tuple(found)


def _of_value(text: str, column: str) -> str:
    """Return a condition on VALUE as one on a column."""
    return _VALUE.sub(lambda found: column if found[0] == "VALUE" else found[0], text)


def unmet(
    connection: psycopg.Connection[Any],
    table: Table,
    conditions: Sequence[Condition],
    rows: Sequence[Mapping[str, str | None]],
) -> list[list[Condition]]:
    """Return, for each row, the conditions that its values do not meet."""
    if not conditions or not rows:
        return [[] for _ in rows]
    names = sorted({name for c in conditions for name in c.columns})
    columns = [c for c in table.insertable if c.name in names]
    alias = sql.Identifier(table.name).as_string(connection)
    listed = ", ".join(
        "({})".format(
            ", ".join([str(i), *(_typed(row[c.name], c, connection) for c in columns)])
        )
        for i, row in enumerate(rows)
    )
    named = ", ".join(sql.Identifier(c.name).as_string(connection) for c in columns)
    head = f"_row{', ' if named else ''}{named}"
    computed = _computed(table, names, connection)
    tests = ", ".join(f"(({c.sql}) IS NOT FALSE)" for c in conditions)
    query = (
        f"SELECT ARRAY[{tests}] FROM (SELECT *{computed} FROM (VALUES {listed})"
        f" AS {alias} ({head})) AS {alias} ORDER BY _row"
    )
    result = _asked(connection, query)
    if result is None:
        return [[] for _ in rows]
    return [
        [c for c, met in zip(conditions, mets, strict=True) if not met]
        for (mets,) in result
    ]


def choose(
    connection: psycopg.Connection[Any],
    table: Table,
    conditions: Sequence[Condition],
    candidates: Mapping[str, Sequence[str | None]],
) -> dict[str, int] | None:
    """Return the indexes of candidates that together satisfy the conditions.

    The sum of the indexes is as small as possible. It is None if no candidates do.
    """
    names = sorted({name for c in conditions for name in c.columns})
    columns = [c for c in table.insertable if c.name in names]
    lists = {c.name: [*enumerate(candidates[c.name])] for c in columns}
    while prod(len(one) for one in lists.values()) > MOST:
        longest = max(lists.values(), key=len)
        longest.pop()
    alias = sql.Identifier(table.name).as_string(connection)
    sources, selected, ranks = [], [], []
    for i, column in enumerate(columns):
        rows = ", ".join(
            f"({rank}, {_typed(value, column, connection)})"
            for rank, value in lists[column.name]
        )
        sources.append(f"(VALUES {rows}) AS _c{i} (rank, value)")
        name = sql.Identifier(column.name).as_string(connection)
        selected.append(f"_c{i}.value AS {name}, _c{i}.rank AS _rank{i}")
        ranks.append(f"_rank{i}")
    if not columns:
        return None
    computed = _computed(table, names, connection)
    tests = " AND ".join(f"(({c.sql}) IS NOT FALSE)" for c in conditions)
    query = (
        f"SELECT ARRAY[{', '.join(ranks)}] FROM (SELECT *{computed} FROM"
        f" (SELECT {', '.join(selected)} FROM {' CROSS JOIN '.join(sources)}"
        f" OFFSET 0) AS {alias}) AS {alias} WHERE {tests}"
        f" ORDER BY {' + '.join(ranks)}, {', '.join(ranks)} LIMIT 1"
    )
    result = _asked(connection, query)
    if not result:
        return None
    return {c.name: rank for c, rank in zip(columns, result[0][0], strict=True)}


def groups(conditions: Iterable[Condition]) -> list[list[Condition]]:
    """Return the conditions, grouped by shared columns."""
    found: list[list[Condition]] = []
    for condition in conditions:
        apart, together = [], [condition]
        for group in found:
            shared = any(c.columns & condition.columns for c in group)
            if shared:
                together = [*group, *together]
            else:
                apart.append(group)
        found = [*apart, together]
    return found


def valid(
    connection: psycopg.Connection[Any],
    candidates: Sequence[tuple[Column, Sequence[str]]],
) -> list[list[str | None]]:
    """Return the values in the server's form, None for those that it refuses.

    Args:
        connection: connection to the server.
        candidates: columns and values for them.
    """
    pairs = [(column, value) for column, values in candidates for value in values]
    accepted = _accepted(connection, pairs)
    shown = ", ".join(
        f"({_typed(value, column, connection)})::text"
        for (column, value), fits in zip(pairs, accepted, strict=True)
        if fits
    )
    rows = _asked(connection, f"SELECT ARRAY[{shown}]::text[]")
    texts = iter(rows[0][0] if rows else ())
    found = (next(texts, None) if fits else None for fits in accepted)
    return [[next(found) for _ in values] for _, values in candidates]


def _accepted(
    connection: psycopg.Connection[Any], pairs: Sequence[tuple[Column, str]]
) -> list[bool]:
    if connection.info.server_version >= FIRST_TO_JUDGE_INPUT:
        tests = ", ".join(
            f"pg_catalog.pg_input_is_valid({_quoted(value, connection)},"
            f" {_quoted(column.base_sql, connection)})"
            for column, value in pairs
        )
        rows = _asked(connection, f"SELECT ARRAY[{tests}]::boolean[]")
        if rows is not None:
            return [bool(one) for one in rows[0][0]]
    return [
        _asked(connection, f"SELECT {_typed(value, column, connection)}") is not None
        for column, value in pairs
    ]


def _computed(
    table: Table, names: Iterable[str], connection: psycopg.Connection[Any]
) -> str:
    """Return the generated columns that conditions refer to, as expressions."""
    return "".join(
        f", ({column.default}) AS {sql.Identifier(column.name).as_string(connection)}"
        for column in table.columns
        if column.generated and column.name in names
    )


def _quoted(text: str, connection: psycopg.Connection[Any]) -> str:
    return sql.Literal(text).as_string(connection)


def _typed(
    value: str | None, column: Column, connection: psycopg.Connection[Any]
) -> str:
    literal = "NULL" if value is None else sql.Literal(value).as_string(connection)
    return f"{literal}::{column.base_sql}"


def _asked(
    connection: psycopg.Connection[Any], query: str
) -> list[tuple[Any, ...]] | None:
    """Return the rows of a query; None if a condition raises for some values."""
    try:
        with connection.transaction():
            return connection.execute(query.encode()).fetchall()
    except psycopg.Error:
        return None
