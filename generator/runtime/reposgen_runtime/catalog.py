# ruff: noqa: ANN401 -- a row holds values of every type
"""Queries of the system catalog about types, and their rows."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from psycopg import postgres


def own_operators(query: str) -> str:
    """Qualify a query's operators and types with pg_catalog."""
    for operator in ("=", ">", ">=", "~", "-", "||"):
        query = query.replace(f" {operator} ", f" OPERATOR(pg_catalog.{operator}) ")
    for name in ("text", "name", "oid", "int2", '"char"'):
        query = query.replace(f"::{name}", f"::pg_catalog.{name}")
    return query.replace("::int8", "::bigint")


# The named types and all types that they consist of, down to built-in ones. Oids from
# 10000 on are assigned when a cluster or database is created.
TYPES_QUERY: Final = own_operators("""
WITH RECURSIVE wanted(oid) AS (
    SELECT t.oid
    FROM unnest($1::text[], $2::text[]) AS named(schema, name)
    JOIN pg_catalog.pg_namespace n ON n.nspname = named.schema
    JOIN pg_catalog.pg_type t ON t.typnamespace = n.oid AND t.typname = named.name
    UNION
    SELECT part.oid
    FROM wanted
    JOIN pg_catalog.pg_type t ON t.oid = wanted.oid
    CROSS JOIN LATERAL (
        SELECT t.typelem
        UNION ALL SELECT t.typbasetype
        UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r
            WHERE t.oid = ANY (ARRAY[r.rngtypid, r.rngmultitypid])
        UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    ) AS part(oid)
    WHERE part.oid >= 10000
)
SELECT t.oid::int8, t.typrelid::int8, n.nspname::text, t.typname::text, t.typtype::text,
    t.typarray::int8, t.typdelim::text,
    CASE WHEN t.typcategory = 'A' THEN t.typelem::int8 ELSE 0 END,
    t.typbasetype::int8,
    coalesce((SELECT r.rngsubtype FROM pg_catalog.pg_range r
        WHERE t.oid = ANY (ARRAY[r.rngtypid, r.rngmultitypid])), 0)::int8,
    ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum),
    ARRAY(SELECT a.atttypid::int8 FROM pg_catalog.pg_attribute a
        WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY a.attnum)
FROM wanted
JOIN pg_catalog.pg_type t ON t.oid = wanted.oid
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
""")

_QUALIFIED: Final = re.compile(r'("(?:[^"]|"")*"|[^."]+)\.("(?:[^"]|"")*"|[^"]+)')


@dataclass(frozen=True, slots=True)
class CatalogType:
    """A row of `TYPES_QUERY`; an oid of 0 means none.

    Attributes:
        relation: oid of a composite's relation, by which `pg_attribute` has its
            attributes.
        kind: `pg_type.typtype`: b, c, d, e, m, r, p.
        element: oid of an array's element type.
        base: oid of the type that a domain is based on.
        subtype: oid of the subtype of a range or multirange.
        field_names: names of a composite's attributes.
    """

    oid: int
    relation: int
    schema: str
    name: str
    kind: str
    array: int
    delimiter: str
    element: int
    base: int
    subtype: int
    field_names: tuple[str, ...]
    field_types: tuple[int, ...]

    @property
    def parts(self) -> tuple[int, ...]:
        """Oids of the types that its values consist of."""
        others = (self.element, self.base, self.subtype)
        return (*(oid for oid in others if oid), *self.field_types)


def catalog_type(*row: Any) -> CatalogType:
    """Return a hashable object for a row of `TYPES_QUERY`."""
    found = CatalogType(*row)
    return replace(
        found,
        field_names=tuple(found.field_names),
        field_types=tuple(found.field_types),
    )


@dataclass(frozen=True, slots=True)
class TypeName:
    """The parts of a type name in a statement."""

    schema: str
    name: str
    is_array: bool


@cache
def parse_name(text: str) -> TypeName:
    """Split a type name such as `public.task_status[]`, `"My schema".t` or `int4`."""
    plain = text.removesuffix("[]")
    is_array = plain != text
    found = _QUALIFIED.fullmatch(plain)
    if found is None:
        return TypeName("pg_catalog", plain, is_array)
    schema, name = map(unquoted, found.groups())
    return TypeName(schema, name, is_array)


def sql_type(name: str) -> str:
    """Return a type name as SQL, qualified: pg_type's names are not all valid SQL."""
    parsed = parse_name(name)
    schema, local = (part.replace('"', '""') for part in (parsed.schema, parsed.name))
    return f'"{schema}"."{local}"' + ("[]" if parsed.is_array else "")


@cache
def builtin_oid(name: TypeName) -> int | None:
    """Return the oid of a type that is the same on every server; otherwise None."""
    if name.schema != "pg_catalog":
        return None
    info = postgres.types.get('"char"' if name.name == "char" else name.name)
    if info is None:
        return None
    return (info.array_oid if name.is_array else info.oid) or None


def unquoted(part: str) -> str:
    """Return a name without the double quotes that it is written in."""
    if part.startswith('"'):
        return part[1:-1].replace('""', '"')
    return part
