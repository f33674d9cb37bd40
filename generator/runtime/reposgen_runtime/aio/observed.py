"""Calls that observers are told of."""

from __future__ import annotations

from contextlib import aclosing
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from ..observing import MethodCall
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
    from ..statement import CommandResult, Package, Statement
    from ..variants import Variants
    from .copying import Export
    from .executor import Executor
    from .listener import Listener
    from .runner import Runner
    from .stream import Stream

T = TypeVar("T")


class ObservedRunner:
    """Does what a Runner does, and tells its observers."""

    __slots__ = ("_plain", "locate", "observers", "package")

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
        self.package = package
        self.observers = observers
        self.locate = executor.place_of_calls()

    async def one(self, statement: Statement[T], values: Sequence[Any] = ()) -> T:
        """Observe `Runner.one`."""
        call = MethodCall(self, "one", statement, values)
        try:
            row: T = await self._plain.one(statement, values)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(1)
        return row

    async def first(self, statement: Statement[T], values: Sequence[Any] = ()) -> T:
        """Observe `Runner.first`."""
        call = MethodCall(self, "one", statement, values)
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
        call = MethodCall(self, "opt", statement, values)
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
        call = MethodCall(self, "many", statement, values)
        try:
            rows: list[T] = await self._plain.many(statement, values)
        except BaseException as error:
            call.fail(error)
            raise
        call.end(len(rows))
        return rows

    async def exec(self, statement: Statement[Any], values: Sequence[Any] = ()) -> None:
        """Observe `Runner.exec`."""
        call = MethodCall(self, "exec", statement, values)
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
        call = MethodCall(self, "execrows", statement, values)
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
        call = MethodCall(self, "execresult", statement, values)
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
        call = MethodCall(self, "execlastid", statement, values)
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
        with MethodCall(self, "page", statement, values) as call:
            request = PageRequest(statement, values, **options)
            page: Page[T] = await self._plain.read_page(request)
            call.rows = len(page.items)
        return page

    def stream(self, statement: Statement[T], values: Sequence[Any] = ()) -> Stream[T]:
        """Observe `Runner.stream`, from its first row to its end."""
        stream: Stream[T] = self._plain.stream(statement, values)
        begin = partial(MethodCall, self, "stream", statement, values)
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
        begin = partial(MethodCall, self, "copyto", statement, values)
        export.observe(self._observe(begin, lambda _: 0, lambda: export.count))
        return export

    @staticmethod
    def _observe(
        begin: Callable[[], MethodCall],
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
        with MethodCall(self, "listen", statement) as call:
            call.rows = 1

    async def copy_from(
        self, statement: Statement[Any], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> int:
        """Observe `Runner.copy_from`."""
        with MethodCall(self, "copyfrom", statement) as call:
            count: int = await self._plain.copy_from(statement, rows)
            call.rows = call.items = count
        return count

    async def copy_returning(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[T]:
        """Observe `Runner.copy_returning`."""
        with MethodCall(self, "copyfrom", statement) as call:
            returned: list[T] = await self._plain.copy_returning(statement, rows)
            call.rows = len(returned)
        return returned

    async def batch_exec(
        self, statement: Statement[Any], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[int]:
        """Observe `Runner.batch_exec`."""
        with MethodCall(self, "batchexec", statement) as call:
            counts: list[int] = await self._plain.batch_exec(statement, rows)
            call.items, call.rows = len(counts), sum(counts)
        return counts

    async def batch_one(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[T]:
        """Observe `Runner.batch_one`."""
        with MethodCall(self, "batchone", statement) as call:
            found: list[T] = await self._plain.batch_one(statement, rows)
            call.items = call.rows = len(found)
        return found

    async def batch_first(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[T]:
        """Observe `Runner.batch_first`."""
        with MethodCall(self, "batchone", statement) as call:
            found: list[T] = await self._plain.batch_first(statement, rows)
            call.items = call.rows = len(found)
        return found

    async def batch_many(
        self, statement: Statement[T], rows: Iterable[Any] | AsyncIterable[Any]
    ) -> list[list[T]]:
        """Observe `Runner.batch_many`."""
        with MethodCall(self, "batchmany", statement) as call:
            found: list[list[T]] = await self._plain.batch_many(statement, rows)
            call.items, call.rows = len(found), sum(1 for _ in chain(*found))
        return found

    async def buffer(self, statement: Statement[Any], row: object) -> bool:
        """Observe `BufferedRunner.buffer`: that a row was taken."""
        with MethodCall(self, "buffer", statement) as call:
            taken: bool = await self._plain.buffer(statement, row)
            call.items = int(taken)
        return taken
