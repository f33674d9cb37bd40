"""Analysed trees where notices do not arrive: the bodies of temporary functions.

A function whose body is SQL-standard (`BEGIN ATOMIC … END`) is analysed when it is
created, and its tree can be read from the catalog. That needs the right to make
temporary objects. No places are told there, and views are not expanded: the catalog
has their trees as well.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from reposgen.live_schema.model import Described

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from typing import LiteralString

    from reposgen.live_schema.model import Description, Statement

_PREFIX = "reposgen_body_"
_BODIES: LiteralString = """
SELECT proname, prosqlbody::text FROM pg_proc
WHERE pronamespace = pg_my_temp_schema() AND prosqlbody IS NOT NULL
"""
_RULES: LiteralString = """
SELECT DISTINCT ev_class::int8 FROM pg_rewrite WHERE rulename <> '_RETURN'
"""
_TYPES: LiteralString = """
SELECT oid::int8, format_type(oid, NULL) FROM unnest(%s::oid[]) oid
"""
_VIEWS: LiteralString = """
SELECT ev_class::int8, ev_action::text
FROM pg_rewrite JOIN pg_class c ON c.oid = ev_class
WHERE rulename = '_RETURN' AND c.relkind = 'v' AND ev_class = ANY (%s)
"""
_RELATION = re.compile(r":relid (\d+)")
_VIEW = re.compile(r":rtekind 0 :relid (\d+)(?=(?: :inh \w+)? :relkind v )")
# Before 16 the entry of the range table has it, then a node of its own.
_PERMISSIONS = re.compile(r":relid (\d+) [^{}]*?:requiredPerms (\d+)")
_WRITE_PERMISSIONS = 0b1101  # INSERT, UPDATE, DELETE


def read_function_bodies(
    connection: psycopg.Connection[tuple[object, ...]],
    statements: Sequence[Statement],
    descriptions: Sequence[Description],
) -> tuple[str | None, ...]:
    """The trees of statements, without help of notices.

    Nothing is left behind: all happens in one transaction that is rolled back. It may
    write even where the connection's transactions are read-only by default.

    Args:
        connection: not in a transaction that failed.
        statements: those that `descriptions` are of.
        descriptions: they tell the types of parameters, and which statements there
            is no point in asking for.

    Returns:
        For each statement the text for `parse_tree`, or None: a statement that no
        function can hold, a write to a view or a table with rules, a server that does
        not allow it.

    Raises:
        psycopg.OperationalError: the connection is lost.
    """
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET TRANSACTION READ WRITE")
            names = _type_names(connection, descriptions)
            for number, (statement, description) in enumerate(
                zip(statements, descriptions, strict=True)
            ):
                if isinstance(description, Described):
                    _create(connection, number, statement, description, names)
            rows = connection.execute(_BODIES).fetchall()
            bodies = {str(name): str(body) for name, body in rows}
            ruled = {oid for (oid,) in connection.execute(_RULES).fetchall()}
            views = _read_views(connection, bodies.values())
    except psycopg.OperationalError:
        raise
    except psycopg.Error:
        return (None,) * len(statements)
    found = (bodies.get(f"{_PREFIX}{number}") for number in range(len(statements)))
    return tuple(
        _expanded(body, views)
        if body and not _is_rewritten(body, ruled, views)
        # What a rule makes of a statement is not in the body of a function.
        else None
        for body in found
    )


def _is_rewritten(
    body: str, ruled: Container[object], views: Mapping[int, str]
) -> bool:
    """Whether the server makes something else of a statement, views aside."""
    return any(int(oid) in ruled for oid in _RELATION.findall(body)) or any(
        int(oid) in views and int(permissions) & _WRITE_PERMISSIONS
        for oid, permissions in _PERMISSIONS.findall(body)
    )


def _read_views(
    connection: psycopg.Connection[tuple[object, ...]], bodies: Iterable[str]
) -> dict[int, str]:
    """The trees of the views that bodies read, and of those that these read."""
    views: dict[int, str] = {}
    texts = tuple(bodies)
    while wanted := {int(o) for t in texts for o in _VIEW.findall(t)} - views.keys():
        rows = connection.execute(sql.SQL(_VIEWS), (list(wanted),)).fetchall()
        # One that is missing, were there such a thing, is not asked for again.
        views |= dict.fromkeys(wanted, "")
        views |= {oid: str(tree) for oid, tree in rows if isinstance(oid, int)}
        texts = tuple(views[oid] for oid in wanted)
    return views


def _expanded(text: str, views: Mapping[int, str], around: int = 0) -> str:
    """A tree with its views as subqueries, as the server rewrites it."""

    def expand(entry: re.Match[str]) -> str:
        view = int(entry[1])
        # Before 16 a view's own range table begins with the view itself.
        if view == around or not views[view]:
            return entry[0]
        subquery = _expanded(views[view][1:-1], views, view)
        return f":rtekind 1 :subquery {subquery} :relid {view}"

    return _VIEW.sub(expand, text)


def _create(
    connection: psycopg.Connection[tuple[object, ...]],
    number: int,
    statement: Statement,
    description: Described,
    names: Mapping[int, str],
) -> None:
    arguments = ", ".join(names[oid] for oid in description.parameter_oids)
    returns = "SETOF record" if description.columns else "void"
    text = (
        f"CREATE FUNCTION pg_temp.{_PREFIX}{number}({arguments}) RETURNS {returns}"
        # A comment may be what the statement ends with.
        f" LANGUAGE sql BEGIN ATOMIC {statement.sql}\n; END"
    )
    try:
        with connection.transaction():
            connection.execute(text.encode())
    except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege):
        raise
    except psycopg.Error:
        return


def _type_names(
    connection: psycopg.Connection[tuple[object, ...]],
    descriptions: Sequence[Description],
) -> dict[int, str]:
    oids = {
        oid
        for description in descriptions
        if isinstance(description, Described)
        for oid in description.parameter_oids
    }
    rows = connection.execute(sql.SQL(_TYPES), (list(oids),)).fetchall()
    return {
        oid: name
        for oid, name in rows
        if isinstance(oid, int) and isinstance(name, str)
    }
