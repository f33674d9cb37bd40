"""How long the same queries take as one package and as many on the same schema.

    python -m tests.benchmarks.packages [--packages N]... [--tables N] [--queries N]
                                        [--rounds N]

Times are of whole processes with nothing cached: medians of the rounds, in each of
which every number of packages runs once.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.generator import Project, say
from tests.benchmarks.synthetic import write_project

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE = """
[[package]]
name = "synthetic_{number}"
schema = "schema.sql"
queries = [{queries}]
api = ["async"]
"""
HEAD = '[output]\ndirectory = "generated"\n'


def split_packages(folder: Path, packages: int) -> None:
    """Spread the query files of a synthetic project over packages."""
    files = sorted((folder / "queries").glob("*.sql"))
    tables = [HEAD]
    for number in range(packages):
        mine = [f'"queries/{file.name}"' for file in files[number::packages]]
        tables.append(PACKAGE.format(number=number, queries=", ".join(mine)))
    (folder / "codegen.toml").write_text("".join(tables))


def main() -> None:
    """Measure, and print what was measured as Markdown."""
    parser = argparse.ArgumentParser(description="Measure many packages.")
    parser.add_argument("--packages", type=int, action="append")
    parser.add_argument("--tables", type=int, default=140)
    parser.add_argument("--queries", type=int, default=1_400)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    numbers: Sequence[int] = options.packages or (1, 20, 70)
    with tempfile.TemporaryDirectory(prefix="reposgen-benchmark-") as name:
        # Run as root, the server works as another user.
        Path(name).chmod(0o755)
        projects = {}
        for number in numbers:
            project = Project(folder=Path(name) / str(number), queries=options.queries)
            write_project(
                project.folder, tables=options.tables, queries=options.queries
            )
            split_packages(project.folder, number)
            projects[number] = project
        for _ in range(options.rounds):
            for project in projects.values():
                project.run_cold()
        say(
            "| packages | cold | nothing changed | as one package |",
            "| ---: " * 4 + "|",
        )
        first = projects[numbers[0]].median("cold")
        for number, project in projects.items():
            ratio = project.median("cold") / first
            cells = [project.medians(what) for what in ("cold", "nothing changed")]
            say(f"| {number} | {' | '.join(cells)} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
