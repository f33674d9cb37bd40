"""vet: print the warnings of all queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from reposgen.cli.findings import written
from reposgen.cli.options import ProjectOptions, project_options, read_config
from reposgen.cli.status import Status
from reposgen.cli.terminal import FindingsFormat, Terminal
from reposgen.diagnostics import Severity, sorted_diagnostics
from reposgen.locking import observe_transactions
from reposgen.pipeline import analyse
from reposgen.planning import plan_project
from reposgen.project import undocumented, wide_invalidations

if TYPE_CHECKING:
    from collections.abc import Sequence


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option(
    "--format",
    "findings_format",
    type=click.Choice(FindingsFormat, case_sensitive=False),
    default=FindingsFormat.TEXT,
    show_default=True,
    help="github: annotations of a workflow; sarif: for code scanning; junit: for"
    " test reports.",
)
@project_options
@click.pass_context
def vet(
    context: click.Context,
    *,
    packages: Sequence[str],
    findings_format: FindingsFormat,
    **where: Unpack[ProjectOptions],
) -> None:
    """Tell what is worth a second look: the warnings of all queries.

    Those that `generate` gives too, and queries without a docstring.

    Exit status 1 if there is anything, 2 if there are errors.

    \b
    Examples:
      reposgen vet
      reposgen vet --format sarif > reposgen.sarif
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    config = read_config(**where)
    with terminal.progress() as progress:
        analysed = analyse(config, packages, progress, observe=observe_transactions)
        project = plan_project(analysed, progress)
    notes = [d for d in project.diagnostics if d.severity is Severity.NOTE]
    notes += wide_invalidations(project)
    terminal.diagnostics(notes)
    findings = {*project.diagnostics, *undocumented(project)}.difference(notes)
    found = sorted_diagnostics(findings)
    if text := written(found, findings_format, "vet"):
        terminal.write(text)
    # What a rule about plans calls an error is a finding nevertheless.
    if analysed.has_errors:
        context.exit(Status.COULD_NOT_RUN)
    context.exit(Status.FINDINGS if found else Status.FINE)
