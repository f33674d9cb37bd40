"""Several steps that take effect together or not at all."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ..errors import ConnectionLost, QueryRejected, mark_undone
from ..limits import SET, set_arguments
from ..translate import outcome_of
from .limits import limit_of, run_among
from .transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from types import TracebackType

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..statement import Statement
    from .connection import Session

R = TypeVar("R")
T = TypeVar("T")

# "VACUUM cannot be executed within a pipeline", and similar errors.
_NOT_IN_TRANSACTION: Final = "25001"


@asynccontextmanager
async def ensure_transaction(
    session: Session, settings: Mapping[str, str] | None = None
) -> AsyncGenerator[None, None]:
    """Run the block in a transaction: the open one, or a new one.

    Args:
        session: session of the connection.
        settings: settings of a new transaction.

    Raises:
        OutcomeUnknown: the connection broke during COMMIT.
    """
    if not session.is_autocommit_idle:
        yield
        return
    transaction = Transaction(session, lambda _: session, settings or {})
    try:
        await transaction.begin("BEGIN", now=True)
        yield
    except BaseException as error:
        await transaction.undo(error)
        mark_undone(error)
        raise
    await transaction.commit()


async def run_alone(
    session: Session,
    settings: Mapping[str, str],
    statement: Statement[T],
    values: Sequence[Any],
    read: Callable[[Codec[T], PGresult], R],
) -> R:
    """Run a statement with settings, as a transaction of its own."""
    try:
        if session.is_fast:
            setting = (SET, set_arguments(settings))
            with limit_of(session.connection, settings):
                return await run_among(session, setting, statement, values, read)
        async with ensure_transaction(session, settings):
            return await session.run(statement, values, read)
    except QueryRejected as error:
        if error.sqlstate != _NOT_IN_TRANSACTION or statement.parameters:
            raise
    # Such a command cannot run in a transaction, and row security does not apply to it.
    return await session.run(statement, values, read)


class UnknownOutcomeGuard:
    """Context manager for a statement whose connection can break.

    Raises:
        OutcomeUnknown: the connection broke during an autocommit write.
    """

    # A class, because a generator-based block takes longer than preparing the call.
    __slots__ = ("_statement",)

    def __init__(self, session: Session, statement: Statement[Any]) -> None:
        alone = not statement.read_only and session.is_autocommit_idle
        self._statement = statement if alone else None

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._statement is not None and isinstance(exc_value, ConnectionLost):
            raise outcome_of(exc_value, self._statement) from None
