# Derived from ../aio/connection.py by derive_sync.py: change that file.
"""Execution of one package's statements on one connection."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import psycopg
from psycopg import RawCursor

from .. import wire
from ..catalog import TYPES_QUERY, catalog_type
from ..codec import ChunkedRows, Codec, read_nothing, read_rows
from ..connection_state import state_of
from ..errors import (
    ConnectionLost,
    RepositoryError,
    SchemaChanged,
    TransactionRequired,
    TransactionTimeout,
    mark_undone,
)
from ..layouts import CHANGED, CONFIRM, arguments
from ..patience import Limit, grace_of
from ..roots import unknown_constraint
from ..session_settings import CURRENT, require_suited
from ..settings import MAX_PREPARED
from ..statement import Statement
from ..translate import argument_of, translate
from ..types import DatabaseTypes
from . import cursor_path
from ._compat import command, execute, unhindered
from .roots import find_roots

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from psycopg import Connection
    from psycopg.abc import Buffer
    from psycopg.pq.abc import PGresult

    from ..contract_comparison import Comparison
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
# A standby or a read-only transaction refused to write.
_READ_ONLY: Final = "25006"
# Rows per chunk that are decoded while the rest of a long result is arriving.
_CHUNK: Final = 500
# Fails, so that the transaction fails.
_SPOIL: Final = "SELECT 1 OPERATOR(pg_catalog./) 0"


class Session:
    """Executor of a package's statements on a connection, by the fastest possible path.

    Attributes:
        connection: the connection of psycopg.
        state: state of the connection, shared by the sessions of all packages.
        package: package of the statements.
        usage: the exclusive use of the connection.
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
        self.connection = connection
        self.state = state_of(connection)
        self.usage = self.state.usage
        self.package = package
        # On a connection where psycopg prepares statements of its own, it also
        # deallocates all of them, ours included, after a rollback.
        self._fast = fast and connection.prepare_threshold is None
        self._types = types
        self._codecs: dict[Statement[Any], Codec[Any]] = {}
        self._keeps = keeps
        # The error that ended a statement's own transaction before its COMMIT.
        self._undid: BaseException | None = None

    @staticmethod
    def known(connection: Connection[Any], package: Package) -> Session | None:
        """Return the session of a connection, or None if it has none yet."""
        session: Session | None = state_of(connection).sessions.get(package)
        return session

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
        """Return the session of a connection, which lives as long as the connection.

        Args:
            connection: the connection of psycopg.
            package: package of the statements.
            types: known types of the connection's database; None if none is known.
            fast: False to use only psycopg's documented API.
            keeps: maximum number of statements that stay prepared.
        """
        session = cls.known(connection, package)
        if session is None:
            types = types or DatabaseTypes(package)
            session = cls(connection, package, types, fast=fast, keeps=keeps)
            session.state.sessions[package] = session
        return session

    @property
    def is_fast(self) -> bool:
        """True if the libpq path can be used now.

        Raises:
            ConnectionInUse: the connection is in exclusive use.
        """
        if self.usage.reason is not None:
            self.usage.require_free()
        if not self._fast:
            return False
        connection = self.connection
        pgconn = connection.pgconn
        if pgconn.pipeline_status != wire.PIPELINE_OFF:
            return False
        # Without autocommit, a BEGIN can be necessary first.
        return pgconn.transaction_status != wire.IDLE or connection.autocommit

    @property
    def in_transaction(self) -> bool:
        """True if statements are part of a transaction that has not failed."""
        if self.connection.autocommit:
            return wire.is_in_transaction(self.connection.pgconn)
        return not wire.is_failed(self.connection.pgconn)

    @property
    def is_autocommit_idle(self) -> bool:
        """True if a statement would be a transaction by itself."""
        connection = self.connection
        return (
            connection.autocommit
            and not self.state.opening
            and wire.is_idle(connection.pgconn)
        )

    # How statements run.

    def run(
        self,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        """Run a statement and read its result.

        Raises:
            RepositoryError: the statement failed, or its result cannot be read.
        """
        try:
            codec = self._codecs.get(statement)
            if codec is None:
                codec = self.codec(statement)
            codec.used = True
            if not self.is_fast:
                return cursor_path.run(self, codec, values, read)
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
        except SchemaChanged as error:
            self.explain(error)
            raise

    def execute(
        self,
        codec: Codec[T],
        parameters: Sequence[Buffer | None],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        """Run a statement and read its result.

        Raises:
            psycopg.Error: the statement failed.
            wire.BatchFailed: the statement failed, or the transaction could not begin.
            SchemaChanged: the result's columns differ from those in the generated code.
        """
        connection = self.connection
        with connection.lock:
            if self.state.opening:
                if self._is_ready(codec) and not self._ends_chunks():
                    (result,) = self._opened_by([(codec, parameters)])
                    if not codec.name:
                        codec.check(result)
                    return read(codec, result)
                self._send("")
            if codec.is_long and read is read_rows:
                rows = self._in_chunks(codec, parameters)
                if rows is not None:
                    return cast("R", rows)
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

    def _in_chunks(
        self, codec: Codec[T], parameters: Sequence[Buffer | None]
    ) -> list[T] | None:
        """Run a statement and decode its rows while others are still arriving.

        Returns:
            The rows; None if nothing was done and the statement must be run as usual.

        Raises:
            psycopg.Error: the statement failed.
            RepositoryError: a row cannot be read.
        """
        if not (codec.name and wire.has_chunks()):
            return None
        pgconn = self.connection.pgconn
        chunks = ChunkedRows(codec)
        self.begin_chunks()
        results = self.connection.wait(
            wire.execute_in_chunks(pgconn, codec, parameters, _CHUNK, chunks.take)
        )
        if results[-1].status in wire.DONE:
            return chunks.rows()
        error = wire.error_of(results)
        if not self.may_repeat(codec, error):
            raise error
        return None

    def pipelined(
        self, commands: Sequence[tuple[Codec[Any], Sequence[Buffer | None]]]
    ) -> list[PGresult]:
        """Run statements in one pipeline; outside a transaction they form one.

        Raises:
            wire.BatchFailed: a statement failed, so none of them took effect.
            SchemaChanged: the columns of a result, or composite types, have changed.
        """
        confirmed = [*dict.fromkeys(codec for codec, _ in commands if codec.confirms)]
        confirming = [codec.confirms for codec in confirmed if codec.confirms]
        self.end_chunks()
        try:
            with Limit.of_pipeline(self.connection, len(commands) + len(confirming)):
                results = self._pipelined([*commands, *confirming])
        except wire.BatchFailed as failure:
            if failure.item is None or failure.item < len(commands):
                raise
            raise self.changed(confirmed[failure.item - len(commands)]) from None
        if not self.state.prepares:
            for (codec, _), result in zip(commands, results, strict=False):
                codec.check(result)
        return results[: len(commands)]

    def _pipelined(
        self, commands: Sequence[tuple[Codec[Any], Sequence[Buffer | None]]]
    ) -> list[PGresult]:
        connection = self.connection
        pgconn = connection.pgconn
        codecs = dict.fromkeys(codec for codec, _ in commands)
        with connection.lock:
            if self.state.opening:
                if all(map(self._is_ready, codecs)):
                    return self._opened_by(commands)
                self._send("")
            for codec in codecs:
                self.prepare(codec)
            try:
                return connection.wait(wire.pipeline(pgconn, commands))
            except wire.BatchFailed as failure:
                codec, _ = commands[failure.item or 0]
                if not self.may_repeat(codec, failure.error):
                    raise
            # The cause of an outdated statement can affect the others too.
            for codec in codecs:
                self.forget(codec)
                self.prepare(codec)
            return connection.wait(wire.pipeline(pgconn, commands))

    def _opened_by(
        self, commands: Sequence[tuple[Codec[Any], Sequence[Buffer | None]]]
    ) -> list[PGresult]:
        """Begin a transaction in one pipeline with its first statements."""
        opening = [sql.encode() for sql in self.state.opening]
        self.state.opening.clear()
        work = wire.pipeline(self.connection.pgconn, commands, opening)
        try:
            return self.connection.wait(work)
        except wire.BatchFailed as failure:
            codec, _ = commands[failure.item or 0]
            self.may_repeat(codec, failure.error)
            raise

    def begin_chunks(self) -> None:
        """Record that libpq is about to return results in chunks."""
        self.state.is_chunked = True

    def end_chunks(self) -> None:
        """Reset libpq to return whole results; required before a pipeline.

        Each single statement sets the mode again. libpq does not reset the mode for the
        first statement of a pipeline.
        """
        if self._ends_chunks():
            self.command("SELECT")

    def _ends_chunks(self) -> bool:
        is_chunked, self.state.is_chunked = self.state.is_chunked, False
        return is_chunked

    def command(self, sql: str) -> None:
        """Run a command without parameters."""
        if not self.is_fast:
            # Not the connection's own cursors: tracing of psycopg would count them.
            cursor = RawCursor(self.connection)
            cursor.execute(self._due(sql), prepare=False)
            return
        with self.connection.lock:
            self._send(sql)

    def open(self) -> None:
        """Send the pending BEGIN of the transaction, if there is one."""
        if not self.state.opening:
            return
        if not self.is_fast:
            self.command("")
            return
        with self.connection.lock:
            # Another task can have begun it meanwhile.
            if self.state.opening:
                self._send("")

    def _send(self, sql: str) -> None:
        wire.check(command(self.connection, self._due(sql)))

    def _due(self, sql: str) -> bytes:
        """Return a command, preceded by the pending commands of the transaction."""
        if not self.state.opening:
            return sql.encode()
        commands = [*self.state.opening, sql] if sql else self.state.opening[:]
        self.state.opening.clear()
        return "; ".join(commands).encode()

    # How statements are prepared.

    def _is_ready(self, codec: Codec[Any]) -> bool:
        """Return True if the statement needs no preparation."""
        return bool(codec.name) or not self.state.prepares

    def prepare(self, codec: Codec[Any]) -> None:
        """Prepare a statement that is not prepared, if statements are prepared here.

        Raises:
            psycopg.Error: the server refused the statement.
            SchemaChanged: the result's columns differ from those in the generated code.
        """
        if self._is_ready(codec):
            return
        connection = self.connection
        if self.state.unused and wire.may_close(connection.pgconn):
            connection.wait(wire.close(connection.pgconn, self.state.unused))
            self.state.unused.clear()
        described = connection.wait(wire.prepare(connection.pgconn, codec))
        try:
            codec.check(described)
        except SchemaChanged:
            self.outdated()
            raise

    def forget(self, codec: Codec[Any]) -> None:
        """Mark a statement as not prepared, and its old name as unused."""
        if codec.name:
            self.state.unused.append(codec.name)
        codec.forget()

    def may_repeat(self, codec: Codec[Any], error: psycopg.Error) -> bool:
        """Return True if preparing and running the statement again can succeed."""
        if not (self.state.prepares and wire.is_outdated(error)):
            return False
        self.forget(codec)
        # In a transaction, the error has made the transaction fail.
        return wire.is_idle(self.connection.pgconn)

    def codec(self, statement: Statement[T]) -> Codec[T]:
        """Return the statement's codec, made with the database's types on first use.

        Raises:
            SchemaChanged: the database lacks a type that the statement uses.
            UnsuitableSession: the connection's settings would change values.
        """
        codec: Codec[T] | None = self._codecs.get(statement)
        if codec is not None:
            codec.used = True
            return codec
        self.usage.require_free()
        if self.state.given is None:
            # A caller's connection can have other settings.
            self.state.given = {}
            try:
                (values,) = self.run(CURRENT, (), read_rows)
                require_suited(values, statement.name)
            except RepositoryError:
                self.state.given = None
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
            codec.tells_what_it_wrote and not self.state.prepares
        )
        self._codecs[statement] = codec
        while len(self._codecs) > self._keeps:
            self._make_room()
        return codec

    def _make_room(self) -> None:
        """Discard the oldest codec, unless it was used recently."""
        statement = next(iter(self._codecs))
        oldest = self._codecs.pop(statement)
        if oldest.used:
            oldest.used = False
            self._codecs[statement] = oldest
        else:
            self.forget(oldest)

    def outdated(self) -> None:
        """Discard the looked-up types of all packages, because types have changed."""
        for session in self.state.sessions.values():
            session.forget_types()

    def forget_types(self) -> None:
        """Discard all looked-up types and the codecs made with them."""
        for codec in self._codecs.values():
            self.forget(codec)
        self._codecs.clear()
        self._types.forget()

    # What is compared with the code that was generated.

    @contextmanager
    def compared(
        self, codecs: Iterable[Codec[Any]], *, late: bool = False
    ) -> Generator[None, None, None]:
        """Run the block so that writes with unexpected result types are undone.

        Without prepared statements, the check is possible only after the write. A
        single write then gets a transaction, which an error rolls back. A write in a
        transaction makes that transaction fail.

        Args:
            codecs: codecs of the statements.
            late: True if the statements are checked after they were run in any case.
        """
        if not late:
            late = not (self.state.prepares and self.is_fast) and any(
                codec.tells_what_it_wrote for codec in codecs
            )
        if not late:
            yield
        elif self.is_autocommit_idle:
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
        self.state.opening.append("BEGIN")
        try:
            if not self.is_fast:
                self.open()
            yield
        except BaseException as error:
            if self.state.opening:
                self.state.opening.clear()
            elif isinstance(error, Exception):
                self._roll_back()
            else:
                # The task can be cancelled again.
                unhindered(Session._roll_back, self, grace_of(self.connection))
            mark_undone(error)
            self._undid = error.error if isinstance(error, wire.BatchFailed) else error
            raise
        try:
            self.command("COMMIT")
        except psycopg.Error as error:
            raise wire.unknown_commit_outcome(error) from None

    def _roll_back(self) -> None:
        with suppress(psycopg.Error, RepositoryError):
            self.command("ROLLBACK")

    def confirm(self, codec: Codec[Any]) -> None:
        """Check that the composite types in a statement's values have not changed.

        Raises:
            psycopg.Error: the check failed.
            SchemaChanged: a composite type has changed.
        """
        if codec.confirms is None:
            return
        confirming, parameters = codec.confirms
        try:
            if self.is_fast:
                self.execute(confirming, parameters, read_nothing)
            else:
                values = arguments(codec.layouts)
                cursor_path.result_of(self, confirming, values)
        except (psycopg.Error, wire.BatchFailed) as failure:
            error = failure.error if isinstance(failure, wire.BatchFailed) else failure
            if error.sqlstate != CHANGED:
                raise
            raise self.changed(codec) from None

    def changed(self, codec: Codec[Any]) -> SchemaChanged:
        """Return the error of a statement whose composite types have changed."""
        names = self._types.names_of(codec.layouts)
        self.outdated()
        return SchemaChanged(
            f"the attributes of {' or '.join(names)} were changed since this connection"
            " looked them up: nothing was done, and the next call looks them up again",
            query=codec.statement.name,
        )

    def require_transaction(self, statement: Statement[Any]) -> None:
        """Check that a transaction keeps the statement's row locks.

        Raises:
            TransactionRequired: the statement would be a transaction by itself.
        """
        connection = self.connection
        if connection.autocommit and wire.is_idle(connection.pgconn):
            raise needs_transaction(statement)

    # How errors are told.

    def translated(
        self,
        error: psycopg.Error,
        statement: Statement[Any] | None = None,
        item: int | None = None,
        column: str | None = None,
        argument: str | None = None,
    ) -> RepositoryError:
        """Return the repository error for a psycopg error; raise it `from None`."""
        if error.sqlstate == _READ_ONLY:
            self.state.was_refused = True
            self.state.due = 0.0
        if statement is not None:
            argument = argument or argument_of(error, statement, column)
            if column is None and statement.fields:
                column = argument
        key = unknown_constraint(error, self.package)
        translated = translate(
            error,
            self.package,
            query=None if statement is None else statement.name,
            item=item,
            column=column,
            argument=argument,
            root=None if key is None else self._root(key),
        )
        if isinstance(translated, ConnectionLost):
            if error is self._undid or error.sqlstate == wire.IDLE_IN_TRANSACTION:
                translated.done = False
            ends_at = self.state.ends_at
            if statement and ends_at is not None and monotonic() >= ends_at:
                # psycopg's cursors can lose the server's error before a disconnection.
                return TransactionTimeout(
                    "the transaction took longer than it may: it was undone, and its"
                    " connection ended",
                    query=statement.name,
                    item=item,
                    driver_error=translated.driver_error,
                )
        if isinstance(translated, SchemaChanged):
            # A migration can have recreated a type under another oid.
            self.outdated()
            self.explain(translated)
        return translated

    def explain(self, error: SchemaChanged) -> None:
        """Name in an error how the schema differs, if the package has a contract."""
        if self.package.module:
            from .explaining import explain  # noqa: PLC0415 -- only where it is needed

            explain(self, error)

    @property
    def compared_schema(self) -> tuple[float, Comparison] | None:
        """When the schema was last compared with the contract, and the outcome."""
        return self._types.compared_schema

    @compared_schema.setter
    def compared_schema(self, compared: tuple[float, Comparison]) -> None:
        self._types.compared_schema = compared

    def _root(self, key: Key) -> Key | None:
        """Return the package's constraint that a partition's constraint repeats."""
        roots = self._types.roots
        if key not in roots:
            found = find_roots(self.connection, key)
            if found is None:
                return None
            known = self.package.constraints
            roots[key] = next((one for one in found if one in known), None)
        return roots[key]


def needs_transaction(statement: Statement[Any]) -> TransactionRequired:
    """Return the error for a statement that locks rows outside a transaction."""
    return TransactionRequired(
        "locks rows, which lasts only as long as a transaction: call it in one",
        query=statement.name,
    )
