"""Descriptions of a generated package's queries and of its database's types."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from enum import StrEnum

    from .errors import ConstraintViolation
    from .observe import Operation

T_co = TypeVar("T_co", covariant=True)

if TYPE_CHECKING:
    Json: TypeAlias = dict[str, "Json"] | list["Json"] | str | int | float | bool | None
    # None inside a document is JSON's null; in its place it is SQL's NULL, which only
    # parameters of nullable columns take.
    JsonInput: TypeAlias = (
        Mapping[str, "JsonInput | None"]
        | Sequence["JsonInput | None"]
        | str
        | int
        | float
        | bool
    )
else:
    # Libraries that evaluate annotations (pydantic, FastAPI, msgspec) cannot take an
    # alias that refers to itself. Any document is valid to them.
    Json = Any
    JsonInput = Any


class Unset(Enum):
    """Type of `UNSET`."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""Leaves an optional SET item out, where None would mean NULL."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """Result of a command that returns no rows.

    Attributes:
        tag: the command tag: `UPDATE 3`.
        rows: number of rows in the tag; 0 if it has none.
    """

    tag: str
    rows: int


@dataclass(frozen=True, slots=True)
class CopyInto:
    """Target of a COPY; all names are quoted for SQL.

    Attributes:
        table: the table as the query names it: `"tasks"`, `"app"."tasks"`.
        columns: columns in the order of the statement's parameters.
        staged: True if the rows are copied to a temporary table, from which the
            statement inserts them.
    """

    table: str
    columns: tuple[str, ...]
    staged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffering:
    """Settings of a buffered insert.

    Attributes:
        size: number of rows that are written together.
        interval: maximum seconds that a row waits for others.
        limit: maximum number of waiting rows.
        drops: True to drop a row if the buffer is full; False makes the call wait.
    """

    size: int = 1000
    interval: float = 1.0
    limit: int = 10_000
    drops: bool = False


@dataclass(frozen=True, slots=True)
class Optimistic:
    """How a write by version finds out why it affected no row.

    Attributes:
        probe: statement that returns the version of the addressed row.
        arguments: indexes of the statement's arguments to pass to the probe.
        expected: index of the argument with the version that the caller has seen.
        inserts: True if the statement inserts a missing row.
    """

    probe: Statement[Any]
    _: KW_ONLY
    arguments: tuple[int, ...]
    expected: int
    inserts: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """The value of the argument at an index."""

    index: int


@dataclass(frozen=True, slots=True)
class EachOf:
    """Each element of the argument at an index."""

    index: int


@dataclass(frozen=True, slots=True)
class Result:
    """The value of the result column at an index, in each row."""

    index: int


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table that cached results depend on or that a write changes.

    Attributes:
        table: qualified name; `*` for any table.
        columns: columns of the key that identifies the rows; empty for the whole table.
        values: values of those columns, text for a literal; empty for any.
    """

    table: str
    columns: tuple[str, ...] = ()
    values: tuple[Argument | EachOf | Result | str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """How the results of a read are cached.

    Attributes:
        ttl: seconds for which a result is kept.
        rows: rows that the result depends on.
        levels: `l1` in the process, `l2` in Redis.
        negative: seconds for which a missing row is remembered; 0 disables that.
        stale: seconds after `ttl` in which the old result is returned while one
            caller reads the new one.
    """

    ttl: float
    rows: tuple[Rows, ...] = ()
    levels: tuple[str, ...] = ("l1", "l2")
    negative: float = 0.0
    stale: float = 0.0


# Not frozen: `Statement[int](…)` would fail with Python 3.11's slots.
@dataclass(slots=True, eq=False)
class Validated(Generic[T_co]):
    """One validated query, and how its rows are built.

    A type name is that of a built-in type (`int4`, `timestamptz`, `text[]`) or is
    schema-qualified (`public.task_status`, `public.task_status[]`). In a qualified
    name, parts that contain a dot, a double quote or brackets are double-quoted as in
    SQL.

    Attributes:
        name: `tasks.get_task`, for errors and observers.
        parameters: type names, in the order of the numbers.
        results: type names, in the order of the columns.
        row: called positionally with the values of one row; if None, the result is the
            value of the first column.
        read_only: True if it is proved to write nothing.
        locks_rows: True for FOR UPDATE and similar, which require a transaction.
        cache: how results of a read are cached; None if they are not.
        changes: rows changed by a write that cached reads depend on.
        fields: attributes of a batch's or COPY's rows, in the order of the
            parameters; empty if the rows are the single parameter's values.
        arguments: names of the arguments, in the order of the parameters; empty if
            `fields` names them.
        copy: target of a COPY.
        buffer: settings of a buffered COPY.
        optimistic: how a write by version finds out why it affected no row.
        timeout: seconds that the server may work on it; None for the default.
        replica: True if a replica may run it, provided that it is read-only.
        reads: qualified names of the tables that are read.
        writes: qualified names of the tables that are written, the statement's target
            first, including those that foreign keys reach.
        verb: the command of a statement that begins with WITH and writes: `UPDATE`.
    """

    name: str
    _: KW_ONLY
    parameters: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    row: Callable[..., T_co] | None = None
    read_only: bool = False
    locks_rows: bool = False
    cache: Cached | None = None
    changes: tuple[Rows, ...] = ()
    fields: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    copy: CopyInto | None = None
    buffer: Buffering | None = None
    optimistic: Optimistic | None = None
    timeout: float | None = None
    replica: bool = True
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    verb: str | None = None
    # Description for observers, created on first use.
    operation: Operation | None = field(default=None, init=False, repr=False)

    def argument(self, number: int) -> str | None:
        """Return the name of the argument for a parameter; None if it is unknown."""
        # A secret is read through its attribute `revealed`.
        fields = [field.removesuffix(".revealed") for field in self.fields]
        names = self.arguments or ([] if fields == ["revealed"] else fields)
        # A page adds parameters after the query's own.
        return names[number - 1] if number <= len(names) else None


@dataclass(slots=True, eq=False)
class Statement(Validated[T_co]):
    """A query with constant SQL.

    Statements are compared by identity, which identifies what a connection has
    prepared.

    Attributes:
        sql: SQL with `$1`, `$2` for the parameters.
    """

    sql: str


@dataclass(frozen=True, slots=True)
class Composite:
    """A composite type, as it was when the code was generated.

    Values are matched by the names of the attributes, whatever their order is in the
    database.

    Attributes:
        python: makes a value from its attributes, by position, in the order of
            `fields`; usually a class. Values to send are read through the
            `__match_args__` of their class.
        fields: type names by the attributes' names in the database.
    """

    python: Callable[..., Any]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Package:
    """A generated package's description of its database.

    Type names are schema-qualified, as in `Statement`.

    Attributes:
        name: `demo`.
        enums: the class of each enum type.
        composites: attributes and Python class of each composite type.
        required: for row types of tables, the database names of the fields that their
            class does not allow to be None.
        types: names of the other types of the user or of extensions in statements:
            domains, ranges, citext. They are looked up together with the first one;
            types that are missing here are looked up when a statement needs them.
        constraints: the exception class for a schema, table and constraint name.
        tenant: the setting that row-level security reads, which each call needs; None
            if the package has no tenants.
        names_statements: True if each statement ends with its name in a comment, for
            the server's statistics and logs.
        module: the module that declares it; the package's contract stands beside that.
    """

    name: str
    _: KW_ONLY
    module: str = ""
    enums: Mapping[str, type[StrEnum]] = field(default_factory=dict[str, Any])
    composites: Mapping[str, Composite] = field(default_factory=dict[str, Any])
    required: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )
    types: tuple[str, ...] = ()
    constraints: Mapping[tuple[str, str, str], type[ConstraintViolation]] = field(
        default_factory=dict[tuple[str, str, str], Any]
    )
    tenant: str | None = None
    names_statements: bool = False
