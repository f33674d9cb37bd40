"""scaffold: an annotated query file for a table, for the user to edit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reposgen.diagnostics import ReposgenError, did_you_mean, error
from reposgen.live_schema.model import DomainType, Generated, RelationKind
from reposgen.models import dataclass
from reposgen.python_model.inflection import singular
from reposgen.python_model.names import pascal_case, unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reposgen.live_schema.model import Catalog, Index, Relation, RelationColumn

_TABLES: Final = frozenset({RelationKind.TABLE, RelationKind.PARTITIONED_TABLE})
_VERSIONS: Final = frozenset({"version", "lock_version", "row_version"})
_INTEGERS: Final = frozenset({"int2", "int4", "int8"})
_MOMENTS: Final = frozenset({"timestamp", "timestamptz"})
_UPDATED: Final = frozenset({"updated_at", "modified_at"})
# Of a page's ORDER BY: types that pages have cursors for, whatever the schema.
_ORDERED: Final = _INTEGERS | _MOMENTS | {"uuid", "text", "varchar", "date", "numeric"}
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")
_WIDTH: Final = 88
_VOWELS: Final = frozenset("aeio")


def find_table(name: str, catalog: Catalog) -> Relation:
    """Return the table of a name, which a schema's may precede.

    Raises:
        ReposgenError: there is no such table, or there are several.
    """
    # PostgreSQL has tables without columns; there is nothing to write of them.
    tables = [r for r in catalog.relations.values() if r.kind in _TABLES and r.columns]
    found = [r for r in tables if name in (r.name, r.qualified_name)]
    visible = [r for r in found if r.schema in catalog.search_path[:1]]
    if len(found) == 1 or len(visible) == 1:
        return (visible or found)[0]
    if found:
        names = ", ".join(sorted(r.qualified_name for r in found))
        problem, hint = f'several tables are called "{name}"', f"write one of: {names}"
    else:
        known = sorted({r.name for r in tables})
        close = did_you_mean(name, known)
        problem = f'there is no table "{name}"'
        hint = f"did you mean {close}?" if close else f"tables: {', '.join(known)}"
    raise ReposgenError([error("scaffold-table", problem, hint=hint)])


def scaffold(table: Relation, catalog: Catalog) -> str:
    """Return the text of a query file for a table."""
    return "\n".join(_Scaffold(table, catalog).queries())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """A column, and what it is called in SQL and as a parameter."""

    own: RelationColumn
    sql: str
    parameter: str

    @property
    def compared(self) -> str:
        """`id = @id`."""
        return f"{self.sql} = {self.parameter}"


class _Scaffold:
    def __init__(self, table: Relation, catalog: Catalog) -> None:
        self._table = table
        self._catalog = catalog
        words = pascal_case(table.name)
        self._many = words if words[:1].isalpha() else f"T{words}"
        self._one = singular(self._many)
        name = self._quoted(table.name)
        shown = table.schema in catalog.search_path and not any(
            r.name == table.name and r.oid != table.oid
            for r in catalog.relations.values()
        )
        self._name = name if shown else f"{self._quoted(table.schema)}.{name}"
        names = unique((_parameter(c.name) for c in table.columns), set())
        self._columns = {
            column.number: _Column(
                own=column, sql=self._quoted(column.name), parameter=f"@{name}"
            )
            for column, name in zip(table.columns, names, strict=True)
        }
        self._keys = self._unique_keys()
        self._key = next((key for key in self._keys if self._is_not_null(key)), ())
        taken = {column.own.number for column in self._key}
        self._version = self._special(_VERSIONS, _INTEGERS, taken)
        self._updated = self._special(_UPDATED, _MOMENTS, taken)
        self._writable = [c for c in self._columns.values() if _is_writable(c.own)]

    def queries(self) -> Iterator[str]:
        """Yield the queries, each ending with a line break."""
        yield from self._create()
        for key in self._keys:
            yield from self._get(key)
        yield from self._list()
        if self._key:
            yield from self._patch()
            yield from self._delete()
        for key in self._keys:
            if all(_is_writable(column.own) for column in key):
                yield from self._upsert(key)

    def _create(self) -> Iterator[str]:
        columns = self._inserted(())
        optional = [c for c in columns if self._can_be_omitted(c)]
        yield self._query(
            f"Create{self._one} :one",
            [f"Add {self._words}. Columns that are not given take their DEFAULT."],
            optional,
            self._insert(columns, f"INSERT INTO {self._name}"),
            "RETURNING *;",
        )

    def _get(self, key: Sequence[_Column]) -> Iterator[str]:
        by = "" if key == self._key else f"By{_joined(key)}"
        yield self._query(
            f"Get{self._one}{by}{' :opt' if by else ' :one'}",
            [f"Return {self._words}."],
            [],
            f"SELECT * FROM {self._name}",
            f"WHERE {self._where(key)};",
        )

    def _list(self) -> Iterator[str]:
        ordered = self._key and all(_base(c.own) in _ORDERED for c in self._key)
        order = ", ".join(c.sql for c in self._key)
        yield self._query(
            f"List{self._many}{' :page' if ordered else ' :many'}",
            [
                f"All rows of {self._table.name}"
                + (", page by page." if ordered else ".")
            ],
            [],
            f"SELECT * FROM {self._name}"
            + (f"\nORDER BY {order};" if ordered else ";"),
        )

    def _patch(self) -> Iterator[str]:
        kept = {c.own.number for c in (*self._key, *self._specials)}
        columns = [c for c in self._writable if c.own.number not in kept]
        if not columns:
            return
        version = self._version
        changes = [*(c.compared for c in columns), *self._touched("")]
        yield self._query(
            f"Patch{self._one} :one",
            [f"Change what is given of {self._words}."],
            columns,
            *([f"-- @optimistic {version.own.name}"] if version else ()),
            f"UPDATE {self._name}",
            f"SET {_listed(changes, '    ')}",
            f"WHERE {self._where((*self._key, *([version] if version else ())))}",
            "RETURNING *;",
        )

    def _delete(self) -> Iterator[str]:
        yield self._query(
            f"Delete{self._one} :execrows",
            [f"Remove {self._words}; return 1, or 0 if it does not exist."],
            [],
            f"DELETE FROM {self._name}",
            f"WHERE {self._where(self._key)};",
        )

    def _upsert(self, key: Sequence[_Column]) -> Iterator[str]:
        columns = self._inserted(key)
        optional = [c for c in columns if c not in key and self._can_be_omitted(c)]
        alias = "stored"
        changes = [
            c.compared if c in optional else f"{c.sql} = EXCLUDED.{c.sql}"
            for c in columns
            if c not in key and c not in self._key
        ]
        if not any(c not in (*optional, *key, *self._key) for c in columns):
            # A row that is there is returned even if nothing is given.
            changes.insert(0, f"{key[0].sql} = EXCLUDED.{key[0].sql}")
        target = ", ".join(c.sql for c in key)
        yield self._query(
            f"Upsert{self._one}{'' if key == self._key else 'By' + _joined(key)} :one",
            [f"Add {self._words}, or change what is given of the one that is there."],
            optional,
            self._insert(columns, f"INSERT INTO {self._name} AS {alias}"),
            f"ON CONFLICT ({target}) DO UPDATE",
            f"SET {_listed([*changes, *self._touched(f'{alias}.')], '    ')}",
            "RETURNING *;",
        )

    @property
    def _words(self) -> str:
        """`a task`, for the comments."""
        words = " ".join(singular(self._table.name).replace("_", " ").split())
        return f"an {words}" if words[:1].lower() in _VOWELS else f"a {words}"

    @property
    def _specials(self) -> tuple[_Column, ...]:
        return tuple(c for c in (self._version, self._updated) if c)

    def _touched(self, stored: str) -> Iterator[str]:
        """Return the columns that every change sets by itself."""
        if self._version:
            yield f"{self._version.sql} = {stored}{self._version.sql} + 1"
        if self._updated:
            yield f"{self._updated.sql} = now()"

    def _insert(self, columns: Sequence[_Column], start: str) -> str:
        if not columns:
            return f"{start} DEFAULT VALUES"
        names = _listed([c.sql for c in columns], "    ")
        values = _listed([c.parameter for c in columns], "    ")
        return f"{start} (\n    {names}\n) VALUES (\n    {values}\n)"

    def _inserted(self, key: Sequence[_Column]) -> list[_Column]:
        """Return the columns that a new row is given: generated keys are not."""
        return [
            c
            for c in self._writable
            if c in key
            or not (c in self._specials or (c in self._key and self._can_be_omitted(c)))
        ]

    def _can_be_omitted(self, column: _Column) -> bool:
        own = column.own
        return (
            own.has_default
            or own.generated is not Generated.NO
            or not (own.not_null or isinstance(own.type, DomainType))
        )

    def _special(
        self, names: frozenset[str], types: frozenset[str], taken: set[int]
    ) -> _Column | None:
        return next(
            (
                c
                for c in self._columns.values()
                if c.own.name in names
                and _base(c.own) in types
                and c.own.not_null
                and c.own.has_default
                and c.own.number not in taken
            ),
            None,
        )

    def _unique_keys(self) -> list[tuple[_Column, ...]]:
        """Return the keys that rows can be found by, the primary key first."""
        found: dict[tuple[int, ...], Index] = {}
        if self._table.has_children and self._table.kind is RelationKind.TABLE:
            # The rows of inheriting tables can have the same keys.
            return []
        for index in sorted(self._table.indexes, key=lambda i: not i.primary):
            if not index.unique or index.predicate is not None or 0 in index.columns:
                continue
            # What holds another key is no key of its own.
            if not any(set(known) <= set(index.columns) for known in found):
                found[index.columns] = index
        return [tuple(self._columns[n] for n in numbers) for numbers in found]

    def _is_not_null(self, key: Sequence[_Column]) -> bool:
        return all(c.own.not_null for c in key)

    def _where(self, key: Iterable[_Column]) -> str:
        return " AND ".join(c.compared for c in key)

    def _query(
        self, head: str, doc: Sequence[str], optional: Sequence[_Column], *sql: str
    ) -> str:
        lines = [f"-- name: {head}", *(f"-- {line}" for line in doc)]
        lines += _directive("optional", [c.parameter[1:] for c in optional])
        return "\n".join([*lines, *sql, ""])

    def _quoted(self, name: str) -> str:
        if _PLAIN.fullmatch(name) and name not in self._catalog.keywords:
            return name
        return '"' + name.replace('"', '""') + '"'


def _is_writable(column: RelationColumn) -> bool:
    return column.generated in (Generated.NO, Generated.IDENTITY_BY_DEFAULT)


def _base(column: RelationColumn) -> str:
    return column.type.name if column.type.schema == "pg_catalog" else ""


def _parameter(name: str) -> str:
    words = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
    return words if words[:1].isalpha() else f"column_{words}".rstrip("_")


def _joined(key: Sequence[_Column]) -> str:
    return "And".join(pascal_case(c.parameter[1:]) for c in key)


def _directive(word: str, names: Sequence[str]) -> Iterator[str]:
    """Lines of a directive that are not too long."""
    line = ""
    for name in names:
        if line and len(line) + len(name) + 2 > _WIDTH:
            yield line
            line = ""
        line = f"{line}, {name}" if line else f"-- @{word} {name}"
    if line:
        yield line


def _listed(items: Sequence[str], indent: str) -> str:
    """Items with commas, on lines that are not too long."""
    lines = [""]
    for number, item in enumerate(items):
        text = item + ("," if number < len(items) - 1 else "")
        if lines[-1] and len(indent + lines[-1]) + len(text) + 1 > _WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {text}" if lines[-1] else text
    return f"\n{indent}".join(lines)
