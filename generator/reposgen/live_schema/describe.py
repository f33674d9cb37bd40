"""Description of statements by the server: types, error positions, analysed trees.

Nothing is executed. All statements are parsed and described in one pipeline. For a
statement that the planner can still reject, the server is asked for a plan as well. If
no notices arrive, the trees come from the bodies of temporary functions.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psycopg import pq

from reposgen.live_schema.function_bodies import read_function_bodies
from reposgen.live_schema.model import (
    Described,
    Description,
    ResultColumn,
    ServerError,
    Statement,
)
from reposgen.live_schema.notices import keeping_trees
from reposgen.live_schema.pipeline import run_batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg
    from psycopg.pq.abc import PGconn, PGresult

    from reposgen.live_schema.pipeline import Batch

_SELECT_TREE = re.compile(r"\(\{QUERY\s:commandType\s1\s")
_SELECT_TEXT = re.compile(r"[\s(]*(?:select|values|table|with)\b", re.IGNORECASE)

# A generic plan needs no values for the parameters.
_PLANS_ON = b"SET plan_cache_mode = force_generic_plan"
_PLANS_OFF = b"RESET plan_cache_mode"
_PLANNED = b"reposgen_planned"
_PLANNER_JUDGES = re.compile(
    r"~|\b(?:conflict|full|for|similar|substring|regexp_\w+|recursive)\b", re.IGNORECASE
)
# Errors of the planner that are about the statement. Others can be specific to this
# session: a missing setting, or a value that a function rejects.
_PLANNER_ERRORS = {"0A000", "2201B", "42P10"}

_PARAMETER_ERRORS = {"42P18", "42P08"}
_PARAMETER = re.compile(r"\$(\d+)")


def describe(
    connection: psycopg.Connection[Any], statements: Sequence[Statement]
) -> tuple[Description, ...]:
    """Return the server's description of each statement, in order.

    Raises:
        psycopg.OperationalError: the connection is lost.
    """
    descriptions = _parse(connection, statements)
    doubtful = {
        index: Statement(sql=statement.sql, parameter_oids=description.parameter_oids)
        for index, (statement, description) in enumerate(
            zip(statements, descriptions, strict=True)
        )
        if isinstance(description, Described) and _PLANNER_JUDGES.search(statement.sql)
    }
    if doubtful:
        refusals = _plan(connection, tuple(doubtful.values()))
        for index, refusal in zip(doubtful, refusals, strict=True):
            descriptions[index] = refusal or descriptions[index]
    return _with_trees(connection, statements, descriptions)


def _with_trees(
    connection: psycopg.Connection[Any],
    statements: Sequence[Statement],
    descriptions: Sequence[Description],
) -> tuple[Description, ...]:
    """Return the descriptions, with trees from functions if no notices arrived."""
    described = [one for one in descriptions if isinstance(one, Described)]
    if not described or any(one.tree for one in described):
        return tuple(descriptions)
    bodies = read_function_bodies(connection, statements, descriptions)
    return tuple(
        replace(one, tree=body) if isinstance(one, Described) else one
        for one, body in zip(descriptions, bodies, strict=True)
    )


def _parse(
    connection: psycopg.Connection[Any], statements: Sequence[Statement]
) -> list[Description]:
    trees: list[str | None] = [None] * len(statements)
    results: list[list[PGresult]] = [[] for _ in statements]

    def arrived(index: int, result: PGresult) -> None:
        # Notices since the results of the last statement belong to this statement.
        if not results[index]:
            trees[index] = pending[-1] if pending else None
            pending.clear()
        results[index].append(result)

    with keeping_trees(connection) as pending:
        run_batches(connection, [_parsing(s) for s in statements], arrived)
    return [
        _description(statement, tree, batch, _encoding(connection))
        for statement, tree, batch in zip(statements, trees, results, strict=True)
    ]


def _parsing(statement: Statement) -> Batch:
    def send(pgconn: PGconn) -> None:
        pgconn.send_prepare(b"", statement.sql.encode(), statement.parameter_oids)
        pgconn.send_describe_prepared(b"")

    return send


def _plan(
    connection: psycopg.Connection[Any], statements: Sequence[Statement]
) -> list[ServerError | None]:
    refusals: list[ServerError | None] = [None] * len(statements)

    def arrived(index: int, result: PGresult) -> None:
        # Each statement has two batches; the second one only deallocates it.
        if index % 2 or result.status != pq.ExecStatus.FATAL_ERROR:
            return
        refusal = _server_error(result, statements[index // 2], "")
        if refusal.sqlstate in _PLANNER_ERRORS:
            refusals[index // 2] = refusal

    connection.execute(_PLANS_ON)
    batches = [step for s in statements for step in (_planning(s), _forgetting)]
    run_batches(connection, batches, arrived)
    connection.execute(_PLANS_OFF)
    return refusals


def _planning(statement: Statement) -> Batch:
    nulls = ", ".join("NULL" for _ in statement.parameter_oids)
    explain = f"EXPLAIN EXECUTE {_PLANNED.decode()}" + (f" ({nulls})" if nulls else "")

    def send(pgconn: PGconn) -> None:
        pgconn.send_prepare(_PLANNED, statement.sql.encode(), statement.parameter_oids)
        pgconn.send_query_params(explain.encode(), None)

    return send


def _forgetting(pgconn: PGconn) -> None:
    pgconn.send_query_params(b"DEALLOCATE " + _PLANNED, None)


def _encoding(connection: psycopg.Connection[Any]) -> str:
    return (connection.pgconn.parameter_status(b"server_encoding") or b"").decode()


def _description(
    statement: Statement,
    tree: str | None,
    results: Sequence[PGresult],
    encoding: str,
) -> Description:
    for result in results:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            return _server_error(result, statement, encoding)
    described = results[-1]
    columns = tuple(
        ResultColumn(
            name=(described.fname(i) or b"").decode(),
            type_oid=described.ftype(i),
            type_modifier=described.fmod(i),
            table_oid=described.ftable(i),
            column_number=described.ftablecol(i),
        )
        for i in range(described.nfields)
    )
    # libpq does not distinguish a result without columns from no result.
    selects = (
        _SELECT_TREE.match(tree) if tree else _SELECT_TEXT.match(statement.sql)
    ) is not None
    return Described(
        parameter_oids=tuple(described.param_type(i) for i in range(described.nparams)),
        columns=columns,
        returns_rows=bool(columns) or selects,
        tree=tree,
    )


def _server_error(result: PGresult, statement: Statement, encoding: str) -> ServerError:
    def text(which: pq.DiagnosticField) -> str | None:
        value = result.error_field(which)
        return None if value is None else value.decode("utf-8", "replace")

    sqlstate = text(pq.DiagnosticField.SQLSTATE) or ""
    message = text(pq.DiagnosticField.MESSAGE_PRIMARY) or ""
    position = text(pq.DiagnosticField.STATEMENT_POSITION)
    offset = None if position is None else int(position) - 1
    if offset is not None and encoding == "SQL_ASCII":
        # With SQL_ASCII, the server counts bytes instead of characters.
        before = statement.sql.encode()[:offset]
        offset = len(before.decode("utf-8", "replace"))
    parameter = _PARAMETER.search(message) if sqlstate in _PARAMETER_ERRORS else None
    return ServerError(
        sqlstate=sqlstate,
        message=message,
        position=offset,
        hint=text(pq.DiagnosticField.MESSAGE_HINT),
        detail=text(pq.DiagnosticField.MESSAGE_DETAIL),
        parameter=int(parameter[1]) if parameter else None,
    )
