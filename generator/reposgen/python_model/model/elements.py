"""Classes and methods of generated modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.python_model.model.pytype import (
    ANY,
    PROTOCOL,
    STR_ENUM,
    Symbol,
)

if TYPE_CHECKING:
    from reposgen.config.model import ModelKind
    from reposgen.python_model.model.pytype import PyType
    from reposgen.python_model.model.values import Constant, Construct, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """An attribute of a class.

    Attributes:
        doc: the column's comment; can be empty.
    """

    name: str
    type: PyType
    doc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One value of a flat row: `r[3]`.

    Attributes:
        secret: the class that hides the value; None if it is not secret.
    """

    index: int
    secret: Symbol | None = None
    nullable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """Several values of a flat row as one object: `Task(*r[0:5])`.

    Attributes:
        build: the class or function, called with positional arguments.
        stop: index after the last value.
        probe: index of the value that is None only if there is no object; None if there
            always is an object.
    """

    build: Symbol
    start: int
    stop: int
    probe: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """A function that makes an object with nested or secret parts from a flat row.

    Attributes:
        result: class of the object; None if the only part is returned.
    """

    symbol: Symbol
    result: Symbol | None
    returns: PyType
    parts: tuple[Item | Nested, ...]
    any: Symbol = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class RowClass:
    """A class of values in a fixed order: of rows, composites, or arguments.

    Every kind of class takes its values by position and has their order in
    `__match_args__`.

    Attributes:
        doc: the docstring.
        kind: kind of the class.
        maker: decorator or base class of the class.
        settings: class of a pydantic model's settings.
        builder: function that builds objects, if the class alone cannot take the
            values.
    """

    symbol: Symbol
    doc: str
    fields: tuple[Field, ...]
    kind: ModelKind
    maker: Symbol
    settings: Symbol | None = None
    builder: Builder | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumMember:
    """A member of an enum: `IN_PROGRESS = "in progress"`."""

    name: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumClass:
    """A PostgreSQL enum."""

    symbol: Symbol
    doc: str
    members: tuple[EnumMember, ...]
    base: Symbol = STR_ENUM


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainType:
    """A PostgreSQL domain.

    Attributes:
        base: the underlying type.
        maker: `NewType`; or `TypeAlias` if `base` is not a class.
        is_class: True if `maker` is `NewType`.
    """

    symbol: Symbol
    doc: str
    base: PyType
    maker: Symbol
    is_class: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintError:
    """The exception class of one constraint.

    Attributes:
        keys: names of the constraint in the server's errors: schema, table or domain,
            name.
    """

    symbol: Symbol
    base: Symbol
    doc: str
    keys: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Definitions of one query in a module, except its method.

    Attributes:
        row: class of its rows, if it is defined with this query.
        params: class of a batch's or COPY's rows.
        nested: classes of the JSON objects in its rows, inner ones first.
    """

    row: RowClass | None
    params: RowClass | None
    builder: Builder | None
    statement: Constant[Construct]
    nested: tuple[RowClass, ...] = ()

    @property
    def maker(self) -> Symbol | None:
        """Class or function that is called with a row's values."""
        row = self.statement.value.keyword("row")
        return row if isinstance(row, Symbol) else None

    @property
    def results(self) -> tuple[Value, ...]:
        """Types of the result's columns; empty if a constant names them."""
        results = self.statement.value.keyword("results")
        return results if isinstance(results, tuple) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A parameter of a method.

    Attributes:
        value: the expression to pass on: the name, or a call that reveals a secret.
        reveals: if set, `value` is passed on only for instances of this class, and the
            argument itself otherwise.
        default: the default; None if the argument is required.
    """

    name: str
    type: PyType
    value: str
    reveals: Symbol | None = None
    default: Symbol | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A keyword with a default that controls the execution: `header: bool = True`."""

    name: str
    type: PyType
    default: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Signature of a method.

    Attributes:
        query: the query's name as its author wrote it.
        doc: the docstring.
        first: the positional argument: a batch's or COPY's rows.
        arguments: keyword-only arguments.
        options: keyword-only options, passed on by name.
        awaits: True for `async def`.
    """

    name: str
    query: str
    doc: str
    first: Argument | None
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]
    returns: PyType
    awaits: bool

    @property
    def keywords(self) -> tuple[Argument, ...]:
        """The arguments, required ones first."""
        return tuple(sorted(self.arguments, key=lambda a: a.default is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentRow:
    """Arguments as one row: `AddPeopleParams(id, email)`, or a single argument."""

    maker: Symbol | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method: a signature, a docstring and one call.

    Attributes:
        run: the runner's method: `one`.
        gives: True if the method returns a value.
        row: how arguments become one row; None if they are passed separately.
        choices: options that choose a variant; None if the statement has no variants,
            or the runner chooses.
    """

    signature: Signature
    run: str
    gives: bool
    statement: Symbol
    choices: tuple[Option, ...] | None = None
    row: ArgumentRow | None = None

    @property
    def options(self) -> tuple[Option, ...]:
        """Options that are passed to the runner."""
        choices = self.choices or ()
        return tuple(o for o in self.signature.options if o not in choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Class with a method for each query of one file."""

    symbol: Symbol
    doc: str
    methods: tuple[Method, ...]
    runner: Symbol
    source: Symbol
    package: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Protocol of a repository: its reads, its writes, or both.

    Attributes:
        bases: protocols that it combines, and `Protocol` itself.
    """

    symbol: Symbol
    doc: str
    methods: tuple[Signature, ...] = ()
    bases: tuple[Symbol, ...] = (PROTOCOL,)
