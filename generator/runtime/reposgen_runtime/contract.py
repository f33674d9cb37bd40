# ruff: noqa: ANN401 -- rows of the catalog query hold values of every type
"""What a package expects of its database's schema, and how a live catalog differs.

Only `Database.open(…, verify=…)` loads this module.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .catalog import TypeName, own_operators, parse_name, unquoted
from .errors import SchemaChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .statement import Package, Validated

# What a method does with a relation: reads, inserts, updates; or with a function.
_INSERT: Final = "insert"
_UPDATE: Final = "update"
_CALL: Final = "call"
# Facts that proofs rest on: of columns, of constraints, of unique indexes.
_NOT_NULL: Final = "not-null"
_FOREIGN_KEY: Final = "foreign-key"
_UNIQUE: Final = ("unique", "unique-index")
_CONFLICT: Final = ("conflict", "conflict-index")

_WORD: Final = re.compile(r'(?:"(?:[^"]|"")*"|[^\s"])+')
_TABLES: Final = ("r", "p")

# Types are spelled as in generated code. What is not qualified in queries is looked for
# in the schemas of the connection's search_path. No table is read or locked.
CATALOG_QUERY: Final = own_operators("""
WITH wanted AS MATERIALIZED (
    SELECT named.schema, named.name, named.expected, coalesce(
        CASE WHEN named.schema = ANY ($1::text[])
            THEN pg_catalog.to_regclass(pg_catalog.quote_ident(named.name))::oid END,
        (SELECT c.oid FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = named.schema::name AND c.relname = named.name::name)
    ) AS oid
    FROM unnest($2::text[], $3::text[], $4::text[]) AS named(schema, name, expected)
),
types AS MATERIALIZED (
    SELECT t.oid, pg_catalog.concat(
        CASE WHEN n.nspname = 'pg_catalog'::name THEN b.typname::text
        ELSE pg_catalog.concat(
            CASE WHEN n.nspname::text ~ '[^A-Za-z0-9_$]'
                THEN pg_catalog.concat('"', pg_catalog.replace(n.nspname, '"', '""'), '"')
                ELSE n.nspname::text END,
            '.',
            CASE WHEN b.typname::text ~ '[^A-Za-z0-9_$]'
                THEN pg_catalog.concat('"', pg_catalog.replace(b.typname, '"', '""'), '"')
                ELSE b.typname::text END
        ) END,
        CASE WHEN b.oid = t.oid THEN '' ELSE '[]' END
    ) AS name
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
""")


class FindingKind(StrEnum):
    """What a change of the schema means for a method."""

    BREAKS = "breaks"
    TYPES = "types"
    NULLABILITY = "nullability"
    ROWS = "rows"
    ERRORS = "errors"


@dataclass(frozen=True, slots=True)
class Finding:
    """A method that does not fit the live schema.

    Attributes:
        method: `tasks.get_task`.
        message: what is different, and what comes of it.
    """

    method: str
    kind: FindingKind
    message: str

    def __str__(self) -> str:
        return f"{self.method}: {self.message}"

    def document(self) -> dict[str, str | None]:
        """Return it in the form of `reposgen findings-schema`."""
        is_error = self.kind is FindingKind.BREAKS
        return {
            "severity": "error" if is_error else "warning",
            "file": None,
            "line": None,
            "column": None,
            "code": f"impact-{self.kind}",
            "message": self.message,
            "hint": None,
            "method": self.method,
            "kind": self.kind.value,
        }


class ContractBroken(SchemaChanged):
    """Methods do not fit the schema of the database that was opened.

    Attributes:
        findings: the methods, and what is different.
    """

    def __init__(self, message: str, findings: Sequence[Finding]) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class Use(NamedTuple):
    """Something of the schema that a method uses.

    Attributes:
        kind: `insert`, `not-null`: what for.
        name: of the relation or function: `public.tasks`.
        parts: columns, a constraint or an index of it.
    """

    kind: str
    name: str
    parts: frozenset[str]

    @classmethod
    def read(cls, text: str) -> Use:
        """Return what a line of a contract says: `insert public.tasks id title`."""
        kind, name, *parts = _WORD.findall(text)
        return cls(kind, name, frozenset(map(unquoted, parts)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the methods of a package use of the schema.

    Names of relations are spelled as those of types: `public.tasks`.

    Attributes:
        search_path: the schemas that unqualified names were found in.
        relations: the columns of tables and views: `int4 not null default`.
        constraints: their constraints and unique indexes, and what each is:
            `unique (id)`.
        views: the relations that are views.
        row_security: the tables that have row-level security.
        domains: the type that each is over.
        functions: what the functions of each name return.
        methods: what each method uses: see `Use.read`.
    """

    search_path: tuple[str, ...] = ()
    relations: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict[str, "Mapping[str, str]"]
    )
    constraints: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict[str, "Mapping[str, str]"]
    )
    views: tuple[str, ...] = ()
    row_security: tuple[str, ...] = ()
    domains: Mapping[str, str] = field(default_factory=dict[str, str])
    functions: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )
    methods: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )

    def text(self, name: str) -> str:
        """Return what `CATALOG_QUERY` makes of a relation that is as expected."""
        facts, constraints = self.relations[name], self.constraints.get(name, {})
        lines = [f"{column} {fact}" for column, fact in facts.items()]
        named = "\n".join(f"{one} {what}" for one, what in constraints.items())
        secured = " row security" if name in self.row_security else ""
        return "\n".join((*lines, named)) + secured


@dataclass(frozen=True, slots=True)
class LiveRelation:
    """A relation as it is.

    Attributes:
        kind: `pg_class.relkind`.
        is_updatable: a view whose rows are those of one table.
        columns: by name, as in `Contract.relations`.
        constraints: by name, what they are and the columns that they are about.
    """

    kind: str
    is_updatable: bool
    row_security: bool
    columns: Mapping[str, str]
    constraints: Mapping[str, tuple[str, frozenset[str]]]

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
        relations: those that are not as expected; None where there is none.
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
    )


class Comparison:
    """A contract, and the live schema.

    Attributes:
        suspects: the methods that use what has changed: only the server can say which
            of them it refuses.
        changed_types: names of enum types, composite types and domains.
    """

    def __init__(self, contract: Contract, package: Package, live: LiveSchema) -> None:
        self._contract = contract
        self._package = package
        self._live = live
        changed = {name for name in live.relations if self._has_changed(name)}
        functions = {
            name
            for name, returns in contract.functions.items()
            if sorted(live.functions.get(name) or ()) != sorted(returns)
        }
        self.changed_types = {*self._changed_types()}
        self._uses: Mapping[str, Sequence[Use]] = {}
        if live.relations or functions or self.changed_types:
            self._uses = {
                method: [Use.read(line) for line in lines]
                for method, lines in contract.methods.items()
            }
        self.suspects = {
            method
            for method, uses in self._uses.items()
            if any(
                use.name in (functions if use.kind == _CALL else changed)
                or not self._holds(use)
                for use in uses
            )
        }

    def has_changed_type(self, statement: Validated[Any]) -> bool:
        """Whether a statement takes or returns values of a type that has changed."""
        names = map(_plain, (*statement.parameters, *statement.results))
        return not self.changed_types.isdisjoint(self._within(names))

    def _has_changed(self, name: str) -> bool:
        live = self._live.relations.get(name)
        if live is None:
            return True
        known = self._contract.relations[name]
        if any(live.columns.get(column) != fact for column, fact in known.items()):
            return True
        required = {c for c, fact in live.columns.items() if _is_required(fact)}
        if live.kind in _TABLES and required - known.keys():
            return True
        if live.row_security and name not in self._contract.row_security:
            return True
        known_constraints = self._contract.constraints.get(name, {})
        return bool(live.constraints.keys() - known_constraints.keys())

    def _changed_types(self) -> Iterator[str]:
        live, package = self._live, self._package
        for name, kind in package.enums.items():
            if sorted(live.labels.get(name, ())) != sorted(m.value for m in kind):
                yield name
        for name, composite in package.composites.items():
            fields = {one: str(type_) for one, type_ in composite.fields.items()}
            if live.fields.get(name) != fields:
                yield name
        for name, base in self._contract.domains.items():
            if live.domains.get(name) != base:
                yield name

    def _holds(self, use: Use) -> bool:
        """Whether there is still the index or constraint that a proof rests on."""
        live = self._live.relations.get(use.name)
        if live is None:
            return True  # The server says what is missing.
        match use.kind:
            case "unique" | "conflict":
                return use.parts in live.keys
            case "unique-index" | "conflict-index":
                known = self._contract.constraints.get(use.name, {})
                return all(
                    name in live.constraints
                    and live.constraints[name][0] == known.get(name)
                    for name in use.parts
                )
            case "foreign-key":
                return use.parts <= live.constraints.keys()
            case _:
                return True

    def findings(self, method: str, statement: Validated[Any]) -> Iterator[Finding]:
        """Yield what a method does not expect, though the server accepts it."""
        uses = self._uses.get(method, [])
        broken = [
            *(one for use in uses for one in self._breaking(use)),
            *self._not_copied(statement, uses),
            *self._not_locked(statement, uses),
        ]
        found = [Finding(method, FindingKind.BREAKS, message) for message in broken]
        yield from found
        if found:
            return
        for message in self._labels(statement):
            yield Finding(method, FindingKind.TYPES, message)
        for use in uses:
            for kind, message in self._loosened(use):
                yield Finding(method, kind, message)
        for message in dict.fromkeys(self._made_up(statement)):
            yield Finding(method, FindingKind.NULLABILITY, message)
        for message in dict.fromkeys(self._refusing(uses)):
            yield Finding(method, FindingKind.ERRORS, message)

    def _breaking(self, use: Use) -> Iterator[str]:
        live = self._live.relations.get(use.name)
        if live is None:
            return
        if use.kind in _CONFLICT and live.kind in _TABLES and not self._holds(use):
            yield f"{use.name} has no {_key(use)}, which ON CONFLICT needs"
        if use.kind == _INSERT and live.kind in _TABLES:
            known = self._contract.relations[use.name]
            for column, fact in sorted(live.columns.items()):
                was_required = _is_required(known.get(column, ""))
                if _is_required(fact) and not was_required and column not in use.parts:
                    yield (
                        f"it writes no value to column {column} of {use.name}, which"
                        " must not be NULL"
                    )

    def _not_copied(
        self, statement: Validated[Any], uses: Iterable[Use]
    ) -> Iterator[str]:
        """Yield what an INSERT accepts, or the code reads, and COPY does not."""
        if statement.copy is None or statement.copy.staged:
            return
        for use in uses:
            live = self._live.relations.get(use.name)
            if use.kind != _INSERT or live is None:
                continue
            if live.kind == "v":
                yield f"{use.name} is a view, which COPY cannot write to"
            for column in sorted(use.parts):
                if live.columns.get(column, "").endswith(" generated"):
                    yield f"column {column} of {use.name} is a generated column"

    def _not_locked(
        self, statement: Validated[Any], uses: Iterable[Use]
    ) -> Iterator[str]:
        """Yield the views in the place of tables whose rows cannot be locked.

        The server refuses them when it plans the statement, not when it describes it.
        """
        if not statement.locks_rows:
            return
        for use in uses:
            live = self._live.relations.get(use.name)
            if live is None or live.kind != "v" or live.is_updatable:
                continue
            if use.name not in self._contract.views:
                yield f"{use.name} is a view whose rows cannot be locked"

    def _labels(self, statement: Validated[Any]) -> Iterator[str]:
        results, parameters = (
            self._within(map(_plain, names))
            for names in (statement.results, statement.parameters)
        )
        for name, kind in self._package.enums.items():
            known, found = {m.value for m in kind}, {*self._live.labels.get(name, ())}
            if name in results:
                for label in sorted(found - known):
                    yield f"{name} has a label that the code does not know: {label}"
            if found and name in parameters:
                for label in sorted(known - found):
                    yield f"{name} has no label {label}"

    def _within(self, names: Iterable[str]) -> set[str]:
        """Return types, and those that their values consist of."""
        found: set[str] = set()
        waiting = [*names]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found.add(name)
            composite = self._package.composites.get(name)
            if composite is not None:
                waiting += map(_plain, composite.fields.values())
            if (base := self._contract.domains.get(name)) is not None:
                waiting.append(_plain(base))
        return found

    def _loosened(self, use: Use) -> Iterator[tuple[FindingKind, str]]:
        """Yield the facts that proofs rest on and that are not so any more."""
        live = self._live.relations.get(use.name)
        if live is None:
            return
        if use.kind == _NOT_NULL and live.kind in _TABLES:
            for column in sorted(use.parts):
                if not _is_not_null(live.columns.get(column, "")):
                    yield (
                        FindingKind.NULLABILITY,
                        f"column {column} of {use.name} can be NULL, the code says it"
                        " is not",
                    )
        if use.kind == _FOREIGN_KEY and not self._holds(use):
            yield (
                FindingKind.NULLABILITY,
                f"{use.name} has no foreign key {', '.join(use.parts)}: rows that it"
                " joins can be missing",
            )
        if use.kind in _UNIQUE and not self._holds(use):
            yield (
                FindingKind.ROWS,
                f"{use.name} has no {_key(use)}: there can be several rows",
            )
        if use.kind != _CALL and live.row_security:
            if use.name not in self._contract.row_security:
                yield (
                    FindingKind.ROWS,
                    f"row-level security can hide rows of {use.name}",
                )

    def _made_up(self, statement: Validated[Any]) -> Iterator[str]:
        """Yield the fields of whole rows that can be NULL, and were not."""
        for name in sorted(self._within(map(_plain, statement.results))):
            live = self._live.relations.get(name)
            known = self._contract.relations.get(name, {})
            for column in self._package.required.get(name, ()):
                if live is None or not _is_not_null(known.get(column, "")):
                    continue
                if not _is_not_null(live.columns.get(column, "")):
                    yield (
                        f"column {column} of {name} can be NULL, the code says it is"
                        " not"
                    )

    def _refusing(self, uses: Iterable[Use]) -> Iterator[str]:
        """Yield the constraints that the package has no exception for."""
        for use in uses:
            live = self._live.relations.get(use.name)
            if live is None or use.kind not in (_INSERT, _UPDATE):
                continue
            known = self._contract.constraints.get(use.name, {})
            for constraint, (_, columns) in sorted(live.constraints.items()):
                meets = use.kind == _INSERT or not columns.isdisjoint(use.parts)
                if constraint not in known and meets:
                    yield f"constraint {constraint} of {use.name} can refuse it"


def _key(use: Use) -> str:
    names = ", ".join(sorted(use.parts))
    if use.kind.endswith("-index"):
        return f"unique index {names}"
    return f"unique index on ({names})"


def _plain(name: str) -> str:
    """Return the name of a type without the brackets of arrays."""
    while name.endswith("[]"):
        name = name.removesuffix("[]")
    return str(name)


def _is_not_null(fact: str) -> bool:
    return " not null" in fact


def _is_required(fact: str) -> bool:
    return fact.endswith(" not null")


def summary(package: Package, findings: Sequence[Finding]) -> str:
    """Return what is said of methods that do not fit, a line for each of them."""
    methods = len({one.method for one in findings})
    lines = "\n".join(f"  {one} [{one.kind}]" for one in findings)
    return (
        f"{methods} methods of package {package.name} do not fit the schema of the"
        f" database:\n{lines}"
    )
