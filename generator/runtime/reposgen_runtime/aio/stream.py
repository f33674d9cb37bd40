"""Streams of rows that take constant memory."""

from __future__ import annotations

from contextlib import aclosing, suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeAlias, TypeVar

import psycopg
from psycopg.pq import Format

from .. import plain, wire
from ..patience import grace_of
from ._compat import close, flattened, unhindered
from .atomic import UnknownOutcomeGuard
from .cancelling import end
from .cursor_path import cursor_of, fetched
from .failover import read_on

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Callable,
        Sequence,
    )
    from types import TracebackType

    from psycopg.abc import Buffer
    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..statement import Package, Statement
    from .connection import Session
    from .executor import Executor

T = TypeVar("T")

if TYPE_CHECKING:
    _Parts: TypeAlias = AsyncGenerator[list[T], None]

_SIZE: Final = 1000
_numbers: Final = count(1)


class Stream(Generic[T]):
    """Rows of a query.

    Iterate over it, preferably in an `async with` block. The block ends the query on
    the server as soon as it is left, for any reason:

        async with tasks.stream_tasks() as stream:
            async for task in stream:
                ...

    A stream uses a connection exclusively. In a transaction block it shares the
    transaction's connection, and if the query only reads, other statements can run
    between two rows.
    """

    def __init__(
        self,
        executor: Executor,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
    ) -> None:
        self._executor = executor
        self._package = package
        self._statement = statement
        self._values = values
        self._rows: AsyncGenerator[T, None] | None = None
        self._observed: Callable[[_Parts[T]], _Parts[T]] | None = None

    def observe(self, observed: Callable[[_Parts[T]], _Parts[T]]) -> None:
        """Pass the rows through an observing generator.

        Args:
            observed: wraps a generator of lists of rows.
        """
        self._observed = observed

    def __aiter__(self) -> AsyncGenerator[T, None]:
        if self._rows is None:
            statement, values = self._statement, self._values
            parts = read_on(
                self._executor,
                self._package,
                statement,
                lambda session: _parts(session, statement, values),
            )
            if self._observed is not None:
                parts = self._observed(parts)
            self._rows = flattened(parts)
        return self._rows

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the query; do nothing if it has ended."""
        if self._rows is not None:
            await self._rows.aclose()


async def _parts(
    session: Session, statement: Statement[T], values: Sequence[Any]
) -> AsyncGenerator[list[T], None]:
    if statement.locks_rows:
        session.require_transaction(statement)
    with UnknownOutcomeGuard(session, statement):
        try:
            codec = await session.codec(statement)
            reads = statement.read_only or statement.locks_rows
            if reads and session.in_transaction:
                results = _declared(session, codec, values)
            elif session.is_fast:
                results = _fast(session, codec, codec.encode(values))
            else:
                results = _plain(session, codec, values)
            writes = not statement.read_only and codec.confirms is not None
            async with session.compared([codec], late=writes), aclosing(results):
                await session.confirm(codec)
                before = 0
                async for result in results:
                    codec.check(result)
                    for part in codec.parts(result, before):
                        yield part
                    before += result.ntuples
                await session.confirm(codec)
        except psycopg.Error as error:
            raise await session.translated(error, statement) from None


async def _fast(
    session: Session, codec: Codec[Any], parameters: Sequence[Buffer | None]
) -> AsyncGenerator[PGresult, None]:
    connection = session.connection
    pgconn = connection.pgconn
    async with connection.lock:
        session.usage.begin_stream()
        session.begin_chunks()
        try:
            result = await _first(session, codec, parameters)
            while result is not None:
                yield result
                result = await connection.wait(wire.next_chunk(pgconn))
        except GeneratorExit:
            await _stop(session)
            # A query that only reads leaves nothing behind, however it ends.
            if connection.closed and not codec.statement.read_only:
                raise psycopg.OperationalError("the connection is lost") from None
            raise
        finally:
            await _stop(session)


async def _stop(session: Session) -> None:
    """End a query whose remaining rows are not needed; do nothing if it has ended."""
    usage, connection = session.usage, session.connection
    usage.end_stream()
    if wire.is_active(connection.pgconn) and not usage.is_foreign:
        await unhindered(end, connection, 3 * grace_of(connection))


async def _first(
    session: Session, codec: Codec[Any], parameters: Sequence[Buffer | None]
) -> PGresult | None:
    connection = session.connection
    pgconn = connection.pgconn
    if not codec.name:
        await session.prepare(codec)
    await connection.wait(wire.start_stream(pgconn, codec, parameters, _SIZE))
    try:
        return await connection.wait(wire.next_chunk(pgconn))
    except psycopg.Error as error:
        if not session.may_repeat(codec, error):
            raise
    await session.prepare(codec)
    await connection.wait(wire.start_stream(pgconn, codec, parameters, _SIZE))
    return await connection.wait(wire.next_chunk(pgconn))


async def _plain(
    session: Session, codec: Codec[Any], values: Sequence[Any]
) -> AsyncGenerator[PGresult, None]:
    cursor = cursor_of(session.connection)
    plain.keep_raw(cursor.adapters, codec)
    size = _SIZE if psycopg.capabilities.has_stream_chunked() else 1
    rows: AsyncIterator[Any] = cursor.stream(
        codec.sql,
        plain.encoded(codec, values),
        binary=codec.result_format == Format.BINARY,
        size=size,
    )
    session.usage.begin_stream()
    session.begin_chunks()
    seen = None
    try:
        # psycopg gives a chunk's rows one by one; the codec reads all at once.
        async for _ in rows:
            result = cursor.pgresult
            if result is not None and result is not seen:
                seen = result
                yield result
    finally:
        session.usage.end_stream()
        await close(rows)


async def _declared(
    session: Session, codec: Codec[Any], values: Sequence[Any]
) -> AsyncGenerator[PGresult, None]:
    name = f"stream_{next(_numbers)}"
    sql = f"DECLARE {name} NO SCROLL CURSOR FOR ".encode() + codec.sql
    cursor = cursor_of(session.connection)
    await cursor.execute(sql, plain.encoded(codec, values), prepare=False)
    fetch = f"FETCH FORWARD {_SIZE} FROM {name}".encode()
    binary = codec.result_format == Format.BINARY
    try:
        while True:
            await cursor.execute(fetch, prepare=False, binary=binary)
            result = await fetched(cursor)
            if result.ntuples == 0:
                return
            yield result
    finally:
        # A failed transaction and a broken connection take the cursor with them.
        if session.in_transaction and not session.usage.is_foreign:
            with suppress(psycopg.OperationalError):
                await cursor.execute(f"CLOSE {name}".encode(), prepare=False)
