"""The asynchronous contenders, call by call."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tests.benchmarks import peers_async
from tests.benchmarks.calls import (
    BASE,
    KEY,
    Bulk,
    Versions,
    arguments,
    fresh_task,
    fresh_tasks,
    prepared,
)
from tests.benchmarks.report import Measurement
from tests.benchmarks.rounds import run_rounds_async
from tests.benchmarks.setting import Setting, as_params
from tests.benchmarks.tasks import TENANT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

POOLED = "raw psycopg, pool"


async def async_measurements(
    place: Setting, rounds: int, loop: str
) -> list[Measurement]:
    """All operations of the asynchronous contenders, on an event loop of that name."""
    connection = await place.package.Database.connection_class.connect(
        place.conninfo, autocommit=True, prepare_threshold=None
    )
    held = place.package.TaskRepository(connection)
    asyncpg = await peers_async.Asyncpg.open(place.conninfo)
    peers: dict[str, Any] = {
        BASE: await peers_async.RawPsycopg.open(place.conninfo),
        "aiosql": await peers_async.Aiosql.open(place.conninfo),
        "asyncpg": asyncpg,
    }
    pool = await peers_async.PooledPsycopg.open(place.conninfo)
    found = []

    async def measure(
        name: str,
        calls: int,
        contenders: Mapping[str, object],
        *,
        base: str = BASE,
        tasks: int = 1,
    ) -> None:
        ratios = await run_rounds_async(
            {n: prepared(call) for n, call in contenders.items()},
            base=base,
            rounds=rounds,
            calls=calls,
            tasks=tasks,
        )
        found.append(Measurement(name=f"{name}, {loop}", base=base, ratios=ratios))

    def of_peers(
        call: Callable[[Any], object], without: tuple[str, ...] = ("aiosql",)
    ) -> dict[str, object]:
        return {n: call(peer) for n, peer in peers.items() if n not in without}

    async with place.package.Database.open(place.conninfo) as database:
        repository = database.tasks
        pooled: dict[str, Callable[[], Awaitable[object]]] = {
            POOLED: lambda: pool.get(KEY),
            "asyncpg, pool": lambda: asyncpg.get_through_pool(KEY),
            "reposgen": lambda: repository.get_task(id=KEY),
        }
        await measure(
            "get by key",
            200,
            {
                **of_peers(lambda peer: lambda: peer.get(KEY), without=()),
                **pooled,
                "reposgen, held": lambda: held.get_task(id=KEY),
            },
        )
        for size, calls in ((100, 20), (10_000, 1)):
            await measure(
                f"list {size:,}",
                calls,
                {
                    **of_peers(
                        lambda peer, size=size: partial(peer.list, TENANT, size)  # type: ignore[misc] # its own size
                    ),
                    "reposgen": partial(
                        repository.list_tasks, tenant_id=TENANT, row_limit=size
                    ),
                },
            )
        await measure(
            "insert returning",
            100,
            {
                **of_peers(lambda peer: lambda: peer.insert(fresh_task())),
                "reposgen": lambda: repository.create_task(**arguments(fresh_task())),
            },
        )
        own = Versions()
        await measure(
            "optimistic update",
            100,
            {
                **of_peers(_renaming),
                "reposgen": lambda: repository.rename_task(
                    title="new", id=own.key, version=own.next()
                ),
            },
        )

        async def transaction() -> None:
            async with database.transaction():
                await repository.get_task(id=KEY)
                await repository.count_retry(id=KEY)
                await repository.count_retry(id=KEY)

        async def pipeline() -> None:
            async with database.pipeline() as pipeline:
                pipeline.add(repository.get_task, id=KEY)
                pipeline.add(repository.count_retry, id=KEY)
                pipeline.add(repository.count_retry, id=KEY)

        await measure(
            "transaction of 3",
            50,
            {
                **of_peers(lambda peer: lambda: peer.transaction(KEY)),
                "reposgen": transaction,
                "reposgen, pipeline": pipeline,
            },
        )
        await measure(
            "batch of 1,000 inserts",
            1,
            {
                **of_peers(lambda peer: Bulk(peer.batch, lambda: fresh_tasks(1000))),
                "reposgen": Bulk(
                    repository.insert_tasks,
                    lambda: as_params(
                        place.package.InsertTasksParams, fresh_tasks(1000)
                    ),
                ),
            },
        )
    # A pool that has grown takes all its connections in turn: this one is not the
    # others'.
    async with place.package.Database.open(place.conninfo) as grown:
        pooled["reposgen"] = lambda: grown.tasks.get_task(id=KEY)
        await measure("get by key, 10 tasks", 50, pooled, base=POOLED, tasks=10)
    for peer in (*peers.values(), pool, connection):
        await peer.close()
    return found


def _renaming(peer: Any) -> Callable[[], object]:
    versions = Versions()
    return lambda: peer.rename(versions.key, versions.next())
