"""Execution of statements with psycopg's documented API only; see `..plain`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg import AsyncRawCursor
from psycopg.pq import Format

from .. import plain, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import AsyncConnection
    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from .connection import Session

R = TypeVar("R")
T = TypeVar("T")


async def run(
    session: Session,
    codec: Codec[T],
    values: Sequence[Any],
    read: Callable[[Codec[T], PGresult], R],
) -> R:
    """Run a statement and read its result.

    Raises:
        psycopg.Error: the statement failed.
        SchemaChanged: the result's columns differ from those in the generated code.
    """
    async with session.compared([codec]):
        cursor = cursor_of(session.connection)
        alone = not session.in_transaction
        try:
            await execute(session, cursor, codec, values)
        except psycopg.Error as error:
            # The cursor does not distinguish errors of the statement from errors of its
            # commit.
            raise wire.unknown_commit_outcome(error) if alone else error from None
        result = await fetched(cursor)
        codec.check(result)
        await session.confirm(codec)
        return read(codec, result)


def cursor_of(connection: AsyncConnection[Any]) -> AsyncRawCursor[Any]:
    """Return a cursor that sends arguments that are already encoded."""
    cursor = AsyncRawCursor(connection)
    plain.adapt(cursor.adapters)
    return cursor


async def result_of(
    session: Session, codec: Codec[Any], values: Sequence[Any]
) -> PGresult:
    """Run a statement and return its result."""
    cursor = cursor_of(session.connection)
    await execute(session, cursor, codec, values)
    return await fetched(cursor)


async def execute(
    session: Session,
    cursor: AsyncRawCursor[Any],
    codec: Codec[Any],
    values: Sequence[Any],
) -> None:
    """Run a statement, again if its prepared form is outdated."""
    sql = codec.sql
    arguments = plain.encoded(codec, values)
    binary = codec.result_format == Format.BINARY
    try:
        await cursor.execute(sql, arguments, binary=binary)
    except psycopg.Error as error:
        if not session.may_repeat(codec, error):
            raise
        await cursor.execute(sql, arguments, binary=binary, prepare=False)


async def fetched(cursor: AsyncRawCursor[Any]) -> PGresult:
    """Return the result of a cursor.

    Raises:
        psycopg.Error: the statement failed.
    """
    if cursor.pgresult is None:
        # The caller's pipeline holds the result back until it is synchronised.
        async with cursor.connection.pipeline() as pipeline:
            await pipeline.sync()
    return wire.check([result for result in (cursor.pgresult,) if result])
