# ruff: noqa: ANN401 -- a document of the server's holds values of every type
"""The part of a live catalog that a contract is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from psycopg import postgres

from .catalog import TypeName, own_operators, parse_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .contract import Contract
    from .statement import Package

# The oid of a named relation. If its schema is in search_path ($1), the name is
# resolved as in a query.
_RELATION: Final = """coalesce(
        CASE WHEN named.schema = ANY ($1::text[])
            THEN pg_catalog.to_regclass(pg_catalog.quote_ident(named.name))::oid END,
        (SELECT c.oid FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = named.schema::name AND c.relname = named.name::name)
    )"""

# The name of type t as generated code spells it; b is t or its element, n b's schema.
_TYPE_NAME: Final = """\
        CASE WHEN n.nspname = 'pg_catalog'::name THEN b.typname::text
        ELSE pg_catalog.concat(
            CASE WHEN n.nspname::text ~ '[^A-Za-z0-9_$]'
                THEN pg_catalog.concat(
                    '"', pg_catalog.replace(n.nspname, '"', '""'), '"'
                )
                ELSE n.nspname::text END,
            '.',
            CASE WHEN b.typname::text ~ '[^A-Za-z0-9_$]'
                THEN pg_catalog.concat(
                    '"', pg_catalog.replace(b.typname, '"', '""'), '"'
                )
                ELSE b.typname::text END
        ) END,
        CASE WHEN b.oid = t.oid THEN '' ELSE '[]' END
"""

# Whether anything is not as a contract expects it. It reads the entries of the expected
# relations alone, by indexes of the catalog. Columns of built-in types have their oids,
# which are the same everywhere; spelling a type for each column would take as long as
# all the rest.
DIFFERENCES_QUERY: Final = own_operators(
    """
WITH wanted AS MATERIALIZED (
    SELECT named.expected, """
    + _RELATION
    + """ AS oid
    FROM unnest($2::text[], $3::text[], $4::text[]) AS named(schema, name, expected)
),
used AS MATERIALIZED (
    SELECT named.expected, t.oid, t.typtype AS kind, t.typrelid, t.typbasetype
    FROM unnest($5::text[], $6::text[], $7::text[]) AS named(schema, name, expected)
    LEFT JOIN (pg_catalog.pg_type t
        JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace)
        ON n.nspname = named.schema::name AND t.typname = named.name::name
),
called AS MATERIALIZED (
    SELECT named.expected, ARRAY(
        SELECT p.prorettype FROM pg_catalog.pg_proc p
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        WHERE p.proname = named.name::name
        AND (n.nspname = named.schema::name OR (
            named.schema = ANY ($1::text[])
            AND pg_catalog.pg_function_is_visible(p.oid)
        ))
    ) AS returned
    FROM unnest($8::text[], $9::text[], $10::text[]) AS named(schema, name, expected)
),
attributes AS MATERIALIZED (
    SELECT a.attrelid, a.attname, a.attnum, a.atttypid,
        CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
        || CASE WHEN a.attgenerated > ''::"char" THEN ' generated'
            WHEN a.attidentity = 'a'::"char" THEN ' identity'
            WHEN a.atthasdef OR a.attidentity = 'd'::"char" THEN ' default'
            ELSE '' END AS fact
    FROM pg_catalog.pg_attribute a
    WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid = ANY (ARRAY(
        SELECT w.oid FROM wanted w UNION ALL SELECT u.typrelid FROM used u
    ))
),
types AS MATERIALIZED (
    SELECT t.oid, ' ' || pg_catalog.concat(
"""
    + _TYPE_NAME
    + """    ) AS name
    FROM (
        SELECT a.atttypid FROM attributes a WHERE a.atttypid >= 10000::oid
        UNION SELECT u.typbasetype FROM used u
        UNION SELECT pg_catalog.unnest(c.returned) FROM called c
    ) AS needed(oid)
    -- Few rows: no scan of all types.
    CROSS JOIN LATERAL (SELECT t.oid, t.typelem FROM pg_catalog.pg_type t
        WHERE t.oid = needed.oid OFFSET 0) t
    CROSS JOIN LATERAL (SELECT b.* FROM pg_catalog.pg_type b
        WHERE b.oid = coalesce((SELECT e.oid FROM pg_catalog.pg_type e
            WHERE e.oid = t.typelem AND e.typarray = t.oid), t.oid) OFFSET 0) b
    JOIN pg_catalog.pg_namespace n ON n.oid = b.typnamespace
),
columns AS MATERIALIZED (
    SELECT a.attrelid, pg_catalog.string_agg(
        a.attname::text || coalesce(types.name, ' ' || a.atttypid::text) || a.fact,
        pg_catalog.chr(10) ORDER BY a.attname
    ) AS line
    FROM attributes a
    LEFT JOIN types ON types.oid = a.atttypid AND a.atttypid >= 10000::oid
    GROUP BY a.attrelid
),
constraints AS MATERIALIZED (
    SELECT i.indrelid AS relation, c.relname AS name,
        CASE WHEN i.indpred IS NOT NULL THEN ' partial unique (' ELSE ' unique (' END
        || CASE WHEN i.indnkeyatts = 1::int2 THEN coalesce((
            SELECT a.attname::text FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        ), '()') ELSE (
            SELECT pg_catalog.string_agg(coalesce(a.attname::text, '()'), ', '
                ORDER BY a.attname)
            FROM pg_catalog.unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS n
            LEFT JOIN pg_catalog.pg_attribute a
                ON a.attrelid = i.indrelid AND a.attnum = n
        ) END || ')' AS what
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY (ARRAY(SELECT w.oid FROM wanted w))
    AND i.indisunique AND i.indisvalid AND i.indisready AND i.indimmediate
    AND NOT i.indisexclusion
    UNION ALL
    SELECT k.conrelid, k.conname, CASE
        WHEN k.contype = 'c'::"char" THEN ' check'
        WHEN k.contype = 'f'::"char" THEN ' foreign key' ELSE ' exclude' END
    FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = ANY (ARRAY(SELECT w.oid FROM wanted w))
    AND k.contype = ANY (ARRAY['c', 'f', 'x']::"char"[])
    -- Parts of a foreign key to a partitioned table.
    AND (k.conparentid = 0::oid OR NOT coalesce(
        (SELECT p.conrelid FROM pg_catalog.pg_constraint p WHERE p.oid = k.conparentid)
        = k.conrelid, false))
),
texts AS MATERIALIZED (
    SELECT k.relation, pg_catalog.string_agg(
        k.name::text || k.what, pg_catalog.chr(10) ORDER BY k.name
    ) AS line
    FROM constraints k GROUP BY k.relation
)
SELECT EXISTS (
    SELECT FROM wanted w
    LEFT JOIN columns ON columns.attrelid = w.oid
    LEFT JOIN texts ON texts.relation = w.oid
    WHERE NOT coalesce(
        columns.line || pg_catalog.chr(10) || coalesce(texts.line, '')
        || CASE WHEN (SELECT c.relrowsecurity FROM pg_catalog.pg_class c
            WHERE c.oid = w.oid) THEN ' row security' ELSE '' END
        = w.expected, false)
) OR EXISTS (
    SELECT FROM used u
    WHERE NOT coalesce(CASE u.kind
        WHEN 'e'::"char" THEN (SELECT pg_catalog.string_agg(
                pg_catalog.concat(pg_catalog.length(l.enumlabel), ' ', l.enumlabel),
                pg_catalog.chr(10) ORDER BY l.enumlabel)
            FROM pg_catalog.pg_enum l WHERE l.enumtypid = u.oid)
        WHEN 'd'::"char" THEN (SELECT types.name FROM types
            WHERE types.oid = u.typbasetype)
        ELSE (SELECT pg_catalog.string_agg(
                a.attname::text || coalesce(types.name, ' ' || a.atttypid::text),
                pg_catalog.chr(10) ORDER BY a.attname)
            FROM attributes a
            LEFT JOIN types ON types.oid = a.atttypid AND a.atttypid >= 10000::oid
            WHERE a.attrelid = u.typrelid) END
        = u.expected, false)
) OR EXISTS (
    SELECT FROM called c
    WHERE NOT coalesce((SELECT pg_catalog.string_agg(types.name, pg_catalog.chr(10)
            ORDER BY types.name::name)
        FROM pg_catalog.unnest(c.returned) AS r JOIN types ON types.oid = r
    ) = c.expected, false)
)
"""
)

# Types are spelled as in generated code. What is not qualified in queries is looked for
# in the schemas of the connection's search_path. No table is read or locked.
CATALOG_QUERY: Final = own_operators(
    """
WITH wanted AS MATERIALIZED (
    SELECT named.schema, named.name, named.expected, """
    + _RELATION
    + """ AS oid
    FROM unnest($2::text[], $3::text[], $4::text[]) AS named(schema, name, expected)
),
types AS MATERIALIZED (
    SELECT t.oid, pg_catalog.concat(
"""
    + _TYPE_NAME
    + """    ) AS name
    FROM pg_catalog.pg_type t
    LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
    JOIN pg_catalog.pg_type b ON b.oid = coalesce(e.oid, t.oid)
    JOIN pg_catalog.pg_namespace n ON n.oid = b.typnamespace
    WHERE t.typrelid = 0::oid OR t.oid >= 16384::oid
),
attributes AS MATERIALIZED (
    SELECT a.attrelid, a.attname, a.attname::text AS name, a.attnum, types.name AS type,
        pg_catalog.concat(
            types.name,
            CASE WHEN a.attnotnull THEN ' not null' END,
            CASE WHEN a.attgenerated > ''::"char" THEN ' generated'
                WHEN a.attidentity = 'a'::"char" THEN ' identity'
                WHEN a.atthasdef OR a.attidentity = 'd'::"char" THEN ' default' END
        ) AS fact
    FROM pg_catalog.pg_attribute a
    JOIN types ON types.oid = a.atttypid
    WHERE a.attnum > 0 AND NOT a.attisdropped
    AND a.attrelid = ANY (ARRAY(
        SELECT w.oid FROM wanted w
        UNION ALL SELECT t.typrelid
        FROM unnest($5::text[], $6::text[]) AS named(schema, name)
        JOIN pg_catalog.pg_namespace n ON n.nspname = named.schema::name
        JOIN pg_catalog.pg_type t
            ON t.typnamespace = n.oid AND t.typname = named.name::name
    ))
),
columns AS MATERIALIZED (
    SELECT a.attrelid,
        pg_catalog.string_agg(pg_catalog.concat(a.name, ' ', a.fact), pg_catalog.chr(10)
            ORDER BY a.attname) AS line
    FROM attributes a GROUP BY a.attrelid
),
constraints AS MATERIALIZED (
    SELECT i.indrelid AS relation, c.relname AS name, pg_catalog.concat(
        CASE WHEN i.indpred IS NOT NULL THEN 'partial ' END, 'unique (', (
            SELECT pg_catalog.string_agg(coalesce(a.attname::text, '()'), ', '
                ORDER BY a.attname)
            FROM pg_catalog.unnest((i.indkey::int2[])[0:i.indnkeyatts - 1]) AS n
            LEFT JOIN pg_catalog.pg_attribute a
                ON a.attrelid = i.indrelid AND a.attnum = n
        ), ')'
    ) AS what, i.indkey::int2[] AS numbers
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY (ARRAY(SELECT w.oid FROM wanted w))
    AND i.indisunique AND i.indisvalid AND i.indisready AND i.indimmediate
    AND NOT i.indisexclusion
    UNION ALL
    SELECT k.conrelid, k.conname, CASE
        WHEN k.contype = 'c'::"char" THEN 'check'
        WHEN k.contype = 'f'::"char" THEN 'foreign key' ELSE 'exclude' END, k.conkey
    FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = ANY (ARRAY(SELECT w.oid FROM wanted w))
    AND k.contype = ANY (ARRAY['c', 'f', 'x']::"char"[])
    -- Parts of a foreign key to a partitioned table.
    AND (k.conparentid = 0::oid OR NOT EXISTS (SELECT FROM pg_catalog.pg_constraint p
        WHERE p.oid = k.conparentid AND p.conrelid = k.conrelid))
),
texts AS MATERIALIZED (
    SELECT k.relation, pg_catalog.string_agg(pg_catalog.concat(k.name, ' ', k.what),
        pg_catalog.chr(10) ORDER BY k.name) AS line
    FROM constraints k GROUP BY k.relation
)
SELECT CAST(pg_catalog.json_build_object(
    'relations', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'schema', w.schema, 'name', w.name, 'kind', c.relkind,
            'row_security', c.relrowsecurity, 'updatable', CASE
                WHEN c.relkind = 'v'::"char"
                THEN pg_catalog.pg_relation_is_updatable(c.oid, false) > 0 END,
            'columns', (
                SELECT pg_catalog.json_object_agg(a.name, a.fact)
                FROM attributes a WHERE a.attrelid = w.oid
            ),
            -- Those of triggers before a row is inserted: what they may fill in.
            'sources', (
                SELECT pg_catalog.json_agg(CASE
                    WHEN l.lanname = ANY (ARRAY['sql'::name, 'plpgsql'::name])
                    THEN p.prosrc END)
                FROM pg_catalog.pg_trigger g
                JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid
                JOIN pg_catalog.pg_language l ON l.oid = p.prolang
                WHERE g.tgrelid = w.oid AND NOT g.tgisinternal
                AND g.tgtype OPERATOR(pg_catalog.&) 7::int2 = 7::int2
            ),
            'constraints', (
                SELECT pg_catalog.json_object_agg(k.name, pg_catalog.json_build_object(
                    'what', k.what, 'columns', ARRAY(
                        SELECT a.name FROM attributes a
                        WHERE a.attrelid = w.oid AND a.attnum = ANY (k.numbers)
                    )
                ))
                FROM constraints k WHERE k.relation = w.oid
            )
        ))
        FROM wanted w
        LEFT JOIN pg_catalog.pg_class c ON c.oid = w.oid
        LEFT JOIN columns ON columns.attrelid = w.oid
        LEFT JOIN texts ON texts.relation = w.oid
        WHERE NOT coalesce(pg_catalog.concat(
            columns.line, pg_catalog.chr(10), texts.line,
            CASE WHEN c.relrowsecurity THEN ' row security' END
        ) = w.expected, false)
    ),
    'types', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'schema', named.schema, 'name', named.name,
            'labels', (
                SELECT pg_catalog.json_agg(l.enumlabel ORDER BY l.enumsortorder)
                FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid
            ),
            'fields', (
                SELECT pg_catalog.json_object_agg(a.name, a.type)
                FROM attributes a WHERE a.attrelid = t.typrelid
            ),
            'base', (SELECT b.name FROM types b WHERE b.oid = t.typbasetype)
        ))
        FROM unnest($5::text[], $6::text[]) AS named(schema, name)
        JOIN pg_catalog.pg_namespace n ON n.nspname = named.schema::name
        JOIN pg_catalog.pg_type t
            ON t.typnamespace = n.oid AND t.typname = named.name::name
    ),
    'functions', (
        SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
            'schema', named.schema, 'name', named.name, 'returns', (
                SELECT pg_catalog.json_agg(types.name)
                FROM pg_catalog.pg_proc p
                JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
                JOIN types ON types.oid = p.prorettype
                WHERE p.proname = named.name::name
                AND (n.nspname = named.schema::name OR (
                    named.schema = ANY ($1::text[])
                    AND pg_catalog.pg_function_is_visible(p.oid)
                ))
            )
        ))
        FROM unnest($7::text[], $8::text[]) AS named(schema, name)
    )
) AS pg_catalog.text)
"""
)


@dataclass(frozen=True, slots=True)
class LiveRelation:
    """A relation as it is.

    Attributes:
        kind: `pg_class.relkind`.
        is_updatable: a view whose rows are those of one table.
        columns: by name, as in `Contract.relations`.
        constraints: by name, what they are and the columns that they are about.
        sources: of the triggers that fire before a row is inserted; None for one whose
            language is not known.
    """

    kind: str
    is_updatable: bool
    row_security: bool
    columns: Mapping[str, str]
    constraints: Mapping[str, tuple[str, frozenset[str]]]
    sources: Sequence[str | None] = ()

    def may_fill(self, column: str) -> bool:
        """Return True if a trigger can give an inserted row a value of a column."""
        return any(
            source is None or column in re.findall(r"[^\W\d][\w$]*", source)
            for source in self.sources
        )

    @property
    def keys(self) -> set[frozenset[str]]:
        """The columns of unique indexes that keep all rows apart by columns alone."""
        return {
            columns
            for what, columns in self.constraints.values()
            if what.startswith("unique (") and "()" not in what
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSchema:
    """The part of a live catalog that a contract is about.

    Attributes:
        relations: those that differ from the contract; None for a missing relation.
        labels: of enum types.
        fields: the attributes of composite types.
        domains: the type that each is over.
        functions: what the functions of each name return.
    """

    relations: Mapping[str, LiveRelation | None]
    labels: Mapping[str, Sequence[str]]
    fields: Mapping[str, Mapping[str, str]]
    domains: Mapping[str, str]
    functions: Mapping[str, Sequence[str]]


def expected_arguments(contract: Contract, package: Package) -> Sequence[Sequence[str]]:
    """Return the arguments of `DIFFERENCES_QUERY`."""
    types: dict[str, str] = {
        name: "\n".join(
            f"{len(label)} {label}" for label in sorted(member.value for member in kind)
        )
        for name, kind in package.enums.items()
    }
    for name, composite in package.composites.items():
        fields = sorted(composite.fields.items())
        types[name] = "\n".join(f"{field} {_code(str(t))}" for field, t in fields)
    types |= {name: f" {base}" for name, base in contract.domains.items()}
    functions = {
        name: "\n".join(f" {one}" for one in sorted(returns))
        for name, returns in contract.functions.items()
    }
    return [
        list(contract.search_path),
        *_parts(contract.relations),
        [contract.text(name, _code) for name in contract.relations],
        *_parts(types),
        [*types.values()],
        *_parts(functions),
        [*functions.values()],
    ]


@cache
def _code(fact: str) -> str:
    """Return a type, and what else is known of a column, with a built-in type's oid."""
    name, space, rest = fact.partition(" ")
    found = postgres.types.get(name.removesuffix("[]"))
    if found is None or name.startswith('"'):
        return fact
    oid = found.array_oid if name.endswith("[]") else found.oid
    return f"{oid}{space}{rest}"


def catalog_arguments(contract: Contract, package: Package) -> Sequence[Sequence[str]]:
    """Return the arguments of `CATALOG_QUERY`."""
    types = dict.fromkeys((*package.enums, *package.composites, *contract.domains))
    return [
        list(contract.search_path),
        *_parts(contract.relations),
        [contract.text(name) for name in contract.relations],
        *_parts(types),
        *_parts(contract.functions),
    ]


def _parts(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the schemas and the names of qualified names."""
    parsed = [parse_name(name) for name in names]
    return [one.schema for one in parsed], [one.name for one in parsed]


def live_schema(found: Any, contract: Contract, package: Package) -> LiveSchema:
    """Return what `CATALOG_QUERY` says.

    Args:
        found: its document.
        contract: that it was asked for.
        package: that it was asked for.
    """
    names = {parse_name(name): name for name in contract.relations}
    types = {
        parse_name(name): name
        for name in (*package.enums, *package.composites, *contract.domains)
    }
    functions = {parse_name(name): name for name in contract.functions}
    return LiveSchema(
        relations={
            names[_named(one)]: _relation(one) for one in found["relations"] or ()
        },
        labels={
            types[_named(one)]: one["labels"]
            for one in found["types"] or ()
            if one["labels"] is not None
        },
        fields={
            types[_named(one)]: one["fields"]
            for one in found["types"] or ()
            if one["fields"] is not None
        },
        domains={
            types[_named(one)]: one["base"]
            for one in found["types"] or ()
            if one["base"] is not None
        },
        functions={
            functions[_named(one)]: one["returns"] for one in found["functions"] or ()
        },
    )


def _named(found: Any) -> TypeName:
    return TypeName(found["schema"], found["name"], is_array=False)


def _relation(found: Any) -> LiveRelation | None:
    if found["kind"] is None:
        return None
    return LiveRelation(
        kind=found["kind"],
        is_updatable=bool(found["updatable"]),
        row_security=found["row_security"],
        columns=found["columns"] or {},
        constraints={
            name: (one["what"], frozenset(one["columns"]))
            for name, one in (found["constraints"] or {}).items()
        },
        sources=found["sources"] or (),
    )
