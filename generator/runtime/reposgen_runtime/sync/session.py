# Derived from ../aio/session.py by derive_sync.py: change that file.
"""One connection, as one package's statements run on it."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar

import psycopg
from psycopg import RawCursor
from psycopg.pq import Format

from .. import plain, wire
from ..catalog import TYPES_QUERY, catalog_type
from ..codec import Codec, read_nothing, read_rows
from ..copy_commands import replace_parameters
from ..errors import (
    ConnectionLost,
    RepositoryError,
    SchemaChanged,
    TransactionRequired,
    mark_undone,
)
from ..layouts import CHANGED, CONFIRM, arguments
from ..patience import grace_of
from ..roots import unknown_constraint
from ..session_settings import CURRENT, SUITED, require_suited
from ..settings import MAX_PREPARED
from ..statement import Statement
from ..translate import named_argument, translate
from ..types import DatabaseTypes
from ._compat import unhindered
from .line import Line
from .roots import find_roots
from .spares import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from psycopg import Connection
    from psycopg.abc import Buffer
    from psycopg.pq.abc import PGresult

    from ..roots import Key
    from ..statement import Package

R = TypeVar("R")
T = TypeVar("T")

_TYPES: Final = Statement(
    "types",
    TYPES_QUERY,
    parameters=("text[]", "text[]"),
    results=(
        *("int8", "int8", "text", "text", "text", "int8", "text"),
        *("int8", "int8", "int8"),
        *("text[]", "int8[]"),
    ),
    row=catalog_type,
    read_only=True,
)
# A standby, or a transaction that only reads, refused to write.
_READ_ONLY: Final = "25006"
_SESSIONS: Final = "_repository_sessions"
# Fails, and so does the transaction.
_SPOIL: Final = "SELECT 1 OPERATOR(pg_catalog./) 0"


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
        # A caller's connection may have settings of its own.
        self._is_suited = SUITED in vars(connection)
        # The error that ended a statement's own transaction before its COMMIT.
        self._undid: BaseException | None = None

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
            if not self.is_fast:
                return self._run_plain(codec, values, read)
            parameters = codec.encode(values)
            if not codec.is_apart:
                return self.execute(codec, parameters, read)
            with self.compared([codec]):
                (result,) = self.pipelined([(codec, parameters)])
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

    def _run_plain(
        self,
        codec: Codec[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        with self.compared([codec]):
            cursor = self.cursor()
            alone = not self.in_transaction
            try:
                self.execute_plain(cursor, codec, values)
            except psycopg.Error as error:
                # The cursor does not tell the statement's end from its commit's.
                raise wire.untold(error) if alone else error from None
            result = self.result_of(cursor)
            codec.check(result)
            self.confirm(codec)
            return read(codec, result)

    def prepare(self, codec: Codec[Any]) -> None:
        """Prepare a statement: see `Line`."""
        try:
            super().prepare(codec)
        except SchemaChanged:
            self.outdated()
            raise

    def pipelined(
        self, commands: Sequence[tuple[Codec[Any], Sequence[Buffer | None]]]
    ) -> list[PGresult]:
        """Run statements in one pipeline: see `Line`."""
        confirmed = [*dict.fromkeys(codec for codec, _ in commands if codec.confirms)]
        confirming = [codec.confirms for codec in confirmed if codec.confirms]
        try:
            results = super().pipelined([*commands, *confirming])
        except wire.BatchFailed as failure:
            if failure.item is None or failure.item < len(commands):
                raise
            raise self.changed(confirmed[failure.item - len(commands)]) from None
        if not self.prepares:
            for (codec, _), result in zip(commands, results, strict=False):
                codec.check(result)
        return results[: len(commands)]

    def confirm(self, codec: Codec[Any]) -> None:
        """Ask whether composite types in a statement's values are what they were.

        Raises:
            psycopg.Error: that can't be asked.
            SchemaChanged: they are not.
        """
        if codec.confirms is None:
            return
        confirming, parameters = codec.confirms
        try:
            if self.is_fast:
                self.execute(confirming, parameters, read_nothing)
            else:
                cursor = self.cursor()
                values = arguments(codec.layouts)
                self.execute_plain(cursor, confirming, values)
                self.result_of(cursor)
        except (psycopg.Error, wire.BatchFailed) as failure:
            error = failure.error if isinstance(failure, wire.BatchFailed) else failure
            if error.sqlstate != CHANGED:
                raise
            raise self.changed(codec) from None

    def confirming(self, codec: Codec[Any]) -> list[bytes]:
        """What `confirm` asks, as a command in front of another one; or nothing."""
        if codec.confirms is None:
            return []
        confirming, _ = codec.confirms
        literals = confirming.literals(arguments(codec.layouts))
        return [replace_parameters(confirming.statement.sql, literals).encode()]

    def changed(self, codec: Codec[Any]) -> SchemaChanged:
        """The error of a statement whose composite types are not what they were."""
        names = self._types.names_of(codec.layouts)
        self.outdated()
        return SchemaChanged(
            f"the attributes of {' or '.join(names)} were changed since this connection"
            " looked them up: nothing was done, and the next call looks them up again",
            query=codec.statement.name,
        )

    @contextmanager
    def compared(
        self, codecs: Iterable[Codec[Any]], *, late: bool = False
    ) -> Generator[None, None, None]:
        """A block in which writes, and what they return, are compared with the code.

        Where nothing is prepared, that can be done no sooner than they were done: then
        a write that is alone gets a transaction, which an error ends; one that is in a
        transaction spoils that.

        Args:
            codecs: of the statements.
            late: they are compared after they were done, wherever this is.
        """
        if not late:
            late = not (self.prepares and self.is_fast) and any(
                codec.tells_what_it_wrote for codec in codecs
            )
        if not late:
            yield
        elif self.is_alone:
            with self._transaction():
                yield
        else:
            try:
                yield
            except SchemaChanged as error:
                with suppress(psycopg.Error):
                    self.command(_SPOIL)
                mark_undone(error)
                raise

    @contextmanager
    def _transaction(self) -> Generator[None, None, None]:
        self.opening.append("BEGIN")
        try:
            if not self.is_fast:
                self.open()
            yield
        except BaseException as error:
            if self.opening:
                self.opening.clear()
            elif isinstance(error, Exception):
                self._roll_back()
            else:
                # Whoever cancelled the task may do so again.
                unhindered(Session._roll_back, self, grace_of(self.connection))
            mark_undone(error)
            self._undid = error.error if isinstance(error, wire.BatchFailed) else error
            raise
        try:
            self.command("COMMIT")
        except psycopg.Error as error:
            raise wire.untold(error) from None

    def _roll_back(self) -> None:
        with suppress(psycopg.Error, RepositoryError):
            self.command("ROLLBACK")

    @property
    def is_alone(self) -> bool:
        """Whether a statement would be a transaction by itself."""
        connection = self.connection
        return (
            connection.autocommit
            and not self.opening
            and wire.is_idle(connection.pgconn)
        )

    def outdated(self) -> None:
        """Look all types up again, for all packages: they are not what they were."""
        sessions: dict[Package, Session] = vars(self.connection)[_SESSIONS]
        for session in sessions.values():
            session.forget_types()

    def forget_types(self) -> None:
        """Look all types up again when a statement needs them."""
        for codec in self._codecs.values():
            self.forget(codec)
        self._codecs.clear()
        self._types.forget()

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
            UnsuitableSession: the connection's settings would change values.
        """
        codec: Codec[T] | None = self._codecs.get(statement)
        if codec is not None:
            codec.used = True
            return codec
        self.usage.require_free()
        if not self._is_suited:
            self._is_suited = True
            try:
                (values,) = self.run(CURRENT, (), read_rows)
                require_suited(values, statement.name)
            except RepositoryError:
                self._is_suited = False
                raise
        if unknown := self._types.unknown(statement):
            schemas = [name.schema for name in unknown]
            names = [name.name for name in unknown]
            self._types.learn(self.run(_TYPES, (schemas, names), read_rows))
        try:
            codec = Codec(statement, self._types, self.connection)
        except SchemaChanged as error:
            error.query = statement.name
            raise
        if codec.layouts:
            confirming = self.codec(CONFIRM)
            parameters = confirming.encode(arguments(codec.layouts))
            codec.confirms = (confirming, parameters)
        codec.is_apart = bool(codec.layouts) or (
            codec.tells_what_it_wrote and not self.prepares
        )
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
        statement: Statement[Any] | None = None,
        item: int | None = None,
        column: str | None = None,
    ) -> RepositoryError:
        """The repository error for psycopg's; raise it `from None`."""
        if error.sqlstate == _READ_ONLY:
            refuse(self.connection)
        if column is None and statement is not None:
            column = named_argument(error, statement)
        key = unknown_constraint(error, self.package)
        translated = translate(
            error,
            self.package,
            query=None if statement is None else statement.name,
            item=item,
            column=column,
            root=None if key is None else self._root(key),
        )
        if isinstance(translated, ConnectionLost) and error is self._undid:
            translated.done = False
        if isinstance(translated, SchemaChanged):
            # As after a migration that made a type anew, under another oid.
            self.outdated()
        return translated

    def _root(self, key: Key) -> Key | None:
        """The constraint of the package's that one of a partition repeats, if any."""
        roots = self._types.roots
        if key not in roots:
            found = find_roots(self.connection, key)
            if found is None:
                return None
            known = self.package.constraints
            roots[key] = next((one for one in found if one in known), None)
        return roots[key]


def needs_transaction(statement: Statement[Any]) -> TransactionRequired:
    """The error of a statement that locks rows."""
    return TransactionRequired(
        "locks rows, which lasts only as long as a transaction: call it in one",
        query=statement.name,
    )
