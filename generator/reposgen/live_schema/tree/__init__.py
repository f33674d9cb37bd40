"""Typed nodes of the server's analysed, rewritten query tree.

The text is what the server sends with `debug_print_rewritten`, or what
`pg_proc.prosqlbody` contains. PostgreSQL does not guarantee its format: untested major
versions are refused, and an unknown node becomes `Unknown`, which proves nothing.
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

    Args:
        text: the tree's text, as for `parse_trees`.
        major: the server's major version.
        statement: the submitted SQL.

    Returns:
        None if the tree cannot be read (an unknown version or form), or if rules
        replaced the whole statement.
    """
    trees = parse_trees(text, major, statement)
    return next((query for query in trees if query.can_set_tag), None)


def parse_trees(text: str, major: int, statement: str = "") -> tuple[Query, ...]:
    """Return all queries that a statement is rewritten to; rules can add queries.

    Args:
        text: the DETAIL of the server's notice, which is a list of queries; or the body
            of a function, whose nodes have no source locations.
        major: the server's major version: 18.
        statement: the submitted SQL. The server counts bytes; locations are converted
            to characters of this text if the database's encoding is UTF-8.

    Returns:
        Empty if the tree cannot be read: an unknown version or form.
    """
    if major not in MAJORS:
        return ()
    offsets: Sequence[int] | None = None
    if not tells_places(text):
        # Locations in a function's body refer to the text of the whole function.
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
        text: the trees of its statements, or those that rules made of the last one.
        major: the server's major version.

    Returns:
        None if the text cannot be read.
    """
    value = _value(text, major)
    queries = [query for query in _queries(value) if query.can_set_tag]
    return queries[-1] if queries else None


def parse_expression(text: str, major: int) -> Expression | None:
    """Return an expression stored in the catalog, such as `pg_index.indpred`.

    Returns:
        None if its text cannot be read.
    """
    value = _value(text, major)
    return value if isinstance(value, get_args(Expression)) else None


def parse_expressions(text: str, major: int) -> tuple[Expression, ...] | None:
    """Return expressions stored in the catalog, such as `pg_proc.proargdefaults`.

    Returns:
        None if their text cannot be read.
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
    """Return True if the tree's nodes have locations in the statement."""
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
