"""What is known of a query once the server has described it."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

from reposgen.analysis.facts import Uses
from reposgen.live_schema.model import ArrayType, DomainType
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.analysis.caching.model import Access, Caching
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
    """What a package's options say where the database does not.

    Attributes:
        takes_first: of several rows `:one` returns the first.
        null_elements: arrays can have NULL elements unless something proves or
            declares otherwise.
        types: what was written for types, columns, and parts of queries:
            `tasks.tags` → `list[str | None]`. Of it only lists count here.
        tenant: the setting that row-level security reads.
    """

    null_elements: bool = True
    types: Mapping[str, str] = field(default_factory=dict)
    takes_first: bool = False
    tenant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """Whether the arrays of a schema can have NULL elements.

    Attributes:
        default: of arrays of which nothing else is known.
        columns: by relation oid and `attnum`.
        domains: by oid.
        fields: of composite types, by oid and name.
        queries: of columns and parameters of queries, by the names of both.
        parameters: in the query at hand, the numbers of the parameters whose elements
            can be NULL.
        row_types: oids of the row types of tables with NOT NULL columns, and of views.
            A value of such a type that is no row of the table can be NULL in all of
            its fields, and then is read as None.
    """

    default: bool = True
    columns: Mapping[tuple[int, int], bool] = field(default_factory=dict)
    domains: Mapping[int, bool] = field(default_factory=dict)
    fields: Mapping[tuple[int, str], bool] = field(default_factory=dict)
    queries: Mapping[tuple[str, str], bool] = field(default_factory=dict)
    parameters: frozenset[int] = frozenset()
    row_types: frozenset[int] = frozenset()

    def may_be_made_up(self, type_: PgType) -> bool:
        """Whether a value of a type can be None though it is not NULL."""
        while isinstance(type_, DomainType):
            type_ = type_.base
        return type_.oid in self.row_types

    def of_type(self, type_: PgType) -> bool:
        """Whether values of a type are arrays that can have NULL elements."""
        match type_:
            case ArrayType():
                return self.default or self.may_be_made_up(type_.element)
            case DomainType():
                known = self.domains.get(type_.oid)
                return self.of_type(type_.base) if known is None else known
            case _:
                return False

    def of_column(self, relation: int, number: int, type_: PgType) -> bool:
        """The same for a column of a table or view."""
        known = self.columns.get((relation, number))
        return self.of_type(type_) if known is None else known

    def of_field(self, composite: int, name: str, type_: PgType) -> bool:
        """The same for a field of a composite type."""
        known = self.fields.get((composite, name))
        return self.of_type(type_) if known is None else known


class Cardinality(StrEnum):
    """How many rows a statement can return, proved."""

    NONE = "none"
    ONE = "one"
    AT_MOST_ONE = "at_most_one"
    MANY = "many"


class OptionalKind(StrEnum):
    """What leaves an `@optional` parameter's clause out."""

    FILTER = "filter"  # None
    SET = "set"  # UNSET; None means NULL
    DEFAULT = "default"  # UNSET: the inserted column takes its DEFAULT
    UPSERT = "upsert"  # UNSET: the DEFAULT is inserted, or the stored value kept

    @property
    def is_value(self) -> bool:
        """UNSET leaves the clause out, and None means NULL."""
        return self is not OptionalKind.FILTER

    @property
    def has_default(self) -> bool:
        """Without the argument, a column takes its DEFAULT."""
        return self in (OptionalKind.DEFAULT, OptionalKind.UPSERT)


class PieceRole(StrEnum):
    """What the run time makes of a piece."""

    SQL = "sql"  # goes out as it stands
    ORDER_BY = "order_by"  # a chosen sort replaces it, a page leaves it out
    REQUIRE_ANY = (
        "some"  # no SQL: one of `any_of` must be given, or there is nothing to SET
    )


# Where NULLs go, if it is not left to PostgreSQL: last where values ascend, else first.
Nulls: TypeAlias = Literal["first", "last"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An argument of the generated method.

    Attributes:
        number: the n of its `$n` in the statement.
        name: unique in the query; not yet a Python identifier.
        type: of a slice, the array.
        nullable: None is accepted and means NULL.
        element_nullable: for arrays, whether elements may be NULL.
        optional: its clause can be left out.
        column: (relation oid, attnum) of the column it is compared with or assigned
            to: type overrides by column reach it through this.
        is_value: it is assigned to a column or compared with one for equality: what
            the column holds, it holds.
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
    """A value in a JSON document that a query builds.

    Attributes:
        type: what it was before.
        table: relation oid and `attnum` of the column that it comes from, or None.
    """

    type: PgType
    table: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonList:
    """A JSON array of values of one shape, of which some can be null."""

    element: JsonShape
    nullable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonField:
    """A key of a JSON object.

    Attributes:
        shape: of its value; None for any JSON.
        absent: the key is left out where its value is NULL.
    """

    key: str
    shape: JsonShape | None
    nullable: bool
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonObject:
    """A JSON object whose keys are known."""

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
    """A column of the result.

    Attributes:
        name: as the server names it, an override's `!` or `?` taken off.
        type: a domain, where the tree shows that it is one.
        element_nullable: an array that can have NULL elements.
        why: the proof in plain words, the outermost reason first.
        table: relation oid and `attnum` of the column it comes from, or None.
        shape: of a JSON document that the query builds; None for any JSON.
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
    """`sqlc.embed(t)`: the columns of one table as one nested value.

    Attributes:
        name: as written between the parentheses: the field's name.
        nullable: the table is on an outer join's nullable side.
        probe: index in `columns` of a column that is NULL only if the whole row is
            missing; None unless `nullable`.
        presence: where the table has no such column, the index in the result of a
            hidden one; hidden columns follow all others.
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
    """An ORDER BY that the caller may choose.

    Attributes:
        name: `created_at`, or `-created_at` for the other direction.
        sql: the whole clause, with what stands between it and the clause before.
    """

    name: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of the statement's SQL.

    Attributes:
        sql: with `$n` for the parameters.
        when: numbers of the `@optional` parameters that must all be given for the
            piece to be there; empty for what always is.
        any_of: if not empty, all of one of these must be given as well: a comma
            between two optional SET items.
        otherwise: the SQL where the piece is left out: DEFAULT, of an inserted value.
        sorts: of an ORDER BY, what can stand in its place; a page has none, since
            there the run time writes it.
    """

    sql: str
    when: tuple[int, ...] = ()
    any_of: tuple[tuple[int, ...], ...] = ()
    otherwise: str = ""
    role: PieceRole = PieceRole.SQL
    sorts: tuple[Sort, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SortKey:
    """A column of the result that pages are ordered by.

    Attributes:
        name: what `@sort` calls it.
        column: its index in the result, embeds spelled out.
        nulls: where they go, if that is not the default.
        operators: the schema of those that order it.
    """

    name: str
    column: int
    descending: bool
    nullable: bool
    nulls: Nulls | None
    operators: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """What a `:page` can be ordered by.

    Attributes:
        default: the query's own ORDER BY.
        unique: how many of its last keys no two rows agree in; those follow a sort
            that the caller chooses, too.
        choices: what the caller may sort by, in either direction; all ascending.
    """

    default: tuple[SortKey, ...]
    unique: int
    choices: tuple[SortKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimistic:
    """`@optimistic version`, checked.

    Attributes:
        version: number of the parameter that the version column is compared with.
        probe: SQL that returns the row's version, or no row if the key is gone.
        numbers: the statement's parameters that are the probe's $1, $2 …
        type: of the version column.
        conditions: the row can also be refused for another reason than its version.
        inserts: a row that is not there is no reason: an upsert writes it.
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
    """Where `:copyfrom` puts its rows.

    Attributes:
        table: the parts of its name as the statement has them: without a schema it is
            found through `search_path`, as by all other statements.
        columns: the table's, or with `staging` the staging table's, in the order of
            the parameters.
        staging: SQL that moves the rows from the staging table into the table, where
            ON CONFLICT, RETURNING, casts, expressions or row-level security ask for
            that. None for a plain COPY.
    """

    table: tuple[str, ...]
    columns: tuple[str, ...]
    staging: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffering:
    """`@buffered`: how the rows of a `:copyfrom` wait until they are written together.

    Attributes:
        size: how many are written together.
        interval_ms: how long one waits for others.
        limit: how many may wait.
        drops: one for which there is no room is dropped; else its call waits.
    """

    size: int = 1000
    interval_ms: int = 1000
    limit: int = 10_000
    drops: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A constraint of a table that a write can violate."""

    relation: Relation
    constraint: Constraint

    def __str__(self) -> str:
        return self.constraint.name


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainViolation:
    """A constraint of a domain that a value can violate; NOT NULL without `check`."""

    domain: DomainType
    check: DomainCheck | None = None

    def __str__(self) -> str:
        name = f"{self.domain.schema}.{self.domain.name}"
        return f"not null of {name}" if self.check is None else self.check.name


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyPeriod:
    """WITHOUT OVERLAPS: an empty range is refused."""

    relation: Relation
    constraint: Constraint

    def __str__(self) -> str:
        return f"empty range in {self.constraint.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionMissing:
    """No partition takes the row, or the partition that is written to does not."""

    relation: Relation

    def __str__(self) -> str:
        return f"partition of {self.relation.qualified_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptionViolation:
    """The WITH CHECK OPTION of a view."""

    view: str

    def __str__(self) -> str:
        return f"check option of {self.view}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyViolation:
    """A policy of row-level security refuses the row."""

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
    """`-- @json column = module.Class`, or `@type`.

    Attributes:
        name: of the column or parameter, or of one of each.
        target: as written: `myapp.models.Settings`.
        span: of the target.
    """

    name: str
    target: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class RowName:
    """`-- @row Name`: what the class of the query's rows is called."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedQuery:
    """A query with everything that code generation, docs and checks need.

    Attributes:
        method: not yet a Python identifier: the query's name in snake_case.
        pieces: the SQL to run, `*` expanded, embeds spelled out, parameters as
            `$n`. One piece unless a call can leave out or choose some of it.
        parameters: in the order of their numbers.
        results: empty for a statement that returns no rows.
        hidden: how many boolean columns follow those, of which embeds ask whether
            they have a row.
        model: the relation whose columns, in order, are the whole result.
        reads: qualified names of the tables read, in any level, views seen through.
        read_only: proved.
        locks_rows: FOR UPDATE and the like, and nothing is written.
        writes: qualified names of the tables written, those that foreign keys reach
            included; the statement's own first.
        verb: what the statement does: `UPDATE`; None of a command.
        raises: what the server can refuse the statement for, proved.
        unknown_reads: what may read any other table: `function public.total`.
        unknown_writes: what may write any other table, and raise any error:
            `trigger public.tasks.audit`, `function public.archive`.
        doc: docstring text, directives taken out.
        classes: what columns and parameters become.
        row_name: None where the generator names the class.
        ordering: of a `:page`.
        sorts: what the caller may sort by: `created_at`, `-created_at`.
        replica: a replica may serve it, if it is read-only.
        takes_first: of several rows `:one` returns the first.
        across_tenants: why it need not keep to one tenant, or None.
        changes: the rows that the statement changes.
        uses: what it needs of the schema.
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
    uses: Uses = Uses()
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def name(self) -> str:
        """As written after `-- name:`."""
        return self.query.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """All queries of a package, described.

    Attributes:
        queries: in the order of files and of queries in them; those with errors
            are left out.
        diagnostics: of all queries and of the set as a whole.
        trees: whether the proofs rest on the server's tree or on the simple rules.
        elements: of the arrays that the schema holds.
    """

    catalog: Catalog
    files: Mapping[str, tuple[TypedQuery, ...]]
    diagnostics: tuple[Diagnostic, ...]
    trees: bool
    elements: Elements = Elements()
