"""plans: keep the plans of all queries, to see later which of them changed."""

from __future__ import annotations

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
from reposgen.diagnostics import ReposgenError, error
from reposgen.pipeline import analyse
from reposgen.plan_lock import compare_plans, write_plans
from reposgen.planning import plan_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.cache.project import ProjectCache
    from reposgen.config import Config
    from reposgen.plan_lock import PlanChange
    from reposgen.project import AnalysedPackage


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option("--check", is_flag=True, help="Write nothing; 1 if something would.")
@cache_option
@message_format_option
@project_options
@click.pass_context
def plans(
    context: click.Context,
    *,
    packages: Sequence[str],
    check: bool,
    use_cache: bool,
    message_format: MessageFormat,
    **where: Unpack[ProjectOptions],
) -> None:
    """Write the plan of each query to the folder plans/.

    The packages say how large their tables are: [package.rows] in codegen.toml, or a
    file that `reposgen stats export` wrote. The server plans each query on empty tables
    that look as large. The files hold no costs, so that they change when a plan does.

    \b
    Examples:
      reposgen plans
      reposgen plans billing
      reposgen plans --check
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal(message_format)
    config = read_config(**where)
    cache = open_cache(config) if use_cache else NO_CACHE
    if check:
        changes = changed_plans(terminal, config, packages, cache)
        tell_changes(terminal, changes)
        if changes:
            context.exit(Status.FINDINGS)
        terminal.say("fresh")
        return
    changed = sum(
        write_plans(config, package)
        for package in _planned(terminal, config, packages, cache)
    )
    files = "1 file" if changed == 1 else f"{changed} files"
    terminal.say(f"wrote {files}")


def changed_plans(
    terminal: Terminal, config: Config, packages: Sequence[str], cache: ProjectCache
) -> tuple[PlanChange, ...]:
    """Return where plans are not those that are kept.

    Raises:
        ReposgenError: the project has errors, or keeps no plans.
    """
    planned = _planned(terminal, config, packages, cache)
    with terminal.progress() as progress:
        return tuple(
            change
            for package in planned
            for change in compare_plans(config, package, progress)
        )


def tell_changes(terminal: Terminal, changes: Sequence[PlanChange]) -> None:
    """Print the changes, each with a diff of the plan."""
    for change in changes:
        terminal.diagnostics([change.diagnostic])
        terminal.diff(change.diff.splitlines())


def _planned(
    terminal: Terminal, config: Config, packages: Sequence[str], cache: ProjectCache
) -> list[AnalysedPackage]:
    with terminal.progress() as progress:
        project = analyse(config, packages, progress, cache)
        if project.has_errors:
            raise ReposgenError(project.diagnostics)
        project = plan_project(project, progress)
    planned = [package for package in project.packages if package.plans is not None]
    obstacles = [p.obstacle for p in project.packages if p.obstacle is not None]
    if obstacles:
        raise ReposgenError(obstacles)
    if not planned:
        raise ReposgenError(
            [
                error(
                    "no-sizes",
                    "no package says how large its tables are",
                    path=config.file,
                    hint="add [package.rows] with tasks = 10_000_000, or statistics ="
                    ' "statistics.json" from reposgen stats export',
                )
            ]
        )
    return planned
