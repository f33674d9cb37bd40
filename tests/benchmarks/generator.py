"""How long the generator takes, beside sqlc on the same files.

    python -m tests.benchmarks.generator [--queries N]... [--tables N] [--rounds N]

Times are of whole processes, what they start included: medians of the rounds, in each
of which everything runs once. Processor time stands beside the time that went by: it
says more where other programs run as well. sqlc takes part where it is on PATH or
beside Python, or where SQLC names it.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
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

from reposgen import pipeline, schemas
from reposgen.cache.folder import CACHE_VARIABLE
from reposgen.cache.project import open_cache
from reposgen.config import Overrides, load_config
from reposgen.database import open_server, scratch
from reposgen.render import render

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

P = ParamSpec("P")
T = TypeVar("T")

ORDER = "ORDER BY created_at DESC"
COLUMNS = (
    *("cold", "one query changed", "nothing changed", "check"),
    *("edit with --watch", "sqlc generate"),
)
# Of one process with --watch.
EDITS = 7

# What is timed where the time goes; each may hold others, whose time is taken off.
STAGES: tuple[tuple[str, object, str], ...] = (
    ("cache of analyses", pipeline, "analysed_files"),
    ("read the queries", pipeline, "read_query_files"),
    ("read the migrations", pipeline, "read_migrations"),
    ("migrations", scratch, "apply"),
    ("catalog", schemas, "read_catalog"),
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
    taken: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

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
        changed = f"{ORDER}, id"
        old, new = (changed, ORDER) if changed in text else (ORDER, changed)
        path.write_text(text.replace(old, new, 1))

    def run(self, name: str, *command: str) -> None:
        """Run a command; note the seconds that it took, and those of processors."""
        before = processor_seconds()
        start = time.perf_counter()
        subprocess.run(
            command,
            cwd=self.folder,
            env=environment(self.cache),
            check=True,
            capture_output=True,
        )
        went_by = time.perf_counter() - start
        taken = (went_by, processor_seconds() - before)
        self.taken.setdefault(name, []).append(taken)

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

    def watch(self) -> None:
        """Note the seconds from an edit to the written file, with --watch running."""
        reposgen = (sys.executable, "-m", "reposgen")
        (module,) = (self.folder / "generated").rglob("record_0007.py")
        with subprocess.Popen(
            [*reposgen, "generate", "--watch"],
            cwd=self.folder,
            env=environment(self.cache),
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            messages = process.stderr
            assert messages
            for _ in range(1 + EDITS):
                while "watching" not in next(messages):
                    pass
                used = seconds_of(process.pid)
                before = module.stat().st_mtime_ns
                start = time.perf_counter()
                self.change_a_query()
                while not module.exists() or module.stat().st_mtime_ns == before:
                    time.sleep(0.001)
                taken = (time.perf_counter() - start, seconds_of(process.pid) - used)
                self.taken.setdefault("edit with --watch", []).append(taken)
            # The first has nothing of an earlier run.
            del self.taken["edit with --watch"][-1 - EDITS]
            process.send_signal(signal.SIGINT)
        subprocess.run(
            [*reposgen, "db", "stop"],
            cwd=self.folder,
            env=environment(self.cache),
            check=True,
            capture_output=True,
        )

    def run_cold(self) -> None:
        """Run with nothing known, and once again."""
        reposgen = (sys.executable, "-m", "reposgen")
        self.forget()
        self.run("cold", *reposgen, "generate")
        self.run("nothing changed", *reposgen, "generate")

    def median(self, name: str) -> float:
        """The seconds that went by."""
        return statistics.median(went_by for went_by, _ in self.taken[name])

    def medians(self, name: str) -> str:
        """The seconds that went by, and those of processors; empty if not run."""
        taken = self.taken.get(name)
        if not taken:
            return ""
        went_by, worked = (
            statistics.median(several) for several in zip(*taken, strict=True)
        )
        return f"{went_by:.2f} s ({worked:.2f} s)"


def environment(cache: Path) -> dict[str, str]:
    """As users have it: what Python has compiled once is not compiled again."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, CACHE_VARIABLE: str(cache)}


def processor_seconds() -> float:
    """Of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds_of(process: int) -> float:
    """Processor time of a running process; 0 where there is no /proc."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


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


def stages(project: Project, *, cold: bool) -> dict[str, float]:
    """The seconds of each stage of a run in this process, by the stage's name.

    Args:
        project: of which everything is known, or forgotten for a cold run.
        cold: everything is new; else one query is.
    """
    if cold:
        project.forget()
    else:
        project.change_a_query()
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
        cache = open_cache(config)
        analysed = pipeline.analyse(config, (), lambda _: None, cache)
        files = pipeline.output_files(analysed, cache)
        pipeline.deliver(analysed, files, {}, write=True)
    return clock.taken


def table(projects: Sequence[Project]) -> str:
    """A row for each size."""
    lines = [
        f"| queries | {' | '.join(COLUMNS)} |",
        f"| ---: |{' ---: |' * len(COLUMNS)}",
    ]
    for project in projects:
        cells = [project.medians(name) for name in COLUMNS]
        lines.append(f"| {project.queries:,} | {' | '.join(cells)} |")
    return "\n".join(lines)


def stage_table(taken: Mapping[str, Mapping[str, float]]) -> str:
    """A row for each stage, a column for each run."""
    names = list(dict.fromkeys(name for stages in taken.values() for name in stages))
    lines = [
        f"| stage | {' | '.join(taken)} |",
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
    beside = os.pathsep.join([os.environ["PATH"], str(Path(sys.executable).parent)])
    sqlc = shutil.which(os.environ.get("SQLC", "sqlc"), path=beside)
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
            if os.name == "posix":
                project.watch()
        say(table(projects), "")
        say("Where the time goes:", "")
        taken = {
            f"{project.queries:,}, {what}": stages(project, cold=what == "cold")
            for project in projects
            for what in ("cold", "one changed")
        }
        say(stage_table(taken))


def say(*lines: str) -> None:
    """Put lines on stdout."""
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
