"""The columns and expressions in a plan's conditions, as the server prints them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_IDENTIFIER: Final = r'(?:"(?:[^"]|"")+"|[^\W\d]\w*)'
_STRING: Final = re.compile(r"'(?:[^']|'')*'")
_CALL: Final = re.compile(rf"(?:{_IDENTIFIER}\.)?({_IDENTIFIER})\(")
# Words before a parenthesis that are no functions; no space stands behind a function.
_NO_CALLS: Final = frozenset({"ANY", "ALL", "ROW", "ARRAY", "IN"})


def columns_in(condition: str, alias: str) -> tuple[str, ...]:
    """Return the columns of a relation in a condition, in order.

    Args:
        condition: as the server prints it, with qualified names.
        alias: the relation's name in the statement.
    """
    text = _STRING.sub("''", condition)
    name = re.escape(quoted(alias))
    found = re.findall(rf'(?<![\w".$]){name}\.({_IDENTIFIER})', text)
    return tuple(dict.fromkeys(unquoted(one) for one in found))


def calls_in(condition: str, alias: str) -> Iterator[str]:
    """Yield the function calls in a condition that have the relation's columns.

    Of calls in calls, the outermost.
    """
    text = _STRING.sub(lambda found: "'" * len(found[0]), condition)
    end = 0
    for found in _CALL.finditer(text):
        if found.start() < end or found[1] in _NO_CALLS:
            continue
        stop = _closing(text, found.end())
        call = condition[found.start() : stop]
        if columns_in(call, alias):
            end = stop
            yield call


def qualifiers_in(text: str) -> frozenset[str]:
    """Return the names of relations that qualify columns in a condition."""
    text = _STRING.sub("''", text)
    found = re.findall(rf'(?<![\w".$])({_IDENTIFIER})\.{_IDENTIFIER}', text)
    return frozenset(unquoted(one) for one in found)


def normalised(expression: str, alias: str | None = None) -> str:
    """Return an expression so that two spellings of it are equal.

    Args:
        expression: as the server prints it.
        alias: its qualifier, or None.
    """
    if alias is not None:
        expression = re.sub(
            rf'(?<![\w".$]){re.escape(quoted(alias))}\.', "", expression
        )
    return re.sub(r"[\s()]|::\w+(?: varying)?", "", expression)


def quoted(name: str) -> str:
    """Return a name as the server prints it, keywords aside."""
    if re.fullmatch(r"[a-z_][a-z0-9_$]*", name):
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def qualified(schema: str, name: str) -> str:
    """Return the name of a table with its schema."""
    return f"{quoted(schema)}.{quoted(name)}"


def unquoted(name: str) -> str:
    """Return the name that an identifier stands for."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _closing(text: str, start: int) -> int:
    depth = 1
    for index in range(start, len(text)):
        depth += (text[index] == "(") - (text[index] == ")")
        if not depth:
            return index + 1
    return len(text)
