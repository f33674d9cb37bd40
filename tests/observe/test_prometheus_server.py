"""Every panel of the Grafana dashboard shows something of a process under load.

A Prometheus server scrapes this process, and evaluates what the panels ask for.
"""

from __future__ import annotations

import json
import math
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, start_http_server
from tests.observe.seen import PACKAGE, act, copy
from tests.observe.test_dashboard import expressions
from tests.runtime import cached, shop
from tests.runtime.buffers import titles
from tests.support.redis_server import RedisServer

from reposgen_runtime import Settings
from reposgen_runtime.caching import Cache
from reposgen_runtime.errors import CheckFailed, PoolTimeout, SerializationFailure
from reposgen_runtime.observe.prometheus import PrometheusObserver
from reposgen_runtime.sync import Database, Runner
from reposgen_runtime.sync.buffered import BufferedDatabase, BufferedRunner
from reposgen_runtime.sync.cached import cached_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAM: Final = shutil.which("prometheus")
# There is no replica here.
UNUSED: Final = ("reposgen_replica_up", "reposgen_replica_lag_seconds")
SECONDS: Final = 60


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def prometheus(tmp_path: Path, registry: CollectorRegistry) -> Iterator[str]:
    """The URL of a server that scrapes a registry."""
    if PROGRAM is None:
        pytest.skip("prometheus is not installed")
    server, thread = start_http_server(0, "127.0.0.1", registry)
    config = tmp_path / "prometheus.yml"
    config.write_text(
        json.dumps(
            {
                "global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"},
                "scrape_configs": [
                    {
                        "job_name": "app",
                        "static_configs": [
                            {"targets": [f"127.0.0.1:{server.server_port}"]}
                        ],
                    }
                ],
            }
        ),
        encoding="utf-8",
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 -- fixed arguments
            [
                *(PROGRAM, f"--config.file={config}"),
                f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=log,
            stderr=log,
        )
    url = f"http://{address}"
    end = time.monotonic() + SECONDS
    while not is_ready(url):
        assert process.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < end
        time.sleep(0.05)
    yield url
    process.kill()
    process.wait()
    server.shutdown()
    server.server_close()
    thread.join()


def is_ready(url: str) -> bool:
    with suppress(URLError), urlopen(f"{url}/-/ready", timeout=20):  # noqa: S310 -- our own server
        return True
    return False


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def load(
    conninfo: str,
    make_database: Callable[[str], str],
    redis_server: RedisServer,
    registry: CollectorRegistry,
) -> Iterator[Callable[[], None]]:
    """A function that does a bit of everything."""
    observers = [PrometheusObserver(registry=registry)]
    cache = Cache(redis=redis_server.url)
    with ExitStack() as stack:
        db = stack.enter_context(
            Database(
                Settings(
                    conninfo=conninfo,
                    max_size=2,
                    timeout=0.05,
                    open_timeout=20,
                    observers=observers,
                ),
                package=PACKAGE,
            )
        )
        run = Runner(db, PACKAGE)
        buffering = stack.enter_context(
            BufferedDatabase(
                Settings(conninfo=make_database(shop.SCHEMA), observers=observers),
                package=shop.PACKAGE,
            )
        )
        keeping: Any = stack.enter_context(
            cached_class(Database)(
                Settings(
                    conninfo=make_database(cached.SCHEMA),
                    observers=observers,
                    cache=cache,
                ),
                package=cached.PACKAGE,
            )
        )
        kept = Runner(keeping, cached.PACKAGE)
        buffered = BufferedRunner(buffering, shop.PACKAGE)
        statement = titles(2)

        def load() -> None:
            run.one(act(), ("ok",))
            run.copy_from(copy(None), ["ok", "ok"])
            with pytest.raises(CheckFailed):
                run.one(act(), ("violation",))
            with db.transaction():
                run.one(act(), ("ok",))
            with db.connection(), db.connection(), pytest.raises(PoolTimeout):
                run.one(act(), ("ok",))
            with pytest.raises(SerializationFailure):
                db.run(conflict, retries=1)
            buffered.buffer(statement, "a")
            buffering.flush()
            kept.one(cached.GET, (1,))
            kept.one(cached.GET, (1,))
            kept.execrows(cached.RENAME, (1, "other"))

        yield load


def conflict() -> None:
    raise SerializationFailure("as if")


def evaluate(url: str, expression: str) -> list[float]:
    """The values of an expression, as the dashboard sends it."""
    text = expression.replace("$__rate_interval", "10s").replace("$package", ".*")
    query = urlencode({"query": text})
    with urlopen(f"{url}/api/v1/query?{query}", timeout=20) as answer:  # noqa: S310 -- our own server
        result: Any = json.load(answer)
    assert result["status"] == "success", (expression, result)
    return [float(one["value"][1]) for one in result["data"]["result"]]


def test_every_panel(prometheus: str, load: Callable[[], None]) -> None:
    # The first two are of variables, which Grafana alone understands.
    wanted = [
        text for text in expressions()[2:] if not any(one in text for one in UNUSED)
    ]
    assert len(wanted) == len(expressions()) - 2 - len(UNUSED)
    empty, end = wanted, time.monotonic() + SECONDS
    while empty:
        assert time.monotonic() < end, empty
        load()
        empty = [text for text in empty if not is_shown(prometheus, text)]


def is_shown(url: str, expression: str) -> bool:
    return any(not math.isnan(value) for value in evaluate(url, expression))
