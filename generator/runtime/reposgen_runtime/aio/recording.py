"""What a call would run, and the call itself once that was run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias, TypeVar

from ..codec import read_command, read_nothing
from ..errors import RepositoryError
from ._compat import current_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..statement import Package, Statement
    from .transaction import Transaction

R = TypeVar("R")
T = TypeVar("T")

Answer: TypeAlias = "tuple[Codec[Any], PGresult]"


class Step(NamedTuple):
    """A statement that a call wants to run."""

    package: Package
    statement: Statement[Any]
    values: Sequence[Any]
    read: Callable[[Codec[Any], PGresult], Any]
    tenant: str | None

    @property
    def may_fail_late(self) -> bool:
        """Whether it may write, and its result be a failure all the same."""
        statement = self.statement
        if statement.read_only:
            return False
        judges = self.read not in (read_command, read_nothing)
        return judges or statement.optimistic is not None


class Recorded(BaseException):
    """Ends a call at its statement, a `Step`, which is its only argument."""


class Recorder:
    """Stands in for a transaction, to see what a call would run in it."""

    closed = False

    def __init__(self) -> None:
        self.owner = current_owner()

    async def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        tenant: str | None = None,
    ) -> R:
        """Do not run it."""
        raise Recorded(Step(package, statement, values, read, tenant))

    def lease(
        self,
        package: Package,  # noqa: ARG002 -- a transaction's signature
        statement: Statement[Any] | None = None,
        tenant: str | None = None,  # noqa: ARG002 -- as above
    ) -> NoReturn:
        """Refuse what takes more than one statement."""
        raise RepositoryError(
            "a pipeline takes no batch, COPY, stream or connection",
            query=None if statement is None else statement.name,
        )


class Replayed(Recorder):
    """Stands in for a transaction in which the statement was run.

    Attributes:
        answer: what the statement of the next call got.
    """

    def __init__(self, behind: Transaction | None) -> None:
        super().__init__()
        self.answer: Answer | None = None
        self._behind = behind

    async def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        tenant: str | None = None,
    ) -> R:
        """Give the answer that it got."""
        answer, self.answer = self.answer, None
        if answer is not None:
            return read(*answer)
        # As why a write by version met no row.
        if self._behind is None:
            raise RepositoryError(
                "takes more than one statement, which a pipeline does not",
                query=statement.name,
            )
        return await self._behind.run_statement(
            package, statement, values, read, tenant
        )
