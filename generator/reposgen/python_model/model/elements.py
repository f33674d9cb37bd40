"""What stands in generated modules: classes and methods."""

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
        doc: the column's comment, or empty.
    """

    name: str
    type: PyType
    doc: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One value of a flat row: `r[3]`.

    Attributes:
        secret: what hides the value, where something does.
    """

    index: int
    secret: Symbol | None = None
    nullable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Nested:
    """Several values of a flat row as one object: `Task(*r[0:5])`.

    Attributes:
        build: called positionally.
        stop: one past the last.
        probe: index of the value that is None only if there is no object; None
            where there always is one.
    """

    build: Symbol
    start: int
    stop: int
    probe: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """A function from a flat row to an object that nests or hides some of it.

    Attributes:
        result: what it calls, and so returns; None: it returns its only part.
    """

    symbol: Symbol
    result: Symbol | None
    returns: PyType
    parts: tuple[Item | Nested, ...]
    any: Symbol = ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class RowClass:
    """A class of values in a fixed order: of rows, composites, or arguments.

    However it is made, it takes its values positionally and tells their order in
    `__match_args__`.

    Attributes:
        doc: the docstring.
        kind: how the class is made.
        maker: the decorator or base class that makes it.
        settings: of a pydantic model, the class of its settings.
        builder: where the class alone cannot take the values as they come.
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
    """`IN_PROGRESS = "in progress"`."""

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
        base: what it is a new type of.
        maker: `NewType`; or `TypeAlias`, where `base` is no class.
        is_class: told by `maker`.
    """

    symbol: Symbol
    doc: str
    base: PyType
    maker: Symbol
    is_class: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintError:
    """The exception for one constraint.

    Attributes:
        keys: what errors of the server's name it by: schema, table or domain, name.
    """

    symbol: Symbol
    base: Symbol
    doc: str
    keys: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Everything that stands in a module for one query but its method.

    Attributes:
        row: the class of its rows, where it stands with this query.
        params: the class of a batch's or COPY's rows.
        nested: the classes of the JSON objects in its rows, inner ones first.
    """

    row: RowClass | None
    params: RowClass | None
    builder: Builder | None
    statement: Constant[Construct]
    nested: tuple[RowClass, ...] = ()

    @property
    def maker(self) -> Symbol | None:
        """The class or function that is called with a row's values."""
        row = self.statement.value.keyword("row")
        return row if isinstance(row, Symbol) else None

    @property
    def results(self) -> tuple[Value, ...]:
        """The types of the result's columns; empty if a constant names them."""
        results = self.statement.value.keyword("results")
        return results if isinstance(results, tuple) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A parameter of a method.

    Attributes:
        value: the expression that is passed on: its name, or what it reveals.
        reveals: the class of which it must be to reveal something; else its name is
            passed on.
        default: None where it must be given.
    """

    name: str
    type: PyType
    value: str
    reveals: Symbol | None = None
    default: Symbol | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A keyword that says how, with a default: `header: bool = True`."""

    name: str
    type: PyType
    default: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What a method takes and gives.

    Attributes:
        query: the query's name as its author wrote it.
        doc: the docstring.
        first: the positional argument: a batch's or COPY's rows.
        arguments: keyword-only.
        options: the same, handed on by name.
        awaits: `async def`.
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
        """The arguments, those first that must be given."""
        return tuple(sorted(self.arguments, key=lambda a: a.default is not None))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentRow:
    """Arguments as one row: `AddPeopleParams(id, email)`, or the only one of them."""

    maker: Symbol | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method: a signature, a docstring, one call.

    Attributes:
        run: the runner's method: `one`.
        gives: there is something to return.
        row: the arguments are handed on as one row.
        choices: the options by which a variant is chosen, not the run; None where
            the statement has no variants, or the runner chooses.
    """

    signature: Signature
    run: str
    gives: bool
    statement: Symbol
    choices: tuple[Option, ...] | None = None
    row: ArgumentRow | None = None

    @property
    def options(self) -> tuple[Option, ...]:
        """The options of the run."""
        choices = self.choices or ()
        return tuple(o for o in self.signature.options if o not in choices)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """The class over the queries of one file."""

    symbol: Symbol
    doc: str
    methods: tuple[Method, ...]
    runner: Symbol
    source: Symbol
    package: Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """An interface of a repository: what only reads, what writes, or all of it.

    Attributes:
        bases: other protocols that are part of it, and `Protocol` itself.
    """

    symbol: Symbol
    doc: str
    methods: tuple[Signature, ...] = ()
    bases: tuple[Symbol, ...] = (PROTOCOL,)
