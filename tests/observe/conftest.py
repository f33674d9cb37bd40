"""A database whose statements end as a test wants, and observers that remember."""

from __future__ import annotations

import asyncio
import logging
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.request import urlopen
from uuid import uuid4

import psycopg
import pytest
import uvloop
from opentelemetry.sdk.metrics import Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    InMemoryMetricReader,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.parser import text_string_to_metric_families
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tests.observe.seen import SCHEMA, Seen
from tests.support.proxy import Proxy, proxied

from reposgen_runtime.observe.logging import LoggingObserver
from reposgen_runtime.observe.opentelemetry import OpenTelemetryObserver
from reposgen_runtime.observe.prometheus import PrometheusObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prometheus_client.metrics_core import Metric

HERE: Final = Path(__file__).parent
# Metrics that no test looks at.
UNREAD: Final = re.compile(r"^\w+(_bucket|_created)\b")
# What each test runs on: the event loop and the path.
SAMPLED: Final = frozenset({"asyncio", "uvloop", "libpq", "cursors"})


def pytest_asyncio_loop_factories() -> Mapping[
    str, Callable[[], asyncio.AbstractEventLoop]
]:
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Of each test's loops and paths keep one, unless all are to run."""
    if config.getoption("--all"):
        return
    groups = defaultdict(list)
    for item in items:
        if HERE in item.path.parents and isinstance(item, pytest.Function):
            words = item.callspec.id.split("-") if hasattr(item, "callspec") else []
            rest = [word for word in words if word not in SAMPLED]
            groups[item.path, item.originalname, *rest].append(item)
    left_out = set[pytest.Item]()
    for number, members in enumerate(groups.values()):
        left_out.update(members)
        left_out.discard(members[number % len(members)])
    if left_out:
        config.hook.pytest_deselected(items=[*left_out])
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(params=["libpq", "cursors"])
def use_cursors(request: pytest.FixtureRequest) -> bool:
    """Each test runs on both paths."""
    return bool(request.param == "cursors")


@pytest.fixture(scope="session")
def observed_database(server: str) -> Iterator[str]:
    name = sql.Identifier(f"observed_{uuid4().hex}")
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(name))
        conninfo = make_conninfo(server, dbname=name.as_string().strip('"'))
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(SCHEMA.encode())
        yield conninfo
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def conninfo(observed_database: str) -> str:
    with psycopg.connect(observed_database) as connection:
        connection.execute("TRUNCATE acts")
    return observed_database


@pytest.fixture
def proxy(conninfo: str) -> Iterator[Proxy]:
    with proxied(conninfo, None) as proxy:
        yield proxy


class Current(CollectorRegistry):
    """Serves the metrics of one test after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = CollectorRegistry()

    def collect(self) -> Iterable[Metric]:
        return self.registry.collect()


@pytest.fixture(scope="session")
def scraped() -> Iterator[tuple[Current, str]]:
    """A registry, and the URL where Prometheus would read it."""
    current = Current()
    server, thread = start_http_server(0, "127.0.0.1", current)
    yield current, f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def seen(scraped: tuple[Current, str]) -> Iterator[Seen]:
    """Observers of all kinds, with the real SDKs, and what has come of them."""
    current, url = scraped
    current.registry = CollectorRegistry()
    exporter = InMemorySpanExporter()
    spans = TracerProvider()
    spans.add_span_processor(SimpleSpanProcessor(exporter))
    # Each reading begins anew.
    reader = InMemoryMetricReader({Histogram: AggregationTemporality.DELTA})
    meters = MeterProvider([reader])
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[assignment,method-assign] # a handler is no more
    logger = logging.getLogger(f"tests.observe.{uuid4().hex}")
    logger.propagate = False
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)

    def scrape() -> dict[tuple[str, ...], float]:
        with urlopen(url, timeout=20) as answer:  # noqa: S310 -- our own server
            lines = answer.read().decode().splitlines()
        text = "\n".join(line for line in lines if not UNREAD.search(line)) + "\n"
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): (
                sample.value
            )
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    seen = Seen(
        observers=(
            OpenTelemetryObserver(tracer_provider=spans, meter_provider=meters),
            PrometheusObserver(registry=current.registry),
            LoggingObserver(logger=logger, sample=1.0, slow=3600.0),
        ),
        exporter=exporter,
        reader=reader,
        records=records,
        scrape=scrape,
        tracer=spans.get_tracer("tests"),
    )
    seen.forget()
    yield seen
    spans.shutdown()
    meters.shutdown()
