"""The columns and expressions in a plan's conditions, as the server prints them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from reposgen.live_schema.model import Relation

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
    name = _pattern(alias)
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
        expression = unqualified(expression, alias)
    return re.sub(r"[\s()]|::\w+(?: varying)?", "", expression)


def unqualified(expression: str, alias: str) -> str:
    """Return an expression with the names of a relation's columns alone."""
    return re.sub(rf'(?<![\w".$]){_pattern(alias)}\.', "", expression)


def quoted(name: str, keywords: Collection[str] = ()) -> str:
    """Return a name as SQL has it.

    Args:
        name: of a table, column or index.
        keywords: words that are no plain identifiers.
    """
    if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) and name not in keywords:
        return name
    return _in_quotes(name)


def qualified(relation: Relation, keywords: Collection[str] = ()) -> str:
    """Return the name of a table as SQL has it, with its schema."""
    return f"{quoted(relation.schema, keywords)}.{quoted(relation.name, keywords)}"


def unquoted(name: str) -> str:
    """Return the name that an identifier stands for."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def _in_quotes(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _pattern(name: str) -> str:
    """Return a pattern for a name: the server quotes keywords, and others if needed."""
    return f"(?:{re.escape(name)}|{re.escape(_in_quotes(name))})"


def _closing(text: str, start: int) -> int:
    depth = 1
    for index in range(start, len(text)):
        depth += (text[index] == "(") - (text[index] == ")")
        if not depth:
            return index + 1
    return len(text)
