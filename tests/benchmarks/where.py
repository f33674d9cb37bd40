"""Where the time of a call and of a run of the generator goes.

    python -m tests.benchmarks.where [--rounds N] [--queries N] [--tables N]

A call is timed with ever more around it: libpq alone, the session, a repository on one
connection, the Database. What a layer takes is what it adds. Medians of interleaved
rounds, on one core; what another program takes meanwhile is in them. `--queries 0` and
`--rounds 0` leave one of both out.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import psycopg
from tests.benchmarks.generator import Project, say, stages
from tests.benchmarks.operations import KEY
from tests.benchmarks.setting import filled_database, generated_packages, on_cores
from tests.benchmarks.synthetic import write_project
from tests.benchmarks.tasks import TENANT

from reposgen_runtime import speedups
from reposgen_runtime.codec import read_rows
from reposgen_runtime.connection_state import state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.benchmarks.setting import Packages

    from reposgen_runtime.codec import Codec

# Of each: the method, its arguments, how many calls are timed together.
CALLS: Final[Mapping[str, tuple[str, dict[str, Any], int]]] = {
    "get by key": ("get_task", {"id": KEY}, 200),
    "list 100": ("list_tasks", {"tenant_id": TENANT, "row_limit": 100}, 20),
    "list 10,000": ("list_tasks", {"tenant_id": TENANT, "row_limit": 10_000}, 1),
}


def layers(
    connection: psycopg.Connection[Any],
    held: Any,
    database: Any,
    method: str,
    arguments: Mapping[str, Any],
) -> dict[str, Callable[[], object]]:
    """What is timed, from the inside to the outside."""
    getattr(held, method)(**arguments)
    getattr(database.tasks, method)(**arguments)
    (session,) = state_of(connection).sessions.values()
    codec: Codec[Any] = next(
        codec
        for statement, codec in session._codecs.items()  # noqa: SLF001 -- what is measured
        if statement.name.endswith(method)
    )
    values = tuple(arguments.values())
    encoded = codec.encode(values)
    pgconn = connection.pgconn

    def run() -> Any:
        return pgconn.exec_prepared(
            codec.name,
            cast("Any", encoded),
            codec.parameter_formats,
            codec.result_format,
        )

    result = run()
    return {
        "server, socket and libpq": run,
        "arguments to bytes": lambda: codec.encode(values),
        "results to rows": lambda: codec.rows(result),
        "session": lambda: session.run(codec.statement, values, read_rows),
        "repository": lambda: getattr(held, method)(**arguments),
        "database": lambda: getattr(database.tasks, method)(**arguments),
    }


def timed(
    calls: Mapping[str, Callable[[], object]], rounds: int, times: int
) -> dict[str, float]:
    """Median seconds of a call of each."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            for _ in range(times):
                call()
            taken[name].append((time.perf_counter() - start) / times)
    return {name: statistics.median(several) for name, several in taken.items()}


def parts(taken: Mapping[str, float]) -> dict[str, float]:
    # psycopg says that no parameter is NULL, and takes those that are.
    inside = ("server, socket and libpq", "arguments to bytes", "results to rows")
    found = {name: taken[name] for name in inside}
    found["sending and waiting, in Python"] = taken["session"] - sum(found.values())
    found["repository, scope and statement"] = taken["repository"] - taken["session"]
    found["connection from the Database"] = taken["database"] - taken["repository"]
    return found


def shares(title: str, unit: str, factor: float, found: Mapping[str, float]) -> None:
    """Print a table of parts, the largest first."""
    total = sum(found.values())
    say(f"{title}: {total * factor:,.1f} {unit}", "")
    say("| part | time | share |", "| --- | ---: | ---: |")
    for name, seconds in sorted(found.items(), key=lambda part: -part[1]):
        say(f"| {name} | {seconds * factor:,.1f} {unit} | {seconds / total:.0%} |")
    say("")


def calls(packages: Packages, conninfo: str, rounds: int) -> None:
    """Print the parts of each call."""
    package = packages.sync
    with (
        package.Database.open(conninfo) as database,
        psycopg.connect(
            conninfo, autocommit=True, prepare_threshold=None
        ) as connection,
    ):
        held = package.TaskRepository(connection)
        for title, (method, arguments, times) in CALLS.items():
            several = layers(connection, held, database, method, arguments)
            found = parts(timed(several, rounds, times))
            shares(title, "us", 1e6, found)


def generator(queries: int, tables: int) -> None:
    """Print the parts of a run, of which everything is new, and then one query."""
    with tempfile.TemporaryDirectory(prefix="reposgen-benchmark-") as name:
        # Run as root, the server works as another user.
        Path(name).chmod(0o755)
        project = Project(folder=Path(name) / "project", queries=queries)
        write_project(project.folder, tables=tables, queries=queries)
        for title, cold in (("a cold run", True), ("one query changed", False)):
            shares(
                f"{title} of {queries:,} queries", "s", 1.0, stages(project, cold=cold)
            )


def main(given: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Show where the time goes.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--tables", type=int, default=200)
    options = parser.parse_args(given)
    if options.rounds:
        say(f"reposgen-speedups: {speedups.STATE}", "")
        with (
            generated_packages() as packages,
            on_cores(1),
            filled_database() as conninfo,
        ):
            calls(packages, conninfo, options.rounds)
    if options.queries:
        generator(options.queries, options.tables)


if __name__ == "__main__":
    main()
