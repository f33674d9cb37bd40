"""Recording of the statement that a call would run, and replay of its result."""

from __future__ import annotations

import sys
from functools import partial
from types import FunctionType, MethodType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    NamedTuple,
    NoReturn,
    TypeAlias,
    TypeVar,
    cast,
)

from ..codec import read_command, read_nothing
from ..errors import RepositoryError
from ..observers import NOBODY
from ._compat import start
from .runner import Runner
from .tenant import Tenant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..statement import Package, Statement
    from .database import Database
    from .transaction import Transaction

R = TypeVar("R")
T = TypeVar("T")

Answer: TypeAlias = "tuple[Codec[Any], PGresult]"

# The attribute of a generated repository that holds its runner.
_RUNNER = "_run"


class Step(NamedTuple):
    """The statement that a call would run."""

    package: Package
    statement: Statement[Any]
    values: Sequence[Any]
    read: Callable[[Codec[Any], PGresult], Any]
    tenant: str | None

    @property
    def may_fail_late(self) -> bool:
        """True if it may write, and its result can still be an error."""
        statement = self.statement
        if statement.read_only:
            return False
        judges = self.read not in (read_command, read_nothing)
        return judges or statement.optimistic is not None


class Recording(NamedTuple, Generic[T]):
    """A recorded call.

    Attributes:
        step: the statement that it runs.
        replay: returns the call's result, from the answer that the recorder has.
        recorder: has to be given the answer first.
    """

    step: Step
    replay: Callable[[], Awaitable[T]]
    recorder: Recorder


class _Recorded(BaseException):
    """Ends a call at its statement; the only argument is a `Step`."""


class Recorder:
    """Replacement for a Database that first records a call and then returns its result.

    Attributes:
        answer: the statement's result, once it was run.
        behind: the transaction in which it was run; None if there was none.
        observers: no observers, since they are notified of the pipeline.
    """

    observers: Final = NOBODY

    def __init__(self, tenant: str | None, taker: str) -> None:
        self._taker = taker
        self.answer: Answer | None = None
        self.behind: Transaction | None = None
        self._tenant = tenant
        self._recorded = False

    async def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
    ) -> R:
        """Record the statement the first time; return its result the second time."""
        if not self._recorded:
            self._recorded = True
            raise _Recorded(Step(package, statement, values, read, self._tenant))
        answer, self.answer = self.answer, None
        if answer is not None:
            return read(*answer)
        # For example the probe of a write by version.
        if self.behind is None:
            raise RepositoryError(
                f"takes more than one statement, which a {self._taker} does not",
                query=statement.name,
            )
        return await self.behind.run_statement(
            package, statement, values, read, self._tenant
        )

    def lease(
        self,
        package: Package,  # noqa: ARG002 -- a source's signature
        statement: Statement[Any] | None = None,
    ) -> NoReturn:
        """Refuse calls that take more than one statement."""
        raise RepositoryError(
            f"a {self._taker} takes no batch, COPY, stream or connection",
            query=None if statement is None else statement.name,
        )

    def locate(self) -> NoReturn:
        """Refuse to listen."""
        raise RepositoryError(f"a {self._taker} takes no listener")

    def place_of_calls(self) -> NoReturn:
        """Refuse, because the pipeline's calls are not observed one by one."""
        raise RepositoryError("a pipeline's calls are observed as one")


def record(
    call: Callable[..., Awaitable[T]],
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    database: Database,
    taker: str,
) -> Recording[T]:
    """Record the statement that a method of a repository runs, without running it.

    The method is called twice: to record it and to compute its result. This is allowed
    only for generated methods, which do nothing but call their runner. Other callables
    are refused without a call, since they can have side effects.

    Args:
        call: a method of a repository, or `functools.partial` of one.
        args: the positional arguments.
        kwargs: the keyword arguments.
        database: the Database of the repository.
        taker: name in messages of the block that takes the call.

    Raises:
        RepositoryError: `call` is not a generated method of this Database, or it does
            not run one statement.
    """
    method, recorder = _redirected(call, args, database, taker)
    replay = partial(method, **kwargs)
    try:
        start(replay)
    except _Recorded as recorded:
        return Recording(recorded.args[0], replay, recorder)
    raise RepositoryError(
        f"a {taker} takes methods of its Database's repositories that run one statement"
    )


def _redirected(
    call: Callable[..., T], args: Sequence[Any], database: Database, taker: str
) -> tuple[Callable[..., T], Recorder]:
    """Return a repository's method, redirected from its Database to a recorder."""
    given = list(args)
    named: dict[str, Any] = {}
    while isinstance(call, partial):
        given[:0] = call.args
        named = {**call.keywords, **named}
        call = call.func
    runner = _runner_of(call)
    executor = None if runner is None else runner._executor  # noqa: SLF001 -- of this runtime
    tenant = database.current_tenant()
    if isinstance(executor, Tenant):
        tenant = executor.id
        executor = executor._database  # noqa: SLF001 -- as above
    if runner is None or executor is not database:
        raise RepositoryError(
            f"a {taker} takes methods of its Database's repositories that run one"
            f" statement, and no other function: {taker}.add(db.tasks.get_task, id=1)"
        )
    recorder = Recorder(tenant, taker)
    method = cast("MethodType", call)
    stand_in: Any = type(runner)(recorder, runner._package)  # noqa: SLF001 -- as above
    if not isinstance(method.__self__, Runner):
        repository = object.__new__(type(method.__self__))
        setattr(repository, _RUNNER, stand_in)
        stand_in = repository
    bound = MethodType(method.__func__, stand_in)
    return partial(bound, *given, **named), recorder


def _runner_of(call: object) -> Runner | None:
    """Return the runner of a generated method; None for other callables."""
    if not isinstance(call, MethodType) or not isinstance(call.__func__, FunctionType):
        return None
    function, repository = call.__func__, call.__self__
    if isinstance(repository, Runner):
        return repository
    for owner in type(repository).__mro__:
        if vars(owner).get(function.__name__) is function:
            break
    else:
        return None
    # A subclass of the user can add methods to a generated class, or override them.
    is_generated = _RUNNER in vars(owner).get(
        "__slots__", ()
    ) and function.__globals__ is vars(sys.modules[owner.__module__])
    runner = getattr(repository, _RUNNER, None) if is_generated else None
    return runner if isinstance(runner, Runner) else None
