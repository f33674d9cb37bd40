"""The collaboration system beside the times that its design asks for.

`python -m tests.benchmarks.systems --tasks 100000`: through the generated package, as
an unprivileged role under row-level security, on a server that waits for its disk,
with everything warm. There is no cache yet, so the time of a cached read is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from secrets import token_hex
from time import perf_counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
from generated.collaboration import CreateBatchParams, Database
from generated.collaboration.models import TaskPriority, TaskStatus
from generated.collaboration.sync import Database as SyncDatabase
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.systems.data import fill, id_of
from tests.systems.databases import COLLABORATION_GRANTS, create_system, drop_system

from reposgen.database.embedded import embedded_server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

TENANT = id_of("tenant", 1)
# Belongs to the first tenant in data sets of every size.
TASK = id_of("task", 1)
SERVER = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A row of the table.

    Attributes:
        target: milliseconds.
        calls: how often it is measured, after a tenth as many that are not.
    """

    name: str
    target: float
    calls: int


CREATE = Operation(name="create", target=5, calls=300)
COPY = Operation(name="COPY of 1,000", target=100, calls=30)
GET = Operation(name="get", target=2, calls=1000)
LIST = Operation(name="list of 100", target=10, calls=200)
STREAM = Operation(name="stream of 10,000: first row", target=1000, calls=20)
COMMIT = Operation(name="commit", target=20, calls=300)
# Those that write come last: what they write is in the way of those that read.
OPERATIONS = (GET, LIST, STREAM, COMMIT, CREATE, COPY)


@contextmanager
def tenant_of_system(tasks: int) -> Iterator[str]:
    """A server with that many tasks; gives the connection string of a tenant's role."""
    with (
        embedded_server(18, progress=_silent, settings=SERVER) as server,
        psycopg.connect(server, autocommit=True) as admin,
        ExitStack() as stack,
    ):
        name = create_system(admin, "collaboration")
        stack.callback(drop_system, admin, name)
        owners = make_conninfo(server, dbname=name)
        with psycopg.connect(owners, autocommit=True) as connection:
            fill(connection, "collaboration", tasks)
            role = f"app_{token_hex(8)}"
            identifier = sql.Identifier(role)
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(identifier))
            connection.execute(sql.SQL(COLLABORATION_GRANTS).format(role=identifier))
            connection.execute("VACUUM (ANALYZE)")
            connection.execute("CHECKPOINT")
        yield make_conninfo(owners, user=role, options=f"-c app.tenant_id={TENANT}")
        with psycopg.connect(owners, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(identifier)
            )


def _silent(_: str) -> None:
    pass


def new_task() -> dict[str, Any]:
    """The arguments of a new task."""
    return {
        "id": uuid4(),
        "tenant_id": TENANT,
        "type": "review",
        "assigned_to": "agent-2",
        "priority": TaskPriority.NORMAL,
        "created_by": "agent-1",
        "parent_task_id": None,
        "title": f"Review the payment service {next(_numbers)}",
        "description": "It is slow since the upgrade, and customers complain.",
        "parameters": {"attempt": 1, "region": "eu"},
        "max_retries": 3,
        "timeout_seconds": 3600,
    }


def created() -> dict[str, Any]:
    """The arguments of `create`."""
    rest = {"deadline": None, "schedule": None, "tags": ["urgent"], "capabilities": []}
    return new_task() | rest


def copied() -> list[CreateBatchParams]:
    """The rows of `create_batch`."""
    return [
        CreateBatchParams(**new_task(), status=TaskStatus.ASSIGNED) for _ in range(1000)
    ]


def sync_times(conninfo: str) -> dict[Operation, list[float]]:
    """Milliseconds of each operation's calls, of the synchronous package."""
    with SyncDatabase.open(conninfo) as database, database.tenant(TENANT):
        tasks = database.tasks

        def stream() -> float:
            start = perf_counter()
            with tasks.stream_tasks(tenant_id=TENANT) as rows:
                next(iter(rows))
                return perf_counter() - start

        def commit() -> float:
            with database.transaction():
                tasks.update(id=TASK, title=f"Review {next(_numbers)}")
                start = perf_counter()
            return perf_counter() - start

        def timed(
            call: Callable[[Any], object], argument: Callable[[], Any] = lambda: None
        ) -> Callable[[], float]:
            def run() -> float:
                given = argument()
                start = perf_counter()
                call(given)
                return perf_counter() - start

            return run

        calls: Mapping[Operation, Callable[[], float]] = {
            GET: timed(lambda _: tasks.get(id=TASK)),
            LIST: timed(lambda _: tasks.list_by_tenant(tenant_id=TENANT, limit=100)),
            STREAM: stream,
            COMMIT: commit,
            CREATE: timed(lambda given: tasks.create(**given), created),
            COPY: timed(tasks.create_batch, copied),
        }
        return {
            operation: [
                calls[operation]() * 1000
                for _ in range(operation.calls + operation.calls // 10)
            ][-operation.calls :]
            for operation in OPERATIONS
        }


async def async_times(conninfo: str) -> dict[Operation, list[float]]:
    """The same of the asynchronous package."""
    async with Database.open(conninfo) as database, database.tenant(TENANT):
        tasks = database.tasks

        async def stream() -> float:
            start = perf_counter()
            async with tasks.stream_tasks(tenant_id=TENANT) as rows:
                await anext(aiter(rows))
                return perf_counter() - start

        async def commit() -> float:
            async with database.transaction():
                await tasks.update(id=TASK, title=f"Review {next(_numbers)}")
                start = perf_counter()
            return perf_counter() - start

        def timed(
            call: Callable[[Any], Awaitable[object]],
            argument: Callable[[], Any] = lambda: None,
        ) -> Callable[[], Awaitable[float]]:
            async def run() -> float:
                given = argument()
                start = perf_counter()
                await call(given)
                return perf_counter() - start

            return run

        calls: Mapping[Operation, Callable[[], Awaitable[float]]] = {
            GET: timed(lambda _: tasks.get(id=TASK)),
            LIST: timed(lambda _: tasks.list_by_tenant(tenant_id=TENANT, limit=100)),
            STREAM: stream,
            COMMIT: commit,
            CREATE: timed(lambda given: tasks.create(**given), created),
            COPY: timed(tasks.create_batch, copied),
        }
        return {
            operation: [
                await calls[operation]() * 1000
                for _ in range(operation.calls + operation.calls // 10)
            ][-operation.calls :]
            for operation in OPERATIONS
        }


def table(columns: Mapping[str, Mapping[Operation, Sequence[float]]]) -> str:
    """A Markdown table: medians, and in brackets the 95th percentiles."""
    lines = [
        f"| milliseconds | target | {' | '.join(columns)} |",
        f"| --- | ---: |{' ---: |' * len(columns)}",
    ]
    for operation in OPERATIONS:
        cells = [_cell(times[operation]) for times in columns.values()]
        lines.append(
            f"| {operation.name} | < {operation.target:g} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def _cell(times: Sequence[float]) -> str:
    slow = statistics.quantiles(times, n=20, method="inclusive")[-1]
    return f"{statistics.median(times):.2f} ({slow:.2f})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--tasks",
        type=int,
        default=100_000,
        help="a tenth of them are the tenant's, so that fewer than 100,000 leave fewer"
        " than 10,000 to be streamed",
    )
    arguments = parser.parse_args()
    with tenant_of_system(arguments.tasks) as conninfo:
        columns = {
            "sync": sync_times(conninfo),
            "async": asyncio.run(async_times(conninfo)),
        }
    print(table(columns))


if __name__ == "__main__":
    main()
