# ruff: noqa: ANN401 -- a row holds values of every type
"""What the server is asked about types."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from psycopg import postgres


def own_operators(query: str) -> str:
    """Return a query whose operators and types are the server's own.

    The search_path of a session can have others.
    """
    for operator in ("=", ">", ">=", "~", "-"):
        query = query.replace(f" {operator} ", f" OPERATOR(pg_catalog.{operator}) ")
    for name in ("text", "name", "oid", "int2", '"char"'):
        query = query.replace(f"::{name}", f"::pg_catalog.{name}")
    return query.replace("::int8", "::bigint")


# Everything that the named types are made of, the types themselves included, down to
# what is built in: oids from 10000 on are given out when a cluster or database is made.
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
    """A row of `TYPES_QUERY`; an oid of 0 says that there is none.

    Attributes:
        relation: of a composite, where its attributes stand in `pg_attribute`.
        kind: `pg_type.typtype`: b, c, d, e, m, r, p.
        element: of an array type.
        base: of a domain.
        subtype: of a range or multirange.
        field_names: of a composite.
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
        """The types that its values are made of."""
        others = (self.element, self.base, self.subtype)
        return (*(oid for oid in others if oid), *self.field_types)


def catalog_type(*row: Any) -> CatalogType:
    """A row of `TYPES_QUERY`, hashable."""
    found = CatalogType(*row)
    return replace(
        found,
        field_names=tuple(found.field_names),
        field_types=tuple(found.field_types),
    )


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type name of a statement, taken apart."""

    schema: str
    name: str
    is_array: bool


@cache
def parse_name(text: str) -> TypeName:
    """`public.task_status[]`, `"My schema".t`, `int4`, taken apart."""
    plain = text.removesuffix("[]")
    is_array = plain != text
    found = _QUALIFIED.fullmatch(plain)
    if found is None:
        return TypeName("pg_catalog", plain, is_array)
    schema, name = map(unquoted, found.groups())
    return TypeName(schema, name, is_array)


def sql_type(name: str) -> str:
    """A type name as SQL: built-in ones are pg_type's, and not all of them SQL's."""
    parsed = parse_name(name)
    schema, local = (part.replace('"', '""') for part in (parsed.schema, parsed.name))
    return f'"{schema}"."{local}"' + ("[]" if parsed.is_array else "")


@cache
def builtin_oid(name: TypeName) -> int | None:
    """The oid of a type that has the same one on every server, or None."""
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
