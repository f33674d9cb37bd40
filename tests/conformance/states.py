"""Queries run over random states of any schema, to see NULLs where none may be.

PostgreSQL itself keeps the states to the schema's constraints: rows that violate one
are not inserted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import pq, sql
from tests.conformance.flat import flat_columns

from reposgen.live_schema.model import (
    ArrayType,
    CompositeType,
    DomainType,
    EnumType,
    Generated,
    MultirangeType,
    RangeType,
    RelationKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from reposgen.analysis.model import TypedQuery
    from reposgen.live_schema.model import Catalog, PgType, Relation

_STATES = 10
_ROWS = 6
_WORDS = ("a", "b", "ab", "")
# One of them, for types that not every word is a value of.
_VALUES = {
    **dict.fromkeys(("smallint", "integer", "bigint"), ("1", "2", "3", "0", "-1")),
    **dict.fromkeys(("real", "double precision", "numeric"), ("1", "2.5", "-1")),
    "boolean": ("t", "f"),
    "uuid": tuple(f"00000000-0000-0000-0000-00000000000{n}" for n in range(3)),
    **dict.fromkeys(("json", "jsonb"), ('{"a": null}', "[1]", "null", '"a"')),
    "bytea": ("\\x61", "\\x"),
    "inet": ("10.0.0.1",),
    "cidr": ("10.0.0.0/8",),
    "macaddr": ("08:00:2b:01:02:03",),
    "interval": ("1 day", "1 hour"),
    "date": ("2024-01-01", "2024-02-01", "infinity"),
    **dict.fromkeys(("time without time zone", "time with time zone"), ("12:00",)),
    **dict.fromkeys(
        ("timestamp without time zone", "timestamp with time zone"),
        ("2024-01-01", "2024-02-01 12:00", "infinity"),
    ),
    "bit": ("1",),
    "oid": ("1",),
    "point": ("(1,2)",),
    "vector": ("[1,2,3]",),
}


@dataclass
class Runs:
    """What was seen.

    Attributes:
        wrong: queries and columns, typed not null, that were NULL.
        claims: columns typed not null of which rows were seen.
        refused: of each query that never ran, why not.
        nulls: columns that were NULL.
        silent: columns typed nullable of which rows were seen.
    """

    wrong: set[str] = field(default_factory=set)
    claims: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    nulls: set[str] = field(default_factory=set)
    silent: set[str] = field(default_factory=set)

    @property
    def missed(self) -> set[str]:
        """Columns typed nullable that never were NULL."""
        return self.silent - self.nulls


def run_over_states(
    connection: psycopg.Connection[Any],
    catalog: Catalog,
    queries: Iterable[TypedQuery],
    random: Random,
    states: int = _STATES,
) -> Runs:
    """Run those queries that return something, each over all states."""
    runs = Runs()
    claiming = [q for q in queries if q.results]
    connection.execute("SET statement_timeout = '500ms'; SET jit = off")
    for _ in range(states if claiming else 0):
        with connection.transaction(force_rollback=True):
            _fill(connection, catalog, random)
            for query in claiming:
                _run(connection, query, random, runs)
    return runs


def _fill(
    connection: psycopg.Connection[Any], catalog: Catalog, random: Random
) -> None:
    tables = [
        relation
        for relation in catalog.relations.values()
        if relation.kind in {RelationKind.TABLE, RelationKind.PARTITIONED_TABLE}
        and relation.schema not in {"pg_catalog", "information_schema"}
    ]
    # What is referred to comes first, mostly; in the second round it is there.
    for table in (*tables, *tables):
        for _ in range(random.randint(0, _ROWS)):
            _insert(connection, table, random)
    for relation in catalog.relations.values():
        if relation.kind is RelationKind.MATERIALIZED_VIEW:
            name = sql.Identifier(relation.schema, relation.name)
            _attempt(connection, sql.SQL("REFRESH MATERIALIZED VIEW {}").format(name))


def _insert(
    connection: psycopg.Connection[Any], table: Relation, random: Random
) -> None:
    never = {Generated.ALWAYS_STORED, Generated.ALWAYS_VIRTUAL}
    columns = [c for c in table.columns if c.generated not in never]
    values: list[sql.Composable] = []
    for column in columns:
        if column.has_default and random.random() < 0.2:
            values.append(sql.SQL("DEFAULT"))
        else:
            nullable = not column.not_null and random.random() < 0.4
            value = None if nullable else random_value(column.type, random)
            values.append(sql.Literal(value))
    statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})")
    if columns:
        _attempt(
            connection,
            statement.format(
                sql.Identifier(table.schema, table.name),
                sql.SQL(", ").join(sql.Identifier(c.name) for c in columns),
                sql.SQL(", ").join(values),
            ),
        )


def _attempt(connection: psycopg.Connection[Any], statement: sql.Composed) -> None:
    try:
        with connection.transaction():
            connection.execute(statement)
    except psycopg.Error:
        # A constraint that the row would violate, a value that is none of its type.
        return


def _run(
    connection: psycopg.Connection[Any], query: TypedQuery, random: Random, runs: Runs
) -> None:
    values = [
        None
        if parameter.nullable and random.random() < 0.5
        else random_value(parameter.type, random)
        for parameter in query.parameters
    ]
    text = "".join(piece.sql for piece in query.pieces)
    with connection.transaction(force_rollback=True):
        result = connection.pgconn.exec_params(
            text.encode(),
            [None if value is None else value.encode() for value in values],
            [parameter.type.oid for parameter in query.parameters],
        )
    if result.status != pq.ExecStatus.TUPLES_OK:
        runs.refused[query.name] = result.get_error_message()
        return
    for index, column in enumerate(flat_columns(query)):
        name = f"{query.name}.{column.name}"
        for row in range(result.ntuples):
            (runs.silent if column.nullable else runs.claims).add(name)
            if result.get_value(row, index) is not None:
                continue
            runs.nulls.add(name)
            if not column.nullable:
                runs.wrong.add(f"{name}: {'; '.join(column.why)}; {text} {values}")


def random_value(type_: PgType, random: Random) -> str:
    """A value of the type as PostgreSQL reads it; mostly one that others are too."""
    match type_:
        case ArrayType(element=element):
            items = (random_value(element, random) for _ in range(random.randint(0, 2)))
            return "{" + ",".join(map(_quoted, items)) + "}"
        case EnumType(labels=labels):
            return random.choice(labels)
        case DomainType(base=base):
            return random_value(base, random)
        case CompositeType(fields=fields):
            values = (random_value(field.type, random) for field in fields)
            return "(" + ",".join(map(_quoted, values)) + ")"
        case RangeType() | MultirangeType():
            return "empty" if isinstance(type_, RangeType) else "{}"
        case _:
            return random.choice(_VALUES.get(type_.sql, _WORDS))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
