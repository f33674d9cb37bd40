"""The Grafana dashboard uses metrics that exist, by labels that they have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from tests.observe.seen import PACKAGE, act

from reposgen_runtime import Settings
from reposgen_runtime.observe.prometheus import PrometheusObserver
from reposgen_runtime.sync import Database, Runner

if TYPE_CHECKING:
    from collections.abc import Mapping

DASHBOARD: Final = Path(__file__).parents[2] / "docs/observability/grafana.json"
PAGE: Final = DASHBOARD.with_name("prometheus.md")
METRIC: Final = re.compile(r"\breposgen_\w+")
BY: Final = re.compile(r"by \(([^)]*)\)")


@pytest.fixture(scope="module")
def exposed(observed_database: str) -> Mapping[str, frozenset[str]]:
    """The names of the samples that there can be, and the labels of each."""
    registry = CollectorRegistry()
    observer = PrometheusObserver(registry=registry)
    settings = Settings(conninfo=observed_database, observers=[observer])
    with Database(settings, package=PACKAGE) as db:
        Runner(db, PACKAGE).one(act(), ("ok",))
        families = [*registry.collect()]
    found: dict[str, frozenset[str]] = {}
    labels = {
        metric._name: frozenset(metric._labelnames)  # noqa: SLF001 -- nothing else tells
        for metric in vars(observer).values()
        if isinstance(metric, MetricWrapperBase)
    }
    for family in families:
        known = labels.get(family.name, frozenset[str]())
        for suffix in {
            "histogram": ("_count", "_sum", "_bucket"),
            "summary": ("_count", "_sum"),
            "counter": ("_total",),
            "gauge": ("",),
        }[family.type]:
            seen = {name for sample in family.samples for name in sample.labels}
            more = {"le"} if suffix == "_bucket" else set[str]()
            found[family.name + suffix] = known | seen | more
    return found


def expressions() -> list[str]:
    board: Any = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    queries = [one["query"] for one in board["templating"]["list"]]
    targets = [one["expr"] for panel in board["panels"] for one in panel["targets"]]
    return [*queries, *targets]


def test_the_dashboard(exposed: Mapping[str, frozenset[str]]) -> None:
    used = {name for text in expressions() for name in METRIC.findall(text)}
    assert used - set(exposed) == set()
    # Nothing that can be looked at is left out, whatever part of it is used.
    parts = re.compile("_(count|sum|bucket|total)$")
    families = {parts.sub("", name) for name in exposed}
    unused = families - {parts.sub("", name) for name in used}
    assert unused == {
        *("reposgen_pipelined_calls", "reposgen_breaker_changes"),
        "reposgen_replica_changes",
    }


def test_labels(exposed: Mapping[str, frozenset[str]]) -> None:
    for text in expressions():
        [*names] = METRIC.findall(text)
        for group in BY.findall(text):
            labels = {label.strip() for label in group.split(",")}
            # Of a gauge without a sample, nobody knows them.
            known = [exposed[name] for name in names if exposed[name]]
            assert all(labels <= one for one in known), text


def test_the_page_lists_all(exposed: Mapping[str, frozenset[str]]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    named = {re.sub("_(count|sum|bucket)$", "", name) for name in exposed}
    assert {name for name in named if f"`{name}`" not in text} == set()


def test_sql_is_no_label(exposed: Mapping[str, frozenset[str]]) -> None:
    allowed = {
        *("package", "method", "command", "outcome", "error", "sqlstate", "kind"),
        *("server", "role", "state", "le", "level"),
    }
    assert frozenset[str]().union(*exposed.values()) <= allowed
