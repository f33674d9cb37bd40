"""generate and check: write the package, or check that it is up to date."""

from __future__ import annotations

import os
import time
from contextlib import closing
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from reposgen.cache.project import NO_CACHE, open_cache, user_store
from reposgen.cli.options import (
    ProjectOptions,
    cache_option,
    find_origin,
    message_format_option,
    note_findings_format,
    project_options,
    read_config,
    validated,
)
from reposgen.cli.status import Status
from reposgen.cli.terminal import FORMAT_KEY, FindingsFormat, MessageFormat, Terminal
from reposgen.collector import collector_paused
from reposgen.diagnostics import ReposgenError, Severity
from reposgen.models import dataclass
from reposgen.output.compare import Cause, Comparison
from reposgen.up_to_date import run_inputs, up_to_date_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.cache.store import Store
    from reposgen.config import Config, Origin
    from reposgen.database import OpenServer
    from reposgen.diagnostics import Diagnostic
    from reposgen.plan_lock import PlanChange
    from reposgen.schemas import OpenSchema
    from reposgen.staleness.causes import StaleFile

# Of the diff that `check` prints unless it is asked for all of it.
DIFF_LINES = 200


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option("--check", is_flag=True, help="Write nothing; 1 if something would.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option(
    "--watch", is_flag=True, help="Keep running and regenerate after every change."
)
@cache_option
@message_format_option
@project_options
@click.pass_context
def generate(
    context: click.Context,
    *,
    packages: Sequence[str],
    check: bool,
    diff: bool,
    watch: bool,
    use_cache: bool,
    message_format: MessageFormat,
    **where: Unpack[ProjectOptions],
) -> None:
    """Write the package, or only the PACKAGEs named.

    Unchanged files are not touched, files that are no longer needed are removed;
    everything is written or nothing. With --check or --diff nothing is written.

    \b
    Examples:
      reposgen generate
      reposgen generate billing
      reposgen generate --diff | less
      reposgen generate --watch
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal(message_format)
    if watch and (check or diff):
        raise click.UsageError("--watch writes: it does not go with --check or --diff")
    origin = find_origin(**where)
    if check or diff:
        outcome = _compared(terminal, _Work(origin, packages, _store(use_cache)))
        comparison = outcome.comparison
        stale = _explained(outcome)
        if diff:
            _print_diff(terminal, stale)
        _tell_staleness(terminal, stale)
        if check and not comparison.fresh:
            context.exit(Status.FINDINGS)
        return
    if watch:
        _watch(terminal, origin, packages, use_cache)
    else:
        _generated(terminal, _Work(origin, packages, _store(use_cache)))


@click.command()
@click.option("--diff", is_flag=True, help="Print the whole diff, however long it is.")
@click.option(
    "--format",
    "findings_format",
    type=click.Choice(FindingsFormat, case_sensitive=False),
    default=FindingsFormat.TEXT,
    show_default=True,
    callback=note_findings_format,
    help="github: annotations of a workflow; sarif: for code scanning; junit: for"
    " test reports.",
)
@click.option(
    "--plans",
    is_flag=True,
    help="Also tell which plans are not those that `reposgen plans` wrote.",
)
@cache_option
@project_options
@click.pass_context
def check(
    context: click.Context,
    *,
    diff: bool,
    plans: bool,
    findings_format: FindingsFormat,
    use_cache: bool,
    **where: Unpack[ProjectOptions],
) -> None:
    """Tell whether the output is what `generate` would write.

    Each stale file is named with the cause: the query file, the migration, the key of
    the configuration or the version that changed, an edit by hand, or a merge. The
    causes are found in git; without it, the message says only that a file is stale.
    The first lines of the diff follow, all of them with --diff.

    With --plans, each query whose plan changed is named with the cause: the migration,
    the version of the server, or the sizes of tables.

    Exit status 0: fresh. 1: stale. 2: an error kept reposgen from telling.

    \b
    Examples:
      reposgen check
      reposgen check --diff
      reposgen check --plans
      reposgen check --format github
      reposgen check --format junit > reposgen.xml
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal(context.meta[FORMAT_KEY])
    store = _store(use_cache)
    stale = _explained(_compared(terminal, _Work(find_origin(**where), (), store)))
    changes: Sequence[PlanChange] = ()
    if plans:
        from reposgen.cli.plans import changed_plans  # noqa: PLC0415 - as below

        config = read_config(**where)
        changes = changed_plans(terminal, config, (), open_cache(config, store))
    if findings_format is not FindingsFormat.TEXT:
        from reposgen.cli.findings import written  # noqa: PLC0415 - slow to import

        found = [*(one.diagnostic for one in stale)]
        found += (change.diagnostic for change in changes)
        terminal.write(written(found, findings_format, "check"))
    elif stale:
        _print_diff(terminal, stale, limit=None if diff else DIFF_LINES)
    _tell_staleness(terminal, stale)
    if changes and findings_format is FindingsFormat.TEXT:
        from reposgen.cli.plans import tell_changes  # noqa: PLC0415 - as above

        tell_changes(terminal, changes)
    if stale or changes:
        context.exit(Status.FINDINGS)
    terminal.say("fresh")


class _Databases(TypedDict, total=False):
    """What a run asks, if not a server and databases of its own."""

    serve: OpenServer
    schemas: OpenSchema


@dataclass(frozen=True, slots=True)
class _Work:
    """What a run is asked to do.

    Attributes:
        packages: names of packages; empty for all.
        store: what runs leave for the next one.
        config: the valid configuration; None to validate it if it is needed.
    """

    origin: Origin
    packages: Sequence[str]
    store: Store
    config: Config | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """Result of a run.

    Attributes:
        files: number of files in the output, including the manifest.
        config: the configuration; None if an earlier run's result is still right.
    """

    comparison: Comparison
    diagnostics: tuple[Diagnostic, ...]
    files: int
    config: Config | None


def _watch(
    terminal: Terminal, origin: Origin, packages: Sequence[str], use_cache: bool
) -> None:
    """Write the package after every change, with the same databases and values."""
    # Few runs need them, and they take their time to be imported.
    from reposgen.cli.watch import watch_project  # noqa: PLC0415 - as said
    from reposgen.database.signals import termination_raised  # noqa: PLC0415 - as said
    from reposgen.development.server import (  # noqa: PLC0415 - as said
        open_development_server,
    )
    from reposgen.schemas import KeptSchemas  # noqa: PLC0415 - as said

    schemas = KeptSchemas()
    store = user_store(held={}) if use_cache else NO_CACHE.store

    def run(config: Config) -> None:
        _generated(
            terminal,
            _Work(origin, packages, store, config),
            serve=lambda _, progress, __: open_development_server(config, progress),
            schemas=schemas.open,
        )
        schemas.drop_unused()

    with termination_raised(), closing(schemas):
        watch_project(terminal, lambda: validated(origin), run)


def _generated(
    terminal: Terminal, work: _Work, **databases: Unpack[_Databases]
) -> None:
    start = time.perf_counter()
    outcome = _run(terminal, work, write=True, **databases)
    terminal.diagnostics([*outcome.diagnostics, *outcome.comparison.diagnostics])
    changes = outcome.comparison.changes
    removed = sum(change.cause is Cause.STALE for change in changes)
    written = len(changes) - removed
    files = "1 file" if written == 1 else f"{written} files"
    summary = f"wrote {files}, {outcome.files - written} unchanged"
    if removed:
        summary += f", removed {removed}"
    terminal.say(f"{summary} in {time.perf_counter() - start:.1f} s")


def _compared(terminal: Terminal, work: _Work) -> _Outcome:
    outcome = _run(terminal, work, write=False)
    found = (*outcome.diagnostics, *outcome.comparison.diagnostics)
    if any(one.severity is Severity.ERROR for one in found):
        raise ReposgenError(found)
    terminal.diagnostics(found)
    return outcome


def _store(use_cache: bool) -> Store:
    return user_store() if use_cache else NO_CACHE.store


@collector_paused()
def _run(
    terminal: Terminal, work: _Work, *, write: bool, **databases: Unpack[_Databases]
) -> _Outcome:
    if last := up_to_date_run(work.origin, work.packages, os.environ, work.store):
        return _Outcome(
            comparison=Comparison(changes=(), foreign=()),
            diagnostics=last.diagnostics,
            files=last.files,
            config=work.config,
        )
    config = work.config or validated(work.origin)
    cache = open_cache(config, work.store)
    way = run_inputs(config, work.packages, cache)
    from reposgen.database import open_server  # noqa: PLC0415 - takes time to import
    from reposgen.database.early import opened_early  # noqa: PLC0415 - as above

    serve = databases.get("serve", open_server)
    url, place = config.database.url, config.url_origin
    with (
        terminal.progress() as progress,
        opened_early(serve, url, progress, place) as databases["serve"],
    ):
        # The server starts meanwhile.
        from reposgen import pipeline  # noqa: PLC0415 - as above

        project = pipeline.analyse(config, work.packages, progress, cache, **databases)
        progress("writing code")
        files = pipeline.output_files(project, cache)
        comparison = pipeline.deliver(project, files, way.written, write)
    if write or comparison.fresh:
        way.note_files()
        # The user's modules may change without anything else.
        if not project.looks_at_classes:
            way.note(work.origin, project.diagnostics)
    return _Outcome(
        comparison=comparison,
        diagnostics=project.diagnostics,
        files=len(files) + 1,  # the manifest
        config=config,
    )


def _explained(outcome: _Outcome) -> tuple[StaleFile, ...]:
    if outcome.config is None or not outcome.comparison.changes:
        return ()
    # Most projects are fresh, and need neither.
    from reposgen.project import versions  # noqa: PLC0415 - as said
    from reposgen.staleness.causes import explain  # noqa: PLC0415 - as said

    return explain(outcome.config, outcome.comparison, versions())


def _print_diff(
    terminal: Terminal, stale: Sequence[StaleFile], limit: int | None = None
) -> None:
    lines = [line for one in stale for line in one.diff.split("\n")]
    terminal.diff(lines[:limit])
    if limit is not None and len(lines) > limit:
        more = len(lines) - limit
        terminal.say(f"{more} more lines of the diff: reposgen check --diff")


def _tell_staleness(terminal: Terminal, stale: Sequence[StaleFile]) -> None:
    for one in stale:
        terminal.say(f"{one.path}: {one.message}")
    if stale:
        terminal.say("stale; to write the files: reposgen generate")
