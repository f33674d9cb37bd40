"""Statements with a timeout, and other statements in a pipeline with them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from .. import wire
from ..codec import read_command
from ..errors import SchemaChanged
from ..limits import (
    KEPT_BY_BLOCK,
    KEPT_BY_STATEMENT,
    LIMIT,
    UNLIMIT,
    milliseconds,
    seconds_in,
)
from ..patience import Limit

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from psycopg import AsyncConnection
    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..statement import Statement
    from .connection import Session

    Step = tuple[Statement[Any], Sequence[Any]]

R = TypeVar("R")
T = TypeVar("T")


def limit_of(connection: AsyncConnection[Any], settings: Mapping[str, str]) -> Limit:
    """Return a context manager that applies the timeout in the settings, if any."""
    seconds = seconds_in(settings)
    return (
        Limit.of_pipeline(connection, 1)
        if seconds is None
        else Limit(connection, seconds)
    )


async def run_among(
    session: Session,
    before: Step,
    statement: Statement[T],
    values: Sequence[Any],
    read: Callable[[Codec[T], PGresult], R],
    *after: Step,
) -> R:
    """Run a statement between others, in one pipeline, and read its result."""
    steps = (before, (statement, values), *after)
    try:
        codecs = [await session.codec(step) for step, _ in steps]
        commands = [
            (codec, codec.encode(arguments))
            for codec, (_, arguments) in zip(codecs, steps, strict=True)
        ]
        async with session.compared(codecs):
            results = await session.pipelined(commands)
            return read(codecs[1], results[1])
    except wire.BatchFailed as failure:
        raise await session.translated(failure.error, statement) from None
    except psycopg.Error as error:
        raise await session.translated(error, statement) from None
    except SchemaChanged as error:
        await session.explain(error)
        raise


async def run_limited(
    session: Session,
    seconds: float,
    statement: Statement[T],
    values: Sequence[Any],
    read: Callable[[Codec[T], PGresult], R],
) -> R:
    """Run a statement with a timeout, in a transaction that continues afterwards."""
    if not session.is_fast:
        async with limited(session, seconds, KEPT_BY_STATEMENT):
            return await session.run(statement, values, read)
    before = (LIMIT, (KEPT_BY_STATEMENT, milliseconds(seconds)))
    after = (UNLIMIT, (KEPT_BY_STATEMENT,))
    with Limit(session.connection, seconds):
        return await run_among(session, before, statement, values, read, after)


@asynccontextmanager
async def limited(
    session: Session, seconds: float, kept_by: str = KEPT_BY_BLOCK
) -> AsyncGenerator[None, None]:
    """Limit each statement of the block, in a transaction that continues afterwards."""
    await session.run(LIMIT, (kept_by, milliseconds(seconds)), read_command)
    try:
        with Limit(session.connection, seconds):
            yield
    finally:
        # The rollback of a failed transaction also resets the limit.
        if wire.is_in_transaction(session.connection.pgconn):
            await session.run(UNLIMIT, (kept_by,), read_command)
