"""The server's generic plans of statements; nothing is executed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from psycopg import pq

from reposgen.live_schema.model.plans import PlanNode
from reposgen.live_schema.pipeline import run_batches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import Connection
    from psycopg.pq.abc import PGconn, PGresult

    from reposgen.live_schema.model import PgType, Statement
    from reposgen.live_schema.pipeline import Batch

# Parallel plans depend on how many workers are free; each has a serial one beside it.
_SETTINGS: Final = b"""
SET plan_cache_mode = force_generic_plan;
SET max_parallel_workers_per_gather = 0;
SET jit = off
"""
_NAME: Final = b"reposgen_planned"
# With it, a partition that a parameter chooses is not left out for the NULL here.
_FIRST_WITH_GENERIC: Final = 160000
_NO_PRUNING: Final = b"SET enable_partition_pruning = off"
_PRUNING: Final = b"RESET enable_partition_pruning"
_REMOVED: Final = b'"Subplans Removed"'

# What tells one plan from another, in the order in which it is shown.
_DETAILS: Final = (
    *("Index Cond", "Recheck Cond", "TID Cond", "Order By", "Hash Cond", "Merge Cond"),
    *("Join Filter", "One-Time Filter", "Filter", "Sort Key", "Presorted Key"),
    *("Group Key", "Grouping Sets", "Cache Key", "CTE Name", "Function Name"),
    *("Conflict Resolution", "Conflict Arbiter Indexes", "Conflict Filter"),
    "Sampling Method",
)
_JOINS: Final = frozenset({"Nested Loop", "Hash Join", "Merge Join"})

# Expressions that the server has statistics of.
_EXPRESSIONS: Final = b"""
SELECT n.nspname, c.relname, e.expression
FROM pg_catalog.pg_statistic_ext s
JOIN pg_catalog.pg_class c ON c.oid = s.stxrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN unnest(pg_catalog.pg_get_statisticsobjdef_expressions(s.oid)) e (expression)
UNION ALL
SELECT n.nspname, c.relname, pg_catalog.pg_get_indexdef(i.indexrelid, k, false)
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN generate_series(1, i.indnkeyatts) k
WHERE i.indkey[k - 1] = 0
"""


_TYPES: Final = b"""
SELECT n.nspname, t.typname, t.oid::bigint
FROM pg_catalog.pg_type t
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid >= 16384
"""
_UNCERTAIN: Final = b"""
SELECT n.nspname, c.relname
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_am m ON m.oid = c.relam
WHERE i.indpred IS NOT NULL OR m.amname <> 'btree'
"""


def read_uncertain(connection: Connection[Any]) -> frozenset[tuple[str, str]]:
    """Return schema and name of indexes that are partial or no btrees."""
    return frozenset(connection.execute(_UNCERTAIN).fetchall())


def read_expressions(
    connection: Connection[Any],
) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Return the expressions of indexes and of CREATE STATISTICS.

    Returns:
        By schema and name of the table, as the server prints them.
    """
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for schema, table, expression in connection.execute(_EXPRESSIONS).fetchall():
        found[schema, table] = (*found.get((schema, table), ()), expression)
    return found


def read_plans(
    connection: Connection[Any],
    statements: Sequence[Statement],
    types: Mapping[int, PgType] | None = None,
) -> tuple[PlanNode | str, ...]:
    """Return the generic plan of each statement, or why the server makes none.

    Args:
        connection: its settings are changed.
        statements: with the types of their parameters.
        types: by the oids that the statements have; None: the oids are those of this
            database.

    Raises:
        psycopg.OperationalError: the connection is lost.
    """
    is_generic = connection.info.server_version >= _FIRST_WITH_GENERIC
    connection.execute(_SETTINGS)
    statements = _translated(connection, statements, types or {})
    answers = _explain(connection, statements, is_generic=is_generic)
    pruned = [index for index, text in enumerate(answers) if _REMOVED in text]
    if pruned and not is_generic:
        connection.execute(_NO_PRUNING)
        again = _explain(
            connection, [statements[index] for index in pruned], is_generic=False
        )
        connection.execute(_PRUNING)
        for index, answer in zip(pruned, again, strict=True):
            answers[index] = answer
    return tuple(
        _node(json.loads(answer)[0]["Plan"])
        if answer.startswith(b"[")
        else answer.decode("utf-8", "replace")
        for answer in answers
    )


def _translated(
    connection: Connection[Any],
    statements: Sequence[Statement],
    types: Mapping[int, PgType],
) -> Sequence[Statement]:
    """Return the statements with the oids that this database gives to users' types."""
    if not types:
        return statements
    names = {
        (schema, name): oid
        for schema, name, oid in connection.execute(_TYPES).fetchall()
    }
    oids = {oid: names.get((one.schema, one.name), oid) for oid, one in types.items()}
    return [
        replace(
            one, parameter_oids=tuple(oids.get(oid, oid) for oid in one.parameter_oids)
        )
        for one in statements
    ]


def _explain(
    connection: Connection[Any], statements: Sequence[Statement], *, is_generic: bool
) -> list[bytes]:
    """Return each plan as JSON, or an error's message."""
    answers = [b""] * len(statements)

    def arrived(index: int, result: PGresult) -> None:
        # Each statement has two batches, and the second only tidies up.
        if index % 2:
            return
        if result.status == pq.ExecStatus.FATAL_ERROR:
            message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
            answers[index // 2] = message or b"no plan"
        elif result.status == pq.ExecStatus.TUPLES_OK:
            answers[index // 2] = result.get_value(0, 0) or b""

    options = "GENERIC_PLAN, " if is_generic else ""
    batches = [
        step
        for one in statements
        for step in (
            _planning(one, f"EXPLAIN ({options}VERBOSE, FORMAT JSON)"),
            _forget,
        )
    ]
    run_batches(connection, batches, arrived)
    return answers


def _planning(statement: Statement, explain: str) -> Batch:
    nulls = ", ".join("NULL" for _ in statement.parameter_oids)
    text = f"{explain} EXECUTE {_NAME.decode()}" + (f" ({nulls})" if nulls else "")

    def send(pgconn: PGconn) -> None:
        pgconn.send_prepare(_NAME, statement.sql.encode(), statement.parameter_oids)
        pgconn.send_query_params(text.encode(), None)

    return send


def _forget(pgconn: PGconn) -> None:
    pgconn.send_query_params(b"DEALLOCATE " + _NAME, None)


def _node(plan: Mapping[str, Any]) -> PlanNode:
    return PlanNode(
        kind=_kind(plan),
        role=plan.get("Parent Relationship", ""),
        name=plan.get("Subplan Name", ""),
        schema=plan.get("Schema", ""),
        relation=plan.get("Relation Name", ""),
        alias=plan.get("Alias", ""),
        index=plan.get("Index Name", ""),
        has_output="Output" in plan,
        rows=plan["Plan Rows"],
        startup=plan["Startup Cost"],
        total=plan["Total Cost"],
        details=tuple(
            (label, _text(plan[label])) for label in _DETAILS if label in plan
        ),
        children=tuple(_node(child) for child in plan.get("Plans", ())),
    )


def _kind(plan: Mapping[str, Any]) -> str:
    kind: str = plan["Node Type"]
    join: str = plan.get("Join Type", "Inner")
    if kind in _JOINS and join != "Inner":
        kind = f"{kind.removesuffix(' Join')} {join} Join"
    if kind == "Aggregate":
        kind = {"Hashed": "Hash Aggregate", "Sorted": "Group Aggregate"}.get(
            plan["Strategy"], f"{plan['Strategy']} Aggregate"
        )
    elif kind in {"ModifyTable", "SetOp"}:
        kind = f"{kind} {plan.get('Operation') or plan.get('Command')}"
    if plan.get("Scan Direction") == "Backward":
        kind += " Backward"
    return kind


def _text(value: object) -> str:
    match value:
        case list():
            return ", ".join(map(_text, value))
        case dict():
            return ", ".join(f"{key}: {_text(item)}" for key, item in value.items())
        case _:
            return str(value)
