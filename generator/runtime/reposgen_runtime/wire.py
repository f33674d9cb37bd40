"""The libpq path: generators of libpq calls that any psycopg connection can wait for.

This module and `sync_wait` use parts of psycopg that are not fully documented:
`psycopg.generators`, `PGconn.send_*`, and the formatting of COPY rows, which both paths
use. The cursor path does everything else through the public API. Tests run on both
paths.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import psycopg
from psycopg import _copy_base, generators
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus, Format, PipelineStatus, TransactionStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from psycopg.abc import Buffer, PQGen, Transformer
    from psycopg.pq.abc import PGconn, PGresult

    from .codec import Codec

    _FormatRow = Callable[[Sequence[Any], Transformer, bytearray], None]

# Plain ints: comparing an enum costs more than the call that returns the status.
_TUPLES_OK: Final = int(ExecStatus.TUPLES_OK)
_COMMAND_OK: Final = int(ExecStatus.COMMAND_OK)
DONE: Final = (_TUPLES_OK, _COMMAND_OK)
COPYING: Final = tuple(
    map(int, (ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH))
)
_SINGLE_TUPLE: Final = int(ExecStatus.SINGLE_TUPLE)
_TUPLES_CHUNK: Final = int(ExecStatus.TUPLES_CHUNK)
_PIPELINE_SYNC: Final = int(ExecStatus.PIPELINE_SYNC)
IDLE: Final = int(TransactionStatus.IDLE)
_ACTIVE: Final = int(TransactionStatus.ACTIVE)
_INERROR: Final = int(TransactionStatus.INERROR)
_INTRANS: Final = int(TransactionStatus.INTRANS)
_SETTLED: Final = (IDLE, _INERROR, _INTRANS)
PIPELINE_OFF: Final = int(PipelineStatus.OFF)

# psycopg leaves these without annotations.
answer: Final = cast("Callable[[PGconn], PQGen[list[PGresult]]]", generators.execute)
_send: Final = cast("Callable[[PGconn], PQGen[None]]", generators.send)
_fetch: Final = cast("Callable[[PGconn], PQGen[PGresult | None]]", generators.fetch)
_fetch_many: Final = cast(
    "Callable[[PGconn], PQGen[list[PGresult]]]", generators.fetch_many
)
_format_binary: Final = cast("_FormatRow", _copy_base.format_row_binary)
_format_text: Final = cast("_FormatRow", _copy_base.format_row_text)

# Severities that end the connection.
_ENDING: Final = ("FATAL", "PANIC")
IDLE_IN_TRANSACTION: Final = "25P03"  # idle_in_transaction_session_timeout
_NAME_LENGTH: Final = 63  # the server tells longer names apart by no more than this
_numbers: Final = count(1)


def is_idle(pgconn: PGconn) -> bool:
    """Return True outside of any transaction."""
    return pgconn.transaction_status == IDLE


def is_in_transaction(pgconn: PGconn) -> bool:
    """Return True in a transaction that has not failed."""
    return pgconn.transaction_status == _INTRANS


def is_failed(pgconn: PGconn) -> bool:
    """Return True in a failed transaction, which can only be rolled back."""
    return pgconn.transaction_status == _INERROR


def is_outdated(error: psycopg.Error) -> bool:
    """Return True if the prepared statement is gone or its result type has changed."""
    match error.sqlstate:
        case "26000":
            return True
        case "0A000":
            # "cached plan must not change result type", whatever the language.
            return error.diag.source_function == "RevalidateCachedQuery"
        case _:
            return False


def prepare(pgconn: PGconn, codec: Codec[Any]) -> PQGen[PGresult]:
    """Prepare the statement on the server, with the types it was validated with.

    From then on, the server refuses to run it if the types of its columns change.

    Returns:
        The description of its columns.
    """
    name = f"{next(_numbers)}:{codec.statement.name}".encode()[:_NAME_LENGTH]
    pgconn.enter_pipeline_mode()
    try:
        pgconn.send_prepare(name, codec.sql, codec.parameter_oids)
        pgconn.send_describe_prepared(name)
        pgconn.pipeline_sync()
        yield from _send(pgconn)
        results = yield from _fetch_all(pgconn, 2)
    finally:
        if pgconn.transaction_status in _SETTLED:
            pgconn.exit_pipeline_mode()
    described = [check([result]) for result in results][-1]
    codec.name = name
    return described


def may_close(pgconn: PGconn) -> bool:
    """Return True if `close` cannot harm the current transaction."""
    return psycopg.capabilities.has_send_close_prepared() or is_idle(pgconn)


def close(pgconn: PGconn, names: Iterable[bytes]) -> PQGen[None]:
    """Deallocate prepared statements."""
    for name in names:
        if psycopg.capabilities.has_send_close_prepared():
            pgconn.send_close_prepared(name)
        else:
            quoted = name.replace(b'"', b'""')
            pgconn.send_query(b'DEALLOCATE "%b"' % quoted)
        yield from answer(pgconn)


def execute(
    pgconn: PGconn, codec: Codec[Any], parameters: Sequence[Buffer | None]
) -> PQGen[list[PGresult]]:
    """Run a statement and return its results, to be checked with `check`."""
    # Nothing is sent before the connection waits. If the send finds the socket dead,
    # libpq closes it, and the connection must notice.
    send_statement(pgconn, codec, parameters)
    return (yield from answer(pgconn))


def send_statement(
    pgconn: PGconn,
    codec: Codec[Any],
    parameters: Sequence[Buffer | None],
    *,
    again: bool = False,
) -> None:
    """Send a statement by its name, or with its SQL if it has no name.

    Args:
        pgconn: the connection.
        codec: codec of the statement.
        parameters: encoded arguments.
        again: True if the unnamed prepared statement is still this one.
    """
    if codec.name or again:
        pgconn.send_query_prepared(
            codec.name, parameters, codec.parameter_formats, codec.result_format
        )
        return
    pgconn.send_query_params(
        codec.sql,
        parameters,
        codec.parameter_oids,
        codec.parameter_formats,
        codec.result_format,
    )


def command(pgconn: PGconn, sql: bytes) -> PQGen[list[PGresult]]:
    """Run a command without parameters and return its results for `check`."""
    pgconn.send_query(sql)
    return (yield from answer(pgconn))


def check(results: Sequence[PGresult]) -> PGresult:
    """Return the result of a statement.

    Raises:
        psycopg.Error: the statement failed.
    """
    result = results[-1]
    if result.status not in DONE:
        raise error_of(results)
    return result


def error_of(results: Sequence[PGresult]) -> psycopg.Error:
    """Return the error of a failed statement."""
    error = error_from_result(results[-1])
    return unknown_commit_outcome(error) if len(results) > 1 else error


def unknown_commit_outcome(error: psycopg.Error) -> psycopg.Error:
    """Return the error of a commit; if the connection ended, the outcome is unknown.

    The outcome is known if a transaction was idle for too long: the server ended it
    before it read the COMMIT.
    """
    if (
        error.diag.severity_nonlocalized in _ENDING
        and error.sqlstate != IDLE_IN_TRANSACTION
    ):
        return psycopg.OperationalError("the connection was ended during the commit")
    return error


class BatchFailed(Exception):  # noqa: N818 -- never seen outside the runtime
    """One statement of a batch failed, so none of them took effect.

    Attributes:
        error: psycopg's error.
        item: index of the failed statement; None if the commit failed, or a command
            that began the transaction.
    """

    def __init__(self, error: psycopg.Error, item: int | None) -> None:
        super().__init__()
        self.error = error
        self.item = item


def pipeline(
    pgconn: PGconn,
    commands: Sequence[tuple[Codec[Any], Sequence[Buffer | None]]],
    opening: Sequence[bytes] = (),
) -> PQGen[list[PGresult]]:
    """Run statements in one pipeline.

    Outside a transaction they form one implicit transaction: all or none are committed.

    Args:
        pgconn: the connection.
        commands: the statements with their encoded arguments.
        opening: commands to send first, which begin a transaction.

    Returns:
        The results of the statements.

    Raises:
        BatchFailed: a statement, an opening command or the commit failed.
    """
    pgconn.enter_pipeline_mode()
    try:
        for sql in opening:
            pgconn.send_query_params(sql, None)
        last = None
        for codec, parameters in commands:
            send_statement(pgconn, codec, parameters, again=codec is last)
            last = codec
        pgconn.pipeline_sync()
        yield from _send(pgconn)
        results = yield from _fetch_all(pgconn, len(opening) + len(commands))
    finally:
        if pgconn.transaction_status in _SETTLED:
            pgconn.exit_pipeline_mode()
    for item, result in enumerate(results, -len(opening)):
        if result.status not in DONE:
            error = error_from_result(result)
            if item == len(commands):
                raise BatchFailed(unknown_commit_outcome(error), None)
            raise BatchFailed(error, item if item >= 0 else None)
    return results[len(opening) :]


class Asked(NamedTuple):
    """A statement that is to be described.

    Attributes:
        sql: the statement.
        oids: of its parameters' types.
        before: a command that is done before, and undone or forgotten with it.
        is_copy: its columns are those that COPY writes.
    """

    sql: bytes
    oids: Sequence[int]
    before: bytes = b""
    is_copy: bool = False


def describe(
    pgconn: PGconn, statements: Sequence[Asked]
) -> PQGen[list[PGresult | psycopg.Error]]:
    """Have the server describe statements, each in a transaction of its own.

    Returns:
        For each the description of its columns, or why the server refuses it.
    """
    found: list[PGresult | psycopg.Error] = []
    pgconn.enter_pipeline_mode()
    try:
        for sql, oids, before, _ in statements:
            if before:
                pgconn.send_query_params(before, None)
            pgconn.send_prepare(b"", sql, oids)
            pgconn.send_describe_prepared(b"")
            pgconn.pipeline_sync()
        yield from _send(pgconn)
        for one in statements:
            results = yield from _fetch_all(pgconn, 3 if one.before else 2)
            failed = next((r for r in results if r.status not in DONE), None)
            found.append(results[-1] if failed is None else error_from_result(failed))
    finally:
        if pgconn.transaction_status in _SETTLED:
            pgconn.exit_pipeline_mode()
    return found


def _fetch_all(pgconn: PGconn, number: int) -> PQGen[list[PGresult]]:
    """Return the results of a pipeline, including that of a failed commit."""
    results: list[PGresult] = []
    while True:
        try:
            if len(results) < number and not pgconn.is_busy():
                # Results that have arrived need no generator. After each comes a None.
                result = pgconn.get_result()
                if result is not None:
                    pgconn.get_result()
            else:
                result = next(iter((yield from _fetch_many(pgconn))), None)
            if result is None:
                raise psycopg.OperationalError("the connection is lost")
        except psycopg.Error:
            # If the server has reported why it disconnects, that error is returned.
            if not results or results[-1].status in DONE:
                raise
            return results
        if result.status == _PIPELINE_SYNC:
            return results
        results.append(result)


def row_formatter(copy_format: Format) -> _FormatRow:
    """Return the function that appends a row to the data of a COPY."""
    return _format_binary if copy_format is Format.BINARY else _format_text


def has_chunks() -> bool:
    """Return True if libpq supports results in chunks of several rows."""
    return psycopg.capabilities.has_stream_chunked()


def execute_in_chunks(
    pgconn: PGconn,
    codec: Codec[Any],
    parameters: Sequence[Buffer | None],
    size: int,
    take: Callable[[PGresult], None],
) -> PQGen[list[PGresult]]:
    """Run a statement and return its results, to be checked with `check`.

    Args:
        pgconn: the connection.
        codec: codec of the statement.
        parameters: encoded arguments.
        size: rows per chunk.
        take: called with each chunk; the returned results have no rows. It must not
            raise, since the remaining chunks would not be read.
    """
    send_statement(pgconn, codec, parameters)
    pgconn.set_chunked_rows_mode(size)
    yield from _send(pgconn)
    results: list[PGresult] = []
    while True:
        try:
            result = yield from _fetch(pgconn)
        except psycopg.Error:
            # If the server has reported why it disconnects, that error is returned.
            if not results or results[-1].status in DONE:
                raise
            return results
        if result is None:
            return results
        if result.status == _TUPLES_CHUNK:
            take(result)
        else:
            results.append(result)


def start_stream(
    pgconn: PGconn, codec: Codec[Any], parameters: Sequence[Buffer | None], size: int
) -> PQGen[None]:
    """Run a statement whose rows arrive in chunks of `size`."""
    send_statement(pgconn, codec, parameters)
    if has_chunks():
        pgconn.set_chunked_rows_mode(size)
    else:
        pgconn.set_single_row_mode()
    yield from _send(pgconn)


def next_chunk(pgconn: PGconn) -> PQGen[PGresult | None]:
    """Return the next rows of a stream; None at its end.

    Raises:
        psycopg.Error: the statement failed.
    """
    result = yield from _fetch(pgconn)
    if result is None or result.status in (_SINGLE_TUPLE, _TUPLES_CHUNK):
        return result
    yield from drain(pgconn)
    check([result])
    return None


def sever(pgconn: PGconn) -> None:
    """Shut the socket down, so that code waiting for it gets an error."""
    with suppress(OSError, psycopg.Error):
        copy = socket.fromfd(pgconn.socket, socket.AF_INET, socket.SOCK_STREAM)
        with copy:
            copy.shutdown(socket.SHUT_RDWR)


def is_active(pgconn: PGconn) -> bool:
    """Return True while a statement runs or its results are not all fetched."""
    return pgconn.transaction_status == _ACTIVE


def drain(pgconn: PGconn) -> PQGen[None]:
    """Fetch and discard the remaining results of a cancelled stream."""
    while (yield from _fetch(pgconn)) is not None:
        pass
