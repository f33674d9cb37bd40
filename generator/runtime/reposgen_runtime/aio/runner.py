"""The runner that generated methods call, with one method for each command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from ..codec import read_command, read_first, read_nothing, read_rows
from ..errors import NotFound, RepositoryError, TooManyRows
from ..observers import NOBODY
from .executor import executor_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Sequence

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
    """Executor of a repository's statements on its source.

    Its methods raise only `RepositoryError` themselves.
    """

    __slots__ = ("_executor", "_observers", "_package", "_twin")

    def __init__(
        self, source: Source, package: Package, observers: Observers | None = None
    ) -> None:
        """Set the source of the repository.

        Args:
            source: the source that runs the statements.
            package: package of the statements.
            observers: observers of the calls; None for those of the source.
        """
        self._executor = executor = executor_of(source)
        self._package = package
        self._observers = executor.observers if observers is None else observers
        self._twin: ObservedRunner | None = None

    def _observe(self) -> ObservedRunner:
        """Return a runner that does the same and notifies the observers."""
        from .observed import ObservedRunner  # noqa: PLC0415 -- only where there are some

        plain = type(self)(self._executor, self._package, NOBODY)
        self._twin = ObservedRunner(
            plain, self._executor, self._package, self._observers
        )
        return self._twin

    async def one(self, statement: Statement[T], values: Sequence[Any] = ()) -> T:
        """Return the only row.

        Raises:
            NotFound: there is no row.
            StaleRow: the row of a write by version has another version.
            ConditionFailed: another condition of a write by version excludes the row.
            TooManyRows: there is more than one row.
        """
        if self._observers.active:
            return await (self._twin or self._observe()).one(statement, values)
        rows = await self._executor.run_statement(
            self._package, statement, values, read_rows
        )
        if len(rows) == 1:
            return rows[0]
        if rows:
            raise TooManyRows("more than one row", query=statement.name)
        raise await self._no_row(statement, values)

    async def first(self, statement: Statement[T], values: Sequence[Any] = ()) -> T:
        """Return the first row of the result.

        Raises:
            NotFound: there is no row.
            StaleRow: the row of a write by version has another version.
            ConditionFailed: another condition of a write by version excludes the row.
        """
        if self._observers.active:
            return await (self._twin or self._observe()).first(statement, values)
        rows = await self._executor.run_statement(
            self._package, statement, values, read_first
        )
        if rows:
            return rows[0]
        raise await self._no_row(statement, values)

    async def opt(
        self, statement: Statement[T], values: Sequence[Any] = ()
    ) -> T | None:
        """Return the only row, or None.

        Raises:
            StaleRow: the row of a write by version has another version.
            ConditionFailed: another condition of a write by version excludes the row.
            TooManyRows: there is more than one row.
        """
        if self._observers.active:
            return await (self._twin or self._observe()).opt(statement, values)
        rows = await self._executor.run_statement(
            self._package, statement, values, read_rows
        )
        if len(rows) > 1:
            raise TooManyRows("more than one row", query=statement.name)
        if not rows and statement.optimistic is not None:
            error = await self._refusal(statement, statement.optimistic, values)
            if not isinstance(error, NotFound):
                raise error
        return rows[0] if rows else None

    async def many(
        self, statement: Statement[T], values: Sequence[Any] = ()
    ) -> list[T]:
        """Return all rows."""
        if self._observers.active:
            return await (self._twin or self._observe()).many(statement, values)
        return await self._executor.run_statement(
            self._package, statement, values, read_rows
        )

    async def exec(self, statement: Statement[Any], values: Sequence[Any] = ()) -> None:
        """Run the statement and return nothing."""
        if self._observers.active:
            await (self._twin or self._observe()).exec(statement, values)
            return
        if statement.optimistic is not None:
            await self.execresult(statement, values)
            return
        await self._executor.run_statement(
            self._package, statement, values, read_nothing
        )

    async def execrows(
        self, statement: Statement[Any], values: Sequence[Any] = ()
    ) -> int:
        """Run the statement and return the number of affected rows."""
        if self._observers.active:
            return await (self._twin or self._observe()).execrows(statement, values)
        return (await self.execresult(statement, values)).rows

    async def execresult(
        self, statement: Statement[Any], values: Sequence[Any] = ()
    ) -> CommandResult:
        """Run the statement and return its command tag.

        Raises:
            NotFound: the row of a write by version does not exist.
            StaleRow: the row of a write by version has another version.
            ConditionFailed: another condition of a write by version excludes the row.
        """
        if self._observers.active:
            return await (self._twin or self._observe()).execresult(statement, values)
        result = await self._executor.run_statement(
            self._package, statement, values, read_command
        )
        if statement.optimistic is not None and result.rows == 0:
            raise await self._refusal(statement, statement.optimistic, values)
        return result

    async def execlastid(
        self, statement: Statement[T], values: Sequence[Any] = ()
    ) -> T:
        """Return the RETURNING column of the only row.

        Raises:
            NotFound: no row was written.
            TooManyRows: more than one row was written.
        """
        if self._observers.active:
            return await (self._twin or self._observe()).execlastid(statement, values)
        return await self.one(statement, values)

    def stream(self, statement: Statement[T], values: Sequence[Any] = ()) -> Stream[T]:
        """Return a stream of the rows, which takes constant memory."""
        if self._observers.active:
            return (self._twin or self._observe()).stream(statement, values)
        from .stream import Stream  # noqa: PLC0415 -- for packages that use it

        return Stream(self._executor, self._package, statement, values)

    async def page(
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
        """Return one page of the rows.

        Args:
            statement: the query.
            values: its arguments.
            limit: maximum number of rows.
            after: the `next` of a page, for the rows after it.
            before: the `previous` of a page, for the rows before it.
            total: True to count all rows as well.
            sort: another order than the query's own; None for the query's own.

        Raises:
            InvalidCursor: `after` or `before` is damaged, or belongs to another query
                or sort.
            InvalidArgument: the limit is below 1, or the sort is not offered.
        """
        if self._observers.active:
            return await (self._twin or self._observe()).page(
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
        return await self.read_page(request)

    async def read_page(self, request: PageRequest[T]) -> Page[T]:
        """Return the requested page.

        Raises:
            InvalidCursor: the server cannot read a value of the cursor.
        """
        try:
            rows = await self.many(request.statement, request.values)
        except RepositoryError as error:
            raise request.blamed(error) from None
        counted = None
        if request.must_count(rows):
            counted = await self.one(*request.counting())
        return request.page(rows, counted)

    def listen(self, statement: Statement[T]) -> Listener[T]:
        """Return a listener for a channel, which uses its own connection."""
        if self._observers.active:
            return (self._twin or self._observe()).listen(statement)
        from .listener import Listener  # noqa: PLC0415 -- for packages that use it

        return Listener(self._executor.locate(), self._package, statement)

    async def copy_from(
        self, statement: Statement[Any], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> int:
        """COPY all rows into a table, or none if anything fails.

        Returns:
            The number of rows written.
        """
        if self._observers.active:
            return await (self._twin or self._observe()).copy_from(statement, rows)
        from .copying import copy_rows  # noqa: PLC0415 -- for packages that use it
        from .staging import insert_rows  # noqa: PLC0415 -- for packages that use it

        async with self._executor.lease(self._package, statement) as session:
            if statement.copy is None or not statement.copy.staged:
                return await copy_rows(session, statement, rows)
            done = await insert_rows(session, statement, rows, read_command)
            return done.rows

    async def copy_returning(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[T]:
        """Insert all rows through a staging table and return the RETURNING rows."""
        if self._observers.active:
            return await (self._twin or self._observe()).copy_returning(statement, rows)
        from .staging import insert_rows  # noqa: PLC0415 -- for packages that use it

        async with self._executor.lease(self._package, statement) as session:
            return await insert_rows(session, statement, rows, read_rows)

    def copy_to(
        self,
        statement: Statement[Any],
        values: Sequence[Any] = (),
        *,
        copy_format: LinesFormat = "csv",
        header: bool = True,
    ) -> Export:
        """Return an export of the query's rows in a format of COPY.

        Args:
            statement: the query.
            values: its arguments.
            copy_format: `csv`, `text`, `binary`; or `lines`, which writes each value of
                a single column unescaped.
            header: True to begin CSV with a line of column names.
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

    async def batch_exec(
        self, statement: Statement[Any], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[int]:
        """Run the statement for each item and return the numbers of affected rows."""
        if self._observers.active:
            return await (self._twin or self._observe()).batch_exec(statement, rows)
        from ..batching import read_count  # noqa: PLC0415 -- for packages that use it

        return await self._batch(statement, rows, read_count)

    async def batch_one(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[T]:
        """Run the statement for each item and return the only row of each.

        Raises:
            NotFound: an item has no row.
            TooManyRows: an item has more than one row.
        """
        if self._observers.active:
            return await (self._twin or self._observe()).batch_one(statement, rows)
        from ..batching import read_only_row  # noqa: PLC0415 -- for packages that use it

        return await self._batch(statement, rows, read_only_row, judges=True)

    async def batch_first(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[T]:
        """Run the statement for each item and return the first row of each.

        Raises:
            NotFound: an item has no row.
        """
        if self._observers.active:
            return await (self._twin or self._observe()).batch_first(statement, rows)
        from ..batching import read_first_row  # noqa: PLC0415 -- for packages that use it

        return await self._batch(statement, rows, read_first_row, judges=True)

    async def batch_many(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[list[T]]:
        """Run the statement for each item and return all rows of each."""
        if self._observers.active:
            return await (self._twin or self._observe()).batch_many(statement, rows)
        from ..batching import read_all  # noqa: PLC0415 -- for packages that use it

        return await self._batch(statement, rows, read_all)

    async def _no_row(
        self, statement: Statement[Any], values: Sequence[Any]
    ) -> RepositoryError:
        """Return the error for a statement that returned no row."""
        if statement.optimistic is not None:
            return await self._refusal(statement, statement.optimistic, values)
        return NotFound("no row", query=statement.name)

    async def _refusal(
        self, statement: Statement[Any], optimistic: Optimistic, values: Sequence[Any]
    ) -> RepositoryError:
        """Return the error for a write by version that affected no row."""
        from ..versions import conflict_error  # noqa: PLC0415 -- for packages that use it

        arguments = [values[index] for index in optimistic.arguments]
        found: list[Any] = await self._executor.run_statement(
            self._package, optimistic.probe, arguments, read_rows
        )
        return conflict_error(statement.name, optimistic, values, found)

    async def _batch(
        self,
        statement: Statement[T],
        rows: Iterable[Any] | AsyncIterable[Any],
        read: Callable[[Codec[T], PGresult, int], R],
        *,
        judges: bool = False,
    ) -> list[R]:
        from .batch import run_batch  # noqa: PLC0415 -- for packages that use it
        from .failover import call_on, collected  # noqa: PLC0415 -- for packages that use it

        if statement.read_only:
            # The statement can be run again on another server.
            rows = await collected(rows)
        return await call_on(
            self._executor,
            self._package,
            statement,
            lambda session: run_batch(session, statement, rows, read, judges=judges),
        )
