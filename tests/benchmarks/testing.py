"""How long a test waits for its database and for rows.

    python -m tests.benchmarks.testing [--rounds N]

A clone stands beside the bare CREATE DATABASE … TEMPLATE, which it is to be at most 1.2
times of; in each round both are made, in turn. Rows are made by the core of factories.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from reposgen.database import connect, migrated_database, open_server, read_migrations
from reposgen.database.databases import create_database, drop_database
from reposgen.testing.databases import clone
from reposgen.testing.factories.rows import RowMaker, insert_statement, stage
from reposgen.testing.factories.tables import read_tables
from reposgen.testing.run import Template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.testing.factories.rows import Row

ROOT = Path(__file__).parents[2]
GOAL = 1.2


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    rounds: int = parser.parse_args().rounds
    migrations = read_migrations(("migrations/collaboration",), ROOT)
    with (
        open_server("embedded") as server,
        migrated_database(server, migrations, name="reposgen_benchmark") as name,
        connect(server.conninfo) as admin,
    ):
        template = Template(
            conninfo=server.conninfo,
            name=name,
            prefix="reposgen_benchmark",
            search_path=(),
            copy_files=True,
            package="",
            module="",
            path="",
        )
        bare, clones = [], []
        for _ in range(rounds):
            started = time.perf_counter()
            create_database(admin, "reposgen_bare", template=name, copy_files=True)
            bare.append(time.perf_counter() - started)
            drop_database(admin, "reposgen_bare")
            started = time.perf_counter()
            with clone(admin, template, "main"):
                clones.append(time.perf_counter() - started)
        ratio = statistics.median(clones) / statistics.median(bare)
        print(f"bare CREATE DATABASE … TEMPLATE: {_shown(bare)}")
        print(f"clone: {_shown(clones)}, {ratio:.2f} times; goal: at most {GOAL}")
        with (
            clone(admin, template, "main") as url,
            psycopg.connect(url, autocommit=True) as connection,
        ):
            _rows(connection)


def _rows(connection: psycopg.Connection) -> None:
    tables = read_tables(connection)
    maker = RowMaker(connection, tables, "1")
    task = next(table for table in tables.values() if table.name == "tasks")

    def one(_: Sequence[Row], rows: Sequence[Row]) -> None:
        text = insert_statement(task, connection)
        with psycopg.RawCursor(connection) as cursor:
            values = [rows[0].values[c.name] for c in task.insertable]
            cursor.execute(text.encode(), values)

    def many(_: Sequence[Row], rows: Sequence[Row]) -> None:
        connection.execute(stage(task, connection, rows).encode())

    times = []
    for _ in range(20):
        started = time.perf_counter()
        maker.insert(task, 1, {}, one)
        times.append(time.perf_counter() - started)
    print(f"make.task(): {_shown(times)}")
    started = time.perf_counter()
    maker.insert(task, 1000, {}, many)
    print(f"make.task.many(1000): {(time.perf_counter() - started) * 1000:.0f} ms")


def _shown(times: list[float]) -> str:
    return f"{statistics.median(times) * 1000:.1f} ms"


if __name__ == "__main__":
    main()
