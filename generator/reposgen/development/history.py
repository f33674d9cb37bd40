"""The schema `reposgen` of a migrated database, which records applied files."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, LiteralString

from psycopg import sql
from psycopg.pq import TransactionStatus

from reposgen.development.model import Direction, Record, digest_of
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection

    from reposgen.development.model import Migration, Step

# The schema of the tables.
SCHEMA: Final = "reposgen"
# "reposgen" in ASCII: every migration of a database takes this advisory lock.
LOCK_KEY: Final = 0x7265706F7367656E
_LOCK_SECONDS: Final = 0.1

_TABLES: LiteralString = """
    CREATE SCHEMA IF NOT EXISTS reposgen;
    CREATE TABLE IF NOT EXISTS reposgen.migrations (
        package text NOT NULL,
        path text NOT NULL,
        version text,
        sha256 text NOT NULL,
        applied_at timestamptz NOT NULL,
        duration interval NOT NULL,
        adopted_from text,
        running text CHECK (running IN ('up', 'down')),
        done integer NOT NULL DEFAULT 0,
        begun boolean NOT NULL DEFAULT false,
        done_sha256 text,
        PRIMARY KEY (package, path)
    );
    CREATE TABLE IF NOT EXISTS reposgen.adoptions (
        package text NOT NULL,
        relation text NOT NULL,
        tool text NOT NULL,
        state text NOT NULL,
        adopted_at timestamptz NOT NULL,
        PRIMARY KEY (package, relation)
    );
    COMMENT ON TABLE reposgen.migrations IS
        'Files that reposgen db migrate has applied. running is set while a file is run'
        ' without a transaction; "done" of its statements are done then.';
    COMMENT ON TABLE reposgen.adoptions IS
        'Version tables of other tools that reposgen db migrate has taken over.';
"""
_IS_THERE: LiteralString = "SELECT pg_catalog.to_regclass('reposgen.migrations')"
_RECORDS: LiteralString = """
    SELECT package, path, version, sha256, applied_at,
        pg_catalog.date_part('epoch', duration), adopted_from, running, done, begun,
        done_sha256
    FROM reposgen.migrations ORDER BY applied_at, path
"""
_RECORD: LiteralString = """
    INSERT INTO reposgen.migrations
        (package, path, version, sha256, applied_at, duration, adopted_from, running)
    VALUES (%s, %s, %s, %s, pg_catalog.clock_timestamp(),
        pg_catalog.make_interval(secs => %s), %s, %s)
"""
_REPLACE: LiteralString = """
    ON CONFLICT (package, path) DO UPDATE SET sha256 = excluded.sha256,
        applied_at = excluded.applied_at, duration = excluded.duration,
        running = excluded.running, done = 0, begun = false, done_sha256 = NULL
    WHERE %s OR migrations.running IS NOT NULL
"""
_PROGRESS: LiteralString = """
    UPDATE reposgen.migrations
    SET running = %s, done = %s, begun = %s, done_sha256 = %s
    WHERE package OPERATOR(pg_catalog.=) %s AND path OPERATOR(pg_catalog.=) %s
"""
_FINISH: LiteralString = """
    UPDATE reposgen.migrations
    SET running = NULL, done = 0, begun = false, done_sha256 = NULL, sha256 = %s,
        applied_at = pg_catalog.clock_timestamp(),
        duration = pg_catalog.make_interval(secs => %s)
    WHERE package OPERATOR(pg_catalog.=) %s AND path OPERATOR(pg_catalog.=) %s
"""
_FORGET: LiteralString = """
    DELETE FROM reposgen.migrations
    WHERE package OPERATOR(pg_catalog.=) %s AND path OPERATOR(pg_catalog.=) %s
"""
_WHO: LiteralString = """
    SELECT session_user::text, pg_catalog.current_setting('role')
"""
_HOLDER: LiteralString = """
    SELECT pid FROM pg_catalog.pg_locks
    WHERE locktype OPERATOR(pg_catalog.=) 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_catalog.pg_database
            WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
        AND classid::bigint = %s AND objid::bigint = %s
"""
# DISCARD ALL would give the advisory lock back too.
_NEW_SESSION: LiteralString = """
    CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; DEALLOCATE ALL;
    UNLISTEN *; DISCARD PLANS; DISCARD TEMP; DISCARD SEQUENCES
"""
_ADOPTED: LiteralString = (
    "SELECT relation, state FROM reposgen.adoptions"
    " WHERE package OPERATOR(pg_catalog.=) %s"
)
_ADOPT: LiteralString = """
    INSERT INTO reposgen.adoptions (package, relation, tool, state, adopted_at)
    VALUES (%s, %s, %s, %s, pg_catalog.now())
    ON CONFLICT (package, relation)
    DO UPDATE SET state = excluded.state, adopted_at = excluded.adopted_at
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Identity:
    user: str
    role: str


class History:
    """Records of one package in one database.

    They are written with the session's original role, even if the file that is run has
    changed the role.
    """

    def __init__(self, connection: Connection, package: str) -> None:
        self._connection = connection
        self._package = package
        self._identity = self._who()

    def lock(self, progress: Callable[[str], None]) -> None:
        """Acquire the migration lock, waiting until it is free.

        Waiting in a statement would hold a snapshot, which would block CREATE INDEX
        CONCURRENTLY in the session that has the lock.
        """
        if self._holder() == self._connection.info.backend_pid:
            return
        told = False
        while not self._value("SELECT pg_catalog.pg_try_advisory_lock(%s)", LOCK_KEY):
            if not told:
                pid = self._holder()
                progress(f"waiting for another migration of the database (pid {pid})")
                told = True
            time.sleep(_LOCK_SECONDS)

    def unlock(self) -> None:
        """Release the migration lock.

        The server also releases it when the session ends, but possibly after its
        client.
        """
        if self._connection.info.transaction_status is TransactionStatus.IDLE:
            self._connection.execute(
                "SELECT pg_catalog.pg_advisory_unlock(%s)", (LOCK_KEY,)
            )

    def exists(self) -> bool:
        """Return True if the tables exist."""
        return self._value(_IS_THERE) is not None

    def make_tables(self) -> None:
        """Create the tables if they are missing."""
        if not self.exists():
            with self._connection.transaction():
                self._connection.execute(_TABLES)

    def records(self) -> tuple[Record, ...]:
        """Return the records of all packages, in the order of application."""
        if not self.exists():
            return ()
        return tuple(
            Record(
                package=package,
                path=path,
                version=version,
                sha256=sha256,
                applied_at=applied_at,
                duration=duration,
                adopted_from=adopted_from,
                running=Direction(running) if running else None,
                done=done,
                begun=begun,
                done_sha256=done_sha256,
            )
            for (
                package,
                path,
                version,
                sha256,
                applied_at,
                duration,
                adopted_from,
                running,
                done,
                begun,
                done_sha256,
            ) in self._connection.execute(_RECORDS).fetchall()
        )

    def record(
        self, migration: Migration, seconds: float, *, adopted_from: str | None = None
    ) -> None:
        """Record that a file has been applied."""
        self._insert(migration, seconds, adopted_from, None)

    def begin(self, migration: Migration, direction: Direction) -> None:
        """Record that a file is about to be run statement by statement."""
        if direction is Direction.UP:
            self._insert(migration, 0.0, None, direction)
        else:
            self.progress(migration, direction, (), 0)

    def progress(
        self,
        migration: Migration,
        direction: Direction,
        steps: Sequence[Step],
        done: int,
        *,
        begun: bool = False,
    ) -> None:
        """Record how many statements of a file are done.

        Args:
            migration: the file.
            direction: direction of the run.
            steps: all statements of the run.
            done: number of statements that are done.
            begun: True if the next statement is running outside of a transaction.
        """
        self._write(
            _PROGRESS,
            direction,
            done,
            begun,
            digest_of(step.statement.text for step in steps[:done]),
            self._package,
            migration.path,
        )

    def finish(
        self, migration: Migration, direction: Direction, seconds: float
    ) -> None:
        """Record that a file has been run completely."""
        if direction is Direction.DOWN:
            self.forget(migration.path)
        else:
            self._write(
                _FINISH, migration.sha256, seconds, self._package, migration.path
            )

    def forget(self, path: str) -> None:
        """Remove a file's record."""
        self._write(_FORGET, self._package, path)

    def adoptions(self) -> dict[str, str]:
        """Return the adopted tables of other tools, with their recorded states."""
        if not self.exists():
            return {}
        rows = self._connection.execute(_ADOPTED, (self._package,))
        return dict(rows.fetchall())

    def adopt(self, relation: str, tool: str, state: str) -> None:
        """Record that another tool's table was adopted in a state."""
        self._write(_ADOPT, self._package, relation, tool, state)

    def renew_session(self) -> None:
        """Reset the session to the state of a new connection, except for the lock."""
        self._connection.execute(_NEW_SESSION, prepare=False)

    def _insert(
        self,
        migration: Migration,
        seconds: float,
        adopted_from: str | None,
        running: Direction | None,
    ) -> None:
        recorded = self._write(
            _RECORD + _REPLACE,
            self._package,
            migration.path,
            migration.version,
            migration.sha256,
            seconds,
            adopted_from,
            running,
            migration.repeatable,
        )
        if not recorded:
            raise ReposgenError(
                [
                    error(
                        "migration-refused",
                        "another process has applied the file in the meantime",
                        path=migration.path,
                        hint="see reposgen db migrate --status",
                    )
                ]
            )

    def _write(self, command: LiteralString, *values: object) -> int:
        """Write with the session's original role, and return the number of rows."""
        with self._connection.transaction():
            now = self._who()
            if now != self._identity:
                self._become(self._identity)
            rows = self._connection.execute(command, values, prepare=False).rowcount
            if now != self._identity:
                self._become(now)
        return rows

    def _who(self) -> _Identity:
        row = self._connection.execute(_WHO, prepare=False).fetchone()
        user, role = row or ("", "none")
        return _Identity(user=user, role=role)

    def _become(self, identity: _Identity) -> None:
        """Take a role until the transaction ends."""
        user = (
            sql.SQL("DEFAULT")
            if identity.user == self._identity.user
            else sql.Identifier(identity.user)
        )
        role = (
            sql.SQL("NONE")
            if identity.role == "none"
            else sql.Identifier(identity.role)
        )
        command = sql.SQL("SET LOCAL SESSION AUTHORIZATION {}; SET LOCAL ROLE {}")
        self._connection.execute(command.format(user, role), prepare=False)

    def _holder(self) -> int | None:
        row = self._connection.execute(
            _HOLDER, (LOCK_KEY >> 32, LOCK_KEY & 0xFFFFFFFF)
        ).fetchone()
        return None if row is None else int(row[0])

    def _value(self, query: LiteralString, *values: object) -> object:
        row = self._connection.execute(query, values).fetchone()
        return row[0] if row else None
