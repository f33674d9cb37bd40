"""How long the generator takes, beside sqlc on the same files.

    python -m tests.benchmarks.generator [--queries N]... [--tables N] [--rounds N]

Times are of whole processes: medians of the rounds, in each of which everything runs
once. sqlc takes part where it is on PATH, or where SQLC names it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar
from unittest.mock import patch

from tests.benchmarks.synthetic import write_project

from reposgen import pipeline
from reposgen.cache.folder import CACHE_VARIABLE
from reposgen.config import Overrides, load_config
from reposgen.database import open_server, scratch
from reposgen.render import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

P = ParamSpec("P")
T = TypeVar("T")

ORDER = "ORDER BY created_at DESC"
COLUMNS = ("cold", "one query changed", "nothing changed", "check", "sqlc generate")

# What is timed where the time goes; each may hold others, whose time is taken off.
STAGES: tuple[tuple[str, object, str], ...] = (
    ("read the queries", pipeline, "read_query_files"),
    ("read the migrations", pipeline, "read_migrations"),
    ("migrations", scratch, "apply"),
    ("catalog", pipeline, "read_catalog"),
    ("describe", pipeline, "describe"),
    ("trees, proofs, names", pipeline, "judge_queries"),
    ("model of the code", pipeline, "build_package"),
    ("render", pipeline, "render_output"),
    ("black", render, "format_pieces"),
    ("write", pipeline, "replace_files"),
)


@dataclass
class Project:
    """A synthetic project with a cache folder of its own."""

    folder: Path
    queries: int
    taken: dict[str, list[float]] = field(default_factory=dict)

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def forget(self) -> None:
        """Be as if nothing had ever run here."""
        shutil.rmtree(self.cache, ignore_errors=True)
        shutil.rmtree(self.folder / "generated", ignore_errors=True)

    def change_a_query(self) -> None:
        """Give one query another text."""
        path = self.folder / "queries" / "record_0007.sql"
        text = path.read_text()
        path.write_text(text.replace(ORDER, f"{ORDER}, id", 1))

    def run(self, name: str, *command: str) -> None:
        """Run a command and note the time that it took."""
        start = time.perf_counter()
        subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, CACHE_VARIABLE: str(self.cache)},
            check=True,
            capture_output=True,
        )
        self.taken.setdefault(name, []).append(time.perf_counter() - start)

    def round(self, sqlc: str | None) -> None:
        """Run everything once."""
        reposgen = (sys.executable, "-m", "reposgen")
        self.forget()
        self.run("cold", *reposgen, "generate")
        self.change_a_query()
        self.run("one query changed", *reposgen, "generate")
        self.run("nothing changed", *reposgen, "generate")
        self.run("check", *reposgen, "check")
        if sqlc:
            shutil.rmtree(self.folder / "db", ignore_errors=True)
            self.run("sqlc generate", sqlc, "generate")

    def median(self, name: str) -> float | None:
        taken = self.taken.get(name)
        return statistics.median(taken) if taken else None


@dataclass
class Clock:
    """The seconds that each stage took, without the stages inside it."""

    taken: dict[str, float] = field(default_factory=dict)
    inner: list[float] = field(default_factory=lambda: [0.0])

    def timed(self, name: str, call: Callable[P, T]) -> Callable[P, T]:
        """The same function with the time that it takes noted."""

        def wrapped(*args: P.args, **options: P.kwargs) -> T:
            self.inner.append(0.0)
            start = time.perf_counter()
            try:
                return call(*args, **options)
            finally:
                seconds = time.perf_counter() - start
                own = seconds - self.inner.pop()
                self.taken[name] = self.taken.get(name, 0.0) + own
                self.inner[-1] += seconds

        return wrapped


def stages(project: Project) -> dict[str, float]:
    """The seconds of each stage of a cold run in this process, by the stage's name."""
    project.forget()
    clock = Clock()
    config = load_config(
        project.folder / "codegen.toml", environ={}, overrides=Overrides()
    )
    with ExitStack() as stack:
        stack.enter_context(
            patch.dict(os.environ, {CACHE_VARIABLE: f"{project.cache}"})
        )
        start = time.perf_counter()
        with open_server("embedded"):
            clock.taken["make a server"] = time.perf_counter() - start
        start = time.perf_counter()
        with open_server("embedded"):
            clock.taken["start it"] = time.perf_counter() - start
        for name, module, attribute in STAGES:
            call = clock.timed(name, getattr(module, attribute))
            stack.enter_context(patch.object(module, attribute, call))
        analysed = pipeline.analyse(config, (), lambda _: None)
        pipeline.deliver(analysed, pipeline.output_files(analysed), write=True)
    return clock.taken


def table(projects: Sequence[Project]) -> str:
    """A row for each size, in seconds."""
    lines = [
        f"| queries | {' | '.join(COLUMNS)} |",
        f"| ---: |{' ---: |' * len(COLUMNS)}",
    ]
    for project in projects:
        medians = [project.median(name) for name in COLUMNS]
        cells = ["" if m is None else f"{m:.2f} s" for m in medians]
        lines.append(f"| {project.queries:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def stage_table(taken: Mapping[int, Mapping[str, float]]) -> str:
    """A row for each stage of a cold run, a column for each size."""
    names = list(dict.fromkeys(name for stages in taken.values() for name in stages))
    lines = [
        f"| stage | {' | '.join(f'{queries:,}' for queries in taken)} |",
        f"| --- |{' ---: |' * len(taken)}",
    ]
    for name in names:
        cells = [f"{stages.get(name, 0.0):.2f} s" for stages in taken.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print what was measured as Markdown."""
    parser = argparse.ArgumentParser(description="Measure the generator.")
    parser.add_argument("--queries", type=int, action="append")
    parser.add_argument("--tables", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sqlc = shutil.which(os.environ.get("SQLC", "sqlc"))
    with tempfile.TemporaryDirectory(prefix="reposgen-benchmark-") as name:
        # Run as root, the server works as another user.
        Path(name).chmod(0o755)
        projects = []
        for queries in options.queries or (1_000, 10_000):
            project = Project(folder=Path(name) / str(queries), queries=queries)
            write_project(project.folder, tables=options.tables, queries=queries)
            projects.append(project)
            for _ in range(options.rounds):
                project.round(sqlc)
        say(table(projects), "")
        say("Where the time of a cold run goes:", "")
        say(stage_table({project.queries: stages(project) for project in projects}))


def say(*lines: str) -> None:
    """Put lines on stdout."""
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
