"""The synchronous contenders, call by call."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import psycopg
from tests.benchmarks import peers_sync
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
from tests.benchmarks.rounds import run_rounds
from tests.benchmarks.setting import Setting, as_params
from tests.benchmarks.tasks import TENANT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ORM = "SQLAlchemy ORM"
CORE = "SQLAlchemy Core"


def sync_measurements(place: Setting, rounds: int) -> list[Measurement]:
    """All operations of the synchronous contenders."""
    connection = psycopg.connect(
        place.conninfo, autocommit=True, prepare_threshold=None
    )
    held = place.sync.TaskRepository(connection)
    peers: dict[str, Any] = {
        BASE: peers_sync.RawPsycopg(place.conninfo),
        "psycopg by hand": peers_sync.HandWrittenPsycopg(place.conninfo),
        CORE: peers_sync.SqlAlchemyCore(place.conninfo),
        ORM: peers_sync.SqlAlchemyOrm(place.conninfo),
    }
    found = []

    def measure(
        name: str,
        calls: int,
        ours: Mapping[str, object],
        theirs: Callable[[Any], object],
        without: tuple[str, ...] = (),
    ) -> None:
        contenders = {n: theirs(p) for n, p in peers.items() if n not in without}
        ratios = run_rounds(
            {n: prepared(call) for n, call in {**contenders, **ours}.items()},
            base=BASE,
            rounds=rounds,
            calls=calls,
        )
        found.append(Measurement(name=f"{name}, sync", base=BASE, ratios=ratios))

    with place.sync.Database.open(place.conninfo) as database:
        tasks = database.tasks
        measure(
            "get by key",
            200,
            {
                "reposgen": lambda: tasks.get_task(id=KEY),
                "reposgen, held": lambda: held.get_task(id=KEY),
            },
            lambda peer: lambda: peer.get(KEY),
        )
        for size, calls in ((100, 20), (10_000, 1)):
            listing = partial(tasks.list_tasks, tenant_id=TENANT, row_limit=size)
            measure(
                f"list {size:,}",
                calls,
                {"reposgen": listing},
                lambda peer, size=size: partial(peer.list, TENANT, size),  # type: ignore[misc] # its own size
            )
        measure(
            "insert returning",
            100,
            {"reposgen": lambda: tasks.create_task(**arguments(fresh_task()))},
            lambda peer: lambda: peer.insert(fresh_task()),
        )
        own = Versions()
        measure(
            "optimistic update",
            100,
            {
                "reposgen": lambda: tasks.rename_task(
                    title="new", id=own.key, version=own.next()
                )
            },
            _renaming,
        )

        def transaction() -> None:
            with database.transaction():
                tasks.get_task(id=KEY)
                tasks.count_retry(id=KEY)
                tasks.count_retry(id=KEY)

        def pipeline() -> None:
            with database.pipeline() as pipeline:
                pipeline.add(tasks.get_task, id=KEY)
                pipeline.add(tasks.count_retry, id=KEY)
                pipeline.add(tasks.count_retry, id=KEY)

        measure(
            "transaction of 3",
            50,
            {"reposgen": transaction, "reposgen, pipeline": pipeline},
            lambda peer: lambda: peer.transaction(KEY),
            without=(CORE,),
        )
        measure(
            "batch of 1,000 inserts",
            1,
            {
                "reposgen": Bulk(
                    tasks.insert_tasks,
                    lambda: as_params(
                        place.package.InsertTasksParams, fresh_tasks(1000)
                    ),
                )
            },
            lambda peer: Bulk(peer.batch, lambda: fresh_tasks(1000)),
        )
    for peer in peers.values():
        peer.close()
    connection.close()
    return found


def _renaming(peer: Any) -> Callable[[], object]:
    versions = Versions()
    return lambda: peer.rename(versions.key, versions.next())
