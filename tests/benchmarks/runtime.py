"""Generated code beside what people would write in its place: `make bench`.

Every operation is measured for all contenders in one interleaved run; ratios refer to
raw psycopg of the same kind, which gives tuples.
"""

from __future__ import annotations

import argparse
import asyncio
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import uvloop
from tests.benchmarks import peers_async, peers_sync
from tests.benchmarks.report import Measurement, markdown_table, svg_chart
from tests.benchmarks.rounds import run_rounds, run_rounds_async
from tests.benchmarks.setting import Setting, as_params, setting
from tests.benchmarks.tasks import TENANT, make_task

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

BASE = "raw psycopg"
SCRATCH = UUID(int=99)
KEY = make_task(5).id

_numbers = count(1_000_000)
_versions: dict[UUID, int] = {}


def fresh_task() -> Any:
    """A task that no one has stored yet."""
    return make_task(next(_numbers), SCRATCH)


def fresh_tasks(number: int) -> list[Any]:
    """Tasks that no one has stored yet."""
    return [fresh_task() for _ in range(number)]


class Versions:
    """Hands each contender a row of its own to rename, with its current version."""

    def __init__(self, row: int) -> None:
        self.key = make_task(row).id
        self.version = 0

    def next(self) -> int:
        """The version that the row is at."""
        self.version += 1
        return self.version


def sync_measurements(place: Setting, rounds: int) -> list[Measurement]:
    """All operations of the synchronous contenders."""
    connection = psycopg.connect(
        place.conninfo, autocommit=True, prepare_threshold=None
    )
    held = place.sync.TaskRepository(connection)
    copy_params = place.package.CopyTasksParams
    batch_params = place.package.InsertTasksParams
    peers: dict[str, Any] = {
        BASE: peers_sync.RawPsycopg(place.conninfo),
        "psycopg by hand": peers_sync.HandWrittenPsycopg(place.conninfo),
        "SQLAlchemy Core": peers_sync.SqlAlchemyCore(place.conninfo),
        "SQLAlchemy ORM": peers_sync.SqlAlchemyOrm(place.conninfo),
    }
    found = []
    with place.sync.Database.open(place.conninfo) as database:
        pooled = database.tasks

        def measure(
            name: str,
            calls: int,
            ours: Mapping[str, Callable[[], object]],
            theirs: Callable[[Any], Callable[[], object]],
            without: tuple[str, ...] = (),
        ) -> None:
            contenders = {n: theirs(p) for n, p in peers.items() if n not in without}
            ratios = run_rounds(
                {n: _repeated(c) for n, c in {**contenders, **ours}.items()},
                base=BASE,
                rounds=rounds,
                calls=calls,
            )
            found.append(Measurement(name=f"{name}, sync", base=BASE, ratios=ratios))

        measure(
            "get by key",
            300,
            {
                "reposgen": lambda: pooled.get_task(id=KEY),
                "reposgen, held": lambda: held.get_task(id=KEY),
            },
            lambda peer: lambda: peer.get(KEY),
        )
        for size, calls in ((100, 30), (10_000, 1)):
            measure(
                f"list {size}",
                calls,
                {
                    "reposgen": partial(
                        pooled.list_tasks, tenant_id=TENANT, row_limit=size
                    )
                },
                partial(_listing, size),
            )
        measure(
            "insert returning",
            100,
            {"reposgen": lambda: pooled.create_task(**_arguments(fresh_task()))},
            lambda peer: lambda: peer.insert(fresh_task()),
        )
        rows = count(100)
        ours = Versions(next(rows))
        measure(
            "optimistic update",
            100,
            {
                "reposgen": lambda: pooled.rename_task(
                    title="new", id=ours.key, version=ours.next()
                )
            },
            lambda peer: _renaming(peer, Versions(next(rows))),
        )

        def transaction() -> None:
            with database.transaction():
                pooled.get_task(id=KEY)
                pooled.count_retry(id=KEY)
                pooled.count_retry(id=KEY)

        measure(
            "transaction of 3",
            50,
            {"reposgen": transaction},
            lambda peer: lambda: peer.transaction(KEY),
            without=("SQLAlchemy Core",),
        )
        measure(
            "batch of 1,000 inserts",
            1,
            {
                "reposgen": Bulk(
                    pooled.insert_tasks,
                    lambda: as_params(batch_params, fresh_tasks(1000)),
                )
            },
            lambda peer: Bulk(peer.batch, lambda: fresh_tasks(1000)),
        )
        measure(
            "COPY of 10,000",
            1,
            {
                "reposgen": Bulk(
                    pooled.copy_tasks,
                    lambda: as_params(copy_params, fresh_tasks(10_000)),
                )
            },
            lambda peer: Bulk(peer.copy, lambda: fresh_tasks(10_000)),
            without=("SQLAlchemy Core", "SQLAlchemy ORM"),
        )
    for peer in peers.values():
        peer.close()
    connection.close()
    return found


class Bulk:
    """A call that is given rows, which are made before it is timed."""

    def __init__(self, call: Callable[[Any], Any], make: Callable[[], Any]) -> None:
        self.call = call
        self.make = make

    def __call__(self) -> Any:
        """Make rows and hand them over."""
        return self.call(self.make())


def _repeated(call: Any) -> Callable[[], Any]:
    if isinstance(call, Bulk):

        def prepare() -> Callable[[], Any]:
            rows = call.make()
            return lambda: call.call(rows)

        return prepare
    return lambda: call


def _listing(size: int, peer: Any) -> Callable[[], Any]:
    return partial(peer.list, TENANT, size)


def _renaming(peer: Any, versions: Versions) -> Callable[[], object]:
    return lambda: peer.rename(versions.key, versions.next())


def _arguments(task: Any) -> dict[str, Any]:
    return {name: getattr(task, name) for name in task.__slots__}


async def async_measurements(place: Setting, rounds: int) -> list[Measurement]:
    """All operations of the asynchronous contenders."""
    connection = await psycopg.AsyncConnection.connect(
        place.conninfo, autocommit=True, prepare_threshold=None
    )
    held = place.package.TaskRepository(connection)
    batch_params = place.package.InsertTasksParams
    copy_params = place.package.CopyTasksParams
    asyncpg = await peers_async.Asyncpg.open(place.conninfo)
    peers: dict[str, Any] = {
        BASE: await peers_async.RawPsycopg.open(place.conninfo),
        "aiosql": await peers_async.Aiosql.open(place.conninfo),
        "asyncpg": asyncpg,
    }
    found = []
    async with place.package.Database.open(place.conninfo) as database:
        pooled = database.tasks

        async def measure(
            name: str,
            calls: int,
            ours: Mapping[str, Callable[[], Awaitable[object]]],
            theirs: Callable[[Any], Callable[[], Awaitable[object]]],
            tasks: int = 1,
        ) -> None:
            known = peers if name.startswith("get") else {**peers}
            if not name.startswith("get"):
                known.pop("aiosql")
            if tasks > 1:
                known = {}
            contenders = {n: theirs(p) for n, p in known.items()}
            ratios = await run_rounds_async(
                {n: _repeated(c) for n, c in {**contenders, **ours}.items()},
                base=BASE if tasks == 1 else next(iter(ours)),
                rounds=rounds,
                calls=calls,
                tasks=tasks,
            )
            found.append(Measurement(name=f"{name}, async", base=BASE, ratios=ratios))

        await measure(
            "get by key",
            300,
            {
                "asyncpg, pool": lambda: asyncpg.get_through_pool(KEY),
                "reposgen": lambda: pooled.get_task(id=KEY),
                "reposgen, held": lambda: held.get_task(id=KEY),
            },
            lambda peer: lambda: peer.get(KEY),
        )
        await measure(
            "10 tasks get by key",
            50,
            {
                "asyncpg, pool": lambda: asyncpg.get_through_pool(KEY),
                "reposgen": lambda: pooled.get_task(id=KEY),
            },
            lambda peer: lambda: peer.get(KEY),
            tasks=10,
        )
        for size, calls in ((100, 30), (10_000, 1)):
            await measure(
                f"list {size}",
                calls,
                {
                    "reposgen": partial(
                        pooled.list_tasks, tenant_id=TENANT, row_limit=size
                    )
                },
                partial(_listing, size),
            )
        await measure(
            "insert returning",
            100,
            {"reposgen": lambda: pooled.create_task(**_arguments(fresh_task()))},
            lambda peer: lambda: peer.insert(fresh_task()),
        )

        async def transaction() -> None:
            async with database.transaction():
                await pooled.get_task(id=KEY)
                await pooled.count_retry(id=KEY)
                await pooled.count_retry(id=KEY)

        await measure(
            "transaction of 3",
            50,
            {"reposgen": transaction},
            lambda peer: lambda: peer.transaction(KEY),
        )
        await measure(
            "batch of 1,000 inserts",
            1,
            {
                "reposgen": Bulk(
                    pooled.insert_tasks,
                    lambda: as_params(batch_params, fresh_tasks(1000)),
                )
            },
            lambda peer: Bulk(peer.batch, lambda: fresh_tasks(1000)),
        )
        await measure(
            "COPY of 10,000",
            1,
            {
                "reposgen": Bulk(
                    pooled.copy_tasks,
                    lambda: as_params(copy_params, fresh_tasks(10_000)),
                )
            },
            lambda peer: Bulk(peer.copy, lambda: fresh_tasks(10_000)),
        )
    for peer in peers.values():
        await peer.close()
    await connection.close()
    return found


def main() -> None:
    """Measure and print; with `--chart`, draw as well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--chart", type=Path, help="where to write the SVG chart")
    arguments = parser.parse_args()
    with setting() as place:
        measurements = sync_measurements(place, arguments.rounds)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            measurements += runner.run(async_measurements(place, arguments.rounds))
    print(markdown_table(measurements))
    if arguments.chart:
        arguments.chart.write_text(svg_chart(measurements))


if __name__ == "__main__":
    main()
