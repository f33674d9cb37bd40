"""Expressions in generated code: constants and their values."""

from __future__ import annotations

from typing import Generic, TypeAlias, TypeVar, Union

from reposgen.models import dataclass
from reposgen.python_model.model.pytype import FINAL, PyType, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A function or class, or an attribute of one: `Cents.of`.

    Attributes:
        attribute: path of the attribute, with dots; empty for the symbol itself.
    """

    symbol: Symbol
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement's SQL, written on separate lines."""

    text: str


@dataclass(frozen=True, slots=True)
class Fragment:
    """A part of a statement's SQL."""

    text: str


@dataclass(frozen=True, slots=True)
class Entries:
    """A dict as an ordered sequence of keys and values."""

    items: tuple[tuple[Value, Value], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Construct:
    """A call of a class or function: `Buffering(size=1000, interval=1.0)`."""

    symbol: Symbol
    arguments: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()

    def keyword(self, name: str) -> Value | None:
        """Return the value of a keyword argument; None if it is not given."""
        return dict(self.keywords).get(name)

    def with_keyword(self, name: str, value: Value) -> Construct:
        """Return the call with another value for a keyword that it has."""
        return Construct(
            symbol=self.symbol,
            arguments=self.arguments,
            keywords=tuple(
                (one, value if one == name else given) for one, given in self.keywords
            ),
        )


# A string, number or bool is a literal; a symbol or type is its name.
Value: TypeAlias = Union[
    str,
    int,
    float,
    Symbol,
    PyType,
    Reference,
    Sql,
    Fragment,
    Entries,
    Construct,
    "tuple[Value, ...]",
]
# The run time's name of a type, or a call that also says what its values become.
TypeName: TypeAlias = str | Construct


V = TypeVar("V", bound=Value)


def construct(
    symbol: Symbol, /, *arguments: Value, **keywords: Value | None
) -> Construct:
    """Return a call, without keywords that are None or an empty tuple."""
    return Construct(
        symbol=symbol,
        arguments=arguments,
        keywords=tuple(
            (name, value)
            for name, value in keywords.items()
            if value is not None and value != ()
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Generic[V]):
    """A constant: `NAME: Final = value`.

    Attributes:
        result: the type parameter of the value's class; None if it can be inferred.
    """

    symbol: Symbol
    value: V
    result: PyType | None = None
    final: Symbol = FINAL
