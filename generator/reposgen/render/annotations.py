"""Text of Python types and expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reposgen.python_model.model.elements import Item, Nested
from reposgen.python_model.model.pytype import (
    Generic,
    Named,
    Nothing,
    OneOf,
    Symbol,
    Union,
)
from reposgen.render.literals import string_literal, tuple_display

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.python_model.model.elements import (
        Argument,
        Method,
        Signature,
    )
    from reposgen.python_model.model.pytype import PyType


def annotation(type_: PyType, names: Mapping[Symbol, str]) -> str:
    """Return the type's text in a module with these names."""
    match type_:
        case Named(symbol):
            return names[symbol]
        case Generic(symbol, arguments):
            inner = ", ".join(annotation(argument, names) for argument in arguments)
            return f"{names[symbol]}[{inner}]"
        case Union(members, nullable):
            spelled = [annotation(member, names) for member in members]
            return " | ".join([*spelled, "None"] if nullable else spelled)
        case OneOf(values, symbol):
            return f"{names[symbol]}[{', '.join(map(string_literal, values))}]"
        case Nothing():
            return "None"
        case _:
            assert_never(type_)


def value(part: Item | Nested, names: Mapping[Symbol, str]) -> str:
    """Return the expression that builds a part from the flat row `r`."""
    match part:
        case Item(index=index, secret=secret):
            plain = f"r[{index}]"
            if secret is None:
                return plain
            made, probe = f"{names[secret]}({plain})", index if part.nullable else None
        case Nested(probe=probe):
            made = f"{names[part.build]}(*r[{part.start}:{part.stop}])"
        case _:
            assert_never(part)
    return made if probe is None else f"None if r[{probe}] is None else {made}"


class _Everywhere(dict["Symbol", str]):
    def __missing__(self, symbol: Symbol) -> str:
        return symbol.name


def plain_annotation(type_: PyType) -> str:
    """Return the type's text if no name is shadowed: `UUID | None`."""
    return annotation(type_, _Everywhere())


def values(signature: Signature, names: Mapping[Symbol, str]) -> str:
    """Return the tuple of arguments that a method passes on."""
    return tuple_display(_passed(argument, names) for argument in signature.arguments)


def as_row(method: Method, names: Mapping[Symbol, str]) -> str:
    """Return the expression for a method's arguments as one row."""
    passed = ", ".join(a.value for a in method.signature.arguments)
    maker = method.row.maker if method.row else None
    return f"{names[maker]}({passed})" if maker else passed


def _passed(argument: Argument, names: Mapping[Symbol, str]) -> str:
    if argument.reveals is None:
        return argument.value
    name, hider = argument.name, names[argument.reveals]
    return f"{argument.value} if isinstance({name}, {hider}) else {name}"
