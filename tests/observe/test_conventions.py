"""Spans and metrics have the names and units of OpenTelemetry's registry.

`opentelemetry-semantic-conventions` is generated from the registry's own files.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Final

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import db_attributes
from opentelemetry.semconv._incubating.metrics import db_metrics
from opentelemetry.semconv.attributes import (
    code_attributes,
    error_attributes,
    server_attributes,
)
from opentelemetry.semconv.attributes import (
    db_attributes as stable,
)
from tests.observe.seen import PACKAGE, act

from reposgen_runtime import Settings
from reposgen_runtime.errors import RepositoryError
from reposgen_runtime.observe import opentelemetry
from reposgen_runtime.observe.opentelemetry import OpenTelemetryObserver
from reposgen_runtime.sync import Database, Runner

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

# What the conventions do not know, under the project's own name.
OWN: Final = "reposgen."


def names_of(modules: Iterable[ModuleType]) -> frozenset[str]:
    return frozenset(
        value
        for module in modules
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    )


STABLE: Final = names_of((stable, code_attributes, error_attributes, server_attributes))
# Not stable yet, but there.
INCUBATING: Final = names_of((db_attributes,)) - STABLE
USED_INCUBATING: Final = {
    "db.client.connection.pool.name",
    "db.client.connection.state",
    "db.response.returned_rows",
}


def used_by(database: str) -> tuple[set[str], dict[str, tuple[str, set[str]]]]:
    """The attributes of spans; of each metric its unit and its attributes."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    observer = OpenTelemetryObserver(
        tracer_provider=provider, meter_provider=MeterProvider([reader])
    )
    settings = Settings(conninfo=database, observers=[observer])
    with Database(settings, package=PACKAGE) as db:
        run = Runner(db, PACKAGE)
        with db.transaction():
            run.one(act(), ("ok",))
        run.batch_exec(act(), ["ok", "ok"])
        with pytest.raises(RepositoryError):
            run.one(act(), ("violation",))
        data = reader.get_metrics_data()
    metrics = {
        metric.name: (
            metric.unit or "",
            {
                str(name)
                for point in metric.data.data_points
                for name in point.attributes or {}
            },
        )
        for resource in (data.resource_metrics if data else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    spans = exporter.get_finished_spans()
    return {str(name) for span in spans for name in span.attributes or {}}, metrics


def test_the_names_are_those_of_the_registry(observed_database: str) -> None:
    found, metrics = used_by(observed_database)
    found |= {name for _, names in metrics.values() for name in names}
    found = {name for name in found if not name.startswith(OWN)}
    assert found - STABLE <= USED_INCUBATING
    assert found - STABLE <= INCUBATING
    assert {"db.system.name", "db.query.summary", "error.type"} <= found & STABLE


def test_the_metrics_are_those_of_the_registry(observed_database: str) -> None:
    _, metrics = used_by(observed_database)
    known = {
        value: getattr(db_metrics, f"create_{name.lower()}")
        for name, value in vars(db_metrics).items()
        if name.isupper() and isinstance(value, str)
    }
    # All that the observer can make, with the descriptions.
    source = inspect.getsource(opentelemetry)
    made = set(re.findall(r'"(db\.client\.[\w.]+)"', source)) - INCUBATING
    assert "db.client.operation.duration" in made
    for name in made:
        text = inspect.getsource(known[name])
        if name in metrics:
            assert f'unit="{metrics[name][0]}"' in text
    assert set(metrics) >= {
        "db.client.operation.duration",
        "db.client.connection.count",
    }
