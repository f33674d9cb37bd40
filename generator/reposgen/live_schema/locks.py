"""Locks that statements take, as `pg_locks` shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, LiteralString

from psycopg import Error, OperationalError, pq

from reposgen.live_schema.model.locks import LockedRelation, LockMode, Locks
from reposgen.live_schema.pipeline import run_batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection
    from psycopg.pq.abc import PGconn, PGresult

    from reposgen.live_schema.model import Statement
    from reposgen.live_schema.pipeline import Batch

    Modes = Mapping[int, frozenset[LockMode]]

_MODES: Final = {mode.server_name: mode for mode in LockMode}
# Objects with lower oids are built in: all sessions lock them all the time.
_HELD: Final[LiteralString] = """
SELECT relation::bigint, mode FROM pg_catalog.pg_locks
WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'relation' AND granted
    AND relation >= 16384
    AND database = (
        SELECT oid FROM pg_catalog.pg_database
        WHERE datname = pg_catalog.current_database()
    )
"""
_RELATIONS: Final[LiteralString] = """
SELECT c.oid::bigint, n.nspname, c.relname, c.relkind::text,
    COALESCE(i.indrelid, t.oid, c.oid)::bigint,
    pg_catalog.pg_relation_filenode(c.oid)::bigint,
    CASE WHEN c.relispartition THEN (
        SELECT inhparent FROM pg_catalog.pg_inherits WHERE inhrelid = c.oid LIMIT 1
    ) ELSE 0 END::bigint,
    pg_catalog.pg_stat_get_xact_numscans(c.oid)
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
LEFT JOIN pg_catalog.pg_class t ON t.reltoastrelid = c.oid AND c.relkind = 't'
WHERE c.oid >= 16384 AND c.relkind <> 'c'
"""
# A plan for the values of a call locks no more than one without values.
_SETTINGS: Final = b"SET plan_cache_mode = force_generic_plan"
_RESET: Final = b"RESET plan_cache_mode"
_NAME: Final = b"reposgen_locking"
_BODIES: Final[LiteralString] = """
SELECT oid::bigint, prosrc FROM pg_catalog.pg_proc WHERE oid = ANY(%s::oid[])
"""


def run_command(connection: Connection[Any], command: str) -> Modes | str:
    """Run a command, undo it, and return the modes that it locked relations in.

    Returns:
        The server's message if it refuses the command.
    """
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(command.encode())
            return _held(connection)
    except OperationalError:
        raise
    except Error as refused:
        return refused.diag.message_primary or "the command failed"


def read_locks(connection: Connection[Any]) -> Locks:
    """Return what the connection's transaction has locked."""
    rows = connection.execute(_RELATIONS).fetchall()
    return Locks(
        modes=_held(connection),
        relations={
            oid: LockedRelation(
                oid=oid,
                schema=schema,
                name=name,
                kind=kind,
                table=table,
                file=file,
                partition_of=above,
                scans=scans,
            )
            for oid, schema, name, kind, table, file, above, scans in rows
        },
    )


def _held(connection: Connection[Any]) -> Modes:
    held: dict[int, set[LockMode]] = {}
    for oid, mode in connection.execute(_HELD).fetchall():
        held.setdefault(oid, set()).add(_MODES[mode])
    return {oid: frozenset(modes) for oid, modes in held.items()}


def read_bodies(
    connection: Connection[Any], functions: Iterable[int]
) -> Mapping[int, str]:
    """Return the source text of functions, by oid."""
    return dict(connection.execute(_BODIES, ([*functions],)).fetchall())


def read_statement_locks(
    connection: Connection[Any], statements: Sequence[Statement]
) -> tuple[Modes | str, ...]:
    """Return the locks that the server takes to plan and start each statement.

    Nothing is executed: the locks that rows bring about, through foreign keys, triggers
    and partitions, are not among them.

    Args:
        connection: an idle connection.
        statements: with the types of their parameters.

    Returns:
        For each statement the modes by relation, or the server's message if it refuses
        the statement.

    Raises:
        psycopg.OperationalError: the connection is lost.
    """
    found: list[dict[int, set[LockMode]] | str] = [{} for _ in statements]

    def arrived(index: int, result: PGresult) -> None:
        # The other batches of a statement only tidy up.
        place, step = divmod(index, _STEPS)
        if step:
            return
        known = found[place]
        if result.status == pq.ExecStatus.FATAL_ERROR:
            message = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
            found[place] = (message or b"no plan").decode("utf-8", "replace")
        elif (
            isinstance(known, dict)
            and result.status == pq.ExecStatus.TUPLES_OK
            and result.nfields == _COLUMNS
        ):
            for row in range(result.ntuples):
                oid, mode = result.get_value(row, 0), result.get_value(row, 1)
                modes = known.setdefault(int(oid or b"0"), set())
                modes.add(_MODES[(mode or b"").decode()])

    batches = [
        step
        for one in statements
        for step in (_locking(one), _sending(b"ROLLBACK"), _sending(_FORGET))
    ]
    connection.execute(_SETTINGS)
    run_batches(connection, batches, arrived)
    connection.execute(_RESET)
    return tuple(
        one
        if isinstance(one, str)
        else {oid: frozenset(modes) for oid, modes in one.items()}
        for one in found
    )


_STEPS: Final = 3
_COLUMNS: Final = 2
_FORGET: Final = b"DEALLOCATE " + _NAME


def _locking(statement: Statement) -> Batch:
    nulls = ", ".join("NULL" for _ in statement.parameter_oids)
    text = f"EXPLAIN EXECUTE {_NAME.decode()}" + (f" ({nulls})" if nulls else "")

    def send(pgconn: PGconn) -> None:
        pgconn.send_query_params(b"BEGIN", None)
        pgconn.send_prepare(_NAME, statement.sql.encode(), statement.parameter_oids)
        pgconn.send_query_params(text.encode(), None)
        pgconn.send_query_params(_HELD.encode(), None)

    return send


def _sending(command: bytes) -> Batch:
    return lambda pgconn: pgconn.send_query_params(command, None)
