"""vet: print the warnings of all queries."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Unpack, assert_never

import click

from reposgen import __version__
from reposgen.cli.document import diagnostics as diagnostics_document
from reposgen.cli.options import ProjectOptions, project_options, read_config
from reposgen.cli.sarif import sarif
from reposgen.cli.status import Status
from reposgen.cli.terminal import Terminal, github_annotation
from reposgen.diagnostics import Severity, sorted_diagnostics
from reposgen.pipeline import analyse
from reposgen.project import undocumented

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.diagnostics import Diagnostic


class FindingsFormat(StrEnum):
    """How `vet` writes what it found."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option(
    "--format",
    "findings_format",
    type=click.Choice(FindingsFormat, case_sensitive=False),
    default=FindingsFormat.TEXT,
    show_default=True,
    help="github: annotations of a workflow; sarif: for code scanning.",
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
        project = analyse(config, packages, progress)
    notes = [d for d in project.diagnostics if d.severity is Severity.NOTE]
    terminal.diagnostics(notes)
    findings = {*project.diagnostics, *undocumented(project)}.difference(notes)
    found = sorted_diagnostics(findings)
    if text := _written(found, findings_format):
        terminal.write(text)
    if project.has_errors:
        context.exit(Status.COULD_NOT_RUN)
    context.exit(Status.FINDINGS if found else Status.FINE)


def _written(found: Sequence[Diagnostic], findings_format: FindingsFormat) -> str:
    match findings_format:
        case FindingsFormat.TEXT:
            return "\n".join(one.render() for one in found)
        case FindingsFormat.GITHUB:
            return "\n".join(github_annotation(one) for one in found)
        case FindingsFormat.JSON:
            return json.dumps(diagnostics_document(found), ensure_ascii=False, indent=2)
        case FindingsFormat.SARIF:
            return json.dumps(sarif(found, __version__), ensure_ascii=False, indent=2)
        case _:
            assert_never(findings_format)
