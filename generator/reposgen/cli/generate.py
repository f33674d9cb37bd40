"""generate and check: write the package, or tell whether it is what it would be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Unpack

import click

from reposgen.cache.project import NO_CACHE, open_cache
from reposgen.cli.options import (
    ProjectOptions,
    cache_option,
    message_format_option,
    project_options,
    read_config,
)
from reposgen.cli.status import Status
from reposgen.cli.terminal import MessageFormat, Terminal
from reposgen.collector import collector_paused
from reposgen.diagnostics import ReposgenError, Severity
from reposgen.models import dataclass
from reposgen.output.compare import Cause, Comparison
from reposgen.shortcut import shortcut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.cache.project import ProjectCache
    from reposgen.config import Config
    from reposgen.diagnostics import Diagnostic


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option("--check", is_flag=True, help="Write nothing; 1 if something would.")
@click.option("--diff", is_flag=True, help="Write nothing; print what would change.")
@click.option("--watch", is_flag=True, help="Go on, again after every change.")
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
    if check or diff:
        config = read_config(**where)
        comparison = _compared(terminal, config, packages, _cache(config, use_cache))
        if diff:
            _print_diff(terminal, comparison)
        _tell_staleness(terminal, comparison)
        if check and not comparison.fresh:
            context.exit(Status.FINDINGS)
        return
    if watch:
        # Few runs need it, and it takes its time to be imported.
        from reposgen.cli.watching import watch_project  # noqa: PLC0415 - as said

        watch_project(
            terminal,
            lambda: read_config(**where),
            lambda config: _generated(
                terminal, config, packages, _cache(config, use_cache)
            ),
        )
    else:
        config = read_config(**where)
        _generated(terminal, config, packages, _cache(config, use_cache))


@click.command()
@cache_option
@message_format_option
@project_options
@click.pass_context
def check(
    context: click.Context,
    *,
    use_cache: bool,
    message_format: MessageFormat,
    **where: Unpack[ProjectOptions],
) -> None:
    """Tell whether the output is what `generate` would write.

    Exit status 0: fresh. 1: stale, with a diff on stdout and the cause for each file.
    2: it could not be told.

    \b
    Examples:
      reposgen check
      reposgen check --format github
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal(message_format)
    config = read_config(**where)
    comparison = _compared(terminal, config, (), _cache(config, use_cache))
    if not comparison.fresh:
        _print_diff(terminal, comparison)
        _tell_staleness(terminal, comparison)
        context.exit(Status.FINDINGS)
    terminal.say("fresh")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """What a run came to.

    Attributes:
        files: how many the output has, the manifest included.
    """

    comparison: Comparison
    diagnostics: tuple[Diagnostic, ...]
    files: int


def _generated(
    terminal: Terminal, config: Config, packages: Sequence[str], cache: ProjectCache
) -> None:
    start = time.perf_counter()
    outcome = _run(terminal, config, packages, cache, write=True)
    terminal.diagnostics([*outcome.diagnostics, *outcome.comparison.diagnostics])
    changes = outcome.comparison.changes
    removed = sum(change.cause is Cause.STALE for change in changes)
    written = len(changes) - removed
    files = "1 file" if written == 1 else f"{written} files"
    summary = f"wrote {files}, {outcome.files - written} unchanged"
    if removed:
        summary += f", removed {removed}"
    terminal.say(f"{summary} in {time.perf_counter() - start:.1f} s")


def _compared(
    terminal: Terminal, config: Config, packages: Sequence[str], cache: ProjectCache
) -> Comparison:
    outcome = _run(terminal, config, packages, cache, write=False)
    found = (*outcome.diagnostics, *outcome.comparison.diagnostics)
    if any(one.severity is Severity.ERROR for one in found):
        raise ReposgenError(found)
    terminal.diagnostics(found)
    return outcome.comparison


def _cache(config: Config, use_cache: bool) -> ProjectCache:
    return open_cache(config) if use_cache else NO_CACHE


@collector_paused()
def _run(
    terminal: Terminal,
    config: Config,
    packages: Sequence[str],
    cache: ProjectCache,
    *,
    write: bool,
) -> _Outcome:
    way = shortcut(config, packages, cache)
    if last := way.repetition():
        return _Outcome(
            comparison=Comparison(changes=(), foreign=()),
            diagnostics=last.diagnostics,
            files=last.files,
        )
    # It takes longer to be imported than all of the above.
    from reposgen import pipeline  # noqa: PLC0415 - as said

    with terminal.progress() as progress:
        project = pipeline.analyse(config, packages, progress, cache)
        progress("writing code")
        files = pipeline.output_files(project, cache)
        comparison = pipeline.deliver(project, files, way.written, write)
    if write or comparison.fresh:
        way.note_files()
        # The user's modules may change without anything else.
        if not project.looks_at_classes:
            way.note(project.diagnostics)
    return _Outcome(
        comparison=comparison,
        diagnostics=project.diagnostics,
        files=len(files) + 1,  # the manifest
    )


def _print_diff(terminal: Terminal, comparison: Comparison) -> None:
    for change in comparison.changes:
        terminal.write(change.diff)


def _tell_staleness(terminal: Terminal, comparison: Comparison) -> None:
    for change in comparison.changes:
        terminal.say(f"{change.path}: {change.cause}")
    if comparison.changes:
        terminal.say("stale; mend it: reposgen generate")
