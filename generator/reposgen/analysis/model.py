"""Data types for a query that the server has described."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

from reposgen.live_schema.model import ArrayType, DomainType
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.analysis.caching.model import Access, Caching
    from reposgen.analysis.vet_ignore import VetIgnore
    from reposgen.diagnostics import Diagnostic, Span
    from reposgen.live_schema.model import (
        Catalog,
        Constraint,
        DomainCheck,
        PgType,
        Relation,
    )
    from reposgen.sql_source.model import Command, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """Declarations in a package's options that the database does not contain.

    Attributes:
        null_elements: True if arrays can have NULL elements unless a proof or a
            declaration excludes them.
        types: the Python types of SQL types, columns, and columns and parameters of
            queries, as written: `tasks.tags` → `list[str | None]`. Only lists are used.
        takes_first: True if `:one` returns the first of several rows.
        tenant: the setting that row-level security reads; None without tenants.
    """

    null_elements: bool = True
    types: Mapping[str, str] = field(default_factory=dict)
    takes_first: bool = False
    tenant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """Nullability of the elements of a schema's arrays: True if they can be NULL.

    Attributes:
        default: for arrays of which nothing else is known.
        columns: by relation oid and `attnum`.
        domains: by oid.
        fields: for fields of composite types, by type oid and field name.
        queries: for columns and parameters of queries, by query name and their name.
        parameters: numbers of the current query's parameters with elements that can be
            NULL.
        row_types: oids of the row types of views and of tables with NOT NULL columns.
            A value of such a type that is not a row of the table can be NULL in all of
            its fields; it is then read as None.
    """

    default: bool = True
    columns: Mapping[tuple[int, int], bool] = field(default_factory=dict)
    domains: Mapping[int, bool] = field(default_factory=dict)
    fields: Mapping[tuple[int, str], bool] = field(default_factory=dict)
    queries: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    parameters: frozenset[int] = frozenset()
    row_types: frozenset[int] = frozenset()

    def may_be_made_up(self, type_: PgType) -> bool:
        """Return True if a value of a type can be read as None without being NULL."""
        while isinstance(type_, DomainType):
            type_ = type_.base
        return type_.oid in self.row_types

    def of_type(self, type_: PgType) -> bool:
        """Return True if a type is an array type whose elements can be NULL."""
        match type_:
            case ArrayType():
                return self.default or self.may_be_made_up(type_.element)
            case DomainType():
                known = self.domains.get(type_.oid)
                return self.of_type(type_.base) if known is None else known
            case _:
                return False

    def of_column(self, relation: int, number: int, type_: PgType) -> bool:
        """Return True if a column of a table or view has elements that can be NULL."""
        known = self.columns.get((relation, number))
        return self.of_type(type_) if known is None else known

    def of_field(self, composite: int, name: str, type_: PgType) -> bool:
        """Return True if a field of a composite type has elements that can be NULL."""
        known = self.fields.get((composite, name))
        return self.of_type(type_) if known is None else known


class Cardinality(StrEnum):
    """Proved number of rows that a statement returns."""

    NONE = "none"
    ONE = "one"
    AT_MOST_ONE = "at_most_one"
    MANY = "many"


class OptionalKind(StrEnum):
    """Argument that leaves out the clause of an `@optional` parameter."""

    FILTER = "filter"  # None
    SET = "set"  # UNSET; None means NULL
    DEFAULT = "default"  # UNSET: the inserted column takes its DEFAULT
    UPSERT = "upsert"  # UNSET: the DEFAULT is inserted, or the stored value kept

    @property
    def is_value(self) -> bool:
        """Whether UNSET leaves the clause out, so that None means NULL."""
        return self is not OptionalKind.FILTER

    @property
    def has_default(self) -> bool:
        """Whether a column takes its DEFAULT if the argument is missing."""
        return self in (OptionalKind.DEFAULT, OptionalKind.UPSERT)


class PieceRole(StrEnum):
    """Use that the run time makes of a piece."""

    SQL = "sql"  # sent as written
    ORDER_BY = "order_by"  # a chosen sort replaces it, a page leaves it out
    REQUIRE_ANY = (
        "some"  # no SQL: one of `any_of` must be given, or there is nothing to SET
    )


# Position of NULLs. PostgreSQL's default is last for ascending and first for descending
# order.
Nulls: TypeAlias = Literal["first", "last"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Argument of the generated method.

    Attributes:
        number: the n of its `$n` in the statement.
        name: unique in the query; not yet a Python identifier.
        type: PostgreSQL type; the array type for a slice.
        nullable: True if None is accepted and means NULL.
        element_nullable: True for an array whose elements can be NULL.
        optional: what leaves its clause out; None if the clause is always there.
        column: relation oid and `attnum` of the column that it is compared with or
            assigned to, which type overrides by column refer to; None without one.
        is_value: True if it is assigned to the column or compared with it for equality,
            so that it is a value of the column.
        span: its first use.
    """

    number: int
    name: str
    type: PgType
    nullable: bool
    span: Span
    element_nullable: bool = False
    optional: OptionalKind | None = None
    column: tuple[int, int] | None = None
    is_value: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonScalar:
    """Value in a JSON document that a query builds.

    Attributes:
        type: PostgreSQL type of the value before its conversion to JSON.
        table: relation oid and `attnum` of the column that it comes from, or None.
    """

    type: PgType
    table: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonList:
    """JSON array; `nullable` if values can be null, `of_array` if made of an array."""

    element: JsonShape
    nullable: bool
    of_array: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonField:
    """Key of a JSON object.

    Attributes:
        shape: shape of the value; None for any JSON.
        absent: True if the key is left out where its value is NULL.
    """

    key: str
    shape: JsonShape | None
    nullable: bool
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonObject:
    """JSON object whose keys are known."""

    fields: tuple[JsonField, ...]


JsonShape: TypeAlias = JsonScalar | JsonList | JsonObject


def json_scalars(shape: JsonShape | None) -> Iterator[JsonScalar]:
    """Yield the values in a document that are neither arrays nor objects."""
    match shape:
        case JsonScalar():
            yield shape
        case JsonList(element=element):
            yield from json_scalars(element)
        case JsonObject(fields=fields):
            for field in fields:
                yield from json_scalars(field.shape)
        case None:
            pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Column of the result.

    Attributes:
        name: name in the server's description, without an override's `!` or `?`.
        type: PostgreSQL type; a domain if the tree shows it.
        why: the reasons for `nullable`, the outermost first.
        shape: shape of a JSON document that the query builds; None for any JSON.
        table: relation oid and `attnum` of the column it comes from, or None.
        element_nullable: True for an array whose elements can be NULL.
    """

    name: str
    type: PgType
    nullable: bool
    why: tuple[str, ...]
    shape: JsonObject | JsonList | None = None
    table: tuple[int, int] | None = None
    element_nullable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """Embed `sqlc.embed(t)`: the columns of one table as one nested value.

    Attributes:
        name: name of the field: the text between the parentheses.
        nullable: True if the row can be absent, as on an outer join's nullable side.
        probe: index in `columns` of a column that is NULL only if the whole row is
            absent; None unless `nullable`.
        presence: index in the result of the hidden column that shows whether the row is
            present, for a table without a probe; None otherwise. Hidden columns follow
            all others.
    """

    name: str
    relation: Relation
    nullable: bool
    columns: tuple[Column, ...]
    probe: int | None = None
    presence: int | None = None


ResultItem = Column | Embed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """ORDER BY that the caller can choose.

    Attributes:
        name: `created_at`, or `-created_at` for the descending order.
        sql: the whole clause, with the text between it and the clause before.
    """

    name: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Part of the statement's SQL.

    Attributes:
        sql: SQL text with `$n` for the parameters.
        when: numbers of the `@optional` parameters that must all be given for the piece
            to be used; empty if it is always used.
        any_of: if not empty, all parameters of at least one entry must be given too, as
            for a comma between two optional SET items.
        otherwise: SQL that replaces the piece when it is left out: DEFAULT for an
            inserted value.
        sorts: orders that can replace an ORDER BY; empty for a page, whose ORDER BY the
            run time writes.
    """

    sql: str
    when: tuple[int, ...] = ()
    any_of: tuple[tuple[int, ...], ...] = ()
    otherwise: str = ""
    role: PieceRole = PieceRole.SQL
    sorts: tuple[Sort, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SortKey:
    """Column of the result that pages are ordered by.

    Attributes:
        name: its name in a `@sort` line.
        column: its index in the result, with embeds expanded.
        nulls: position of NULLs; None for PostgreSQL's default.
        operators: schema of its ordering operators.
    """

    name: str
    column: int
    descending: bool
    nullable: bool
    nulls: Nulls | None
    operators: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """Orders that a `:page` can have.

    Attributes:
        default: the query's own ORDER BY.
        unique: number of the last keys that together are unique. They are also appended
            to an order that the caller chooses.
        choices: the columns that the caller can sort by in either direction; all
            ascending.
    """

    default: tuple[SortKey, ...]
    unique: int
    choices: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimistic:
    """Checked `@optimistic version` line.

    Attributes:
        version: number of the parameter that the version column is compared with.
        probe: SQL that returns the row's version, or no row if the key does not exist.
        numbers: numbers of the statement's parameters that are the probe's $1, $2 …
        type: type of the version column.
        conditions: True if the statement has other conditions that can reject the row.
        inserts: True for an upsert, which writes a row that does not exist.
    """

    column: str
    version: int
    probe: str
    numbers: tuple[int, ...]
    type: PgType
    conditions: bool
    inserts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTarget:
    """Table and columns that `:copyfrom` writes to.

    Attributes:
        table: the parts of the table's name as written; without a schema, `search_path`
            applies as in all other statements.
        columns: columns of the table, or of the staging table if `staging` is set, in
            the order of the parameters.
        staging: SQL that moves the rows from the staging table into the table, which
            ON CONFLICT, RETURNING, casts, expressions and row-level security need. None
            for a plain COPY.
    """

    table: tuple[str, ...]
    columns: tuple[str, ...]
    staging: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffering:
    """Options of `@buffered`: rows of a `:copyfrom` wait to be written together.

    Attributes:
        size: rows per COPY.
        interval_ms: how long a row waits for others.
        limit: largest number of waiting rows.
        drops: True to drop a row when `limit` rows wait; otherwise its call waits.
    """

    size: int = 1000
    interval_ms: int = 1000
    limit: int = 10_000
    drops: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Constraint of a table that a write can violate."""

    relation: Relation
    constraint: Constraint

    def __str__(self) -> str:
        return self.constraint.name


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainViolation:
    """Constraint of a domain that a value can violate; NOT NULL without `check`."""

    domain: DomainType
    check: DomainCheck | None = None

    def __str__(self) -> str:
        name = f"{self.domain.schema}.{self.domain.name}"
        return f"not null of {name}" if self.check is None else self.check.name


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyPeriod:
    """Constraint WITHOUT OVERLAPS, which rejects an empty range."""

    relation: Relation
    constraint: Constraint

    def __str__(self) -> str:
        return f"empty range in {self.constraint.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionMissing:
    """Lack of a partition for a row, or a row outside of the partition written to."""

    relation: Relation

    def __str__(self) -> str:
        return f"partition of {self.relation.qualified_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptionViolation:
    """WITH CHECK OPTION of a view that a row can violate."""

    view: str

    def __str__(self) -> str:
        return f"check option of {self.view}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyViolation:
    """Row-level security policy that can reject a row."""

    relation: Relation

    def __str__(self) -> str:
        return f"row-level security of {self.relation.qualified_name}"


Refusal = (
    Violation
    | DomainViolation
    | EmptyPeriod
    | PartitionMissing
    | CheckOptionViolation
    | PolicyViolation
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassChoice:
    """Line `-- @json column = module.Class`, or the same with `@type`.

    Attributes:
        name: name of the column or parameter; both are meant if both have it.
        target: the class as written: `myapp.models.Settings`.
        span: place of the class.
    """

    name: str
    target: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class RowName:
    """Line `-- @row Name`, which names the class of the query's rows."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedQuery:
    """Query with all facts that code generation, docs and checks need.

    Attributes:
        method: the query's name in snake_case; not yet a Python identifier.
        doc: docstring text, without directives.
        pieces: the SQL to run, with `*` and embeds expanded and parameters as `$n`. One
            piece unless a call can leave out or choose a part.
        parameters: in the order of their numbers.
        results: empty for a statement that returns no rows.
        model: the relation whose columns, in order, are the whole result, or None.
        reads: qualified names of the tables read at any level, also through views.
        writes: qualified names of the tables written, including those that foreign key
            actions change; the statement's own table is first.
        read_only: True if it is proved that the statement only reads.
        locks_rows: True if the statement locks rows (FOR UPDATE) and writes nothing.
        raises: the constraints and policies that the statement can violate.
        unknown_reads: what can read any other table: `function public.total`.
        unknown_writes: what can write any other table, and raise any error:
            `trigger public.tasks.audit`, `function public.archive`.
        verb: the statement's command, as `UPDATE`; None for a utility command.
        ordering: orders of a `:page`; None for other commands.
        sorts: orders that the caller can choose: `created_at`, `-created_at`.
        changes: the rows that the statement changes.
        classes: classes chosen for columns and parameters.
        row_name: name of the row class; None if the generator chooses it.
        replica: True if a replica can serve the query, if it is read-only.
        hidden: number of boolean columns after the results, which show whether the rows
            of embeds are present.
        takes_first: True if `:one` returns the first of several rows.
        across_tenants: why the query is not limited to one tenant; None if it must be.
        vet_ignores: rules that do not report the query, each with a reason.
    """

    query: Query
    command: Command
    method: str
    doc: str
    pieces: tuple[Piece, ...]
    parameters: tuple[Parameter, ...]
    results: tuple[ResultItem, ...]
    model: Relation | None
    cardinality: Cardinality
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    read_only: bool
    locks_rows: bool
    raises: tuple[Refusal, ...]
    unknown_reads: tuple[str, ...] = ()
    unknown_writes: tuple[str, ...] = ()
    verb: str | None = None
    ordering: Ordering | None = None
    sorts: tuple[str, ...] = ()
    optimistic: Optimistic | None = None
    copy: CopyTarget | None = None
    buffer: Buffering | None = None
    cache: Caching | None = None
    changes: tuple[Access, ...] = ()
    classes: tuple[ClassChoice, ...] = ()
    row_name: RowName | None = None
    timeout_ms: int | None = None
    replica: bool = True
    channel: str | None = None
    hidden: int = 0
    takes_first: bool = False
    across_tenants: str | None = None
    vet_ignores: tuple[VetIgnore, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def name(self) -> str:
        """The name after `-- name:`."""
        return self.query.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """Analysis of all queries of a package.

    Attributes:
        catalog: catalog of the database, with proved columns.
        files: by path of a file, its queries in order; those with errors are left out.
        diagnostics: errors and warnings of all queries and of the package as a whole.
        trees: True if the server sent the trees of all queries that need one.
        elements: nullability of the elements of the schema's arrays.
    """

    catalog: Catalog
    files: Mapping[str, tuple[TypedQuery, ...]]
    diagnostics: tuple[Diagnostic, ...]
    trees: bool
    elements: Elements = Elements()
