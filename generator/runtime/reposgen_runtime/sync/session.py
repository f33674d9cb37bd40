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
from ..errors import RepositoryError, SchemaChanged, TransactionRequired
from ..settings import MAX_PREPARED
from ..statement import Statement
from ..translate import translate
from ..types import DatabaseTypes
from .line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg import Connection
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


class Session(Line):
    """Runs a package's statements on a connection.

    Attributes:
        package: whose statements these are.
    """

    def __init__(
        self,
        connection: Connection[Any],
        package: Package,
        types: DatabaseTypes,
        *,
        fast: bool,
        keeps: int,
    ) -> None:
        super().__init__(connection, fast=fast)
        self.package = package
        self._types = types
        self._codecs: dict[Statement[Any], Codec[Any]] = {}
        self._keeps = keeps

    @staticmethod
    def known(connection: Connection[Any], package: Package) -> Session | None:
        """The session of a connection, if it has one already."""
        sessions = vars(connection).get(_SESSIONS)
        return None if sessions is None else sessions.get(package)

    @classmethod
    def of(
        cls,
        connection: Connection[Any],
        package: Package,
        types: DatabaseTypes | None = None,
        *,
        fast: bool,
        keeps: int = MAX_PREPARED,
    ) -> Session:
        """The session of a connection, which lives as long as that does.

        Args:
            connection: psycopg's.
            package: whose statements it is for.
            types: of the connection's database, as far as they are known.
            fast: not by psycopg's documented API alone.
            keeps: as many statements stay prepared.
        """
        session = cls.known(connection, package)
        if session is None:
            types = types or DatabaseTypes(package)
            session = cls(connection, package, types, fast=fast, keeps=keeps)
            vars(connection).setdefault(_SESSIONS, {})[package] = session
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
            codec = self._codecs.get(statement)
            if codec is None:
                codec = self.codec(statement)
            codec.used = True
            if self.is_fast:
                return self.execute(codec, codec.encode(values), read)
            result = self._run_plain(codec, values)
            # Nothing was prepared, so nothing keeps the columns as they were.
            codec.checked = False
            return read(codec, result)
        except wire.BatchFailed as failure:
            raise self.translated(failure.error, statement) from None
        except psycopg.Error as error:
            raise self.translated(error, statement) from None

    @property
    def in_transaction(self) -> bool:
        """Statements are part of a transaction that has not failed."""
        if self.connection.autocommit:
            return wire.is_in_transaction(self.connection.pgconn)
        return not wire.is_failed(self.connection.pgconn)

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
            codec.used = True
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
        while len(self._codecs) > self._keeps:
            self._make_room()
        return codec

    def _make_room(self) -> None:
        """Give up the codec that has been there longest, if it was not used of late."""
        statement = next(iter(self._codecs))
        oldest = self._codecs.pop(statement)
        if oldest.used:
            oldest.used = False
            self._codecs[statement] = oldest
        else:
            self.forget(oldest)

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
            for codec in self._codecs.values():
                self.forget(codec)
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
