"""Application of one migration statement by statement, looking in between."""

from __future__ import annotations

import contextlib
import uuid
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

from reposgen.database.connection import connect
from reposgen.database.databases import (
    create_database,
    drop_database,
    set_search_path,
)
from reposgen.database.migrations import (
    FailedError,
    controls_transactions,
    creates_role,
    diagnostic_of,
    execute,
    forbids_transaction,
    left_open,
    make_roles,
    role_names,
    scratch_statements,
)
from reposgen.database.model import Migrations, Step
from reposgen.database.scratch import (
    drop_roles,
    existing_roles,
    migrated_database,
)
from reposgen.database.signals import signals_blocked
from reposgen.diagnostics import ReposgenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from psycopg import Connection

    from reposgen.database.model import MigrationFile, Server
    from reposgen.sql_source.statements import Statement

Seen = TypeVar("Seen")


@contextlib.contextmanager
def changeable_database(
    server: Server, migrations: Migrations, later: Migrations
) -> Iterator[str]:
    """Provide a database that more migrations can be applied to, during the block.

    Args:
        server: the server.
        migrations: applied to it already.
        later: those that will be applied; roles that they create are dropped.

    Yields:
        Its name.

    Raises:
        ReposgenError: a migration fails.
    """
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(migrated_database(server, migrations))
        with connect(server.conninfo) as admin:
            roles = existing_roles(admin)
            if server.embedded:
                # It is kept for other runs, so a copy is changed.
                made, name = name, f"reposgen_steps_{uuid.uuid4().hex[:16]}"
                create_database(admin, name, template=made, copy_files=True)
                # The settings of a database are not copied with it.
                if migrations.search_path:
                    set_search_path(admin, name, migrations.search_path)
        try:
            yield name
        finally:
            with signals_blocked(), connect(server.conninfo) as admin:
                drop_database(admin, name)
                drop_roles(admin, role_names(later) & (existing_roles(admin) - roles))


def connect_to(server: Server, name: str) -> Connection:
    """Connect to a database of the server."""
    return connect(make_conninfo(server.conninfo, dbname=name))


def apply_in_steps(
    connection: Connection,
    file: MigrationFile,
    look: Callable[[], Seen],
    look_outside: Callable[[str, Callable[[], str]], tuple[str, Seen | None]],
) -> tuple[Step[Seen], ...]:
    """Apply a file as migration tools do, and look before and after each statement.

    That is in one transaction, unless the file begins transactions of its own, states
    that it must not run in one, or has a statement that cannot.

    Args:
        connection: in autocommit mode.
        file: the migration.
        look: called in the statement's transaction.
        look_outside: given a statement that cannot run in a transaction, and a
            function that runs it, returns the result of the function and what was seen.

    Raises:
        ReposgenError: a statement failed.
    """
    statements = scratch_statements(file)
    make_roles(connection, Migrations(files=(file,)), statements)
    together = not any(map(controls_transactions, statements)) and not any(
        forbids_transaction(part.text) for part in file.parts
    )
    try:
        steps = apply_together(connection, statements, look) if together else None
        if steps is None:
            steps = _apply_apart(connection, statements, look, look_outside)
    except FailedError as failed:
        raise ReposgenError([diagnostic_of(failed)]) from None
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise ReposgenError([left_open(statements)])
    connection.execute("DISCARD ALL", prepare=False)
    return tuple(steps)


def apply_together(
    connection: Connection, statements: Sequence[Statement], look: Callable[[], Seen]
) -> list[Step[Seen]] | None:
    """Apply statements in one transaction; return None if that is not possible."""
    steps: list[Step[Seen]] = []
    try:
        with connection.transaction():
            before = look()
            for statement in statements:
                tag = execute(connection, statement)
                after = look()
                steps.append(
                    Step(
                        statement=statement,
                        transaction=1,
                        before=before,
                        after=after,
                        tag=tag,
                    )
                )
                before = after
    except psycopg.Error:
        return None
    return steps


def _apply_apart(
    connection: Connection,
    statements: Sequence[Statement],
    look: Callable[[], Seen],
    look_outside: Callable[[str, Callable[[], str]], tuple[str, Seen | None]],
) -> list[Step[Seen]]:
    """Apply statements one by one, in the transactions that they begin themselves."""
    steps: list[Step[Seen]] = []
    number = 0
    for statement in statements:
        is_outside = _is_idle(connection)
        number += is_outside
        transaction: int | None = number
        before = look()
        after: Seen | None = before
        try:
            if is_outside and not controls_transactions(statement):
                try:
                    with connection.transaction():
                        before = look()
                        tag = execute(connection, statement)
                        after = look()
                except psycopg.errors.ActiveSqlTransaction:
                    run = partial(execute, connection, statement)
                    transaction = None
                    tag, after = look_outside(statement.text, run)
            else:
                tag = execute(connection, statement)
                if not _is_idle(connection):
                    after = look()
        except psycopg.errors.DuplicateObject as problem:
            # Roles are the server's: another schema on it may have the same.
            if not creates_role(statement):
                raise FailedError(statement, problem) from None
            continue
        except psycopg.Error as problem:
            raise FailedError(statement, problem) from None
        steps.append(
            Step(
                statement=statement,
                transaction=transaction,
                before=before,
                after=after,
                tag=tag,
            )
        )
    return steps


def _is_idle(connection: Connection) -> bool:
    return connection.info.transaction_status is TransactionStatus.IDLE
