# Derived from ../aio/staging.py by derive_sync.py: change that file.
"""COPY into a staging table, followed by the user's own INSERT."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from ..copy_commands import (
    FAILED_INSERT,
    LAST_ROW,
    SAVEPOINT,
    TIDY,
    create_staging,
    failed_row,
)
from ..errors import RepositoryError, mark_undone
from .atomic import ensure_transaction
from .copying import copy_rows
from .cursor_path import cursor_of, fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..statement import Statement
    from .connection import Session

R = TypeVar("R")
T = TypeVar("T")


def insert_rows(
    session: Session,
    statement: Statement[T],
    rows: Iterable[Any],
    read: Callable[[Codec[T], PGresult], R],
) -> R:
    """Insert rows through a staging table, in one transaction.

    Raises:
        RepositoryError: the insert failed; no row was written.
    """
    with ensure_transaction(session):
        try:
            codec = session.codec(statement)
            session.command(create_staging(statement))
            count = copy_rows(session, statement, rows)
            session.command(SAVEPOINT)
            result = _insert(session, codec, count)
            try:
                codec.check(result)
                session.confirm(codec)
                answer = read(codec, result)
            except RepositoryError as error:
                with suppress(psycopg.Error):
                    session.command(f"{FAILED_INSERT}; {TIDY}")
                mark_undone(error)
                raise
            session.command(TIDY)
            return answer  # noqa: TRY300 -- an error of the command is one of these too
        except psycopg.Error as error:
            raise session.translated(error, statement) from None


def _insert(session: Session, codec: Codec[Any], count: int) -> PGresult:
    statement = codec.statement
    try:
        return _execute(session, codec.sql, binary=codec.reads_binary)
    except psycopg.Error as error:
        item = _failed_row(session, error, count)
        raise session.translated(error, statement, item) from None


def _failed_row(session: Session, error: psycopg.Error, count: int) -> int | None:
    try:
        session.command(FAILED_INSERT)
        result = _execute(session, LAST_ROW.encode(), binary=False)
        session.command(TIDY)
    except psycopg.Error:
        # If the connection is lost, so is the staging table.
        return None
    read = int(result.get_value(0, 0) or 0) - count
    return failed_row(error, read, count)


def _execute(session: Session, sql: bytes, *, binary: bool) -> PGresult:
    cursor = cursor_of(session.connection)
    # The table is a new one each time.
    cursor.execute(sql, binary=binary, prepare=False)
    return fetched(cursor)
