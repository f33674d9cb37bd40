"""describe: print the results of the analysis."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Unpack

import click

from reposgen.cli.document import document
from reposgen.cli.options import ProjectOptions, project_options, read_config
from reposgen.cli.report import report
from reposgen.cli.status import Status
from reposgen.cli.terminal import Terminal
from reposgen.locking import observe_all
from reposgen.pipeline import analyse

if TYPE_CHECKING:
    from collections.abc import Sequence


class DescribeFormat(StrEnum):
    """Output format of `describe`."""

    TEXT = "text"
    JSON = "json"


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option(
    "--format",
    "document_format",
    type=click.Choice(DescribeFormat, case_sensitive=False),
    default=DescribeFormat.TEXT,
    show_default=True,
    help="text for people, json for tools.",
)
@project_options
@click.pass_context
def describe(
    context: click.Context,
    *,
    packages: Sequence[str],
    document_format: DescribeFormat,
    **where: Unpack[ProjectOptions],
) -> None:
    """Tell what was found out about every query.

    Parameters and columns with their types, nullability and its proof, how many rows
    can come back, what is read, written and locked. Queries with errors are left out,
    the others are still described; the exit status is then 2.

    \b
    Examples:
      reposgen describe
      reposgen describe --format json app | jq '.packages[].queries[].method'
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    config = read_config(**where)
    with terminal.progress() as progress:
        project = analyse(config, packages, progress, observe=observe_all)
    match document_format:
        case DescribeFormat.JSON:
            found = json.dumps(document(project), ensure_ascii=False, indent=2)
        case DescribeFormat.TEXT:
            found = report(project)
    terminal.write(found)
    terminal.diagnostics(project.diagnostics)
    if project.has_errors:
        context.exit(Status.COULD_NOT_RUN)
