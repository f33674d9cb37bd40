"""Application and reversal of a schema's files in a database."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn

import psycopg
from psycopg.pq import TransactionStatus

from reposgen.database.migrations import (
    FailedError,
    controls_transactions,
    creates_role,
    diagnostic_of,
    forbids_transaction,
    left_open,
)
from reposgen.development.files import parts_down, steps_of
from reposgen.development.foreign import foreign_tables
from reposgen.development.history import History
from reposgen.development.model import Direction, State
from reposgen.development.plan import compare, problems, resumed_at, target_of
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from psycopg import Connection

    from reposgen.development.foreign import ForeignTable
    from reposgen.development.model import Entry, Migration, Step
    from reposgen.diagnostics import Diagnostic

BASELINE: Final = "--adopt"
# "… cannot run inside a transaction block", and COMMIT in a procedure.
_NEEDS_NO_TRANSACTION: Final = {"25001", "2D000"}
# A label that an enum has got in the same transaction.
_NEEDS_OWN_TRANSACTION: Final = {*_NEEDS_NO_TRANSACTION, "55P04"}
# Errors whose details, or whose quotes, are values of rows.
_ABOUT_DATA: Final = ("22", "23")
_QUOTED: Final = re.compile(r'"[^"]*"')
_MARK: Final = (
    'begin the file with the line "-- reposgen: no-transaction", or move the statement'
    " into a file of its own that does"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Options of a migration, given by the user.

    Attributes:
        to: the version to end at; None for the last.
        out_of_order: True to apply files that come before applied ones.
        resume: number of the statement with which an interrupted file continues.
    """

    to: str | None = None
    out_of_order: bool = False
    resume: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A file to be run.

    Attributes:
        steps: all statements of the file.
        in_transaction: True if all of them are run in one transaction.
        start: number of statements that are done already.
        resumes: True if an earlier run was interrupted.
    """

    migration: Migration
    direction: Direction
    steps: tuple[Step, ...]
    in_transaction: bool
    start: int = 0
    resumes: bool = False

    @property
    def verb(self) -> str:
        """Description of the run: `apply migrations/1.sql`."""
        word = "apply" if self.direction is Direction.UP else "take back"
        return f"{word} {self.migration.path}"


class Migrator:
    """Migration of one database with the files of one package."""

    def __init__(
        self,
        connection: Connection,
        migrations: Sequence[Migration],
        package: str,
        root: Path,
        *,
        private: bool = False,
    ) -> None:
        """Set the database and its migrations.

        Args:
            connection: connection to the database, in autocommit mode.
            migrations: the package's files, in order.
            package: the package's name.
            root: the project's folder.
            private: True if the server is only for development. Existing roles are then
                not created again, since they outlive the database.

        Raises:
            ReposgenError: the connection goes through a pooler.
        """
        _refuse_pooler(connection)
        self._connection = connection
        self._migrations = tuple(migrations)
        self._package = package
        self._root = root
        self._private = private
        self._history = History(connection, package)

    def status(self) -> tuple[Entry, ...]:
        """Return each file with its state."""
        return compare(self._migrations, self._history.records(), self._package)

    def foreign(self) -> tuple[ForeignTable, ...]:
        """Return other tools' tables that were not adopted in their current state."""
        adopted = self._history.adoptions()
        return tuple(
            table
            for table in foreign_tables(self._connection)
            if adopted.get(table.relation) != table.state
        )

    def plan(self, wish: Wish) -> tuple[Run, ...]:
        """Return the files to run, in order.

        Raises:
            ReposgenError: the database cannot be migrated in its current state.
        """
        self._refuse_foreign()
        entries = self.status()
        if found := problems(entries, out_of_order=wish.out_of_order):
            raise ReposgenError(found)
        for entry in entries:
            if entry.state is State.INTERRUPTED and entry.migration:
                return (self._resumed(entry, entry.migration, wish.resume),)
        if wish.resume is not None:
            raise ReposgenError(
                [
                    error(
                        "nothing-to-resume",
                        "no migration was interrupted",
                        hint="remove --resume",
                    )
                ]
            )
        ups = (State.PENDING, State.OUT_OF_ORDER, State.TO_REPEAT)
        if wish.to is None:
            return tuple(self._up(e.migration) for e in entries if e.state in ups)
        target = target_of(self._migrations, wish.to)
        above = [
            entry.migration
            for entry in entries[target : len(self._migrations)]
            if entry.state is State.APPLIED
            and entry.migration
            and not entry.migration.repeatable
        ]
        if above:
            return self._downs(above[::-1])
        return tuple(self._up(e.migration) for e in entries[:target] if e.state in ups)

    def migrate(
        self,
        wish: Wish,
        waiting: Callable[[str], None],
        applied: Callable[[Run, float], None],
    ) -> None:
        """Migrate the database to the requested version.

        Args:
            wish: options given by the user.
            waiting: called with what is waited for.
            applied: called with each file that was run, and its duration in seconds.

        Raises:
            ReposgenError: the database cannot be migrated, or a statement failed.
        """
        self._history.lock(waiting)
        try:
            self._history.make_tables()
            runs = self.plan(wish)
            while runs:
                for run in runs:
                    start = time.perf_counter()
                    self._run(run, start)
                    applied(run, time.perf_counter() - start)
                    # A file can give up the lock.
                    self._history.lock(waiting)
                # What was interrupted is finished now, and the rest follows.
                resumed = any(run.resumes for run in runs)
                runs = self.plan(_without_resume(wish)) if resumed else ()
        finally:
            self._history.unlock()

    def adoptable(self, to: str | None) -> tuple[tuple[Migration, ...], str]:
        """Return the files that another tool has applied, and the tool's name.

        Args:
            to: the last version that was applied, given by the user; None if not given.

        Raises:
            ReposgenError: the files cannot be determined, or some are recorded already.
        """
        up_to = None
        if to is not None:
            up_to = self._migrations[: target_of(self._migrations, to)]
        tables = foreign_tables(self._connection)
        if not tables:
            if up_to is None:
                raise ReposgenError(
                    [
                        error(
                            "nothing-to-adopt",
                            "the database has no version table of another tool",
                            hint="say which files were applied by hand: reposgen db"
                            " migrate --adopt --to VERSION",
                        )
                    ]
                )
            return up_to, BASELINE
        first, *others = tables
        if others and up_to is None:
            raise ReposgenError(
                [
                    error(
                        "adopt-unclear",
                        "the database has version tables of several tools:"
                        f" {', '.join(table.relation for table in tables)}",
                        hint="say which files were applied: reposgen db migrate --adopt"
                        " --to VERSION",
                    )
                ]
            )
        return first.adoptable(self._migrations, up_to), first.tool

    def adopt(
        self, to: str | None, waiting: Callable[[str], None]
    ) -> tuple[Migration, ...]:
        """Record the files that another tool has applied, and return them.

        Raises:
            ReposgenError: the files cannot be determined.
        """
        self._history.lock(waiting)
        try:
            self._history.make_tables()
            with self._connection.transaction():
                adopted, tool = self.adoptable(to)
                there = {
                    entry.path
                    for entry in self.status()
                    if entry.state not in (State.PENDING, State.OUT_OF_ORDER)
                }
                recorded = tuple(one for one in adopted if one.path not in there)
                for one in recorded:
                    self._history.record(one, 0.0, adopted_from=tool)
                for table in foreign_tables(self._connection):
                    self._history.adopt(table.relation, table.tool, table.state)
            return recorded
        finally:
            self._history.unlock()

    def _refuse_foreign(self) -> None:
        adopted = self._history.adoptions()
        found = []
        for table in self.foreign():
            if table.relation in adopted:
                message = (
                    f"{table.tool} has been used since reposgen took its table over"
                )
            else:
                message = f"{table.tool} keeps the versions of this database"
            found.append(
                error(
                    "foreign-migrations",
                    message,
                    path=table.relation,
                    hint=f"continue with {table.tool}, or switch to reposgen:"
                    " reposgen db migrate --adopt",
                )
            )
        if found:
            raise ReposgenError(found)

    def _up(self, migration: Migration | None) -> Run:
        if migration is None:
            raise AssertionError
        return self._run_of(migration, Direction.UP)

    def _downs(self, migrations: Sequence[Migration]) -> tuple[Run, ...]:
        runs = [self._run_of(one, Direction.DOWN) for one in migrations]
        lacking = [run.migration for run in runs if not run.steps]
        if lacking:
            raise ReposgenError(
                error(
                    "no-way-down",
                    "the migration has no down part, so no migration was reverted",
                    path=one.path,
                    hint="write one: a file *.down.sql, U*__*.sql, or a section as"
                    " goose, dbmate, sql-migrate or tern have it",
                )
                for one in lacking
            )
        return tuple(runs)

    def _run_of(self, migration: Migration, direction: Direction) -> Run:
        if direction is Direction.UP:
            parts = migration.file.parts
        else:
            parts = parts_down(migration, self._root) or ()
        down = direction is Direction.DOWN
        texts = [part.text for part in parts]
        if down and any(part.source.path == migration.path for part in parts):
            # What is said at the top of a file is said of both ways.
            texts += [part.text for part in migration.file.parts]
        steps = steps_of(parts)
        return Run(
            migration=migration,
            direction=direction,
            steps=steps,
            in_transaction=not any(
                controls_transactions(step.statement) for step in steps
            )
            and not any(forbids_transaction(text, down=down) for text in texts),
        )

    def _resumed(self, entry: Entry, migration: Migration, resume: int | None) -> Run:
        if entry.record is None or entry.record.running is None:
            raise AssertionError(entry)
        run = self._run_of(migration, entry.record.running)
        start = resumed_at(entry, run.steps, resume)
        return Run(
            migration=migration,
            direction=run.direction,
            steps=run.steps,
            in_transaction=False,
            start=start,
            resumes=True,
        )

    def _run(self, run: Run, start: float) -> None:
        try:
            if run.in_transaction:
                self._run_at_once(run, start)
            else:
                self._run_in_steps(run, start)
        except FailedError as failed:
            _raise(failed, run)
        except psycopg.Error as problem:
            raise ReposgenError([refusal(problem, run.migration.path)]) from None
        self._history.renew_session()

    def _run_at_once(self, run: Run, start: float) -> None:
        """Run a file in one transaction, together with its record."""
        with self._connection.transaction():
            for step in run.steps:
                self._execute(step)
            if run.direction is Direction.DOWN:
                self._history.forget(run.migration.path)
            else:
                seconds = time.perf_counter() - start
                self._history.record(run.migration, seconds)

    def _run_in_steps(self, run: Run, start: float) -> None:
        """Run a file statement by statement, and record each one."""
        if not run.resumes:
            self._history.begin(run.migration, run.direction)
        if run.start >= len(run.steps):
            self._note(run, len(run.steps), start)
        for index in range(run.start, len(run.steps)):
            step = run.steps[index]
            if controls_transactions(step.statement):
                if self._in_block():
                    # It is committed with the block, or rolled back.
                    self._note(run, index + 1, start)
                self._execute(step)
                self._note(run, index + 1, start)
            elif self._in_block():
                self._execute(step)
                self._note(run, index + 1, start)
            else:
                self._run_alone(run, index, start)
        if self._in_block():
            raise ReposgenError([left_open([step.statement for step in run.steps])])

    def _run_alone(self, run: Run, index: int, start: float) -> None:
        """Run a statement in one transaction with its record, if it allows that."""
        step = run.steps[index]
        try:
            with self._connection.transaction():
                self._execute(step)
                self._note(run, index + 1, start)
        except FailedError as failed:
            if failed.problem.sqlstate not in _NEEDS_NO_TRANSACTION:
                raise
        else:
            return
        self._history.progress(
            run.migration, run.direction, run.steps, index, begun=True
        )
        self._execute(step)
        self._note(run, index + 1, start)

    def _note(self, run: Run, done: int, start: float) -> None:
        if done < len(run.steps):
            self._history.progress(run.migration, run.direction, run.steps, done)
        else:
            seconds = time.perf_counter() - start
            self._history.finish(run.migration, run.direction, seconds)

    def _in_block(self) -> bool:
        return self._connection.info.transaction_status is not TransactionStatus.IDLE

    def _execute(self, step: Step) -> None:
        if not self._private or not creates_role(step.statement):
            execute(self._connection, step)
            return
        try:
            with self._connection.transaction():
                execute(self._connection, step)
        except FailedError as failed:
            if not isinstance(failed.problem, psycopg.errors.DuplicateObject):
                raise


def execute(connection: Connection, step: Step) -> None:
    """Run one statement, with its data if it is a COPY.

    Raises:
        FailedError: the server refused the statement.
    """
    command = step.statement.text.encode()
    try:
        if step.data is None:
            connection.execute(command, prepare=False)
            return
        with connection.cursor() as cursor, cursor.copy(command) as copy:
            copy.write(step.data.encode())
    except psycopg.Error as problem:
        raise FailedError(step.statement, problem) from None


def _raise(failed: FailedError, run: Run) -> NoReturn:
    found = told(failed)
    if run.in_transaction and failed.problem.sqlstate in _NEEDS_OWN_TRANSACTION:
        found = replace(
            error("needs-no-transaction", found.message, span=found.span, hint=_MARK),
            path=found.path,
        )
    elif not run.in_transaction and failed.statement != run.steps[0].statement:
        go_on = "the statements before it stay: reposgen db migrate tells how to go on"
        hint = "; ".join(filter(None, (found.hint, go_on)))
        found = replace(found, hint=hint)
    raise ReposgenError([found]) from None


def told(failed: FailedError) -> Diagnostic:
    """Return the diagnostic for a statement that failed, without row data."""
    found = diagnostic_of(failed)
    state = failed.problem.sqlstate or ""
    if state.startswith(_ABOUT_DATA):
        message = found.message
        if state.startswith("22"):
            message = _QUOTED.sub('"…"', message)
        found = replace(found, message=message, hint=failed.problem.diag.message_hint)
    return found


def refusal(problem: psycopg.Error, path: str | None = None) -> Diagnostic:
    """Return the diagnostic for an error that no statement of a file has raised."""
    message = problem.diag.message_primary or "the connection was lost"
    hint = problem.diag.message_hint
    return error("migration-refused", message, path=path, hint=hint)


def _without_resume(wish: Wish) -> Wish:
    return Wish(to=wish.to, out_of_order=wish.out_of_order)


def _refuse_pooler(connection: Connection) -> None:
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    if row is None or row[0] != connection.info.backend_pid:
        raise ReposgenError(
            [
                error(
                    "migration-pooler",
                    "the connection goes through a pooler, where a lock that belongs to"
                    " the session does not keep other migrations out",
                    hint="connect to the server itself: reposgen db migrate --url URL",
                )
            ]
        )
