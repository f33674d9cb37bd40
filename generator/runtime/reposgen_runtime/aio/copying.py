"""COPY in both directions."""

from __future__ import annotations

from contextlib import aclosing, asynccontextmanager
from operator import length_hint
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, cast

import psycopg
from psycopg import AsyncRawCursor
from psycopg.pq import Format

from .. import layouts, wire
from ..batching import arguments_of
from ..copy_commands import (
    argument_at,
    ask_for_columns,
    copy_frame,
    copy_into,
    copy_query,
    line,
    place_in_copy,
    replace_parameters,
)
from ..errors import ConnectionLost, InvalidArgument, RepositoryError
from ..translate import outcome_of
from ._compat import chunks, write
from .cursor_path import cursor_of, fetched
from .failover import read_on

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        Callable,
        Iterable,
        Sequence,
    )
    from types import TracebackType

    from psycopg import AsyncConnection, AsyncCopy
    from psycopg.abc import Params, PQGen, Query
    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..copy_commands import LinesFormat
    from ..statement import CopyInto, Package, Statement
    from ._compat import Writable
    from .connection import Session
    from .executor import Executor

    _Blocks: TypeAlias = AsyncGenerator[bytes, None]

_CHUNK: Final = 100
# Bytes that are sent together.
_BLOCK: Final = 32 * 1024


class _Stopped(Exception):  # noqa: N818 -- never seen outside this module
    """Ends a COPY without a cause that the server would write to its log."""


async def copy_rows(
    session: Session,
    statement: Statement[Any],
    rows: Iterable[Any] | AsyncIterable[Any],
) -> int:
    """COPY rows into the statement's table and return their number.

    Raises:
        RepositoryError: the COPY failed; no row was written.
    """
    if statement.copy is None:
        raise RepositoryError("has no table to copy into", query=statement.name)
    cause: Exception | None = None
    alone = session.is_autocommit_idle
    is_begun = is_written = False
    try:
        codec = await session.codec(statement)
        cursor = _Cursor(session.connection)
        async with _begun(session, cursor, codec, statement.copy) as copy:
            is_begun = True
            try:
                with session.usage.feeding():
                    await _write(copy, codec, rows)
            except psycopg.Error:
                raise
            except Exception as raised:  # noqa: BLE001 -- raised again below
                cause = raised
                raise _Stopped from None
            is_written = True
    except _Stopped:
        if cause is not None:
            raise cause from None
        raise
    except (psycopg.Error, ValueError) as failure:
        failed = _error_of(failure, session.connection)
        if failed.sqlstate == layouts.CHANGED and not is_begun:
            raise session.changed(codec) from None
        place = place_in_copy(failed, statement.copy)
        translated = await session.translated(failed, statement, *place)
        # The server keeps no row before the COPY is complete.
        if is_written and alone and isinstance(translated, ConnectionLost):
            translated = outcome_of(translated, statement)
        raise translated from None
    return cursor.rowcount


def _error_of(
    failure: psycopg.Error | ValueError, connection: AsyncConnection[Any]
) -> psycopg.Error:
    """Return the error of a COPY.

    A pooler forwards the server's error, and adds its own when it closes the
    connection. psycopg expects a single result, and raises a ValueError or
    ProgrammingError.
    """
    is_misread = isinstance(failure, ValueError) or (
        isinstance(failure, psycopg.ProgrammingError) and failure.sqlstate is None
    )
    if is_misread and connection.broken:
        return psycopg.OperationalError("the connection is lost")
    if isinstance(failure, ValueError):
        raise failure
    return failure


class _Cursor(AsyncRawCursor[Any]):
    """Cursor that sends other commands in the same message as a COPY.

    Attributes:
        answers: results of the other commands.
    """

    answers: Sequence[PGresult] = ()

    def _start_copy_gen(
        self, statement: Query, params: Params | None = None
    ) -> PQGen[None]:
        assert isinstance(statement, bytes) and params is None  # noqa: PT018, S101 -- from here alone
        yield from self._start_query()
        *self.answers, begun = yield from wire.command(self._pgconn, statement)
        self._check_copy_result(begun)
        self._set_results([begun])


@asynccontextmanager
async def _begun(
    session: Session, cursor: _Cursor, codec: Codec[Any], target: CopyInto
) -> AsyncGenerator[AsyncCopy, None]:
    """Begin a COPY into columns that have the types in the generated code.

    Raises:
        SchemaChanged: a column has another type; no row was sent.
    """
    command = copy_into(target, codec.copy_format) + codec.suffix
    ask = ask_for_columns(target, f"reposgen_{token_hex(8)}")
    if session.is_fast:
        # Commands in one message run in one transaction.
        before = [ask, *_confirming(codec)]
        async with cursor.copy(b"; ".join((*before, command))) as copy:
            _check_columns(codec, cursor.answers[1].get_value(0, 0))
            yield copy
        return
    async with session.compared([codec], late=True):
        await cursor.execute(ask, prepare=False)
        cursor.nextset()
        _check_columns(codec, (await fetched(cursor)).get_value(0, 0))
        await session.confirm(codec)
        async with cursor.copy(command) as copy:
            yield copy


def _confirming(codec: Codec[Any]) -> list[bytes]:
    """Return the check of `Session.confirm` as commands to send before another one."""
    if codec.confirms is None:
        return []
    confirming, _ = codec.confirms
    literals = confirming.literals(layouts.arguments(codec.layouts))
    return [replace_parameters(confirming.statement.sql, literals).encode()]


def _check_columns(codec: Codec[Any], oids: bytes | None) -> None:
    codec.check_columns([*map(int, (oids or b"").split())])


async def _write(
    copy: AsyncCopy, codec: Codec[Any], rows: Iterable[Any] | AsyncIterable[Any]
) -> None:
    arguments = arguments_of(codec.statement)
    # psycopg's own transformer does not know the types, and its `write_row` is a
    # coroutine, which would cost more than the row.
    transformer = codec.copy_transformer()
    format_row = wire.row_formatter(codec.copy_format)
    encode = codec.row_encoder()
    head, tail = copy_frame(codec.copy_format)
    block = bytearray(head)
    count = 0
    async with aclosing(chunks(rows, _CHUNK)) as parts:
        async for part in parts:
            count += len(part)
            rest = iter(part)
            for values in map(arguments, rest):
                try:
                    row = None if encode is None else encode(values)
                    if row is None:
                        format_row(values, transformer, block)
                    else:
                        block += row
                except Exception:  # noqa: BLE001 -- dumpers raise all kinds of them
                    item = count - length_hint(rest) - 1
                    raise _invalid(codec, values, item) from None
                if len(block) > _BLOCK:
                    await copy.write(block)
                    block = bytearray()
    block += tail
    await copy.write(block)


def _invalid(codec: Codec[Any], values: Sequence[Any], item: int) -> InvalidArgument:
    error = codec.invalid(values, as_text=codec.copy_format == Format.TEXT)
    error.item = item
    return error


class Export:
    """Rows of a query, in a format of COPY.

    Iterate over it for blocks of bytes, or call `write_to` with a file. An `async with`
    block ends the query early.
    """

    def __init__(
        self,
        executor: Executor,
        package: Package,
        statement: Statement[Any],
        values: Sequence[Any],
        *,
        copy_format: LinesFormat,
        header: bool,
    ) -> None:
        self._executor = executor
        self._package = package
        self._statement = statement
        self._values = values
        self._format: LinesFormat = copy_format
        self._header = header
        self._blocks: AsyncGenerator[bytes, None] | None = None
        self._observed: Callable[[_Blocks], _Blocks] | None = None
        self._count = 0

    @property
    def count(self) -> int:
        """Number of rows written; 0 before the end."""
        return self._count

    def observe(self, observed: Callable[[_Blocks], _Blocks]) -> None:
        """Pass the blocks through an observing generator.

        Args:
            observed: wraps a generator of blocks.
        """
        self._observed = observed

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        if self._blocks is None:
            blocks = read_on(self._executor, self._package, self._statement, self._read)
            observed = self._observed
            self._blocks = blocks if observed is None else observed(blocks)
        return self._blocks

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
        if self._blocks is not None:
            await self._blocks.aclose()

    async def write_to(self, file: Writable[bytes] | Writable[str]) -> int:
        """Write all rows to a binary or text file and return their number.

        A file is an object with a method `write`; a text file also has an `encoding`.

        Raises:
            InvalidArgument: the binary format cannot be written to a text file.
        """
        is_text = hasattr(file, "encoding")
        if is_text and self._format == "binary":
            raise InvalidArgument(
                "the binary format needs a binary file", query=self._statement.name
            )
        async with self:
            async for block in self:
                if is_text:
                    await write(cast("Writable[str]", file), block.decode())
                else:
                    await write(cast("Writable[bytes]", file), block)
        return self._count

    def _piece(self, block: bytes) -> bytes:
        if self._format != "lines":
            return block
        return line(block, json=self._statement.results == ("json",))

    async def _read(self, session: Session) -> AsyncGenerator[bytes, None]:
        if self._statement.locks_rows:
            session.require_transaction(self._statement)
        argument = None
        try:
            codec = await session.codec(self._statement)
            command = copy_query(codec, self._values, self._format, header=self._header)
            await session.confirm(codec)
            cursor = cursor_of(session.connection)
            try:
                async with cursor.copy(command) as copy:
                    session.usage.begin_stream()
                    try:
                        async for block in copy:
                            yield self._piece(bytes(block))
                    finally:
                        session.usage.end_stream()
            except psycopg.Error as refused:
                argument = argument_at(codec, self._values, command, refused)
                raise
            self._count = cursor.rowcount
        except (psycopg.Error, ValueError) as failure:
            error = _error_of(failure, session.connection)
            raise await session.translated(
                error, self._statement, argument=argument
            ) from None
