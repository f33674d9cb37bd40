"""import-sqlc: create a codegen.toml from sqlc's configuration, and list next steps."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reposgen.cache.project import open_cache
from reposgen.cli.options import ProjectOptions, read_config
from reposgen.cli.sqlc_source import POSTGRESQL, find_source, read_source
from reposgen.cli.sqlc_target import (
    codegen_toml,
    names_in,
    needed_server,
    servers,
)
from reposgen.cli.terminal import Terminal
from reposgen.diagnostics import ReposgenError, Severity, error, warning
from reposgen.sql_files import sql_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.cli.sqlc_source import Entry, SqlcConfig
    from reposgen.config import Config
    from reposgen.diagnostics import Diagnostic
    from reposgen.project import Project

_TARGET = "codegen.toml"
_NO_SERVER = frozenset(
    {"extension-unavailable", "embedded-missing", "system-missing", "system-version"}
)


@click.command("import-sqlc")
@click.argument(
    "source", type=click.Path(path_type=Path), metavar="[SQLC_YAML]", default="."
)
@click.option(
    "--transpile",
    is_flag=True,
    help="Write PostgreSQL copies of schemas and queries for MySQL and SQLite.",
)
@click.option(
    "--check/--no-check",
    "checks",
    default=True,
    help="Whether to check what `generate` would check.  [default: check]",
)
@click.option(
    "--database",
    "database_url",
    metavar="URL",
    envvar="REPOSGEN_DATABASE_URL",
    show_envvar=True,
    help="The server to check with, in place of database.url.",
)
def import_sqlc(
    *, source: Path, transpile: bool, checks: bool, database_url: str | None
) -> None:
    """Write a codegen.toml beside sqlc's configuration, version 1 or 2.

    Schema, queries, names and renames are taken over; query files stay as they are.
    What belongs to other languages is left out or becomes a comment. Then the queries
    are checked as `generate` checks them, and what is left to do is listed in order.
    Nothing is overwritten.

    \b
    Examples:
      reposgen import-sqlc
      reposgen import-sqlc db/sqlc.yaml && reposgen generate --config db/codegen.toml
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    source = find_source(source)
    target = source.parent / _TARGET
    configuration = read_source(source)
    entries = _entries(configuration, source, transpile=transpile)
    warnings = [*_left_out(configuration, entries, source)]
    _write(target, codegen_toml(configuration, entries, {}), mode="x")
    terminal.say(f"wrote {target}")
    options = ProjectOptions(
        config_path=target, database_url=database_url, output_directory=None
    )
    config, project, found = _checked(terminal, options) if checks else (None, None, ())
    if project:
        known = {
            package.options.name: names_in(package.analysis)
            for package in project.packages
        }
        _write(target, text := codegen_toml(configuration, entries, known), mode="w")
        if "[package.rename]" in text.splitlines():
            config, project, found = _checked(terminal, options)
    errors = [one for one in found if one.severity is Severity.ERROR]
    terminal.diagnostics([*warnings, *errors])
    steps = [*_steps(target, config, found)]
    if any(one.code == "import-engine" for one in warnings):
        steps.append("write the left-out schemas for PostgreSQL: --transpile begins it")
    steps.append(_generate(target))
    if steps[1:]:
        terminal.say("to do:")
        for number, step in enumerate(steps, start=1):
            terminal.say(f"  {number}. {step}")
    else:
        terminal.say(f"next: {steps[0]}")


def _entries(
    configuration: SqlcConfig, source: Path, *, transpile: bool
) -> tuple[Entry, ...]:
    """Return the entries that become packages."""
    entries: list[Entry] = []
    for entry in configuration.entries:
        if entry.engine == POSTGRESQL:
            entries.append(entry)
        elif transpile:
            from reposgen.cli.transpile import transpiled  # noqa: PLC0415 - an extra

            entries.append(transpiled(entry, source.parent))
    if not entries:
        raise ReposgenError(
            [
                error(
                    "import-empty",
                    "it configures nothing for PostgreSQL",
                    path=str(source),
                    hint="--transpile writes PostgreSQL copies of schemas and queries"
                    " for MySQL and SQLite",
                )
            ]
        )
    return tuple(entries)


def _left_out(
    configuration: SqlcConfig, entries: Sequence[Entry], source: Path
) -> Iterator[Diagnostic]:
    if len(entries) < len(configuration.entries):
        for entry in configuration.entries:
            if entry.engine != POSTGRESQL:
                yield warning(
                    "import-engine",
                    f"the queries in {', '.join(entry.queries)} are skipped: their"
                    f" engine is {entry.engine}",
                    path=str(source),
                    hint="--transpile writes PostgreSQL copies of them",
                )
    if needed_server(entries) and servers(entries)[1:]:
        yield warning(
            "import-databases",
            "only one of several databases is imported",
            path=str(source),
        )


def _write(target: Path, text: str, *, mode: str) -> None:
    try:
        with target.open(mode, encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as failed:
        raise ReposgenError(
            [
                error(
                    "import-unwritable",
                    f"cannot be written: {failed.strerror}",
                    path=str(target),
                    hint="import-sqlc overwrites nothing: move the file away",
                )
            ]
        ) from None


def _checked(
    terminal: Terminal, options: ProjectOptions
) -> tuple[Config | None, Project | None, tuple[Diagnostic, ...]]:
    """Run the checks that `generate` makes before it writes."""
    from reposgen import pipeline  # noqa: PLC0415 - takes time to import

    try:
        config = read_config(**options)
    except ReposgenError as mistaken:
        return None, None, mistaken.diagnostics
    with terminal.progress() as progress:
        project = pipeline.analyse(config, (), progress, open_cache(config))
    return config, project, project.diagnostics


def _steps(
    target: Path, config: Config | None, found: Sequence[Diagnostic]
) -> Iterator[str]:
    """Yield the remaining steps, in order."""
    errors = [one for one in found if one.severity is Severity.ERROR]
    queries = _query_files(config) if config else set()
    of_queries = [one for one in errors if one.file in queries]
    others = [one for one in errors if one.file not in queries]
    of_config = [o for o in others if config is None or o.file == target.name]
    of_server = [o for o in others if o.code in _NO_SERVER or not o.file]
    of_schema = [o for o in others if o not in of_config and o not in of_server]
    if of_config:
        yield f"correct {target}: {_counted(of_config)}"
    if of_server:
        yield f"choose a server, as the hints say: {_counted(of_server)}"
    if of_schema:
        yield f"make the schema run: {_counted(of_schema)}"
    if others:
        yield "check the queries: reposgen describe tells of them what generate would"
    if of_queries:
        files = len({one.file for one in of_queries})
        yield f"correct the queries: {_counted(of_queries)} in {_files(files)}"
    codes = Counter(one.code for one in found)
    if several := codes["may-return-many"]:
        yield (
            f"decide about :one: {several} may find several rows and raise TooManyRows;"
            ' one = "first" in [[package]] takes the first row as sqlc does'
        )
    if target.read_text(encoding="utf-8").count("# [package."):
        yield f"read the comments in {target}: types and names chosen for Go"


def _query_files(config: Config) -> set[str]:
    return {
        path.relative_to(config.root).as_posix()
        if path.is_relative_to(config.root)
        else path.as_posix()
        for package in config.packages
        for written in package.queries
        for path in sql_files(config.root, written)
    }


def _counted(errors: Sequence[Diagnostic]) -> str:
    return "1 error" if len(errors) == 1 else f"{len(errors)} errors"


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number} files"


def _generate(target: Path) -> str:
    where = "" if target.parent == Path() else f" --config {target}"
    return f"reposgen generate{where}"
