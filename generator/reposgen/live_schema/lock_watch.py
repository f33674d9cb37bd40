"""Locks of a statement that cannot run in a transaction, seen from other sessions.

Its locks are gone when it ends. So each table that it names is locked by a session of
its own: the statement has to ask for its lock, and waits with the mode in `pg_locks`.
Then that session lets go. Another one is next in line, so that the statement waits
again if it asks for another lock.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, LiteralString, TypeVar

from psycopg import sql

from reposgen.live_schema.model.locks import LockMode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

    from reposgen.live_schema.locks import Modes
    from reposgen.live_schema.model.locks import LockedRelation

    T = TypeVar("T")

# Those that lock no partition or other table later than the ones that they name.
_WATCHED: Final = re.compile(
    r"\s*(?:(?:create\s+(?:unique\s+)?|drop\s+)index\s+concurrently\b|reindex\b|vacuum\b)",
    re.IGNORECASE,
)
_WORDS: Final = re.compile(r"\w+")
_TABLES: Final = frozenset("rpm")
# Each has two connections.
_MOST: Final = 20
_PAUSE: Final = 0.001
_MODES: Final = {mode.server_name: mode for mode in LockMode}
_LOCKS: Final[LiteralString] = """
SELECT COALESCE(relation::bigint, 0), mode, granted FROM pg_catalog.pg_locks
WHERE pid = %s AND locktype IN ('relation', 'virtualxid', 'transactionid')
    AND (relation >= 16384 OR NOT granted)
"""
_WAITS: Final[LiteralString] = """
SELECT FROM pg_catalog.pg_locks WHERE pid = %s AND NOT granted
"""
_END: Final[LiteralString] = "SELECT pg_catalog.pg_terminate_backend(%s)"
_BLOCKING: Final[LiteralString] = "SELECT pg_catalog.pg_blocking_pids(%s)"


def watched_tables(
    statement: str, relations: Sequence[LockedRelation]
) -> Sequence[LockedRelation] | None:
    """Return the tables that a statement can lock.

    Args:
        statement: its text.
        relations: of users.

    Returns:
        None if its locks cannot be watched.
    """
    if not _WATCHED.match(statement):
        return None
    words = {word.lower() for word in _WORDS.findall(statement)}
    named = {one.table for one in relations if one.name.lower() in words}
    tables = [one for one in relations if one.kind in _TABLES]
    partitions = {one.oid for one in tables if one.partition_of}
    found = [one for one in tables if one.oid in named | partitions or not named]
    return found if len(found) <= _MOST else None


def watch(
    connection: Connection[Any],
    connect: Callable[[], Connection[Any]],
    tables: Sequence[LockedRelation],
    run: Callable[[], T],
) -> tuple[T, Modes]:
    """Run a statement, and return its result and the modes that it locked tables in.

    Args:
        connection: the one that `run` uses.
        connect: makes another connection to the database, in autocommit mode.
        tables: those that the statement can lock.
        run: runs the statement.
    """
    pid = connection.info.backend_pid
    found: dict[int, set[LockMode]] = {}
    result: list[T] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            result.append(run())
        except BaseException as problem:  # noqa: BLE001 -- raised again below
            failed.append(problem)

    with ExitStack() as stack:
        asked = stack.enter_context(connect())
        holding: dict[int, _Holder] = {}
        for table in tables:
            links = connect(), connect()
            for link in links:
                stack.callback(link.close)
            holding[table.oid] = _Holder(links, _lock(table).as_string())
        thread = threading.Thread(target=work, name="reposgen-locks")
        thread.start()
        while thread.is_alive():
            for oid, mode, granted in asked.execute(_LOCKS, (pid,)).fetchall():
                if oid:
                    found.setdefault(oid, set()).add(_MODES[mode])
                if not granted:
                    _let_go(asked, pid, holding, oid)
            time.sleep(_PAUSE)
        thread.join()
    if failed:
        raise failed[0]
    return result[0], {oid: frozenset(modes) for oid, modes in found.items()}


class _Holder:
    """Two sessions that lock one table in turn."""

    def __init__(
        self, links: tuple[Connection[Any], Connection[Any]], lock: str
    ) -> None:
        self._holds, self._next = links
        self._lock = f"BEGIN; {lock}".encode()
        self._holds.pgconn.exec_(self._lock)

    @property
    def pids(self) -> tuple[int, int]:
        """The process of the session that locks the table, and of the next one."""
        return self._holds.info.backend_pid, self._next.info.backend_pid

    def let_go(self, asked: Connection[Any]) -> None:
        """Unlock the table, with the other session next in line for it."""
        _, pid = self.pids
        self._next.pgconn.send_query(self._lock)
        while not asked.execute(_WAITS, (pid,)).fetchall():
            time.sleep(_PAUSE)
        while self._holds.pgconn.get_result() is not None:
            pass
        self._holds.pgconn.exec_(b"ROLLBACK")
        self._holds, self._next = self._next, self._holds


def _let_go(
    asked: Connection[Any], pid: int, holding: dict[int, _Holder], oid: int
) -> None:
    """Let a statement go on.

    Args:
        asked: another connection.
        pid: of the statement's session.
        holding: the sessions that lock tables, by table.
        oid: the table whose lock is awaited; 0 if it is the end of a transaction.
    """
    row = asked.execute(_BLOCKING, (pid,)).fetchone()
    blockers = row[0] if row else ()
    for table, holder in [*holding.items()]:
        if table == oid and holder.pids[0] in blockers:
            holder.let_go(asked)
        elif not set(blockers).isdisjoint(holder.pids):
            for process in holding.pop(table).pids:
                asked.execute(_END, (process,))


def _lock(table: LockedRelation) -> sql.Composed:
    name = sql.Identifier(table.schema, table.name)
    # LOCK TABLE refuses the name of a materialized view.
    if table.kind == "m":
        return sql.SQL("ALTER MATERIALIZED VIEW {} SET (fillfactor = 100)").format(name)
    return sql.SQL("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE").format(name)
