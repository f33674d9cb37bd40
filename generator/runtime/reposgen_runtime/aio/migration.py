"""Gradual migration from one implementation of a repository to another."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from ..errors import RepositoryError, TransactionNotShared
from ..migrating import (
    Answer,
    Call,
    Difference,
    FallbackUsed,
    Router,
    SecondWriteFailed,
    Side,
    answers_equal,
    continued,
    is_opened,
    log_failed,
    log_report,
    marked,
    reads_of,
    share_of,
)
from ._compat import call as call_back
from ._compat import chunks
from .copying import Export
from .database import Database
from .listener import Listener
from .runner import Runner
from .stream import Stream
from .tenant import Tenant
from .transaction import Transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..migrating import (
        Equal,
        Key,
        MigrationStatistics,
        Report,
        Reported,
        Writes,
    )

P = TypeVar("P")

_CHUNK: Final = 1000
_OPENED: Final = (Stream, Export, Listener)


class RepositoryMigration(Generic[P]):
    """Two implementations of a Protocol, combined with a share of reads for each.

        migration = RepositoryMigration[TaskRepositoryProtocol](
            legacy, db.tasks, share=0.1
        )
        tasks = migration.repository  # a TaskRepositoryProtocol
        ...
        migration.share = 0.5

    Attributes:
        repository: object to use in place of both implementations.
    """

    def __init__(
        self,
        old: P,
        new: P,
        *,
        share: float = 0.0,
        reads: Iterable[str] | None = None,
        writes: Writes = "old",
        fallback: bool = True,
        compare: float = 0.0,
        equal: Equal = answers_equal,
        key: Key | None = None,
        seed: int | None = None,
        report: Reported | None = None,
    ) -> None:
        """Combine two implementations.

        Args:
            old: the implementation to be replaced.
            new: its replacement, usually a generated repository.
            share: fraction of the reads that `new` answers, from 0 to 1.
            reads: names of the methods that read; None for the methods of `new` that
                are proved to write nothing.
            writes: the implementation that writes: "old", "new", or "both", which
                writes
                with `old` first and returns its answer.
            fallback: True to repeat reads with `old` if `new` fails.
            compare: fraction of the reads that are made with both and compared.
            equal: returns True if two answers agree.
            key: calls with the same key always go to the same implementation.
            seed: seed of the random choice, which is used without `key`.
            report: called with differences and failures; None logs them, without
                values.

        Raises:
            ValueError: a share is not between 0 and 1, or a method does not exist.
        """
        self._old: Any = old
        self._new: Any = new
        self._share = share_of(share)
        self._compared = share_of(compare)
        self._router = Router(
            reads=reads_of(new) if reads is None else frozenset(reads),
            writes=writes,
            key=key,
            seed=seed,
        )
        for name in self._router.reads:
            if not (hasattr(old, name) and hasattr(new, name)):
                raise ValueError(f"there is no method {name} in both of them")
        self._fallback = fallback
        self._equal = equal
        self._report = report
        self.repository = cast("P", _Repository(self._method))

    @property
    def share(self) -> float:
        """Fraction of the reads that `new` answers; can be changed at any time."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        self._share = share_of(share)

    @property
    def compare(self) -> float:
        """Fraction of the reads that are compared; can be changed at any time."""
        return self._compared

    @compare.setter
    def compare(self, share: float) -> None:
        self._compared = share_of(share)

    def statistics(self) -> MigrationStatistics:
        """Return counts of the calls and of their outcomes."""
        return self._router.statistics()

    def _method(self, name: str) -> Callable[..., object]:
        new = getattr(self._new, name)
        getattr(self._old, name)

        def open_one(*args: object, **arguments: object) -> object:
            return self._open(Call(method=name, args=args, arguments=arguments))

        async def read(*args: object, **arguments: object) -> object:
            return await self._read(Call(method=name, args=args, arguments=arguments))

        async def write(*args: object, **arguments: object) -> object:
            return await self._write(Call(method=name, args=args, arguments=arguments))

        if is_opened(new, _OPENED):
            return open_one
        return read if name in self._router.reads else write

    def _open(self, call: Call) -> object:
        side = self._router.choose(call, self._share)
        if _is_in_block(self._new):
            side = self._router.writing_side
        self._router.count(side.name.lower())
        return self._bound(side, call)()

    async def _read(self, call: Call) -> object:
        router = self._router
        begun, call = continued(call)
        side = begun or router.choose(call, self._share)
        is_free = begun is None
        if is_free and _is_in_block(self._new):
            # Only one implementation sees what the block has written.
            side, is_free = router.writing_side, False
        answer = await self._ask(side, call)
        falls_back = is_free and side is Side.NEW and self._fallback
        if falls_back and isinstance(answer.error, RepositoryError):
            router.count("fallbacks")
            await self._tell(FallbackUsed(call=call, error=answer.error))
            side, is_free = Side.OLD, False
            answer = await self._ask(side, call)
        if is_free and router.is_sampled(self._compared):
            await self._compare_with(answer, side, call)
        router.count(side.name.lower())
        if answer.error is not None:
            raise answer.error
        return marked(answer.value, side)

    async def _write(self, call: Call) -> object:
        side = self._router.writing_side
        self._router.count(side.name.lower())
        if self._router.writes == "both":
            call = await _repeatable(call)
        answer = await self._bound(side, call)()
        if self._router.writes == "both":
            repeated = await self._ask(Side.NEW, call)
            if repeated.error is not None:
                self._router.count("not_written")
                await self._tell(SecondWriteFailed(call=call, error=repeated.error))
        return answer

    async def _compare_with(self, answer: Answer, side: Side, call: Call) -> None:
        other = await self._ask(Side.OLD if side is Side.NEW else Side.NEW, call)
        old, new = (other, answer) if side is Side.NEW else (answer, other)
        self._router.count("compared")
        difference = Difference(call=call, old=old.told, new=new.told)
        try:
            if self._equal(call, old.told, new.told):
                return
        except Exception as error:  # noqa: BLE001 -- no caller's business
            log_failed(difference, error)
        self._router.count("differences")
        await self._tell(difference)

    async def _ask(self, side: Side, call: Call) -> Answer:
        try:
            return Answer(await self._bound(side, call)())
        except Exception as error:  # noqa: BLE001 -- raised again, or reported
            return Answer(error=error)

    def _bound(self, side: Side, call: Call) -> Callable[[], Any]:
        implementation = self._new if side is Side.NEW else self._old
        return partial(
            getattr(implementation, call.method), *call.args, **call.arguments
        )

    async def _tell(self, report: Report) -> None:
        if self._report is None:
            log_report(report)
            return
        try:
            await call_back(partial(self._report, report))
        except Exception as error:  # noqa: BLE001 -- no caller's business
            log_failed(report, error)


class _Repository:
    """Object with the methods that both implementations have."""

    __slots__ = ("_method",)

    def __init__(self, method: Callable[[str], Callable[..., object]]) -> None:
        self._method = method

    def __getattr__(self, name: str) -> Callable[..., object]:
        return self._method(name)


async def _repeatable(call: Call) -> Call:
    """Return the call with lists in place of iterators, so that it can be repeated."""
    args = [await _kept(value) for value in call.args]
    arguments = {name: await _kept(value) for name, value in call.arguments.items()}
    return replace(call, args=tuple(args), arguments=arguments)


async def _kept(value: Any) -> object:  # noqa: ANN401 -- anyone's argument
    if not (hasattr(value, "__next__") or hasattr(value, "__anext__")):
        return value
    async with aclosing(chunks(value, _CHUNK)) as parts:
        return [item async for part in parts for item in part]


def _is_in_block(repository: object) -> bool:
    """Return True if a call of a generated repository would join a transaction."""
    runner = getattr(repository, "_run", None)
    executor = runner._executor if isinstance(runner, Runner) else None  # noqa: SLF001 -- of this runtime
    if isinstance(executor, Tenant):
        executor = executor._database  # noqa: SLF001 -- of this runtime
    if isinstance(executor, Database):
        try:
            return executor.current() is not None
        except TransactionNotShared:
            return True
    return isinstance(executor, Transaction)
