"""No read of a cache is stale, whatever happens to processes and to Redis.

Several processes, on asyncio and in threads, read and write counters through a real
Redis and a real PostgreSQL. Afterwards each read is compared with what was acknowledged
before it began. `--all` runs for longer, and looks for each fault.
"""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.coherence.counters import SCHEMA
from tests.coherence.history import Event, read_history, stale_reads
from tests.coherence.processes import running
from tests.support.proxy import proxied
from tests.support.redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

# As documented: what the first level may be behind other processes, with the default
# timeout of half a second; the second level may not be behind at all.
BOUNDS: Final = {"l1": 0.4, "l2": 0.0}
# Seconds for a writer that could not reach Redis to tell it what has changed.
GRACE: Final = 3.0
# What brings each fault to light. As a rule one hot key does. Writers of one row wait
# for each other's COMMIT, so their marks never overlap: to take off another one's mark,
# a writer must change another row of the same table, and the read depend on all of it.
HOT: Final[dict[str, Any]] = {
    "keys": 1,
    "reads": ("key",),
    "writes": 0.2,
    "pause": 0.01,
}
WORKLOADS: Final[dict[str, dict[str, Any]]] = {
    # A write as a whole while a reader has its result in hand.
    "no lease": {**HOT, "pause": 0.001, "read_pause": 0.05},
    "no mark": HOT,
    "one owner": {"keys": 4, "reads": ("all",), "writes": 0.03, "pause": 0.05},
    "before commit": HOT,
    "missing table": {**HOT, "reads": ("join",), "writes": 0.05},
}


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
def url(make_database: Callable[[str], str]) -> str:
    return make_database(SCHEMA)


@pytest.fixture
def wanted(request: pytest.FixtureRequest) -> int:
    """How many reads are made and checked."""
    given = os.environ.get("REPOSGEN_COHERENCE_READS")
    return int(given or (100_000 if request.config.getoption("--all") else 2_000))


def described(folder: Path, forgiven: Sequence[tuple[float, float]] = ()) -> list[str]:
    """What is stale, and when Redis was last away: that has bounds of its own."""
    events = read_history(folder)
    downs = [event for event in events if event.kind == "down"]
    return [
        f"{one.read.what} {one.read.value} < {one.newest} for {one.age:.3f} s,"
        f" process {one.read.process}, bound {one.read.bound}, at {one.read.start:.3f};"
        " Redis did not answer "
        + ", ".join(
            f"{down.process} at {down.start:.3f}"
            for down in downs
            if abs(down.start - one.read.start) < GRACE
        )
        for one in stale_reads(events, forgiven)
    ]


def number_of_reads(folder: Path) -> int:
    return sum(path.read_bytes().count(b"\nr ") for path in folder.glob("*.log"))


def test_no_read_is_stale(
    url: str, redis: RedisServer, tmp_path: Path, wanted: int
) -> None:
    with running(
        tmp_path, 3, url=url, redis=redis.url, seed=1, deaths=0.003, bounds=BOUNDS
    ) as processes:
        while number_of_reads(tmp_path) < wanted:
            processes.replace_dead()
            time.sleep(0.05)
    assert not described(tmp_path)


def test_trouble_with_redis(
    url: str, redis: RedisServer, tmp_path: Path, wanted: int
) -> None:
    """Redis is emptied, killed, restarted and stopped; reads go to the database."""
    forgiven: list[tuple[float, float]] = []
    with running(
        tmp_path, 3, url=url, redis=redis.url, seed=2, bounds=BOUNDS
    ) as processes:
        until = 0
        for step in range(max(3, wanted // 4000)):
            until += wanted // 6
            while number_of_reads(tmp_path) < until:
                processes.replace_dead()
                time.sleep(0.05)
            match step % 3:
                case 0:
                    redis.client.flushall()
                case 1:
                    redis.kill()
                    time.sleep(0.3)
                    redis.start()
                case _:
                    # Whoever writes now cannot tell before Redis answers again.
                    stopped = time.monotonic()
                    redis.signal(signal.SIGSTOP)
                    time.sleep(1.0)
                    redis.signal(signal.SIGCONT)
                    forgiven.append((stopped, time.monotonic() + GRACE))
        until += wanted // 6
        while number_of_reads(tmp_path) < until:
            time.sleep(0.05)
    assert not described(tmp_path, forgiven)


def test_connections_are_cut(
    url: str, redis: RedisServer, tmp_path: Path, wanted: int
) -> None:
    """Those to PostgreSQL, at any moment: what a COMMIT did is often unknown."""
    with (
        proxied(url, None) as proxy,
        running(
            tmp_path, 3, url=proxy.conninfo, redis=redis.url, seed=4, bounds=BOUNDS
        ) as processes,
    ):
        for step in range(1, max(5, wanted // 4000)):
            while number_of_reads(tmp_path) < step * wanted // 10:
                processes.replace_dead()
                time.sleep(0.05)
            proxy.go_down()
            proxy.come_up()
    assert not described(tmp_path)


@pytest.mark.parametrize("fault", WORKLOADS)
def test_faults_are_found(
    url: str,
    redis: RedisServer,
    tmp_path: Path,
    fault: str,
    request: pytest.FixtureRequest,
) -> None:
    """The checker finds what is wrong with a protocol within a minute."""
    # How long it takes to meet one is a matter of chance.
    if not request.config.getoption("--all"):
        pytest.skip("run with --all")
    with running(
        tmp_path,
        4,
        url=url,
        redis=redis.url,
        seed=3,
        fault=fault,
        **WORKLOADS[fault],
        bounds={"l1": 60.0, "l2": 0.0},
        mark_ttl=2.0,
    ) as processes:
        end = time.monotonic() + 60
        found = False
        while not found and time.monotonic() < end:
            time.sleep(0.5)
            processes.replace_dead()
            found = bool(stale_reads(read_history(tmp_path)))
    assert found


def test_the_checker_knows_what_is_stale() -> None:
    def event(kind: str, start: float, value: int, bound: float = 0.0) -> Event:
        return Event(kind, "x", start, start + 0.5, value, "p", bound)

    history = [event("w", 1, 1), event("r", 2, 1), event("w", 3, 2)]
    # It began before the write had returned.
    assert not stale_reads([*history, event("r", 3.4, 1)])
    assert len(stale_reads([*history, event("r", 4, 1)])) == 1
    # What another read has seen is there, whoever has written it.
    assert len(stale_reads([event("r", 1, 7), event("r", 2, 6)])) == 1
    assert not stale_reads([event("r", 1, 7), event("r", 2, 6, bound=1.0)])
    assert not stale_reads([*history, event("r", 4, 1)], [(3.9, 4.1)])
