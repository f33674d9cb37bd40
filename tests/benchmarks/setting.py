"""A server, a filled database and the generated package that benchmarks run on."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

from psycopg.conninfo import make_conninfo
from tests.benchmarks import statements
from tests.benchmarks.tasks import NARROW, json_rows, make_tasks

from reposgen.database import open_server, scratch_database
from reposgen_runtime import speedups

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

PROJECT: Final = Path(__file__).parent / "project"
TASKS: Final = 100_000
# Of its configuration, the start of the name of the folder.
OUTPUT: Final = 'directory = "bench_generated'


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """What was generated, imported.

    Attributes:
        aio: the asynchronous package.
        sync: the synchronous one.
        compiled: the same with reposgen-speedups; None where those are not installed.
    """

    aio: Any
    sync: Any
    compiled: Packages | None = None


@contextmanager
def generated_packages() -> Iterator[Packages]:
    """Generate the package, and import it.

    Without reposgen-speedups it has a copy of the run time, that does not use them.
    """
    with tempfile.TemporaryDirectory() as folder:
        for path in ("schema.sql", "queries/tasks.sql"):
            target = Path(folder, path)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes((PROJECT / path).read_bytes())
        settings = (PROJECT / "codegen.toml").read_text()
        alone = settings.replace(OUTPUT, f'{OUTPUT}_alone"\nruntime = "vendored')
        for text in (settings, alone):
            Path(folder, "codegen.toml").write_text(text)
            subprocess.run(
                [sys.executable, "-m", "reposgen", "generate"], cwd=folder, check=True
            )
        sys.path.insert(0, folder)
        with patch.dict(os.environ, {speedups.VARIABLE: "no"}):
            pure = _imported("bench_generated_alone")
        compiled = _imported("bench_generated") if speedups.IS_USED else None
        yield replace(pure, compiled=compiled)


def _imported(name: str) -> Packages:
    return Packages(
        aio=importlib.import_module(f"{name}.bench"),
        sync=importlib.import_module(f"{name}.bench.sync"),
    )


@contextmanager
def filled_database() -> Iterator[str]:
    """Start a server and fill a database; gives its connection string."""
    with (
        open_server("embedded") as server,
        scratch_database(server) as connection,
    ):
        connection.execute((PROJECT / "schema.sql").read_bytes())
        _fill(connection)
        yield make_conninfo(server.conninfo, dbname=connection.info.dbname)


@contextmanager
def on_cores(number: int) -> Iterator[str]:
    """Keep this process, and what it starts in the block, to some of the cores.

    On one core client and server take turns: what is measured is the work of both. On
    several the one sleeps while the other works, on a core of its own, and to wake it
    can take longer than all else, above all on a virtual machine.

    Args:
        number: of cores; 0 for all.

    Gives what was done, in words.
    """
    if not number or not hasattr(os, "sched_setaffinity"):
        yield "all cores"
        return
    before = os.sched_getaffinity(0)
    # The first one has the system's interrupts to serve, as a rule.
    chosen = sorted(before)[-number:]
    os.sched_setaffinity(0, chosen)
    try:
        yield "one core" if len(chosen) == 1 else f"{len(chosen)} cores"
    finally:
        os.sched_setaffinity(0, before)


def _fill(connection: psycopg.Connection[Any]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(statements.FILL) as copy:
            for row in json_rows(make_tasks(TASKS)):
                copy.write_row(row)
        cursor.execute(
            "INSERT INTO points SELECT n, n * 0.5, 'point ' || n"
            f" FROM generate_series(1, {NARROW}) AS n"
        )
        cursor.execute("VACUUM ANALYZE")
