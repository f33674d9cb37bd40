"""How the server would run what a generated method sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from reposgen_runtime import Statement
from reposgen_runtime.codec import read_rows
from reposgen_runtime.sync.executor import ConnectionExecutor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg
    from psycopg.pq.abc import PGresult

    from reposgen_runtime.codec import Codec
    from reposgen_runtime.statement import Package
    from reposgen_runtime.sync import Source

R = TypeVar("R")
T = TypeVar("T")


class _Explained(Exception):  # noqa: N818 -- carries the answer, and is no failure
    """Ends a call before it has a result."""

    def __init__(self, plan: str) -> None:
        super().__init__(plan)
        self.plan = plan


class _Explaining(ConnectionExecutor):
    """Explains statements instead of running them."""

    def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],  # noqa: ARG002 -- there is no result
    ) -> R:
        explain = Statement[str](
            statement.name,
            sql=f"EXPLAIN {statement.sql}",
            parameters=statement.parameters,
            results=("text",),
        )
        lines = super().run_statement(package, explain, values, read_rows)
        raise _Explained("\n".join(lines))


def plan_of(
    connection: psycopg.Connection[Any], call: Callable[[Source], object]
) -> str:
    """The plan of a call's first statement, for the arguments that are given.

    Args:
        connection: of the role that the plan is to be for.
        call: makes a repository on the source that it is given, and calls a method.
    """
    try:
        call(_Explaining(connection))
    except _Explained as explained:
        return explained.plan
    raise AssertionError("the call sent no statement")
