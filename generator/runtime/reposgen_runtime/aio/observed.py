"""Calls that observers are told of."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from ..observing import Observation, operation_of
from ..paging import PageRequest

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        Callable,
        Iterable,
        Sequence,
    )

    from ..copy_commands import LinesFormat
    from ..observers import Observers
    from ..pages import Page
    from ..statement import CommandResult, Package, Statement, Validated
    from ..variants import Variants
    from .copying import Export
    from .executor import Executor
    from .listener import Listener
    from .runner import Runner
    from .stream import Stream

T = TypeVar("T")


class ObservedRunner:
    """Does what a Runner does, and tells its observers."""

    __slots__ = ("_observers", "_package", "_place", "_plain")

    def __init__(
        self, plain: Runner, executor: Executor, package: Package, observers: Observers
    ) -> None:
        """Observe what a Runner does.

        Args:
            plain: a Runner without observers.
            executor: what it runs statements with.
            package: whose statements these are.
            observers: who is told.
        """
        # Of whatever class: one for buffers has a method more.
        self._plain: Any = plain
        self._package = package
        self._observers = observers
        self._place = executor.place_of_calls()

    def _call(
        self,
        command: str,
        statement: Validated[Any],
        values: Sequence[Any] = (),
    ) -> Observation:
        operation = statement.operation
        if operation is None or operation.command is not command:
            operation = operation_of(self._package, statement, command)
        return Observation(self._observers, operation, self._place, values)

    async def one(self, statement: Statement[T], values: Sequence[Any] = ()) -> T:
        """Observe `Runner.one`."""
        call = self._call("one", statement, values)
        try:
            row: T = await self._plain.one(statement, values)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(1)
        return row

    async def first(self, statement: Statement[T], values: Sequence[Any] = ()) -> T:
        """Observe `Runner.first`."""
        call = self._call("one", statement, values)
        try:
            row: T = await self._plain.first(statement, values)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(1)
        return row

    async def opt(
        self, statement: Statement[T], values: Sequence[Any] = ()
    ) -> T | None:
        """Observe `Runner.opt`. A row whose only value is NULL counts as none."""
        call = self._call("opt", statement, values)
        try:
            row: T | None = await self._plain.opt(statement, values)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(0 if row is None else 1)
        return row

    async def many(
        self, statement: Statement[T], values: Sequence[Any] = ()
    ) -> list[T]:
        """Observe `Runner.many`."""
        call = self._call("many", statement, values)
        try:
            rows: list[T] = await self._plain.many(statement, values)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(len(rows))
        return rows

    async def exec(self, statement: Statement[Any], values: Sequence[Any] = ()) -> None:
        """Observe `Runner.exec`."""
        call = self._call("exec", statement, values)
        try:
            # The same, and it tells the number of rows.
            result = await self._plain.execresult(statement, values)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(result.rows)

    async def execrows(
        self, statement: Statement[Any], values: Sequence[Any] = ()
    ) -> int:
        """Observe `Runner.execrows`."""
        call = self._call("execrows", statement, values)
        try:
            count: int = await self._plain.execrows(statement, values)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(count)
        return count

    async def execresult(
        self, statement: Statement[Any], values: Sequence[Any] = ()
    ) -> CommandResult:
        """Observe `Runner.execresult`."""
        call = self._call("execresult", statement, values)
        try:
            result: CommandResult = await self._plain.execresult(statement, values)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(result.rows)
        return result

    async def execlastid(
        self, statement: Statement[T], values: Sequence[Any] = ()
    ) -> T:
        """Observe `Runner.execlastid`."""
        call = self._call("execlastid", statement, values)
        try:
            row: T = await self._plain.one(statement, values)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(1)
        return row

    async def page(
        self,
        statement: Variants[T],
        values: Sequence[Any] = (),
        **options: Any,  # noqa: ANN401 -- as `Runner.page` takes them
    ) -> Page[T]:
        """Observe `Runner.page`: one call, whether the rows are counted or not."""
        with self._call("page", statement, values) as call:
            request = PageRequest(statement, values, **options)
            page: Page[T] = await self._plain.read_page(request)
            call.rows = len(page.items)
        return page

    def stream(self, statement: Statement[T], values: Sequence[Any] = ()) -> Stream[T]:
        """Observe `Runner.stream`, from its first row to its end."""
        stream: Stream[T] = self._plain.stream(statement, values)
        begin = partial(self._call, "stream", statement, values)
        stream.observe(self._observe(begin, len))
        return stream

    def copy_to(
        self,
        statement: Statement[Any],
        values: Sequence[Any] = (),
        *,
        copy_format: LinesFormat = "csv",
        header: bool = True,
    ) -> Export:
        """Observe `Runner.copy_to`, from its first block to its end."""
        export: Export = self._plain.copy_to(
            statement, values, copy_format=copy_format, header=header
        )
        begin = partial(self._call, "copyto", statement, values)
        export.observe(self._observe(begin, lambda _: 0, lambda: export.count))
        return export

    @staticmethod
    def _observe(
        begin: Callable[[], Observation],
        count: Callable[[Any], int],
        total: Callable[[], int] | None = None,
    ) -> Callable[[AsyncGenerator[T, None]], AsyncGenerator[T, None]]:
        """Return what wraps a generator so that its steps are one call.

        Args:
            begin: begins the call.
            count: the rows in what one step gives.
            total: the rows in all, once the generator has ended.
        """

        async def observed(steps: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
            with begin() as call:
                call.rows = 0
                async with aclosing(steps):
                    try:
                        async for item in steps:
                            call.rows += count(item)
                            yield item
                    except GeneratorExit:
                        # The caller wants no more.
                        return
                if total is not None:
                    call.rows = total()

        return observed

    def listen(self, statement: Statement[T]) -> Listener[T]:
        """Observe `Runner.listen`: each message is a call."""
        listener: Listener[T] = self._plain.listen(statement)
        listener.observe(lambda: self._heard(statement))
        return listener

    def _heard(self, statement: Statement[Any]) -> None:
        with self._call("listen", statement) as call:
            call.rows = 1

    async def copy_from(
        self, statement: Statement[Any], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> int:
        """Observe `Runner.copy_from`."""
        with self._call("copyfrom", statement) as call:
            count: int = await self._plain.copy_from(statement, rows)
            call.rows = call.items = count
        return count

    async def copy_returning(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[T]:
        """Observe `Runner.copy_returning`."""
        with self._call("copyfrom", statement) as call:
            returned: list[T] = await self._plain.copy_returning(statement, rows)
            call.rows = len(returned)
        return returned

    async def batch_exec(
        self, statement: Statement[Any], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[int]:
        """Observe `Runner.batch_exec`."""
        with self._call("batchexec", statement) as call:
            counts: list[int] = await self._plain.batch_exec(statement, rows)
            call.items, call.rows = len(counts), sum(counts)
        return counts

    async def batch_one(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[T]:
        """Observe `Runner.batch_one`."""
        with self._call("batchone", statement) as call:
            found: list[T] = await self._plain.batch_one(statement, rows)
            call.items = call.rows = len(found)
        return found

    async def batch_first(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[T]:
        """Observe `Runner.batch_first`."""
        with self._call("batchone", statement) as call:
            found: list[T] = await self._plain.batch_first(statement, rows)
            call.items = call.rows = len(found)
        return found

    async def batch_many(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[list[T]]:
        """Observe `Runner.batch_many`."""
        with self._call("batchmany", statement) as call:
            found: list[list[T]] = await self._plain.batch_many(statement, rows)
            call.items, call.rows = len(found), sum(1 for _ in chain(*found))
        return found

    async def buffer(self, statement: Statement[Any], row: object) -> bool:
        """Observe `BufferedRunner.buffer`: that a row was taken."""
        with self._call("buffer", statement) as call:
            taken: bool = await self._plain.buffer(statement, row)
            call.items = int(taken)
        return taken
