"""What a stream of a million rows takes: rows a second, the first row, memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from tests.benchmarks import statements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.benchmarks.setting import Packages


def stream_table(conninfo: str, packages: Packages) -> str:
    """A row for each way to read them, one by one."""
    lines = ["| | rows/s | first row | memory |", "| --- | ---: | ---: | ---: |"]
    with (
        packages.sync.Database.open(conninfo) as database,
        psycopg.connect(conninfo, autocommit=True) as connection,
    ):

        def plain() -> Iterable[object]:
            with connection.cursor() as cursor:
                yield from cursor.stream(statements.STREAM, size=1000)

        contenders: dict[str, Callable[[], Iterable[object]]] = {
            "cursor.stream(size=1000)": plain,
            "reposgen": database.tasks.stream_points,
        }
        for call in contenders.values():
            next(iter(call()))
        for name, call in contenders.items():
            lines.append(f"| {name} | {_taken(call)} |")
    return "\n".join(lines) + "\n"


def _taken(call: Callable[[], Iterable[Any]]) -> str:
    before = _peak(reset=True)
    start = time.perf_counter()
    rows = iter(call())
    next(rows)
    first = time.perf_counter() - start
    count = 1 + sum(1 for _ in rows)
    seconds = time.perf_counter() - start
    more = (_peak() - before) / 1024
    return f"{count / seconds:,.0f} | {first * 1000:.1f} ms | {more:.1f} MiB"


def _peak(*, reset: bool = False) -> int:
    """The most memory that the process has had, in KiB."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])
