"""Generated code beside what people would write in its place.

    python -m tests.benchmarks.runtime [--rounds N] [--bulk-rounds N] [--chart FILE]

Every operation is measured for all contenders in one interleaved run; ratios refer to
raw psycopg of the same kind, which gives tuples, unless the table says otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from tests.benchmarks import statements
from tests.benchmarks.bulk import async_bulk, streaming, sync_bulk
from tests.benchmarks.calls import KEY
from tests.benchmarks.calls_async import async_measurements
from tests.benchmarks.calls_sync import sync_measurements
from tests.benchmarks.report import markdown_table, svg_chart
from tests.benchmarks.setting import Setting, setting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.report import Measurement

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def measurements(
    place: Setting, rounds: int, bulk_rounds: int
) -> Iterator[list[Measurement]]:
    """All that is measured, in lists whose contenders are mostly the same."""
    yield sync_measurements(place, rounds)
    for name, factory in LOOPS.items():
        with asyncio.Runner(loop_factory=factory) as runner:
            yield runner.run(async_measurements(place, rounds, name))
    yield sync_bulk(place, bulk_rounds)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner.run(async_bulk(place, bulk_rounds, "uvloop"))


def limit(place: Setting) -> str:
    """What libpq takes for a get by key, where pgbench is at hand."""
    pgbench = shutil.which("pgbench")
    if pgbench is None:
        return "no pgbench on PATH"
    query = statements.GET.replace("?", f"'{KEY}'")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"{query};\n")
        script.flush()
        told = subprocess.run(
            [
                *(pgbench, "--no-vacuum", "--protocol=prepared", "--time=5"),
                *("--file", script.name, place.conninfo),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    [line] = [line for line in told.splitlines() if "latency average" in line]
    return f"pgbench, get by key: {line.strip()}"


def main() -> None:
    """Measure and print; with `--chart`, draw as well."""
    parser = argparse.ArgumentParser(description="Measure generated code.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--bulk-rounds", type=int, default=5)
    parser.add_argument("--chart", type=Path, help="where to write the SVG chart")
    arguments = parser.parse_args()
    with setting() as place:
        # First of all: memory that others have given back would be used again.
        print(streaming(place), flush=True)
        found = []
        for part in measurements(place, arguments.rounds, arguments.bulk_rounds):
            print(markdown_table(part), flush=True)
            found += part
        print(limit(place))
    if arguments.chart:
        arguments.chart.write_text(svg_chart(found))


if __name__ == "__main__":
    main()
