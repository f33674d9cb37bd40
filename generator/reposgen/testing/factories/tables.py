"""Tables of a database, with the conditions for rows in them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import RawCursor

from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.model import DomainType
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import psycopg

    from reposgen.live_schema.model import PgType

_QUERY = Path(__file__).with_name("tables.sql").read_text(encoding="utf-8")
_BASES = """
SELECT t.oid::bigint, pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typtypmod
FROM pg_catalog.pg_type t WHERE t.typtype = 'd'
"""
_WORD = re.compile(r"'(?:[^']|'')*'|\"((?:[^\"]|\"\")*)\"|([^\W\d][\w$]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        sql: its type with its modifier: `numeric(10,2)`.
        base: its type; for a domain, the domain's base type.
        base_sql: `base` with its modifier.
        modifier: `atttypmod` of `base`.
        not_null: True if the column or its domain is NOT NULL.
        default: SQL of the DEFAULT; for an identity column, SQL of the next number; for
            a generated column, its expression.
        domain_checks: conditions on VALUE.
    """

    name: str
    sql: str
    type: PgType
    base: PgType
    base_sql: str
    modifier: int
    not_null: bool
    identity: bool
    generated: bool
    default: str | None
    domain_checks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKey:
    """A foreign key; `target` is the oid of the referenced table."""

    name: str
    columns: tuple[str, ...]
    target: int
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A unique index or an exclusion constraint, which forbids conflicting rows.

    Attributes:
        expressions: SQL expressions over the table's columns.
        operators: operators that compare rows.
        predicate: SQL of the WHERE clause.
    """

    name: str
    expressions: tuple[str, ...]
    operators: tuple[str, ...]
    predicate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that rows can be inserted into.

    Attributes:
        checks: name and SQL of each CHECK.
        partitions: SQL of the condition that a row must satisfy to have a partition;
            None if every row has one.
    """

    oid: int
    schema: str
    name: str
    columns: tuple[Column, ...]
    checks: tuple[tuple[str, str], ...]
    foreign_keys: tuple[ForeignKey, ...]
    keys: tuple[Key, ...]
    partitions: str | None

    @property
    def insertable(self) -> tuple[Column, ...]:
        """Columns that an INSERT gives values to."""
        return tuple(column for column in self.columns if not column.generated)

    def mentioned(self, sql: str) -> frozenset[str]:
        """Return the columns that an expression refers to, or might refer to."""
        words = {
            found[1].replace('""', '"') if found[1] is not None else found[2]
            for found in _WORD.finditer(sql)
        }
        if self.name in words:
            # The whole row.
            return frozenset(column.name for column in self.columns)
        names = {c.name for c in self.columns if c.name in words}
        for column in self.columns:
            if column.generated and column.name in names and column.default:
                names |= self.mentioned(column.default)
        return frozenset(names)


def read_tables(connection: psycopg.Connection[Any]) -> Mapping[int, Table]:
    """Read the tables of a database, by oid."""
    types = read_catalog(connection).types
    with RawCursor(connection) as cursor:
        bases = {
            oid: (sql, modifier)
            for oid, sql, modifier in cursor.execute(_BASES).fetchall()
        }
        rows = [row for (row,) in cursor.execute(_QUERY.encode()).fetchall()]
    tables = {}
    for row in rows:
        facts = json.loads(row) if isinstance(row, str) else row
        tables[facts["oid"]] = Table(
            oid=facts["oid"],
            schema=facts["schema"],
            name=facts["name"],
            columns=tuple(_column(c, types, bases) for c in facts["columns"] or ()),
            checks=tuple((name, sql) for name, sql in facts["checks"] or ()),
            foreign_keys=tuple(
                ForeignKey(
                    name=name,
                    columns=tuple(own),
                    target=target,
                    target_columns=tuple(referenced),
                )
                for name, own, target, referenced in facts["foreign_keys"] or ()
            ),
            keys=tuple(
                Key(
                    name=name,
                    expressions=tuple(expressions),
                    operators=tuple(operators or ("=",) * len(expressions)),
                    predicate=predicate,
                )
                for name, expressions, operators, predicate in facts["keys"] or ()
            ),
            partitions=_partitions(facts["kind"], facts["partitions"]),
        )
    return tables


def _column(
    row: list[Any],
    types: Mapping[int, PgType],
    bases: Mapping[int, tuple[str, int]],
) -> Column:
    name, oid, sql, modifier, not_null, identity, generated, default = row
    type_ = base = types[oid]
    base_sql = sql
    checks: list[tuple[str, str]] = []
    while isinstance(base, DomainType):
        not_null = not_null or base.not_null
        checks += [(c.name, _condition(c.definition)) for c in base.checks]
        base_sql, modifier = bases[base.oid]
        base = base.base
    return Column(
        name=name,
        sql=sql,
        type=type_,
        base=base,
        base_sql=base_sql,
        modifier=modifier,
        not_null=not_null,
        identity=identity,
        generated=generated,
        default=default,
        domain_checks=tuple(checks),
    )


def _condition(definition: str) -> str:
    """Return `(VALUE > 0)` for `CHECK ((VALUE > 0)) NOT VALID`."""
    return definition.removeprefix("CHECK ").removesuffix(" NOT VALID")


def _partitions(kind: str, conditions: Iterable[str | None] | None) -> str | None:
    several = list(conditions or ())
    if kind == "p" and not several:
        return "false"
    # A default partition that stands alone takes every row.
    if not several or None in several:
        return None
    return " OR ".join(f"({condition})" for condition in several)
