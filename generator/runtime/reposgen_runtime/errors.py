# ruff: noqa: N818 -- each name is the condition itself: `except NotFound` reads
"""Exceptions that generated repositories raise.

`str()` of an exception contains the query, the condition and the constraint, never row
data. PostgreSQL's DETAIL and the driver's own exception are attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg


class RepositoryError(Exception):
    """Base class of the exceptions that generated methods raise.

    Attributes:
        query: the statement's name, `tasks.get_task`; None if no statement is
            concerned.
        sqlstate: PostgreSQL's five-character code; None if the server sent no error.
        constraint: name of the violated constraint.
        detail: PostgreSQL's DETAIL, which can contain row data.
        item: index of the failed item of a batch or COPY.
        column: the column, or the item's field, that caused the error.
        argument: the argument, or the item's field, that cannot be sent.
        driver_error: psycopg's exception, whose text can contain row data.
        done: for a write whose result could not be read: True if it took effect, False
            if it was undone; None for most other errors.
    """

    done: bool | None = None

    def __init__(
        self,
        message: str,
        *,
        query: str | None = None,
        sqlstate: str | None = None,
        constraint: str | None = None,
        detail: str | None = None,
        item: int | None = None,
        column: str | None = None,
        argument: str | None = None,
        driver_error: psycopg.Error | None = None,
    ) -> None:
        super().__init__(message)
        self.query = query
        self.sqlstate = sqlstate
        self.constraint = constraint
        self.detail = detail
        self.item = item
        self.column = column
        self.argument = argument
        self.driver_error = driver_error

    def __str__(self) -> str:
        text = super().__str__()
        if self.query is not None:
            text = f"{self.query}: {text}"
        if self.item is not None:
            column = "" if self.column is None else f", column {self.column}"
            text = f"{text} (item {self.item}{column})"
        if self.sqlstate is not None:
            text = f"{text} [{self.sqlstate}]"
        if self.done is not None:
            text += "; the statement was done" if self.done else "; it was undone"
        return text


def mark_undone(error: BaseException) -> None:
    """Record that the write of an unreadable result was undone after all."""
    if isinstance(error, RepositoryError) and error.done:
        error.done = False


# Numbers of rows that a query found.


class NotFound(RepositoryError):
    """The query returned no row, although one is required."""


class TooManyRows(RepositoryError):
    """The query returned a second row, although at most one is allowed."""


class RepeatedKey(RepositoryError):
    """Two rows of one upsert have the same key, but a row can be updated only once."""


class StaleRow(RepositoryError):
    """Another transaction has changed the row since it was read.

    Attributes:
        expected: the version that the caller has seen.
        actual: the row's current version; None if the row was deleted meanwhile.
    """

    def __init__(
        self,
        message: str,
        *,
        query: str | None = None,
        expected: object = None,
        actual: object = None,
    ) -> None:
        super().__init__(message, query=query)
        self.expected: Any = expected
        self.actual: Any = actual


class ConditionFailed(RepositoryError):
    """The row exists in the expected version, but another condition excludes it."""


# Violations of the database's constraints.


class ConstraintViolation(RepositoryError):
    """A constraint of the schema was violated; `constraint` names it."""


class AlreadyExists(ConstraintViolation):
    """A unique constraint or index was violated: such a row exists."""


class ForeignKeyMissing(ConstraintViolation):
    """A foreign key was violated: the referenced row is missing or still referenced."""


class CheckFailed(ConstraintViolation):
    """A CHECK constraint of a table or domain or a view's CHECK OPTION was violated."""


class PartitionMissing(CheckFailed):
    """No partition accepts the row, or the partition written to does not."""


class NotNullMissing(ConstraintViolation):
    """A column or domain that does not allow NULL was given NULL."""


class ExclusionViolated(ConstraintViolation):
    """An EXCLUDE constraint was violated: a conflicting row exists."""


# Unsuitable arguments or values.


class InvalidArgument(RepositoryError):
    """An argument does not fit its parameter's type; nothing was sent."""


class InvalidText(InvalidArgument):
    """Text that PostgreSQL cannot store: a NUL character or a lone surrogate."""


class InvalidCursor(InvalidArgument):
    """A page cursor is damaged, or belongs to another query or sort."""


class NothingToUpdate(InvalidArgument):
    """Every SET item of an update was omitted."""


class DataRejected(RepositoryError):
    """The server refused a value: out of range, division by zero (class 22)."""


class Unrepresentable(RepositoryError):
    """The server sent a value that Python cannot hold: a date before the year 1.

    The message contains the row's number and the column.
    """


class QueryRejected(RepositoryError):
    """The server refused the statement for another reason; see `sqlstate`."""


class SchemaChanged(QueryRejected):
    """The database's schema differs from the one that the code was generated from.

    Attributes:
        differences: how what the statement uses differs from the package's contract;
            empty if the package has none, or if the catalog was not read.
    """

    differences: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "; ".join((super().__str__(), *self.differences))


class PermissionDenied(QueryRejected):
    """The role lacks a privilege."""


class PolicyFailed(PermissionDenied):
    """A row-level security policy refused a row to be written."""


# Errors after which a repetition can succeed.


class Conflict(RepositoryError):
    """Another transaction interfered: run the transaction again."""


class SerializationFailure(Conflict):
    """The transaction cannot be serialized with concurrent ones."""


class Deadlock(Conflict):
    """The server ended this transaction to resolve a deadlock."""


class LockNotAvailable(Conflict):
    """Another transaction holds the lock, with NOWAIT or after lock_timeout."""


class StatementTimeout(RepositoryError):
    """The statement was cancelled by its timeout or by an administrator."""


class TransactionTimeout(StatementTimeout):
    """The transaction exceeded its timeout: it was undone and its connection closed."""


# Problems in reaching the server.


class Unavailable(RepositoryError):
    """The server could not be reached, or could not accept work."""


class PoolTimeout(Unavailable):
    """No connection became free within `timeout` seconds."""


class PoolFull(Unavailable):
    """`max_waiting` calls are already waiting for a connection."""


class PoolClosed(Unavailable):
    """The Database is not open: not yet, or no longer."""


class ConnectionLost(Unavailable):
    """The connection broke before the statement was done; nothing was committed."""


class OutOfResources(Unavailable):
    """The server has no connections, memory or disk space left (class 53)."""


class BufferFull(Unavailable):
    """The buffer has no room for the row, which was not added."""


class NotFlushed(Unavailable):
    """Buffered rows were not written within the timeout."""


class CircuitOpen(Unavailable):
    """The circuit breaker is open: the call was not sent to the unreachable server."""


class OutcomeUnknown(RepositoryError):
    """The connection broke during a commit, which may have taken effect."""


# Problems with the tenant of a call.


class TenantRequired(RepositoryError):
    """The call was made without a tenant; nothing was sent."""


class WrongTenant(RepositoryError):
    """The transaction block belongs to another tenant; nothing was sent."""


# Wrong use of transactions and connections.


class TransactionRequired(RepositoryError):
    """The statement locks rows, so it must run in a transaction."""


class TransactionClosed(RepositoryError):
    """The transaction block has ended."""


class TransactionFailed(RepositoryError):
    """An earlier statement failed, so the block or a savepoint must be left."""


class TransactionNotShared(RepositoryError):
    """A task or thread that does not own the transaction used it."""


class BlocksOverlap(RepositoryError):
    """Open blocks of several generators do not nest."""


class CallbackFailed(RepositoryError):
    """The transaction was committed, but `on_commit` callbacks raised exceptions.

    Attributes:
        errors: exceptions of the failed callbacks.
    """

    def __init__(self, message: str, *, errors: Sequence[Exception]) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


class ConnectionInUse(RepositoryError):
    """A stream, a COPY or another process has exclusive use of the connection."""


class UnsuitableSession(RepositoryError):
    """Session settings such as DateStyle would change values; nothing was sent.

    Connections that a Database opens have suitable settings.
    """


class ReadOnlyTransaction(RepositoryError):
    """The statement writes in a read-only transaction or on a standby server."""
