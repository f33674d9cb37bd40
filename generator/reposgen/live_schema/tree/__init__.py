"""Typed nodes of the server's analysed, rewritten query tree.

The text is what `debug_print_rewritten` sends on Parse, or what `pg_proc.prosqlbody`
holds of a function. Its format is no stable
API of PostgreSQL: majors that were not looked at are refused, and a node that is
not known becomes `Unknown`, of which nothing is concluded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from reposgen.live_schema.tree.expressions import Expression
from reposgen.live_schema.tree.fields import TreeError
from reposgen.live_schema.tree.model import Query
from reposgen.live_schema.tree.reader import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAJORS = range(14, 19)

_FUNCTION_BODY = "(("

__all__ = [
    "MAJORS",
    "TreeError",
    "parse_body",
    "parse_expression",
    "parse_expressions",
    "parse_tree",
    "parse_trees",
    "tells_places",
]


def parse_tree(text: str, major: int, statement: str = "") -> Query | None:
    """Return the query whose rows and command tag the statement returns.

    See `parse_trees`.

    Returns:
        None where the tree cannot be read (a major or form that is not known), or
        where rules left nothing of the statement.
    """
    trees = parse_trees(text, major, statement)
    return next((query for query in trees if query.can_set_tag), None)


def parse_trees(text: str, major: int, statement: str = "") -> tuple[Query, ...]:
    """Return all queries that a statement is rewritten to; rules can produce several.

    Args:
        text: the DETAIL of the server's notice: a list of queries, since a rule can
            make several of one; or the body of a function, which tells no places.
        major: the server's version: 18.
        statement: the submitted SQL. The server counts in bytes; locations come out
            in characters of this text, provided the database's encoding is UTF-8.

    Returns:
        None of them where the tree cannot be read: a major or form that is not known.
    """
    if major not in MAJORS:
        return ()
    offsets: Sequence[int] | None = None
    if not tells_places(text):
        # Its places, where it tells any, are in the text of the whole function.
        offsets = ()
    elif not statement.isascii():
        offsets = _character_offsets(statement)
    try:
        value = read(text, major, offsets)
    except TreeError:
        return ()
    return tuple(_queries(value))


def parse_body(text: str, major: int) -> Query | None:
    """Return the last statement of the body of an SQL function.

    Args:
        text: the trees of its statements, or those that rules made of the last.
        major: the server's version.

    Returns:
        None where the text cannot be read.
    """
    value = _value(text, major)
    queries = [query for query in _queries(value) if query.can_set_tag]
    return queries[-1] if queries else None


def parse_expression(text: str, major: int) -> Expression | None:
    """Return an expression stored in the catalog, such as `pg_index.indpred`.

    Returns:
        None where its text cannot be read.
    """
    value = _value(text, major)
    return value if isinstance(value, get_args(Expression)) else None


def parse_expressions(text: str, major: int) -> tuple[Expression, ...] | None:
    """Return expressions stored in the catalog, such as `pg_proc.proargdefaults`.

    Returns:
        None where its text cannot be read.
    """
    value = _value(text, major)
    if not isinstance(value, tuple):
        return None
    if not all(isinstance(one, get_args(Expression)) for one in value):
        return None
    return value


def _value(text: str, major: int) -> object:
    try:
        return read(text, major, ()) if major in MAJORS else None
    except TreeError:
        return None


def tells_places(text: str) -> bool:
    """Return whether the tree's nodes have locations in the statement."""
    return not text.startswith(_FUNCTION_BODY)


def _queries(value: object) -> Iterator[Query]:
    if isinstance(value, Query):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _queries(item)


def _character_offsets(statement: str) -> list[int]:
    offsets: list[int] = []
    for index, character in enumerate(statement):
        offsets += [index] * len(character.encode())
    offsets.append(len(statement))
    return offsets
