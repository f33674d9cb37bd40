# Derived from ../aio/stream.py by derive_sync.py: change that file.
"""Streams of rows that take constant memory."""

from __future__ import annotations

from contextlib import closing, suppress
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
        Callable,
        Generator,
        Iterator,
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
    _Parts: TypeAlias = Generator[list[T], None, None]

_SIZE: Final = 1000
_numbers: Final = count(1)


class Stream(Generic[T]):
    """Rows of a query.

    Iterate over it, preferably in a `with` block. The block ends the query on
    the server as soon as it is left, for any reason:

        with tasks.stream_tasks() as stream:
            for task in stream:
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
        self._rows: Generator[T, None, None] | None = None
        self._observed: Callable[[_Parts[T]], _Parts[T]] | None = None

    def observe(self, observed: Callable[[_Parts[T]], _Parts[T]]) -> None:
        """Pass the rows through an observing generator.

        Args:
            observed: wraps a generator of lists of rows.
        """
        self._observed = observed

    def __iter__(self) -> Generator[T, None, None]:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the query; do nothing if it has ended."""
        if self._rows is not None:
            self._rows.close()


def _parts(
    session: Session, statement: Statement[T], values: Sequence[Any]
) -> Generator[list[T], None, None]:
    if statement.locks_rows:
        session.require_transaction(statement)
    with UnknownOutcomeGuard(session, statement):
        try:
            codec = session.codec(statement)
            reads = statement.read_only or statement.locks_rows
            if reads and session.in_transaction:
                results = _declared(session, codec, values)
            elif session.is_fast:
                results = _fast(session, codec, codec.encode(values))
            else:
                results = _plain(session, codec, values)
            writes = not statement.read_only and codec.confirms is not None
            with session.compared([codec], late=writes), closing(results):
                session.confirm(codec)
                before = 0
                for result in results:
                    codec.check(result)
                    yield from codec.parts(result, before)
                    before += result.ntuples
                session.confirm(codec)
        except psycopg.Error as error:
            raise session.translated(error, statement) from None


def _fast(
    session: Session, codec: Codec[Any], parameters: Sequence[Buffer | None]
) -> Generator[PGresult, None, None]:
    connection = session.connection
    pgconn = connection.pgconn
    with connection.lock:
        session.usage.begin_stream()
        session.begin_chunks()
        try:
            result = _first(session, codec, parameters)
            while result is not None:
                yield result
                result = connection.wait(wire.next_chunk(pgconn))
        except GeneratorExit:
            _stop(session)
            # A query that only reads leaves nothing behind, however it ends.
            if connection.closed and not codec.statement.read_only:
                raise psycopg.OperationalError("the connection is lost") from None
            raise
        finally:
            _stop(session)


def _stop(session: Session) -> None:
    """End a query whose remaining rows are not needed; do nothing if it has ended."""
    usage, connection = session.usage, session.connection
    usage.end_stream()
    if wire.is_active(connection.pgconn) and not usage.is_foreign:
        unhindered(end, connection, 3 * grace_of(connection))


def _first(
    session: Session, codec: Codec[Any], parameters: Sequence[Buffer | None]
) -> PGresult | None:
    connection = session.connection
    pgconn = connection.pgconn
    if not codec.name:
        session.prepare(codec)
    connection.wait(wire.start_stream(pgconn, codec, parameters, _SIZE))
    try:
        return connection.wait(wire.next_chunk(pgconn))
    except psycopg.Error as error:
        if not session.may_repeat(codec, error):
            raise
    session.prepare(codec)
    connection.wait(wire.start_stream(pgconn, codec, parameters, _SIZE))
    return connection.wait(wire.next_chunk(pgconn))


def _plain(
    session: Session, codec: Codec[Any], values: Sequence[Any]
) -> Generator[PGresult, None, None]:
    cursor = cursor_of(session.connection)
    plain.keep_raw(cursor.adapters, codec)
    size = _SIZE if psycopg.capabilities.has_stream_chunked() else 1
    rows: Iterator[Any] = cursor.stream(
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
        for _ in rows:
            result = cursor.pgresult
            if result is not None and result is not seen:
                seen = result
                yield result
    finally:
        session.usage.end_stream()
        close(rows)


def _declared(
    session: Session, codec: Codec[Any], values: Sequence[Any]
) -> Generator[PGresult, None, None]:
    name = f"stream_{next(_numbers)}"
    sql = f"DECLARE {name} NO SCROLL CURSOR FOR ".encode() + codec.sql
    cursor = cursor_of(session.connection)
    cursor.execute(sql, plain.encoded(codec, values), prepare=False)
    fetch = f"FETCH FORWARD {_SIZE} FROM {name}".encode()
    binary = codec.result_format == Format.BINARY
    try:
        while True:
            cursor.execute(fetch, prepare=False, binary=binary)
            result = fetched(cursor)
            if result.ntuples == 0:
                return
            yield result
    finally:
        # A failed transaction and a broken connection take the cursor with them.
        if session.in_transaction and not session.usage.is_foreign:
            with suppress(psycopg.OperationalError):
                cursor.execute(f"CLOSE {name}".encode(), prepare=False)
