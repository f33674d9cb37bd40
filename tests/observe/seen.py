"""What observers saw, and statements that end as a test wants."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from reposgen_runtime import (
    CopyInto,
    Key,
    OrderBy,
    Ordering,
    Package,
    Statement,
    Variants,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Mapping, Sequence

    from opentelemetry.sdk.metrics.export import InMemoryMetricReader
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
        InMemorySpanExporter,
    )
    from opentelemetry.trace import Tracer

    from reposgen_runtime.observe import Observer

# The proxy cuts the connection where the client says it.
CUT: Final = "cut here"
SCHEMA: Final = f"""
CREATE FUNCTION act(how text) RETURNS int4 LANGUAGE plpgsql VOLATILE AS $$
    BEGIN
        CASE how
            WHEN 'ok', '{CUT}' THEN RETURN 1;
            WHEN 'no row' THEN RETURN 0;
            WHEN 'violation' THEN
                INSERT INTO acts (how) VALUES ('');
            WHEN 'timeout' THEN PERFORM pg_sleep(600);
            WHEN 'lost' THEN
                PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(600);
        END CASE;
        RETURN 1;
    END
$$;
CREATE TABLE acts (
    id int8 PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    how text NOT NULL CONSTRAINT acts_how_check CHECK (how <> '')
);
CREATE FUNCTION acting() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM act(NEW.how) WHERE NEW.how <> '';
        RETURN NEW;
    END
$$;
CREATE TRIGGER acting BEFORE INSERT ON acts FOR EACH ROW EXECUTE FUNCTION acting();
"""
PACKAGE: Final = Package("observed")


def shared(timeout: float | None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- of a Statement
    return {
        "parameters": ("text",),
        "arguments": ("how",),
        "writes": ("public.acts",),
        "timeout": timeout,
        **more,
    }


@cache
def act(timeout: float | None = None, **more: Any) -> Statement[int]:  # noqa: ANN401 -- of a Statement
    """Returns one row, or none, or fails."""
    return Statement(
        "acts.act",
        "SELECT found FROM act($1) AS found WHERE found > 0",
        **shared(timeout, results=("int4",), **more),
    )


@cache
def copy(timeout: float | None, *, staged: bool = False) -> Statement[Any]:
    """Inserts what acts."""
    return Statement(
        "acts.copy",
        (
            'INSERT INTO acts (how) SELECT how FROM "pg_temp"."reposgen_rows"'
            " RETURNING id"
            if staged
            else "INSERT INTO acts (how) VALUES ($1)"
        ),
        copy=CopyInto(
            '"pg_temp"."reposgen_rows"' if staged else '"public"."acts"',
            ('"how"',),
            staged=staged,
        ),
        **shared(timeout, results=("int8",) if staged else ()),
    )


@cache
def pages(timeout: float | None) -> Variants[int]:
    return Variants(
        "acts.page",
        (
            "SELECT found AS id FROM act($1) AS found WHERE found > 0",
            OrderBy(" ORDER BY found"),
        ),
        ordering=Ordering((Key("id", 0),), unique=1),
        **shared(timeout, results=("int4",)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What each observer made of calls.

    Attributes:
        observers: of all kinds, for `Database.open`.
        exporter: has the spans.
        reader: has OpenTelemetry's metrics.
        records: what was logged.
        scrape: reads Prometheus's metrics over HTTP.
        tracer: for spans of a test's own.
    """

    observers: Sequence[Observer]
    exporter: InMemorySpanExporter
    reader: InMemoryMetricReader
    records: list[logging.LogRecord]
    scrape: Callable[[], Mapping[tuple[str, ...], float]]
    tracer: Tracer
    _before: dict[tuple[str, ...], float] = field(default_factory=dict)

    def forget(self) -> None:
        """Begin anew."""
        self.exporter.clear()
        self.reader.get_metrics_data()
        self.records.clear()
        self._before.clear()
        self._before.update(self.scrape())

    def spans(self) -> Sequence[ReadableSpan]:
        """Those that have ended, in that order."""
        return self.exporter.get_finished_spans()

    def counted(self) -> Callable[[str], dict[tuple[str, ...], float]]:
        """What was added to Prometheus's metrics.

        Returns:
            A function of a metric's name, which gives what was added by the values of
            labels, in the alphabetical order of their names.
        """
        now = self.scrape()

        def added(name: str) -> dict[tuple[str, ...], float]:
            return {
                key[1:]: value - self._before.get(key, 0.0)
                for key, value in now.items()
                if key[0] == name and value != self._before.get(key, 0.0)
            }

        return added

    def measured(self, *names: str) -> list[list[tuple[dict[str, Any], Any]]]:
        """The points of some of OpenTelemetry's metrics: attributes, and the point.

        To read them is to begin anew, so all that a test wants are read at once.
        """
        data = self.reader.get_metrics_data()
        found: dict[str, list[tuple[dict[str, Any], Any]]] = {
            name: [] for name in names
        }
        for resource in data.resource_metrics if data else ():
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    found.setdefault(metric.name, []).extend(
                        (dict(point.attributes or {}), point)
                        for point in metric.data.data_points
                    )
        return [found[name] for name in names]
