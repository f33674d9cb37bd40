# Derived from ../aio/batch.py by derive_sync.py: change that file.
"""Execution of one statement for many items, in pipelines."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg

from .. import wire
from ..batching import arguments_of
from ..errors import InvalidArgument, RepositoryError
from ..patience import Limit
from ._compat import chunks
from .atomic import UnknownOutcomeGuard, ensure_transaction
from .cursor_path import cursor_of, execute, fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from psycopg.abc import Buffer
    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..statement import Statement
    from .connection import Session

R = TypeVar("R")
T = TypeVar("T")

# Maximum number of items in memory, and in one pipeline.
_CHUNK: Final = 1000


def run_batch(
    session: Session,
    statement: Statement[T],
    items: Iterable[Any],
    read: Callable[[Codec[T], PGresult, int], R],
    *,
    judges: bool = False,
) -> list[R]:
    """Run the statement once for each item.

    Outside a transaction the batch is one transaction, committed as a whole or not at
    all.

    Args:
        session: session to run on.
        statement: statement to run.
        items: arguments of the runs.
        read: makes an item's result, given its index.
        judges: True if `read` can refuse a result.

    Raises:
        RepositoryError: an item failed; `item` is its index.
    """
    if statement.locks_rows:
        session.require_transaction(statement)
    with closing(chunks(items, _CHUNK)) as parts:
        first: list[Any] = next(parts, [])
        # One pipeline is a transaction by itself.
        if len(first) < _CHUNK and (statement.read_only or not judges):
            with UnknownOutcomeGuard(session, statement):
                return _run_chunk(session, statement, first, read, 0)
        alone = session.is_autocommit_idle
        try:
            return _run_chunks(session, statement, first, parts, read)
        except RepositoryError as error:
            # In a transaction, the statement could not be prepared again.
            if not (alone and _is_outdated(error, len(first))):
                raise
        return _run_chunks(session, statement, first, parts, read)


def _is_outdated(error: RepositoryError, first: int) -> bool:
    """Return True if the first pipeline failed because its statement is outdated."""
    cause, item = error.driver_error, error.item
    if cause is None or item is None:
        return False
    return item < first and wire.is_outdated(cause)


def _run_chunks(
    session: Session,
    statement: Statement[T],
    first: Sequence[Any],
    parts: Iterable[list[Any]],
    read: Callable[[Codec[T], PGresult, int], R],
) -> list[R]:
    with ensure_transaction(session):
        results = _run_chunk(session, statement, first, read, 0)
        for part in parts:
            done = len(results)
            results += _run_chunk(session, statement, part, read, done)
    return results


def _run_chunk(
    session: Session,
    statement: Statement[T],
    items: Sequence[Any],
    read: Callable[[Codec[T], PGresult, int], R],
    start: int,
) -> list[R]:
    if not items:
        return []
    batch = [*map(arguments_of(statement), items)]
    try:
        codec = session.codec(statement)
        commands = _commands(codec, batch, start)
        with session.compared([codec]):
            if session.is_fast:
                results = session.pipelined(commands)
            else:
                results = _run_plain(session, codec, batch)
            pairs = enumerate(results, start)
            return [read(codec, result, item) for item, result in pairs]
    except wire.BatchFailed as failure:
        item = None if failure.item is None else start + failure.item
        raise session.translated(failure.error, statement, item) from None
    except psycopg.Error as error:
        raise session.translated(error, statement) from None


def _commands(
    codec: Codec[Any], batch: Sequence[Sequence[Any]], start: int
) -> list[tuple[Codec[Any], Sequence[Buffer | None]]]:
    commands: list[tuple[Codec[Any], Sequence[Buffer | None]]] = []
    try:
        for values in batch:
            commands.append((codec, codec.encode(values)))  # noqa: PERF401 -- an error needs their number
    except InvalidArgument as error:
        error.item = start + len(commands)
        raise
    return commands


def _run_plain(
    session: Session, codec: Codec[Any], batch: Sequence[Sequence[Any]]
) -> list[PGresult]:
    cursors = [cursor_of(session.connection) for _ in batch]
    session.end_chunks()
    limit = Limit.of_pipeline(session.connection, len(batch))
    try:
        with limit, session.connection.pipeline():
            for cursor, values in zip(cursors, batch, strict=True):
                execute(session, cursor, codec, values)
    except psycopg.Error as error:
        done = sum(cursor.pgresult is not None for cursor in cursors)
        item = done if done < len(batch) else None
        raise wire.BatchFailed(wire.unknown_commit_outcome(error), item) from None
    results = [fetched(cursor) for cursor in cursors]
    for result in results:
        codec.check(result)
    session.confirm(codec)
    return results
