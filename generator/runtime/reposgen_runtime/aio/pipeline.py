"""Calls that share one round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeAlias, TypeVar

import psycopg

from .. import wire
from ..errors import (
    ConnectionLost,
    NotFound,
    RepositoryError,
    TooManyRows,
    TransactionClosed,
    WrongTenant,
)
from ..limits import (
    KEPT_BY_STATEMENT,
    LIMIT,
    SET,
    UNLIMIT,
    milliseconds,
    own_settings,
    set_arguments,
)
from ..observers import UNOBSERVED
from ..translate import outcome_of
from .connection import needs_transaction
from .recording import record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from contextlib import AbstractContextManager

    from psycopg.abc import Buffer

    from ..codec import Codec
    from ..statement import Statement
    from .connection import Session
    from .database import Database
    from .recording import Answer, Recording, Step
    from .router import Router
    from .transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")

_Run: TypeAlias = "tuple[Statement[Any], Sequence[Any]]"
_Command: TypeAlias = "tuple[Codec[Any], Sequence[Buffer | None]]"


class PipelineResult(Generic[T]):
    """Result of a call in a pipeline, available after the pipeline's block."""

    __slots__ = ("_error", "_recorder", "_replay", "_results", "_step")

    def __init__(self, recording: Recording[T]) -> None:
        self._step, self._replay, self._recorder = recording
        self._results: list[T] = []
        self._error: RepositoryError | None = None

    def result(self) -> T:
        """Return the call's result.

        Raises:
            NotFound: the call is a query that found no row.
            TooManyRows: the call is a query that found more than one row.
            RepositoryError: the block has not ended, or an exception has ended it.
        """
        if self._error is not None:
            raise self._error
        if not self._results:
            raise RepositoryError(
                "there is no result before the end of the pipeline's block, nor after"
                " an exception",
                query=self._step.statement.name,
            )
        return self._results[0]

    @property
    def step(self) -> Step:
        """The call's statement."""
        return self._step

    async def resolve(self, answer: Answer | None, behind: Transaction | None) -> None:
        """Determine the call's result.

        Args:
            answer: the statement's result; None if it was not run yet.
            behind: the transaction; None if the pipeline was one by itself.

        Raises:
            RepositoryError: the call failed. Errors of a read about the number of rows
                are raised by `result`.
        """
        self._recorder.answer, self._recorder.behind = answer, behind
        try:
            self._results.append(await self._replay())
        except (NotFound, TooManyRows) as error:
            if not self._step.statement.read_only:
                raise
            self._error = error

    def discard(self) -> None:
        """Discard the result, because the call was undone."""
        self._results.clear()


class Pipeline:
    """Calls that `Database.pipeline()` collects.

    Calls are added in the block and made at its end. Their statements are sent
    together, as one transaction, usually in one round trip.
    """

    def __init__(
        self,
        database: Database,
        router: Router,
    ) -> None:
        self._database = database
        self._router = router
        self._closed = False
        self._pending: list[PipelineResult[Any]] = []

    def add(
        self, call: Callable[P, Awaitable[T]], /, *args: P.args, **kwargs: P.kwargs
    ) -> PipelineResult[T]:
        """Add a call, to be made at the end of the block.

        Args:
            call: a method of this Database's repositories that runs one statement.
            *args: its positional arguments.
            **kwargs: its keyword arguments.

        Raises:
            RepositoryError: `call` is not such a method, and was not called.
            TransactionClosed: the block has ended.
        """
        if self._closed:
            raise TransactionClosed("the pipeline block has ended")
        recording = record(call, args, kwargs, self._database, "pipeline")
        pending = PipelineResult(recording)
        self._pending.append(pending)
        return pending

    async def run(self, outer: Transaction | None) -> None:
        """Make the calls.

        Args:
            outer: the transaction to join; None to make one.

        Raises:
            RepositoryError: a call failed; all calls are undone.
        """
        self._closed = True
        if not self._pending:
            return
        with self._observed() as call:  # noqa: F841 -- who waits finds it on the stack
            await self._run_or_discard(outer)

    def _observed(self) -> AbstractContextManager[object]:
        """Return a block that observers see as a pipeline."""
        observers = self._database.observers
        if not observers.active:
            return UNOBSERVED
        from ..observing import observe_pipeline  # noqa: PLC0415 -- only where there are

        steps = [pending.step for pending in self._pending]
        return observe_pipeline(
            observers,
            self._database.place_of_calls(),
            [(step.package, step.statement) for step in steps],
        )

    async def _run_or_discard(self, outer: Transaction | None) -> None:
        try:
            await self._run(outer)
        except BaseException:
            for pending in self._pending:
                pending.discard()
            raise

    async def _run(self, outer: Transaction | None) -> None:
        if outer is not None:
            await self._run_in(outer)
            return
        steps = [pending.step for pending in self._pending]
        writes: list[Step] = []
        for step in steps:
            if step.statement.locks_rows:
                raise needs_transaction(step.statement)
            if not step.statement.read_only:
                writes.append(step)
        # Results that can be errors are checked before the commit, which then takes a
        # separate round trip.
        if any(step.may_fail_late for step in writes) or not await self._run_alone(
            steps, writes
        ):
            async with self._database.transaction() as transaction:
                await self._run_in(transaction)

    async def _run_in(self, transaction: Transaction) -> None:
        steps = [pending.step for pending in self._pending]
        sessions = [transaction.session(step.package, step.tenant) for step in steps]
        if not sessions[0].is_fast:
            for pending in self._pending:
                await pending.resolve(None, transaction)
            return
        answers = await send_steps(steps, sessions, [], transaction.effective_timeout)
        await self._resolve(answers, transaction)

    async def _run_alone(self, steps: Sequence[Step], writes: Sequence[Step]) -> bool:
        """Run the statements as one transaction; return False if that is impossible."""
        settings = {**self._router.limits, **_settings_of(steps)}
        before = [(SET, set_arguments(settings))] if settings else []
        async with self._router.checkout(writes=bool(writes)) as session_of:
            # Usually all steps are of one package.
            known = {
                package: session_of(package) for package in {s.package for s in steps}
            }
            sessions = [known[step.package] for step in steps]
            if not sessions[0].is_fast:
                return False
            try:
                answers = await send_steps(
                    steps, sessions, before, lambda seconds: seconds
                )
            except ConnectionLost as error:
                if not writes:
                    raise
                raise outcome_of(error, writes[0].statement) from None
        await self._resolve(answers, None)
        return True

    async def _resolve(
        self, answers: Sequence[Answer], transaction: Transaction | None
    ) -> None:
        for pending, answer in zip(self._pending, answers, strict=True):
            await pending.resolve(answer, transaction)


def _settings_of(steps: Sequence[Step]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for step in steps:
        if step.package.tenant is None:
            continue
        own = own_settings(step.package, None, step.tenant)
        if any(settings.get(name, value) != value for name, value in own.items()):
            raise WrongTenant("a pipeline is one tenant's", query=step.statement.name)
        settings |= own
    return settings


def _around(
    statement: Statement[Any], bounded: Callable[[float], float]
) -> Sequence[_Run]:
    """Return the statements that set and reset a statement's timeout."""
    if statement.timeout is None:
        return ()
    limit = milliseconds(bounded(statement.timeout))
    return (
        (LIMIT, (KEPT_BY_STATEMENT, limit)),
        (UNLIMIT, (KEPT_BY_STATEMENT,)),
    )


async def send_steps(
    steps: Sequence[Step],
    sessions: Sequence[Session],
    before: Sequence[_Run],
    bounded: Callable[[float], float],
) -> list[Answer]:
    """Run the statements in one pipeline and return their results."""
    commands: list[_Command] = []
    # The step of each command, by index; of several commands of a step, the last but
    # one is its statement.
    owners: list[int] = []
    places: list[int] = []

    owner = 0
    try:
        for statement, values in before:
            codec = await sessions[0].codec(statement)
            commands.append((codec, codec.encode(values)))
        owners += [0] * len(commands)
        for owner, step in enumerate(steps):
            around = _around(step.statement, bounded)
            places.append(len(commands) + len(around[:1]))
            for statement, values in (
                *around[:1],
                (step.statement, step.values),
                *around[1:],
            ):
                codec = await sessions[owner].codec(statement)
                commands.append((codec, codec.encode(values)))
                owners.append(owner)
        codecs = [codec for codec, _ in commands]
        async with sessions[0].compared(codecs):
            results = await sessions[0].pipelined(commands)
    except wire.BatchFailed as failure:
        owner = -1 if failure.item is None else owners[failure.item]
        raise await sessions[owner].translated(
            failure.error, steps[owner].statement
        ) from None
    except psycopg.Error as error:
        raise await sessions[owner].translated(error, steps[owner].statement) from None
    return [(commands[place][0], results[place]) for place in places]
