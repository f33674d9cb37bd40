# ruff: noqa: N818 -- each name is the condition itself: `except NotFound` reads
"""The errors of generated repositories.

`str()` of an error names the query, the condition and the constraint, never a row's
data: PostgreSQL's DETAIL and the driver's own exception are attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg


class RepositoryError(Exception):
    """Anything that a generated method raises of its own accord.

    Attributes:
        query: the statement's name, `tasks.get_task`, where one is concerned.
        sqlstate: PostgreSQL's five letters, where the server spoke.
        constraint: name of the violated constraint.
        detail: PostgreSQL's DETAIL; may hold a row's data.
        item: of a batch or COPY, the index of the item that failed.
        column: the column or the item's field that is to blame, where one is named.
        argument: the argument, or the item's field, that can't be sent.
        driver_error: psycopg's exception; its text may hold a row's data.
        done: of a write whose result could not be read: True if it was done all the
            same, False if it was undone; None of most other errors.
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
    """Say of a write whose result could not be read that it was undone after all."""
    if isinstance(error, RepositoryError) and error.done:
        error.done = False


# What a query found or did not find.


class NotFound(RepositoryError):
    """No row, where one must be."""


class TooManyRows(RepositoryError):
    """A second row, where at most one may be."""


class RepeatedKey(RepositoryError):
    """Two rows of one upsert have the same key: it can update a row only once."""


class StaleRow(RepositoryError):
    """The row was changed by someone else since it was read.

    Attributes:
        expected: the version that the caller had seen.
        actual: the row's version by now; None if the row has just gone.
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
    """The row is there, in the expected version: another condition refused it."""


# What the database's constraints refused.


class ConstraintViolation(RepositoryError):
    """A constraint of the schema; `constraint` names it."""


class AlreadyExists(ConstraintViolation):
    """A unique constraint or index: there is such a row."""


class ForeignKeyMissing(ConstraintViolation):
    """A foreign key: the row pointed to is missing, or this one is still needed."""


class CheckFailed(ConstraintViolation):
    """A CHECK constraint of a table or domain, or a view's CHECK OPTION."""


class PartitionMissing(CheckFailed):
    """No partition takes the row, or not the one that was written to."""


class NotNullMissing(ConstraintViolation):
    """NULL, where a value must be: in a column, or as the value of a domain."""


class ExclusionViolated(ConstraintViolation):
    """An EXCLUDE constraint: a conflicting row is there."""


# What is wrong with the arguments or the values.


class InvalidArgument(RepositoryError):
    """An argument that can't be sent as its parameter's type; nothing was sent."""


class InvalidText(InvalidArgument):
    """Text that PostgreSQL can't store: a NUL character, half of a surrogate pair."""


class InvalidCursor(InvalidArgument):
    """A page cursor that is damaged, or of another query or sort."""


class NothingToUpdate(InvalidArgument):
    """Every SET item of an update was left out."""


class DataRejected(RepositoryError):
    """A value that the server refused: out of range, a division by zero (class 22)."""


class Unrepresentable(RepositoryError):
    """The server sent a value that Python can't hold: a date before the year 1.

    Its message names the row, by its number, and the column.
    """


class QueryRejected(RepositoryError):
    """The server refused the statement for another reason: see `sqlstate`."""


class SchemaChanged(QueryRejected):
    """The database's schema is not the one that the code was generated from."""


class PermissionDenied(QueryRejected):
    """The role may not do that."""


class PolicyFailed(PermissionDenied):
    """A policy of row-level security refused a row that was to be written."""


# What may work when tried again.


class Conflict(RepositoryError):
    """Another transaction was in the way: run the transaction again."""


class SerializationFailure(Conflict):
    """No serial order fits this transaction."""


class Deadlock(Conflict):
    """This transaction was chosen to end a deadlock."""


class LockNotAvailable(Conflict):
    """NOWAIT or lock_timeout: someone else holds the lock."""


class StatementTimeout(RepositoryError):
    """The statement was cancelled: by its timeout, or by an administrator."""


class TransactionTimeout(StatementTimeout):
    """The transaction took longer than it may: undone, and its connection ended."""


# What is wrong with the way to the server.


class Unavailable(RepositoryError):
    """The server could not be reached, or could not take the work."""


class PoolTimeout(Unavailable):
    """No connection became free in time."""


class PoolFull(Unavailable):
    """Too many calls wait for a connection already (`max_waiting`)."""


class PoolClosed(Unavailable):
    """The Database is not open: not yet, or no more."""


class ConnectionLost(Unavailable):
    """The connection broke before the statement was done; nothing was committed."""


class OutOfResources(Unavailable):
    """The server's connections, memory or disk are used up (class 53)."""


class BufferFull(Unavailable):
    """No room for a row that was to be written later; it was not taken."""


class NotFlushed(Unavailable):
    """Rows that were to be written later were not, in the time that there was."""


class CircuitOpen(Unavailable):
    """The circuit breaker holds calls back from a failing server."""


class OutcomeUnknown(RepositoryError):
    """The connection broke while a commit was under way: it may have happened."""


# What is wrong on whose behalf a call was made.


class TenantRequired(RepositoryError):
    """The call was made for no tenant; nothing was sent."""


class WrongTenant(RepositoryError):
    """The transaction block is another tenant's; nothing was sent."""


# What is wrong with the use of transactions and connections.


class TransactionRequired(RepositoryError):
    """The statement locks rows, which lasts only as long as a transaction."""


class TransactionClosed(RepositoryError):
    """The transaction block has ended."""


class TransactionFailed(RepositoryError):
    """An earlier statement failed: only leaving the block or a savepoint helps."""


class TransactionNotShared(RepositoryError):
    """A task or thread that is not the transaction's owner used it."""


class BlocksOverlap(RepositoryError):
    """Blocks of several generators are open, and do not nest."""


class CallbackFailed(RepositoryError):
    """The transaction was committed; what was to follow that raised errors.

    Attributes:
        errors: of the callbacks that failed.
    """

    def __init__(self, message: str, *, errors: Sequence[Exception]) -> None:
        super().__init__(message)
        self.errors = tuple(errors)


class ConnectionInUse(RepositoryError):
    """A stream, a COPY or another process has the connection to itself."""


class UnsuitableSession(RepositoryError):
    """A connection's settings would change values, such as DateStyle; nothing was sent.

    Connections that a Database makes have the right ones.
    """


class ReadOnlyTransaction(RepositoryError):
    """A write in a read-only transaction or on a standby server."""
