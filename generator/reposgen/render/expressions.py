"""Text of constants in generated code.

A call or tuple that contains SQL or a dict has one line per argument. Others are on one
line, broken if it is too long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.python_model.model.pytype import Symbol
from reposgen.python_model.model.values import (
    Construct,
    Entries,
    Fragment,
    Reference,
    Sql,
)
from reposgen.render.annotations import annotation
from reposgen.render.lines import fitted, fitted_item
from reposgen.render.literals import (
    piece_literal,
    sql_literal,
    string_literal,
    tuple_display,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reposgen.python_model.model.values import Value

_INDENT = 4


def constant_value(value: Value, names: Mapping[Symbol, str]) -> str:
    """Return the text of a constant's value in a module with these names."""
    if isinstance(value, Construct):
        return _lines(f"{names[value.symbol]}(", _arguments(value, names, 0), 0)
    return fitted(_expression(value, names, 0), 0)


def _expression(value: Value, names: Mapping[Symbol, str], indent: int) -> str:  # noqa: C901, PLR0911 - one case for each kind
    match value:
        case bool() | int() | float():
            return repr(value)
        case str():
            return string_literal(value)
        case Sql(text):
            return sql_literal(text)
        case Fragment(text):
            return piece_literal(text)
        case Symbol():
            return names[value]
        case Reference(symbol=symbol, attribute=attribute):
            return ".".join((names[symbol], *filter(None, (attribute,))))
        case Entries(items):
            return _lines("{", _items(items, names, indent), indent, "}")
        case tuple():
            if _has_fragments(value):
                lines = [_expression(v, names, indent + _INDENT) for v in value]
                return _lines("(", lines, indent)
            return tuple_display(_expression(v, names, indent) for v in value)
        case Construct():
            start = f"{names[value.symbol]}("
            arguments = _arguments(value, names, indent)
            if _is_long(value):
                return _lines(start, arguments, indent)
            return f"{start}{', '.join(arguments)})"
        case _:
            return annotation(value, names)


def _arguments(
    call: Construct, names: Mapping[Symbol, str], indent: int
) -> Iterator[str]:
    inner = indent + _INDENT
    for argument in call.arguments:
        yield _expression(argument, names, inner)
    for keyword, value in call.keywords:
        yield f"{keyword}={_expression(value, names, inner)}"


def _items(
    items: Iterable[tuple[Value, Value]], names: Mapping[Symbol, str], indent: int
) -> Iterator[str]:
    inner = indent + _INDENT
    for key, value in items:
        text = _expression(value, names, inner)
        if isinstance(key, tuple):
            parts = [_expression(part, names, inner) for part in key]
            yield fitted_item(parts, text, inner).removesuffix(",")
        else:
            yield f"{_expression(key, names, inner)}: {text}"


def _lines(start: str, lines: Iterable[str], indent: int, end: str = ")") -> str:
    inner = indent + _INDENT
    margin = " " * inner
    body = "".join(f"{margin}{_fitted(line, inner)}\n" for line in lines)
    return f"{start}\n{body}{' ' * indent}{end}"


def _fitted(line: str, indent: int) -> str:
    return f"{line}," if "\n" in line else fitted(f"{line},", indent)


def _is_long(value: Value) -> bool:
    """Return True if a call contains SQL or a dict."""
    match value:
        case Sql() | Entries():
            return True
        case Construct(arguments=arguments, keywords=keywords):
            return any(map(_is_long, (*arguments, *(v for _, v in keywords))))
        case _:
            return False


def _has_fragments(values: tuple[Value, ...]) -> bool:
    return any(
        isinstance(one, Fragment)
        or (isinstance(one, Construct) and _has_fragments(one.arguments))
        for one in values
    )
