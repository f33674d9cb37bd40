"""Much at once: COPY, streams and pages."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from tests.benchmarks import peers_async, peers_sync, statements
from tests.benchmarks.calls import BASE, Bulk, fresh_tasks, prepared
from tests.benchmarks.report import Measurement
from tests.benchmarks.rounds import run_rounds, run_rounds_async
from tests.benchmarks.setting import POINTS, TASKS, Setting, as_params
from tests.benchmarks.statements import percent
from tests.benchmarks.tasks import TENANT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

BLOCK = 128 * 1024
BY_HAND = "psycopg by hand"
LIMIT = "prebuilt buffer"
PAGE = 100


class SyncBulk:
    """COPY, streams and pages of the synchronous contenders.

    Attributes:
        found: what was measured.
    """

    def __init__(self, place: Setting, tasks: Any, rounds: int) -> None:
        self.found: list[Measurement] = []
        self._place = place
        self._tasks = tasks
        self._rounds = rounds
        self._raw = peers_sync.RawPsycopg(place.conninfo)
        self._by_hand = peers_sync.HandWrittenPsycopg(place.conninfo)

    def measure(
        self, name: str, contenders: Mapping[str, object], base: str = BASE
    ) -> None:
        """Measure an operation."""
        ratios = run_rounds(
            {n: prepared(call) for n, call in contenders.items()},
            base=base,
            rounds=self._rounds,
            calls=1,
        )
        self.found.append(Measurement(name=f"{name}, sync", base=base, ratios=ratios))

    def copy_tasks(self, size: int) -> None:
        """Wide rows."""
        params = self._place.package.CopyTasksParams
        self.measure(
            f"COPY of {size:,}, 23 columns",
            {
                BASE: Bulk(self._raw.batch, lambda: fresh_tasks(size)),
                BY_HAND: Bulk(self._by_hand.copy, lambda: fresh_tasks(size)),
                "reposgen": Bulk(
                    self._tasks.copy_tasks,
                    lambda: as_params(params, fresh_tasks(size)),
                ),
            },
        )

    def copy_points(self) -> None:
        """Narrow rows, beside bytes that are ready to be sent."""
        connection = self._raw.connection
        buffer = _binary(connection)
        params = self._place.package.CopyPointsParams
        points = [params(n, n * 0.5, f"point {n}") for n in range(POINTS)]

        def limit(_: object) -> None:
            with (
                connection.cursor() as cursor,
                cursor.copy(f"{statements.COPY_POINTS} (FORMAT binary)") as copy,
            ):
                for start in range(0, len(buffer), BLOCK):
                    copy.write(buffer[start : start + BLOCK])

        def copy_by_hand(rows: Iterable[Any]) -> None:
            with (
                connection.cursor() as cursor,
                cursor.copy(statements.COPY_POINTS) as copy,
            ):
                for row in rows:
                    copy.write_row((row.id, row.x, row.label))

        def empty() -> list[Any]:
            connection.execute("TRUNCATE points_in")
            return points

        self.measure(
            f"COPY of {POINTS:,}, 3 columns",
            {
                LIMIT: Bulk(limit, empty),
                BY_HAND: Bulk(copy_by_hand, empty),
                "reposgen": Bulk(self._tasks.copy_points, empty),
            },
            base=LIMIT,
        )

    def stream(self) -> None:
        """Narrow rows, one by one."""

        def stream() -> None:
            for _ in self._tasks.stream_points():
                pass

        def by_hand() -> None:
            point = self._place.package.Point
            with self._raw.connection.cursor() as cursor:
                for row in cursor.stream(statements.STREAM, size=1000):
                    point(*row)

        self.measure(
            f"stream of {POINTS:,}",
            {BASE: self._raw.stream, BY_HAND: by_hand, "reposgen": stream},
        )

    def page(self) -> None:
        """Wide rows, page by page; tuples and a key by hand are the base."""
        page_of = partial(self._tasks.page_tasks, tenant_id=TENANT, limit=PAGE)

        def pages() -> None:
            page = page_of()
            while page.next is not None:
                page = page_of(after=page.next)

        self.measure(
            f"page through {TASKS:,}",
            {BASE: lambda: _pages(self._raw.connection), "reposgen": pages},
        )

    def close(self) -> None:
        """Close the peers."""
        self._raw.close()
        self._by_hand.close()


def sync_bulk(place: Setting, rounds: int) -> list[Measurement]:
    """All operations of the synchronous contenders."""
    with place.sync.Database.open(place.conninfo) as database:
        bulk = SyncBulk(place, database.tasks, rounds)
        bulk.copy_tasks(1_000)
        bulk.copy_tasks(100_000)
        bulk.copy_points()
        bulk.stream()
        bulk.page()
        bulk.close()
    return bulk.found


async def async_bulk(place: Setting, rounds: int, loop: str) -> list[Measurement]:
    """COPY and streams of the asynchronous contenders."""
    raw = await peers_async.RawPsycopg.open(place.conninfo)
    asyncpg = await peers_async.Asyncpg.open(place.conninfo)
    found = []

    async def measure(name: str, contenders: Mapping[str, object]) -> None:
        ratios = await run_rounds_async(
            {n: prepared(call) for n, call in contenders.items()},
            base=BASE,
            rounds=rounds,
            calls=1,
        )
        found.append(Measurement(name=f"{name}, {loop}", base=BASE, ratios=ratios))

    async with place.package.Database.open(place.conninfo) as database:
        tasks = database.tasks

        async def stream() -> None:
            async for _ in tasks.stream_points():
                pass

        await measure(
            f"stream of {POINTS:,}",
            {BASE: raw.stream, "asyncpg": asyncpg.stream, "reposgen": stream},
        )
        size = 10_000
        await measure(
            f"COPY of {size:,}, 23 columns",
            {
                BASE: Bulk(raw.batch, lambda: fresh_tasks(size)),
                "asyncpg": Bulk(asyncpg.copy, lambda: fresh_tasks(size)),
                "reposgen": Bulk(
                    tasks.copy_tasks,
                    lambda: as_params(place.package.CopyTasksParams, fresh_tasks(size)),
                ),
            },
        )
    await raw.close()
    await asyncpg.close()
    return found


def streaming(place: Setting) -> str:
    """What a stream of a million rows takes, in words."""
    lines = []
    with (
        place.sync.Database.open(place.conninfo) as database,
        psycopg.connect(place.conninfo, autocommit=True) as connection,
    ):

        def plain() -> Iterable[object]:
            with connection.cursor() as cursor:
                yield from cursor.stream(statements.STREAM, size=1000)

        contenders: dict[str, Callable[[], Iterable[object]]] = {
            "cursor.stream(size=1000)": plain,
            "reposgen": database.tasks.stream_points,
        }
        for call in contenders.values():
            next(iter(call()))
        for name, call in contenders.items():
            before = _peak(reset=True)
            start = time.perf_counter()
            rows = iter(call())
            next(rows)
            first = time.perf_counter() - start
            count = 1 + sum(1 for _ in rows)
            seconds = time.perf_counter() - start
            peak = _peak() - before
            lines.append(
                f"- {name}: {count / seconds:,.0f} rows/s, the first after"
                f" {first * 1000:.1f} ms, {peak / 1024:.1f} MiB more memory at most"
            )
    return "\n".join(lines)


def _peak(*, reset: bool = False) -> int:
    """The most memory that the process has had, in KiB."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])


def _binary(connection: psycopg.Connection[Any]) -> bytes:
    with (
        connection.cursor() as cursor,
        cursor.copy("COPY points TO STDOUT (FORMAT binary)") as copy,
    ):
        return b"".join(map(bytes, copy))


def _pages(connection: psycopg.Connection[Any]) -> None:
    after: tuple[Any, Any] = ("infinity", "ffffffff-ffff-ffff-ffff-ffffffffffff")
    query = percent(statements.PAGE)
    while rows := connection.execute(query, (TENANT, *after, PAGE)).fetchall():
        after = (rows[-1][16], rows[-1][0])
