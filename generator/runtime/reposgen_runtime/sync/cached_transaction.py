# Derived from ../aio/cached_transaction.py by derive_sync.py: change that file.
"""Transactions whose writes invalidate results that are kept."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

from .. import wire
from ..caching import (
    ALL_TAG,
    needs_result,
    returned_keys,
    tags_of_write,
)
from ..codec import read_command
from ..errors import (
    OutcomeUnknown,
    RepositoryError,
)
from ..limits import CHECK_NOW, SET, milliseconds, set_arguments
from ._compat import run_shielded
from .limits import run_among
from .transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..scope import Scopes
    from ..statement import Package, Statement
    from .cache import ResultCache
    from .connection import Session
    from .executor import Executor

R = TypeVar("R")
T = TypeVar("T")

# Of the time of a mark, the part in which the COMMIT must arrive.
_TO_SEND: Final = 0.4
_READING: Final = frozenset(
    {"BEGIN READ ONLY", "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY"}
)


class CachedTransaction(Transaction):
    """A transaction that announces what its COMMIT changes."""

    def __init__(  # noqa: PLR0917 -- its base's, and the cache
        self,
        cache: ResultCache,
        session: Session,
        session_of: Callable[[Package], Session],
        settings: Mapping[str, str],
        scopes: Scopes[Transaction] | None = None,
        timeout: float | None = None,
        *,
        database: Executor | None = None,
    ) -> None:
        super().__init__(
            session, session_of, settings, scopes, timeout, database=database
        )
        self._cache = cache
        self._changed: dict[bytes, None] = {}
        self._command = ""

    @property
    def may_hit(self) -> bool:
        """Whether it only reads, and sees what is committed meanwhile."""
        if self._changed or self._command not in _READING:
            return False
        return "ISOLATION" in self._command or self._cache.reads_committed

    def note(
        self,
        statement: Statement[Any],
        values: Sequence[Any] | None,
        returned: Sequence[Sequence[str | None]] | None = None,
    ) -> None:
        """Note what a statement changes.

        Args:
            statement: that was run, or is about to be.
            values: its arguments; None where they are not known.
            returned: keys in its result; None where they are not known.
        """
        tags = tags_of_write(statement.changes, values, returned)
        self._changed.update(dict.fromkeys(tags))

    def begin(self, command: str, *, now: bool = False) -> None:
        """Begin it, under its settings."""
        self._command = command
        super().begin(command, now=now)

    def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        tenant: str | None = None,
    ) -> R:
        """Run one statement in the transaction."""
        changes = statement.changes
        if not changes:
            return super().run_statement(package, statement, values, read, tenant)
        if not needs_result(changes):
            self.note(statement, values)
            return super().run_statement(package, statement, values, read, tenant)
        is_noted = False

        def reading(codec: Codec[T], result: PGresult) -> R:
            nonlocal is_noted
            self.note(statement, values, returned_keys(changes, result))
            is_noted = True
            return read(codec, result)

        try:
            return super().run_statement(package, statement, values, reading, tenant)
        finally:
            if not is_noted:
                self.note(statement, values)

    @contextmanager
    def lease(
        self,
        package: Package,
        statement: Statement[Any] | None = None,
        tenant: str | None = None,
    ) -> Generator[Session, None, None]:
        """Lend the transaction's connection."""
        if statement is None:
            self._changed[ALL_TAG] = None
        elif statement.changes:
            self.note(statement, None)
        with super().lease(package, statement, tenant) as session:
            yield session

    def commit(self) -> None:
        """End the transaction, keeping what was done."""
        if not self._changed or not self._may_commit:
            super().commit()
            return
        cache = self._cache
        try:
            cache.resume()
            self._bound()
            mark = cache.mark(self._changed)
        except BaseException as error:
            self.undo(error)
            raise
        try:
            super().commit()
        except OutcomeUnknown:
            cache.unknown(mark)
            raise
        except RepositoryError:
            run_shielded(cache.undone, mark)
            raise
        except BaseException:
            cache.unknown(mark)
            raise
        try:
            run_shielded(cache.changed, mark)
        finally:
            cache.tell_change(mark)

    @property
    def _may_commit(self) -> bool:
        """Whether COMMIT will be sent."""
        spoilt = self._savepoints is not None and self._savepoints.spoilt
        failed = wire.is_failed(self._session.connection.pgconn)
        return not spoilt and not failed and self.innermost is None

    def _bound(self) -> None:
        """Have the server refuse the COMMIT if it does not arrive before its mark ends.

        What COMMIT would check is checked before, so that it is done soon. While it
        lasts all the same, the mark is renewed.
        """
        redis = self._cache.redis
        if redis is None or not redis.is_up:
            return
        seconds = milliseconds(_TO_SEND * self._cache.settings.mark_ttl)
        bound = (SET, set_arguments({"idle_in_transaction_session_timeout": seconds}))
        session = self._session
        if session.is_fast:
            run_among(session, bound, CHECK_NOW, (), read_command)
        else:
            session.command(CHECK_NOW.sql)
            session.run(*bound, read_command)
