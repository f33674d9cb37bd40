"""cache: what a database needs so that caches hear of all writers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from reposgen.cache_triggers import cache_triggers
from reposgen.cli.options import ProjectOptions, project_options, read_config
from reposgen.cli.status import Status
from reposgen.cli.terminal import Terminal
from reposgen.pipeline import analyse

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.group()
def cache() -> None:
    """Print what a database needs so that caches hear of all writers."""


@cache.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option(
    "--table",
    "tables",
    multiple=True,
    metavar="NAME",
    help="A table that gets triggers; can be repeated.  [default: all that cached"
    " reads depend on]",
)
@project_options
@click.pass_context
def triggers(
    context: click.Context,
    *,
    packages: Sequence[str],
    tables: Sequence[str],
    **where: Unpack[ProjectOptions],
) -> None:
    """Print SQL for triggers that note what any writer changes.

    They append to a table, which applications read that open their Database with
    Cache(…, follow=0.1). Make a migration of the SQL.

    \b
    Examples:
      reposgen cache triggers > migrations/0042_cache.sql
      reposgen cache triggers --table tasks --table billing.invoices app
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    config = read_config(**where)
    with terminal.progress() as progress:
        project = analyse(config, packages, progress)
    terminal.diagnostics(project.diagnostics)
    if project.has_errors:
        context.exit(Status.COULD_NOT_RUN)
    terminal.write(cache_triggers(project.packages, tables))
