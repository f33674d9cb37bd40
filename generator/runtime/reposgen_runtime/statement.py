"""What a generated package says of its queries and of its database's types."""

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
    """The type of `UNSET`."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""Leaves an optional SET item out, where None would mean NULL."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What the server said of a command.

    Attributes:
        tag: the command tag: `UPDATE 3`.
        rows: the number in it, 0 where there is none.
    """

    tag: str
    rows: int


@dataclass(frozen=True, slots=True)
class CopyInto:
    """Where a COPY goes; all names quoted, ready for SQL.

    Attributes:
        table: as the query names it: `"tasks"`, `"app"."tasks"`.
        columns: in the order of the statement's parameters.
        staged: the table is a temporary one, made for the call, and the statement
            moves the rows on from there.
    """

    table: str
    columns: tuple[str, ...]
    staged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Buffering:
    """How rows wait until they are written together.

    Attributes:
        size: how many are written together.
        interval: seconds that one waits for others.
        limit: how many may wait.
        drops: one for which there is no room is dropped; else its call waits.
    """

    size: int = 1000
    interval: float = 1.0
    limit: int = 10_000
    drops: bool = False


@dataclass(frozen=True, slots=True)
class Optimistic:
    """How a write by version that met no row finds out why.

    Attributes:
        probe: asks for the version of the row that was meant.
        arguments: indexes of the statement's arguments that are the probe's.
        expected: index of the argument that is the version the caller has seen.
        inserts: the statement writes a row that is not there.
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
    """Rows of a table, which cached results depend on and writes change.

    Attributes:
        table: qualified; `*` for any.
        columns: of the key that is looked at. None: the table as a whole.
        values: of those columns, text for a literal. None: any.
    """

    table: str
    columns: tuple[str, ...] = ()
    values: tuple[Argument | EachOf | Result | str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cached:
    """How the results of a read are kept, where its Database has a cache.

    Attributes:
        ttl: seconds for which a result is kept.
        rows: what the result depends on.
        levels: `l1` in the process, `l2` in Redis.
        negative: seconds for which it is kept that there is no row; 0: not at all.
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
    """One query, as it was validated, and what to make of its rows.

    A type name is a built-in's (`int4`, `timestamptz`, `text[]`) or schema-qualified
    (`public.task_status`, `public.task_status[]`); of the latter, a part that holds a
    dot, a double quote or brackets stands in double quotes, as in SQL.

    Attributes:
        name: `tasks.get_task`, for errors and observers.
        parameters: type names, in the order of the numbers.
        results: type names, in the order of the columns.
        row: called positionally with the values of one row; without it the value of
            the first column is the result.
        read_only: proved to write nothing.
        locks_rows: FOR UPDATE and the like: works in a transaction only.
        cache: of a read, how its results are kept.
        changes: of a write, the rows that it changes and cached reads depend on.
        fields: the attributes of a batch's or COPY's rows, in the order of the
            parameters; none where the rows are the single parameter's values.
        arguments: what the arguments are called, in the order of the parameters; none
            where `fields` names them.
        copy: of a COPY, its target.
        buffer: of a COPY whose rows come one by one, how they wait.
        optimistic: of a write by version, how it is told what went wrong.
        timeout: seconds that the server may work on it.
        replica: a replica may run it, if it is read-only.
        reads: qualified names of the tables that are read.
        writes: qualified names of the tables that are written, the statement's own
            first, also those that foreign keys reach.
        verb: what a statement does that begins with WITH, if it does not only read:
            `UPDATE`.
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
    # What observers are told of it, once there are some.
    operation: Operation | None = field(default=None, init=False, repr=False)

    def argument(self, number: int) -> str | None:
        """Return the name of the argument that is the parameter's value."""
        # A secret is read through its attribute `revealed`.
        fields = [field.removesuffix(".revealed") for field in self.fields]
        names = self.arguments or ([] if fields == ["revealed"] else fields)
        # A page has parameters of its own behind the query's.
        return names[number - 1] if number <= len(names) else None


@dataclass(slots=True, eq=False)
class Statement(Validated[T_co]):
    """A query whose SQL is always the same.

    Two statements are equal only if they are the same object: what is prepared on a
    connection is found by identity.

    Attributes:
        sql: with `$1`, `$2` for the parameters.
    """

    sql: str


@dataclass(frozen=True, slots=True)
class Composite:
    """A composite type, as it was when the code was generated.

    Values are matched by the names of the attributes, whatever their order is in the
    database.

    Attributes:
        python: builds a value from its attributes, positionally, in the order of
            `fields`: a class, as a rule. What goes to the server is taken apart by the
            `__match_args__` of its class.
        fields: type names by the attributes' names in the database.
    """

    python: Callable[..., Any]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Package:
    """A generated package, as far as it is about its database.

    Type names are schema-qualified, as in `Statement`.

    Attributes:
        name: `demo`.
        enums: the class of each enum type.
        composites: each composite type's attributes, and the class of its values.
        required: of the row types of tables, the fields that are never None in what
            builds a value, by their names in the database.
        types: names of all other types of the user's or an extension's that
            statements mention: domains, ranges, citext. Merely spares a question to
            the server: what is missing here is looked up when a statement needs it.
        constraints: by schema, table and name, the class to raise.
        tenant: the setting that row-level security reads: each call needs a tenant.
        names_statements: each statement ends with its name in a comment, for the
            server's statistics and logs.
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
