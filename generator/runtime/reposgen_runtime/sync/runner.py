# Derived from ../aio/runner.py by derive_sync.py: change that file.
"""What generated methods call: one method for each command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..codec import read_command, read_first, read_nothing, read_rows
from ..errors import NotFound, RepositoryError, TooManyRows
from ..observers import NOBODY
from .executor import executor_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..copy_commands import LinesFormat
    from ..observers import Observers
    from ..pages import Page
    from ..paging import PageRequest
    from ..statement import CommandResult, Optimistic, Package, Statement
    from ..variants import Variants
    from .copying import Export
    from .executor import Source
    from .listener import Listener
    from .observed import ObservedRunner
    from .stream import Stream

R = TypeVar("R")
T = TypeVar("T")


class Runner:
    """Runs a repository's statements where its source says.

    Every method raises `RepositoryError`, and nothing else of its own accord.
    """

    __slots__ = ("_executor", "_observers", "_package", "_twin")

    def __init__(
        self, source: Source, package: Package, observers: Observers | None = None
    ) -> None:
        """Have a source's statements run.

        Args:
            source: where to.
            package: whose statements they are.
            observers: who is told; None: those of the source.
        """
        self._executor = executor = executor_of(source)
        self._package = package
        self._observers = executor.observers if observers is None else observers
        self._twin: ObservedRunner | None = None

    def _observe(self) -> ObservedRunner:
        """Return what does the same, and tells the observers."""
        from .observed import ObservedRunner  # noqa: PLC0415 -- only where there are some

        plain = type(self)(self._executor, self._package, NOBODY)
        self._twin = ObservedRunner(
            plain, self._executor, self._package, self._observers
        )
        return self._twin

    def one(self, statement: Statement[T], values: Sequence[Any] = ()) -> T:
        """The only row.

        Raises:
            NotFound: there is none.
            StaleRow: of a write by version: it has another one.
            ConditionFailed: the same: another condition refuses it.
            TooManyRows: there is a second.
        """
        if self._observers.active:
            return (self._twin or self._observe()).one(statement, values)
        rows = self._executor.run_statement(self._package, statement, values, read_rows)
        if len(rows) == 1:
            return rows[0]
        if rows:
            raise TooManyRows("more than one row", query=statement.name)
        raise self._no_row(statement, values)

    def first(self, statement: Statement[T], values: Sequence[Any] = ()) -> T:
        """The first row of those that the server returns.

        Raises:
            NotFound: there is none.
            StaleRow: of a write by version: it has another one.
            ConditionFailed: the same: another condition refuses it.
        """
        if self._observers.active:
            return (self._twin or self._observe()).first(statement, values)
        rows = self._executor.run_statement(
            self._package, statement, values, read_first
        )
        if rows:
            return rows[0]
        raise self._no_row(statement, values)

    def opt(self, statement: Statement[T], values: Sequence[Any] = ()) -> T | None:
        """The only row, or None.

        Raises:
            TooManyRows: there is a second.
        """
        if self._observers.active:
            return (self._twin or self._observe()).opt(statement, values)
        rows = self._executor.run_statement(self._package, statement, values, read_rows)
        if len(rows) > 1:
            raise TooManyRows("more than one row", query=statement.name)
        if not rows and statement.optimistic is not None:
            error = self._refusal(statement, statement.optimistic, values)
            if not isinstance(error, NotFound):
                raise error
        return rows[0] if rows else None

    def many(self, statement: Statement[T], values: Sequence[Any] = ()) -> list[T]:
        """All rows."""
        if self._observers.active:
            return (self._twin or self._observe()).many(statement, values)
        return self._executor.run_statement(self._package, statement, values, read_rows)

    def exec(self, statement: Statement[Any], values: Sequence[Any] = ()) -> None:
        """Nothing but the effect."""
        if self._observers.active:
            (self._twin or self._observe()).exec(statement, values)
            return
        if statement.optimistic is not None:
            self.execresult(statement, values)
            return
        self._executor.run_statement(self._package, statement, values, read_nothing)

    def execrows(self, statement: Statement[Any], values: Sequence[Any] = ()) -> int:
        """How many rows were affected."""
        if self._observers.active:
            return (self._twin or self._observe()).execrows(statement, values)
        return (self.execresult(statement, values)).rows

    def execresult(
        self, statement: Statement[Any], values: Sequence[Any] = ()
    ) -> CommandResult:
        """What the server said of the command.

        Raises:
            NotFound: of a write by version: there is no such row.
            StaleRow: it has another version.
            ConditionFailed: another condition refuses it.
        """
        if self._observers.active:
            return (self._twin or self._observe()).execresult(statement, values)
        result = self._executor.run_statement(
            self._package, statement, values, read_command
        )
        if statement.optimistic is not None and result.rows == 0:
            raise self._refusal(statement, statement.optimistic, values)
        return result

    def execlastid(self, statement: Statement[T], values: Sequence[Any] = ()) -> T:
        """The RETURNING column of the only row.

        Raises:
            NotFound: no row was written.
            TooManyRows: more than one was.
        """
        if self._observers.active:
            return (self._twin or self._observe()).execlastid(statement, values)
        return self.one(statement, values)

    def stream(self, statement: Statement[T], values: Sequence[Any] = ()) -> Stream[T]:
        """The rows, one after the other, in constant memory."""
        if self._observers.active:
            return (self._twin or self._observe()).stream(statement, values)
        from .stream import Stream  # noqa: PLC0415 -- for packages that use it

        return Stream(self._executor, self._package, statement, values)

    def page(
        self,
        statement: Variants[T],
        values: Sequence[Any] = (),
        *,
        limit: int,
        after: str | None = None,
        before: str | None = None,
        total: bool = False,
        sort: str | None = None,
    ) -> Page[T]:
        """Some of the rows.

        Args:
            statement: the query.
            values: its arguments.
            limit: how many rows at most.
            after: a page's `next`: the rows behind it.
            before: a page's `previous`: the rows in front of it.
            total: count all rows as well.
            sort: other than the query's own.

        Raises:
            InvalidCursor: `after` or `before` is damaged, or of another query or sort.
            InvalidArgument: a limit below 1, or a sort that is not offered.
        """
        if self._observers.active:
            return (self._twin or self._observe()).page(
                statement,
                values,
                limit=limit,
                after=after,
                before=before,
                total=total,
                sort=sort,
            )
        from ..paging import PageRequest  # noqa: PLC0415 -- for packages that use it

        request = PageRequest(
            statement,
            values,
            limit=limit,
            after=after,
            before=before,
            total=total,
            sort=sort,
        )
        return self.read_page(request)

    def read_page(self, request: PageRequest[T]) -> Page[T]:
        """Read a page that is asked for.

        Raises:
            InvalidCursor: the server cannot read a value of the cursor.
        """
        try:
            rows = self.many(request.statement, request.values)
        except RepositoryError as error:
            raise request.blamed(error) from None
        counted = None
        if request.must_count(rows):
            counted = self.one(*request.counting())
        return request.page(rows, counted)

    def listen(self, statement: Statement[T]) -> Listener[T]:
        """The notifications of a channel, from a connection of its own."""
        if self._observers.active:
            return (self._twin or self._observe()).listen(statement)
        from .listener import Listener  # noqa: PLC0415 -- for packages that use it

        return Listener(self._executor.locate(), self._package, statement)

    def copy_from(self, statement: Statement[Any], rows: Iterable[Any]) -> int:
        """COPY the rows into a table: all or, if anything fails, none.

        Returns:
            How many were written.
        """
        if self._observers.active:
            return (self._twin or self._observe()).copy_from(statement, rows)
        from .copying import copy_rows  # noqa: PLC0415 -- for packages that use it
        from .staging import insert_rows  # noqa: PLC0415 -- for packages that use it

        with self._executor.lease(self._package, statement) as session:
            if statement.copy is None or not statement.copy.staged:
                return copy_rows(session, statement, rows)
            done = insert_rows(session, statement, rows, read_command)
            return done.rows

    def copy_returning(self, statement: Statement[T], rows: Iterable[Any]) -> list[T]:
        """The same, through a staging table; gives what RETURNING does."""
        if self._observers.active:
            return (self._twin or self._observe()).copy_returning(statement, rows)
        from .staging import insert_rows  # noqa: PLC0415 -- for packages that use it

        with self._executor.lease(self._package, statement) as session:
            return insert_rows(session, statement, rows, read_rows)

    def copy_to(
        self,
        statement: Statement[Any],
        values: Sequence[Any] = (),
        *,
        copy_format: LinesFormat = "csv",
        header: bool = True,
    ) -> Export:
        """The query's rows as COPY writes them.

        Args:
            statement: the query.
            values: its arguments.
            copy_format: `csv`, `text`, `binary`; or `lines`: of a result of one column
                each value as it is.
            header: begin CSV with a line of the columns' names.
        """
        if self._observers.active:
            return (self._twin or self._observe()).copy_to(
                statement, values, copy_format=copy_format, header=header
            )
        from .copying import Export  # noqa: PLC0415 -- for packages that use it

        return Export(
            self._executor,
            self._package,
            statement,
            values,
            copy_format=copy_format,
            header=header,
        )

    def batch_exec(self, statement: Statement[Any], rows: Iterable[Any]) -> list[int]:
        """Run the statement for each item; how many rows each affected."""
        if self._observers.active:
            return (self._twin or self._observe()).batch_exec(statement, rows)
        from ..batching import read_count  # noqa: PLC0415 -- for packages that use it

        return self._batch(statement, rows, read_count)

    def batch_one(self, statement: Statement[T], rows: Iterable[Any]) -> list[T]:
        """Run the statement for each item; the only row of each.

        Raises:
            NotFound: an item without a row.
            TooManyRows: an item with a second.
        """
        if self._observers.active:
            return (self._twin or self._observe()).batch_one(statement, rows)
        from ..batching import read_only_row  # noqa: PLC0415 -- for packages that use it

        return self._batch(statement, rows, read_only_row, judges=True)

    def batch_first(self, statement: Statement[T], rows: Iterable[Any]) -> list[T]:
        """Run the statement for each item; the first row of each.

        Raises:
            NotFound: an item without a row.
        """
        if self._observers.active:
            return (self._twin or self._observe()).batch_first(statement, rows)
        from ..batching import read_first_row  # noqa: PLC0415 -- for packages that use it

        return self._batch(statement, rows, read_first_row, judges=True)

    def batch_many(self, statement: Statement[T], rows: Iterable[Any]) -> list[list[T]]:
        """Run the statement for each item; all rows of each."""
        if self._observers.active:
            return (self._twin or self._observe()).batch_many(statement, rows)
        from ..batching import read_all  # noqa: PLC0415 -- for packages that use it

        return self._batch(statement, rows, read_all)

    def _no_row(
        self, statement: Statement[Any], values: Sequence[Any]
    ) -> RepositoryError:
        """Why there is no row."""
        if statement.optimistic is not None:
            return self._refusal(statement, statement.optimistic, values)
        return NotFound("no row", query=statement.name)

    def _refusal(
        self, statement: Statement[Any], optimistic: Optimistic, values: Sequence[Any]
    ) -> RepositoryError:
        """Why a write by version met no row."""
        from ..versions import conflict_error  # noqa: PLC0415 -- for packages that use it

        arguments = [values[index] for index in optimistic.arguments]
        found: list[Any] = self._executor.run_statement(
            self._package, optimistic.probe, arguments, read_rows
        )
        return conflict_error(statement.name, optimistic, values, found)

    def _batch(
        self,
        statement: Statement[T],
        rows: Iterable[Any],
        read: Callable[[Codec[T], PGresult, int], R],
        *,
        judges: bool = False,
    ) -> list[R]:
        from .batch import run_batch  # noqa: PLC0415 -- for packages that use it
        from .failover import call_on, collected  # noqa: PLC0415 -- for packages that use it

        if statement.read_only:
            # It may have to be run again.
            rows = collected(rows)
        return call_on(
            self._executor,
            self._package,
            statement,
            lambda session: run_batch(session, statement, rows, read, judges=judges),
        )
