"""Execution of an SQL file, such as a dump, in a development database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import TransactionStatus

from reposgen.database.migration_files import read_file
from reposgen.database.migrations import (
    FailedError,
    controls_transactions,
    forbids_transaction,
    left_open,
    make_roles,
)
from reposgen.database.model import Migrations
from reposgen.development.files import steps_of
from reposgen.development.migrate import execute, refusal, told
from reposgen.diagnostics import ReposgenError, error

if TYPE_CHECKING:
    from pathlib import Path

    from psycopg import Connection

    from reposgen.development.model import Step

# What pg_dump --format=custom and --format=tar begin with.
_ARCHIVES = (b"PGDMP", b"toc.dat")


def load(connection: Connection, path: Path, root: Path, *, private: bool) -> int:
    """Run a file and return the number of its statements.

    The file is run in one transaction, unless it contains its own.

    Args:
        connection: a connection in autocommit mode.
        path: path of the file.
        root: the project's folder.
        private: True if the server is only for development: roles in a dump are
            created.

    Raises:
        ReposgenError: the file cannot be read, or a statement failed.
    """
    if path.is_dir():
        raise ReposgenError(
            [error("unreadable-file", "cannot be read: it is a folder", path=str(path))]
        )
    if path.is_file():
        with path.open("rb") as file:
            if file.read(8).startswith(_ARCHIVES):
                raise ReposgenError(
                    [
                        error(
                            "load-archive",
                            "the file is an archive of pg_dump, not SQL",
                            path=str(path),
                            hint="reposgen db run -- sh -c 'pg_restore --no-owner"
                            f' --dbname "$DATABASE_URL" {path}\'',
                        )
                    ]
                )
    file_of, _ = read_file(path, root)
    steps = steps_of(file_of.parts)
    if private:
        migrations = Migrations(files=(file_of,))
        make_roles(connection, migrations, [step.statement for step in steps])
    try:
        if any(controls_transactions(step.statement) for step in steps) or any(
            forbids_transaction(part.text) for part in file_of.parts
        ):
            _run(connection, steps)
        else:
            with connection.transaction():
                _run(connection, steps)
    except FailedError as failed:
        raise ReposgenError([told(failed)]) from None
    except psycopg.Error as problem:
        raise ReposgenError([refusal(problem, file_of.path)]) from None
    if connection.info.transaction_status is not TransactionStatus.IDLE:
        raise ReposgenError([left_open([step.statement for step in steps])])
    return len(steps)


def _run(connection: Connection, steps: tuple[Step, ...]) -> None:
    for step in steps:
        execute(connection, step)
