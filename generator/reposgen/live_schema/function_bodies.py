"""Analysed trees from the bodies of temporary functions, if notices do not arrive.

PostgreSQL analyses a function whose body is SQL-standard (`BEGIN ATOMIC … END`) when it
is created, and stores the tree in the catalog. This needs the TEMPORARY privilege. The
trees have no source locations, and views in them are not expanded: this module expands
them from their own trees in the catalog.
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

    from reposgen.live_schema.model import Description, Function, Statement

_PREFIX = "reposgen_body_"
_BODIES: LiteralString = """
SELECT proname, prosqlbody::pg_catalog.text FROM pg_catalog.pg_proc
WHERE pronamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()
  AND prosqlbody IS NOT NULL
"""
_RULES: LiteralString = """
SELECT DISTINCT ev_class::bigint FROM pg_catalog.pg_rewrite
WHERE rulename OPERATOR(pg_catalog.<>) '_RETURN'
"""
_TYPES: LiteralString = """
SELECT oid::bigint, pg_catalog.format_type(oid, NULL)
FROM pg_catalog.unnest(%s::pg_catalog.oid[]) oid
"""
_VIEWS: LiteralString = """
SELECT ev_class::bigint, ev_action::pg_catalog.text
FROM pg_catalog.pg_rewrite
JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) ev_class
WHERE rulename OPERATOR(pg_catalog.=) '_RETURN' AND c.relkind OPERATOR(pg_catalog.=) 'v'
  AND ev_class OPERATOR(pg_catalog.=) ANY (%s::pg_catalog.oid[])
"""
# The text of a body, and the arguments in the form that CREATE FUNCTION accepts.
_TEXTS: LiteralString = """
SELECT oid::int8, pg_get_function_identity_arguments(oid), prosrc, prosqlbody::text
FROM pg_proc WHERE oid = ANY (%s)
"""
_SEARCH_PATH: LiteralString = "SELECT pg_catalog.set_config('search_path', %s, true)"
_CURRENT_PATH: LiteralString = "SELECT pg_catalog.current_setting('search_path')"
_OUTPUT = re.compile(r"(?:^|, )(?:OUT|INOUT) ")
_RELATION = re.compile(r":relid (\d+)")
_VIEW = re.compile(r":rtekind 0 :relid (\d+)(?=(?: :inh \w+)? :relkind v )")
# In the range table entry before PostgreSQL 16, and in a separate node since then.
_PERMISSIONS = re.compile(r":relid (\d+) [^{}]*?:requiredPerms (\d+)")
_WRITE_PERMISSIONS = 0b1101  # INSERT, UPDATE, DELETE


def read_function_bodies(
    connection: psycopg.Connection[tuple[object, ...]],
    statements: Sequence[Statement],
    descriptions: Sequence[Description],
) -> tuple[str | None, ...]:
    """Return the trees of statements without using notices.

    Everything happens in one transaction that is rolled back, so nothing is left
    behind. The transaction can write even if `default_transaction_read_only` is on.

    Args:
        connection: a connection that is not in a failed transaction.
        statements: the statements.
        descriptions: their descriptions, which contain the types of parameters.
            Statements with an error are skipped.

    Returns:
        For each statement the text for `parse_tree`, or None: for a statement that no
        function can contain, for a write to a view or to a table with rules, and if the
        server does not allow temporary functions.

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
            bodies = _rewritten(connection, _temporary(connection))
    except psycopg.OperationalError:
        raise
    except psycopg.Error:
        return (None,) * len(statements)
    return tuple(bodies.get(f"{_PREFIX}{n}") for n in range(len(statements)))


def read_bodies_of(
    connection: psycopg.Connection[tuple[object, ...]], functions: Sequence[Function]
) -> Mapping[int, str]:
    """Return the trees of the bodies of SQL functions, by oid.

    Raises:
        psycopg.OperationalError: the connection is lost.
    """
    asked = {function.oid: function for function in functions}
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET TRANSACTION READ WRITE")
            rows = connection.execute(_TEXTS, (list(asked),)).fetchall()
            bodies: dict[str, str] = {}
            for oid, arguments, text, body in rows:
                if body:
                    bodies[f"{_PREFIX}{oid}"] = str(body)
                else:
                    _create_like(
                        connection, asked[int(str(oid))], str(arguments), str(text)
                    )
            bodies = _rewritten(connection, bodies | _temporary(connection))
    except psycopg.OperationalError:
        raise
    except psycopg.Error:
        return {}
    return {
        oid: body
        for oid in asked
        if (body := bodies.get(f"{_PREFIX}{oid}")) is not None
    }


def _temporary(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, str]:
    """Return the bodies of the temporary functions, by name."""
    rows = connection.execute(_BODIES).fetchall()
    return {str(name): str(body) for name, body in rows}


def _rewritten(
    connection: psycopg.Connection[tuple[object, ...]], bodies: Mapping[str, str]
) -> dict[str, str]:
    """Return the bodies with expanded views, without those that rules change."""
    ruled = {oid for (oid,) in connection.execute(_RULES).fetchall()}
    views = _read_views(connection, bodies.values())
    return {
        name: _expanded(body, views)
        for name, body in bodies.items()
        if not _is_rewritten(body, ruled, views)
    }


def _is_rewritten(
    body: str, ruled: Container[object], views: Mapping[int, str]
) -> bool:
    """Return True if rules other than those of views change the statement."""
    return any(int(oid) in ruled for oid in _RELATION.findall(body)) or any(
        int(oid) in views and int(permissions) & _WRITE_PERMISSIONS
        for oid, permissions in _PERMISSIONS.findall(body)
    )


def _read_views(
    connection: psycopg.Connection[tuple[object, ...]], bodies: Iterable[str]
) -> dict[int, str]:
    """Return the trees of the views that bodies read, also through other views."""
    views: dict[int, str] = {}
    texts = tuple(bodies)
    while wanted := {int(o) for t in texts for o in _VIEW.findall(t)} - views.keys():
        rows = connection.execute(sql.SQL(_VIEWS), (list(wanted),)).fetchall()
        # A view without a row gets an empty text, so that it is not queried again.
        views |= dict.fromkeys(wanted, "")
        views |= {oid: str(tree) for oid, tree in rows if isinstance(oid, int)}
        texts = tuple(views[oid] for oid in wanted)
    return views


def _expanded(text: str, views: Mapping[int, str], around: int = 0) -> str:
    """Return the tree with its views expanded, as the server rewrites it."""

    def expand(entry: re.Match[str]) -> str:
        view = int(entry[1])
        # Before PostgreSQL 16, a view's range table starts with the view itself.
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
        # The line break ends a comment at the end of the statement.
        f" LANGUAGE sql BEGIN ATOMIC {statement.sql}\n; END"
    )
    try:
        with connection.transaction():
            connection.execute(text.encode())
    except (psycopg.OperationalError, psycopg.errors.InsufficientPrivilege):
        raise
    except psycopg.Error:
        return


def _create_like(
    connection: psycopg.Connection[tuple[object, ...]],
    function: Function,
    arguments: str,
    text: str,
) -> None:
    """Create a temporary function with the text of another function's body."""
    returns = "" if _OUTPUT.search(arguments) else "RETURNS SETOF record"
    create = (
        f"CREATE FUNCTION pg_temp.{_PREFIX}{function.oid}({arguments}) {returns}"
        f" LANGUAGE sql BEGIN ATOMIC {text}\n; END"
    )
    path = function.body.search_path if function.body else None
    try:
        with connection.transaction():
            (before,) = connection.execute(_CURRENT_PATH).fetchone() or ("",)
            connection.execute(_SEARCH_PATH, (before if path is None else path,))
            connection.execute(create.encode())
            connection.execute(_SEARCH_PATH, (before,))
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
