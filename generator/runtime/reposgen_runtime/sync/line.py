# Derived from ../aio/line.py by derive_sync.py: change that file.
"""One connection, as statements are sent on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from .. import wire
from ..patience import Limit
from ..usage import Usage
from ._compat import command, execute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import psycopg
    from psycopg import Connection
    from psycopg.abc import Buffer
    from psycopg.pq.abc import PGresult

    from ..codec import Codec

R = TypeVar("R")
T = TypeVar("T")

_OPENING: Final = "_repository_opening"
_CHUNKED: Final = "_repository_chunked"


class Line:
    """Sends prepared statements on a connection, as fast as that goes.

    Attributes:
        connection: psycopg's.
        opening: what begins a transaction, and is to be sent with the next statement;
            one list for all lines of the connection.
        usage: who has the connection to itself.
        prepares: statements get a name here, and so keep the columns that they have.
    """

    def __init__(self, connection: Connection[Any], *, fast: bool) -> None:
        self.connection = connection
        self.opening: list[str] = vars(connection).setdefault(_OPENING, [])
        self.usage = Usage.of(connection)
        # Names of prepared statements that nobody will run again.
        self._unused: list[bytes] = []
        # On a connection where psycopg prepares statements of its own, it also
        # deallocates all of them, ours included, after a rollback.
        self._fast = fast and connection.prepare_threshold is None
        self.prepares = wire.UNPREPARED not in vars(connection)

    @property
    def is_fast(self) -> bool:
        """Whether the fast path may be used right now.

        Raises:
            ConnectionInUse: no path may.
        """
        if self.usage.reason is not None:
            self.usage.require_free()
        if not self._fast:
            return False
        connection = self.connection
        pgconn = connection.pgconn
        if pgconn.pipeline_status != wire.PIPELINE_OFF:
            return False
        # Without autocommit a BEGIN may be due first.
        return pgconn.transaction_status != wire.IDLE or connection.autocommit

    def execute(
        self,
        codec: Codec[T],
        parameters: Sequence[Buffer | None],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        """Run a statement and read its result.

        Raises:
            psycopg.Error: it failed.
            wire.BatchFailed: it failed, or the transaction could not begin.
            SchemaChanged: it has other columns than the code was generated for.
        """
        connection = self.connection
        with connection.lock:
            if self.opening:
                if self._is_ready(codec) and not self._ends_chunks():
                    (result,) = self._opened_by([(codec, parameters)])
                    if not codec.name:
                        codec.check(result)
                    return read(codec, result)
                self._send("")
            if not (codec.name or self._is_ready(codec)):
                self.prepare(codec)
            results = execute(connection, codec, parameters)
            result = results[-1]
            if result.status not in wire.DONE:
                error = wire.error_of(results)
                if not self.may_repeat(codec, error):
                    raise error
                self.prepare(codec)
                results = execute(connection, codec, parameters)
                result = wire.check(results)
            if not codec.name:
                codec.check(result)
            return read(codec, result)

    def pipelined(
        self, commands: Sequence[tuple[Codec[Any], Sequence[Buffer | None]]]
    ) -> list[PGresult]:
        """Run statements in one pipeline: outside a transaction, they are one.

        Raises:
            wire.BatchFailed: one of them failed, and so all did.
            SchemaChanged: one has other columns than the code was generated for.
        """
        self.end_chunks()
        with Limit.of_pipeline(self.connection, len(commands)):
            return self._pipelined(commands)

    def _pipelined(
        self, commands: Sequence[tuple[Codec[Any], Sequence[Buffer | None]]]
    ) -> list[PGresult]:
        connection = self.connection
        pgconn = connection.pgconn
        codecs = dict.fromkeys(codec for codec, _ in commands)
        with connection.lock:
            if self.opening:
                if all(map(self._is_ready, codecs)):
                    return self._opened_by(commands)
                self._send("")
            self._prepare(codecs)
            try:
                return connection.wait(wire.pipeline(pgconn, commands))
            except wire.BatchFailed as failure:
                codec, _ = commands[failure.item or 0]
                if not self.may_repeat(codec, failure.error):
                    raise
            # What made that one outdated may have done so to the others.
            for codec in codecs:
                self.forget(codec)
            self._prepare(codecs)
            return connection.wait(wire.pipeline(pgconn, commands))

    def _opened_by(
        self, commands: Sequence[tuple[Codec[Any], Sequence[Buffer | None]]]
    ) -> list[PGresult]:
        """Begin a transaction, in one pipeline with its first statements."""
        opening = [sql.encode() for sql in self.opening]
        self.opening.clear()
        work = wire.pipeline(self.connection.pgconn, commands, opening)
        try:
            return self.connection.wait(work)
        except wire.BatchFailed as failure:
            codec, _ = commands[failure.item or 0]
            self.may_repeat(codec, failure.error)
            raise

    def begin_chunks(self) -> None:
        """Results are about to come in chunks."""
        vars(self.connection)[_CHUNKED] = True

    def end_chunks(self) -> None:
        """Make sure that results come as a whole; do that before a pipeline.

        A statement of its own always is given anew how its results come, but libpq
        forgets that for the first of a pipeline.
        """
        if self._ends_chunks():
            self.command("SELECT")

    def _ends_chunks(self) -> bool:
        return bool(vars(self.connection).pop(_CHUNKED, False))

    def _is_ready(self, codec: Codec[Any]) -> bool:
        """Whether there is nothing left to prepare."""
        return bool(codec.name) or not self.prepares

    def _prepare(self, codecs: Iterable[Codec[Any]]) -> None:
        for codec in codecs:
            if not self._is_ready(codec):
                self.prepare(codec)

    def prepare(self, codec: Codec[Any]) -> None:
        """Prepare a statement that is not prepared, if that may be done here.

        Raises:
            psycopg.Error: the server refuses it.
            SchemaChanged: it has other columns than the code was generated for.
        """
        if self._is_ready(codec):
            return
        connection = self.connection
        if self._unused and wire.may_close(connection.pgconn):
            connection.wait(wire.close(connection.pgconn, self._unused))
            self._unused.clear()
        described = connection.wait(wire.prepare(connection.pgconn, codec))
        codec.check(described)

    def forget(self, codec: Codec[Any]) -> None:
        """A statement is to be prepared once more, or never again."""
        if codec.name:
            self._unused.append(codec.name)
        codec.forget()

    def may_repeat(self, codec: Codec[Any], error: psycopg.Error) -> bool:
        """Whether preparing the statement anew, and running it again, can help."""
        if not (self.prepares and wire.is_outdated(error)):
            return False
        self.forget(codec)
        # In a transaction, the error has ended that.
        return wire.is_idle(self.connection.pgconn)

    def command(self, sql: str) -> None:
        """Run a command without parameters."""
        if not self.is_fast:
            self.connection.execute(self._due(sql), prepare=False)
            return
        with self.connection.lock:
            self._send(sql)

    def open(self) -> None:
        """Begin the transaction that was to begin with the next statement."""
        if not self.opening:
            return
        if not self.is_fast:
            self.command("")
            return
        with self.connection.lock:
            # Another task may have been faster.
            if self.opening:
                self._send("")

    def _send(self, sql: str) -> None:
        wire.check(command(self.connection, self._due(sql)))

    def _due(self, sql: str) -> bytes:
        """A command, and in front of it what opens the transaction."""
        if not self.opening:
            return sql.encode()
        commands = [*self.opening, sql] if sql else self.opening[:]
        self.opening.clear()
        return "; ".join(commands).encode()
