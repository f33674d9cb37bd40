"""No cached read of the system `collaboration` is stale, whatever it is written with.

Several processes, on asyncio and in threads, make all cached reads of the generated
package and all writes of the tables that these read: alone, in transactions, in
pipelines, undone, cancelled, cut off. Which write invalidates which read is not stated
anywhere here: a read is compared with the versions of its rows that were committed.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from inspect import getmembers
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest
from generated.collaboration import agents, documents, tasks, workflows, workspaces
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.coherence.collaboration import LEFT_OUT, READS, STAMPS, WRITES
from tests.coherence.processes import running
from tests.coherence.versions import Checker, Histories
from tests.support.proxy import proxied
from tests.support.redis_server import RedisServer
from tests.systems.databases import COLLABORATION_GRANTS, MIGRATIONS

from reposgen_runtime import Statement
from reposgen_runtime.variants import Variants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.coherence.processes import Processes

WORKER: Final = "tests.coherence.collaboration_worker"
# As documented; the second level may not be behind at all.
BOUNDS: Final = {"l1": 0.4, "l2": 0.0}
# Seconds for a writer that could not reach Redis to tell it what has changed.
GRACE: Final = 3.0
# With more reads than that, most are of what is hot.
MANY: Final = 100_000
SCHEMA: Final = "".join(
    path.read_text(encoding="utf-8")
    for path in sorted((MIGRATIONS / "collaboration").glob("*.sql"))
)
# Those of `--all` are longer than any other.
pytestmark = pytest.mark.timeout(7200)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    folder = tmp_path / "redis"
    folder.mkdir()
    server = RedisServer(folder)
    yield server
    server.kill()


@pytest.fixture
def owners(make_database: Callable[[str], str]) -> str:
    return make_database(SCHEMA + STAMPS)


@pytest.fixture
def url(owners: str) -> Iterator[str]:
    """For a role that sees the rows of its tenant only."""
    role, password = f"app_{token_hex(8)}", token_hex(16)
    name = sql.Identifier(role)
    with psycopg.connect(owners, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                name, sql.Literal(password)
            )
        )
        admin.execute(sql.SQL(COLLABORATION_GRANTS).format(role=name))
        yield make_conninfo(owners, user=role, password=password)
        admin.execute(sql.SQL("DROP OWNED BY {}").format(name))
        admin.execute(sql.SQL("DROP ROLE {}").format(name))


@pytest.fixture
def wanted(request: pytest.FixtureRequest) -> int:
    """How many reads are made and checked."""
    given = os.environ.get("REPOSGEN_COHERENCE_READS")
    return int(given or (100_000 if request.config.getoption("--all") else 20_000))


class Observer:
    """Looks all the time which transactions are committed.

    Attributes:
        observed: by transaction, when it was seen for the first time.
    """

    def __init__(self, url: str) -> None:
        self.observed: dict[int, float] = {}
        self._url = url
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def _look(self) -> None:
        oldest = 0
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._closing.wait(0.003):
                found = connection.execute(
                    "SELECT array_agg(DISTINCT transaction::text::int8),"
                    " pg_snapshot_xmin(pg_current_snapshot())::text::int8"
                    " FROM checker.versions WHERE transaction >= %s::text::xid8",
                    (oldest,),
                ).fetchone()
                end = time.monotonic()
                assert found is not None
                for number in found[0] or ():
                    self.observed.setdefault(number, end)
                oldest = found[1]

    def close(self) -> None:
        """Look no more."""
        self._closing.set()
        self._thread.join()


class History:
    """What was written, and what was read."""

    def __init__(self, owners: str, folder: Path) -> None:
        self._owners = owners
        self._folder = folder
        self._observer = Observer(owners)
        self._reads = 0
        # By file, how much of it was looked at.
        self._places: dict[Path, int] = {}

    def reads(self) -> int:
        """How many reads there were."""
        for path in self._folder.glob("*.log"):
            with path.open("rb") as log:
                log.seek(self._places.get(path, 0))
                new = log.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._places[path] = self._places.get(path, 0) + len(whole)
            for line in whole.splitlines():
                if line.startswith(b'["read"'):
                    self._reads += int(line.split(b", ", 4)[3])
        return self._reads

    def until(self, wanted: int, processes: Processes) -> None:
        """Wait for a number of reads."""
        while self.reads() < wanted:
            processes.replace_dead()
            time.sleep(0.2)

    def close(self) -> None:
        """Look no more which transactions are committed."""
        self._observer.close()

    def wrong(self, forgiven: Sequence[tuple[float, float]] = ()) -> list[str]:
        """Describe the reads that are stale."""
        histories = Histories(self._folder)
        with psycopg.connect(self._owners) as connection:
            checker = Checker(connection, histories, dict(self._observer.observed))
        described = []
        for one in checker.wrong(forgiven):
            near = [
                f"{process} at {time:.3f}"
                for process, time in histories.down
                if abs(time - one.read.start) < GRACE
            ]
            described.append(f"{one}; Redis did not answer {', '.join(near)}")
        return described

    def outcomes(self) -> dict[str, int]:
        """How often each write has succeeded."""
        return dict(Histories(self._folder).outcomes)


@contextmanager
def history(owners: str, folder: Path) -> Iterator[History]:
    found = History(owners, folder)
    try:
        yield found
    finally:
        found.close()


def test_all_cached_reads_and_all_writes_are_made() -> None:
    reads, writes = set[str](), set[str]()
    for module in (agents, documents, tasks, workflows, workspaces):
        for _, one in getmembers(module):
            if isinstance(one, (Statement, Variants)):
                (reads if one.cache else writes if one.changes else set()).add(one.name)
    assert reads == READS.keys()
    assert writes - LEFT_OUT <= WRITES.keys()


def test_no_read_is_stale(
    owners: str, url: str, redis: RedisServer, tmp_path: Path, wanted: int
) -> None:
    with (
        history(owners, tmp_path) as found,
        running(
            tmp_path,
            *(3, WORKER),
            url=url,
            redis=redis.url,
            seed=1,
            writes=0.02,
            deaths=0.003,
            bounds=BOUNDS,
            pause=0.002,
            repeats=200 if wanted > MANY else 20,
        ) as processes,
    ):
        found.until(wanted, processes)
    assert not found.wrong()
    assert found.outcomes()


def test_trouble(
    owners: str, url: str, redis: RedisServer, tmp_path: Path, wanted: int
) -> None:
    """Redis is emptied, killed, restarted and stopped; connections are cut."""
    forgiven: list[tuple[float, float]] = []
    with (
        proxied(url, None) as proxy,
        history(owners, tmp_path) as found,
        running(
            tmp_path,
            *(3, WORKER),
            url=proxy.conninfo,
            redis=redis.url,
            seed=2,
            writes=0.02,
            deaths=0.001,
            bounds=BOUNDS,
            pause=0.002,
        ) as processes,
    ):
        steps = max(4, wanted // 4000)
        for step in range(steps):
            found.until(step * wanted // (2 * steps), processes)
            match step % 4:
                case 0:
                    redis.client.flushall()
                case 1:
                    redis.kill()
                    time.sleep(0.3)
                    redis.start()
                case 2:
                    # Whoever writes now cannot tell before Redis answers again.
                    stopped = time.monotonic()
                    redis.signal(signal.SIGSTOP)
                    time.sleep(1.0)
                    redis.signal(signal.SIGCONT)
                    forgiven.append((stopped, time.monotonic() + GRACE))
                case _:
                    proxy.go_down()
                    proxy.come_up()
        found.until(wanted // 2, processes)
    assert not found.wrong(forgiven)


# What brings each fault to light: a write that invalidates everything hides it.
WORKLOADS: Final[dict[str, dict[str, Any]]] = {
    "table of a read": {
        "reads": ("tasks.get_batch",),
        "calls": ("tasks.bulk_insert", "tasks.update", "tasks.bulk_update"),
    },
    # A foreign key deletes the subtasks.
    "table of a write": {
        "reads": ("tasks.get_subtasks",),
        "calls": ("tasks.bulk_insert", "tasks.delete"),
    },
    "no mark": {
        "reads": ("agents.get", "tasks.get"),
        "calls": ("agents.register", "agents.heartbeat", "tasks.update"),
    },
}


@pytest.mark.parametrize("fault", WORKLOADS)
def test_faults_are_found(  # noqa: PLR0917 -- fixtures
    owners: str,
    url: str,
    redis: RedisServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    fault: str,
) -> None:
    """The checker finds what is wrong with derivation, or with the protocol."""
    # How long it takes to meet one is a matter of chance.
    if not request.config.getoption("--all"):
        pytest.skip("run with --all")
    plan = {"url": url, "redis": redis.url, "seed": 3, "writes": 0.1}
    with (
        history(owners, tmp_path) as found,
        running(
            *(tmp_path, 3, WORKER),
            **{**plan, "fault": fault, "bounds": BOUNDS, **WORKLOADS[fault]},
        ) as processes,
    ):
        end = time.monotonic() + 60
        while not found.wrong():
            assert time.monotonic() < end
            processes.replace_dead()
            time.sleep(2)
