"""A server, a filled database and the generated package that benchmarks run on."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.conninfo import make_conninfo
from tests.benchmarks import statements
from tests.benchmarks.tasks import json_rows, make_tasks, values_of

from reposgen.database import open_server, scratch_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

PROJECT = Path(__file__).parent / "project"
TASKS = 100_000
POINTS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a benchmark measures on.

    Attributes:
        package: the generated asynchronous package.
        sync: the generated synchronous package.
    """

    conninfo: str
    package: Any
    sync: Any


@contextmanager
def setting() -> Iterator[Setting]:
    """Start a server, fill a database, generate and import the package."""
    with (
        open_server("embedded") as server,
        scratch_database(server) as connection,
        tempfile.TemporaryDirectory() as folder,
    ):
        connection.execute((PROJECT / "schema.sql").read_bytes())
        _fill(connection)
        for path in ("codegen.toml", "schema.sql", "queries/tasks.sql"):
            target = Path(folder, path)
            target.parent.mkdir(exist_ok=True)
            target.write_bytes((PROJECT / path).read_bytes())
        subprocess.run(
            [sys.executable, "-m", "reposgen", "generate"], cwd=folder, check=True
        )
        sys.path.insert(0, folder)
        yield Setting(
            conninfo=make_conninfo(server.conninfo, dbname=connection.info.dbname),
            package=importlib.import_module("bench_generated.bench"),
            sync=importlib.import_module("bench_generated.bench.sync"),
        )


def _fill(connection: psycopg.Connection[Any]) -> None:
    with connection.cursor() as cursor:
        with cursor.copy(statements.COPY) as copy:
            for row in json_rows(make_tasks(TASKS)):
                copy.write_row(row)
        cursor.execute(
            "INSERT INTO points SELECT n, n * 0.5, 'point ' || n"
            f" FROM generate_series(1, {POINTS}) AS n"
        )
        cursor.execute("VACUUM ANALYZE")


def as_params(params: type[Any], tasks: list[Any]) -> list[Any]:
    """The tasks as the generated class for a statement's parameters."""
    return [params(*values_of(task)) for task in tasks]
