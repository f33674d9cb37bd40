"""COPY in both directions."""

from __future__ import annotations

from contextlib import aclosing
from operator import length_hint
from typing import TYPE_CHECKING, Any, Final, Self, cast

import psycopg

from .. import wire
from ..batching import arguments_of
from ..copy_commands import (
    copy_frame,
    copy_into,
    copy_query,
    line,
    place_in_copy,
)
from ..errors import ConnectionLost, InvalidArgument, RepositoryError
from ..translate import outcome_of
from ._compat import chunks, write
from .atomic import is_alone
from .elsewhere import read_on

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Sequence
    from types import TracebackType

    from psycopg import AsyncCopy

    from ..codec import Codec
    from ..copy_commands import LinesFormat
    from ..statement import Package, Statement
    from ._compat import Writable
    from .session import Session
    from .source import Holder

_CHUNK: Final = 100
# Bytes that are sent together.
_BLOCK: Final = 32 * 1024


class _Stopped(Exception):  # noqa: N818 -- never seen outside this module
    """Ends a COPY without a word of the cause, which would go to the server's log."""


async def copy_rows(
    session: Session,
    statement: Statement[Any],
    rows: Iterable[Any] | AsyncIterable[Any],
) -> int:
    """COPY rows into the statement's table; returns how many there were.

    Raises:
        RepositoryError: and no row was written.
    """
    if statement.copy is None:
        raise RepositoryError("has no table to copy into", query=statement.name)
    cause: Exception | None = None
    alone = is_alone(session)
    is_written = False
    try:
        codec = await session.codec(statement)
        command = copy_into(statement.copy, codec.copy_format)
        cursor = session.cursor()
        async with cursor.copy(command) as copy:
            try:
                await _write(copy, codec, rows)
            except psycopg.Error:
                raise
            except Exception as error:  # noqa: BLE001 -- raised again below
                cause = error
                raise _Stopped from None
            is_written = True
    except _Stopped:
        if cause is not None:
            raise cause from None
        raise
    except psycopg.Error as error:
        place = place_in_copy(error, statement.copy)
        translated = session.translated(error, statement, *place)
        # Before the server has all of it, it keeps none.
        if is_written and alone and isinstance(translated, ConnectionLost):
            translated = outcome_of(translated, statement)
        raise translated from None
    return cursor.rowcount


async def _write(
    copy: AsyncCopy, codec: Codec[Any], rows: Iterable[Any] | AsyncIterable[Any]
) -> None:
    arguments = arguments_of(codec.statement)
    # psycopg's own transformer knows no types, and its `write_row` is a coroutine:
    # that would cost more than the row.
    transformer = codec.copy_transformer()
    format_row = wire.row_formatter(codec.copy_format)
    head, tail = copy_frame(codec.copy_format)
    block = bytearray(head)
    count = 0
    async with aclosing(chunks(rows, _CHUNK)) as parts:
        async for part in parts:
            count += len(part)
            rest = iter(part)
            for values in map(arguments, rest):
                try:
                    format_row(values, transformer, block)
                except Exception:  # noqa: BLE001 -- dumpers raise all kinds of them
                    item = count - length_hint(rest) - 1
                    raise _invalid(codec, values, item) from None
                if len(block) > _BLOCK:
                    await copy.write(block)
                    block = bytearray()
    block += tail
    await copy.write(block)


def _invalid(codec: Codec[Any], values: Sequence[Any], item: int) -> InvalidArgument:
    error = codec.invalid(values)
    error.item = item
    return error


class Export:
    """A query's rows, as COPY writes them.

    Iterate over it for blocks of bytes, or `write_to` a file; in an `async with` block,
    to end it early.
    """

    def __init__(
        self,
        holder: Holder,
        package: Package,
        statement: Statement[Any],
        values: Sequence[Any],
        *,
        copy_format: LinesFormat,
        header: bool,
    ) -> None:
        self._holder = holder
        self._package = package
        self._statement = statement
        self._values = values
        self._format: LinesFormat = copy_format
        self._header = header
        self._blocks: AsyncGenerator[bytes, None] | None = None
        self._count = 0

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        if self._blocks is None:
            self._blocks = read_on(
                self._holder, self._package, self._statement, self._read
            )
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
        """End the query; does nothing if it has ended."""
        if self._blocks is not None:
            await self._blocks.aclose()

    async def write_to(self, file: Writable[bytes] | Writable[str]) -> int:
        """Write all of it to a file, binary or text; returns the number of rows.

        A file is what has a method `write`, be it an `async` one; a text file has an
        `encoding` as well.

        Raises:
            InvalidArgument: the binary format does not go into a text file.
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
        try:
            codec = await session.codec(self._statement)
            command = copy_query(codec, self._values, self._format, header=self._header)
            cursor = session.cursor()
            async with cursor.copy(command) as copy:
                session.streaming = True
                try:
                    async for block in copy:
                        yield self._piece(bytes(block))
                finally:
                    session.streaming = False
            self._count = cursor.rowcount
        except psycopg.Error as error:
            raise session.translated(error, self._statement) from None
