# Derived from ../aio/session.py by derive_sync.py: change that file.
"""One connection, as one package's statements run on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg
from psycopg import RawCursor
from psycopg.pq import Format

from .. import plain, wire
from ..catalog import TYPES_QUERY, catalog_type
from ..codec import Codec, read_rows
from ..errors import (
    ConnectionInUse,
    RepositoryError,
    SchemaChanged,
    TransactionRequired,
)
from ..statement import Statement
from ..translate import translate
from ..types import DatabaseTypes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from psycopg import Connection
    from psycopg.abc import Buffer
    from psycopg.pq.abc import PGresult

    from ..statement import Package

R = TypeVar("R")
T = TypeVar("T")

_TYPES: Final = Statement(
    "types",
    TYPES_QUERY,
    parameters=("text[]", "text[]"),
    results=(
        *("int8", "text", "text", "text", "int8", "text", "int8", "int8", "int8"),
        *("text[]", "int8[]"),
    ),
    row=catalog_type,
    read_only=True,
)
_SESSIONS: Final = "_repository_sessions"


class Session:
    """Runs statements on a connection.

    Attributes:
        connection: psycopg's.
        package: whose statements these are.
        streaming: a stream has the connection to itself.
    """

    def __init__(
        self,
        connection: Connection[Any],
        package: Package,
        types: DatabaseTypes,
        *,
        fast: bool,
    ) -> None:
        self.connection = connection
        self.streaming = False
        self.package = package
        self._types = types
        self._fast = fast
        self._codecs: dict[Statement[Any], Codec[Any]] = {}

    @classmethod
    def of(
        cls,
        connection: Connection[Any],
        package: Package,
        types: DatabaseTypes | None = None,
        *,
        fast: bool,
    ) -> Session:
        """The session of a connection, which lives as long as that does."""
        sessions: dict[Package, Session] = vars(connection).setdefault(_SESSIONS, {})
        session = sessions.get(package)
        if session is None:
            # On a connection where psycopg prepares statements of its own, it also
            # deallocates all of them, ours included, after a rollback.
            session = sessions[package] = cls(
                connection,
                package,
                types or DatabaseTypes(package),
                fast=fast and connection.prepare_threshold is None,
            )
        return session

    def run(
        self,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        """Run a statement and read its result.

        Raises:
            RepositoryError: see there.
        """
        try:
            codec = self._codecs.get(statement) or self.codec(statement)
            if self.is_fast:
                return self._run_fast(codec, values, read)
            result = self._run_plain(codec, values)
            # Nothing was prepared, so nothing keeps the columns as they were.
            codec.checked = False
            return read(codec, result)
        except psycopg.Error as error:
            raise self.translated(error, statement) from None

    @property
    def is_fast(self) -> bool:
        """Whether the fast path may be used right now.

        Raises:
            ConnectionInUse: no path may.
        """
        connection = self.connection
        if self.streaming:
            raise ConnectionInUse(
                "a stream is open on this connection: read it to its end or close it,"
                " or use another connection"
            )
        return self._fast and wire.is_free(
            connection.pgconn, autocommit=connection.autocommit
        )

    @property
    def in_transaction(self) -> bool:
        """Statements are part of a transaction that has not failed."""
        if self.connection.autocommit:
            return wire.is_in_transaction(self.connection.pgconn)
        return not wire.is_failed(self.connection.pgconn)

    def _run_fast(
        self,
        codec: Codec[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        parameters = codec.encode(values)
        connection = self.connection
        pgconn = connection.pgconn
        with connection.lock:
            if not codec.name:
                connection.wait(wire.prepare(pgconn, codec))
            results = connection.wait(wire.execute(pgconn, codec, parameters))
            try:
                result = wire.check(results)
            except psycopg.Error as error:
                if not self.may_repeat(codec, error):
                    raise
                connection.wait(wire.prepare(pgconn, codec))
                results = connection.wait(wire.execute(pgconn, codec, parameters))
                result = wire.check(results)
            return read(codec, result)

    def pipelined(
        self, commands: Sequence[tuple[Codec[Any], Sequence[Buffer | None]]]
    ) -> list[PGresult]:
        """Run statements in one pipeline: outside a transaction, they are one.

        Raises:
            wire.BatchFailed: one of them failed, and so all did.
        """
        connection = self.connection
        pgconn = connection.pgconn
        codecs = dict.fromkeys(codec for codec, _ in commands)
        with connection.lock:
            self._prepare(codecs)
            try:
                return connection.wait(wire.pipeline(pgconn, commands))
            except wire.BatchFailed as failure:
                codec, _ = commands[failure.item or 0]
                if not self.may_repeat(codec, failure.error):
                    raise
            # What made that one outdated may have done so to the others.
            for codec in codecs:
                codec.forget()
            self._prepare(codecs)
            return connection.wait(wire.pipeline(pgconn, commands))

    def _prepare(self, codecs: Iterable[Codec[Any]]) -> None:
        for codec in codecs:
            if not codec.name:
                self.connection.wait(wire.prepare(self.connection.pgconn, codec))

    def may_repeat(self, codec: Codec[Any], error: psycopg.Error) -> bool:
        """Whether preparing the statement anew, and running it again, can help."""
        if not wire.is_outdated(error):
            return False
        codec.forget()
        # In a transaction, the error has ended that.
        return wire.is_idle(self.connection.pgconn)

    def _run_plain(self, codec: Codec[Any], values: Sequence[Any]) -> PGresult:
        cursor = self.cursor()
        alone = not self.in_transaction
        try:
            self.execute_plain(cursor, codec, values)
        except psycopg.Error as error:
            # The cursor does not tell the statement's end from its commit's.
            raise wire.untold(error) if alone else error from None
        return self.result_of(cursor)

    def result_of(self, cursor: RawCursor[Any]) -> PGresult:
        """What a cursor got."""
        if cursor.pgresult is None:
            # The caller's pipeline holds the result back until it is synchronised.
            with self.connection.pipeline() as pipeline:
                pipeline.sync()
        return wire.check([result for result in (cursor.pgresult,) if result])

    def cursor(self) -> RawCursor[Any]:
        """A cursor that sends what is encoded."""
        cursor = RawCursor(self.connection)
        plain.adapt(cursor.adapters)
        return cursor

    def execute_plain(
        self, cursor: RawCursor[Any], codec: Codec[Any], values: Sequence[Any]
    ) -> None:
        """Run a statement through the public API."""
        sql = codec.statement.sql.encode()
        arguments = plain.encoded(codec, values)
        binary = codec.result_format == Format.BINARY
        try:
            cursor.execute(sql, arguments, binary=binary)
        except psycopg.Error as error:
            if not self.may_repeat(codec, error):
                raise
            cursor.execute(sql, arguments, binary=binary, prepare=False)

    def codec(self, statement: Statement[T]) -> Codec[T]:
        """The statement's codec, made with the database's types at first use.

        Raises:
            SchemaChanged: the database lacks a type that the statement mentions.
        """
        codec: Codec[T] | None = self._codecs.get(statement)
        if codec is not None:
            return codec
        if unknown := self._types.unknown(statement):
            schemas = [name.schema for name in unknown]
            names = [name.name for name in unknown]
            self._types.learn(self.run(_TYPES, (schemas, names), read_rows))
        try:
            codec = Codec(statement, self._types, self.connection)
        except SchemaChanged as error:
            error.query = statement.name
            raise
        self._codecs[statement] = codec
        return codec

    def command(self, sql: str) -> str:
        """Run a command without parameters; returns its tag."""
        if not self.is_fast:
            cursor = self.connection.execute(sql.encode(), prepare=False)
            return cursor.statusmessage or ""
        connection = self.connection
        with connection.lock:
            results = connection.wait(wire.command(connection.pgconn, sql.encode()))
        return (wire.check(results).command_status or b"").decode()

    def require_transaction(self, statement: Statement[Any]) -> None:
        """Refuse row locks that would be gone as soon as they are taken.

        Raises:
            TransactionRequired: they would.
        """
        connection = self.connection
        if connection.autocommit and wire.is_idle(connection.pgconn):
            raise needs_transaction(statement)

    def translated(
        self,
        error: psycopg.Error,
        statement: Statement[Any],
        item: int | None = None,
        column: str | None = None,
    ) -> RepositoryError:
        """The repository error for psycopg's; raise it `from None`."""
        if (error.sqlstate or "").startswith(("42", "XX")):
            # As after a migration that made a type anew, under another oid.
            self._codecs.clear()
            self._types.forget()
        return translate(
            error, self.package, query=statement.name, item=item, column=column
        )


def needs_transaction(statement: Statement[Any]) -> TransactionRequired:
    """The error of a statement that locks rows."""
    return TransactionRequired(
        "locks rows, which lasts only as long as a transaction: call it in one",
        query=statement.name,
    )
